"""Deliveries: kept as they come, worked on afterwards, remembered with what they led to."""

import asyncio
import logging
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any
from urllib.parse import urlsplit

from tortoise.backends.base.client import BaseDBAsyncClient
from tortoise.exceptions import IntegrityError
from tortoise.expressions import F

from control.deploys import Deploys, Dispatch, TriggerType
from control.port import ApplicationGone, EnvironmentGone
from control.pubsub import MemoryPubSub
from control.trigger_spec import read
from control.triggers import Verdict, match
from db.audit import Actor
from db.ids import new_id
from db.models import Application, Delivery, Environment
from db.sealed import WEBHOOK_SECRET
from db.vault import Vault
from engine.git import RefNotFound
from providers import Provider, webhooks
from providers.hooks import Hook, PullRequest, Push, Tag
from providers.refusal import Refusal
from providers.repository import AddressNotAllowed, InvalidRepositoryUrl

log = logging.getLogger("rollway.deliveries")

TOPIC = "deliveries"
POLL_SECONDS = 5.0
RETRY_SECONDS = 1.0
TRIES_MAX = 3
KEPT_DAYS = 30
PRUNED_MAX = 500
COMPRESSION = 1  # the lowest: whoever delivers waits for it
REFUSALS = (
    *(AddressNotAllowed, ApplicationGone, EnvironmentGone, InvalidRepositoryUrl, RefNotFound),
)
FAULT = "It matches, but the deploy could not be started; the server's log says why."

# Where a service keeps the commits of a pull request that comes from another repository.
PULL_REFS: Mapping[Provider, str] = {
    Provider.GITHUB: "refs/pull/{}/head",
    Provider.GITEE: "refs/pull/{}/head",
    Provider.GITLAB: "refs/merge-requests/{}/head",
    Provider.CODEUP: "refs/merge-requests/{}/head",
}


class DeliveryStatus(StrEnum):
    """How far a delivery has come."""

    RECEIVED = "received"  # it is stored, and waits for its turn
    DONE = "done"  # every environment has answered, or it says why none was asked


@dataclass(eq=False)
class WebhookUnknown(Exception):
    """There is no such webhook."""


@dataclass(eq=False)
class WebhookWithoutSecret(Exception):
    """The application has no webhook secret, so no delivery can be proven; set one up first."""


@dataclass(frozen=True, slots=True)
class Receipt:
    """What the sender is told; *again*: it had come before, and nothing happens twice."""

    delivery: Delivery
    again: bool


