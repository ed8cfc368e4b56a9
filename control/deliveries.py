"""Deliveries: kept as they come, worked on afterwards, remembered with what they led to."""

import asyncio
import logging
import zlib
from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from time import monotonic
from typing import Any
from urllib.parse import urlsplit

from tortoise.backends.base.client import BaseDBAsyncClient
from tortoise.exceptions import IntegrityError
from tortoise.expressions import F
from tortoise.queryset import QuerySet
from tortoise.transactions import in_transaction

from control.deploys import REFUSALS, Deploys, Dispatch, TriggerType, sentence
from control.hosting.webhooks import proofs
from control.pubsub import PubSub
from control.trigger_spec import read
from control.triggers import Verdict, match
from db.audit import Actor
from db.ids import new_id
from db.models import Application, Delivery, Environment
from db.trouble import DatabaseAway
from db.vault import Vault
from providers import Provider, webhooks
from providers.hooks import Hook, PullRequest, PullRequestAction, Push, Tag
from providers.proofs import Unproven
from providers.refusal import Refusal

log = logging.getLogger("rollway.deliveries")

TOPIC = "deliveries"
POLL_SECONDS = 5.0
RETRY_SECONDS = 1.0  # doubled after each try
TRIES_MAX = 8
TURNS_MAX = 100  # then it is looked again whose deliveries wait
WAITING_MAX = 10_000
KEPT_DAYS = 30
PRUNED_MAX = 500
TEXT_CHARACTERS_MAX = 2_000  # of what a delivery says and a task keeps
COMPRESSION = 1  # the lowest: whoever delivers waits for it
FAULT = "It matches, but the deploy could not be started; the server's log says why."
UNREADABLE = "It could not be worked on; the server's log says why."

# Where a service keeps the commits of a pull request that comes from another repository.
PULL_REFS: Mapping[Provider, str] = {
    Provider.GITHUB: "refs/pull/{}/head",
    Provider.GITEE: "refs/pull/{}/head",
    Provider.GITLAB: "refs/merge-requests/{}/head",
    Provider.CODEUP: "refs/merge-requests/{}/head",
}
ENDED = {PullRequestAction.CLOSED, PullRequestAction.MERGED}


class DeliveryStatus(StrEnum):
    """How far a delivery has come."""

    RECEIVED = "received"  # it is stored, and waits for its turn
    DONE = "done"  # every environment has answered, or it says why none was asked


@dataclass(eq=False)
class WebhookUnknown(Refusal):
    """There is no such webhook."""


@dataclass(eq=False)
class WebhookWithoutSecret(Refusal):
    """The application has no webhook secret, so no delivery can be proven; set one up first."""


@dataclass(eq=False)
class WebhookChanged(Refusal):
    """The webhook's secret was changed while the delivery came."""


@dataclass(eq=False)
class DeliveryGone(Refusal):
    """The delivery went with its application, or was worked on elsewhere."""


@dataclass(frozen=True, slots=True)
class Receipt:
    """What the sender is told; *again*: it had come before, and nothing happens twice."""

    delivery: Delivery
    again: bool


@dataclass(frozen=True, slots=True)
class Answer:
    """What an environment says to a delivery, and the task that follows.

    *failed*: the task could not be made, for a reason that may pass.
    """

    env_name: str
    verdict: Verdict
    task_id: str | None = None
    failed: bool = False

    @classmethod
    def read(cls, document: Mapping[str, Any]) -> "Answer":
        """Return what was stored."""
        verdict = Verdict(document["matched"], document["reason"], document["rule"])
        return cls(document["envName"], verdict, document["taskId"])

    @property
    def document(self) -> dict[str, object]:
        """As it is stored."""
        return {
            "envName": self.env_name,
            "matched": self.verdict.matched,
            "reason": self.verdict.reason,
            "rule": self.verdict.rule,
            "taskId": self.task_id,
        }


