"""Refs without a process of Git: what it would say, and to whom it is left."""

import asyncio
import socket
import ssl
import subprocess
from contextlib import asynccontextmanager, suppress
from urllib.parse import urlsplit

import pytest

from engine import git
from engine.git import Credential, RefNotFound, RepositoryUnreachable, Source, resolve
from engine.repository import listing
from engine.repository.listing import Listings
from tests.certificates import certified

REFS = [
    *(None, "HEAD", "main", "feature/x", "refs/heads/feature/x", "light", "v1", "refs/tags/v1"),
    *("refs/pull/1/head", "alias"),
]
ADVERTISED = (
    b"001e# service=git-upload-pack\n0000000eversion 2\n0013ls-refs=unborn\n"
    b"0017object-format=sha1\n0000"
)
COMMIT = b"1" * 40
LISTED = b"003d" + COMMIT + b" refs/heads/main\n" + b"0000"


def listed(more):
    """Return the answer with more behind the name."""
    line = COMMIT + b" refs/heads/main" + more + b"\n"
    return b"%04x%b0000" % (len(line) + 4, line)


@pytest.fixture
async def listings():
    """Return what asks servers."""
    made = Listings()
    yield made
    await made.close()


@pytest.fixture
def history(repository):
    """Return a repository with branches and tags."""
    repository.commit({"a": "1"})
    repository.git("tag", "light")
    repository.git("tag", "--annotate", "v1", "--message=one")
    repository.git("branch", "v1")
    repository.git("branch", "main-2")
    repository.commit({"a": "2"})
    repository.git("checkout", "--quiet", "-b", "feature/x")
    repository.git("update-ref", "refs/pull/1/head", repository.commit({"a": "3"}))
    repository.git("checkout", "--quiet", "main")
    repository.git("symbolic-ref", "refs/heads/alias", "refs/heads/feature/x")
    return repository


@pytest.fixture
def long(tmp_path):
    """Return the name of a repository whose commits have the longer hash."""
    made = ["init", "--quiet", "--object-format=sha256", "--initial-branch=main", tmp_path / "long"]
    who = ["-C", tmp_path / "long", "-c", "user.name=a", "-c", "user.email=a@example.com"]
    for each in (made, [*who, "commit", "--quiet", "--allow-empty", "--message=x"]):
        subprocess.run(["git", *each], check=True)
    return "long"


@pytest.fixture
def no_git(monkeypatch):
    """Have nothing left to Git."""

    async def asked(*_):
        raise AssertionError("Git was asked")

    monkeypatch.setattr(git, "_asked", asked)


async def by_both(url, ref, listings):
    """Return what Git says, and what a server says that is asked without it."""
    return [await resolve(url, ref, protocols={"http"}, listings=each) for each in (None, listings)]


@pytest.mark.parametrize("ref", REFS)
async def test_it_says_what_git_says(history, git_server, listings, ref):
    """Of every kind of ref, without a process of its own."""
    assert history
    by_git, by_listing = await by_both(git_server.url(), ref, listings)
    assert by_git == by_listing


@pytest.mark.parametrize("ref", ["nosuch", "x", "eature/x", "mai", "main-", "refs/heads/"])
async def test_a_name_must_be_there_exactly(history, git_server, listings, no_git, ref):
    """Names that only begin so are others."""
    with pytest.raises(RefNotFound):
        await resolve(git_server.url(), ref, protocols={"http"}, listings=listings)


async def test_a_repository_of_the_longer_hash(git_server, long, listings, no_git):
    """It is asked in its own hash."""
    found = await resolve(git_server.url(long), None, protocols={"http"}, listings=listings)
    assert (len(found.commit), found.branch) == (64, "main")


async def test_a_server_that_is_known_is_asked_once(history, git_server, listings, no_git):
    """It is greeted the first time alone."""
    for _ in range(3):
        await resolve(git_server.url(), "main", protocols={"http"}, listings=listings)
    assert [method for method, *_ in git_server.requests] == ["GET", "POST", "POST", "POST"]


async def test_who_wants_a_login_is_shown_it(history, git_server, listings, no_git):
    """Only once it was asked for; from then on at once."""
    git_server.login = ("u", "t0ken")
    credential = Credential(git_server.origin, "u", "t0ken")
    asked = {"protocols": {"http"}, "credential": credential, "listings": listings}
    for _ in range(2):
        assert (await resolve(git_server.url(), "main", **asked)).branch == "main"
    given = [(method, bool(shown)) for method, _, shown in git_server.requests]
    assert given == [("GET", False), ("GET", True), ("POST", True), ("POST", True)]


@pytest.mark.parametrize("token", [None, "another"])
async def test_a_login_that_is_missing_or_wrong_is_told_by_git(
    history, git_server, listings, token
):
    """In its words."""
    git_server.login = ("u", "t0ken")
    credential = Credential(git_server.origin, "u", token) if token else None
    reason = "did not accept the credential" if token else "there is no credential for it"
    with pytest.raises(RepositoryUnreachable, match=reason):
        await resolve(
            git_server.url(), None, protocols={"http"}, credential=credential, listings=listings
        )


