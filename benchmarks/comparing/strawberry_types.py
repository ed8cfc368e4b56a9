"""The schema of the pages in Strawberry, as its documentation writes types and resolvers."""

from datetime import datetime
from enum import Enum
from typing import Any, Self

import strawberry
from strawberry import ID, Info
from strawberry_loaders import role
from tortoise.expressions import Q

from db import models

MAY = frozenset({"OWNER", "ADMIN", "MEMBER"})


@strawberry.enum
class Role(Enum):
    """A member's standing."""

    OWNER = "OWNER"
    ADMIN = "ADMIN"
    MEMBER = "MEMBER"
    VIEWER = "VIEWER"


@strawberry.enum
class Provider(Enum):
    """Where the repository is."""

    GIT = "git"
    GITHUB = "github"
    GITEE = "gitee"
    GITLAB = "gitlab"
    CODEUP = "codeup"


@strawberry.enum
class EnvironmentType(Enum):
    """What it is for."""

    TESTING = "testing"
    STAGING = "staging"
    PRODUCTION = "production"


@strawberry.enum
class TaskStatus(Enum):
    """Where a task stands."""

    PENDING = "pending"
    WAITING_APPROVAL = "waiting_approval"
    RUNNING = "running"
    SUCCESS = "success"
    FAILURE = "failure"
    CANCELLED = "cancelled"
    LOST = "lost"


@strawberry.enum
class StepStatus(Enum):
    """Where a step stands."""

    PENDING = "pending"
    RUNNING = "running"
    SUCCESS = "success"
    FAILURE = "failure"
    CANCELLED = "cancelled"
    SKIPPED = "skipped"
    ERROR_WITH_CONTINUE = "error_with_continue"


@strawberry.type
class Step:
    """A part of a task."""

    index: int
    name: str
    status: StepStatus
    started_time: datetime | None
    finished_time: datetime | None

    @classmethod
    def of(cls, row: models.Step) -> Self:
        """Return what is shown of a row."""
        return cls(
            index=row.index,
            name=row.name,
            status=StepStatus(row.status),
            started_time=row.started_time,
            finished_time=row.finished_time,
        )


@strawberry.type
class TaskPermissions:
    """What the caller may do with a task."""

    redeploy: bool
    cancel: bool


@strawberry.type
class Task:
    """A deploy."""

    row: strawberry.Private[models.Task]
    id: ID
    status: TaskStatus
    env_name: str
    ref: str | None
    branch: str | None
    commit: str | None
    message: str | None
    trigger_type: str
    created_time: datetime
    started_time: datetime | None
    finished_time: datetime | None

    @classmethod
    def of(cls, row: models.Task) -> Self:
        """Return what is shown of a row."""
        return cls(
            row=row,
            id=ID(row.id),
            status=TaskStatus(row.status),
            env_name=row.env_name,
            ref=row.ref,
            branch=row.branch,
            commit=row.commit,
            message=row.message,
            trigger_type=row.trigger_type,
            created_time=row.created_time,
            started_time=row.started_time,
            finished_time=row.finished_time,
        )

    @strawberry.field
    def duration(self) -> float | None:
        """Return the seconds it took."""
        if self.started_time is None or self.finished_time is None:
            return None
        return (self.finished_time - self.started_time).total_seconds()

    @strawberry.field
    async def steps(self, info: Info) -> list[Step]:
        """Return its parts."""
        return [Step.of(row) for row in await info.context["loaders"].steps.load(self.row.id)]

    @strawberry.field
    async def application(self, info: Info) -> "Application":
        """Return what is deployed."""
        return Application.of(await info.context["loaders"].application.load(self.row.app_id))

    @strawberry.field
    async def viewer_can(self, info: Info) -> TaskPermissions:
        """Return what the caller may do with it."""
        may = await role(info.context["viewer"], self.row.app) in MAY
        return TaskPermissions(redeploy=may, cancel=may)


@strawberry.type
class PageInfo:
    """What is beside a page."""

    has_next_page: bool
    end_cursor: str | None


@strawberry.type
class TaskConnection:
    """A page of tasks."""

    page_info: PageInfo
    nodes: list[Task]

    @classmethod
    def of(cls, rows: list[models.Task], size: int) -> Self:
        """Return a page of *size*, of which there may be one row more."""
        nodes = [Task.of(row) for row in rows[:size]]
        last = nodes[-1] if nodes else None
        cursor = f"{last.created_time.isoformat()} {last.id}" if last else None
        return cls(
            page_info=PageInfo(has_next_page=len(rows) > size, end_cursor=cursor), nodes=nodes
        )


@strawberry.input
class TaskFilter:
    """Which tasks."""

    env_name: str
    statuses: list[TaskStatus]


