"""Checks the expressions of a pipeline before anything runs."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from enum import Enum, auto

import yaml

from engine.language.condition import doubt
from engine.language.document import scalar_text
from engine.language.names import CONTEXTS, Use, injection, outside, uses
from engine.language.reader import Reader
from engine.language.syntax import STATUS_WORDS, Expression, Node, calls, expressions


class Place(Enum):
    """Where a text stands, which decides what may be in it."""

    COMMAND = auto()
    CONDITION = auto()
    VALUE = auto()


@dataclass(frozen=True, slots=True)
class Written:
    """A text that may hold expressions.

    *tainted* are the variables around it that hold values from outside, *matrix* the names its
    step has in `matrix`.
    """

    node: yaml.ScalarNode
    place: Place
    tainted: frozenset[str] = frozenset()
    matrix: frozenset[str] = frozenset()


def check(reader: Reader, texts: Iterable[Written], ids: Collection[str]) -> None:
    """Report what is wrong or doubtful in *texts*; *ids* are those of all steps."""
    for each in dict.fromkeys(texts):
        text = scalar_text(each.node)
        if each.place is Place.CONDITION and (said := doubt(text)):
            reader.warn(each.node, said)
        for found in expressions(text):
            if found.node is None:
                reader.about(each.node, text, found, found.problem)
                continue
            if wrong := _refused(found, found.node, each):
                reader.about(each.node, text, found, wrong)
            for use in dict.fromkeys(uses(found.node)):
                if said := _doubtful(reader, use, each, ids):
                    reader.about(each.node, text, found, said, warn=True)


def _refused(found: Expression, node: Node, written: Written) -> str | None:
    words = STATUS_WORDS & calls(node)
    if words and written.place is not Place.CONDITION:
        return f"calls '{min(words)}()', which has a meaning in 'if:' only"
    if written.place is Place.COMMAND:
        use = outside(node, written.tainted, lambda _: False)
        return injection(found, use) if use else None
    return None


def _doubtful(reader: Reader, use: Use, written: Written, ids: Collection[str]) -> str | None:
    if use.root not in CONTEXTS:
        near = reader.did_you_mean(use.root, CONTEXTS)
        return f"names '{use.root}', which only an input of the task could be{near}"
    if use.root == "steps" and use.key is not None and use.key not in ids:
        return (
            f"names the step '{use.key}', which does not exist{reader.did_you_mean(use.key, ids)}"
        )
    if use.root == "matrix" and use.key is not None and use.key not in written.matrix:
        near = reader.did_you_mean(use.key, written.matrix)
        return f"names '{use.key}' of a matrix, which this step does not have{near}"
    return None
