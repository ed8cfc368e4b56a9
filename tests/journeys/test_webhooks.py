"""A push deploys; what is not proven does not; and every delivery says what became of it."""

import asyncio
import hashlib
import hmac
import json
import secrets
import time
from dataclasses import dataclass
from urllib.parse import urlsplit
from uuid import uuid4

import httpx2
import pytest

PIPELINE = "steps: [{run: 'echo $WHAT', env: {WHAT: '${{ git.branch }} ${{ secrets.TOKEN }}'}}]"
RULES = {
    "github": {
        "push": {"branches": {"precise": ["main"]}, "tags": {"prefix": ["v"]}},
        "pull_request": {"types": ["opened"], "branches": {"precise": [{"target": "main"}]}},
    }
}
DELIVERIES = """query D($id: ID!) { application(id: $id) {
  webhook { url secretSet lastDeliveryTime }
  deliveries(first: 100) { totalCount nodes { id deliveryId event status reason receivedTime
    verdicts { envName matched reason rule task {
      id status triggerType branch tag commit
      trigger { ... on WebhookTrigger { deliveryId } } } } } }
} }"""
PREVIEW = """query P($input: TriggerPreviewInput!) { triggerPreview(input: $input) { __typename
  ... on TriggerPreviewPayload { environments { envName matched reason rule } }
  ... on Problem { code message field } } }"""
DONE_SECONDS = 30.0


@dataclass
class Hook:
    """A webhook of GitHub's that somebody set up for an application."""

    client: object
    application: str
    url: str
    secret: str
    repository: object
    number: int

    @property
    def head(self):
        """The newest commit."""
        return self.repository.git("rev-parse", "HEAD")

    def push(self, **given):
        """Return the body of a push."""
        commit = {"id": self.head, "message": "feat: 登录", "author": {"name": "ann"}}
        return {
            "ref": "refs/heads/main",
            "before": "1" * 40,
            "after": self.head,
            "deleted": False,
            "forced": False,
            "created": False,
            "head_commit": {**commit, "added": [], "modified": ["a"], "removed": []},
            "commits": [{**commit, "added": [], "modified": ["a"], "removed": []}],
            "pusher": {"name": "ann", "email": "ann@example.com"},
            "sender": {"login": "ann", "avatar_url": "https://example.com/a.png"},
            "repository": {**self.about, "pushed_at": time.time_ns()},
            **given,
        }

    @property
    def about(self):
        """What GitHub says of the repository."""
        return {
            "id": self.number,
            "name": "shop",
            "full_name": "ann/shop",
            "owner": {"login": "ann"},
            "clone_url": self.repository.url,
            "html_url": "https://github.com/ann/shop",
        }

    async def send(self, body, event="push", secret=None, **headers):
        """Deliver *body*; return the answer."""
        raw = body if isinstance(body, bytes) else json.dumps(body, ensure_ascii=False).encode()
        key = (secret or self.secret).encode()
        given = {
            "Content-Type": "application/json",
            "User-Agent": "GitHub-Hookshot/1",
            "X-GitHub-Event": event,
            "X-GitHub-Delivery": str(uuid4()),
            "X-Hub-Signature-256": f"sha256={hmac.new(key, raw, hashlib.sha256).hexdigest()}",
            **headers,
        }
        given = {name: value for name, value in given.items() if value is not None}
        async with httpx2.AsyncClient(timeout=30) as http:
            return await http.post(self.url, content=raw, headers=given)

    async def deliveries(self):
        """Return the deliveries, newest first."""
        found = await self.client.query(DELIVERIES, id=self.application)
        return found["application"]["deliveries"]["nodes"]

    async def done(self, delivery_id):
        """Return a delivery once it is DONE."""
        end = time.monotonic() + DONE_SECONDS
        while True:
            found = {each["id"]: each for each in await self.deliveries()}[delivery_id]
            if found["status"] == "DONE":
                return found
            assert time.monotonic() < end, found
            await asyncio.sleep(0.05)