@pytest.mark.parametrize("redirected", ["/info/refs", "/git-upload-pack"])
async def test_a_redirect_is_not_followed(history, git_server, git_servers, listings, redirected):
    """The other server hears nothing, the token least of all."""
    other = git_servers()
    git_server.login = other.login = ("u", "t0ken")
    credential = Credential(git_server.origin, "u", "t0ken")
    git_server.redirect, git_server.redirected = other.origin, redirected
    with pytest.raises(RepositoryUnreachable):
        await resolve(
            git_server.url(), None, protocols={"http"}, credential=credential, listings=listings
        )
    assert not other.requests


async def test_older_servers_are_left_to_git(history, git_server, listings):
    """They would list all they have."""
    git_server.modern = False
    by_git, by_listing = await by_both(git_server.url(), "main", listings)
    assert by_git == by_listing


async def test_a_protocol_that_is_not_allowed_is_not_spoken(history, git_server, listings):
    """Not a word."""
    with pytest.raises(RepositoryUnreachable, match="not allowed"):
        await resolve(git_server.url(), None, protocols={"https"}, listings=listings)
    assert not git_server.requests


class Played:
    """A server whose answers are given; *heads* are those of the requests, by connection."""

    def __init__(self, answers):
        self.answers = answers
        self.heads = []
        self.served = []

    async def serve(self, reader, writer):
        """Answer one request after the other."""
        mine = []
        self.heads.append(mine)
        self.served.append(asyncio.current_task())
        try:
            while head := await reader.readuntil(b"\r\n\r\n"):
                mine.append(head.decode())
                if b"content-length: " in head.lower():
                    length = head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0]
                    await reader.readexactly(int(length))
                greeted = head.startswith(b"GET")
                body = self.answers[0 if greeted else 1]
                kind = "advertisement" if greeted else "result"
                writer.write(
                    f"HTTP/1.1 200 OK\r\nContent-Type: application/x-git-upload-pack-{kind}\r\n"
                    f"Content-Length: {len(body)}\r\n\r\n".encode()
                    + body
                )
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()


@asynccontextmanager
async def playing(*answers, tls=None):
    """Play a server for the duration of the block; yields it and its port."""
    played = Played(answers)
    async with await asyncio.start_server(played.serve, "127.0.0.1", 0, ssl=tls) as server:
        yield played, server.sockets[0].getsockname()[1]
        if played.served:
            await asyncio.wait(played.served)


NAMES = ["refs/heads/main", "refs/tags/main"]


async def test_a_connection_stays(listings):
    """For the next who ask."""
    async with playing(ADVERTISED, LISTED) as (played, port):
        source = Source(f"http://127.0.0.1:{port}/x.git", None, None)
        for _ in range(3):
            assert await listings.of(source, NAMES) == {NAMES[0]: COMMIT.decode()}
        await listings.close()
    assert [len(each) for each in played.heads] == [4]


