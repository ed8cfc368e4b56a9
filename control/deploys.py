"""Deploy, redeploy, roll back, cancel: one funnel into the queue."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from hashlib import sha256
from json import dumps

from control.assignment import open_inputs, openable, seal_inputs
from control.hosting.refs import Refs
from control.integrations import Integrations
from control.port import ApplicationGone, Draft, EnvironmentGone, Queue
from db import rows
from db.audit import Act, Actor, Entry, Still, Told, org_chain
from db.fields import Concurrency
from db.ids import new_id
from db.models import KEY_CHARACTERS_MAX, Application, Environment, Org, Task
from db.vault import Vault
from engine import git
from engine.output.masking import Secrets
from engine.repository.listing import Listings
from engine.state import TaskStatus
from providers import Provider
from providers.refusal import Reason
from providers.repository import AddressNotAllowed, InvalidRepositoryUrl, Policy, parse

COMMIT_DIGITS = frozenset("0123456789abcdef")
COMMIT_LENGTHS = (40, 64)
HIDDEN = "***"


class RedeployMode(StrEnum):
    """What a repeated task takes from the first one besides its commit."""

    EXACT = "EXACT"
    REFRESH_CONFIG = "REFRESH_CONFIG"


class TriggerType(StrEnum):
    """Why a task exists, in the seed's words."""

    MANUAL = "manual"
    REDEPLOY = "redeploy"
    ROLLBACK = "rollback"
    HOOK = "hook"
    SCHEDULE = "schedule"
    GITHUB = Provider.GITHUB.value
    GITEE = Provider.GITEE.value
    GITLAB = Provider.GITLAB.value
    CODEUP = Provider.CODEUP.value


@dataclass(eq=False)
class InvalidCommit(Exception):
    """{commit} is not the full hash of a commit."""

    commit: str


@dataclass(eq=False)
class SourceRefGone(Exception):
    """The task names no commit, and its ref '{ref}' is gone from the repository."""

    ref: str


class Unfit(Reason):
    """Why a task is none to go back to."""

    STATUS = "has the status {status}"
    LATEST = "is the environment's latest"


class Obstacle(Reason):
    """What keeps a task from being repeated exactly."""

    NO_PLAN = "The task has no sealed plan."
    NO_SECRETS = "Secrets it used are gone: {names}."


@dataclass(eq=False)
class NotEarlierSuccess(Exception):
    """Only an earlier task that ended with SUCCESS can be rolled back to; this one {reason}."""

    reason: str


@dataclass(eq=False)
class NotDoneHere(Exception):
    """Another system did this deploy, so there is nothing to repeat here."""


@dataclass(eq=False)
class NotSealed(Exception):
    """The task never read a pipeline, so there is no sealed plan to repeat."""


# What keeps a deploy from being made that nobody asked for in person: trying again does not help.
REFUSALS = (
    *(AddressNotAllowed, ApplicationGone, EnvironmentGone),
    *(InvalidRepositoryUrl, git.RefNotFound),
)


class BlockerKind(StrEnum):
    """What kind of thing stands in the way of a task."""

    APPROVAL = "APPROVAL"
    FREEZE = "FREEZE"
    HOLD = "HOLD"
    RUNNING = "RUNNING"
    EXPIRED_PLAN = "EXPIRED_PLAN"
    MISSING_SECRET = "MISSING_SECRET"  # noqa: S105 (a kind)


@dataclass(frozen=True, slots=True)
class Blocker:
    """Something that keeps a task from being rolled back to."""

    kind: BlockerKind
    message: str
    until: datetime | None = None


@dataclass(eq=False)
class Blocked(Exception):
    """The task cannot be rolled back to exactly as it was ({reasons})."""

    blockers: tuple[Blocker, ...]

    @property
    def reasons(self) -> tuple[str, ...]:
        """What stands in the way."""
        return tuple(blocker.message for blocker in self.blockers)


@dataclass(frozen=True, slots=True, kw_only=True)
class Dispatch:
    """A request for a task, whoever asks.

    *facts* are kept with the task, to be shown. Without *with_secrets* its steps get none.
    *task_id* is what a new task is called; one of another id was there before.
    """

    actor: Actor
    application: Application
    env_name: str
    trigger_type: TriggerType
    by: Org | None
    ref: str | None = None
    branch: str | None = None
    tag: str | None = None
    commit: str | None = None
    message: str | None = field(default=None, repr=False)
    facts: Mapping[str, object] = field(default_factory=dict, repr=False)
    with_secrets: bool = True
    inputs: Mapping[str, str] = field(default_factory=dict, repr=False)
    debug: bool = False
    reason: str | None = field(default=None, repr=False)
    source: Task | None = None
    exact: bool = False
    idempotency_key: str | None = None
    still: Still | None = None  # refuses what the actor may not do any more
    task_id: str = field(default_factory=lambda: new_id("t"))

    @property
    def app_id(self) -> str:
        """The application's id."""
        return self.application.id

    @property
    def idempotency_hash(self) -> str | None:
        """What tells two requests under one key apart; None without a key."""
        if self.idempotency_key is None:
            return None
        parts = [
            self.trigger_type.value,
            self.env_name,
            self.ref,
            self.commit,
            self.message,
            dict(self.inputs),
            self.debug,
            self.reason,
            self.source.id if self.source else None,
            self.exact,
        ]
        return sha256(dumps(parts, sort_keys=True).encode()).hexdigest()


