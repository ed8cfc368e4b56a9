"""Deliveries: proven, kept once, worked on whatever else there is."""

import asyncio
import hashlib
import hmac
import json
import time
import zlib
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
from tortoise.transactions import in_transaction

from control import applications
from control.deliveries import KEPT_DAYS, Deliveries, WebhookChanged, WebhookUnknown
from control.deploys import Dispatch, TriggerType
from db.audit import Actor
from db.models import Application, Delivery, Environment, Org, Task, User
from db.sealed import WEBHOOK_SECRET
from engine.events import TaskChanged, now
from engine.state import TaskStatus
from providers import gitee, github
from tests.control.conftest import until
from tests.hosting import deploying

SECRET = "a-secret-of-a-webhook"
RULES = {
    "github": {"push": {"branches": {"precise": ["main"]}}},
    "gitee": {"push": {"branches": {"precise": ["main"]}}},
}


@pytest.fixture
async def deliveries(queue, vault, pubsub, application):
    """Return the intake of a server; the application's webhook is GitHub's."""
    sealed = vault.seal(
        SECRET, place=WEBHOOK_SECRET.place(application.id), name=WEBHOOK_SECRET.column, version=1
    )
    await Application.filter(id=application.id).update(
        provider="github",
        repo_id="1",
        repo_url="https://example.com/a/b.git",
        repo_webhook_secret=sealed,
    )
    await Environment.filter(id=f"{application.id}:test").update(trigger_spec=RULES)
    return Deliveries(deploying(queue, vault), vault, pubsub)


def push(**more):
    """Return what GitHub says of a push."""
    return {
        "ref": "refs/heads/main",
        "before": "1" * 40,
        "after": "2" * 40,
        "head_commit": {"id": "2" * 40, "message": "Go"},
        "commits": [],
        "pusher": {"name": "ann"},
        "repository": {"id": 1, "name": "b", "clone_url": "https://example.com/a/b.git"},
        "nonce": str(uuid4()),
        **more,
    }


def signed(body, **more):
    """Return headers that prove a body."""
    digest = hmac.new(SECRET.encode(), body, hashlib.sha256).hexdigest()
    return {
        "content-type": "application/json",
        "x-github-event": "push",
        "x-github-delivery": str(uuid4()),
        "x-hub-signature-256": f"sha256={digest}",
        **more,
    }


async def receive(deliveries, application, **more):
    """Have a push delivered; return the receipt."""
    body = json.dumps(push(**more)).encode()
    return await deliveries.receive(await deliveries.webhook(application.id), signed(body), body)


async def worked(*servers):
    """Work until nothing waits."""

    async def nothing_waits():
        return not await Delivery.filter(status="received").exists()

    await until(nothing_waits, *servers)


@pytest.mark.parametrize(
    ("about", "strange"),
    [
        ({"id": 2, "clone_url": "https://example.com/a/other.git"}, True),
        ({"id": 2, "clone_url": "https://example.com/A/b"}, False),
        ({"id": 1, "clone_url": "https://example.com/renamed/b.git"}, False),
        ({"id": 2, "clone_url": "https://github.com/a/other.git"}, False),  # ours may be a mirror
        ({"id": 2, "clone_url": "a/b"}, True),
        ({"id": 2, "clone_url": "https://[a/b"}, True),
    ],
)
async def test_another_repository_of_the_server_starts_nothing(
    deliveries, application, about, strange
):
    """It is told by the service's id and by its address."""
    receipt = await receive(deliveries, application, repository={"name": "b", **about})
    await worked(deliveries)
    row = await Delivery.get(id=receipt.delivery.id)
    assert (row.verdicts == []) == strange
    assert ("another" in (row.reason or "")) == strange