@pytest.mark.parametrize(
    ("greeting", "answer"),
    [
        (b"", LISTED),
        (b"<html>", LISTED),
        (b"0000", LISTED),
        (b"000eversion 1\n0000", LISTED),
        (b"000eversion 2\n0000", LISTED),
        (b"ffffversion 2\n", LISTED),
        (ADVERTISED, b""),
        (ADVERTISED, LISTED[:-4]),
        (ADVERTISED, LISTED[:30]),
        (ADVERTISED, LISTED.replace(COMMIT, b"g" * 40)),
        (ADVERTISED, b"-001" + LISTED[4:]),
        (ADVERTISED.replace(b"sha1", b"sha9"), LISTED),
        (ADVERTISED, listed(b" peeled:" + b"2" * 39)),
        (ADVERTISED, listed(b" peeled:" + b"2" * 64)),
        (ADVERTISED, listed(b" peeled:--upload-pack=touch")),
        (ADVERTISED, listed(b" symref-target:refs/heads/a\0b")),
        (ADVERTISED, listed(b" new:1")),
        (ADVERTISED, LISTED[:-4] + LISTED),
        (ADVERTISED, b"000aERR no" + b"0000"),
        (ADVERTISED, LISTED[:-4] * (listing.ANSWER_BYTES_MAX // len(LISTED[:-4]) + 1) + b"0000"),
    ],
)
async def test_what_is_no_answer_is_left_to_git(listings, greeting, answer):
    """Whatever is wrong with it; it is greeted anew the next time."""
    async with playing(greeting, answer) as (played, port):
        source = Source(f"http://127.0.0.1:{port}/x.git", None, None)
        for _ in range(2):
            assert await listings.of(source, NAMES) is None
        await listings.close()
    heads = [head for each in played.heads for head in each]
    assert sum(head.startswith("GET") for head in heads) == 2


async def test_who_cannot_be_reached_is_left_to_git(listings):
    """And so is an address that is none, or has a login of its own."""
    login, query = "http://me:pw@127.0.0.1:1/x", "http://127.0.0.1:1/x?y"
    for url in ("http://127.0.0.1:1/x", login, query, "file:///x", "http://[/x"):
        assert await listings.of(Source(url, None, None), NAMES) is None


@pytest.mark.parametrize("named", ["git.example", "other.example"])
async def test_the_address_that_was_checked_is_gone_to_and_its_name_is_proven(tmp_path, named):
    """A name that leads elsewhere by now is not looked up again."""
    certificate, key = certified(tmp_path, named)
    tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    tls.load_cert_chain(certificate, key)
    listings = Listings(ssl.create_default_context(cafile=certificate))
    async with playing(ADVERTISED, LISTED, tls=tls) as (played, port):
        url = f"https://git.example:{port}/x.git"
        pin = f"git.example:{port}:127.0.0.1,192.0.2.1"
        found = await listings.of(Source(url, None, None, pin), NAMES)
        await listings.close()
    if named == urlsplit(url).hostname:
        assert found == {NAMES[0]: COMMIT.decode()}
        assert all(f"host: git.example:{port}" in each.lower() for each in played.heads[0])
    else:
        assert found is None
        assert not any(played.heads)


async def test_servers_are_forgotten(monkeypatch):
    """Connections and repositories are kept of so many."""
    monkeypatch.setattr(listing, "SERVERS_MAX", 2)
    monkeypatch.setattr(listing, "REPOSITORIES_MAX", 2)
    listings = Listings()
    async with (
        playing(ADVERTISED, LISTED) as (first, a),
        playing(ADVERTISED, LISTED) as (_, b),
        playing(ADVERTISED, LISTED) as (_, c),
    ):
        for port in (a, b, c, a):
            source = Source(f"http://127.0.0.1:{port}/x.git", None, None)
            assert await listings.of(source, NAMES)
        await listings.close()
    assert [len(each) for each in first.heads] == [2, 2]


async def test_many_who_want_a_login_at_once(listings):
    """None holds a connection while it waits for another one."""
    wanted = listing.CONNECTIONS_MAX + 8
    asked, served = 0, []

    async def serve(reader, writer):
        nonlocal asked
        served.append(asyncio.current_task())
        with suppress(asyncio.IncompleteReadError, ConnectionError):
            while head := await reader.readuntil(b"\r\n\r\n"):
                asked += 1
                while asked < listing.CONNECTIONS_MAX:
                    await asyncio.sleep(0.01)
                status = "403 No" if b"uthorization" in head else "401 Who"
                writer.write(f"HTTP/1.1 {status}\r\nContent-Length: 0\r\n\r\n".encode())
        writer.close()

    async with await asyncio.start_server(serve, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        login = Credential(f"http://127.0.0.1:{port}", "u", "t0ken")
        sources = [
            Source(f"http://127.0.0.1:{port}/{number}.git", None, None, None, login)
            for number in range(wanted)
        ]
        await asyncio.gather(*(listings.of(each, NAMES) for each in sources))
        await listings.close()
        await asyncio.wait(served)
    assert asked == 2 * wanted


async def test_where_nobody_is_the_next_address_is_tried(listings):
    """Of those that were checked."""
    async with playing(ADVERTISED, LISTED) as (_, port):
        url = f"http://git.example:{port}/x.git"
        for pin in ("127.0.0.2", "127.0.0.2,127.0.0.1", "[::1],127.0.0.1"):
            source = Source(url, None, None, f"git.example:{port}:{pin}")
            found = await listings.of(source, NAMES)
            assert (found is not None) == ("127.0.0.1" in pin)
        await listings.close()


async def test_a_silent_server_leaves_git_some_time(listings, monkeypatch):
    """It has reasons of its own."""
    monkeypatch.setattr(listing, "TRY_SECONDS", 0.1)
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        assert await listings.of(Source(f"http://127.0.0.1:{port}/x", None, None), NAMES) is None


async def test_cookies_are_not_kept(listings):
    """Nobody sends them back, and a server may send many."""

    class Baker(Played):
        async def serve(self, reader, writer):
            write = writer.write
            writer.write = lambda data: write(
                data.replace(b"\r\n", b"\r\nSet-Cookie: a=b; Path=/\r\n", 1)
            )
            await super().serve(reader, writer)

    baker = Baker((ADVERTISED, LISTED))
    async with await asyncio.start_server(baker.serve, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        assert await listings.of(Source(f"http://127.0.0.1:{port}/x", None, None), NAMES)
        (client,) = listings._clients.values()
        assert not client.cookies
        await listings.close()
        await asyncio.wait(baker.served)
