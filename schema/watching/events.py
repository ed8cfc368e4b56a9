"""A task's journal as the API shows it."""

from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any

import strawberry

from control import log
from control.port import Entry, EntryKind
from control.retention import LogExpired
from engine.events import LogStream
from resolvers.context import Info
from resolvers.watching import events
from schema.catalogue import problem
from schema.problems import Problem

if TYPE_CHECKING:
    from schema.types import Step, Task

LazyTask = Annotated["Task", strawberry.lazy("schema.types")]
LazyStep = Annotated["Step", strawberry.lazy("schema.types")]


def _is(kind: EntryKind) -> Any:
    return classmethod(lambda _, value, __: isinstance(value, Entry) and value.kind is kind)


@strawberry.type(description="A line of a step's log.")
class LogLine:
    """A line of a step's log."""

    number: int = strawberry.field(description="From 1, in each step.")
    text: str = strawberry.field(description="Without its line break, secrets masked.")
    partial: bool = strawberry.field(
        description="True when no line break followed: the text goes on in the next entry."
    )
    time: datetime = strawberry.field(description="When it was read.")
    stream: LogStream = strawberry.field(description="Who wrote it.")


def _log_problem(parent: strawberry.Parent[log.LogPage], info: Info) -> Problem | None:
    return problem(LogExpired(), info.context.language) if parent.expired else None


@strawberry.type(description="Lines of a step's log.")
class LogPage:
    """Lines of a step's log."""

    lines: list[LogLine] = strawberry.field(description="The lines in order.")
    cursor: int = strawberry.field(description="The number to pass as `afterLine`.")
    has_more: bool = strawberry.field(description="True when more lines are stored.")
    truncated: bool = strawberry.field(
        description="True when the step printed more than is kept; a SYSTEM line says where."
    )
    problem = strawberry.field(
        _log_problem,
        graphql_type=Problem | None,
        description="Why lines are not there that once were: the log has expired.",
    )


@strawberry.interface(description="One entry of a task's journal: gap-free, in order.")
class TaskEvent:
    """One entry of a task's journal."""

    task_id: strawberry.ID = strawberry.field(description="Whose event it is.")
    seq: int = strawberry.field(
        description="The entry's number, from 1 in each task: pass it as `after`."
    )
    time: datetime = strawberry.field(description="When it happened.")
    task = strawberry.field(
        events.task, graphql_type=LazyTask, description="The task as it stands now."
    )


@strawberry.type(description="The task has a new status.")
class TaskStatusChanged(TaskEvent):
    """The task has a new status."""

    is_type_of = _is(EntryKind.TASK)
    status = strawberry.field(events.task_status, description="The new status.")


@strawberry.type(description="A step has a new status.")
class StepStatusChanged(TaskEvent):
    """A step has a new status."""

    is_type_of = _is(EntryKind.STEP)
    step_index: int = strawberry.field(description="Which step, from 0.")
    name: str = strawberry.field(description="The step's name.")
    step = strawberry.field(
        events.step, graphql_type=LazyStep, description="The step as it stands now."
    )
    status = strawberry.field(events.step_status, description="The new status.")
    exit_code: int | None = strawberry.field(description="The command's exit code.")
    error: str | None = strawberry.field(description="What went wrong, and where.")


@strawberry.type(description="A step printed something.")
class StepOutput(TaskEvent):
    """A step printed something."""

    is_type_of = _is(EntryKind.OUTPUT)
    step_index: int = strawberry.field(description="Which step, from 0.")
    lines = strawberry.field(
        events.lines, graphql_type=list[LogLine], description="The text cut into lines."
    )
    text: str = strawberry.field(description="The text as printed, secrets masked.")
    first_line: int = strawberry.field(description="The number of the first line in it.")
    expired: bool = strawberry.field(
        description="True when what it printed is kept no more: then there is no text."
    )


@strawberry.type(description="The task has ended; nothing follows.")
class StreamEnd(TaskEvent):
    """The task has ended."""

    is_type_of = _is(EntryKind.END)
    status = strawberry.field(events.task_status, description="How it ended.")


@strawberry.type(description="A page of a task's journal.")
class TaskEventPage:
    """A page of a task's journal."""

    events: list[TaskEvent] = strawberry.field(description="The events in order.")
    cursor: int = strawberry.field(description="The sequence to pass as `after`.")
    has_more: bool = strawberry.field(description="True when more events are stored.")