class Deliveries:
    """Takes deliveries in, and deploys what they ask for."""

    def __init__(self, deploys: Deploys, vault: Vault, pubsub: PubSub) -> None:
        self._deploys = deploys
        self._vault = vault
        self._pubsub = pubsub
        self._failed: dict[str, _Failed] = {}

    async def webhook(self, application_id: str) -> Application:
        """Return whose webhook it is. Raises WebhookUnknown and WebhookWithoutSecret."""
        application = None
        if "\0" not in application_id:  # PostgreSQL knows no such text
            application = await Application.filter(id=application_id).first()
        if application is None:
            raise WebhookUnknown
        if application.repo_webhook_secret is None and application.repo_webhook_next is None:
            raise WebhookWithoutSecret
        return application

    async def receive(
        self, application: Application, headers: Mapping[str, str], body: bytes
    ) -> Receipt:
        """Store a delivery that is proven, once.

        Raises WebhookWithoutSecret, WebhookChanged and what `webhooks.verify` refuses.
        """
        secrets = proofs(application, self._vault)
        if not secrets:
            raise WebhookWithoutSecret
        provider = Provider(application.provider)
        secret, packed = await asyncio.to_thread(_proven, provider, headers, body, secrets)
        delivery = Delivery(
            id=new_id("d"),
            application_id=application.id,
            delivery_id=webhooks.delivery_id(provider, headers, body),
            event=webhooks.event(provider, headers),
            headers=webhooks.kept(headers),
            body=packed,
            status=DeliveryStatus.RECEIVED.value,
            verdicts=[],
            received_time=datetime.now(UTC),
        )
        try:
            async with in_transaction() as db:
                await self._require_same(application, secret, db)
                await delivery.save(using_db=db, force_create=True)
        except IntegrityError:
            same = {"application_id": application.id, "delivery_id": delivery.delivery_id}
            if first := await Delivery.filter(**same).first():
                return Receipt(first, again=True)
            raise
        self.ring()
        return Receipt(delivery, again=False)

    async def again(self, delivery: Delivery, db: BaseDBAsyncClient) -> None:
        """Have a delivery worked on once more, unless it waits for that; `ring` when stored."""
        await (
            Delivery.filter(id=delivery.id, status=DeliveryStatus.DONE.value)
            .using_db(db)
            .update(
                status=DeliveryStatus.RECEIVED.value, attempt=F("attempt") + 1, finished_time=None
            )
        )

    async def _require_same(
        self, application: Application, secret: str, db: BaseDBAsyncClient
    ) -> None:
        """Have the application stand still; WebhookChanged if it went, moved, or its secret did."""
        same = Application.filter(id=application.id, owner_org_id=application.owner_org_id)
        row = await same.using_db(db).select_for_update().first()
        if row is None or secret not in proofs(row, self._vault):
            raise WebhookChanged

    def ring(self) -> None:
        """Say that there is something to work on."""
        self._pubsub.ring(TOPIC)

    async def work(self) -> None:
        """Work on deliveries until cancelled: an application's in the order they came.

        Applications have turns. A delivery that fails is tried again later, and does not keep the
        others waiting.
        """
        with self._pubsub.listen(TOPIC) as bell:
            while True:
                turns = await self._turns()
                for delivery_id in turns:
                    waits = Delivery.filter(id=delivery_id, status=DeliveryStatus.RECEIVED.value)
                    if delivery := await waits.first():
                        await self._work_on(delivery)
                if not turns:
                    await bell.wait(RETRY_SECONDS if self._failed else POLL_SECONDS)

    async def _turns(self) -> list[str]:
        """Return what waits: the first delivery of every application, then the second of each."""
        waiting = Delivery.filter(status=DeliveryStatus.RECEIVED.value)
        rows: list[tuple[str, str]] = (
            await waiting.order_by("received_time", "id")
            .limit(WAITING_MAX)
            .values_list("id", "application_id")
        )
        there = {delivery_id for delivery_id, _ in rows}
        self._failed = {each: self._failed[each] for each in self._failed if each in there}
        before: Counter[str] = Counter()
        turns = []
        for delivery_id, application_id in rows:
            if (failed := self._failed.get(delivery_id)) and monotonic() < failed.until:
                continue
            turns.append((before[application_id], delivery_id))
            before[application_id] += 1
        turns.sort(key=lambda turn: turn[0])
        return [delivery_id for _, delivery_id in turns[:TURNS_MAX]]

    async def _work_on(self, delivery: Delivery) -> None:
        tries = self._failed[delivery.id].tries + 1 if delivery.id in self._failed else 1
        answers: list[Answer] = []
        reason: str | None = UNREADABLE
        try:
            answers, reason = await self._answer(delivery)
            failed = any(answer.failed for answer in answers)
        except DatabaseAway as fault:
            log.warning("delivery %s waits: %s", delivery.id, fault)
            self._failed[delivery.id] = _Failed(tries - 1, monotonic() + RETRY_SECONDS)
            return
        except Exception:
            log.exception("delivery %s: try %s", delivery.id, tries)
            failed = True
        if failed and tries < TRIES_MAX:
            until = monotonic() + RETRY_SECONDS * 2 ** (tries - 1)
            self._failed[delivery.id] = _Failed(tries, until)
            return
        self._failed.pop(delivery.id, None)
        await self._finish(delivery, answers, reason)

    async def prune(self) -> int:
        """Delete what came more than 30 days ago; return how many that were."""
        before = datetime.now(UTC) - timedelta(days=KEPT_DAYS)
        known = [each.value for each in DeliveryStatus]  # all, in the words of the index
        late = Delivery.filter(status__in=known, received_time__lt=before)
        old = late.limit(PRUNED_MAX).values_list("id", flat=True)
        count = 0
        while ids := await old:
            count += await Delivery.filter(id__in=ids).delete()
        return count

    async def _answer(self, delivery: Delivery) -> tuple[list[Answer], str | None]:
        """Return what each environment says to a delivery, or why none is asked."""
        application = await _application(delivery.application_id)
        if application is None:
            return [], "the application is gone"
        provider = Provider(application.provider)
        try:
            hook = await asyncio.to_thread(_unpacked, provider, delivery)
        except Refusal as refusal:
            return [], str(refusal)
        if stranger := _other_repository(application, hook):
            return [], stranger
        environments = await asked(application)
        return [await self._ask(application, each, hook, delivery) for each in environments], None

    async def _ask(
        self, application: Application, environment: Environment, hook: Hook, delivery: Delivery
    ) -> Answer:
        """Deploy to *environment* if it wants that; a broken one does not keep others from it."""
        verdict = await asyncio.to_thread(_verdict, hook, environment)
        if not verdict.matched:
            return Answer(environment.name, verdict)
        request = _dispatch(application, environment.name, hook, delivery, verdict)
        try:
            task = await self._deploys.dispatch(request)
        except (DeliveryGone, *REFUSALS) as refusal:
            return Answer(environment.name, replace(verdict, reason=sentence(refusal)))
        except DatabaseAway:
            raise
        except Exception:
            log.exception("delivery %s: no deploy to %s", delivery.id, environment.name)
            return Answer(environment.name, replace(verdict, reason=FAULT), failed=True)
        return Answer(environment.name, verdict, task.id)

    async def _finish(self, delivery: Delivery, answers: list[Answer], reason: str | None) -> None:
        """Note the answers, unless another server was faster."""
        await _unfinished(delivery).update(
            status=DeliveryStatus.DONE.value,
            verdicts=[each.document for each in answers],
            reason=reason,
            finished_time=datetime.now(UTC),
        )


