"""Whoever loses a right loses what goes on by it, within a second; nobody else notices."""

import asyncio
import json
import time
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import UTC, datetime, timedelta

import httpx2
import pytest
import websockets
from websockets.exceptions import ConnectionClosed

LOOKS_SECONDS = 5.0  # how often a server looks though nobody rang
SECONDS = 3.0  # from the answer that took the right away: a busy machine, but no waiting for a look
STREAMS = {
    "taskEvents": "subscription ($id: ID!) { taskEvents(taskId: $id) { seq task { id } } }",
    "applicationTasks": "subscription ($id: ID!) { applicationTasks(applicationId: $id) {"
    " id application { name ownerOrg { name } } } }",
    "orgTasks": "subscription ($id: String!) { orgTasks(orgName: $id) { id } }",
}
SIGNED_OUT = 4403


class Socket:
    """A WebSocket with subscriptions; keeps what came, and when each of them ended."""

    def __init__(self, connection):
        self.connection = connection
        self.begun = {}
        self.codes = {}  # by subscription: the code of the error that ended it, None for a complete
        self.ended = {}
        self.closed = None
        self.closed_at = None
        self.news = asyncio.Event()

    async def subscribe(self, name, node_id, number=""):
        """Begin a subscription and wait for what it shows first."""
        key = f"{name}{number}"
        payload = {"query": STREAMS[name], "variables": {"id": node_id}}
        await self.connection.send(json.dumps({"id": key, "type": "subscribe", "payload": payload}))
        await self.until(lambda: key in self.begun or key in self.ended)
        assert key in self.begun, self.codes

    async def read(self):
        """Read until the socket closes."""
        try:
            async for text in self.connection:
                self.take(json.loads(text))
        except ConnectionClosed:
            pass
        self.closed, self.closed_at = self.connection.close_code, time.monotonic()
        self.news.set()

    def take(self, message):
        """Note one message."""
        key = message.get("id")
        if message["type"] == "next":
            errors = message["payload"].get("errors")
            if errors:
                self.codes[key] = errors[0]["extensions"]["code"]
            else:
                self.begun[key] = self.begun.get(key, 0) + 1
        elif message["type"] == "error":
            self.codes[key] = message["payload"][0]["extensions"]["code"]
            self.ended[key] = time.monotonic()
        elif message["type"] == "complete":
            self.ended[key] = time.monotonic()
        self.news.set()

    async def until(self, happened, seconds=40):
        """Wait until something has happened."""
        async with asyncio.timeout(seconds):
            while not happened():
                self.news.clear()
                await self.news.wait()


@asynccontextmanager
async def socket(server, token=None, cookie=None):
    """Open a socket with a session's or an API token's value."""
    headers = {"Cookie": cookie, "Origin": server.url} if cookie else {}
    payload = {"Authorization": f"Bearer {token}"} if token else {}
    async with websockets.connect(
        f"{server.url.replace('http', 'ws', 1)}/graphql",
        subprotocols=["graphql-transport-ws"],
        additional_headers=headers,
        max_size=None,
    ) as connection:
        await connection.send(json.dumps({"type": "connection_init", "payload": payload}))
        assert json.loads(await connection.recv())["type"] == "connection_ack"
        made = Socket(connection)
        reading = asyncio.create_task(made.read())
        try:
            yield made
        finally:
            await connection.close()
            await reading