async def test_one_that_cannot_be_worked_on_blocks_none_behind_it(
    deliveries, application, monkeypatch
):
    """It is tried again, then says so itself; those that came later have their turn meanwhile."""
    monkeypatch.setattr("control.deliveries.TRIES_MAX", 2)
    bad = await receive(deliveries, application)
    await Delivery.filter(id=bad.delivery.id).update(body=b"no archive")
    good = await receive(deliveries, application)

    await worked(deliveries)

    assert (await Delivery.get(id=bad.delivery.id)).reason
    assert (await Delivery.get(id=good.delivery.id)).verdicts[1]["taskId"]
    assert await Task.all().count() == 1


@pytest.mark.parametrize("spec", [[], 7, {"github": []}, {"github": {"push": "main"}}, {"": 0}])
async def test_a_broken_environment_keeps_no_other_from_deploying(deliveries, application, spec):
    """Whatever stands in its row."""
    await Environment.filter(id=f"{application.id}:live").update(trigger_spec=spec)
    await receive(deliveries, application)

    await worked(deliveries)

    live, test = (await Delivery.get()).verdicts
    assert (live["matched"], test["matched"]) == (False, True)
    assert test["taskId"]


@pytest.mark.parametrize("name", ["a_\0", "\0", "a" * 60_000, "../a", "\ufffd", "*", "a_%"])
async def test_an_address_that_nobody_has(deliveries, name):
    """Is unknown on every database, also where it is no text that could be stored."""
    with pytest.raises(WebhookUnknown):
        await deliveries.webhook(name)


async def test_many_at_once(deliveries, application):
    """Copies become one delivery, others one each, while earlier ones are worked on."""
    body = json.dumps(push()).encode()
    webhook = await deliveries.webhook(application.id)
    working = asyncio.create_task(worked(deliveries))
    same = signed(body)
    sent = [deliveries.receive(webhook, same, body) for _ in range(10)]
    sent += [receive(deliveries, application, number=number) for number in range(10)]
    receipts = await asyncio.gather(*sent)
    await working
    await worked(deliveries)

    assert [receipt.again for receipt in receipts].count(False) == 11
    assert await Task.all().count() == 11


async def test_the_same_push_to_two_applications(deliveries, application, application_of, vault):
    """Each has its own delivery, though both got the same secret and body."""
    org = await Org.get(name="acme")
    other = await application_of(org, "other")
    place = WEBHOOK_SECRET.place(other.id)
    sealed = vault.seal(SECRET, place=place, name=WEBHOOK_SECRET.column, version=1)
    await Application.filter(id=other.id).update(provider="github", repo_webhook_secret=sealed)
    body = json.dumps(push()).encode()
    receipts = [
        await deliveries.receive(await deliveries.webhook(each.id), signed(body), body)
        for each in (application, other)
    ]
    assert [receipt.again for receipt in receipts] == [False, False]


async def test_what_waits_goes_with_no_application(deliveries, application):
    """It was proven to the old team; the new one's secrets and token are not for it to use."""
    await receive(deliveries, application)
    coming, body = await deliveries.webhook(application.id), json.dumps(push()).encode()
    user = await User.create(id="u_2", username="bob")
    to = await Org.create(id="u_2:new", user=user, name="new", role="OWNER", secrets={})
    async with in_transaction() as db:
        await applications.move(await Application.get(id=application.id), to, db)
    with pytest.raises(WebhookChanged):
        await deliveries.receive(coming, signed(body), body)

    await worked(deliveries)

    assert await Delivery.all().count() == 0
    assert await Task.all().count() == 0


