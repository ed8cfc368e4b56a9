"""YAML 1.2 (core schema) as nodes that know their line and column, within bounds."""

import re
from dataclasses import dataclass
from typing import NoReturn

import yaml

from engine.language.values import Scalar, text
from engine.refusal import Refusal

DOCUMENT_BYTES_MAX = 256 * 1024
DEPTH_MAX = 32
NODES_MAX = 20_000

_TAG = "tag:yaml.org,2002:"
# Longer runs of digits are text: nobody counts so far, and Python refuses to convert them.
_CORE_SCHEMA = (
    ("null", r"~|null|Null|NULL|", ("~", "n", "N", "")),
    ("bool", r"true|True|TRUE|false|False|FALSE", "tTfF"),
    ("int", r"[-+]?[0-9]{1,300}|0o[0-7]{1,300}|0x[0-9a-fA-F]{1,300}", "-+0123456789"),
    (
        "float",
        (
            r"[-+]?(?:\.[0-9]{1,300}|[0-9]{1,300}(?:\.[0-9]{0,300})?)(?:[eE][-+]?[0-9]{1,3})?"
            r"|[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)"
        ),
        "-+.0123456789",
    ),
)


@dataclass(frozen=True, slots=True)
class Issue:
    """Something wrong at a *line* and *column*, both from 1."""

    line: int
    column: int
    message: str


@dataclass(eq=False)
class Malformed(Refusal):
    """The document cannot be read on: {issue.message}."""

    issue: Issue


class _Loader(yaml.SafeLoader):
    """PyYAML's reader of nodes; it never builds values, so an alias costs nothing."""

    yaml_implicit_resolvers = {}  # noqa: RUF012 - PyYAML's own class attribute

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self._depth = self._nodes = 0

    def compose_node(self, parent: yaml.Node | None, index: int) -> yaml.Node | None:
        """Compose one node unless it is nested too deep or one too many."""
        self._depth += 1
        self._nodes += 1
        if self._depth > DEPTH_MAX:
            self._refuse(f"nested deeper than {DEPTH_MAX} levels")
        if self._nodes > NODES_MAX:
            self._refuse(f"more than {NODES_MAX} nodes")
        node = super().compose_node(parent, index)
        self._depth -= 1
        return node

    def _refuse(self, problem: str) -> NoReturn:
        mark = self.peek_event().start_mark  # type: ignore[no-untyped-call]
        raise yaml.MarkedYAMLError(None, None, problem, mark)


_PATTERNS = {name: re.compile(rf"(?:{pattern})\Z") for name, pattern, _ in _CORE_SCHEMA}
for _name, _, _first in _CORE_SCHEMA:
    _Loader.add_implicit_resolver(_TAG + _name, _PATTERNS[_name], _first)


def compose(text: str) -> yaml.Node | None:
    """Read a document of at most 256 KiB; None when it is empty. Raises Malformed."""
    size = len(text.encode(errors="surrogatepass"))
    if size > DOCUMENT_BYTES_MAX:
        message = f"the file has {size} bytes; at most {DOCUMENT_BYTES_MAX} are read"
        raise Malformed(Issue(1, 1, message))
    try:
        return _Loader(text).get_single_node()
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        problem = ", ".join(filter(None, (error.context, error.problem)))
        line, column = (mark.line + 1, mark.column + 1) if mark else (1, 1)
        raise Malformed(Issue(line, column, f"not YAML: {problem}")) from error
    except yaml.reader.ReaderError as error:
        before = text[: error.position]
        line, column = before.count("\n") + 1, len(before) - before.rfind("\n")
        message = f"not YAML: the character U+{ord(text[error.position]):04X} is not allowed"
        raise Malformed(Issue(line, column, message)) from error
    except (
        ValueError,
        OverflowError,
    ) as error:  # an escape such as "\UFFFFFFFF" that names no character
        raise Malformed(Issue(1, 1, f"not YAML: {error}")) from error


def shared(root: yaml.MappingNode) -> frozenset[str]:
    """Return the keys of *root* whose values hold an anchor that is used somewhere else.

    An alias is the node it stands for, so such a node is met twice.
    """
    met: dict[int, str] = {}
    found: set[str] = set()
    for key, value in root.value:
        waiting = [value]
        while waiting:
            node = waiting.pop()
            if id(node) in met:
                found.add(met[id(node)])
                continue
            met[id(node)] = key.value if isinstance(key, yaml.ScalarNode) else ""
            if isinstance(node, yaml.MappingNode):
                waiting += (each for pair in node.value for each in pair)
            elif isinstance(node, yaml.SequenceNode):
                waiting += node.value
    return frozenset(found)


def kind(node: yaml.Node) -> str:
    """Return null, bool, int, float, str, map or seq, or the tag where it does not fit."""
    if not isinstance(node, yaml.ScalarNode):
        return "map" if isinstance(node, yaml.MappingNode) else "seq"
    name = node.tag.removeprefix(_TAG)
    if name == "str" or (name in _PATTERNS and _PATTERNS[name].match(node.value)):
        return name
    return str(node.tag)


def scalar(node: yaml.ScalarNode) -> Scalar:
    """Return a value as the core schema sees it: 0644 is 644, True is true, null its own text."""
    written: str = node.value
    match kind(node):
        case "bool":
            return written.lower() == "true"
        case "int" if written.startswith(("0o", "0x")):
            return int(written[2:], 8 if written[1] == "o" else 16)
        case "int":
            return int(written)
        case "float":
            return float(written.lower().replace(".inf", "inf").replace(".nan", "nan"))
    return written


def scalar_text(node: yaml.ScalarNode) -> str:
    """Return the text of a value as `scalar` reads it."""
    return text(scalar(node))
