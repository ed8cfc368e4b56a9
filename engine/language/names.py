"""The names an expression uses, and which of them hold what somebody outside has written."""

from collections import defaultdict
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache

from engine.language.syntax import (
    STATUS_WORDS,
    Binary,
    Call,
    Choice,
    Expression,
    Items,
    Literal,
    Member,
    Name,
    Node,
    expressions,
    walk,
)
from engine.language.values import Scalar, text

CONTEXTS = frozenset(
    {"env", "secrets", "cloudSecrets", "git", "task", "app", "steps", "inputs", "matrix", "status"}
)

_GIT_SAFE = frozenset({"commit", "provider", "event_name"})
_JOINING = frozenset({"+", "&&", "||"})  # the other operators give true or false
_CLEAN = frozenset({"contains", "startsWith", "endsWith", "includes", "hashFile", *STATUS_WORDS})
_CACHED = 4096


@dataclass(frozen=True, slots=True)
class Use:
    """A name in an expression: *key* of the context *root*, None where it is the whole of it."""

    root: str
    key: str | None

    def __str__(self) -> str:
        """Return it as it is written."""
        return self.root if self.key is None else f"{self.root}.{self.key}"


def uses(node: Node) -> Iterator[Use]:
    """Find all names in *node*, each with its key where it has one."""
    owners = set()
    for each, _ in walk(node):
        if isinstance(each, Name | Member) and id(each) not in owners:
            use = _use(each)
            if use is not None:
                yield use
            if isinstance(each, Member) and use is not None:
                owners.add(id(each.owner))


def sources(node: Node) -> Iterator[Use]:
    """Find the names whose value can become part of the value of *node*.

    Of a comparison they cannot; of `a && b`, `a || b` and `x ? a : b` those of a and b can.
    """
    match node:
        case Name():
            yield Use(node.name, None)
        case Member(owner, key):
            use = _use(node)
            if use is not None:
                yield use
            elif not (isinstance(key, Literal) and key.value == "length" and _is_text(owner)):
                yield from sources(owner)
        case _:
            for each in _parts(node):
                yield from sources(each)


def _parts(node: Node) -> tuple[Node, ...]:
    match node:
        case Call(name, arguments, owner) if name not in _CLEAN:
            return arguments if owner is None else (owner, *arguments)
        case Items(entries):
            return entries
        case Binary(operator, left, right) if operator in _JOINING:
            return left, right
        case Choice(_, then, other):
            return then, other
    return ()


def outside(node: Node, tainted: Collection[str], unknown: Callable[[str], bool]) -> Use | None:
    """Return the name through which somebody outside decides what *node* holds, if there is one.

    *tainted* are variables that hold such values; *unknown* tells whether the name of no context
    may be an input's.
    """
    for use in sources(node):
        match use.root:
            case "inputs":
                return use
            case "git":
                found = use.key not in _GIT_SAFE
            case "env":
                found = use.key in tainted if use.key is not None else bool(tainted)
            case root:
                found = root not in CONTEXTS and unknown(root)
        if found:
            return use
    return None


def injection(expression: Expression, use: Use) -> str:
    """Say why *expression* must not stand in a command because of *use*, and what to write."""
    danger = "holds a value from outside, which could run commands here"
    node = expression.node
    if use.root == "env" and isinstance(node, Member) and _use(node) == use:
        return f'{danger}; write "${use.key}" instead'
    name = "VALUE"
    if use.root != "env":
        name = _last(node) or use.key or "VALUE"
        name = name.upper().replace("-", "_")
    return f'{danger}; give it to env as {name}: {expression.source} and write "${name}"'


def tainted(
    env: Mapping[str, Scalar], below: Mapping[str, Scalar], given: frozenset[str] = frozenset()
) -> frozenset[str]:
    """Return the variables that hold values from outside, where *env* lies over *below*.

    Those *given* lie under both and hold such values. An entry that names itself means the one
    below.
    """
    under = tainted(below, {}, given) if below else given
    waiting = [*(given - env.keys() - below.keys())]
    followers = defaultdict[str | None, list[str]](list)
    for name, value in {**below, **env}.items():
        found, through = _flow(value)
        if found or (name in through and name in under):
            waiting.append(name)
        for each in through:
            followers[each].append(name)
    if waiting:
        waiting += followers[None]
    reached: set[str] = set()
    while waiting:
        name = waiting.pop()
        if name not in reached:
            reached.add(name)
            waiting += followers[name]
    return frozenset(reached)


@lru_cache(_CACHED)
def _flow(value: Scalar) -> tuple[bool, frozenset[str | None]]:
    """Tell whether a text holds a value from outside, and which variables' values; None: all."""
    found = False
    through: set[str | None] = set()
    for each in expressions(text(value)):
        if each.node is None:
            continue
        found = found or outside(each.node, (), lambda _: True) is not None
        through |= {use.key for use in sources(each.node) if use.root == "env"}
    return found, frozenset(through)


def _use(node: Name | Member) -> Use | None:
    match node:
        case Name(name):
            return Use(name, None)
        case Member(Name(root), Literal(str() as key)):
            return Use(root, key)
        case Member(Name(root), _):
            return Use(root, None)
    return None


def _last(node: Node | None) -> str | None:
    """Return the last key of a dotted name."""
    key = node.key.value if isinstance(node, Member) and isinstance(node.key, Literal) else None
    return key if isinstance(key, str) and key.isidentifier() else None


def _is_text(node: Node) -> bool:
    """Tell whether *node* cannot be a mapping with a key of its own named `length`."""
    if isinstance(node, Call):
        return node.name != "fromJSON"
    use = _use(node) if isinstance(node, Member) else None
    return use is not None and use.root == "env" and use.key is not None
