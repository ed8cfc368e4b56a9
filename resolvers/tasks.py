"""Tasks: deploy, redeploy, roll back, cancel, and what a task shows."""

import asyncio
from collections.abc import Awaitable
from dataclasses import dataclass, replace
from typing import Annotated

import strawberry

from auth.permissions import Action, NotFound
from control import journal, log
from control.deploys import (
    Blocker,
    Dispatch,
    RedeployMode,
    TriggerType,
    blockers,
    callers_key,
)
from control.port import Entry, WaitingFor
from db import labels
from db.models import Application, Document, Environment, LogChunk, Org, Step, Task
from engine.state import StepStatus, TaskStatus
from providers import Provider
from resolvers.applications import row_in_team
from resolvers.applications import visible as visible_application
from resolvers.arguments import Input
from resolvers.changing import still
from resolvers.context import Context, Info
from resolvers.paging import Condition, InvalidPage, PageFlaw, Relation, Selection
from resolvers.task_inputs import (
    CancelTaskInput,
    DeployInput,
    RedeployInput,
    RollbackInput,
    texts_of,
)

EVENTS_MAX = 200
LINE_NUMBER_MAX = 2**31 - 1 - log.LINES_MAX - 1  # what is compared with a column fits it
CHUNKS = Relation(
    "step.chunks",
    LogChunk,
    '"log_chunk" x',
    ("x.task_id", "x.step_index"),
    "seq",
    numbered=True,
)
DEFAULT_REASON = "cancelled by {username}"


@dataclass(frozen=True, slots=True)
class EventPage:
    """Entries of the journal, and the sequence to go on from."""

    events: list[Entry]
    cursor: int
    has_more: bool


@dataclass(frozen=True, slots=True)
class Kept:
    """An artifact of a task, and where to get it."""

    name: str
    size_bytes: int
    url: str


async def task(
    info: Info,
    id: Annotated[strawberry.ID, strawberry.argument(description="The id.")],  # noqa: A002
) -> Task | None:
    """Return a task of the caller's teams."""
    return await visible(info.context, await info.context.loaders.task.load(str(id)))


async def visible(context: Context, task: Task | None) -> Task | None:
    """Return *task* if the caller is in its team, else None."""
    if task is None or not context.sees(task.app_id, task.env_name):
        return None
    found = await context.loaders.application.load(task.app_id)
    return task if await visible_application(context, found) else None


async def deploy(info: Info, input: Input[DeployInput]) -> Task:  # noqa: A002 (the API's name)
    """Queue a deploy and return its task, PENDING."""
    context = info.context
    application = await context.application(
        str(input.application_id), Action.DEPLOY, input.env_name
    )
    input.check()
    return await context.services.deploys.dispatch(
        Dispatch(
            actor=context.actor,
            application=application,
            env_name=input.env_name,
            trigger_type=TriggerType.MANUAL,
            by=await _mine(context, application),
            ref=input.ref,
            commit=input.commit,
            message=input.message,
            inputs=texts_of(input.inputs) or {},
            debug=input.debug,
            idempotency_key=callers_key(input.idempotency_key),
            still=await still(context, application, Action.DEPLOY),
        )
    )


async def redeploy(info: Info, input: Input[RedeployInput]) -> Task:  # noqa: A002 (the API's name)
    """Queue a task's commit again."""
    request = await _repeat(info.context, input, TriggerType.REDEPLOY, debug=input.debug)
    return await info.context.services.deploys.redeploy(request)


async def rollback(info: Info, input: Input[RollbackInput]) -> Task:  # noqa: A002 (the API's name)
    """Queue an earlier successful task of the environment again."""
    request = await _repeat(info.context, input, TriggerType.ROLLBACK, reason=input.reason)
    return await info.context.services.deploys.rollback(request)


