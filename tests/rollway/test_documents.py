"""Documents by their hash: kept as clients send them, or registered in a file."""

import json
import re
import subprocess
import sys
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path

import httpx2
import pytest
import websockets

from resolvers.operations import documents
from resolvers.operations.documents import Documents
from rollway.documents import registered
from rollway.setting import BadSetting
from tests import logs

QUERY = "query Who { viewer { username } __typename }"
ANSWER = {"viewer": None, "__typename": "Query"}
BIN = Path(sys.executable).parent


def digest(text):
    """Return what clients call a document by."""
    return sha256(text.encode()).hexdigest()


def by_hash(text, **more):
    """Return a request for a document by its hash."""
    return {
        "extensions": {"persistedQuery": {"version": 1, "sha256Hash": digest(text)}},
        **more,
    }


@contextmanager
def serving(folder, **settings):
    """Serve for the duration of the block; yield the address."""
    folder.mkdir(exist_ok=True)
    log = (folder / "log").open("w+")
    process = subprocess.Popen(
        [BIN / "rollway", "up", "--data", folder / "data", "--port", "0"],
        cwd=folder,
        env={"PATH": "/usr/bin:/bin", "HOME": str(folder), "ROLLWAY_ISOLATION": "plain"} | settings,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=log,
        text=True,
    )
    try:
        for line in process.stdout:
            if found := re.search(r"http://127\.0\.0\.1:\d+", line):
                yield found[0]
                break
    finally:
        process.terminate()
        process.communicate(timeout=30)
        log.seek(0)
        with log:
            logs.check(log.read())


def post(address, body):
    """Return an answer's JSON."""
    return httpx2.post(f"{address}/graphql", json=body, timeout=20).json()


def codes(answer):
    """Return messages and codes of an answer's errors."""
    return [(each["message"], each["extensions"]["code"]) for each in answer["errors"]]


async def ask(address, payload):
    """Return what a socket answers one operation."""
    url = f"{address.replace('http', 'ws')}/graphql"
    async with websockets.connect(url, subprotocols=["graphql-transport-ws"]) as socket:
        await socket.send('{"type": "connection_init"}')
        assert json.loads(await socket.recv())["type"] == "connection_ack"
        await socket.send(json.dumps({"id": "1", "type": "subscribe", "payload": payload}))
        return json.loads(await socket.recv())


@pytest.mark.slow
async def test_a_document_is_kept_for_the_next_time(tmp_path):
    """As Apollo's clients ask: by the hash, then with the text, then by the hash for good.

    And by `documentId`, as the draft GraphQL over HTTP has it.
    """
    with serving(tmp_path) as address:
        first = post(address, by_hash(QUERY))
        sent = post(address, by_hash(QUERY, query=QUERY))
        again = post(address, by_hash(QUERY))
        given = httpx2.get(
            f"{address}/graphql",
            params={"extensions": json.dumps(by_hash(QUERY)["extensions"])},
            headers={"Accept": "application/json"},
            timeout=20,
        ).json()
        socket = await ask(address, by_hash(QUERY))
        unknown = await ask(address, by_hash("{ logins { service } }"))
        named_so = {"documentId": f"sha256:{digest(QUERY)}"}
        drafted = post(address, named_so)
        drafted_too = httpx2.get(
            f"{address}/graphql",
            params=named_so,
            headers={"Accept": "application/json"},
            timeout=20,
        ).json()
        drafted_on_a_socket = await ask(address, named_so)
        unknown_too = post(address, {"documentId": "sha256:00"})
        misshapen = post(address, {"documentId": 1})
        two = {"query": "query A { __typename } query B { __typename }"}
        unnamed = httpx2.post(f"{address}/graphql", json=two, timeout=20)
        unnamed_too = await ask(address, two)
        named = post(address, {**two, "operationName": "B"})

    assert codes(first) == [("PersistedQueryNotFound", "PERSISTED_QUERY_NOT_FOUND")]
    answered = (sent, again, given, drafted, drafted_too)
    assert [each["data"] for each in answered] == [ANSWER] * 5
    for each in (socket, drafted_on_a_socket):
        assert (each["type"], each["payload"]["data"]) == ("next", ANSWER)
    assert codes(unknown_too) == codes(first)
    assert misshapen["errors"][0]["message"] == "`documentId` must be a text."
    assert unknown["type"] == "error"
    assert unknown["payload"][0]["extensions"]["code"] == "PERSISTED_QUERY_NOT_FOUND"
    assert unnamed.status_code == 400
    assert "several and none is named" in unnamed.text
    assert unnamed_too["type"] == "error"
    assert "`operationName`" in unnamed_too["payload"][0]["extensions"]["remedy"]
    assert named["data"] == {"__typename": "Query"}


