"""The doors before /graphql, and what breaks behind them: every answer is JSON with a code."""

import json
import re

import httpx2
import pytest

from db.vault import KEY_BYTES, Vault
from engine.executors.isolation import Isolation, Level
from rollway.api.http import encoded
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
            for text in (error["message"], error["extensions"]["remedy"]):
                chinese = any("\u4e00" <= each <= "\u9fff" for each in text)
                assert chinese == (language == "zh")
            assert error["extensions"]["retryable"] == (code == "INTERNAL")
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


@pytest.mark.parametrize(
    ("body", "english", "chinese"),
    [
        (b" \n", "it is empty", "内容为空"),
        (b'{"query":\n ', "it breaks off in line 2, column 2", "在第 2 行第 2 列中断"),
        (
            b'{"query": "a"\n"b"}',
            "line 2, column 1 does not fit there",
            "第 2 行第 1 列的内容不应出现在该处",
        ),
        (
            b"{} x",
            "line 1, column 4 does not fit there",
            "第 1 行第 4 列的内容不应出现在该处",
        ),
        (b'{"query": "\xff"}', "it is not UTF-8 (byte 12)", "不是 UTF-8(第 12 字节)"),
        (
            b'{"query": "\\ud800"}',
            "it has half a character, a surrogate without the other",
            "含有半个字符(不成对的代理码位)",
        ),
        (
            b'{"query": "\\u0000"}',
            "it has a NUL character, which cannot be stored",
            "含有无法保存的 NUL 字符",
        ),
        (b"[" * 100_000, "it is nested too deeply", "嵌套过深"),
        (
            b'{"variables": {"a": NaN}}',
            "it has a number that is too large, or none",
            "含有过大的或无效的数字",
        ),
    ],
)
async def test_what_is_wrong_with_json(door, body, english, chinese):
    """Is one of a closed list, with its place; no words of a decoder."""
    for language, text in (
        ("en", f"The body cannot be read as JSON: {english}."),
        ("zh", f"请求体不是有效的 JSON:{chinese}。"),
    ):
        headers = {**POSTED, "Accept-Language": language}
        answer = await door.post("/graphql", content=body, headers=headers)
        assert answer.json()["errors"][0]["message"] == text


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("{", "Syntax Error: Expected Name, found <EOF>."),
        ("{ nothing }", "Cannot query field 'nothing' on type 'Query'."),
        (
            'subscription { taskEvents(taskId: "t", after: null) { seq } }',
            "Expected value of non-null type 'Int!' not to be None.",
        ),
    ],
)
async def test_what_graphql_itself_says_is_catalogued_too(door, query, said):
    """With the code and the remedy of all that is INVALID; its own words are quoted in Chinese."""
    for language, text in (
        ("en", said),
        ("zh", f"请求不符合 GraphQL 或此服务器的 schema:“{said.rstrip('.')}”。"),
    ):
        headers = {**POSTED, "Accept-Language": language, "Accept": "text/event-stream"}
        answer = await door.post("/graphql", json={"query": query}, headers=headers)
        (line,) = re.findall("^data: (.+)$", answer.text, re.MULTILINE)
        (error,) = json.loads(line)["errors"]

        assert error["message"] == text
        assert error["extensions"]["code"] == "INVALID"
        assert error["extensions"]["retryable"] is False
        assert error["extensions"]["remedy"]
        assert error["locations"]


async def test_chinese_is_written_as_it_is_read(door):
    """In UTF-8, as half the bytes of escapes."""
    headers = {**POSTED, "Accept-Language": "zh"}
    answer = await door.post("/graphql", json={"query": "{ nothing }"}, headers=headers)
    assert "请求不符合" in answer.content.decode()


def test_half_a_character_breaks_no_answer():
    """It is escaped, as JSON can and UTF-8 cannot."""
    answer = {"data": {"text": "中\ud800"}}
    assert json.loads(encoded(answer)) == answer
