"""Subscriptions, and what an event shows besides its own facts."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import aclosing
from typing import Annotated, TypeVar

import strawberry

from auth import viewer as viewers
from auth.permissions import Action, NotFound
from auth.sessions import Unauthenticated
from control import log
from control.journal import step_id
from control.port import Entry, EntryKind, Watched
from control.streams import while_running
from db.models import Application, Org, Step, Task
from engine.events import LogStream
from engine.state import StepStatus, TaskStatus
from resolvers.context import Context, Info

T = TypeVar("T")


async def task_events(
    info: Info,
    task_id: Annotated[strawberry.ID, strawberry.argument(description="The task.")],
    after: Annotated[
        int, strawberry.argument(description="The sequence of the last event already seen.")
    ] = 0,
) -> AsyncGenerator[Entry, None]:
    """Yield every event of a task behind *after*: what is stored, then live, to the end."""
    context = info.context

    async def find() -> Task:
        return await context.task(str(task_id), Action.READ)

    task = await find()
    tail = context.services.queue.tail(task.id, max(after, context.seen))
    last: Entry | None = None
    async with aclosing(_while_allowed(context, tail, find)) as entries:
        async for entry in entries:
            last, context.seen = entry, entry.seq
            yield entry
    if last is None or last.kind is not EntryKind.END:
        context.forget()
        await find()  # it may be gone


async def application_tasks(
    info: Info,
    application_id: Annotated[strawberry.ID, strawberry.argument(description="The application.")],
    env_name: Annotated[
        str | None, strawberry.argument(description="Only tasks of this environment.")
    ] = None,
) -> AsyncGenerator[Task, None]:
    """Yield the tasks of an application whenever one of them or of their steps changes status."""
    context = info.context
    only = env_name or (context.viewer.env_name if context.viewer else None)

    async def find() -> Application:
        return await context.application(str(application_id), Action.READ, only)

    application = await find()
    watched = Watched(application_id=application.id, env_name=only)
    async with aclosing(_changes(context, watched, find)) as tasks:
        async for task in tasks:
            yield task


async def org_tasks(
    info: Info,
    org_name: Annotated[str, strawberry.argument(description="The team's name.")],
) -> AsyncGenerator[Task, None]:
    """Yield the tasks of a team whenever one of them or of their steps changes status."""
    context = info.context

    async def find() -> Org:
        return await context.require(org_name, Action.READ, what="team")

    await find()
    async with aclosing(_changes(context, Watched(org_name=org_name), find)) as tasks:
        async for task in tasks:
            yield task


def _changes(
    context: Context, watched: Watched, find: Callable[[], Awaitable[object]]
) -> AsyncGenerator[Task, None]:
    return _while_allowed(context, context.services.queue.changes(watched), find)


async def _while_allowed(
    context: Context, items: AsyncGenerator[T, None], find: Callable[[], Awaitable[object]]
) -> AsyncGenerator[T, None]:
    """Yield *items*, each with fresh loaders, until *find* refuses: then raise what it says.

    It is asked again whenever the caller may have lost a right.
    """
    looking = asyncio.create_task(look(context, find))
    try:
        async with aclosing(items):
            async for item in while_running(items, looking):
                context.forget()
                yield item
        if looking.done():
            looking.result()
    finally:
        looking.cancel()
        await asyncio.wait({looking})


async def look(context: Context, find: Callable[[], Awaitable[object]]) -> None:
    """Raise as soon as the caller may not look any more: *find* says so, or they are signed out."""
    viewer = context.signed_in()
    async with aclosing(context.services.rights.looks(viewer.user.id)) as looks:
        async for _ in looks:
            if not await viewers.alive(viewer):
                raise Unauthenticated
            context.forget()
            await find()


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
    """Return the text cut into lines."""
    return log.lines(parent.text, parent.first_line, parent.time, LogStream(parent.stream))