async def hook_of(client, repository):
    """Return a webhook that a client sets up."""
    environment = {
        "name": "default",
        "triggerSpec": RULES,
        "secrets": [{"key": "TOKEN", "value": "s3cret-value"}],
    }
    number = secrets.randbelow(10**12)
    other = {"name": "idle", "triggerSpec": {}}
    application = await client.create_application(
        repository.url, provider="GITHUB", repoId=str(number), environments=[environment, other]
    )
    made = await client.done(
        "rotateWebhookSecret", "secret application { webhook { url } }", applicationId=application
    )
    url = made["application"]["webhook"]["url"]
    assert url.endswith(f"/webhooks/{application}")
    return Hook(client, application, url, made["secret"], repository, number)


@pytest.fixture
async def hook(member, repository):
    """Return the webhook of an application of a fresh team."""
    code = repository(PIPELINE)
    return await hook_of(member, code)


async def test_a_push_deploys(hook):
    """The environment whose rules match gets a task of that commit, and it runs."""
    answer = await hook.send(hook.push())
    assert answer.status_code == 202, answer.text
    delivery = await hook.done(answer.json()["deliveryId"])
    mine, idle = delivery["verdicts"]
    assert (mine["envName"], mine["matched"]) == ("default", True)
    assert mine["rule"] == "github.push.branches.precise[0]: main"
    assert (idle["matched"], idle["task"]) == (False, None)
    assert "github" in idle["reason"]
    task = mine["task"]
    assert (task["triggerType"], task["branch"]) == ("github", "main")
    assert task["commit"] == hook.head
    assert task["trigger"]["deliveryId"] == delivery["id"]
    events = await hook.client.events(task["id"])
    assert events[-1]["status"] == "SUCCESS", events
    assert [line["text"] for line in await hook.client.log(task["id"], 1)] == ["main ***"]


async def test_a_tag_and_a_branch_nobody_asked_for(hook):
    """Each delivery is remembered with its reason."""
    tag = await hook.send(hook.push(ref="refs/tags/v1"))
    branch = await hook.send(hook.push(ref="refs/heads/dev"))
    verdict = (await hook.done(tag.json()["deliveryId"]))["verdicts"][0]
    assert (verdict["matched"], verdict["task"]["tag"]) == (True, "v1")
    verdict = (await hook.done(branch.json()["deliveryId"]))["verdicts"][0]
    assert (verdict["matched"], verdict["task"]) == (False, None)
    assert '"dev"' in verdict["reason"]


async def test_a_pull_request_from_a_fork_gets_no_secrets(hook):
    """Its head is deployed, and who wrote it is not known."""
    body = {
        "action": "opened",
        "number": 7,
        "pull_request": {
            "number": 7,
            "title": "Better",
            "merged": False,
            "merge_commit_sha": None,
            "head": {
                "ref": "better",
                "sha": hook.head,
                "repo": {"id": 99, "fork": True, "full_name": "eve/shop"},
            },
            "base": {"ref": "main", "repo": {"id": hook.number, "full_name": "ann/shop"}},
            "user": {"login": "eve"},
        },
        "repository": hook.about,
        "sender": {"login": "eve"},
    }
    answer = await hook.send(body, event="pull_request")
    verdict = (await hook.done(answer.json()["deliveryId"]))["verdicts"][0]
    assert verdict["matched"], verdict
    events = await hook.client.events(verdict["task"]["id"])
    assert events[-1]["status"] in {"SUCCESS", "FAILURE"}
    assert "s3cret-value" not in json.dumps(events)
    assert not any("***" in event.get("text", "") for event in events)


async def test_copies_of_a_delivery_make_one_task(hook):
    """However many come at the same time; each is answered alike."""
    name = {"X-GitHub-Delivery": str(uuid4())}
    answers = await asyncio.gather(*(hook.send(hook.push(), **name) for _ in range(20)))
    assert sorted(answer.status_code for answer in answers) == [200] * 19 + [202]
    (delivery_id,) = {answer.json()["deliveryId"] for answer in answers}
    await hook.done(delivery_id)
    late = await hook.send(hook.push(), **name)
    assert (late.status_code, late.json()["status"]) == (200, "done")
    assert len(await hook.deliveries()) == 1
    assert await tasks(hook) == 1