async def asked(application: Application) -> list[Environment]:
    """Return the environments that a delivery is shown, in order."""
    return await Environment.filter(application_id=application.id).order_by("name")


@dataclass(frozen=True, slots=True)
class _Failed:
    """How often a delivery failed, and until when it is left alone."""

    tries: int
    until: float


def _proven(
    provider: Provider, headers: Mapping[str, str], body: bytes, secrets: Sequence[str]
) -> tuple[str, bytes]:
    """Return which of the secrets proves a delivery, and its body as it is kept."""
    *others, last = secrets
    for secret in others:
        with suppress(Unproven):
            return secret, _kept(provider, headers, body, secret)
    return last, _kept(provider, headers, body, last)


def _kept(provider: Provider, headers: Mapping[str, str], body: bytes, secret: str) -> bytes:
    webhooks.verify(provider, headers, body, secret)
    return zlib.compress(webhooks.kept_body(provider, body, secret), COMPRESSION)


def _unpacked(provider: Provider, delivery: Delivery) -> Hook:
    return webhooks.parse(provider, delivery.headers, zlib.decompress(delivery.body))


def _verdict(hook: Hook, environment: Environment) -> Verdict:
    return match(hook, read(environment.trigger_spec))


def _unfinished(delivery: Delivery) -> QuerySet[Delivery]:
    return Delivery.filter(
        id=delivery.id, attempt=delivery.attempt, status=DeliveryStatus.RECEIVED.value
    )


