"""Workers elsewhere."""

from datetime import datetime

import strawberry

from auth.permissions import Action
from db.machines import WorkerMachine
from resolvers.workers import machines
from schema.mutations import mutation
from schema.node import shows
from schema.problems import ACCESS, AlreadyExistsProblem, InvalidProblem, LimitExceededProblem


@strawberry.type(description="A machine that runs tasks, and reaches this server by HTTP alone.")
class Worker:
    """A machine that runs tasks."""

    is_type_of = shows(WorkerMachine)
    id: strawberry.ID = strawberry.field(description="Opaque, and unique in the whole server.")
    name: str = strawberry.field(description="Unique in the team.")
    labels: list[str] = strawberry.field(description="What it is good for.")
    shared = strawberry.field(
        machines.shared,
        graphql_type=bool,
        description="Whether it runs tasks of all teams; then only the operator can remove it.",
    )
    registered = strawberry.field(
        machines.registered, graphql_type=bool, description="Whether its token was used."
    )
    version: str | None = strawberry.field(
        description="Which Rollway it runs; null before its first start."
    )
    slots: int | None = strawberry.field(
        description="How many tasks it runs at a time; null before its first start."
    )
    running: int | None = strawberry.field(
        description="How many tasks it runs now; null for a shared one, and where it was just made."
    )
    online = strawberry.field(
        machines.online,
        graphql_type=bool,
        description="Whether it works, and was heard of within half a minute.",
    )
    last_seen_time: datetime | None = strawberry.field(
        name="lastContactTime",
        description="When it was heard of last, to a few seconds; null when never.",
    )
    created_time: datetime = strawberry.field(description="When it was made.")


@strawberry.type(description="A new worker.")
class CreateWorkerPayload:
    """A new worker."""

    worker: Worker = strawberry.field(description="The worker, as it is listed.")
    token: str = strawberry.field(
        description="What it registers with: once, within an hour. It is shown this once."
    )


@strawberry.type(description="A worker that was removed.")
class RemoveWorkerPayload:
    """A worker that was removed."""

    deleted_id: strawberry.ID = strawberry.field(description="Its id.")


@strawberry.type(description="What can be changed about workers.")
class WorkerMutations:
    """What can be changed about workers."""

    create_worker = mutation(
        machines.create,
        CreateWorkerPayload,
        lambda made: CreateWorkerPayload(worker=made.worker, token=made.token),
        *ACCESS,
        InvalidProblem,
        AlreadyExistsProblem,
        LimitExceededProblem,
        needs=Action.SET_SECRETS,
        description="Make a worker that runs this team's tasks alone, and is given their secrets."
        " At most 200 a team. An API token is not enough.",
    )
    remove_worker = mutation(
        machines.remove,
        RemoveWorkerPayload,
        lambda removed: RemoveWorkerPayload(deleted_id=removed),
        *ACCESS,
        needs=Action.SET_SECRETS,
        description="Remove a worker: it is told nothing any more, and its tasks are lost.",
    )