class Deploys:
    """Turns requests into queued tasks."""

    def __init__(
        self,
        queue: Queue,
        vault: Vault,
        policy: Policy,
        integrations: Integrations,
        listings: Listings | None = None,
    ) -> None:
        self._queue = queue
        self._vault = vault
        self._policy = policy
        self._integrations = integrations
        self.refs = Refs(vault, policy, integrations, listings)

    async def dispatch(self, request: Dispatch) -> Task:
        """Queue a task and return it, PENDING.

        The ref is resolved first: an unknown one raises `engine.git.RefNotFound`, one of a task
        to be repeated SourceRefGone, and a commit that the service does not have
        `engine.git.CommitNotFound`. A repository that cannot be reached, or a token that does not
        open, is no refusal: the task says so, at its step 0.
        """
        if known := await self._queue.known(request):
            return known
        application, environment = await _place(request.app_id, request.env_name)
        request = replace(request, application=application)
        parse(application.repo_url, self._policy)
        found = await self._resolve(request)
        source = request.source
        secrets = Secrets(await self._secrets(application, environment))
        draft = Draft(
            id=request.task_id,
            app_id=application.id,
            env_name=request.env_name,
            trigger_type=request.trigger_type.value,
            trigger_payload=_payload(request, secrets),
            dispatch_org_id=request.by.id if request.by else None,
            source_task_id=source.id if source else None,
            ref=found.ref,
            branch=found.branch,
            tag=found.tag,
            commit=found.commit,
            message=secrets.mask(request.message) if request.message else None,
            inputs=seal_inputs(request.inputs, request.task_id, self._vault),
            pipeline=source.pipeline if source and request.exact else None,
            exact=request.exact,
            runs_on=environment.runs_on,
            with_secrets=request.with_secrets and (source is None or source.with_secrets),
            idempotency_key=request.idempotency_key,
            idempotency_hash=request.idempotency_hash,
            shown=self._integrations.opens(application.owner_org, application),
            team=application.owner_org.name,
            way=Concurrency(environment.concurrency),
        )
        return await self._queue.submit(draft, _told(request, draft))

    async def _resolve(self, request: Dispatch) -> "_Found":
        source = request.source
        if source and source.commit:
            return _Found(source.ref, source.branch, source.tag, source.commit)
        if request.commit:
            _check_commit(request.commit)
            await self._require(request, request.commit)
            return _Found(request.ref, request.branch, request.tag, request.commit)
        ref = source.ref if source else request.ref
        try:
            resolved = await self.refs.resolve(request.application, ref)
            if resolved.ref == resolved.commit:  # a hash is its own ref
                await self._require(request, resolved.commit)
        except git.CommitNotFound as refusal:
            raise git.RefNotFound(refusal.url, refusal.commit) from refusal
        except git.RefNotFound as refusal:
            if source is None:
                raise
            raise SourceRefGone(refusal.ref) from refusal
        except git.RepositoryUnreachable:
            return _Found(ref, None, None, None)
        return _Found(resolved.ref, resolved.branch, resolved.tag, resolved.commit)

    async def _require(self, request: Dispatch, commit: str) -> None:
        if request.trigger_type is TriggerType.MANUAL:  # a service has what it delivers
            await self.refs.require(request.application, commit)

    async def _secrets(self, application: Application, environment: Environment) -> list[str]:
        """Return what has to be masked; of a secret that does not open, its task will tell."""
        return openable(application.owner_org, environment, self._vault)

    async def redeploy(self, request: Dispatch) -> Task:
        """Queue the commit of `request.source` again.

        NotDoneHere for a deploy that was reported, NotSealed if EXACT has nothing to repeat.
        """
        source = request.source
        assert source is not None  # noqa: S101 (the caller names the task to repeat)
        if source.reported:
            raise NotDoneHere
        if request.exact and source.pipeline is None:
            raise NotSealed
        return await self.dispatch(replace(request, inputs=open_inputs(source, self._vault)))

    async def rollback(self, request: Dispatch) -> Task:
        """Queue an earlier successful task of the environment again.

        NotEarlierSuccess when it is none, Blocked when EXACT cannot be had any more.
        """
        source = request.source
        assert source is not None  # noqa: S101 (the caller names the task to go back to)
        if source.reported:
            raise NotDoneHere
        if source.status != TaskStatus.SUCCESS:
            raise NotEarlierSuccess(Unfit.STATUS.of(status=TaskStatus(source.status).name))
        application, environment = await _place(request.app_id, request.env_name)
        if environment.latest_task_id == source.id:
            raise NotEarlierSuccess(Unfit.LATEST)
        owner = application.owner_org
        if request.exact and (found := blockers(source, owner, environment)):
            raise Blocked(tuple(found))
        return await self.redeploy(request)

    async def cancel(self, task: Task, reason: str, actor: Actor, still: Still) -> Task:
        """Cancel a task, see `Queue.cancel`; return it as it stands now."""
        try:
            application, environment = await _place(task.app_id, task.env_name)
        except EnvironmentGone:  # and so is everything that could be cancelled
            application = await fresh(task.app_id)
        else:
            reason = Secrets(await self._secrets(application, environment)).mask(reason)
        entry = Entry(actor, Act.TASK_CANCELLED, task.id, after={"reason": reason})
        told = Told(org_chain(application.owner_org.name), entry, still)
        await self._queue.cancel(task.id, reason, told)
        return await Task.filter(id=task.id).first() or task


