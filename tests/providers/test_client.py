"""Asking a service over real sockets: what it may do wrong, and what is said of it then."""

import asyncio
import json
import logging
import time
from email.utils import formatdate

import pytest
from starlette.responses import (
    JSONResponse,
    Response,
    StreamingResponse,
)

from providers.api.answer import Answer
from providers.api.client import Bounds, Client, Host, path
from providers.api.refusals import (
    AnswerTooLarge,
    ApiRefusal,
    Forbidden,
    Nonsense,
    NotThere,
    RateLimited,
    Rejected,
    ServiceDown,
    TokenRefused,
)
from tests.providers.script import ANYWHERE, BOUNDS, TOKEN, Script, fine, status


async def test_the_token_travels_in_a_header_alone(asking, caplog):
    """Neither an address nor a log line has it."""
    caplog.set_level(logging.INFO)
    script = Script(fine())
    async with asking(script) as client:
        answer = await client.get("user", {"page": 2})

    (request,) = script.requests
    assert answer.value() == {"id": 1}
    assert str(request.url).endswith("/api/user?page=2")
    assert request.headers["authorization"] == f"Bearer {TOKEN}"
    assert TOKEN not in caplog.text


@pytest.mark.parametrize(
    ("code", "refusal"),
    [
        (400, Rejected),
        (401, TokenRefused),
        (403, Forbidden),
        (404, NotThere),
        (410, NotThere),
        (422, Rejected),
        (500, ServiceDown),
    ],
)
async def test_each_refusal_of_the_service_has_its_type(asking, code, refusal):
    """It is asked once, and what is said holds neither token nor secret."""
    words = f"Bad:\n{TOKEN} and hook-secret. "
    script = Script(status(code, {"message": "sorry", "errors": [{"message": words}]}))
    async with asking(script) as client:
        with pytest.raises(refusal) as caught:
            await client.post("hooks", {"secret": "hook-secret"}, hide="hook-secret")

    assert len(script.requests) == 1
    assert str(caught.value).startswith("Forge ")
    assert TOKEN not in f"{caught.value!r} {caught.value}"
    assert "hook-secret" not in str(caught.value)
    if refusal in {Rejected, Forbidden}:
        assert str(caught.value).endswith("sorry; Bad: *** and ***.")


@pytest.mark.parametrize("code", [502, 503, 504])
async def test_a_gateway_fault_passes(asking, code):
    """What changes nothing, or the same twice, is asked again; a creation is not."""
    script = Script(status(code), fine())
    async with asking(script) as client:
        assert (await client.get("user")).status == 200
    assert len(script.requests) == 2

    script = Script(status(code), fine())
    async with asking(script) as client:
        with pytest.raises(ServiceDown):
            await client.post("hooks", {})
        assert (await client.post("statuses", {}, repeatable=True)).status == 200
    assert script.paths == ["/api/hooks", "/api/statuses"]


async def test_a_gateway_fault_that_stays_is_told_after_a_few_tries(asking):
    """There is a number of tries."""
    script = Script(status(502))
    async with asking(script) as client:
        with pytest.raises(ServiceDown, match="status 502"):
            await client.get("user")

    assert len(script.requests) == BOUNDS.tries_max


async def test_nobody_there_is_told():
    """A connection that is refused was tried more than once."""
    client = Client(Host("Forge", "http://127.0.0.1:9"), TOKEN, ANYWHERE, BOUNDS)
    async with client:
        with pytest.raises(ServiceDown, match="no connection"):
            await client.get("user")


async def test_a_connection_that_breaks_is_tried_again():
    """Not for a creation, which may have been made."""
    answers = []

    async def talk(reader, writer):
        await reader.readuntil(b"\r\n\r\n")
        answers.append(1)
        if len(answers) in {2, 3}:
            body = b'{"id": 1}'
            writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\n" + body)
            await writer.drain()
        writer.close()

    server = await asyncio.start_server(talk, "127.0.0.1", 0)
    url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    async with server, Client(Host("Forge", url), TOKEN, ANYWHERE, BOUNDS) as client:
        assert (await client.get("user")).status == 200
        assert (await client.get("user")).status == 200
        with pytest.raises(ServiceDown, match="broke"):
            await client.post("hooks", {})

    assert len(answers) == 4


async def test_a_slow_service_has_its_time_and_no_more(asking):
    """Bytes that drip do not lengthen it."""

    async def drip(request):
        async def drops():
            while True:
                yield b" "
                await asyncio.sleep(0.05)

        return StreamingResponse(drops())

    bounds = Bounds(tries_max=9, try_seconds=0.3, total_seconds=1.0)
    script = Script(drip)
    async with asking(script, bounds=bounds) as client:
        started = time.monotonic()
        with pytest.raises(ServiceDown, match="longer than 1 seconds"):
            await client.get("user")

    assert time.monotonic() - started < 2
    assert 1 < len(script.requests) < 9


@pytest.mark.parametrize("code", [429, 403])
async def test_a_short_wait_is_waited(asking, code):
    """`Retry-After` in seconds; what was refused was not done, so a creation goes again too."""
    script = Script(status(code, retry_after="1"), fine())
    async with asking(script) as client:
        started = time.monotonic()
        assert (await client.post("hooks", {})).status == 200

    assert time.monotonic() - started >= 0.9
    assert len(script.requests) == 2


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        (lambda: {"retry_after": "90"}, 90),
        (lambda: {"retry_after": formatdate(time.time() + 90, usegmt=True)}, 90),
        (lambda: {"x_ratelimit_reset": str(int(time.time()) + 90)}, 90),
        (lambda: {"ratelimit_reset": "90"}, 90),
        (lambda: {"retry_after": "999999999999"}, 86_400),
        (lambda: {"x_ratelimit_reset": "soon"}, 60),
        (dict, 60),
    ],
    ids=["seconds", "date", "epoch", "delta", "ages", "word", "nothing"],
)
async def test_a_long_wait_is_told_and_kept(asking, headers, seconds):
    """Until it is over the service is left alone."""
    script = Script(status(429, **headers()))
    async with asking(script) as client:
        for _ in range(2):
            with pytest.raises(RateLimited) as caught:
                await client.get("user")
            assert seconds - 3 <= caught.value.seconds <= seconds

    assert len(script.requests) == 1


