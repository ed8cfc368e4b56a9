"""What stands between `${{` and `}}`: text goes in, a tree of nodes comes out.

A small language of its own; nothing of it is ever given to Python to evaluate.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from difflib import get_close_matches
from functools import lru_cache
from typing import NoReturn

from engine.refusal import Refusal

EXPRESSION_CHARACTERS_MAX = 10_000
DEPTH_MAX = 64  # of nodes in nodes: reading and evaluating are recursive
STATUS_WORDS = frozenset({"success", "failure", "cancelled", "always"})
# How many arguments each takes, at least and at most.
FUNCTIONS = {
    **dict.fromkeys(("contains", "startsWith", "endsWith"), (2, 2)),
    **dict.fromkeys(("toJSON", "fromJSON", "hashFile"), (1, 1)),
    **dict.fromkeys(STATUS_WORDS, (0, 0)),
    "join": (1, 2),
    "format": (1, 20),
}
METHODS = {
    **dict.fromkeys(("toUpperCase", "toLowerCase", "trim"), (0, 0)),
    **dict.fromkeys(("includes", "startsWith", "endsWith"), (1, 1)),
    "slice": (1, 2),
    "replace": (2, 2),
}

_CACHED = 1024
_SHOWN_CHARACTERS = 60
# Python up to 3.11.4 matches possessive quantifiers wrongly, so linear time is had without them.
_QUOTED = r"'[^'\\\n]*(?:\\.[^'\\\n]*)*'|\"[^\"\\\n]*(?:\\.[^\"\\\n]*)*\""
_PIECE = re.compile(r"[^'\"}]+|" + _QUOTED + r"|\}(?!\})")
_TOKEN = re.compile(
    r"\s*(?:(?P<number>-?[0-9]{1,300}(?:\.[0-9]{1,300})?(?:[eE][+-]?[0-9]{1,3})?)"
    r"|(?P<text>" + _QUOTED + r")"
    r"|(?P<name>[^\W\d][\w-]*)"
    r"|(?P<operator>===|!==|==|!=|<=|>=|&&|\|\||[<>!?:()\[\].,+]))"
)
_BLANK = re.compile(r"\s*\Z")
_ESCAPE = re.compile(r"\\(?:u([0-9a-fA-F]{4})|x([0-9a-fA-F]{2})|(.))")
_ESCAPES = {"n": "\n", "t": "\t", "r": "\r", "b": "\b", "f": "\f", "v": "\v", "0": "\0"}
_PRECEDENCE = {
    "?": 1,
    "||": 2,
    "&&": 3,
    **dict.fromkeys(("==", "!=", "===", "!=="), 4),
    **dict.fromkeys(("<", "<=", ">", ">="), 5),
    "+": 6,
}


class Undefined:
    """The value of a name that nothing has; there is one of it, UNDEFINED."""


UNDEFINED = Undefined()
_WORDS = {"true": True, "false": False, "null": None, "undefined": UNDEFINED}


@dataclass(eq=False)
class InvalidExpression(Refusal):
    """'{source}' {reason}."""

    source: str
    reason: str


@dataclass(frozen=True, slots=True, eq=False)
class Literal:
    """A value written out."""

    value: object


@dataclass(frozen=True, slots=True, eq=False)
class Items:
    """A list, written out."""

    entries: tuple["Node", ...]


@dataclass(frozen=True, slots=True, eq=False)
class Name:
    """A context, or an input's name."""

    name: str


@dataclass(frozen=True, slots=True, eq=False)
class Member:
    """What *owner* has under *key*."""

    owner: "Node"
    key: "Node"


@dataclass(frozen=True, slots=True, eq=False)
class Call:
    """A function, or with an *owner* one of its methods."""

    name: str
    arguments: tuple["Node", ...]
    owner: "Node | None" = None


@dataclass(frozen=True, slots=True, eq=False)
class Not:
    """The opposite of an operand's truth."""

    operand: "Node"


@dataclass(frozen=True, slots=True, eq=False)
class Binary:
    """An *operator* between two operands."""

    operator: str
    left: "Node"
    right: "Node"