@pytest.mark.slow
async def test_registered_documents_alone_are_run(tmp_path):
    """Neither a text nor a hash that is not in the file is, over HTTP or a socket."""
    manifest = tmp_path / "documents.json"
    manifest.write_text(json.dumps({digest(QUERY): QUERY}))
    closed = {"ROLLWAY_INTROSPECTION": "off", "ROLLWAY_PLAYGROUND": "off"}
    with serving(tmp_path, ROLLWAY_DOCUMENTS=str(manifest), **closed) as address:
        known = post(address, by_hash(QUERY))
        drafted = post(address, {"documentId": f"sha256:{digest(QUERY)}"})
        same = post(address, {"query": QUERY, "documentId": "of no interest"})
        other = post(address, {"query": "{ __typename }"})
        chinese = httpx2.post(
            f"{address}/graphql",
            json={"query": "{ __typename }"},
            headers={"Accept-Language": "zh"},
            timeout=20,
        ).json()
        offered = post(address, by_hash("{ __typename }", query="{ __typename }"))
        socket = await ask(address, {"query": "{ __typename }"})
        page = httpx2.get(f"{address}/graphql", headers={"Accept": "text/html"}, timeout=20)

    assert [each["data"] for each in (known, drafted, same)] == [ANSWER] * 3
    for refused in (other, offered):
        assert [code for _, code in codes(refused)] == ["DOCUMENT_NOT_REGISTERED"]
    assert socket["type"] == "error"
    assert socket["payload"][0]["extensions"]["code"] == "DOCUMENT_NOT_REGISTERED"
    assert chinese["errors"][0]["message"] == "此服务器只执行已登记的文档。"
    assert chinese["errors"][0]["extensions"]["remedy"].endswith("请管理员登记此文档。")
    assert page.status_code == 406


def text(kept, given, extensions=None, *, valid=True):
    """Return what a request's document is."""
    return kept.text(given, extensions, lambda _: valid)


def test_what_is_not_worth_keeping_is_not_kept():
    """A document that cannot be run; one under another's hash is refused."""
    kept = Documents()
    asked = by_hash("{ nothing }")["extensions"]
    assert text(kept, "{ nothing }", asked, valid=False) == "{ nothing }"
    with pytest.raises(documents.NotKept):
        text(kept, None, asked)
    with pytest.raises(documents.OtherHash):
        text(kept, "{ other }", asked)


@pytest.mark.parametrize(
    "asked", [1, {}, {"version": 2, "sha256Hash": "a"}, {"version": 1, "sha256Hash": 1}]
)
def test_another_way_of_asking_is_not_supported(asked):
    """The client then sends its texts in full."""
    with pytest.raises(documents.NotSupported, match=r"^$") as refused:
        text(Documents(), None, {"persistedQuery": asked})
    assert refused.type.__doc__ == "PersistedQueryNotSupported"


def test_only_so_much_is_kept():
    """So many documents, and so many bytes; those used least recently go first."""
    kept = Documents()
    texts = [f"{{ a{number}: __typename }}" for number in range(documents.KEPT_MAX + 1)]
    for each in texts:
        text(kept, each, by_hash(each)["extensions"])
        text(kept, None, by_hash(texts[0])["extensions"])
    with pytest.raises(documents.NotKept):
        text(kept, None, by_hash(texts[1])["extensions"])
    large = "#" + "x" * (documents.KEPT_BYTES_MAX - 10)
    text(kept, large, by_hash(large)["extensions"])
    assert text(kept, None, by_hash(large)["extensions"]) == large
    assert len(kept._kept) == 1


def test_manifests_of_relay_codegen_and_apollo_are_read(tmp_path):
    """Texts by hash, with or without the algorithm's name, or a list of operations."""
    relay, apollo = tmp_path / "relay.json", tmp_path / "apollo.json"
    codegen = tmp_path / "codegen.json"
    codegen.write_text(json.dumps({f"sha256:{digest(QUERY)}": QUERY}))
    relay.write_text(json.dumps({"5f4d": QUERY}))
    operation = {"id": digest(QUERY), "name": "Who", "type": "query", "body": QUERY}
    apollo.write_text(
        json.dumps(
            {"format": "apollo-persisted-query-manifest", "version": 1, "operations": [operation]}
        )
    )
    assert registered(None) is None
    assert registered(relay) == {"5f4d": QUERY}
    assert registered(apollo) == registered(codegen) == {digest(QUERY): QUERY}


@pytest.mark.parametrize(
    "content",
    [
        "",
        "[]",
        "1",
        '{"a": 1}',
        '{"a": ""}',
        '{"a": "{ nothing }"}',
        '{"a": "{"}',
        '{"format": "apollo-persisted-query-manifest", "operations": 1}',
        '{"format": "apollo-persisted-query-manifest", "operations": [{"id": "a"}]}',
    ],
)
def test_a_manifest_that_cannot_be_served_stops_the_start(tmp_path, content):
    """Rather than refuse its clients later."""
    path = tmp_path / "documents.json"
    path.write_text(content)
    with pytest.raises(BadSetting, match=r"^ROLLWAY_DOCUMENTS: "):
        registered(path)