@pytest.fixture
async def scene(member, member_of, rollway_up, repository, gate):
    """A team with a task that runs, its OWNER, an ADMIN who watches, and another member."""

    class Scene:
        """What the tests begin with."""

        server = rollway_up
        owner = member
        team = member.team

        async def join(self, client, role="MEMBER"):
            """Have somebody join the team."""
            answer = await self.owner.done("inviteMember", "link", orgName=self.team, role=role)
            token = answer["link"].partition("#")[2]
            await client.done("acceptInvitation", "org { id }", token=token)

        async def watch(self, opened):
            """Begin all three subscriptions."""
            await opened.subscribe("taskEvents", self.task)
            await opened.subscribe("applicationTasks", self.application)
            await opened.subscribe("orgTasks", self.team)

    made = Scene()
    code = repository(f'steps: [{{run: echo one}}, {{run: "{gate.wait}"}}]')
    made.application = await member.create_application(code.url, name="watched")
    made.task = await member.deploy(made.application)
    made.admin, made.other = await member_of(rollway_up), await member_of(rollway_up)
    made.admin.name, made.other.name = [
        (await each.query("{ viewer { username } }"))["viewer"]["username"]
        for each in (made.admin, made.other)
    ]
    await made.join(made.admin, "ADMIN")
    await made.join(made.other)
    yield made
    gate.open()


async def timed(work):
    """Do *work*; return when its answer was there."""
    await work
    return time.monotonic()


async def ends(opened, since, code, keys=tuple(STREAMS)):
    """Check that subscriptions end in time, each with a code."""
    await opened.until(lambda: set(keys) <= set(opened.ended))
    assert {opened.codes.get(key) for key in keys} == {code}
    assert max(opened.ended[key] for key in keys) - since < SECONDS


async def closes(opened, since):
    """Check that a socket is closed in time, with the code for that."""
    await opened.until(lambda: opened.closed is not None)
    assert opened.closed == SIGNED_OUT
    assert opened.closed_at - since < SECONDS


def goes_on(opened):
    """Check that nothing of a socket has ended."""
    assert opened.closed is None
    assert not opened.ended
    assert not opened.codes


# ---------------------------------------------------------------- sessions and tokens


@pytest.mark.parametrize("how", ["sign out", "end session", "everywhere", "password"])
async def test_a_socket_ends_with_its_session(scene, connect, how):
    """4403, whoever ended it from where; other sessions and other people go on."""
    again = connect(scene.server)
    password = {"login": scene.other.name, "password": "correct horse battery"}
    again.token = (await again.done("signIn", "token", **password))["token"]
    async with (
        socket(scene.server, scene.other.token) as first,
        socket(scene.server, again.token) as second,
        socket(scene.server, scene.admin.token) as bystander,
    ):
        for each in (first, second, bystander):
            await scene.watch(each)
        if how == "sign out":
            since = await timed(again.done("signOut", "endedSessions"))
        elif how == "everywhere":
            since = await timed(again.done("signOut", "endedSessions", everywhere=True))
        elif how == "password":
            change = {
                "currentPassword": password["password"],
                "newPassword": "unrelated gravel teapot",
            }
            since = await timed(scene.other.done("changePassword", "endedSessions", **change))
        else:
            listed = (await scene.other.query("{ viewer { sessions { id current } } }"))["viewer"]
            ended = next(each["id"] for each in listed["sessions"] if not each["current"])
            since = await timed(scene.other.done("endSession", "deletedId", sessionId=ended))
        await closes(second, since)
        if how == "everywhere":
            await closes(first, since)
            guest = await scene.other.query("{ viewer { id } }")
            assert guest == {"viewer": None}
        else:
            await asyncio.sleep(0.5)
            goes_on(first)
        goes_on(bystander)
        assert (await again.query("{ viewer { id } }")) == {"viewer": None}


async def test_a_cookies_socket_ends_with_its_session(scene):
    """The same for who came by the cookie of the handshake."""
    async with httpx2.AsyncClient(base_url=scene.server.url) as browser:
        query = """mutation ($input: SignInInput!) { signIn(input: $input) {
          ... on SignInPayload { token } } }"""
        given = {"login": scene.other.name, "password": "correct horse battery"}
        body = {"query": query, "variables": {"input": {**given, "session": "COOKIE"}}}
        answer = await browser.post("/graphql", json=body)
        assert answer.json()["data"] == {"signIn": {"token": None}}
        cookie = answer.headers["set-cookie"].partition(";")[0]
        async with socket(scene.server, cookie=cookie) as opened:
            await scene.watch(opened)
            out = {"query": "mutation { signOut { ... on SignOutPayload { endedSessions } } }"}
            headers = {"Cookie": cookie, "Origin": scene.server.url}
            answer = await browser.post("/graphql", json=out, headers=headers)
            since = time.monotonic()
            assert answer.json()["data"] == {"signOut": {"endedSessions": 1}}
            await closes(opened, since)


