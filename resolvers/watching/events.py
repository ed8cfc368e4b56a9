"""Subscriptions to journals, and what an event shows besides its own facts."""

import asyncio
from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing
from typing import Annotated

import strawberry

from auth.permissions import Action, NotFound
from control import log
from control.journal import step_id
from control.port import Entry, EntryKind
from db.models import Step, Task
from engine.events import LogStream
from engine.state import StepStatus, TaskStatus
from resolvers.context import Context, Info
from resolvers.refusals import WrongTasks
from resolvers.watching.looking import Find, while_allowed

TASKS_MAX = 50  # of one subscription


@strawberry.input(description="A task, and how much of its journal was seen already.")
class TaskPosition:
    """A task, and how much of its journal was seen already."""

    task_id: strawberry.ID = strawberry.field(description="The task.")
    after: int = strawberry.field(
        default=0, description="The sequence of its last event already seen."
    )


async def task_events(
    info: Info,
    task_id: Annotated[strawberry.ID, strawberry.argument(description="The task.")],
    after: Annotated[
        int, strawberry.argument(description="The sequence of the last event already seen.")
    ] = 0,
) -> AsyncGenerator[Entry, None]:
    """Yield every event of a task behind *after*: what is stored, then live, to the end."""
    seen = info.context.seen
    return _events(info.context, {str(task_id): max(after, 0) if seen < 0 else seen})


async def tasks_events(
    info: Info,
    tasks: Annotated[
        list[TaskPosition],
        strawberry.argument(description="1 to 50 tasks, each of them once."),
    ],
) -> AsyncGenerator[Entry, None]:
    """Yield every event of several tasks, each behind its own position, to the last one's end."""
    after = {str(each.task_id): max(each.after, 0) for each in tasks}
    if not 0 < len(tasks) <= TASKS_MAX or len(after) < len(tasks):
        raise WrongTasks(TASKS_MAX)
    return _events(info.context, after)


def of_tasks(context: Context, *task_ids: str) -> Find:
    """Return what refuses who may not see one of the tasks."""

    async def find() -> None:
        found = [context.task(each, Action.READ) for each in task_ids]
        for answer in await asyncio.gather(*found, return_exceptions=True):
            if isinstance(answer, BaseException):
                raise answer

    return find


async def _events(context: Context, after: Mapping[str, int]) -> AsyncGenerator[Entry, None]:
    """Yield the entries of journals; who may see one of the tasks no longer is refused them all."""
    find = of_tasks(context, *after)
    await find()
    going = set(after)
    tail = context.services.queue.tail(after)
    async with aclosing(while_allowed(context, tail, find)) as entries:
        async for entry in entries:
            context.seen = entry.seq
            if entry.kind is EntryKind.END:
                going.discard(entry.task_id)
            yield entry
    if going:
        context.forget()
        await find()  # one may be gone


async def task(parent: strawberry.Parent[Entry], info: Info) -> Task:
    """Return the task as it stands now."""
    found = await info.context.loaders.task.load(parent.task_id)
    if found is None:
        raise NotFound("task")  # deleted this very moment
    return found


def task_status(parent: strawberry.Parent[Entry]) -> TaskStatus:
    """Return the status the task got."""
    return TaskStatus(parent.status or "")


async def step(parent: strawberry.Parent[Entry], info: Info) -> Step:
    """Return the step as it stands now."""
    found = await info.context.loaders.step.load(step_id(parent.task_id, parent.step_index or 0))
    if found is None:
        raise NotFound("task")
    return found


def step_status(parent: strawberry.Parent[Entry]) -> StepStatus:
    """Return the status the step got."""
    return StepStatus(parent.status or "")


def lines(parent: strawberry.Parent[Entry]) -> list[log.Line]:
    """Return the text cut into lines; none where it is kept no more."""
    if parent.expired:
        return []
    return log.lines(parent.text, parent.first_line, parent.time, LogStream(parent.stream))
