"""What each step waits for: ids under `needs:` go in, indexes come out."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from graphlib import CycleError, TopologicalSorter

import yaml

from engine.language.reader import Reader
from engine.language.steps import Step


@dataclass(frozen=True, slots=True)
class Wanted:
    """The ids a step names under `needs:`, with the nodes they stand in."""

    node: yaml.Node
    ids: Sequence[tuple[str, yaml.Node]]


def order(
    reader: Reader, steps: Sequence[Step], wanted: Sequence[Wanted | None]
) -> tuple[Step, ...]:
    """Return *steps* with what each waits for; *wanted* has an entry for each of them.

    The copies of a step are named by one id. Unknown ids and circles become issues.
    """
    indexes = defaultdict[str, list[int]](list)
    for step in steps:
        if step.id is not None:
            indexes[step.id].append(step.index)
    ordered = [
        replace(step, needs=_needs(reader, wants, indexes)) if wants else step
        for step, wants in zip(steps, wanted, strict=True)
    ]
    _check_circles(reader, ordered, wanted)
    return tuple(ordered)


def _needs(reader: Reader, wants: Wanted, indexes: defaultdict[str, list[int]]) -> tuple[int, ...]:
    found: set[int] = set()
    for name, node in wants.ids:
        if name in indexes:
            found.update(indexes[name])
        else:
            reader.issue(
                node, f"there is no step with the id '{name}'{reader.did_you_mean(name, indexes)}"
            )
    return tuple(sorted(found))


def _check_circles(reader: Reader, steps: Sequence[Step], wanted: Sequence[Wanted | None]) -> None:
    graph = {
        step.index: range(1, step.index) if step.needs is None else step.needs for step in steps
    }
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as cycle:
        circle = [steps[index - 1] for index in cycle.args[1]]
        at = next(wanted[step.index - 1] for step in circle if wanted[step.index - 1])
        names = " ← ".join(f"'{step.id or step.name}'" for step in circle)
        advice = ""
        if any(step.needs is None for step in circle):
            advice = "; a step without 'needs' waits for all above it"
        assert at is not None  # noqa: S101 - without `needs` there is no circle
        reader.issue(at.node, f"steps wait for each other: {names}{advice}")