async def test_a_socket_ends_with_its_api_token(scene):
    """Revoked by its user; the user's session goes on."""
    made = await scene.other.done(
        "createApiToken", "value apiToken { id }", name="watch", scopes=["READ"]
    )
    async with (
        socket(scene.server, made["value"]) as opened,
        socket(scene.server, scene.other.token) as own,
    ):
        await scene.watch(opened)
        await scene.watch(own)
        revoke = {"apiTokenId": made["apiToken"]["id"]}
        since = await timed(scene.other.done("revokeApiToken", "apiToken { id }", **revoke))
        await closes(opened, since)
        goes_on(own)


async def test_an_idle_socket_ends_as_well(scene, connect):
    """Nothing has to be subscribed to; nor does a socket that ended let anybody begin."""
    again = connect(scene.server)
    given = {"login": scene.other.name, "password": "correct horse battery"}
    again.token = (await again.done("signIn", "token", **given))["token"]
    async with socket(scene.server, again.token) as opened:
        since = await timed(again.done("signOut", "endedSessions"))
        await closes(opened, since)


# ---------------------------------------------------------------- members, teams, applications


async def test_a_removed_members_streams_end(scene):
    """NOT_FOUND on each; the socket stays, and a stream of another team on it goes on."""
    own = await scene.other.create_application("https://example.com/a/b", name="own")
    async with (
        socket(scene.server, scene.other.token) as opened,
        socket(scene.server, scene.admin.token) as bystander,
    ):
        await scene.watch(opened)
        await scene.watch(bystander)
        payload = {"query": STREAMS["applicationTasks"], "variables": {"id": own}}
        message = {"id": "own", "type": "subscribe", "payload": payload}
        await opened.connection.send(json.dumps(message))
        remove = {"orgName": scene.team, "username": scene.other.name}
        since = await timed(scene.admin.done("removeMember", "deletedId", **remove))
        await ends(opened, since, "NOT_FOUND")
        await asyncio.sleep(0.3)
        assert opened.closed is None
        assert "own" not in opened.ended
        goes_on(bystander)


async def test_a_token_of_the_team_ends_with_the_membership(scene):
    """Its socket closes: the token is gone."""
    made = await scene.other.done(
        "createApiToken", "value", name="team", scopes=["READ"], orgName=scene.team
    )
    async with socket(scene.server, made["value"]) as opened:
        await scene.watch(opened)
        leave = {"orgName": scene.team, "username": scene.other.name}
        since = await timed(scene.other.done("removeMember", "deletedId", **leave))
        await closes(opened, since)


async def test_who_may_still_read_goes_on_watching(scene, gate):
    """An ADMIN becomes a VIEWER, the team gets another OWNER: the streams come to their end."""
    async with (
        socket(scene.server, scene.admin.token) as opened,
        socket(scene.server, scene.owner.token) as owner,
    ):
        await scene.watch(opened)
        await scene.watch(owner)
        change = {"orgName": scene.team, "username": scene.admin.name, "role": "VIEWER"}
        await scene.owner.done("updateMemberRole", "org { role }", **change)
        transfer = {"orgName": scene.team, "toUsername": scene.other.name}
        await scene.owner.done("transferOrg", "org { role }", **transfer, confirmName=scene.team)
        await asyncio.sleep(1)
        goes_on(opened)
        goes_on(owner)
        gate.open()
        for each in (opened, owner):
            await each.until(lambda each=each: "taskEvents" in each.ended)
            assert "taskEvents" not in each.codes
            assert each.begun["taskEvents"] > 3


