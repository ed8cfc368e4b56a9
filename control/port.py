"""The queue's port: what a deploy needs of whatever decides which task runs when.

Every write of a worker names its lease, a task and an epoch. Each claim raises the epoch, so that a
worker that was taken for dead and wakes up late can change nothing.
"""

from collections.abc import AsyncGenerator, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from tortoise.backends.base.client import BaseDBAsyncClient

from db import labels
from db.audit import Told
from db.fields import Concurrency
from db.models import Task
from engine.events import Event, TaskChanged
from engine.repository.credentials import Credential


@dataclass(eq=False)
class LeaseLost(Exception):
    """The task belongs to another worker, or has ended; this one must stop its processes."""

    task_id: str


@dataclass(eq=False)
class EventsRefused(Exception):
    """These events cannot follow what is stored of the task; sending them again does not help."""

    reason: str


@dataclass(eq=False)
class LogFull(EventsRefused):
    """The task has as much of a log as is stored; how it ends can still be told.

    *stored*: of the events that were given, so many are stored.
    """

    stored: int = field(default=0, kw_only=True)


class QueueAway(Exception):
    """Nothing can be asked of the queue now; later it can."""


class StoreAway(QueueAway):
    """The queue is there, but its database is not: nobody can give this worker's tasks away.

    *after_seconds*: it was still so then, counted from when it was asked.
    """

    def __init__(self, after_seconds: float = 0.0) -> None:
        super().__init__()
        self.after_seconds = after_seconds


@dataclass(eq=False)
class Dismissed(Exception):
    """This worker may work no more, because {reason}."""

    reason: str


@dataclass(eq=False)
class AlreadyCompleted(Exception):
    """The task has already ended with {status}."""

    status: str


@dataclass(eq=False)
class ApplicationGone(Exception):
    """The application was deleted, or belongs to another team now."""


@dataclass(eq=False)
class EnvironmentGone(Exception):
    """The environment {name} does not exist in this application."""

    name: str


@dataclass(eq=False)
class IdempotencyKeyReused(Exception):
    """This idempotency key was used for another request."""

    key: str


@dataclass(frozen=True, slots=True)
class Lease:
    """The right to run a task, for as long as it is beaten."""

    task_id: str
    epoch: int


@dataclass(frozen=True, slots=True)
class Assignment:
    """All that a worker needs to run a task, its secrets in clear.

    *credential* opens the repository for the *team* that owns the application. Not *trusted* is
    what a stranger wrote. *trace_parent*: see `Draft`. *created_time*, of the task, is for who
    gives it out: workers elsewhere are not told.
    """

    lease: Lease
    repo_url: str
    ref: str | None
    commit: str | None
    pipeline_path: str
    pipeline: str | None
    contexts: Mapping[str, Mapping[str, str]] = field(repr=False)
    debug: bool = False
    team: str = ""
    credential: Credential | None = field(default=None, repr=False)
    trusted: bool = True
    trace_parent: str | None = None
    created_time: datetime | None = None


@dataclass(frozen=True, slots=True)
class Reach:
    """Which tasks a worker takes: of the team *org* alone, where one is named.

    And no others than those that need nothing but its *labels*.
    """

    org: str | None = None
    labels: tuple[str, ...] = ()

    @property
    def offers(self) -> list[str]:
        """Its labels, and the one that only a team's own workers have."""
        return labels.offers(self.labels, self.org)


ANYTHING = Reach()  # that needs no label


