"""Statuses of tasks and steps, which may follow which, and what a task's events add up to."""

from collections.abc import Iterable, Mapping
from enum import StrEnum


class TaskStatus(StrEnum):
    """Where a task stands; stored in lower case, as the seed does."""

    PENDING = "pending"
    WAITING_APPROVAL = "waiting_approval"
    RUNNING = "running"
    SUCCESS = "success"
    FAILURE = "failure"
    CANCELLED = "cancelled"
    LOST = "lost"

    @property
    def completed(self) -> bool:
        """Nothing follows this status."""
        return not TASK_TRANSITIONS[self]


class StepStatus(StrEnum):
    """Where a step stands."""

    PENDING = "pending"
    RUNNING = "running"
    SUCCESS = "success"
    FAILURE = "failure"
    CANCELLED = "cancelled"
    SKIPPED = "skipped"
    ERROR_WITH_CONTINUE = "error-with-continue"

    @property
    def completed(self) -> bool:
        """Nothing follows this status."""
        return not STEP_TRANSITIONS[self]


TASK_TRANSITIONS: Mapping[TaskStatus, frozenset[TaskStatus]] = {
    TaskStatus.PENDING: frozenset(
        {TaskStatus.WAITING_APPROVAL, TaskStatus.RUNNING, TaskStatus.CANCELLED}
    ),
    TaskStatus.WAITING_APPROVAL: frozenset({TaskStatus.PENDING, TaskStatus.CANCELLED}),
    TaskStatus.RUNNING: frozenset(
        {
            TaskStatus.PENDING,  # its worker is gone: before it began, or it is to be run again
            TaskStatus.SUCCESS,
            TaskStatus.FAILURE,
            TaskStatus.CANCELLED,
            TaskStatus.LOST,
        }
    ),
    TaskStatus.SUCCESS: frozenset(),
    TaskStatus.FAILURE: frozenset(),
    TaskStatus.CANCELLED: frozenset(),
    TaskStatus.LOST: frozenset(),
}

STEP_TRANSITIONS: Mapping[StepStatus, frozenset[StepStatus]] = {
    StepStatus.PENDING: frozenset(
        {StepStatus.RUNNING, StepStatus.SKIPPED, StepStatus.CANCELLED, StepStatus.FAILURE}
    ),
    StepStatus.RUNNING: frozenset(
        {
            StepStatus.SUCCESS,
            StepStatus.FAILURE,
            StepStatus.CANCELLED,
            StepStatus.ERROR_WITH_CONTINUE,
        }
    ),
    StepStatus.SUCCESS: frozenset(),
    StepStatus.FAILURE: frozenset(),
    StepStatus.CANCELLED: frozenset(),
    StepStatus.SKIPPED: frozenset(),
    StepStatus.ERROR_WITH_CONTINUE: frozenset(),
}

UNFINISHED = tuple(status for status in TaskStatus if TASK_TRANSITIONS[status])


def advance_task(before: TaskStatus, after: TaskStatus) -> TaskStatus:
    """Return *after*; an impossible transition is a defect of ours and asserts."""
    assert after in TASK_TRANSITIONS[before], f"impossible: task {before} -> {after}"  # noqa: S101
    return after


def advance_step(before: StepStatus, after: StepStatus) -> StepStatus:
    """Return *after*; an impossible transition is a defect of ours and asserts."""
    assert after in STEP_TRANSITIONS[before], f"impossible: step {before} -> {after}"  # noqa: S101
    return after


def outcome(steps: Iterable[StepStatus], *, cancelled: bool, timed_out: bool = False) -> TaskStatus:
    """Tell how a task ended from how its steps ended; cancel wins over failure."""
    if cancelled:
        return TaskStatus.CANCELLED
    failed = timed_out or any(status is StepStatus.FAILURE for status in steps)
    return TaskStatus.FAILURE if failed else TaskStatus.SUCCESS
