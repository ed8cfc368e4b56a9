"""Reads values of a pipeline's nodes; what is wrong with them is collected, not raised."""

import re
from collections.abc import Collection, Iterable, Mapping
from difflib import get_close_matches
from typing import TypeGuard

import yaml

from engine.language.document import DEPTH_MAX, Issue, Malformed, kind, scalar, scalar_text
from engine.language.keys import ADVICE, ENV_NAMES_MAX, LABEL_CHARACTERS_MAX, LATER, Key
from engine.language.syntax import Expression
from engine.language.values import Scalar

ISSUES_MAX = 100
TEXT_CHARACTERS_MAX = 4 * 1024 * 1024  # of all values, each counted as often as aliases repeat it
COMPARISONS_MAX = 5000  # of mistyped names with known ones: 0.2 ms each
MERGES_MAX = 8  # of mappings merged into merged mappings

_VALUE_CHARACTERS = 16  # what a value without characters counts
_MESSAGE_CHARACTERS = 400
_SUGGESTED_CHARACTERS_MAX = 60
_UNPRINTABLE = re.compile("[\0\ud800-\udfff]")
_SCALARS = frozenset({"null", "bool", "int", "float", "str"})

Entries = Mapping[str, tuple[yaml.Node, yaml.Node]]


class Reader:
    """Collects *issues* and *warnings*; a value that has an issue is read as something harmless."""

    def __init__(self, text: str) -> None:
        self.issues: list[Issue] = []
        self.warnings: list[Issue] = []
        self._lines = text.splitlines()
        self._characters = TEXT_CHARACTERS_MAX
        self._comparisons = COMPARISONS_MAX

    def issue(self, node: yaml.Node, message: str) -> None:
        """Say what is wrong with *node*. Raises Malformed when it is one too many."""
        self._add(self.issues, node.start_mark.line, node.start_mark.column, message)

    def warn(self, node: yaml.Node, message: str) -> None:
        """Say what may not be meant so."""
        self._add(self.warnings, node.start_mark.line, node.start_mark.column, message)

    def about(
        self,
        node: yaml.ScalarNode,
        text: str,
        each: Expression,
        message: str,
        *,
        warn: bool = False,
    ) -> None:
        """Say something about an expression; inside a literal block it has a line of its own."""
        line, column = node.start_mark.line, node.start_mark.column
        if node.style == "|":
            line += 1 + text.count("\n", 0, each.start)
            column = 0
            if line < len(self._lines):
                before = text[text.rfind("\n", 0, each.start) + 1 : each.start]
                indent = max(self._lines[line].find(before + "${{"), 0)
                column = indent + len(before)
        self._add(
            self.warnings if warn else self.issues, line, column, f"'{each.source}' {message}"
        )

    def entries(self, node: yaml.MappingNode, where: str, merges: int = 0) -> Entries:
        """Return the entries of a mapping by key; `<<` merges others under them."""
        entries: dict[str, tuple[yaml.Node, yaml.Node]] = {}
        merged: dict[str, tuple[yaml.Node, yaml.Node]] = {}
        for key, value in node.value:
            self._spend(key, _VALUE_CHARACTERS)
            if not isinstance(key, yaml.ScalarNode):
                self.issue(key, f"a key in {where} is a text, not {a(key)}")
            elif key.value == "<<" and key.style is None and _mergeable(value):
                merged = {**self._merged(value, where, merges + 1), **merged}
            elif (name := scalar_text(key)) in entries:
                first = entries[name][0].start_mark.line + 1
                self.issue(key, f"the key '{name}' stands already in line {first}")
            else:
                entries[name] = (key, value)
        return {**merged, **entries}

    def _merged(self, node: yaml.Node, where: str, merges: int) -> Entries:
        if merges > MERGES_MAX:
            raise malformed(node, f"more than {MERGES_MAX} mappings are merged into each other")
        maps = node.value if isinstance(node, yaml.SequenceNode) else [node]
        merged: dict[str, tuple[yaml.Node, yaml.Node]] = {}
        for each in filter(_is_mapping, maps):
            merged = {**self.entries(each, where, merges), **merged}
        return merged

    def check_keys(
        self,
        entries: Entries,
        where: str,
        known: Iterable[Key],
        foreign: Mapping[str, str],
        elsewhere: Collection[str],
    ) -> Entries:
        """Refuse keys not *known*, warn about *foreign* ones; return those that have a value."""
        names = {key.name: key for key in known}
        empty = set()
        for name, (key, value) in entries.items():
            if name in names:
                if names[name].may_be_empty and _is_empty(value):
                    empty.add(name)
                    self.warn(key, f"'{name}' is empty: it is as if it was not there")
                continue
            if name in foreign:
                if foreign[name]:
                    self.warn(key, f"'{name}' does nothing here; {foreign[name]}")
            elif name in LATER:
                self.issue(key, f"'{name}' is not supported by this version yet")
            else:
                advice = self._advice(name, list(names), elsewhere)
                self.issue(key, f"unknown key '{name}' in {where}{advice}")
        return {name: entries[name] for name in entries if name not in empty}

    def _advice(self, name: str, known: list[str], elsewhere: Collection[str]) -> str:
        if name in elsewhere:
            place = "of the file" if "steps" not in known else "of a step"
            return f"; it is a key {place}"
        if name in ADVICE:
            return f"; {ADVICE[name]}"
        return self.did_you_mean(name, known)

    def did_you_mean(self, name: str, known: Collection[str]) -> str:
        """Return a suggestion for a mistyped *name*, '' where nothing is close."""
        self._comparisons -= len(known)
        if len(name) > _SUGGESTED_CHARACTERS_MAX or self._comparisons < 0:
            return ""
        short = [each for each in known if len(each) <= _SUGGESTED_CHARACTERS_MAX]
        close = get_close_matches(name, short, 1)
        return f"; did you mean '{close[0]}'?" if close else ""

    def value(self, node: yaml.ScalarNode, what: str) -> str:
        """Return the text of a scalar, within the bound on what aliases add up to."""
        if kind(node) not in _SCALARS:
            self.issue(node, f"the tag {node.tag} does not fit here")
        self._spend(node, len(node.value))
        text = scalar_text(node)
        if _UNPRINTABLE.search(text):
            self.issue(node, f"{what} has a character no command can be given")
        return text

    def label(self, node: yaml.Node, what: str) -> str | None:
        """Return a short text that is not empty, None where it is something else."""
        if not isinstance(node, yaml.ScalarNode) or kind(node) == "null":
            self.issue(node, f"{what} is a text, not {a(node)}")
            return None
        text = self.value(node, what)
        if not text.strip():
            self.issue(node, f"{what} is empty")
        if len(text) > LABEL_CHARACTERS_MAX:
            self.issue(node, f"{what} is longer than {LABEL_CHARACTERS_MAX} characters")
        return text

    def text(self, entries: Entries, key: str) -> str | None:
        """Return the text under *key*, None without one."""
        return self.label(entries[key][1], f"'{key}'") if key in entries else None

    def labels(self, node: yaml.Node, what: str, most: int) -> tuple[str, ...]:
        """Return the texts of a list, or the one text that stands there."""
        nodes = node.value if isinstance(node, yaml.SequenceNode) else [node]
        if len(nodes) > most:
            raise malformed(node, f"{what} has at most {most} entries")
        return tuple(filter(None, [self.label(each, what) for each in nodes]))

    def flag(self, entries: Entries, key: str) -> bool:
        """Return whether *key* is true."""
        if key not in entries:
            return False
        node = entries[key][1]
        if not isinstance(node, yaml.ScalarNode):
            self.issue(node, f"'{key}' is true or false, not {a(node)}")
            return False
        text = self.value(node, f"'{key}'")
        if kind(node) != "bool":
            advice = f"write it without quotes: {key}: true" if "true" in text.lower() else ""
            said = f"'{key}' is true or false; {a(node)} does nothing"
            self.warn(node, f"{said}; {advice}" if advice else said)
            return False
        return text == "true"

    def number(self, node: yaml.Node, what: str, *, above: float, most: float) -> float | None:
        """Return a number greater than *above*, at most *most*; None where it is not."""
        if isinstance(node, yaml.ScalarNode) and kind(node) in {"int", "float"}:
            number = float(scalar_text(node))
            if above < number <= most:
                return number
        least = "a number above" if above >= 0 else "a number from"
        self.issue(node, f"{what} is {least} {max(above, 0):g}, at most {most:g}")
        return None

    def whole(self, node: yaml.Node, what: str, *, least: int, most: int) -> int | None:
        """Return a whole number from *least* to *most*; None where it is not."""
        if isinstance(node, yaml.ScalarNode) and kind(node) == "int":
            number = int(scalar_text(node))
            if least <= number <= most:
                return number
        self.issue(node, f"{what} is a whole number from {least} to {most}")
        return None

    def env(self, entries: Entries, where: str) -> dict[str, tuple[Scalar, yaml.ScalarNode]]:
        """Read `env:`: the value of each name, and where it stands."""
        if "env" not in entries or kind(entries["env"][1]) == "null":
            return {}
        node = entries["env"][1]
        if not isinstance(node, yaml.MappingNode):
            self.issue(node, f"'env' of {where} is a mapping of names to values, not {a(node)}")
            return {}
        found = self.entries(node, "env")
        if len(found) > ENV_NAMES_MAX:
            raise malformed(node, f"'env' has at most {ENV_NAMES_MAX} names")
        env: dict[str, tuple[Scalar, yaml.ScalarNode]] = {}
        for name, (key, value) in found.items():
            if not name or "=" in name or _UNPRINTABLE.search(name):
                self.issue(key, f"{name!r} cannot be the name of a variable")
            elif read := self.scalar(value, name):
                env[name] = (scalar(read[1]), read[1])
        return env

    def scalar(self, node: yaml.Node, name: str) -> tuple[str, yaml.ScalarNode] | None:
        """Return the text of a text, number or truth, and its node; None where it is neither."""
        if isinstance(node, yaml.ScalarNode) and kind(node) != "null":
            return self.value(node, f"the value of {name}"), node
        advice = f"write {name}: '' for an empty one" if kind(node) == "null" else "use a text"
        self.issue(node, f"the value of {name} is {a(node)}; {advice}")
        return None

    def literal(self, node: yaml.Node, name: str, what: str, advice: str = "") -> str | None:
        """Return the text of the scalar *name*, which holds no expressions; None as `scalar`."""
        found = self.scalar(node, name)
        if found and "${{" in found[0]:
            self.issue(node, f"{what} holds no expressions{advice}")
        return found[0] if found else None

    def plain(self, node: yaml.Node, leaves: list[yaml.Node], where: str, depth: int = 1) -> object:
        """Return any value; its texts are added to *leaves*."""
        self._spend(node, _VALUE_CHARACTERS)
        if depth > DEPTH_MAX:
            raise malformed(node, f"nested deeper than {DEPTH_MAX} levels")
        if isinstance(node, yaml.MappingNode):
            return {
                name: self.plain(each, leaves, where, depth + 1)
                for name, (_, each) in self.entries(node, where).items()
            }
        if isinstance(node, yaml.SequenceNode):
            return [self.plain(each, leaves, where, depth + 1) for each in node.value]
        assert isinstance(node, yaml.ScalarNode)  # noqa: S101 - there is no fourth kind
        text = self.value(node, where)
        match kind(node):
            case "null":
                return None
            case "bool":
                return text == "true"
            case "int":
                return int(text)
            case "float":
                return float(text)
        leaves.append(node)
        return text

    def _spend(self, node: yaml.Node, characters: int) -> None:
        self._characters -= characters
        if self._characters < 0:
            raise malformed(node, f"the values have more than {TEXT_CHARACTERS_MAX} characters")

    def _add(self, said: list[Issue], line: int, column: int, message: str) -> None:
        if len(said) >= ISSUES_MAX:
            if said is self.warnings:
                return
            raise Malformed(Issue(line + 1, column + 1, "and more than can be listed"))
        message = _UNPRINTABLE.sub("\ufffd", message)
        if len(message) > _MESSAGE_CHARACTERS:
            message = message[:_MESSAGE_CHARACTERS] + "…"
        said.append(Issue(line + 1, column + 1, message))


def malformed(node: yaml.Node, message: str) -> Malformed:
    """Return what is raised where reading on makes no sense."""
    return Malformed(Issue(node.start_mark.line + 1, node.start_mark.column + 1, message))


def a(node: yaml.Node) -> str:
    """Name what *node* is, for a sentence that says what it should be."""
    names = {"map": "a mapping", "seq": "a list", "null": "nothing", "str": "a text"}
    names |= {"bool": "true or false", "int": "a number", "float": "a number"}
    return names.get(kind(node), f"a value tagged {node.tag}")


def _is_empty(node: yaml.Node) -> bool:
    return isinstance(node, yaml.ScalarNode) and (kind(node) == "null" or not node.value.strip())


def _mergeable(node: yaml.Node) -> bool:
    return all(map(_is_mapping, node.value)) if kind(node) == "seq" else _is_mapping(node)


def _is_mapping(node: yaml.Node) -> TypeGuard[yaml.MappingNode]:
    return isinstance(node, yaml.MappingNode)