@dataclass(frozen=True, slots=True, eq=False)
class Choice:
    """One of two values, by a condition."""

    condition: "Node"
    then: "Node"
    other: "Node"


Node = Literal | Items | Name | Member | Call | Not | Binary | Choice


@dataclass(frozen=True, slots=True)
class Expression:
    """A `${{ }}` at the characters *start* to *end* of its text; *source* is short, to be shown.

    It has a *node*, or a *problem* that says why it cannot be read.
    """

    start: int
    end: int
    source: str
    node: Node | None = None
    problem: str = ""


def expressions(text: str) -> Iterator[Expression]:
    """Find the expressions in *text*, in order; one that is not closed is the last."""
    start = text.find("${{")
    while start >= 0:
        close = start + len("${{")
        while piece := _PIECE.match(text, close):
            close = piece.end()
        end = close + len("}}")
        if not text.startswith("}}", close):
            yield Expression(start, len(text), shown(text[start:]), problem="is not closed by '}}'")
            return
        source = shown(text[start:end])
        try:
            node = parse(text[start + len("${{") : close])
        except InvalidExpression as invalid:
            yield Expression(start, end, source, problem=invalid.reason)
        else:
            yield Expression(start, end, source, node)
        start = text.find("${{", end)


def shown(source: str) -> str:
    """Return *source* short enough for a message."""
    line = source.partition("\n")[0]
    if len(line) == len(source) <= _SHOWN_CHARACTERS:
        return source
    return line[: _SHOWN_CHARACTERS - 1] + "…"


@lru_cache(_CACHED)
def parse(source: str) -> Node:
    """Read one expression, without its braces. Raises InvalidExpression."""
    if len(source) > EXPRESSION_CHARACTERS_MAX:
        reason = f"is longer than {EXPRESSION_CHARACTERS_MAX} characters"
        raise InvalidExpression(shown(source), reason)
    node = _Parser(source).whole()
    if any(depth > DEPTH_MAX for _, depth in walk(node)):
        raise InvalidExpression(shown(source), f"is nested deeper than {DEPTH_MAX} levels")
    return node


def walk(node: Node) -> Iterator[tuple[Node, int]]:
    """Visit *node* and all below it, each with its depth from 1."""
    waiting = [(node, 1)]
    while waiting:
        node, depth = waiting.pop()
        yield node, depth
        waiting += ((child, depth + 1) for child in reversed(_children(node)))


def calls(node: Node) -> frozenset[str]:
    """Return the names of the functions *node* calls."""
    return frozenset(
        each.name for each, _ in walk(node) if isinstance(each, Call) and each.owner is None
    )


def _children(node: Node) -> tuple[Node, ...]:
    match node:
        case Items(entries):
            return entries
        case Member(owner, key):
            return owner, key
        case Call(_, arguments, owner):
            return arguments if owner is None else (owner, *arguments)
        case Not(operand):
            return (operand,)
        case Binary(_, left, right):
            return left, right
        case Choice(condition, then, other):
            return condition, then, other
    return ()