@pytest.mark.parametrize("kind", ["application/json", "application/x-www-form-urlencoded"])
@pytest.mark.parametrize(
    "text",
    [
        '{"password": "%s"}',
        '{"hook": {"pass\\u0077ord": "%s"}}',
        '{"password": "%s',
        "hook=%%7B%%22password%%22%%3A%%22%s%%22%%7D",
    ],
)
async def test_a_password_in_a_body_is_not_kept(deliveries, application, kind, text):
    """Also where the body is not what Gitee sends."""
    await Application.filter(id=application.id).update(provider="gitee")
    body = (text % SECRET).encode()
    headers = {"content-type": kind, "x-gitee-event": "Push Hook", "x-gitee-token": SECRET}

    await deliveries.receive(await deliveries.webhook(application.id), headers, body)
    await worked(deliveries)

    kept = await Delivery.get()
    assert SECRET.encode() not in zlib.decompress(kept.body)
    assert SECRET not in f"{kept.headers} {kept.reason}"


async def test_two_servers_make_one_task_a_delivery(deliveries, queue, vault, pubsub, application):
    """Both may work on the same at the same time."""
    other = Deliveries(deploying(queue, vault), vault, pubsub)
    for number in range(30):
        await receive(deliveries, application, number=number)

    await worked(deliveries, other)

    tasks = [each.verdicts[1]["taskId"] for each in await Delivery.all()]
    assert len(set(tasks)) == 30
    assert None not in tasks
    assert await Task.all().count() == 30


async def test_old_ones_are_forgotten(deliveries, application, monkeypatch):
    """After 30 days, however many they are."""
    monkeypatch.setattr("control.deliveries.PRUNED_MAX", 2)
    for number in range(6):
        await receive(deliveries, application, number=number)
    newest = await receive(deliveries, application)
    old = datetime.now(UTC) - timedelta(days=KEPT_DAYS, minutes=1)
    await Delivery.filter(id__not=newest.delivery.id).update(received_time=old)

    assert await deliveries.prune() == 6

    assert [each.id for each in await Delivery.all()] == [newest.delivery.id]


async def test_applications_have_turns(deliveries, application, application_of, vault):
    """A hundred deliveries for one do not keep the other waiting."""
    other = await application_of(await Org.get(name="acme"), "other")
    place = WEBHOOK_SECRET.place(other.id)
    sealed = vault.seal(SECRET, place=place, name=WEBHOOK_SECRET.column, version=1)
    await Application.filter(id=other.id).update(provider="github", repo_webhook_secret=sealed)
    for number in range(20):
        await receive(deliveries, application, ref="refs/heads/dev", number=number)
    late = await receive(deliveries, other)

    await worked(deliveries)

    done = await Delivery.all().order_by("finished_time").values_list("id", flat=True)
    assert done.index(late.delivery.id) == 1


async def test_what_waits_already_is_not_asked_for_twice(deliveries, application):
    """However often somebody presses the button: one task each time it was worked on."""
    first = (await receive(deliveries, application)).delivery
    for _ in range(3):
        await deliveries.again(first, None)
    await worked(deliveries)
    assert await Task.all().count() == 1
    for _ in range(3):
        await deliveries.again(first, None)
    await worked(deliveries)
    assert await Task.all().count() == 2


async def test_a_delivery_that_went_starts_nothing(deliveries, application):
    """Also where its application moved between the rules' answer and the task."""
    await receive(deliveries, application)
    delivery = await Delivery.get()
    await delivery.delete()
    answers, _ = await deliveries._answer(delivery)
    assert [answer.task_id for answer in answers] == [None, None]
    assert await Task.all().count() == 0


