"""What the Strawberry server reads: Tortoise's models by DataLoaders, made for each request."""

import hashlib
from collections import defaultdict
from collections.abc import Hashable, Iterable
from datetime import UTC, datetime
from typing import Any

from strawberry.dataloader import DataLoader
from tortoise import connections
from tortoise.models import Model

from db.models import Application, Environment, Org, Session, Step, Task, User

LATEST = """SELECT y.* FROM unnest($1::text[]) p(id) CROSS JOIN LATERAL (SELECT * FROM task x
  WHERE x.app_id = p.id ORDER BY x.created_time DESC, x.id DESC LIMIT $2) y"""


async def viewer(token: str) -> User | None:
    """Return whose token it is."""
    digest = hashlib.sha256(token.encode()).hexdigest()
    mine = Session.filter(token_hash=digest, expires_time__gt=datetime.now(UTC))
    session = await mine.select_related("user").first()
    return session.user if session else None


async def role(user: User, application: Application) -> str | None:
    """Return the caller's role in an application's team; None: they may not see it."""
    team = application.owner_org.name
    mine = await Org.get_or_none(user_id=user.id, name=team)
    return mine.role if mine else None


class Loaders:
    """Loads by sets what the fields of one request ask for one by one."""

    def __init__(self) -> None:
        self.owners = DataLoader(self._owners)
        self.teams = DataLoader(self._teams)
        self.applications = DataLoader(self._applications)
        self.application = DataLoader(self._application)
        self.environments = DataLoader(self._environments)
        self.task = DataLoader(self._task)
        self.steps = DataLoader(self._steps)
        self._latest: dict[int, DataLoader[str, list[Task]]] = {}

    def latest(self, size: int) -> DataLoader[str, list[Task]]:
        """Return the loader of so many tasks of each application."""

        async def load(ids: list[str]) -> list[list[Task]]:
            rows = await connections.get("default").execute_query_dict(LATEST, [ids, size])
            return _grouped(ids, (Task(**row, _saved_in_db=True) for row in rows), "app_id")

        return self._latest.setdefault(size, DataLoader(load))

    async def _owners(self, names: list[str]) -> list[Org | None]:
        rows = await Org.filter(name__in=names, role="OWNER")
        return _each(names, rows, "name")

    async def _teams(self, users: list[str]) -> list[list[Org]]:
        rows = await Org.filter(user_id__in=users).order_by("name", "id")
        return _grouped(users, rows, "user_id")

    async def _applications(self, owners: list[str]) -> list[list[Application]]:
        rows = await Application.filter(owner_org_id__in=owners).order_by("name", "id")
        return _grouped(owners, rows, "owner_org_id")

    async def _application(self, ids: list[str]) -> list[Application | None]:
        return _each(ids, await Application.filter(id__in=ids), "id")

    async def _environments(self, ids: list[str]) -> list[list[Environment]]:
        rows = await Environment.filter(application_id__in=ids).order_by("name")
        return _grouped(ids, rows, "application_id")

    async def _task(self, ids: list[str]) -> list[Task | None]:
        return _each(ids, await Task.filter(id__in=ids), "id")

    async def _steps(self, ids: list[str]) -> list[list[Step]]:
        rows = await Step.filter(task_id__in=ids).order_by("index")
        return _grouped(ids, rows, "task_id")


def _grouped(keys: list[str], rows: Iterable[Model], column: str) -> list[list[Any]]:
    found: dict[Hashable, list[Model]] = defaultdict(list)
    for row in rows:
        found[getattr(row, column)].append(row)
    return [found[key] for key in keys]


def _each(keys: list[str], rows: Iterable[Model], column: str) -> list[Any]:
    found = {getattr(row, column): row for row in rows}
    return [found.get(key) for key in keys]
