"""What an operator sees: figures, log lines that say what they are about, honest probes."""

import asyncio
import gzip
import json
import socket
from contextlib import asynccontextmanager
from urllib.parse import urlsplit

import httpx2
import pytest
import uvicorn
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from prometheus_client.parser import text_string_to_metric_families
from starlette.applications import Starlette
from starlette.responses import Response
from starlette.routing import Route

TOKEN = "only-for-prometheus"
PRINTS = "steps: [{run: 'seq 3'}]"

pytestmark = pytest.mark.slow


@pytest.fixture
def observed(rollway_of):
    """A server that shows figures and logs JSON."""
    server = rollway_of(settings={"ROLLWAY_METRICS_TOKEN": TOKEN, "ROLLWAY_LOG_FORMAT": "json"})
    server.start()
    return server


def figures(server):
    """Return the samples of the page, by name and labels."""
    answer = httpx2.get(f"{server.url}/metrics", headers={"Authorization": f"Bearer {TOKEN}"})
    assert answer.status_code == 200
    return {
        (sample.name, *sorted(sample.labels.values())): sample.value
        for family in text_string_to_metric_families(answer.text)
        for sample in family.samples
    }


async def test_a_deploy_shows_in_figures_and_log(observed, member_of, repository):
    """Who looks at figures finds what happened, who looks at the log finds all of one request."""
    member = await member_of(observed)
    application = await member.create_application(repository(PRINTS).url)
    before = figures(observed)
    response = await member.post(
        "mutation($input: DeployInput!) { deploy(input: $input) {"
        " ... on DeployPayload { task { id } } } }",
        {"input": {"applicationId": application}},
        headers={"X-Request-Id": "from-the-proxy"},
    )
    task = response.json()["data"]["deploy"]["task"]["id"]
    events = await member.events(task)
    after = figures(observed)

    def grown(*name):
        return after[name] - before.get(name, 0)

    assert response.headers["x-request-id"] == "from-the-proxy"
    assert grown("rollway_submitted_total") == 1
    assert grown("rollway_claims_total") == 1
    assert grown("rollway_queue_wait_seconds_count") == 1
    assert grown("rollway_tasks_ended_total", "success") == 1
    assert 0 < grown("rollway_events_stored_total") <= len(events)
    assert grown("rollway_http_request_seconds_count", "200", "graphql") >= 1
    assert after["rollway_tasks", "pending"] == after["rollway_tasks", "running"] == 0
    lines = [json.loads(line) for line in observed.log.splitlines() if line.startswith("{")]
    about = {
        (line["message"], line["request"], line["task"]) for line in lines if task in str(line)
    }
    assert (f"task {task} is queued", "from-the-proxy", task) in about
    assert (f"task {task} has ended: success", None, task) in about
    assert {"time", "level", "logger", "message", "request", "task"} <= set(lines[0])


async def test_figures_are_for_who_has_the_token(observed, rollway_up):
    """How busy a server is, is nobody's business; without a token there is no page at all."""
    for headers in ({}, {"Authorization": "Bearer wrong"}, {"Authorization": f"Basic {TOKEN}"}):
        refused = httpx2.get(f"{observed.url}/metrics", headers=headers)
        assert (refused.status_code, refused.headers["www-authenticate"]) == (401, "Bearer")
        assert "rollway_" not in refused.text
    assert httpx2.get(f"{rollway_up.url}/metrics").status_code == 404


async def test_a_request_for_the_whole_server_is_counted_too(observed):
    """Its path has no parts; what is sent behind it is answered."""
    before = figures(observed)
    url = urlsplit(observed.url)
    reader, writer = await asyncio.open_connection(url.hostname, url.port)
    asked = f"OPTIONS * HTTP/1.1\r\nHost: {url.netloc}\r\n".encode()
    writer.write(asked + b"\r\n" + asked + b"Connection: close\r\n\r\n")
    answers = await reader.read()
    writer.close()

    assert answers.count(b"HTTP/1.1 404") == answers.count(b"x-request-id: ") == 2
    counted = ("rollway_http_request_seconds_count", "404", "other")
    assert figures(observed)[counted] == before.get(counted, 0) + 2


async def test_an_id_of_nonsense_is_not_taken_over(rollway_up):
    """A line of the log is no place for what a stranger made up."""
    for given in ("a b", "x" * 65, 'a"} {"level": "ERROR'):
        answer = httpx2.get(f"{rollway_up.url}/healthz", headers={"X-Request-Id": given})
        assert answer.headers["x-request-id"] != given
        assert len(answer.headers["x-request-id"]) == 16


@asynccontextmanager
async def collector():
    """A collector of traces; gives its address and the spans it got."""
    spans = []

    async def take(request):
        sent = ExportTraceServiceRequest.FromString(gzipped(await request.body()))
        spans.extend(
            span
            for resource in sent.resource_spans
            for scope in resource.scope_spans
            for span in scope.spans
        )
        return Response(b"", media_type="application/x-protobuf")

    app = Starlette(routes=[Route("/v1/traces", take, methods=["POST"])])
    listening = socket.create_server(("127.0.0.1", 0))
    config = uvicorn.Config(app, log_config=None, lifespan="off")
    server = uvicorn.Server(config)
    serving = asyncio.create_task(server.serve(sockets=[listening]))
    try:
        yield f"http://127.0.0.1:{listening.getsockname()[1]}", spans
    finally:
        server.should_exit = True
        await serving


def gzipped(body):
    """Return what a body holds, which may be compressed."""
    return gzip.decompress(body) if body[:2] == b"\x1f\x8b" else body


async def test_a_deploy_is_one_trace_down_to_its_steps(rollway_of, member_of, repository):
    """From the caller's own span to the step that failed, and no output in any."""
    async with collector() as (url, spans):
        server = rollway_of(settings={"ROLLWAY_OTLP_URL": url})
        server.start()
        member = await member_of(server)
        repo = repository("steps: [{name: ok, run: echo hush}, {name: bad, run: exit 3}]")
        application = await member.create_application(repo.url)
        response = await member.post(
            "mutation($input: DeployInput!) { deploy(input: $input) {"
            " ... on DeployPayload { task { id } } } }",
            {"input": {"applicationId": application}},
            headers={"traceparent": f"00-{'ab' * 16}-{'cd' * 8}-01"},
        )
        task = response.json()["data"]["deploy"]["task"]["id"]
        await member.events(task)
        await asyncio.to_thread(server.terminate)

    mine = {span.name: span for span in spans if span.trace_id == bytes.fromhex("ab" * 16)}
    parents = {span.span_id: name for name, span in mine.items()}
    above = {name: parents.get(span.parent_span_id) for name, span in mine.items()}
    assert above == {
        "POST /graphql": None,
        "queue a task": "POST /graphql",
        "run a task": "queue a task",
        "set up": "run a task",
        "ok": "run a task",
        "bad": "run a task",
    }
    assert mine["POST /graphql"].parent_span_id == bytes.fromhex("cd" * 8)
    assert [name for name, span in mine.items() if span.status.code == 2] == ["bad", "run a task"]
    assert mine["bad"].start_time_unix_nano <= mine["bad"].end_time_unix_nano
    assert b"hush" not in b"".join(span.SerializeToString() for span in spans)