async def test_a_fork_is_a_stranger(deliveries, application, queue, vault):
    """Its task gets no secrets and is not trusted, nor is one that repeats it."""
    sealed = vault.change({}, {"TOKEN": "x"}, place=f"environment/{application.id}:test/secrets")
    rules = {"types": ["opened"], "branches": {"precise": [{"target": "main"}]}}
    await Environment.filter(id=f"{application.id}:test").update(
        trigger_spec={"github": {"pull_request": rules}}, secrets=sealed
    )
    pull = {
        "number": 7,
        "head": {"ref": "main", "sha": "2" * 40, "repo": None},
        "base": {"ref": "main", "repo": {"id": 1}},
    }
    body = json.dumps({**push(), "action": "opened", "pull_request": pull}).encode()
    headers = signed(body, **{"x-github-event": "pull_request"})
    await deliveries.receive(await deliveries.webhook(application.id), headers, body)
    await worked(deliveries)
    first = await Task.get()
    again = Dispatch(
        actor=Actor(None, "ann", "s_test"),
        application=await Application.get(id=application.id),
        env_name="test",
        trigger_type=TriggerType.REDEPLOY,
        by=None,
        source=first,
    )
    given = await queue.claim("w")
    assert (given.trusted, given.contexts["secrets"]) == (False, {})
    await queue.finish(given.lease, TaskChanged(time=now(), status=TaskStatus.SUCCESS))
    await deploying(queue, vault).redeploy(again)

    given = await queue.claim("w")

    assert given.lease.task_id != first.id
    assert (given.trusted, given.contexts["secrets"]) == (False, {})


@pytest.mark.parametrize(
    ("action", "merged", "ref"),
    [
        ("opened", False, "refs/heads/better"),
        ("closed", True, "refs/pull/7/head"),
        ("closed", False, "refs/pull/7/head"),
    ],
)
async def test_the_head_of_a_pull_request_that_ended(deliveries, application, action, merged, ref):
    """Its branch is often deleted right away; the service keeps its head."""
    types = ["opened", "merged", "closed"]
    rules = {"types": types, "branches": {"precise": [{"target": "main"}]}}
    await Environment.filter(id=f"{application.id}:test").update(
        trigger_spec={"github": {"pull_request": rules}}
    )
    pull = {
        "number": 7,
        "merged": merged,
        "merge_commit_sha": "3" * 40,
        "head": {"ref": "better", "sha": "2" * 40, "repo": {"id": 1}},
        "base": {"ref": "main", "repo": {"id": 1}},
    }
    body = json.dumps({**push(), "action": action, "pull_request": pull}).encode()
    headers = signed(body, **{"x-github-event": "pull_request"})
    await deliveries.receive(await deliveries.webhook(application.id), headers, body)

    await worked(deliveries)

    task = await Task.get()
    assert (task.ref, task.branch, task.commit) == (ref, "better", "2" * 40)


async def test_long_texts_are_cut(deliveries, application):
    """A delivery of megabytes is kept once, not again with every environment and task."""
    long = "ab" * 500_000
    about = {"id": 2, "name": "b", "clone_url": f"https://example.com/{long}"}
    await receive(deliveries, application, head_commit={"id": "2" * 40, "message": long})
    await receive(deliveries, application, pusher={"name": long, "email": long})
    await receive(deliveries, application, repository=about)
    body = json.dumps({"action": long, "nonce": 1}).encode()
    star = signed(body, **{"x-github-event": "star"})
    await deliveries.receive(await deliveries.webhook(application.id), star, body)

    await worked(deliveries)

    kept = await Delivery.all().values("verdicts", "reason")
    tasks = await Task.all().values("message", "trigger_payload")
    assert len(tasks) == 2
    assert len(str(kept)) + len(str(tasks)) < 40_000


async def test_an_environment_that_goes_meanwhile(deliveries, application):
    """It says so."""
    await receive(deliveries, application)
    environment = await Environment.get(id=f"{application.id}:test")
    hook = github.parse(signed(b""), json.dumps(push()).encode())
    await environment.delete()
    answer = await deliveries._ask(
        await Application.get(id=application.id), environment, hook, await Delivery.get()
    )
    assert answer.verdict.reason == "The environment test does not exist in this application."


def test_a_long_password_takes_no_time():
    """Whoever may send megabytes has no gigabyte of ours for it."""
    body = b'{"password": "' + b'a\\"' * 2_000_000
    begin = time.monotonic()
    assert gitee.without_secrets(body) == body
    assert gitee.without_secrets(body + b'"}') == b'{"password": null}'
    assert time.monotonic() < begin + 1