async def tasks(hook):
    """Return how many tasks the application has."""
    query = "query T($id: ID!) { application(id: $id) { tasks { totalCount } } }"
    found = await hook.client.query(query, id=hook.application)
    return found["application"]["tasks"]["totalCount"]


async def test_what_is_not_proven_is_refused(hook):
    """Nothing of it is kept; the answer says what is missing and tells nobody's secret."""
    push = json.dumps(hook.push()).encode()
    signed = hmac.new(hook.secret.encode(), push, hashlib.sha1).hexdigest()
    answers = [
        await hook.send(push, secret="another secret"),
        await hook.send(push, **{"X-Hub-Signature-256": None}),
        await hook.send(push, **{"X-Hub-Signature-256": None, "X-Hub-Signature": f"sha1={signed}"}),
        await hook.send(push, **{"X-Hub-Signature-256": "sha256="}),
    ]
    assert [answer.status_code for answer in answers] == [401] * 4
    assert all(answer.json()["error"] and hook.secret not in answer.text for answer in answers)
    assert await hook.deliveries() == []
    await hook.client.done(
        "removeWebhookSecret", "application { webhook { url } }", applicationId=hook.application
    )
    assert (await hook.send(push)).status_code == 403
    assert (await hook.send(push, secret="x")).status_code == 403


async def test_what_is_no_delivery(hook):
    """Strangers' addresses, large bodies, other services and broken JSON have answers of theirs."""
    hook.url, known = hook.url[:-4] + "0000", hook.url
    unknown = await hook.send(hook.push())
    assert (unknown.status_code, unknown.json()["error"]) == (404, "There is no such webhook.")
    hook.url = known
    assert (await hook.send(b"{" + b" " * (9 * 1024 * 1024))).status_code == 413
    strange = {"X-GitHub-Event": None, "User-Agent": "okhttp/4", "X-Codeup-Event": "Push Hook"}
    assert (await hook.send(hook.push(), **strange)).status_code == 400
    broken = await hook.send(b'{"ref": ')
    assert broken.status_code == 202
    delivery = await hook.done(broken.json()["deliveryId"])
    assert delivery["verdicts"] == []
    assert delivery["reason"]
    async with httpx2.AsyncClient() as http:
        assert (await http.get(hook.url)).status_code == 405


@pytest.mark.parametrize(
    ("header", "value"),
    [
        ("X-GitHub-Event", "pull_request"),
        ("x-github-delivery", "another"),
        ("X-HUB-SIGNATURE-256", "sha256=00"),
    ],
)
async def test_a_header_that_comes_twice(hook, header, value):
    """A proxy may have looked at the other one: which is meant, is not for us to say."""
    body = json.dumps(hook.push()).encode()
    digest = hmac.new(hook.secret.encode(), body, hashlib.sha256).hexdigest()
    headers = [
        (header, value),
        ("Content-Type", "application/json"),
        ("X-GitHub-Event", "push"),
        ("X-GitHub-Delivery", "one"),
        ("X-Hub-Signature-256", f"sha256={digest}"),
    ]
    async with httpx2.AsyncClient(timeout=30) as http:
        answer = await http.post(hook.url, content=body, headers=headers)
    assert answer.status_code == 400
    assert "twice" in answer.json()["error"]
    assert await hook.deliveries() == []


async def test_a_body_that_breaks_off(hook):
    """The server has nothing to complain about."""
    address = urlsplit(hook.url)
    for rest in (b"Content-Length: 500\r\n\r\n{", b"Transfer-Encoding: chunked\r\n\r\n1\r\n{"):
        _, writer = await asyncio.open_connection(address.hostname, address.port)
        writer.write(f"POST {address.path} HTTP/1.1\r\nHost: x\r\n".encode() + rest)
        await writer.drain()
        await asyncio.sleep(0.2)
        writer.transport.abort()
    assert (await hook.send(hook.push())).status_code == 202