@dataclass(frozen=True, slots=True)
class Beat:
    """What a heartbeat is answered: tasks to cancel with the reason, and leases that are lost."""

    cancel: Mapping[str, str]
    lost: Collection[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Watched:
    """Tasks to watch: of an application, of one environment of it, of a team, of a user's teams."""

    application_id: str | None = None
    env_name: str | None = None
    org_name: str | None = None
    user_id: str | None = None


@dataclass(frozen=True, slots=True)
class Shown:
    """All tasks that had changed before *since* were given out."""

    since: datetime


class Keyed(Protocol):
    """A request that may have been made before."""

    @property
    def app_id(self) -> str:
        """The application, within which keys are unique."""

    @property
    def idempotency_key(self) -> str | None:
        """The caller's name for the request; None: every request is a new one."""

    @property
    def idempotency_hash(self) -> str | None:
        """What tells two requests under one key apart."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """A task to be queued; *inputs* are sealed. *shown*: its commit is to show how it stands.

    *trace_parent*: the span that caused it, as W3C's Trace Context writes it. *runs_on*: the labels
    that its worker must have, see `db.labels`. *team*: the application's, where that is known.
    *way*: what its environment, when it was read, did to those before.
    """

    id: str
    app_id: str
    env_name: str
    trigger_type: str
    trigger_payload: Mapping[str, object]
    dispatch_org_id: str | None = None
    source_task_id: str | None = None
    ref: str | None = None
    branch: str | None = None
    tag: str | None = None
    commit: str | None = None
    message: str | None = None
    inputs: str | None = None
    pipeline: str | None = None
    exact: bool = False
    with_secrets: bool = True
    idempotency_key: str | None = None
    idempotency_hash: str | None = None
    shown: bool = False
    trace_parent: str | None = None
    runs_on: str = ""
    team: str | None = None
    way: Concurrency = Concurrency.QUEUE


class WaitingFor(StrEnum):
    """What a PENDING task waits for besides its turn."""

    WORKER = "WORKER"


class EntryKind(StrEnum):
    """What an entry of the journal says."""

    TASK = "task"
    STEP = "step"
    OUTPUT = "output"
    END = "end"


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One entry of a task's journal."""

    task_id: str
    seq: int
    kind: EntryKind
    time: datetime
    step_index: int | None = None
    name: str | None = None
    status: str | None = None
    exit_code: int | None = None
    error: str | None = None
    text: str = ""
    first_line: int = 0
    stream: str = ""
    expired: bool = False  # its text is kept no more


class WorkerQueue(Protocol):
    """What a worker needs of the queue."""

    async def claim(
        self, worker: str, wait_seconds: float = 0.0, reach: Reach = ANYTHING
    ) -> Assignment | None:
        """Give *worker* the next task in its *reach* that may run; None if none in *wait_seconds*.

        Before its first command the worker appends, if only nothing: a task of which that was not
        heard, and that no heartbeat names, is PENDING again.
        """

    async def beat(self, worker: str, leases: Collection[Lease]) -> Beat:
        """Extend the leases *worker* holds."""

    async def append(self, lease: Lease, position: int, events: Sequence[Event]) -> None:
        """Store what happened, in order; LeaseLost when the lease is gone.

        LogFull where the task has printed more than is stored: from that event on nothing is.

        *position* is how many events were given under this lease before. Events that are stored
        already are left out, so that a call whose answer was lost can be made again. Where it is 0
        the task is about to begin: the lease lasts from now, as after `beat`.
        """

    async def finish(self, lease: Lease, event: TaskChanged) -> None:
        """End the task; LeaseLost when the lease is gone.

        A cancel that was asked for before the result was stored wins over it.
        """

    async def abandon(self, lease: Lease) -> None:
        """End the task as LOST, or CANCELLED where that was asked: its worker stops for good.

        One that had not begun is PENDING again, at its place; where its environment has lost tasks
        queued again, so is one that had, as after `Queue.reap`.
        """

    def control(self, worker: str) -> AsyncGenerator[None, None]:
        """Yield whenever *worker* should beat at once, because a task of it is to be cancelled."""


class Queue(WorkerQueue, Protocol):
    """Decides which task runs when, and keeps what its worker reports."""

    def control(
        self, worker: str, told: Collection[str] | None = None
    ) -> AsyncGenerator[None, None]:
        """Yield as `WorkerQueue.control` does, for a worker that does not listen all the time.

        *told*: ids of the tasks that it knows are to be cancelled. It yields at once if there are
        others, whose bell may have rung between two calls. None: not asked.
        """

    async def submit(self, draft: Draft, told: Told | None = None) -> Task:
        """Store the task and return it as it was stored, PENDING; the audit log is *told*.

        EnvironmentGone when the environment was deleted meanwhile.
        With an idempotency key that was used before: the first task for the same request,
        IdempotencyKeyReused for another one. ApplicationGone when the application is not that of
        the team that is told, any more.

        Where its environment's tasks supersede, those that wait before it are CANCELLED, told to
        the audit log too, and what runs may be asked to end (`db.fields.Concurrency`).
        """

    async def known(self, request: Keyed) -> Task | None:
        """Return the task made under the request's key, if there is one.

        IdempotencyKeyReused when the key stood for another request.
        """

    async def cancel(self, task_id: str, reason: str, told: Told | None = None) -> None:
        """Cancel a pending task at once, have a running one stopped; the audit log is *told*.

        One that was reported is CANCELLED at once: nobody here runs it.

        AlreadyCompleted when it has ended otherwise; one that is cancelled already stays so.
        """

    async def rank(self, environment_id: str, db: BaseDBAsyncClient) -> None:
        """Have all tasks that wait in an environment get its priority, which was changed.

        Within the transaction of *db*, which has the environment's row, and the application's not
        yet: so it is with all who take these locks.
        """

    async def reap(self, *, abandoned: bool = False, mend: bool = True) -> list[str]:
        """End the tasks whose worker is gone, LOST or CANCELLED where that was asked.

        A task that had not begun is PENDING again, at its place. Those of environments that say so
        (`db.fields.OnLost`) are too, until they were run as often as the queue allows.
        *abandoned*: every running task, because no worker can be alive. *mend*: have the order
        of what waits agree with the tasks too. Returns the ids of those that have ended.
        """

    def changes(
        self, tasks: Watched, since: datetime | None = None
    ) -> AsyncGenerator[Task | Shown, None]:
        """Yield tasks, then each again whenever it or a step changes status.

        It begins with those that changed after *since*; without, with the unfinished and the
        recent. How far it has got it says after every look.
        Close it (`contextlib.aclosing`): it listens for as long as it is open.
        """

    def tail(self, after: Mapping[str, int]) -> AsyncGenerator[Entry, None]:
        """Yield the entries of tasks behind those of *after*: first what is stored, then live.

        Each task's are in order, up to its END; the tasks take turns. It ends with the last of
        them, and early when one is gone.
        Close it (`contextlib.aclosing`): it listens for as long as it is open.
        """