def _other_repository(application: Application, hook: Hook) -> str | None:
    """Return what is wrong with a delivery about another repository than the application's.

    Only addresses of one server can be compared: the application may clone from a mirror.
    """
    told = hook.repository
    if told is None or told.id == application.repo_id:
        return None
    (host, path), (own_host, own_path) = _place(told.url), _place(application.repo_url)
    if host not in ("", own_host) or (host, path) == (own_host, own_path):
        return None
    shown = told.url[:TEXT_CHARACTERS_MAX]
    return f"It is about the repository {shown}, and the application deploys another."


def _place(url: str) -> tuple[str, str]:
    """Return the host, empty where the address names none, and the path on it."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return "", url
    return parts.hostname or "", parts.path.strip("/").removesuffix(".git").lower()


async def _application(application_id: str) -> Application | None:
    return await Application.filter(id=application_id).first()


def _dispatch(
    application: Application, env_name: str, hook: Hook, delivery: Delivery, verdict: Verdict
) -> Dispatch:
    """Return what to deploy: of a pull request its head."""

    async def still(db: BaseDBAsyncClient) -> None:
        if not await _unfinished(delivery).using_db(db).exists():
            raise DeliveryGone

    request = Dispatch(
        actor=Actor(None, application.provider, "webhook"),
        application=application,
        env_name=env_name,
        trigger_type=TriggerType(application.provider),
        by=None,
        facts=_facts(hook, delivery),
        with_secrets=verdict.secrets,
        idempotency_key=f"{delivery.id}.{delivery.attempt}.{env_name}",
        still=still,
    )
    match hook:
        case Push():
            request = replace(request, branch=hook.branch)
        case Tag():
            request = replace(request, tag=hook.tag)
        case PullRequest():
            return replace(
                request,
                ref=_head(hook),
                branch=hook.source,
                commit=hook.head.id or None,
                message=(hook.head.message or hook.title)[:TEXT_CHARACTERS_MAX],
            )
        case _:
            raise AssertionError(hook)  # it matches nothing
    commit = hook.commit
    message = commit.message[:TEXT_CHARACTERS_MAX]
    return replace(request, ref=hook.ref, commit=commit.id or None, message=message)


def _head(hook: PullRequest) -> str:
    """Return the ref its head is kept under; its branch may go when it ends."""
    if hook.fork or hook.action in ENDED:
        return PULL_REFS[hook.provider].format(hook.number)
    return f"refs/heads/{hook.source}"


def _facts(hook: Hook, delivery: Delivery) -> dict[str, object]:
    """Return what is kept with the task."""
    facts: dict[str, object] = {"deliveryId": delivery.id, "event": delivery.event}
    if isinstance(hook, PullRequest):
        facts["pullRequest"] = {
            "number": hook.number,
            "action": hook.action.value,
            "source": hook.source,
            "target": hook.target,
            "fork": hook.fork,
        }
    if isinstance(hook, Push | Tag | PullRequest):
        pusher = hook.pusher
        facts["pusher"] = {
            "name": pusher.name[:TEXT_CHARACTERS_MAX],
            "email": pusher.email[:TEXT_CHARACTERS_MAX],
            "avatar_url": pusher.avatar_url[:TEXT_CHARACTERS_MAX],
        }
    return facts
