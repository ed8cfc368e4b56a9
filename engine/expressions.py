"""`${{ }}` in a text becomes its value; `{{ }}` and `<% %>` are left alone.

Trees of nodes are walked over plain values, within bounds on the work and on every text.
"""

import re
from collections import ChainMap
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from graphlib import CycleError, TopologicalSorter

from engine.language import functions, values
from engine.language.functions import TEXT_CHARACTERS_MAX
from engine.language.names import CONTEXTS, injection, outside, uses
from engine.language.syntax import (
    UNDEFINED,
    Binary,
    Call,
    Choice,
    InvalidExpression,
    Items,
    Literal,
    Member,
    Name,
    Node,
    Not,
    expressions,
    parse,
    shown,
)
from engine.language.values import Scalar
from engine.refusal import Refusal

WORK_MAX = 1024 * 1024  # nodes visited and characters handled for one text

_NOT_GIVEN = re.compile("[\0\ud800-\udfff]")  # characters that no command can be given

__all__ = ["InvalidExpression", "Scope", "TextTooLong", "evaluate", "resolve_env", "substitute"]

Warn = Callable[[str], None]


@dataclass(eq=False)
class TextTooLong(Refusal):
    """With the values of its names the text is longer than {characters_max} characters."""

    characters_max: int = TEXT_CHARACTERS_MAX


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """What names and functions mean where a text stands.

    *contexts* hold values by name: None, truth, numbers, texts, lists, and mappings of them. The
    name of no context is looked up in the context `inputs`. *functions* are those beyond the
    language's own, such as hashFile and success. *outside* are variables of `env` that whoever
    started the task has set.
    """

    contexts: Mapping[str, object] = field(default_factory=dict)
    functions: Mapping[str, Callable[..., object]] = field(default_factory=dict)
    outside: frozenset[str] = frozenset()


def evaluate(source: str, scope: Scope, warn: Warn) -> object:
    """Return the value of one expression, written without braces.

    *warn* is called where a name without a value becomes empty text. Raises InvalidExpression.
    """
    return _Evaluation(source, scope, warn, WORK_MAX).value(parse(source))


def substitute(text: str, scope: Scope, warn: Warn, *, shell_text: bool = False) -> str:
    """Replace every `${{ }}` in *text* by its value.

    A name without a value becomes empty text and *warn* is called. Values are taken as they are:
    what looks like an expression in them stays. With *shell_text* a value from outside is
    refused, NUL and halves of characters are in any case. Raises InvalidExpression, and
    TextTooLong beyond 128 Ki characters.
    """
    parts: list[str] = []
    size = at = 0
    work = WORK_MAX
    for found in expressions(text):
        if found.node is None:
            raise InvalidExpression(found.source, found.problem)
        if shell_text:
            inputs = scope.contexts.get("inputs")
            unknown = inputs.__contains__ if isinstance(inputs, Mapping) else _nothing
            if use := outside(found.node, scope.outside, unknown):
                raise InvalidExpression(found.source, injection(found, use))
        evaluation = _Evaluation(found.source, scope, warn, work)
        value = _whole(evaluation.text(evaluation.value(found.node)))
        if _NOT_GIVEN.search(value):
            reason = "holds a character that no command can be given"
            raise InvalidExpression(found.source, reason)
        work = evaluation.work
        parts += (text[at : found.start], value)
        size += found.start - at + len(value)
        at = found.end
        if size > TEXT_CHARACTERS_MAX:
            raise TextTooLong
    parts.append(text[at:])
    if size + len(parts[-1]) > TEXT_CHARACTERS_MAX:
        raise TextTooLong
    return "".join(parts)


def resolve_env(
    layers: Sequence[Mapping[str, Scalar]], scope: Scope, warn: Warn, asked: str | None = None
) -> dict[str, Scalar]:
    """Return the variables of *layers*, later ones over earlier ones, over the context `env`.

    Entries may name other entries in any order; one that names itself means the one below.
    With *asked*, the text of a condition, only those it names are looked at.
    Raises InvalidExpression, also where entries name each other in a circle; TextTooLong.
    """
    base = scope.contexts.get("env")
    done: dict[str, Scalar] = {**base} if isinstance(base, Mapping) else {}
    top = {name: at for at, layer in enumerate(layers) for name in layer}
    needs = {}
    wanted = top if asked is None else _variables(asked, top)
    waiting = [(top[name], name) for name in wanted]
    while waiting:
        at, name = place = waiting.pop()
        if place in needs:
            continue
        below = _below(layers, at, name)
        named = _variables(layers[at][name], top)
        needs[place] = {(top[each], each) for each in named if each != name}
        if name in named and below is not None:
            needs[place].add((below, name))
        waiting += needs[place]
    try:
        order = tuple(TopologicalSorter(needs).static_order())
    except CycleError as cycle:
        names = " → ".join(dict.fromkeys(name for _, name in reversed(cycle.args[1])))
        raise InvalidExpression("env", f"has variables that name each other: {names}") from cycle
    resolved: dict[tuple[int, str], Scalar] = {}
    for at, name in order:
        below = _below(layers, at, name)
        own = (
            {name: resolved[below, name]} if (below, name) in resolved and below is not None else {}
        )
        inner = Scope(
            contexts={**scope.contexts, "env": ChainMap(own, done)},
            functions=scope.functions,
            outside=scope.outside,
        )
        written = layers[at][name]
        value = substitute(written, inner, warn) if isinstance(written, str) else written
        resolved[at, name] = value
        if top[name] == at:
            done[name] = value
    return done