async def _repeat(
    context: Context,
    input: RedeployInput | RollbackInput,  # noqa: A002 (the API's name)
    trigger_type: TriggerType,
    *,
    debug: bool = False,
    reason: str | None = None,
) -> Dispatch:
    source = await context.task(str(input.task_id), Action.DEPLOY)
    input.check()
    application = await _application(context, source)
    return Dispatch(
        actor=context.actor,
        application=application,
        env_name=source.env_name,
        trigger_type=trigger_type,
        by=await _mine(context, application),
        message=source.message,
        debug=debug,
        reason=reason,
        source=source,
        exact=input.mode is RedeployMode.EXACT,
        idempotency_key=callers_key(input.idempotency_key),
        still=await still(context, application, Action.DEPLOY),
    )


async def cancel_task(info: Info, input: Input[CancelTaskInput]) -> Task:  # noqa: A002 (the API's name)
    """Cancel a pending task at once; have a running one stopped."""
    context = info.context
    found = await context.task(str(input.task_id), Action.CANCEL)
    input.check()
    username = context.signed_in().user.username
    reason = input.reason or DEFAULT_REASON.format(username=username)
    refuse = await still(context, await _application(context, found), Action.CANCEL)
    return await context.services.deploys.cancel(found, reason, context.actor, refuse)


async def _application(context: Context, task: Task) -> Application:
    found = await context.loaders.application.load(task.app_id)
    if found is None:
        raise NotFound("application")  # deleted this very moment
    return found


async def _mine(context: Context, application: Application) -> Org | None:
    return await context.membership((await context.owner(application)).name)


async def application(parent: strawberry.Parent[Task], info: Info) -> Application:
    """Return what was deployed."""
    return await _application(info.context, parent)


def environment(parent: strawberry.Parent[Task], info: Info) -> Awaitable[Environment | None]:
    """Return where it was deployed; None once the environment is gone."""
    return info.context.loaders.environment.load(f"{parent.app_id}:{parent.env_name}")


def status(parent: strawberry.Parent[Task]) -> TaskStatus:
    """Return where the task stands."""
    return TaskStatus(parent.status)


def runs_on(parent: strawberry.Parent[Task]) -> list[str]:
    """Return the labels that its worker must have."""
    return labels.split(parent.runs_on)


def waiting_for(parent: strawberry.Parent[Task]) -> WaitingFor | None:
    """Return what it waits for besides its turn."""
    waits = parent.status == TaskStatus.PENDING and not parent.reported
    return WaitingFor.WORKER if waits and parent.stranded else None


def completed(parent: strawberry.Parent[Task]) -> bool:
    """Tell whether the task has ended."""
    return TaskStatus(parent.status).completed


async def artifacts(parent: strawberry.Parent[Task], info: Info) -> list[Kept]:
    """Return what the task keeps, by name, with where to get it."""
    services = info.context.services
    found = await asyncio.to_thread(services.store.artifacts, parent.id)
    path = f"{services.public_url}/artifacts/{parent.id}"
    return [Kept(each.name, each.size_bytes, f"{path}/{each.name}") for each in found]


def steps(parent: strawberry.Parent[Task], info: Info) -> Awaitable[list[Step]]:
    """Return the steps in order; step 0 sets the task up."""
    return info.context.loaders.steps.load(parent.id)


async def dispatch_org(parent: strawberry.Parent[Task], info: Info) -> Org | None:
    """Return the row of who did it; None for webhooks, and once that member has left."""
    if parent.dispatch_org_id is None:
        return None
    application = await _application(info.context, parent)
    return await row_in_team(info.context, application, parent.dispatch_org_id)


async def provider(parent: strawberry.Parent[Task], info: Info) -> Provider | None:
    """Return who hosts the repository."""
    return Provider((await _application(info.context, parent)).provider)


def source_task(parent: strawberry.Parent[Task], info: Info) -> Awaitable[Task | None]:
    """Return the task that a redeploy or a rollback repeats."""
    return info.context.loaders.task.maybe(parent.source_task_id)


def superseded_by(parent: strawberry.Parent[Task], info: Info) -> Awaitable[Task | None]:
    """Return the newer task that replaced this one."""
    return info.context.loaders.task.maybe(parent.superseded_by_id)