@dataclass(frozen=True, slots=True)
class _Found:
    ref: str | None
    branch: str | None
    tag: str | None
    commit: str | None


def blockers(task: Task, owner: Org, environment: Environment | None) -> list[Blocker]:
    """Return what keeps *task* from being rolled back to exactly as it was."""
    found = []
    if task.pipeline is None:
        found.append(Blocker(BlockerKind.EXPIRED_PLAN, Obstacle.NO_PLAN))
    there = set(owner.secrets or {}) | set(environment.secrets if environment else {})
    if missing := sorted(set(task.secret_versions or {}) - there):
        text = Obstacle.NO_SECRETS.of(names=", ".join(missing))
        found.append(Blocker(BlockerKind.MISSING_SECRET, text))
    return found


def callers_key(key: str | None) -> str | None:
    """Return how a caller's idempotency key is stored: no schedule or delivery has such a one."""
    if key is None:
        return None
    own = f"api.{key}"
    return own if len(own) <= KEY_CHARACTERS_MAX else f"api#{sha256(key.encode()).hexdigest()}"


def sentence(refusal: Exception) -> str:
    """Return what a refusal says, in English."""
    return (type(refusal).__doc__ or "").format(**vars(refusal))


def _told(request: Dispatch, draft: Draft) -> Told:
    """Return what the audit log is told of a dispatch."""
    after = {
        "application": request.application.name,
        "environment": draft.env_name,
        "trigger": draft.trigger_type,
        "commit": draft.commit,
        "sourceTask": draft.source_task_id,
    }
    entry = Entry(request.actor, Act.TASK_DISPATCHED, draft.id, after=after)
    return Told(org_chain(request.application.owner_org.name), entry, request.still)


async def fresh(application_id: str) -> Application:
    """Return the application as it stands now, with its OWNER; ApplicationGone without one."""
    found = await rows.one(Application, "id", application_id, "owner_org", whole=True)
    if found is None:
        raise ApplicationGone
    return found


async def _place(application_id: str, env_name: str) -> tuple[Application, Environment]:
    """Return an application as it stands now, with its OWNER, and one of its environments.

    ApplicationGone, EnvironmentGone.
    """
    environment_id, path = f"{application_id}:{env_name}", ("application", "owner_org")
    environment = await rows.one(Environment, "id", environment_id, *path, whole=True)
    if environment is None:
        await fresh(application_id)
        raise EnvironmentGone(env_name)
    return environment.application, environment


def _payload(request: Dispatch, secrets: Secrets) -> dict[str, object]:
    """Return what is kept of the request to be shown, with every known secret masked."""
    facts = masked(dict(request.facts), secrets)
    payload = {
        **(facts if isinstance(facts, dict) else {}),
        "ref": request.ref,
        "commit": request.commit,
        "message": secrets.mask(request.message) if request.message else None,
        "inputs": dict.fromkeys(request.inputs, HIDDEN),  # anybody may have typed a secret
        "debug": request.debug,
        "reason": secrets.mask(request.reason) if request.reason else None,
    }
    return {name: value for name, value in payload.items() if value not in (None, {}, False)}


def masked(value: object, secrets: Secrets) -> object:
    """Return a text or a document with every known secret masked in its texts."""
    if isinstance(value, str):
        return secrets.mask(value)
    if isinstance(value, dict):
        return {name: masked(each, secrets) for name, each in value.items()}
    return [masked(each, secrets) for each in value] if isinstance(value, list) else value


def _check_commit(commit: str) -> None:
    if len(commit) not in COMMIT_LENGTHS or not COMMIT_DIGITS.issuperset(commit):
        raise InvalidCommit(commit)
