"""Workers of a team: made, listed, removed, and what is shown of them."""

from dataclasses import dataclass, field

import strawberry
from tortoise.exceptions import IntegrityError
from tortoise.expressions import Q
from tortoise.functions import Count

from auth import machines, teams
from auth.permissions import Action, NotFound
from db import audit
from db.audit import Act, org_chain
from db.machines import WorkerMachine
from db.models import Org, Task
from engine.state import TaskStatus
from resolvers.arguments import Input
from resolvers.context import Info
from resolvers.refusals import Taken
from resolvers.workers.inputs import CreateWorkerInput, RemoveWorkerInput


@dataclass(frozen=True, slots=True)
class Made:
    """A worker, and its registration token, which is shown this once."""

    worker: WorkerMachine
    token: str = field(repr=False)


async def create(info: Info, input: Input[CreateWorkerInput]) -> Made:  # noqa: A002 (the API's name)
    """Make a worker of a team, which is given the team's secrets; only a person may."""
    context = info.context
    user = context.in_person()
    mine = await context.require(input.org_name, Action.SET_SECRETS, what="team")
    input.check()
    try:
        async with teams.changing(mine, Action.SET_SECRETS) as db:
            row, token = await machines.create(input.name, input.labels, mine.name, user.id, db)
            entry = context.entry(Act.WORKER_CREATED, row.id, after=_shown(row))
            await audit.write(org_chain(mine.name), entry, db)
    except IntegrityError as fault:
        raise Taken("name") from fault
    return Made(row, token)


async def remove(info: Info, input: Input[RemoveWorkerInput]) -> str:  # noqa: A002
    """Remove a worker of a team, which can do nothing from now on; return its id."""
    context = info.context
    context.signed_in()
    same = WorkerMachine.filter(id=str(input.worker_id)).exclude(org_name=None)
    found = await same.first()
    if found is None:
        raise NotFound("worker")
    mine = await context.require(found.org_name or "", Action.SET_SECRETS, what="worker")
    async with teams.changing(mine, Action.SET_SECRETS) as db:
        if not await same.using_db(db).delete():
            raise NotFound("worker")
        entry = context.entry(Act.WORKER_REMOVED, found.id, before=_shown(found))
        await audit.write(org_chain(mine.name), entry, db)
    return found.id


async def of_org(parent: strawberry.Parent[Org], info: Info) -> list[WorkerMachine] | None:
    """Return the workers elsewhere that run the team's tasks, its own and those of all teams."""
    if not await info.context.may(parent.name, Action.SET_SECRETS):
        return None
    theirs = WorkerMachine.filter(Q(org_name=parent.name) | Q(org_name=None))
    rows = await theirs.order_by("name", "id")
    running = Task.filter(status=TaskStatus.RUNNING.value).exclude(worker=None)
    sessions = [row.session for row in rows if row.org_name and row.session]
    counted = running.filter(worker__in=sessions).annotate(count=Count("id")).group_by("worker")
    counts = dict(await counted.values_list("worker", "count")) if sessions else {}
    for row in rows:
        row.running = counts.get(row.session, 0) if row.org_name else None
    return rows


def registered(parent: strawberry.Parent[WorkerMachine]) -> bool:
    """Tell whether its token was used."""
    return parent.credential_hash is not None


def shared(parent: strawberry.Parent[WorkerMachine]) -> bool:
    """Tell whether it runs tasks of all teams."""
    return parent.org_name is None


def online(parent: strawberry.Parent[WorkerMachine]) -> bool:
    """Tell whether it works and was heard of lately."""
    return machines.online(parent)


def _shown(row: WorkerMachine) -> dict[str, object]:
    return {"name": row.name, "labels": row.labels}
