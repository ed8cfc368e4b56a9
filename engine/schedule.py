"""Which step may begin, and whether it does: decided from how the others ended. Pure."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from enum import Enum
from functools import partial
from itertools import islice

from engine.expressions import Scope, Warn
from engine.language.condition import condition, names_status_word
from engine.language.steps import Step
from engine.state import StepStatus


class Halt(Enum):
    """Why nothing more is started but what cleans up."""

    CANCELLED = "cancelled"
    EXHAUSTED = "exhausted"  # the time or the space it may take


class Schedule:
    """The steps that have not begun, and how the others ended."""

    def __init__(self, steps: Sequence[Step]) -> None:
        self._steps = {step.index: step for step in steps}
        self._waiting = dict(self._steps)
        self._ended: dict[int, StepStatus] = {}
        self._open = 1  # every step below has ended
        self._failed: set[int] = set()
        self.begun: set[int] = set()

    @property
    def waiting(self) -> bool:
        """Tell whether there are steps that have not begun."""
        return bool(self._waiting)

    def take(self, count: int) -> list[Step]:
        """Return up to *count* steps whose needs have ended; they do not wait any more."""
        ready = (step for step in self._waiting.values() if self._ready(step))
        found = list(islice(ready, count))
        for step in found:
            del self._waiting[step.index]
        return found

    def end(self, step: Step, status: StepStatus) -> None:
        """Remember how a step ended."""
        self._ended[step.index] = status
        while self._open in self._ended:
            self._open += 1
        if status is StepStatus.FAILURE or self.failed_before(step):
            self._failed.add(step.index)

    def failed_before(self, step: Step) -> bool:
        """Tell whether something failed among what *step* waits for, however far behind."""
        if step.needs is None:
            return any(index < step.index for index in self._failed)
        return any(index in self._failed for index in step.needs)

    def behind(self, step: Step) -> Iterator[int]:
        """Yield the indexes of all *step* waits for, directly or not, in order."""
        found: set[int] = set()
        looking = [step]
        first = 1  # all below it are found or looked for
        while looking:
            each = looking.pop()
            needs = each.needs
            if needs is None:
                needs = tuple(range(first, each.index))
                first = max(first, each.index)
            new = set(needs) - found
            found |= new
            looking += (self._steps[index] for index in new)
        yield from sorted(found)

    def _ready(self, step: Step) -> bool:
        if step.needs is None:
            return self._open >= step.index
        return all(index in self._ended for index in step.needs)


def decide(
    step: Step,
    scope: Callable[[], Scope],
    halt: Halt | None,
    warn: Warn,
    *,
    failed: bool,
    begun: bool,
) -> StepStatus:
    """Return RUNNING if *step* runs, else the status it ends with.

    *scope* is asked only where its `if` counts. *failed*: something it waits for has. *begun*:
    for what a plugin does at the end, whether the plugin's own step ran. Raises InvalidExpression
    where its `if` has no value.
    """
    if step.post_of is not None and not begun:
        return StepStatus.SKIPPED
    if step.condition is None:
        if halt is Halt.CANCELLED:
            return StepStatus.CANCELLED
        return StepStatus.SKIPPED if failed or halt else StepStatus.RUNNING
    if halt and not names_status_word(step.condition):
        return StepStatus.CANCELLED if halt is Halt.CANCELLED else StepStatus.SKIPPED
    runs = condition(step.condition, with_status(scope(), halt, failed=failed), warn)
    return StepStatus.RUNNING if runs else StepStatus.SKIPPED


def with_status(scope: Scope, halt: Halt | None, *, failed: bool) -> Scope:
    """Return *scope* with the status words, as they are for a step."""
    cancelled = halt is Halt.CANCELLED
    bad = failed or halt is Halt.EXHAUSTED
    words: Mapping[str, bool] = {
        "success": not bad and not cancelled,
        "failure": bad and not cancelled,
        "cancelled": cancelled,
        "always": True,
    }
    functions = {name: partial(bool, value) for name, value in words.items()}
    return replace(scope, functions={**scope.functions, **functions})
