"""The doors before /graphql, and what breaks behind them: every answer is JSON with a code."""

import re
from string import Formatter

import httpx2
import pytest

from db.vault import KEY_BYTES, Vault
from engine.executors.isolation import Isolation, Level
from rollway.api.refusals import CHINESE, TABLE, Asked, JsonFlaw, Kind
from rollway.app import Server
from rollway.settings import UP, load

HERE = "http://127.0.0.1:8000"
PAGE = "https://deploys.example.com"
POSTED = {"Content-Type": "application/json"}
ASK = '{"query": "{ __typename }"}'
PREFLIGHT = {"Origin": PAGE, "Access-Control-Request-Method": "POST"}


@pytest.fixture
async def door(sqlite_url, tmp_path):
    """Yield a client of a server whose database is away."""
    given = {
        "ROLLWAY_DATA": str(tmp_path),
        "ROLLWAY_DATABASE_URL": sqlite_url,
        "ROLLWAY_CORS_ORIGINS": PAGE,
        "ROLLWAY_PORT": "8000",
    }
    server = Server(load(UP, given, {}), Vault(bytes(KEY_BYTES)), Isolation(Level.PLAIN))
    asgi = httpx2.ASGITransport(server.app())
    async with httpx2.AsyncClient(transport=asgi, base_url=HERE) as client:
        yield client


@pytest.mark.parametrize(
    ("method", "headers", "status", "code"),
    [
        ("POST", {**POSTED, "Host": "evil.example"}, 400, "INVALID"),
        ("POST", {**POSTED, "Host": "a b"}, 400, "INVALID"),
        ("GET", {"Host": "evil.example", "Accept": "text/html"}, 400, "INVALID"),
        ("OPTIONS", {**PREFLIGHT, "Host": "evil.example"}, 400, "INVALID"),
        ("OPTIONS", {**PREFLIGHT, "Origin": "https://evil.example"}, 400, "FORBIDDEN"),
        ("OPTIONS", {**PREFLIGHT, "Access-Control-Request-Method": "PUT"}, 400, "FORBIDDEN"),
        ("OPTIONS", {**PREFLIGHT, "Access-Control-Request-Headers": "x"}, 400, "FORBIDDEN"),
        ("POST", {**POSTED, "Authorization": "Bearer rws_x"}, 500, "INTERNAL"),
    ],
)
async def test_what_is_refused_at_the_door_is_json(door, caplog, method, headers, status, code):
    """With a code, in the language of who asks, in the media type they read, and kept nowhere."""
    for language in ("en", "zh"):
        for accepted in ("application/json", "application/graphql-response+json"):
            given = {"Accept": accepted, **headers, "Accept-Language": language}
            answer = await door.request(method, "/graphql", content=ASK, headers=given)
            (error,) = answer.json()["errors"]

            assert (answer.status_code, error["extensions"]["code"]) == (status, code)
            chinese = any("\u4e00" <= each <= "\u9fff" for each in error["message"])
            assert chinese == (language == "zh")
            expected = "application/json" if "html" in given["Accept"] else accepted
            assert answer.headers["content-type"] == f"{expected}; charset=utf-8"
            assert answer.headers["cache-control"] == "no-store"
            number = re.search(r"[0-9a-f]{12}", error["message"])
            assert bool(number) == (status == 500)
            assert number is None or number[0] in caplog.text


async def test_who_belongs_here_passes(door):
    """The doors stand open for our own names and the pages that are set."""
    for host in ("127.0.0.1:8000", "localhost", "[::1]:8000"):
        answer = await door.post("/graphql", content=ASK, headers={**POSTED, "Host": host})
        assert answer.json()["data"] == {"__typename": "Query"}
    asked = await door.options("/graphql", headers=PREFLIGHT)
    assert (asked.status_code, asked.headers["access-control-allow-origin"]) == (200, PAGE)


@pytest.mark.parametrize("kind", TABLE, ids=lambda kind: kind.__name__)
def test_every_refused_request_speaks_both_languages(kind):
    """With the same facts; what these are filled with has a Chinese word too."""
    named = [
        {name for _, name, _, _ in Formatter().parse(text) if name}
        for text in (kind.__doc__ or "", TABLE[kind].chinese)
    ]

    assert named[0] == named[1] <= set(getattr(kind, "__dataclass_fields__", ()))
    assert CHINESE.keys() == {*Asked, *Kind, *JsonFlaw}