@pytest.mark.parametrize("what", ["team", "application"])
async def test_what_is_deleted_is_watched_no_longer(scene, what, rollway_up):
    """NOT_FOUND to everybody, in time; processes of its task end, and nothing is stuck."""
    await scene.owner.until(scene.task, "one\n")
    assert rollway_up.step_processes(scene.task)
    keys = tuple(STREAMS) if what == "team" else ("taskEvents", "applicationTasks")
    async with (
        socket(scene.server, scene.owner.token) as first,
        socket(scene.server, scene.other.token) as second,
    ):
        for each in (first, second):
            await scene.watch(each)
        if what == "team":
            given = {"orgName": scene.team, "confirmName": scene.team}
            since = await timed(scene.owner.done("deleteOrg", "deletedId", **given))
        else:
            given = {"applicationId": scene.application, "confirmName": "watched"}
            since = await timed(scene.owner.done("deleteApplication", "deletedId", **given))
        for each in (first, second):
            await ends(each, since, "NOT_FOUND", keys)
        if what == "application":
            assert "orgTasks" not in first.ended
    async with asyncio.timeout(40):
        while rollway_up.step_processes(scene.task):
            await asyncio.sleep(0.05)


async def test_what_belongs_to_another_team_is_watched_there_alone(scene, gate, member_of):
    """Old members' streams end; who is in both teams goes on; the old team's goes on without."""
    gate.open()
    await scene.owner.events(scene.task)
    both, stranger = scene.admin, scene.other
    await both.done(
        "transferApplication",
        "pending",
        applicationId=scene.application,
        toOrgName=both.team,
    )
    async with (
        socket(scene.server, stranger.token) as old,
        socket(scene.server, both.token) as new,
    ):
        for each in (old, new):
            await each.subscribe("applicationTasks", scene.application)
            await each.subscribe("orgTasks", scene.team)
        accept = {"applicationId": scene.application}
        since = await timed(both.done("acceptApplication", "application { id }", **accept))
        await ends(old, since, "NOT_FOUND", ("applicationTasks",))
        await asyncio.sleep(0.3)
        assert "orgTasks" not in old.ended
        goes_on(new)
        before = old.begun["orgTasks"]
        await both.run(scene.application)
        await new.until(lambda: new.begun["applicationTasks"] > 1)
        assert old.begun["orgTasks"] == before


@pytest.mark.slow
async def test_200_streams_end_at_once(scene):
    """By one removal, on many sockets, in time; those of others on as many go on."""
    async with AsyncExitStack() as stack:

        async def opened_by(client):
            opened = await stack.enter_async_context(socket(scene.server, client.token))
            for number in range(20):
                name = list(STREAMS)[number % 3]
                ids = (scene.task, scene.application, scene.team)
                await opened.subscribe(name, ids[number % 3], number)
            return opened

        lost = [await opened_by(scene.other) for _ in range(10)]
        kept = [await opened_by(scene.admin) for _ in range(2)]
        remove = {"orgName": scene.team, "username": scene.other.name}
        since = await timed(scene.owner.done("removeMember", "deletedId", **remove))
        for opened in lost:
            await opened.until(lambda opened=opened: len(opened.ended) == 20)
            assert len(opened.codes) == 20
            assert set(opened.codes.values()) == {"NOT_FOUND"}
        assert max(max(opened.ended.values()) for opened in lost) - since < SECONDS
        for opened in kept:
            goes_on(opened)


async def test_a_right_that_goes_while_a_stream_begins(scene):
    """Subscribed in the very moment of the removal: refused or ended, never overlooked."""
    for _ in range(3):
        async with socket(scene.server, scene.other.token) as opened:
            remove = {"orgName": scene.team, "username": scene.other.name}
            removing = asyncio.create_task(
                timed(scene.owner.done("removeMember", "deletedId", **remove))
            )
            for number in range(40):
                payload = {
                    "query": STREAMS["applicationTasks"],
                    "variables": {"id": scene.application},
                }
                message = {"id": f"s{number}", "type": "subscribe", "payload": payload}
                await opened.connection.send(json.dumps(message))
                await asyncio.sleep(0.002)
            since = await removing
            await opened.until(lambda opened=opened: len(opened.ended) == 40)
            assert set(opened.codes.values()) == {"NOT_FOUND"}
            assert max(opened.ended.values()) - since < SECONDS
        await scene.join(scene.other)


