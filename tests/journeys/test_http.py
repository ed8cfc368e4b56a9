"""GraphQL over HTTP: what is asked how, and what is answered with which status."""

import json
import secrets

import httpx2
import pytest
import websockets
from websockets.exceptions import InvalidStatus

JSON = "application/json"
GRAPHQL = "application/graphql-response+json"
PAGE = "https://deploys.example.com"
POSTED = {"Content-Type": JSON}
ME = '{"query": "{ viewer { username } }"}'
PASSWORD = "correct horse battery"


@pytest.fixture
def opened(rollway_of):
    """Return a server that takes batches, and pages of another origin."""
    server = rollway_of(settings={"ROLLWAY_CORS_ORIGINS": PAGE, "ROLLWAY_BATCH_OPERATIONS": "3"})
    server.start()
    return server


async def cookie_of(client):
    """Return the cookie of a new account's session."""
    await client.sign_up()
    client.token = None
    name = f"user-{secrets.token_hex(6)}"
    await client.done("signUp", "token", username=name, password=PASSWORD, session="COOKIE")
    return f"rollway_session={client.http.cookies['rollway_session']}"


@pytest.mark.parametrize(
    ("method", "headers", "body", "status", "code"),
    [
        ("POST", POSTED, b"", 400, "INVALID"),
        ("POST", POSTED, b"[", 400, "INVALID"),
        ("POST", POSTED, b"null", 400, "INVALID"),
        ("POST", POSTED, b"[" * 100_000, 400, "INVALID"),
        ("POST", POSTED, b'{"query": ' + b"1" * 5000 + b"}", 400, "INVALID"),
        ("POST", POSTED, b'{"query": "\xff"}', 400, "INVALID"),
        ("POST", POSTED, b'{"query": "\\ud800"}', 400, "INVALID"),
        ("POST", POSTED, b'{"query": "{ __typename }", "variables": {"x": NaN}}', 400, "INVALID"),
        ("POST", POSTED, b'{"query": "{ __typename }", "variables": {"x": 1e999}}', 400, "INVALID"),
        ("POST", POSTED, b"{}", 400, "INVALID"),
        ("POST", POSTED, b'{"query": 1}', 400, "INVALID"),
        ("POST", POSTED, b'{"query": "{ __typename }", "variables": []}', 400, "INVALID"),
        ("POST", POSTED, b'{"query": "{ __typename }", "operationName": "A"}', 400, "INVALID"),
        ("POST", POSTED, f"[{ME}]".encode(), 400, "INVALID"),
        ("POST", POSTED, b" " * (1024 * 1024 + 1), 413, "LIMIT_EXCEEDED"),
        ("POST", {}, ME.encode(), 415, "INVALID"),
        ("POST", {"Content-Type": "text/plain"}, ME.encode(), 415, "INVALID"),
        ("POST", {"Content-Type": "application/json+x"}, ME.encode(), 415, "INVALID"),
        ("POST", {"Content-Type": f"{JSON}; charset=utf-16"}, ME.encode(), 415, "INVALID"),
        ("POST", {**POSTED, "Content-Encoding": "gzip"}, ME.encode(), 415, "INVALID"),
        ("POST", {**POSTED, "Accept": "text/csv"}, ME.encode(), 406, "INVALID"),
        ("GET", {"Accept": JSON}, b"", 400, "INVALID"),
        ("PUT", POSTED, ME.encode(), 405, "INVALID"),
        ("OPTIONS", {}, b"", 405, "INVALID"),
        ("DELETE", {}, b"", 405, "INVALID"),
    ],
)
async def test_refusals_are_json(rollway_up, connect, method, headers, body, status, code):
    """Whatever is wrong with a request, a client reads `errors` with a code, in its language."""
    client = connect(rollway_up)
    for language in ("en", "zh"):
        given = {**headers, "Accept-Language": language}
        answer = await client.http.request(method, client.url, content=body, headers=given)
        (error,) = answer.json()["errors"]

        assert (answer.status_code, error["extensions"]["code"]) == (status, code)
        for text in (error["message"], error["extensions"]["remedy"]):
            assert any("\u4e00" <= each <= "\u9fff" for each in text) == (language == "zh")
        assert error["extensions"]["retryable"] is False
        assert answer.headers["content-type"] == f"{JSON}; charset=utf-8"
        assert answer.headers["cache-control"] == "no-store"
        assert answer.headers.get("allow") == ("GET, POST" if status == 405 else None)


