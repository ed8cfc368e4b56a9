"""A new task: stored, lined up and told of, by as few statements as its environment allows."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from tortoise.backends.base.client import BaseDBAsyncClient
from tortoise.models import Model

from control import journal
from control.port import ApplicationGone, Draft, EnvironmentGone
from control.queue.superseding import supersede
from control.queue.turns import Turns
from db import audit, documents, rows
from db.audit import Told, org_chain
from db.bundle import Bundle, Question, Row
from db.fields import Concurrency
from db.models import CommitStatus, Task
from engine.state import TaskStatus

SET_UP = "Set up task"
NO_COLUMNS = ("shown", "team", "way")  # of a draft
PLACE = "SELECT concurrency FROM environment WHERE id = {0}"
LATEST = "UPDATE environment SET latest_task_id = {0} WHERE id = {1}"
TEAM = "SELECT o.name FROM application a JOIN org o ON o.id = a.owner_org_id WHERE a.id = {0}"


class _OtherWay(Exception):
    """The environment was changed since somebody looked."""


class Submission:
    """Stores the task of a draft; *stranded*: no worker takes it.

    Where tasks of the environment wait for each other, all is sent together. Else those before are
    superseded in between: locks come in one order everywhere, tasks, the line, the application.
    """

    def __init__(self, draft: Draft, told: Told | None, turns: Turns, *, stranded: bool) -> None:
        self.task = _task(draft, stranded=stranded)
        self._place = f"{draft.app_id}:{draft.env_name}"
        self._way = draft.way
        self._shown = draft.shown
        self._told = told
        self._turns = turns

    async def store(self) -> list[Task]:
        """Store the task; return those that it supersedes, at most AHEAD_MAX that wait.

        Raises what refuses it, ApplicationGone where its team is not the one that is told of it,
        EnvironmentGone, and IntegrityError where there is such a task.
        """
        try:
            return await self._store()
        except _OtherWay:
            return await self._store()

    async def supersede_more(self) -> list[Task]:
        """Supersede more of those that waited before it."""
        async with audit.standing(*([self._told.chain] if self._told else [])) as db:
            return await self._supersede(db)

    async def refuse(self) -> None:
        """Raise what refuses the task that could not be stored."""
        if self._told is None or isinstance(self._told.still, Question | None):
            async with audit.beginning(self._told) as (db, _):
                bundle = Bundle(db)
                await self._ask(bundle)
                await bundle.send()

    async def _store(self) -> list[Task]:
        alone = self._way is Concurrency.QUEUE
        async with audit.beginning(self._told) as (db, end):
            bundle = Bundle(db)
            place = await self._ask(bundle)
            if self._told is not None and end is not None:
                self._told.add(end, bundle)
            bundle.add(LATEST, [self.task.id, self._place])
            journal.begin(self.task, self._also(), bundle)
            written = self._line_up(bundle) if alone else 0
            results = await bundle.send()
            self._way = Concurrency(results[place]["concurrency"])
            superseded = []
            if not alone:
                superseded = await self._supersede(db)
                bundle = Bundle(db)
                written = self._line_up(bundle)
                results = await bundle.send()
            elif self._way is not Concurrency.QUEUE:
                raise _OtherWay
            if not results[written]:  # the document does not know the environment
                await documents.write_environments(self.task.app_id, db)
        return superseded

    async def _ask(self, bundle: Bundle) -> int:
        """Have asked what refuses the task; return where among the results its environment is."""
        if self._told is not None:
            still = self._told.still or _of_team(self.task.app_id, self._told.chain)
            if isinstance(still, Question):
                bundle.ask(still)
            else:
                await still(bundle.db)

        def judge(found: Row | None) -> None:
            if found is None:
                raise EnvironmentGone(self.task.env_name)

        return bundle.ask(Question(PLACE, [self._place], judge))

    def _also(self) -> Sequence[Model]:
        """Return the rows that are stored with the task, which has its first step from now on."""
        task = self.task
        step = journal.new_step(task.id, 0, SET_UP)
        task.steps = documents.steps_document([], [step])
        if not self._shown:
            return [step]
        return [step, rows.made(CommitStatus, task_id=task.id, due_time=task.created_time)]

    def _line_up(self, bundle: Bundle) -> int:
        """Have the task lined up, and be the latest; return where it says whether that is so."""
        self._turns.add(self.task, bundle)
        return documents.become_latest(self.task, bundle)

    async def _supersede(self, db: BaseDBAsyncClient) -> list[Task]:
        return await supersede(self.task, self._way, self._turns, self._told, db)


def _of_team(application_id: str, chain: str) -> Question:
    """Return what raises ApplicationGone unless the application's team is that of *chain*."""

    def judge(found: Row | None) -> None:
        if found is None or org_chain(found["name"]) != chain:
            raise ApplicationGone

    return Question(TEAM, [application_id], judge)


def _task(draft: Draft, *, stranded: bool) -> Task:
    values: dict[str, Any] = {
        name: getattr(draft, name) for name in draft.__slots__ if name not in NO_COLUMNS
    }
    created = datetime.now(UTC)
    task = rows.made(
        Task,
        status=TaskStatus.PENDING.value,
        created_time=created,
        updated_time=created,
        next_seq=journal.FIRST_SEQ + 1,
        stranded=stranded,
        **values,
    )
    task.team = draft.team
    return task