def duration(parent: strawberry.Parent[Task]) -> float | None:
    """Return the seconds from start to end."""
    if parent.started_time is None or parent.finished_time is None:
        return None
    return (parent.finished_time - parent.started_time).total_seconds()


async def viewer_can(parent: strawberry.Parent[Task], info: Info) -> frozenset[Action]:
    """Return what the caller may do in the task's team."""
    application = await _application(info.context, parent)
    return await info.context.allowed((await info.context.owner(application)).name)


def trigger_payload(parent: strawberry.Parent[Task], info: Info) -> Awaitable[Document | None]:
    """Return the request that caused the task."""
    return info.context.loaders.document(Task, "trigger_payload").load(parent.id)


def step_outputs(parent: strawberry.Parent[Step], info: Info) -> Awaitable[Document | None]:
    """Return what the step set for later steps."""
    return info.context.loaders.document(Step, "outputs").load(parent.id)


async def rollback_blockers(parent: strawberry.Parent[Task], info: Info) -> list[Blocker]:
    """Return what keeps the task from being rolled back to exactly as it was."""
    whole = await info.context.loaders.whole_task.load(parent.id)
    if whole is None:
        raise NotFound("task")  # deleted this very moment
    application = await _application(info.context, parent)
    owner = await info.context.owner(application)
    environment_id = f"{parent.app_id}:{parent.env_name}"
    found = await info.context.loaders.whole_environment.load(environment_id)
    return blockers(whole, owner, found)


async def events(
    parent: strawberry.Parent[Task],
    info: Info,
    after: Annotated[
        int | None, strawberry.argument(description="The sequence of the last event already seen.")
    ] = 0,
    first: Annotated[
        int | None, strawberry.argument(description="How many; at most 200, default 100.")
    ] = journal.PAGE_ENTRIES,
) -> EventPage:
    """Return a page of the journal."""
    limit = journal.PAGE_ENTRIES if first is None else first
    if not 0 <= limit <= EVENTS_MAX:
        raise InvalidPage(PageFlaw.EVENTS.of(most=EVENTS_MAX))
    entries = await info.context.loaders.events(after or 0, limit + 1).load(parent.id)
    shown = entries[:limit]
    return EventPage(shown, shown[-1].seq if shown else after or 0, len(entries) > limit)


def step_status(parent: strawberry.Parent[Step]) -> StepStatus:
    """Return where the step stands."""
    return StepStatus(parent.status)


def step_duration(parent: strawberry.Parent[Step]) -> float | None:
    """Return the seconds from start to end."""
    if parent.started_time is None or parent.finished_time is None:
        return None
    return (parent.finished_time - parent.started_time).total_seconds()


async def step_log(
    parent: strawberry.Parent[Step],
    info: Info,
    after_line: Annotated[
        int | None, strawberry.argument(description="The number of the last line already seen.")
    ] = 0,
    first: Annotated[
        int | None, strawberry.argument(description="How many lines; at most 1,000, the default.")
    ] = log.LINES_MAX,
) -> log.LogPage:
    """Return lines of the step's log."""
    limit = log.LINES_MAX if first is None else first
    if not 0 <= limit <= log.LINES_MAX:
        raise InvalidPage(PageFlaw.LINES.of(most=log.LINES_MAX))
    after = min(max(after_line or 0, 0), LINE_NUMBER_MAX)
    behind = Condition("x.last_line", ">", (after,))
    needed = Condition("x.first_line", "<=", (after + limit + 1,))  # one more says there is more
    selection = Selection((behind, needed), size=log.CHUNKS_MAX + 1)
    found = await info.context.loaders.page(CHUNKS, selection).load(parent.id)
    chunks = [edge.node for edge in found.edges]
    page = log.page(parent, chunks, after, limit)
    if parent.finished_time is None or (chunks and chunks[0].first_line <= after + 1):
        return page
    return replace(page, expired=await info.context.loaders.expired.load(parent.id))
