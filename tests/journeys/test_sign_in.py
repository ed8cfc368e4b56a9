"""Somebody guesses passwords at a real server, or says that they are elsewhere."""

import asyncio
import secrets
import time
from collections import Counter

import pytest
from gql.transport.exceptions import TransportQueryError

PASSWORD = "correct horse battery"
GUESSES = 400
CONNECTIONS = 20
LIMIT = 7
WINDOW_SECONDS = 10
SIGN_IN = """mutation ($input: SignInInput!) { signIn(input: $input) {
  __typename ... on LimitExceededProblem { retryAfter } } }"""
CHEAP = {
    "ROLLWAY_ARGON2_MEMORY_KIB": "7168",
    "ROLLWAY_ARGON2_PASSES": "5",
    "ROLLWAY_ARGON2_LANES": "1",
}


async def sign_in(client, login, password, **headers):
    """Return what `signIn` answers."""
    variables = {"input": {"login": login, "password": password}}
    response = await client.post(SIGN_IN, variables, headers=headers)
    return response.json()["data"]["signIn"]


@pytest.mark.slow
@pytest.mark.timeout(180)
async def test_hundreds_of_guesses_are_seven(rollway_of, connect):
    """From 20 connections at once: the rest is refused unread, and so is the right password.

    After the window the right one is taken, and a name that nobody has is treated alike.
    """
    server = rollway_of(
        settings={
            **CHEAP,
            "ROLLWAY_SIGN_IN_ATTEMPTS": str(LIMIT),
            "ROLLWAY_THROTTLE_SECONDS": str(WINDOW_SECONDS),
        }
    )
    server.start()
    guesser = connect(server)
    name = await guesser.sign_up()
    guesser.token = None
    counts = {}
    for login in (f"user-{secrets.token_hex(6)}", name):
        room = asyncio.Semaphore(CONNECTIONS)
        begin = time.monotonic()

        async def guess(number, login=login, room=room):
            async with room:
                return await sign_in(guesser, login, f"wrong {number}")

        answers = await asyncio.gather(*(guess(number) for number in range(GUESSES)))
        windows = 1 + (time.monotonic() - begin) // WINDOW_SECONDS
        counts[login] = Counter(answer["__typename"] for answer in answers)
        assert LIMIT <= counts[login]["UnauthenticatedProblem"] <= LIMIT * windows, counts
        assert counts[login].total() == GUESSES
    while (answer := await sign_in(guesser, name, PASSWORD))["__typename"] != "SignInPayload":
        assert answer["__typename"] == "LimitExceededProblem"
        assert 0 < answer["retryAfter"] <= WINDOW_SECONDS
        await asyncio.sleep(answer["retryAfter"])


@pytest.mark.slow
@pytest.mark.timeout(180)
@pytest.mark.parametrize("trusted", ["", "127.0.0.1", "192.0.2.0/24"])
async def test_where_somebody_is_they_cannot_choose(rollway_of, connect, trusted):
    """X-Forwarded-For changes nothing, unless it comes from a proxy that is trusted.

    Then it is the last address in it that is none of ours: what came before, anybody can write.
    """
    settings = {**CHEAP, "ROLLWAY_SIGN_IN_ATTEMPTS": "3", "ROLLWAY_TRUSTED_PROXIES": trusted}
    server = rollway_of(settings=settings)
    server.start()
    client = connect(server)

    async def refused(*addresses):
        answers = [
            await sign_in(client, "ann", "wrong", **{"X-Forwarded-For": address})
            for address in addresses
        ]
        return [answer["__typename"] == "LimitExceededProblem" for answer in answers]

    anew = [f"203.0.113.{number}" for number in range(6)]
    same = [f"203.0.113.{number}, 198.51.100.1" for number in range(6)]
    believed = trusted == "127.0.0.1"
    assert await refused(*anew) == [False] * 3 + [not believed] * 3
    assert await refused(*same) == [not believed] * 3 + [True] * 3


@pytest.mark.slow
@pytest.mark.timeout(180)
@pytest.mark.parametrize("level", ["info", "debug"])
async def test_what_is_typed_reaches_no_log(rollway_of, connect, level):
    """Neither passwords nor their hashes, nor a password typed for a name, nor a token."""
    server = rollway_of(settings={**CHEAP, "ROLLWAY_LOG_LEVEL": level})
    server.start()
    client = connect(server)
    typed = {
        each: f"{each}-{secrets.token_hex(8)}" for each in ("first", "second", "wrong", "login")
    }
    name = f"user-{secrets.token_hex(6)}"
    made = await client.done("signUp", "token", username=name, password=typed["first"])
    client.token = made["token"]
    await client.mutate("signIn", "token", login=typed["login"], password=typed["wrong"])
    await client.mutate("signIn", "token", login=name, password=typed["wrong"])
    await client.done(
        "changePassword",
        "endedSessions",
        currentPassword=typed["first"],
        newPassword=typed["second"],
    )
    await client.post("mutation { signIn(input: {login: 1, password: 2}) { __typename } }")
    await client.post(SIGN_IN, {"input": {"login": typed["login"], "password": [typed["wrong"]]}})
    async with client.connection() as begin:
        watching = begin("subscription ($n: String!) { orgTasks(orgName: $n) { id } }", n="none")
        with pytest.raises(TransportQueryError, match="There is no team"):
            await anext(watching)
    server.terminate()

    log = server.log
    assert "Rollway is up." in log
    found = [each for each in (*typed.values(), client.token, "argon2id$") if each in log]
    assert found == []