def _whole(text: str) -> str:
    """Join the two halves of a character, which escapes may have apart."""
    if text.isascii():
        return text
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "surrogatepass")


def _below(layers: Sequence[Mapping[str, Scalar]], at: int, name: str) -> int | None:
    return next((each for each in range(at - 1, -1, -1) if name in layers[each]), None)


def _variables(written: Scalar, known: Mapping[str, int]) -> set[str]:
    """Return which of the *known* variables a text names."""
    found: set[str] = set()
    for each in expressions(values.text(written)):
        if each.node is not None:
            for use in uses(each.node):
                if use.root == "env":
                    found.update(known if use.key is None else known.keys() & {use.key})
    return found


def _nothing(_: str) -> bool:
    return False


class _Evaluation:
    """The evaluation of one expression; *work* is what is left of what it may do."""

    def __init__(self, source: str, scope: Scope, warn: Warn, work: int) -> None:
        self.work = work
        self._source = source
        self._scope = scope
        self._warn = warn

    def text(self, value: object) -> str:
        """Return *value* as text; no value is empty text, with a warning."""
        if value is UNDEFINED:
            self._warn(f"'{shown(self._source)}' has no value here: empty text is used")
        text = values.text(value)
        self._spend(len(text))
        return text

    def value(self, node: Node) -> object:
        """Return the value of *node*."""
        self._spend(1)
        match node:
            case Literal(value):
                return value
            case Items(entries):
                return [self.value(each) for each in entries]
            case Name(name):
                return self._named(name)
            case Member(owner, key):
                return self._member(owner, self.value(owner), self.value(key))
            case Not(operand):
                return not values.truth(self.value(operand))
            case Binary(operator, left, right):
                return self._binary(operator, left, right)
            case Choice(condition, then, other):
                return self.value(then if values.truth(self.value(condition)) else other)
            case Call():
                return self._call(node)

    def _named(self, name: str) -> object:
        contexts = self._scope.contexts
        if name in contexts:
            return contexts[name]
        if name in CONTEXTS:
            return UNDEFINED if name == "status" else {}
        return values.member(contexts.get("inputs"), name)

    def _member(self, node: Node, owner: object, key: object) -> object:
        if owner is None or owner is UNDEFINED:
            what = shown(values.text(key))
            raise self._invalid(f"asks for '{what}' of {_written(node)}, which has no value here")
        return values.member(owner, key)

    def _binary(self, operator: str, left: Node, right: Node) -> object:
        first = self.value(left)
        if operator in {"&&", "||"}:
            return self.value(right) if values.truth(first) == (operator == "&&") else first
        second = self.value(right)
        match operator:
            case "+":
                return self._sum(first, second)
            case "===" | "!==":
                return values.same(first, second) == (operator == "===")
            case "==" | "!=":
                return values.equal(first, second) == (operator == "==")
            case "<" | "<=":
                return values.less(first, second, or_equal=operator == "<=")
        return values.less(second, first, or_equal=operator == ">=")

    def _sum(self, left: object, right: object) -> object:
        if isinstance(left, int | float | None) and isinstance(right, int | float | None):
            return values.number(left) + values.number(right)
        return self._bounded(self.text(left) + self.text(right))

    def _call(self, call: Call) -> object:
        arguments = [self.value(each) for each in call.arguments]
        if call.owner is not None:
            owner = self.value(call.owner)
            if owner is None or owner is UNDEFINED:
                called = f"calls '{call.name}' on {_written(call.owner)}"
                raise self._invalid(f"{called}, which has no value here")
            arguments.insert(0, owner)
        given = self._scope.functions.get(call.name) if call.owner is None else None
        own = functions.METHODS if call.owner is not None else functions.FUNCTIONS
        function = given or own.get(call.name)
        if function is None:
            raise self._invalid(f"calls '{call.name}', which is not known here")
        for each in arguments:
            self._spend(len(each) if isinstance(each, str | list | Mapping) else 1)
        try:
            return self._bounded(function(*arguments))
        except functions.Inapplicable as inapplicable:
            raise self._invalid(f"cannot call '{call.name}': {inapplicable.reason}") from None

    def _bounded(self, value: object) -> object:
        if isinstance(value, str):
            self._spend(len(value))
            if len(value) > TEXT_CHARACTERS_MAX:
                raise TextTooLong
        return value

    def _spend(self, work: int) -> None:
        self.work -= work
        if self.work < 0:
            raise self._invalid("takes too much work")

    def _invalid(self, reason: str) -> InvalidExpression:
        return InvalidExpression(shown(self._source), reason)


def _written(node: Node) -> str:
    """Name what an operand is, as it was written where that is short."""
    match node:
        case Name(name):
            return f"'{name}'"
        case Member(Name() | Member() as owner, Literal(str() as key)):
            named = _written(owner)
            return f"{named[:-1]}.{key}'" if named.endswith("'") else named
    return "a value"