@pytest.mark.slow
@pytest.mark.timeout(180)
async def test_a_body_that_never_ends(hook):
    """Whoever sends a byte a second is not listened to for ever."""
    address = urlsplit(hook.url)
    reader, writer = await asyncio.open_connection(address.hostname, address.port)
    head = f"POST {address.path} HTTP/1.1\r\nHost: x\r\nContent-Length: 9999\r\n\r\n"
    writer.write(head.encode())
    begin, answer = time.monotonic(), asyncio.create_task(reader.readline())
    while not answer.done():
        assert time.monotonic() < begin + 60
        writer.write(b" ")
        await asyncio.wait({answer}, timeout=1)
    assert b" 408 " in answer.result()
    writer.transport.abort()


async def test_the_preview_says_what_a_delivery_would(hook):
    """Word for word, and nothing comes of it."""
    for body in (hook.push(), hook.push(ref="refs/heads/dev"), hook.push(deleted=True)):
        given = {"X-GitHub-Event": "push"}
        asked = {"provider": "GITHUB", "headers": given, "body": body}
        answer = await hook.client.query(
            PREVIEW, input={"applicationId": hook.application, **asked}
        )
        previewed = answer["triggerPreview"]["environments"]
        before = await tasks(hook)
        delivered = await hook.send(body)
        verdicts = (await hook.done(delivered.json()["deliveryId"]))["verdicts"]
        named = ("envName", "matched", "reason", "rule")
        assert [{name: each[name] for name in named} for each in verdicts] == previewed
        assert await tasks(hook) == before + previewed[0]["matched"]


async def test_a_delivery_is_worked_on_again(hook, member_of, rollway_up):
    """By today's rules, for whoever may deploy; strangers learn nothing of it."""
    answer = await hook.send(hook.push(ref="refs/heads/dev"))
    delivery_id = answer.json()["deliveryId"]
    assert not (await hook.done(delivery_id))["verdicts"][0]["matched"]
    rules = {"github": {"push": {"branches": {"precise": ["dev"]}}}}
    await hook.client.done(
        "updateEnvironment",
        "environment { version }",
        applicationId=hook.application,
        name="default",
        triggerSpec=rules,
    )
    stranger = await member_of(rollway_up)
    refused = await stranger.mutate("redeliver", "delivery { id }", deliveryId=delivery_id)
    nothing = await stranger.mutate("redeliver", "delivery { id }", deliveryId="d_nothing")
    assert refused == nothing
    assert refused["code"] == "NOT_FOUND"
    node = "query N($id: ID!) { node(id: $id) { id } }"
    assert (await stranger.query(node, id=delivery_id))["node"] is None
    assert (await hook.client.query(node, id=delivery_id))["node"]["id"] == delivery_id
    await hook.client.done("redeliver", "delivery { id status }", deliveryId=delivery_id)
    assert (await hook.done(delivery_id))["verdicts"][0]["task"]["branch"] == "dev"
    assert await tasks(hook) == 1


async def test_none_is_lost_when_the_server_is_killed(own_rollway, member_of, connect, repository):
    """What was answered with 202 is worked on, once, by the next server."""
    client = await member_of(own_rollway)
    hook = await hook_of(client, repository(PIPELINE))
    answered = []

    async def flood():
        while len(answered) < 60:
            try:
                answer = await hook.send(hook.push(ref=f"refs/tags/v{len(answered)}"))
            except httpx2.HTTPError:
                return
            answered.append(answer.json()["deliveryId"])

    flooding = [asyncio.create_task(flood()) for _ in range(4)]
    while len(answered) < 30:
        await asyncio.sleep(0.01)
    own_rollway.kill9()
    await asyncio.wait(flooding)
    await asyncio.to_thread(own_rollway.restart)
    hook.client = connect(own_rollway, token=client.token)
    hook.client.team = client.team
    for delivery_id in answered:
        assert (await hook.done(delivery_id))["verdicts"][0]["matched"]
    found = await hook.deliveries()
    made = [each["verdicts"][0]["task"]["id"] for each in found if each["status"] == "DONE"]
    assert len(set(made)) == len(made) >= len(answered)
    assert await tasks(hook) == len(found)
