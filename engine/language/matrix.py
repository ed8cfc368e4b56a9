"""`matrix:` goes in, the combinations of its values come out: one copy of a step for each."""

from collections.abc import Mapping
from itertools import product
from math import prod

import yaml

from engine.language.keys import COMBINATIONS_MAX
from engine.language.reader import Reader, a, malformed

Combination = dict[str, str]

_RULES = ("include", "exclude")


def combinations(reader: Reader, node: yaml.Node) -> list[Combination]:
    """Return the combinations in the file's order; the last name varies fastest.

    An entry of `exclude` takes away the combinations that have all its values. One of `include`
    adds its values to the combinations that have those of its values the lists name, and is a
    combination of its own where there is none.
    """
    if not isinstance(node, yaml.MappingNode):
        reader.issue(node, f"'matrix' is a mapping of names to lists, not {a(node)}")
        return []
    entries = reader.entries(node, "'matrix'")
    axes = {
        name: _values(reader, name, value)
        for name, (_, value) in entries.items()
        if name not in _RULES
    }
    if prod(map(len, axes.values())) > COMBINATIONS_MAX:
        raise malformed(node, f"'matrix' has more than {COMBINATIONS_MAX} combinations")
    include, exclude = (
        _rules(reader, name, entries[name][1]) if name in entries else [] for name in _RULES
    )
    found = [dict(zip(axes, each, strict=True)) for each in product(*axes.values())] if axes else []
    found = [each for each in found if not any(rule.items() <= each.items() for rule in exclude)]
    found = _with(include, found, axes)
    if len(found) > COMBINATIONS_MAX:
        raise malformed(node, f"'matrix' has more than {COMBINATIONS_MAX} combinations")
    if not found:
        reader.issue(node, "'matrix' has no combination of values")
    return found


def _with(
    include: list[Combination], found: list[Combination], axes: Mapping[str, list[str]]
) -> list[Combination]:
    originals = [dict(each) for each in found]
    added = []
    for rule in include:
        chosen = {name: value for name, value in rule.items() if name in axes}
        places = [at for at, each in enumerate(originals) if chosen.items() <= each.items()]
        for at in places:
            found[at] |= rule
        if not places:
            added.append(rule)
    return found + added


def _values(reader: Reader, name: str, node: yaml.Node) -> list[str]:
    if not isinstance(node, yaml.SequenceNode) or not node.value:
        advice = f"; write {name}: [{node.value}]" if isinstance(node, yaml.ScalarNode) else ""
        reader.issue(node, f"'{name}' of a matrix is a list of values, not {a(node)}{advice}")
        return [""]
    if len(node.value) > COMBINATIONS_MAX:
        raise malformed(node, f"'matrix' has more than {COMBINATIONS_MAX} combinations")
    texts = [_value(reader, name, each) for each in node.value]
    return [each for each in texts if each is not None] or [""]


def _value(reader: Reader, name: str, node: yaml.Node) -> str | None:
    return reader.literal(node, name, f"'{name}' of a matrix")


def _rules(reader: Reader, key: str, node: yaml.Node) -> list[Combination]:
    if not isinstance(node, yaml.SequenceNode):
        reader.issue(node, f"'{key}' is a list of combinations, not {a(node)}")
        return []
    if len(node.value) > COMBINATIONS_MAX:
        raise malformed(node, f"'{key}' has at most {COMBINATIONS_MAX} entries")
    rules = []
    for each in node.value:
        if not isinstance(each, yaml.MappingNode) or not each.value:
            reader.issue(
                each, f"an entry of '{key}' is a mapping of names to values, not {a(each)}"
            )
            continue
        found = {
            name: _value(reader, name, value)
            for name, (_, value) in reader.entries(each, f"'{key}'").items()
        }
        rules.append({name: text for name, text in found.items() if text is not None})
    return rules
