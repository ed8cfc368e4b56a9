"""A socket's manners, and how events reach many at once."""

import asyncio
import gc
import json
from contextlib import AsyncExitStack

import pytest
import websockets
from websockets.exceptions import ConnectionClosed

from auth import sessions
from db.models import Org, Session
from rollway.sockets import door
from rollway.sockets.feeds import Feed, Reader
from rollway.sockets.operation import Operation
from rollway.sockets.socket import OPERATIONS_MAX, Socket
from tests.streaming import EVENTS, OWN, Stage, Watcher, token_of

INIT = {"type": "connection_init"}
QUERY = {"query": "{ viewer { username } }"}
SECONDS = 20
BEGUN = 4  # events of a task that has just begun


@pytest.fixture
async def stage(database, tmp_path):
    """A task that runs, and its user's token."""
    made = Stage(database, tmp_path, sockets_per_user="30")
    await made.start()
    made.user = await made.furnish()
    made.token = await token_of(made.user)
    yield made
    await made.stop()


@pytest.fixture
async def watchers(stage):
    """Return how people begin to watch; they go away at the end."""
    made = []

    def watch(count, document=EVENTS, token=None):
        begun = [Watcher(stage, token or stage.token, document) for _ in range(count)]
        made.extend(begun)
        return begun

    yield watch
    for each in made:
        await each.close()


@pytest.fixture(autouse=True)
async def in_time():
    """Nothing here takes long."""
    async with asyncio.timeout(SECONDS):
        yield


def raw(stage, protocols=("graphql-transport-ws",)):
    """Return a connection that is being opened."""
    return websockets.connect(
        f"ws://127.0.0.1:{stage.port}/graphql", subprotocols=list(protocols), max_size=None
    )


async def said(connection):
    """Return what a socket says until it closes."""
    found = []
    try:
        while True:
            found.append(json.loads(await connection.recv()))
    except ConnectionClosed:
        return found


@pytest.mark.parametrize(
    ("frames", "code"),
    [
        ([INIT, INIT], 4429),
        ([{"id": "1", "type": "subscribe", "payload": QUERY}], 4401),
        ([INIT, {"id": "", "type": "subscribe", "payload": QUERY}], 4400),
        ([INIT, {"id": "1" * 1001, "type": "subscribe", "payload": QUERY}], 4400),
        ([INIT, {"id": "1", "type": "subscribe", "payload": None}], 4400),
        ([INIT, {"id": "1", "type": "subscribe", "payload": QUERY | {"extensions": 1}}], 4400),
        ([INIT, {"id": "1", "type": "next", "payload": {}}], 4400),
        ([{"type": "x" * 5000}], 4400),
        ([{"type": "ping", "payload": 1}], 4400),
        ([7], 4400),
    ],
)
async def test_what_breaks_the_protocol_closes_the_socket(stage, frames, code):
    """With the code the protocol has for it, and a reason."""
    async with raw(stage) as connection:
        for frame in frames:
            await connection.send(json.dumps(frame))
        await said(connection)

    assert connection.close_code == code
    assert connection.close_reason


async def test_a_second_operation_of_an_id_closes_the_socket(stage):
    """A long id does not make the reason too long for its frame."""
    name = "é" * 1000
    payload = {"query": EVENTS, "variables": {"id": stage.task, "after": 0}}
    async with stage.connected(stage.token) as connection:
        for _ in range(2):
            message = {"id": name, "type": "subscribe", "payload": payload}
            await connection.send(json.dumps(message))
        await said(connection)

    assert connection.close_code == 4409


CREATE = {"query": 'mutation { createOrg(input: {name: "x"}) { __typename } }'}


async def test_what_a_socket_refuses_is_told_as_everywhere(stage):
    """With code, remedy and whether to try again, in the language of who opened it."""
    watch = {"query": EVENTS, "variables": {"id": stage.task, "after": 0}}
    asked = [*[watch] * OPERATIONS_MAX, watch, CREATE, {"query": "{"}]
    url = f"ws://127.0.0.1:{stage.port}/graphql"
    headers, protocols = {"Accept-Language": "zh"}, ["graphql-transport-ws"]
    refused = {}
    async with websockets.connect(
        url, subprotocols=protocols, additional_headers=headers
    ) as connection:
        init = INIT | {"payload": {"Authorization": f"Bearer {stage.token}"}}
        await connection.send(json.dumps(init))
        for number, payload in enumerate(asked):
            if number > OPERATIONS_MAX:
                await connection.send(json.dumps({"id": "0", "type": "complete"}))
            message = {"id": f"{number}", "type": "subscribe", "payload": payload}
            await connection.send(json.dumps(message))
            while number >= OPERATIONS_MAX and f"{number}" not in refused:
                answer = json.loads(await connection.recv())
                if answer["type"] == "error":
                    (refused[answer["id"]],) = answer["payload"]

    more = [each["extensions"] for each in refused.values()]
    assert [(each["code"], each["retryable"]) for each in more] == [
        ("LIMIT_EXCEEDED", True),
        ("INVALID", False),
        ("INVALID", False),
    ]
    for each in refused.values():
        for text in (each["message"], each["extensions"]["remedy"]):
            assert any("\u4e00" <= character <= "\u9fff" for character in text), text