class _Parser:
    """A precedence climber over the tokens of one expression."""

    def __init__(self, source: str) -> None:
        self._source = source
        self._tokens = self._split()
        self._at = self._depth = 0

    def whole(self) -> Node:
        """Read all of it."""
        if len(self._tokens) == 1:
            self._refuse("is empty")
        node = self._expression(0)
        if self._token[0] != "end":
            self._unexpected()
        return node

    @property
    def _token(self) -> tuple[str, str]:
        return self._tokens[self._at]

    def _split(self) -> list[tuple[str, str]]:
        tokens = []
        at = 0
        while not _BLANK.match(self._source, at):
            found = _TOKEN.match(self._source, at)
            if found is None:
                rest = self._source[at:].lstrip()
                self._refuse(
                    "has a text that is not closed" if rest[0] in "'\"" else _not_understood(rest)
                )
            kind = found.lastgroup or ""
            tokens.append((kind, found[kind]))
            at = found.end()
        return [*tokens, ("end", "")]

    def _expression(self, above: int) -> Node:
        """Read operators that bind tighter than *above*."""
        self._depth += 1
        if self._depth > DEPTH_MAX:
            self._refuse(f"is nested deeper than {DEPTH_MAX} levels")
        left = self._operand()
        while (operator := self._operator()) and (binds := _PRECEDENCE.get(operator, 0)) > above:
            self._at += 1
            if operator == "?":
                then = self._expression(0)
                self._expect(":")
                left = Choice(left, then, self._expression(0))
            else:
                left = Binary(operator, left, self._expression(binds))
        self._depth -= 1
        return left

    def _operator(self) -> str:
        kind, text = self._token
        return text if kind == "operator" else ""

    def _operand(self) -> Node:
        kind, text = self._token
        self._at += 1
        if kind == "number":
            node: Node = Literal(float(text))
        elif kind == "text":
            node = Literal(_ESCAPE.sub(_unescaped, text[1:-1]))
        elif kind == "name":
            node = self._named(text)
        elif text == "(":
            node = self._expression(0)
            self._expect(")")
        elif text == "[":
            node = Items(self._listed("]"))
        elif text == "!":
            return Not(self._expression(max(_PRECEDENCE.values())))
        else:
            self._at -= 1
            self._unexpected()
        return self._followed(node)

    def _named(self, name: str) -> Node:
        if self._operator() == "(":
            self._known(name, FUNCTIONS, "function")
            return self._called(Call(name, self._arguments()), FUNCTIONS)
        return Literal(_WORDS[name]) if name in _WORDS else Name(name)

    def _followed(self, node: Node) -> Node:
        """Read the members and methods behind an operand."""
        while self._operator() in {".", "["}:
            self._at += 1
            if self._tokens[self._at - 1][1] == "[":
                node = Member(node, self._expression(0))
                self._expect("]")
                continue
            kind, name = self._token
            if kind != "name":
                self._unexpected()
            self._at += 1
            if self._operator() == "(":
                self._known(name, METHODS, "method")
                node = self._called(Call(name, self._arguments(), node), METHODS)
            else:
                node = Member(node, Literal(name))
        return node

    def _known(self, name: str, table: dict[str, tuple[int, int]], what: str) -> None:
        if name not in table:
            close = get_close_matches(name, table, 1)
            advice = f"; did you mean '{close[0]}'?" if close else ""
            self._refuse(f"calls the unknown {what} '{shown(name)}'{advice}")

    def _arguments(self) -> tuple[Node, ...]:
        self._expect("(")
        return self._listed(")")

    def _listed(self, end: str) -> tuple[Node, ...]:
        """Read what commas part, and the *end* behind it."""
        nodes: list[Node] = []
        while self._operator() != end:
            if nodes:
                self._expect(",")
            nodes.append(self._expression(0))
        self._expect(end)
        return tuple(nodes)

    def _called(self, call: Call, table: dict[str, tuple[int, int]]) -> Call:
        least, most = table[call.name]
        if not least <= len(call.arguments) <= most:
            wanted = f"{least}" if least == most else f"{least} to {most}"
            self._refuse(f"gives '{call.name}' {len(call.arguments)} arguments; it takes {wanted}")
        return call

    def _expect(self, operator: str) -> None:
        if self._operator() != operator:
            self._unexpected(f"where '{operator}' should be")
        self._at += 1

    def _unexpected(self, where: str = "where it does not fit") -> NoReturn:
        kind, text = self._token
        self._refuse(f"{'ends' if kind == 'end' else f'has {shown(text)!r}'} {where}")

    def _refuse(self, reason: str) -> NoReturn:
        raise InvalidExpression(shown(self._source.strip()), reason)


def _not_understood(rest: str) -> str:
    advice = {"=": "; '==' compares", "&": "; 'and' is '&&'", "|": "; 'or' is '||'"}
    return f"has {rest[0]!r}, which is not understood{advice.get(rest[0], '')}"


def _unescaped(found: re.Match[str]) -> str:
    code = found[1] or found[2]
    return chr(int(code, 16)) if code else _ESCAPES.get(found[3], found[3])