@pytest.mark.slow
async def test_a_right_that_another_process_takes(two_servers, member_of):
    """A member removed at one server is out at the other, and so is a session that ends."""
    here, there = two_servers
    owner, other = await member_of(here), await member_of(here)
    username = (await other.query("{ viewer { username } }"))["viewer"]["username"]
    answer = await owner.done("inviteMember", "link", orgName=owner.team)
    token = answer["link"].partition("#")[2]
    await other.done("acceptInvitation", "org { id }", token=token)
    application = await owner.create_application("https://example.com/a/b")
    async with socket(there, other.token) as opened:
        payload = {"query": STREAMS["applicationTasks"], "variables": {"id": application}}
        message = {"id": "x", "type": "subscribe", "payload": payload}
        await opened.connection.send(json.dumps(message))
        await asyncio.sleep(0.5)
        remove = {"orgName": owner.team, "username": username}
        since = await timed(owner.done("removeMember", "deletedId", **remove))
        await ends(opened, since, "NOT_FOUND", ("x",))
        since = await timed(other.done("signOut", "endedSessions"))
        await closes(opened, since)


async def test_a_socket_ends_when_its_token_expires(scene):
    """Nobody takes it away, and nobody has to come by: it is looked at every few seconds."""
    expires = datetime.now(UTC) + timedelta(seconds=5)
    given = {"name": "short", "scopes": ["READ"], "expiresTime": expires.isoformat()}
    made = await scene.other.done("createApiToken", "value", **given)
    async with socket(scene.server, made["value"]) as opened:
        await scene.watch(opened)
        await opened.until(lambda: opened.closed is not None)
        assert opened.closed == SIGNED_OUT
        late = datetime.now(UTC) - expires
        assert timedelta(0) <= late < timedelta(seconds=LOOKS_SECONDS + 5)


@pytest.mark.slow
async def test_what_prints_is_deleted_while_it_is_watched(
    rollway_up, member_of, repository, connect
):
    """A task that prints without end: its streams end with NOT_FOUND, its processes end too.

    The worker is free afterwards, and nobody has logged a fault.
    """
    member = await member_of(rollway_up)
    chatty = repository("steps: [{run: 'while :; do seq 1000; sleep 0.01; done'}]")
    fine = await member.create_application(repository("steps: [{run: 'true'}]").url)
    query = """subscription ($id: ID!) { taskEvents(taskId: $id) {
      seq task { id status application { name ownerOrg { name } } steps { index } }
      ... on StepOutput { firstLine } ... on StepStatusChanged { step { id } } } }"""
    for number in range(3):
        application = await member.create_application(chatty.url, name=f"chatty{number}")
        task = await member.deploy(application)
        await member.until(task, "1000\n")
        async with socket(rollway_up, member.token) as opened:
            for key in range(5):
                payload = {"query": query, "variables": {"id": task}}
                message = {"id": f"s{key}", "type": "subscribe", "payload": payload}
                await opened.connection.send(json.dumps(message))
            await opened.until(lambda opened=opened: len(opened.begun) == 5)
            await asyncio.sleep(0.1 * number)
            given = {"applicationId": application, "confirmName": f"chatty{number}"}
            since = await timed(member.done("deleteApplication", "deletedId", **given))
            await ends(opened, since, "NOT_FOUND", [f"s{key}" for key in range(5)])
            assert opened.closed is None
        async with asyncio.timeout(40):
            while rollway_up.step_processes(task):
                await asyncio.sleep(0.05)
        _, events = await member.run(fine)
        assert events[-1]["status"] == "SUCCESS"
