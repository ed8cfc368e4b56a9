"""Subscriptions without a socket: a stream over HTTP tells the same, and ends when it must."""

import asyncio
import json
import signal
from contextlib import AsyncExitStack, asynccontextmanager

import httpx2
import pytest

EVENTS = "text/event-stream"
PARTS = 'multipart/mixed;boundary="graphql";subscriptionSpec=1.0,application/json'
WATCH = """subscription Watch($taskId: ID!, $after: Int!) {
  taskEvents(taskId: $taskId, after: $after) { seq } }"""
TASKS = "subscription Tasks($id: ID!) { applicationTasks(applicationId: $id) { id } }"
WAITS = "steps: [{run: 'until [ -e %s ]; do sleep 0.05; done'}]"
PLACES = 100
PASSWORD = "correct horse battery"


@asynccontextmanager
async def stream(client, query, variables=None, accept=EVENTS):
    """Ask for a stream; give its response, once that has begun."""
    headers = {"Accept": accept, "Authorization": f"Bearer {client.token}"}
    body = {"query": query, "variables": variables or {}}
    async with (
        asyncio.timeout(60),
        httpx2.AsyncClient(timeout=60) as http,  # each on a connection of its own
        http.stream("POST", client.url, json=body, headers=headers) as response,
    ):
        yield response


def answers(text):
    """Return the answers in what a stream sent."""
    found = [line.partition("data: ")[2] for line in text.splitlines() if '{"' in line]
    return [json.loads(each) for each in found if each]


@pytest.fixture
async def waiting(member, repository, tmp_path):
    """A member's application and task, which goes on until a file is there."""
    gate = tmp_path / "gate"
    member.application = await member.create_application(repository(WAITS % gate).url)
    member.waiting = await member.deploy(member.application)
    yield member
    gate.touch()
    await member.events(member.waiting)


async def test_the_journal_over_http(member, repository):
    """What is stored and what comes, behind *after*, to the end: by POST and by GET."""
    application = await member.create_application(repository("steps: [{run: 'seq 5'}]").url)
    task = await member.deploy(application)
    async with stream(member, WATCH, {"taskId": task, "after": 0}) as response:
        text = (await response.aread()).decode()
    seen = [each["data"]["taskEvents"]["seq"] for each in answers(text)]

    assert response.headers["content-type"] == f"{EVENTS}; charset=utf-8"
    assert "no-store" in response.headers["cache-control"]
    assert text.startswith(":\n\n")
    assert text.endswith("event: complete\ndata:\n\n")
    assert "\r" not in text
    assert seen == [each["seq"] for each in await member.pages(task)]

    variables = json.dumps({"taskId": task, "after": seen[-3]})
    headers = {"Accept": EVENTS, "Authorization": f"Bearer {member.token}"}
    asked = {"query": WATCH, "variables": variables}
    answer = await member.http.get(member.url, params=asked, headers=headers)
    assert [each["data"]["taskEvents"]["seq"] for each in answers(answer.text)] == seen[-2:]


async def test_queries_and_mutations_over_a_stream(member):
    """One answer and the end; a mutation is not taken by GET."""
    headers = {"Accept": EVENTS}
    mutation = "mutation { signOut(input: {}) { __typename } }"
    for query, wanted in (
        ("{ viewer { id } }", "data"),
        ("{", "errors"),
        ("{ nothing }", "errors"),
        (mutation, "data"),
    ):
        text = (await member.post(query, headers=headers)).text
        assert [next(iter(each)) for each in answers(text)] == [wanted]
        assert text.endswith("event: complete\ndata:\n\n")
    answer = await member.http.get(member.url, params={"query": mutation}, headers=headers)
    assert answers(answer.text)[0]["errors"][0]["extensions"]["code"] == "INVALID"


@pytest.mark.parametrize("accept", [EVENTS, PARTS])
async def test_strangers_are_told_nothing(rollway_up, member_of, waiting, connect, accept):
    """A guest and somebody of another team get one error, and the end."""
    stranger, guest = await member_of(rollway_up), connect(rollway_up)
    for client, code in ((stranger, "NOT_FOUND"), (guest, "UNAUTHENTICATED")):
        async with stream(client, TASKS, {"id": waiting.application}, accept) as response:
            text = (await response.aread()).decode()
        assert f'"code":"{code}"' in text
        assert '"data"' not in text