async def test_text_that_is_none_closes_the_socket(stage):
    """Invalid UTF-8 is the sender's fault, and nothing for the log."""
    async with raw(stage) as connection:
        connection.protocol.send_text(b"\xff\xfe")
        connection.transport.write(b"".join(connection.protocol.data_to_send()))
        await said(connection)

    assert connection.close_code == 1007


async def test_a_socket_greets_and_answers(stage):
    """With our name and version; pings are answered, an id that nobody has is no matter."""
    async with raw(stage) as connection:
        for frame in (INIT, {"type": "ping"}, {"type": "pong"}, {"type": "complete", "id": "9"}):
            await connection.send(json.dumps(frame))
        hello, pong = [json.loads(await connection.recv()) for _ in range(2)]

        for _ in range(2):  # an id is free again when its operation has ended
            await connection.send(json.dumps({"id": "1", "type": "subscribe", "payload": QUERY}))
            answers = [json.loads(await connection.recv()) for _ in range(2)]
            assert [each["type"] for each in answers] == ["next", "complete"]

    assert hello["type"] == "connection_ack"
    assert hello["payload"]["server"] == "rollway"
    assert hello["payload"]["version"]
    assert pong == {"type": "pong"}


async def test_the_old_protocol_is_refused(stage):
    """`graphql-ws` as a subprotocol, though a client of it would send the same first message."""
    async with raw(stage, ["graphql-ws"]) as connection:
        assert await said(connection) == []
    assert connection.close_code == 4406


async def test_an_id_can_be_used_again_at_once(stage):
    """After `complete` nothing of the old operation comes, though it was in the middle of it."""
    await stage.say(300, 300)
    payload = {"query": EVENTS, "variables": {"id": stage.task, "after": 0}}
    async with stage.connected(stage.token) as connection, stage.connected(stage.token) as other:
        await other.send(json.dumps({"id": "o", "type": "subscribe", "payload": payload}))
        await connection.send(json.dumps({"id": "1", "type": "subscribe", "payload": payload}))
        for _ in range(5):
            await connection.recv()
        await connection.send(json.dumps({"type": "complete", "id": "1"}))
        await connection.send(json.dumps({"id": "1", "type": "subscribe", "payload": payload}))
        numbers = []
        while not numbers or numbers[-1] < 300:
            number = json.loads(await connection.recv())["payload"]["data"]["taskEvents"]["seq"]
            numbers = [*numbers, number] if number == len(numbers) + 1 or not numbers else [number]
            if len(numbers) == 1 and number != 1:
                numbers = []

    assert numbers == list(range(1, 301))


async def test_who_is_silent_gives_way(stage, monkeypatch):
    """However many say nothing, who does gets in; the one that was silent longest is closed."""
    monkeypatch.setattr(door, "WAITING_PER_ADDRESS_MAX", 5)
    await stage.restart()
    async with AsyncExitStack() as stack:
        silent = [await stack.enter_async_context(raw(stage)) for _ in range(10)]
        async with stage.connected(stage.token), stage.connected():
            pass
        for each in silent[:6]:
            await each.wait_closed()
        await silent[-1].send(json.dumps(INIT))
        assert json.loads(await silent[-1].recv())["type"] == "connection_ack"

    assert [each.close_code for each in silent[:6]] == [1013] * 6