@pytest.mark.parametrize(
    ("wanted", "media_type"),
    [
        (None, JSON),
        ("*/*", JSON),
        ("application/*", JSON),
        (GRAPHQL, GRAPHQL),
        (f"{GRAPHQL}, {JSON}", GRAPHQL),
        (f"{GRAPHQL}; q=0.5, {JSON}", JSON),
        (f"{JSON};q=0, */*", GRAPHQL),
        (f"text/csv, {GRAPHQL};charset=UTF-8;q=0.1", GRAPHQL),
        (f"{JSON};charset=utf-16, {GRAPHQL}", GRAPHQL),
        (f"{GRAPHQL}, {JSON}, text/event-stream, multipart/mixed", GRAPHQL),
        (f'multipart/mixed;boundary="graphql";subscriptionSpec=1.0,{JSON}', JSON),
        ("text/event-stream", "text/event-stream"),
        (f"{JSON};charset=utf-16", None),
        ("text/csv", None),
        ("text/html", None),
        ("*/*;q=0", None),
        (", ;=;q=x,", None),
    ],
)
async def test_what_the_client_reads(rollway_up, connect, wanted, media_type):
    """The answer has the media type that `Accept` likes best, or there is none."""
    client = connect(rollway_up)
    if wanted is None:
        del client.http.headers["Accept"]
    headers = {**POSTED, **({"Accept": wanted} if wanted is not None else {})}
    answer = await client.http.post(client.url, content=ME, headers=headers)

    assert answer.status_code == (200 if media_type else 406)
    assert answer.headers["content-type"] == f"{media_type or JSON}; charset=utf-8"


@pytest.mark.parametrize(
    ("query", "variables", "executed"),
    [
        ("{ viewer { username } }", {}, True),
        ('{ users(search: "x") { id } }', {}, True),
        ("{", {}, False),
        ("{ nothing }", {}, False),
        ("query ($id: ID!) { task(id: $id) { id } }", {}, False),
        ("query ($id: ID!) { task(id: $id) { id } }", {"id": []}, False),
    ],
)
async def test_statuses(rollway_up, connect, query, variables, executed):
    """A document that cannot be run is 400 to who reads the draft's media type; never `data`."""
    client = connect(rollway_up)
    for media_type in (JSON, GRAPHQL):
        answer = await client.post(query, variables, {"Accept": media_type})

        assert answer.status_code == (200 if executed or media_type == JSON else 400)
        assert ("data" in answer.json()) == executed


@pytest.mark.slow
async def test_batches(opened, connect):
    """Each operation has its own answer, in order; one that is refused spoils no other."""
    client = connect(opened)
    name = f"user-{secrets.token_hex(6)}"
    sign_up = "mutation ($input: SignUpInput!) { signUp(input: $input) { __typename } }"
    given = {"input": {"username": name, "password": PASSWORD}}
    asked = [
        {"query": sign_up, "variables": given},
        {"query": "{ viewer { username } }", "operationName": "Nobody"},
        {"query": sign_up, "variables": given},
    ]
    answer = await client.http.post(client.url, json=asked)
    first, second, third = answer.json()

    assert answer.status_code == 200
    assert first["data"] == {"signUp": {"__typename": "SignUpPayload"}}
    assert second["errors"][0]["extensions"]["code"] == "INVALID"
    assert third["data"] == {"signUp": {"__typename": "AlreadyExistsProblem"}}
    for wrong, code in (
        ([], "LIMIT_EXCEEDED"),
        (asked * 2, "LIMIT_EXCEEDED"),
        ([asked[0], 1], "INVALID"),
        ([asked[0], asked], "INVALID"),
    ):
        answer = await client.http.post(client.url, json=wrong)
        assert answer.status_code == 400
        assert answer.json()["errors"][0]["extensions"]["code"] == code