@pytest.mark.parametrize("accept", [EVENTS, PARTS])
async def test_a_stream_ends_with_its_right(rollway_up, waiting, connect, accept):
    """When the session goes, and when the membership does."""
    username = (await waiting.query("{ viewer { username } }"))["viewer"]["username"]
    other = connect(rollway_up)
    name = await other.sign_up()
    invited = await waiting.done("inviteMember", "link", orgName=waiting.team)
    token = invited["link"].partition("#")[2]
    await other.done("acceptInvitation", "org { id }", token=token)
    async with (
        stream(other, TASKS, {"id": waiting.application}, accept) as first,
        stream(waiting, TASKS, {"id": waiting.application}, accept) as second,
    ):
        texts = [first.aiter_text(), second.aiter_text()]
        for each in texts:
            while waiting.waiting not in await anext(each):
                pass
        await waiting.done("removeMember", "deletedId", orgName=waiting.team, username=name)
        assert '"code":"NOT_FOUND"' in "".join([part async for part in texts[0]])
        await connect(rollway_up, token=waiting.token).done("signOut", "endedSessions")
        assert '"code":"UNAUTHENTICATED"' in "".join([part async for part in texts[1]])
    waiting.token = None
    given = {"login": username, "password": PASSWORD}
    waiting.token = (await waiting.done("signIn", "token", **given))["token"]


async def test_streams_of_a_user_are_bounded(waiting):
    """One too many is refused with the time to wait; one that is closed makes place."""
    async with AsyncExitStack() as stack:
        asked = (TASKS, {"id": waiting.application})
        first = await stack.enter_async_context(AsyncExitStack())
        await first.enter_async_context(stream(waiting, *asked))
        for _ in range(PLACES - 1):
            await stack.enter_async_context(stream(waiting, *asked))
        async with stream(waiting, *asked) as refused:
            entry = json.loads(await refused.aread())["errors"][0]
        assert (refused.status_code, entry["extensions"]["code"]) == (429, "LIMIT_EXCEEDED")
        assert int(refused.headers["retry-after"]) > 0
        await first.aclose()
        while True:
            async with stream(waiting, *asked) as again:
                if again.status_code == 200:
                    return
            await asyncio.sleep(0.05)


@pytest.mark.slow
async def test_open_streams_do_not_hold_a_server(own_rollway, member_of, repository):
    """At SIGTERM they end with words that make clients connect again, and the server ends."""
    member = await member_of(own_rollway)
    application = await member.create_application(repository("steps: [{run: 'true'}]").url)
    async with AsyncExitStack() as stack:
        opened = [
            await stack.enter_async_context(stream(member, TASKS, {"id": application}, accept))
            for accept in (EVENTS, PARTS) * 10
        ]
        own_rollway.process.send_signal(signal.SIGTERM)
        texts = [(await each.aread()).decode() for each in opened]
    assert await asyncio.to_thread(own_rollway.process.wait, 40) == 0
    for text in texts:
        assert "connect again" in text.lower()
        assert "event: complete" not in text
    assert "timeout graceful shutdown exceeded" not in own_rollway.log


@pytest.mark.slow
async def test_a_stream_of_what_another_server_runs(two_servers, member_of, repository):
    """On PostgreSQL: deployed at one server, watched at the other, nothing lost or doubled."""
    here, there = two_servers
    member = await member_of(here)
    pipeline = "steps: [{run: 'for i in $(seq 20); do echo $i; sleep 0.05; done'}]"
    application = await member.create_application(repository(pipeline).url)
    task = await member.deploy(application)
    member.url = f"{there.url}/graphql"
    async with stream(member, WATCH, {"taskId": task, "after": 0}) as response:
        text = (await response.aread()).decode()
    seen = [each["data"]["taskEvents"]["seq"] for each in answers(text)]
    assert seen == [each["seq"] for each in await member.pages(task)]
    assert text.endswith("event: complete\ndata:\n\n")


@pytest.mark.slow
async def test_a_browsers_own_event_source(rollway_up, member, repository, browser):
    """A page of ours watches by the session's cookie, with what every browser has built in."""
    username = (await member.query("{ viewer { username } }"))["viewer"]["username"]
    application = await member.create_application(repository("steps: [{run: 'seq 3'}]").url)
    task = await member.deploy(application)
    await browser.goto(f"{rollway_up.url}/graphql")
    watched = await browser.evaluate(
        """async ({ signIn, input, query, variables }) => {
          const headers = { 'Content-Type': 'application/json' };
          const body = JSON.stringify({ query: signIn, variables: { input } });
          await fetch('/graphql', { method: 'POST', headers, body });
          const asked = new URLSearchParams({ query, variables: JSON.stringify(variables) });
          const source = new EventSource(`/graphql?${asked}`);
          return await new Promise((resolve, reject) => {
            const seen = [];
            source.addEventListener('next', (event) => seen.push(JSON.parse(event.data)));
            source.addEventListener('complete', () => { source.close(); resolve(seen); });
            source.addEventListener('error', () => { source.close(); reject(seen); });
          });
        }""",
        {
            "signIn": "mutation ($input: SignInInput!) { signIn(input: $input) { __typename } }",
            "input": {"login": username, "password": PASSWORD, "session": "COOKIE"},
            "query": WATCH,
            "variables": {"taskId": task, "after": 0},
        },
    )
    seen = [each["data"]["taskEvents"]["seq"] for each in watched]
    assert seen == [each["seq"] for each in await member.pages(task)]
    assert not browser.left