async def test_guests_are_counted_by_address(stage, monkeypatch):
    """Beyond so many the next is asked to come back later; users are let in all the same."""
    monkeypatch.setattr(door, "GUESTS_PER_ADDRESS_MAX", 5)
    await stage.restart()
    async with AsyncExitStack() as stack:
        for _ in range(5):
            await stack.enter_async_context(stage.connected())
        async with raw(stage) as connection:
            await connection.send(json.dumps(INIT))
            assert await said(connection) == []
        assert connection.close_code == 1013
        async with stage.connected(stage.token):
            pass
    while stage.server.sockets.door.guests._taken:
        await asyncio.sleep(0.01)
    async with stage.connected():  # when they have gone there is room again
        pass


async def test_a_users_sockets_are_counted(stage):
    """Over all of their sessions; others are let in."""
    async with AsyncExitStack() as stack:
        for _ in range(30):
            await stack.enter_async_context(stage.connected(await token_of(stage.user)))
        async with raw(stage) as connection:
            init = INIT | {"payload": {"Authorization": f"Bearer {stage.token}"}}
            await connection.send(json.dumps(init))
            assert await said(connection) == []
        assert connection.close_code == 1013
    async with stage.connected(stage.token):
        pass


async def test_many_share_one_execution(stage, watchers, statements):
    """Twenty who watch the same read the journal once between them, and get the same bytes."""
    people = watchers(20)
    await stage.say(1)
    for each in people:
        await each.until(BEGUN + 1)
    del statements[:]
    for _ in range(10):
        await stage.say(1)
        for each in people:
            await each.until(BEGUN + stage.lines)
    read = [text for text in statements if 'FROM "task_event"' in text]
    await stage.finish()
    for each in people:
        await each.ended()

    journal = [entry.seq for entry in await stage.journal()]
    assert all([event["seq"] for event in each.events] == journal for each in people)
    assert 10 <= len(read) <= 80, len(read)
    assert not stage.server.sockets.feeds._feeds


async def test_nothing_is_left_behind(stage):
    """Of 120 sockets, whatever they were doing when they went."""
    payload = {"query": EVENTS, "variables": {"id": stage.task, "after": 0}}
    for number in range(120):
        async with stage.connected(stage.token) as connection:
            for name in range(number % 4):
                message = {"id": f"{name}", "type": "subscribe", "payload": payload}
                await connection.send(json.dumps(message))
            if number % 2:
                await connection.recv() if number % 4 else None
                connection.transport.abort()
        if number % 10 == 0:
            await stage.say(1)
    sockets = stage.server.sockets
    kinds = (Socket, Operation, Reader, Feed)
    while sockets.door.users._taken or any(type(each) in kinds for each in gc.get_objects()):
        await asyncio.sleep(0.01)
        gc.collect()

    assert not sockets.feeds._feeds
    assert not sockets.looks._watches
    assert not sockets.feeds._closing
    assert not sockets.door.guests._taken
    assert not sockets.door.waiting._rooms


async def test_what_depends_on_who_asks_is_not_shared(stage, watchers):
    """What they may do here is theirs alone."""
    people = watchers(3, OWN)
    await stage.say(1)
    for each in people:
        await each.until(BEGUN + 1)

    assert not stage.server.sockets.feeds._feeds


async def test_who_loses_the_right_leaves_alone(stage, watchers):
    """A session that ends takes its sockets along, also the one others' feed was begun by."""
    lost = await sessions.start(stage.user)
    theirs = watchers(3, token=lost[1])
    await stage.say(1)
    for each in theirs:
        await each.until(BEGUN + 1)
    ours = watchers(3)
    await stage.say(1)
    for each in [*theirs, *ours]:
        await each.until(BEGUN + 2)

    await Session.filter(id=lost[0].id).delete()
    stage.server.services.rights.changed(stage.user.id)
    for each in theirs:
        await each.ended()
    await stage.say(5)
    await stage.finish()
    for each in ours:
        await each.ended()

    assert [each.codes for each in theirs] == [[4403]] * 3
    journal = [entry.seq for entry in await stage.journal()]
    assert [[event["seq"] for event in each.events] for each in ours] == [journal] * 3


async def test_who_is_a_member_no_longer_gets_an_error(stage):
    """The stream ends with NOT_FOUND; the socket stays."""
    payload = {"query": EVENTS, "variables": {"id": stage.task, "after": 0}}
    async with stage.connected(stage.token) as connection:
        for name in "12":
            message = {"id": name, "type": "subscribe", "payload": payload}
            await connection.send(json.dumps(message))
        for _ in range(2 * BEGUN):
            await connection.recv()
        await Org.filter(user_id=stage.user.id).update(name="elsewhere")
        stage.server.services.rights.changed(stage.user.id)
        answers = [json.loads(await connection.recv()) for _ in range(4)]

    failed = [each for each in answers if each["type"] == "next"]
    codes = [each["payload"]["errors"][0]["extensions"]["code"] for each in failed]
    assert codes == ["NOT_FOUND"] * 2
    assert sorted(each["id"] for each in answers if each["type"] == "complete") == ["1", "2"]


