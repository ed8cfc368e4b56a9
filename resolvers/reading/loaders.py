"""Loads by sets: whatever a page asks for, each relation costs one statement."""

import asyncio
from collections.abc import Awaitable, Callable, Hashable, Iterable, Sequence
from datetime import datetime
from functools import cached_property
from typing import Any, TypeVar
from weakref import proxy

from tortoise.functions import Max
from tortoise.models import Model

from auth.permissions import Role
from control import journal, retention
from control.port import Entry
from db.models import Application, Delivery, Document, Environment, Org, Step, Task, User
from db.rows import among, large, one
from db.uses import DeprecatedUse
from resolvers import paging
from resolvers.operations import uses
from resolvers.operations.bounds import (
    CHARACTERS,
    CHARACTERS_MAX,
    ROWS,
    ROWS_MAX,
    AnswerTooLong,
)
from resolvers.paging import Page, Relation, Selection
from resolvers.reading.loader import Loader

BY_ID = {Org: "org", Application: "application", Environment: "environment", Task: "task"}

M = TypeVar("M", bound=Model)
K = TypeVar("K")
T = TypeVar("T")


class Loaders:
    """The loaders of one operation; nothing is cached beyond it."""

    def __init__(self) -> None:
        self._running: set[asyncio.Task[Any]] = set()
        self._keyed: dict[Hashable, Loader[Any, Any]] = {}

    @cached_property
    def user(self) -> Loader[str, User | None]:
        """Return the loader of users by id."""
        return self._loader(by_id(User))

    @cached_property
    def org(self) -> Loader[str, Org | None]:
        """Return the loader of members' rows by id."""
        return self._loader(by_id(Org))

    @cached_property
    def application(self) -> Loader[str, Application | None]:
        """Return the loader of applications by id."""
        return self._loader(by_id(Application))

    async def owned(self, application_id: str) -> Application | None:
        """Return an application; its OWNER's row, which is asked for next, is read with it."""
        known = await one(Application, "id", application_id, "owner_org")
        if known is not None:
            self.application.prime({known.id: known})
            self.org.prime({known.owner_org_id: known.owner_org})
        return known

    @cached_property
    def environment(self) -> Loader[str, Environment | None]:
        """Return the loader of environments by id."""
        return self._loader(by_id(Environment))

    @cached_property
    def task(self) -> Loader[str, Task | None]:
        """Return the loader of tasks by id, without what is large."""
        return self._loader(by_id(Task))

    @cached_property
    def whole_task(self) -> Loader[str, Task | None]:
        """Return the loader of tasks by id, with all there is."""
        return self._loader(_whole_tasks)

    @cached_property
    def whole_environment(self) -> Loader[str, Environment | None]:
        """Return the loader of environments by id, with all there is."""
        return self._loader(_whole_environments)

    def document(self, model: type[Model], column: str) -> Loader[str, Document | None]:
        """Return the loader of a column that may be large, by the row's id; AnswerTooLong."""

        async def load(ids: list[str]) -> Sequence[Document | AnswerTooLong | None]:
            found = await large(model, column, ids, CHARACTERS_MAX)
            if found is None:  # one for each: raised for all, one would carry all their traces
                return [AnswerTooLong(CHARACTERS_MAX, CHARACTERS) for _ in ids]
            return [found.get(each) for each in ids]

        return self._by((model, column), load)

    @cached_property
    def step(self) -> Loader[str, Step | None]:
        """Return the loader of steps by id."""
        return self._loader(by_id(Step))

    @cached_property
    def owner(self) -> Loader[str, Org | None]:
        """Return the loader of the OWNERs' rows by their teams' names."""
        return self._loader(_owners)

    @cached_property
    def membership(self) -> Loader[tuple[str, str], Org | None]:
        """Return the loader of members' rows by user id and team's name."""
        return self._loader(_memberships)

    @cached_property
    def teams(self) -> Loader[str, list[str]]:
        """Return the loader of the names of users' teams."""
        return self._loader(_teams)

    @cached_property
    def steps(self) -> Loader[str, list[Step]]:
        """Return the loader of the steps of tasks, in order."""
        return self._loader(_steps)

    @cached_property
    def delivered(self) -> Loader[str, datetime | None]:
        """Return the loader of when applications' webhooks were called last."""
        return self._loader(_delivered)

    @cached_property
    def environments(self) -> Loader[str, list[Environment]]:
        """Return the loader of the environments of applications, by name."""
        weak = proxy(self)  # as below

        async def load(application_ids: list[str]) -> list[list[Environment]]:
            rows = await _whole(Environment, "application_id", application_ids, "name")
            weak.know(Environment, rows)
            found: dict[str, list[Environment]] = {each: [] for each in application_ids}
            for row in rows:
                found[row.application_id].append(row)
            return [found[each] for each in application_ids]

        return self._loader(load)

    @cached_property
    def expired(self) -> Loader[str, bool]:
        """Return the loader of whether steps' logs have expired."""
        return self._loader(retention.expired)

    @cached_property
    def uses(self) -> Loader[str, list[DeprecatedUse]]:
        """Return the loader of what API tokens use that is deprecated."""
        return self._loader(uses.by_token)

    def stop(self) -> None:
        """End the statements that are still running: nobody waits for them any more."""
        for task in self._running:
            task.cancel()

    def events(self, after: int, limit: int) -> Loader[str, list[Entry]]:
        """Return the loader of a page of the journal for each task id."""
        return self._by(("events", after, limit), lambda ids: journal.pages(ids, after, limit))

    def page(self, relation: Relation, selection: Selection) -> Loader[str, Page]:
        """Return the loader of one page of *relation* for each parent id."""
        weak = proxy(self)  # it would hold itself, and all that was loaded

        async def load(keys: list[str]) -> list[Page]:
            pages = await paging.pages(relation, selection, keys)
            weak.know(relation.model, [edge.node for page in pages for edge in page.edges])
            return pages

        return self._by((relation.name, selection), load)

    def count(self, relation: Relation, selection: Selection) -> Loader[str, int]:
        """Return the loader of how many rows *relation* has for each parent id."""
        unpaged = selection.unpaged()
        return self._by(
            (relation.name, unpaged, "count"),
            lambda keys: paging.counts(relation, unpaged, keys),
        )

    def know(self, model: type[Model], rows: Iterable[Model]) -> None:
        """Spare the loaders by id what was just loaded otherwise."""
        if model in BY_ID:
            loader: Loader[str, Any] = getattr(self, BY_ID[model])
            loader.prime({row.pk: row for row in rows})

    def _by(
        self, key: Hashable, load: Callable[[list[str]], Awaitable[Sequence[Any]]]
    ) -> Loader[str, Any]:
        if key not in self._keyed:
            self._keyed[key] = self._loader(load)
        return self._keyed[key]

    def _loader(
        self, load: Callable[[list[K]], Awaitable[Sequence[T | Exception]]]
    ) -> Loader[K, T]:
        """Return a loader whose statement `stop` can end."""
        return Loader(load, self._running)  # not ourselves: a ring of what was loaded would stay