@dataclass(frozen=True, slots=True)
class Answer:
    """What an environment says to a delivery, and the task that follows."""

    env_name: str
    verdict: Verdict
    task_id: str | None = None

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

    def __init__(self, deploys: Deploys, vault: Vault, pubsub: MemoryPubSub) -> None:
        self._deploys = deploys
        self._vault = vault
        self._pubsub = pubsub

    async def receive(
        self, application_id: str, headers: Mapping[str, str], body: bytes
    ) -> Receipt:
        """Store a delivery that is proven, once.

        Raises WebhookUnknown, WebhookWithoutSecret and what `webhooks.verify` refuses.
        """
        application = await Application.filter(id=application_id).first()
        if application is None:
            raise WebhookUnknown
        if application.repo_webhook_secret is None:
            raise WebhookWithoutSecret
        place = WEBHOOK_SECRET.place(application.id)
        secret = self._vault.open(
            application.repo_webhook_secret, place=place, name=WEBHOOK_SECRET.column
        )
        provider = Provider(application.provider)
        webhooks.verify(provider, headers, body, secret)
        delivery = Delivery(
            id=new_id("d"),
            application_id=application.id,
            delivery_id=webhooks.delivery_id(provider, headers, body),
            event=webhooks.event(provider, headers),
            headers=webhooks.kept(headers),
            body=zlib.compress(webhooks.kept_body(provider, body), COMPRESSION),
            status=DeliveryStatus.RECEIVED.value,
            verdicts=[],
            received_time=datetime.now(UTC),
        )
        try:
            await delivery.save(force_create=True)
        except IntegrityError:
            same = {"application_id": application.id, "delivery_id": delivery.delivery_id}
            if first := await Delivery.filter(**same).first():
                return Receipt(first, again=True)
            raise WebhookUnknown from None  # the application went this very moment
        self.ring()
        return Receipt(delivery, again=False)

    async def again(self, delivery: Delivery, db: BaseDBAsyncClient) -> None:
        """Have a delivery worked on once more; `ring` when that is stored."""
        await (
            Delivery.filter(id=delivery.id)
            .using_db(db)
            .update(
                status=DeliveryStatus.RECEIVED.value, attempt=F("attempt") + 1, finished_time=None
            )
        )

    def ring(self) -> None:
        """Say that there is something to work on."""
        self._pubsub.ring(TOPIC)

    async def work(self) -> None:
        """Work on deliveries in the order they came, until cancelled."""
        with self._pubsub.listen(TOPIC) as bell:
            while True:
                waiting = Delivery.filter(status=DeliveryStatus.RECEIVED.value)
                delivery = await waiting.order_by("received_time", "id").first()
                if delivery is None:
                    await bell.wait(POLL_SECONDS)
                    continue
                await self._finish(delivery, *await self._answer(delivery))

    async def prune(self) -> int:
        """Delete what came more than 30 days ago; return how many that were."""
        before = datetime.now(UTC) - timedelta(days=KEPT_DAYS)
        old = (
            Delivery.filter(received_time__lt=before).limit(PRUNED_MAX).values_list("id", flat=True)
        )
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
        body = await asyncio.to_thread(zlib.decompress, delivery.body)
        try:
            hook = webhooks.parse(provider, delivery.headers, body)
        except Refusal as refusal:
            return [], str(refusal)
        if stranger := _other_repository(application, hook):
            return [], stranger
        environments = await _asked(application)
        return [await self._ask(application, each, hook, delivery) for each in environments], None

    async def _ask(
        self, application: Application, environment: Environment, hook: Hook, delivery: Delivery
    ) -> Answer:
        """Deploy to *environment* if it wants that; a broken one does not keep others from it."""
        verdict = match(hook, read(environment.trigger_spec))
        if not verdict.matched:
            return Answer(environment.name, verdict)
        request = _dispatch(application, environment.name, hook, delivery, verdict)
        for number in range(1, TRIES_MAX + 1):
            try:
                task = await self._deploys.dispatch(request)
            except REFUSALS as refusal:
                return Answer(environment.name, replace(verdict, reason=str(refusal)))
            except Exception:
                log.exception("delivery %s: try %s for %s", delivery.id, number, environment.name)
                await asyncio.sleep(RETRY_SECONDS * number)
            else:
                return Answer(environment.name, verdict, task.id)
        return Answer(environment.name, replace(verdict, reason=FAULT))

    async def _finish(self, delivery: Delivery, answers: list[Answer], reason: str | None) -> None:
        """Note the answers, unless the delivery was asked for once more meanwhile."""
        same = Delivery.filter(id=delivery.id, attempt=delivery.attempt)
        await same.update(
            status=DeliveryStatus.DONE.value,
            verdicts=[each.document for each in answers],
            reason=reason,
            finished_time=datetime.now(UTC),
        )


async def preview(
    application: Application, provider: Provider, headers: Mapping[str, str], body: bytes
) -> list[Answer]:
    """Return what every environment would say to a delivery. Raises a Refusal of `providers`."""
    hook = webhooks.parse(provider, headers, body)
    asked = await _asked(application)
    return [Answer(each.name, match(hook, read(each.trigger_spec))) for each in asked]


def _other_repository(application: Application, hook: Hook) -> str | None:
    """Return what is wrong with a delivery about another repository than the application's."""
    told = hook.repository
    if told is None or told.id == application.repo_id:
        return None
    if _path(told.url) == _path(application.repo_url):
        return None
    return f"It is about the repository {told.url}, and the application deploys another."


def _path(url: str) -> str:
    return urlsplit(url).path.strip("/").removesuffix(".git").lower()


async def _asked(application: Application) -> list[Environment]:
    return await Environment.filter(application_id=application.id).order_by("name")


async def _application(application_id: str) -> Application | None:
    return await Application.filter(id=application_id).first()


def _dispatch(
    application: Application, env_name: str, hook: Hook, delivery: Delivery, verdict: Verdict
) -> Dispatch:
    """Return what to deploy: of a pull request its head."""
    request = Dispatch(
        actor=Actor(None, application.provider, "webhook"),
        application=application,
        env_name=env_name,
        trigger_type=TriggerType(application.provider),
        by=None,
        facts=_facts(hook, delivery),
        with_secrets=verdict.secrets,
        idempotency_key=f"{delivery.id}.{delivery.attempt}.{env_name}",
    )
    match hook:
        case Push():
            request = replace(request, branch=hook.branch)
        case Tag():
            request = replace(request, tag=hook.tag)
        case PullRequest():
            pull = PULL_REFS[hook.provider].format(hook.number)
            return replace(
                request,
                ref=pull if hook.fork else f"refs/heads/{hook.source}",
                branch=hook.source,
                commit=hook.head.id or None,
                message=hook.head.message or hook.title,
            )
        case _:
            raise AssertionError(hook)  # it matches nothing
    commit = hook.commit
    return replace(request, ref=hook.ref, commit=commit.id or None, message=commit.message)


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
            "name": pusher.name,
            "email": pusher.email,
            "avatar_url": pusher.avatar_url,
        }
    return facts