async def test_a_reader_who_sleeps_holds_up_nobody(stage, watchers):
    """Others get all at once; when the sleeper wakes up they get all too."""
    sleeper, *others = watchers(4)
    await sleeper.until(BEGUN)
    sleeper.reading.clear()
    for _ in range(40):
        await stage.say(5, 6000)
    for each in others:
        await each.until(BEGUN + 200)
    asleep = sleeper.position
    sleeper.reading.set()
    await stage.finish()
    await sleeper.ended()

    journal = [entry.seq for entry in await stage.journal()]
    assert asleep < 100
    assert [event["seq"] for event in sleeper.events] == journal


async def test_who_reads_no_refusals_is_heard_no_more(stage):
    """What is refused at once waits for its reader too: they cannot fill the server's memory."""
    asked = [
        {"id": f"{number} ".ljust(1000, "\U0001f600"), "type": "subscribe", "payload": wrong}
        for number in range(200)
        for wrong in [{"query": "{ nothing }"}]
    ]
    async with stage.connected(stage.token) as connection:

        async def send():
            for each in asked:
                await connection.send(json.dumps(each))

        (served,) = stage.connections
        unread, before = [0], -1
        async with asyncio.TaskGroup() as group:
            group.create_task(send())
            while unread[-1] != before:
                before = unread[-1]
                for _ in range(20):
                    await asyncio.sleep(0.01)
                    unread.append(served.transport.get_write_buffer_size())
            answers = [json.loads(await connection.recv()) for _ in asked]

    assert {each["id"] for each in answers} == {each["id"] for each in asked}
    assert {each["type"] for each in answers} == {"error"}
    assert max(unread) < 128 * 1024


async def test_who_is_ahead_of_a_task_keeps_nobody_from_sharing(stage, watchers, statements):
    """A feed begins where the journal stands, however far its first reader says they are."""
    ahead = {"query": EVENTS, "variables": {"id": stage.task, "after": 2**31 - 1}}
    async with stage.connected(stage.token) as connection:
        await connection.send(json.dumps({"id": "1", "type": "subscribe", "payload": ahead}))
        while not stage.server.sockets.feeds._feeds:
            await asyncio.sleep(0.01)
        people = watchers(10)
        await stage.say(1)
        for each in people:
            await each.until(BEGUN + 1)
        del statements[:]
        for _ in range(10):
            await stage.say(1)
            for each in people:
                await each.until(BEGUN + stage.lines)
        read = [text for text in statements if 'FROM "task_event"' in text]
        await stage.finish()
        for each in people:
            await each.ended()
        assert json.loads(await connection.recv()) == {"id": "1", "type": "complete"}

    assert len(read) <= 40, len(read)


async def test_many_streams_of_one_thing_are_looked_after_once(stage, statements):
    """Each has a feed of its own; whether their caller still may look is asked for all together."""
    async with stage.connected(stage.token) as connection:
        for number in range(30):
            query = EVENTS.replace("taskEvents(", f"a{number}: taskEvents(")
            payload = {"query": query, "variables": {"id": stage.task, "after": 0}}
            message = {"id": f"{number}", "type": "subscribe", "payload": payload}
            await connection.send(json.dumps(message))
        for _ in range(30 * BEGUN):
            await connection.recv()
        del statements[:]
        stage.server.services.rights.changed(stage.user.id)
        while len(asked := [each for each in statements if 'FROM "session"' in each]) < 2:
            await asyncio.sleep(0.01)
        await asyncio.sleep(0.1)
        asked = [each for each in statements if 'FROM "session"' in each]

    assert len(asked) <= 6, len(asked)


async def test_a_server_that_ends_says_come_back(stage, watchers):
    """1012: clients take it for a reason to connect again, and go on behind what they have."""
    people = watchers(3)
    await stage.say(3)
    for each in people:
        await each.until(BEGUN + 3)
    await stage.restart()
    await stage.say(3)
    await stage.finish()
    for each in people:
        await each.ended()

    journal = [entry.seq for entry in await stage.journal()]
    for each in people:
        assert [event["seq"] for event in each.events] == journal
        assert each.codes[0] == 1012