def by_id(model: type[M]) -> Callable[[list[str]], Awaitable[list[M | None]]]:
    """Return how to load *model* by primary key; None for what is not there."""

    async def load(ids: list[str]) -> list[M | None]:
        found = {row.pk: row for row in await among(model, "id", ids)}
        return [found.get(each) for each in ids]

    return load


async def _whole_tasks(ids: list[str]) -> list[Task | None]:
    found = {row.id: row for row in await among(Task, "id", ids, whole=True)}
    return [found.get(each) for each in ids]


async def _whole_environments(ids: list[str]) -> list[Environment | None]:
    found = {row.id: row for row in await among(Environment, "id", ids, whole=True)}
    return [found.get(each) for each in ids]


async def _owners(names: list[str]) -> list[Org | None]:
    rows = await among(Org, "name", names, where=f"x.role = '{Role.OWNER.value}'")
    found = {row.name: row for row in rows}
    return [found.get(name) for name in names]


async def _memberships(keys: list[tuple[str, str]]) -> list[Org | None]:
    rows = await among(Org, "id", [f"{user}:{name}" for user, name in keys])
    found = {(row.user_id, row.name): row for row in rows}
    return [found.get(key) for key in keys]


async def _teams(user_ids: list[str]) -> list[list[str]]:
    found: dict[str, list[str]] = {user_id: [] for user_id in user_ids}
    for row in await among(Org, "user_id", user_ids):
        found[row.user_id].append(row.name)
    return [found[user_id] for user_id in user_ids]


async def _delivered(application_ids: list[str]) -> list[datetime | None]:
    """Return when each application's webhook was called last."""
    mine = Delivery.filter(application_id__in=application_ids).group_by("application_id")
    rows = await mine.annotate(last=Max("received_time")).values_list("application_id", "last")
    found = dict(rows)
    return [found.get(each) for each in application_ids]


async def _whole(model: type[M], column: str, keys: list[str], order: str) -> list[M]:
    """Return lists that have no pages, all of them; AnswerTooLong where they are too long."""
    rows = await among(model, column, keys, order=order, most=ROWS_MAX + 1)
    if len(rows) > ROWS_MAX:
        raise AnswerTooLong(ROWS_MAX, ROWS)
    return rows


async def _steps(task_ids: list[str]) -> list[list[Step]]:
    found: dict[str, list[Step]] = {task_id: [] for task_id in task_ids}
    for step in await _whole(Step, "task_id", task_ids, "index"):
        found[step.task_id].append(step)
    return [found[task_id] for task_id in task_ids]