@strawberry.type
class Environment:
    """Where an application is deployed to."""

    latest_task_id: strawberry.Private[str | None]
    id: ID
    name: str
    type: EnvironmentType
    version: int

    @classmethod
    def of(cls, row: models.Environment) -> Self:
        """Return what is shown of a row."""
        return cls(
            latest_task_id=row.latest_task_id,
            id=ID(row.id),
            name=row.name,
            type=EnvironmentType(row.type),
            version=row.version,
        )

    @strawberry.field
    async def latest_task(self, info: Info) -> Task | None:
        """Return the task that was made last."""
        if self.latest_task_id is None:
            return None
        row = await info.context["loaders"].task.load(self.latest_task_id)
        return Task.of(row) if row else None


@strawberry.type
class ApplicationPermissions:
    """What the caller may do with an application."""

    deploy: bool
    update: bool


@strawberry.type
class Application:
    """A repository that a team deploys."""

    row: strawberry.Private[models.Application]
    id: ID
    name: str
    description: str | None
    provider: Provider
    repo_url: str
    updated_time: datetime

    @classmethod
    def of(cls, row: models.Application) -> Self:
        """Return what is shown of a row."""
        return cls(
            row=row,
            id=ID(row.id),
            name=row.name,
            description=row.description,
            provider=Provider(row.provider),
            repo_url=row.repo_url,
            updated_time=row.updated_time,
        )

    @strawberry.field
    def owner_org(self) -> "Org":
        """Return the row of its team's owner."""
        return Org.of(self.row.owner_org)

    @strawberry.field
    async def viewer_can(self, info: Info) -> ApplicationPermissions:
        """Return what the caller may do with it."""
        may = await role(info.context["viewer"], self.row) in MAY
        return ApplicationPermissions(deploy=may, update=may)

    @strawberry.field
    async def environments(self, info: Info) -> list[Environment]:
        """Return where it is deployed to."""
        rows = await info.context["loaders"].environments.load(self.row.id)
        return [Environment.of(row) for row in rows]

    @strawberry.field
    async def tasks(
        self,
        info: Info,
        first: int = 20,
        after: str | None = None,
        where: TaskFilter | None = None,
    ) -> TaskConnection:
        """Return a page of its tasks."""
        if where is None:
            rows = await info.context["loaders"].latest(first + 1).load(self.row.id)
            return TaskConnection.of(rows, first)
        statuses = [each.value for each in where.statuses]
        found = models.Task.filter(app_id=self.row.id, env_name=where.env_name, status__in=statuses)
        if after:
            time, _, key = after.partition(" ")
            found = found.filter(_behind(datetime.fromisoformat(time), key))
        return TaskConnection.of(
            await found.order_by("-created_time", "-id").limit(first + 1), first
        )


def _behind(time: datetime, key: str) -> Any:
    return Q(created_time__lt=time) | Q(created_time=time, id__lt=key)


@strawberry.type
class ApplicationConnection:
    """A page of applications."""

    nodes: list[Application]


@strawberry.type
class Org:
    """A member's row in a team."""

    row: strawberry.Private[models.Org]
    id: ID
    name: str
    role: Role

    @classmethod
    def of(cls, row: models.Org) -> Self:
        """Return what is shown of a row."""
        return cls(row=row, id=ID(row.id), name=row.name, role=Role(row.role))

    @strawberry.field
    async def alias(self, info: Info) -> str | None:
        """Return the name people see, which stands on the owner's row."""
        return (await info.context["loaders"].owners.load(self.row.name)).alias

    @strawberry.field
    async def applications(self, info: Info, first: int = 20) -> ApplicationConnection:
        """Return the team's applications."""
        loaders = info.context["loaders"]
        owner = await loaders.owners.load(self.row.name)
        rows = await loaders.applications.load(owner.id)
        return ApplicationConnection(nodes=[Application.of(row) for row in rows[:first]])


@strawberry.type
class OrgConnection:
    """A page of teams."""

    nodes: list[Org]


@strawberry.type
class User:
    """A person."""

    id: ID
    username: str
    avatar: str | None

    @strawberry.field
    async def orgs(self, info: Info, first: int = 20) -> OrgConnection:
        """Return their teams."""
        rows = await info.context["loaders"].teams.load(self.id)
        return OrgConnection(nodes=[Org.of(row) for row in rows[:first]])


@strawberry.type
class Query:
    """Where reading begins."""

    @strawberry.field
    async def viewer(self, info: Info) -> User | None:
        """Return who asks."""
        row = info.context["viewer"]
        return User(id=ID(row.id), username=row.username, avatar=row.avatar) if row else None

    @strawberry.field
    async def application(self, info: Info, id: ID) -> Application | None:  # noqa: A002
        """Return an application of one of the caller's teams."""
        row = await models.Application.get_or_none(id=id).select_related("owner_org")
        viewer = info.context["viewer"]
        if row is None or viewer is None or await role(viewer, row) is None:
            return None
        return Application.of(row)

    @strawberry.field
    async def task(self, info: Info, id: ID) -> Task | None:  # noqa: A002
        """Return a task of one of the caller's teams."""
        row = await models.Task.get_or_none(id=id).select_related("app__owner_org")
        viewer = info.context["viewer"]
        if row is None or viewer is None or await role(viewer, row.app) is None:
            return None
        return Task.of(row)


schema = strawberry.Schema(query=Query)