async def test_the_last_request_of_an_hour_is_the_last(asking):
    """GitHub says with an answer that there will be no other; 403 is then no lack of rights."""
    headers = {"x_ratelimit_remaining": "0", "x_ratelimit_reset": str(int(time.time()) + 90)}
    for first in (status(200, **headers), status(403, **headers)):
        script = Script(first)
        async with asking(script) as client:
            if first.status_code == 200:
                await client.get("user")
            with pytest.raises(RateLimited):
                await client.get("user")
        assert len(script.requests) == 1


async def test_a_huge_answer_is_not_read(asking):
    """It is cut where the bound is, said or not, packed or not."""

    async def long(request):
        async def pieces():
            for _ in range(50):
                yield b"x" * 4096
                await asyncio.sleep(0)

        return StreamingResponse(pieces())

    for answer in (long, Response(b"[" + b"1," * 20_000 + b"1]")):
        async with asking(Script(answer)) as client:
            with pytest.raises(AnswerTooLarge):
                await client.get("user")
    packed = Response(b"x", headers={"content-encoding": "gzip"})
    async with asking(Script(packed)) as client:
        with pytest.raises(Nonsense, match="packed"):
            await client.get("user")


@pytest.mark.parametrize(
    "body", ["<h1>Welcome</h1>", "", "{", "[" * 9_000, '{"id": ' + "9" * 5_000 + "}", "\udcff"]
)
async def test_what_is_no_json_is_nonsense(asking, body):
    """Also JSON that Python's reader gives up on."""
    answer = Response(body.encode(errors="surrogateescape"), media_type="application/json")
    async with asking(Script(answer)) as client:
        with pytest.raises(Nonsense):
            (await client.get("user")).read(lambda fields: fields.needed_number("id"))


async def test_an_answer_of_another_shape_is_nonsense(asking):
    """The refusal says where."""
    async with asking(Script(JSONResponse({"commit": {"sha": "1"}}))) as client:
        answer = await client.get("user")

    with pytest.raises(Nonsense, match=r"commit\.sha must be the id of a commit"):
        answer.read(lambda fields: fields.needed_fields("commit").needed_sha("sha"))
    with pytest.raises(Nonsense, match="a list was expected"):
        answer.each(lambda fields: fields)


@pytest.mark.parametrize("token", ["", "a b", "a\r\nX-Admin: 1", "schlüssel", "x" * 5_000])
async def test_a_token_that_cannot_be_sent_is_refused_at_once(asking, token):
    """It would break the header, or another one."""
    script = Script(fine())
    async with asking(script, token=token) as client:
        with pytest.raises(TokenRefused):
            await client.get("user")

    assert script.requests == []


async def test_removing_what_is_gone_is_fine(asking):
    """Twice is the same as once."""
    async with asking(Script(Response(status_code=204), status(404))) as client:
        await client.delete("hooks/1")
        await client.delete("hooks/1")


def test_a_part_of_a_path_stays_one():
    """Whatever somebody calls a branch."""
    assert path("repos", "a", "b", "branches", "feat/x?y#z%2F..") == (
        "repos/a/b/branches/feat%2Fx%3Fy%23z%252F.."
    )


@pytest.mark.parametrize("odd", ["", ".", ".."])
async def test_a_path_does_not_climb(asking, odd):
    """`repos/ann/..` would be another thing than a repository."""
    script = Script(fine())
    async with asking(script) as client:
        with pytest.raises(NotThere):
            await client.get(path("repos", "ann", odd))
        with pytest.raises(NotThere):
            await client.delete(path("repos", odd, "hooks"))

    assert script.requests == []


def test_refusals_say_what_they_mean():
    """Each docstring is a message whose gaps its fields fill."""
    told = {"service": "Forge", "said": "no", "status": 1, "seconds": 2, "reason": "why"}
    for kind in ApiRefusal.__subclasses__():
        names = [name for name in kind.__dataclass_fields__ if name in told]
        given = {name: told[name] for name in names}
        more = {"size_max": 3} if "size_max" in kind.__dataclass_fields__ else {}
        assert "{" not in str(kind(**given, **more))


@pytest.mark.parametrize(
    "body", [b"[" + b"{}," * 1_000 + b"{}]", b'[{"a": [' + b"0," * 200_001 + b"0]}]"]
)
def test_many_values_are_not_read(body):
    """A server of one's own could stop this one with a page of millions."""
    answer = Answer("Forge", 200, {}, body)

    with pytest.raises(AnswerTooLarge):
        answer.each(lambda fields: fields)
    assert answer.said(()) == "status 200"


def test_words_of_a_service_are_kept_short():
    """However long they are, and whatever is in them."""
    body = json.dumps({"message": "x\u0000\u202e" * 1_000}).encode()

    assert len(Answer("Forge", 400, {}, body).said(())) <= 300
    assert Answer("Forge", 400, {}, b"<html>").said(()) == "status 400"
    deep = b'{"message": ' * 600 + b"0" + b"}" * 600
    assert Answer("Forge", 400, {}, deep).said(()) == "status 400"