@pytest.mark.slow
async def test_pages_of_other_origins(opened, connect):
    """Those that are set may use the API, cookie and all; browsers keep the permission."""
    client = connect(opened)
    cookie = await cookie_of(client)
    socket = client.url.replace("http", "ws", 1)
    for origin, allowed in ((PAGE, True), ("https://evil.example", False), ("null", False)):
        asked = {
            "Origin": origin,
            "Access-Control-Request-Method": "POST",
            "Access-Control-Request-Headers": "content-type, authorization",
        }
        before = await client.http.options(client.url, headers=asked)
        assert (before.status_code == 200) == allowed
        assert before.headers.get("access-control-allow-origin") == (origin if allowed else None)
        if allowed:
            assert before.headers["access-control-allow-credentials"] == "true"
            assert int(before.headers["access-control-max-age"]) > 600

        async with httpx2.AsyncClient() as browser:
            headers = {**POSTED, "Origin": origin, "Cookie": cookie}
            answer = await browser.post(client.url, content=ME, headers=headers)
            assert answer.status_code == (200 if allowed else 403)
            shared = answer.headers.get("access-control-allow-origin")
            assert shared == (origin if allowed else None)
            assert ("errors" in answer.json()) != allowed

        given = {"origin": origin, "additional_headers": {"Cookie": cookie}}
        opening = websockets.connect(socket, subprotocols=["graphql-transport-ws"], **given)
        if allowed:
            async with opening:
                pass
        else:
            with pytest.raises(InvalidStatus):
                await opening


async def test_large_answers_are_compressed(rollway_up, connect):
    """Those of queries by POST alone: no page elsewhere can ask, and none holds a new token."""
    client = connect(rollway_up)
    await client.sign_up()
    large = "{ __schema { types { name description } } }"
    end = 'endSession(input: {sessionId: "none"}) { __typename ... on Problem { message remedy } }'
    ended = f"mutation {{ {' '.join(f'a{number}: {end}' for number in range(20))} }}"
    headers = {"Accept-Encoding": "gzip"}

    answer = await client.post(large, headers=headers)
    assert answer.headers["content-encoding"] == "gzip"
    assert answer.headers["vary"] == "Accept-Encoding"
    assert len(answer.json()["data"]["__schema"]["types"]) > 100
    for other in (
        await client.post("{ viewer { username } }", headers=headers),
        await client.post(large, headers={"Accept-Encoding": "identity"}),
        mutated := await client.post(ended, headers=headers),
        await client.http.get(client.url, params={"query": large}, headers=headers),
        await client.post(large, headers={**headers, "Accept": "text/event-stream"}),
    ):
        assert other.status_code == 200
        assert "content-encoding" not in other.headers
    assert min(len(mutated.text), len(other.text)) > 1024


async def test_a_stream_by_cookie(rollway_up, connect):
    """A page of ours may open one, as a browser does; a page of another origin may not."""
    client = connect(rollway_up)
    cookie = await cookie_of(client)
    async with httpx2.AsyncClient() as browser:
        for origin, status in ((None, 200), (rollway_up.url, 200), ("https://evil.example", 403)):
            headers = {"Accept": "text/event-stream", "Cookie": cookie}
            headers |= {"Origin": origin} if origin else {}
            answer = await browser.get(
                client.url, params={"query": "{ viewer { username } }"}, headers=headers
            )
            assert answer.status_code == status
            assert ('"username":' in answer.text) == (status == 200)


async def test_a_browser_gets_the_playground(rollway_up, connect):
    """Who opens the address sees a page; a program without a query is told what it lacks."""
    client = connect(rollway_up)
    accept = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"
    page = await client.http.get(client.url, headers={"Accept": accept})
    assert page.headers["content-type"].startswith("text/html")
    for wanted in ("*/*", JSON):
        answer = await client.http.get(client.url, headers={"Accept": wanted})
        assert answer.status_code == 400
    asked = {"query": "{ viewer { username } }"}
    answer = await client.http.get(client.url, params=asked, headers={"Accept": accept})
    assert json.loads(answer.text)["data"] == {"viewer": None}
