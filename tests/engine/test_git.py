import asyncio
import os
import socket
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

import pytest

from engine.executors import procfs
from engine.git import (
    CheckoutFailed,
    CommitNotFound,
    RefNotFound,
    RepositoryUnreachable,
    Resolved,
    Source,
    checkout,
    redacted,
    resolve,
)
from engine.repository import git_command


async def check_out(source, folder, **options):
    lines = []
    commit = await checkout(source, folder, protocols={"file"}, log=lines.append, **options)
    return commit, "\n".join(lines)


@pytest.fixture
def history(repository):
    """Return a repository with branches and tags, and its commits by name."""
    commits = {"first": repository.commit({"a": "1"})}
    repository.git("tag", "light")
    repository.git("tag", "--annotate", "v1", "--message=one")
    repository.git("branch", "v1")
    commits["second"] = repository.commit({"a": "2"})
    repository.git("checkout", "--quiet", "-b", "feature/x")
    commits["feature"] = repository.commit({"a": "3"})
    repository.git("update-ref", "refs/pull/1/head", commits["feature"])
    repository.git("checkout", "--quiet", "main")
    return commits


@pytest.mark.parametrize(
    ("ref", "commit", "full", "branch", "tag"),
    [
        (None, "second", "refs/heads/main", "main", None),
        ("HEAD", "second", "refs/heads/main", "main", None),
        ("main", "second", "refs/heads/main", "main", None),
        ("feature/x", "feature", "refs/heads/feature/x", "feature/x", None),
        ("refs/heads/feature/x", "feature", "refs/heads/feature/x", "feature/x", None),
        ("light", "first", "refs/tags/light", None, "light"),
        ("v1", "first", "refs/heads/v1", "v1", None),
        ("refs/tags/v1", "first", "refs/tags/v1", None, "v1"),
        ("refs/pull/1/head", "feature", "refs/pull/1/head", None, None),
    ],
)
async def test_refs_are_resolved(repository, history, ref, commit, full, branch, tag):
    """Short names are branches first, tags give the commit they point at."""
    resolved = await resolve(repository.url, ref, protocols={"file"})
    assert resolved == Resolved(history[commit], full, branch, tag)


async def test_a_full_hash_is_its_own_ref(repository, history):
    """A commit need not be the tip of anything."""
    resolved = await resolve(repository.url, history["first"], protocols={"file"})
    assert resolved == Resolved(history["first"], history["first"], None, None)


@pytest.mark.parametrize("ref", ["nosuch", "x", "eature/x", "ma*", "--upload-pack=x", "a b", ""])
async def test_unknown_refs(repository, history, ref):
    """A name must be there exactly; patterns and options are no names."""
    assert history
    with pytest.raises(RefNotFound, match="has no branch, tag or ref"):
        await resolve(repository.url, ref, protocols={"file"})


async def test_an_empty_repository_has_no_default_branch(repository):
    """Nothing to deploy is said as such."""
    with pytest.raises(RefNotFound, match="HEAD"):
        await resolve(repository.url, None, protocols={"file"})


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("http://127.0.0.1:1/", "unable to access 'http://127.0.0.1:1/'"),
        ("http://me:s3cret@127.0.0.1:1/", r"unable to access 'http://\*\*\*@?127.0.0.1:1/'|127"),
        ("file:///nosuch", "does not appear to be a git repository"),
        ("--upload-pack=touch /tmp/x", "cannot begin with '-'"),
        ("https://a\nb", "no line breaks"),
        ("ext::sh -c true", "transport 'ext' not allowed"),
        ("ssh://127.0.0.1/x", "transport 'ssh' not allowed"),
    ],
)
async def test_repositories_that_cannot_be_reached(url, reason):
    """The reason is git's own, without the credentials of the address."""
    with pytest.raises(RepositoryUnreachable, match=reason) as refused:
        await resolve(url, None, protocols={"file", "http"})
    assert "s3cret" not in str(refused.value)


async def test_files_are_refused_unless_allowed(repository):
    """A file address would let a team read the server's disk."""
    with pytest.raises(RepositoryUnreachable, match="transport 'file' not allowed"):
        await resolve(repository.url, None, protocols={"https"})


@pytest.mark.skipif(os.getuid() != 0, reason="only root can give a repository away")
async def test_a_repository_of_another_user_gives_a_clear_reason(repository, history):
    """Git does not trust it; its own advice would not help here."""
    assert history
    for path in (repository.folder, *repository.folder.rglob("*")):
        os.chown(path, 12345, 12345)
    with pytest.raises(RepositoryUnreachable, match="belongs to another user"):
        await resolve(repository.url, None, protocols={"file"})


@pytest.fixture
def silent_url():
    """Return the address of a server that takes connections and says nothing."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield f"http://127.0.0.1:{server.getsockname()[1]}/x.git"


async def test_a_silent_server_is_given_up(silent_url, tmp_path):
    """Time is bounded for both, and no git process is left."""
    start = time.monotonic()
    with pytest.raises(RepositoryUnreachable, match=r"no answer within 0\.5 s"):
        await resolve(silent_url, None, protocols={"http"}, timeout_seconds=0.5)
    source = Source(silent_url, None, None)
    with pytest.raises(CheckoutFailed, match=r"longer than 0\.5 s"):
        await checkout(
            source, tmp_path / "x", protocols={"http"}, log=lambda _: None, timeout_seconds=0.5
        )
    assert time.monotonic() - start < 10
    while git_processes(silent_url):  # killed, and gone in a moment
        await asyncio.sleep(0.02)


async def test_cancelling_a_checkout_kills_git(silent_url, tmp_path):
    """A cancelled set-up leaves nothing behind."""
    work = asyncio.create_task(
        checkout(
            Source(silent_url, None, None), tmp_path / "x", protocols={"http"}, log=lambda _: None
        )
    )
    while not git_processes(silent_url):
        await asyncio.sleep(0.02)
    work.cancel()
    with pytest.raises(asyncio.CancelledError):
        await work
    while git_processes(silent_url):
        await asyncio.sleep(0.02)


ASKING = """
import asyncio, sys
from engine.git import resolve
asyncio.run(resolve(sys.argv[1], None, protocols={"http"}, timeout_seconds=60))
"""


@pytest.fixture
def worker(silent_url):
    """Return a process that asks a server which never answers."""
    process = subprocess.Popen([sys.executable, "-c", ASKING, silent_url])
    yield process
    process.kill()
    process.wait()


async def test_git_ends_with_a_killed_worker(silent_url, worker):
    """A server that never answers does not keep git, nor the token it holds, for ever."""
    while len(git_processes(silent_url)) < 3:  # the worker, git, what talks to the server
        await asyncio.sleep(0.02)
    worker.kill()
    worker.wait()
    async with asyncio.timeout(3):
        while git_processes(silent_url):
            await asyncio.sleep(0.02)


async def test_a_missing_git_is_named(monkeypatch, tmp_path):
    """What cannot be started is said, not what comes of it."""
    monkeypatch.setattr(git_command, "PATH", str(tmp_path))
    with pytest.raises(RepositoryUnreachable, match="there is no git here"):
        await resolve("https://git.example/x", None, protocols={"https"})


def git_processes(url):
    found = []
    for pid in procfs.pids():
        with suppress(OSError):
            if url.encode() in Path(f"/proc/{pid}/cmdline").read_bytes():
                found.append(pid)
    return found


@pytest.mark.parametrize(
    ("ref", "commit", "text"),
    [
        (None, None, "2"),
        ("feature/x", None, "3"),
        ("refs/tags/v1", None, "1"),
        ("light", None, "1"),
        ("v1", None, "1"),
        ("main", "first", "1"),
        (None, "feature", "3"),
        ("refs/pull/1/head", "feature", "3"),
    ],
)
async def test_checkout(repository, history, tmp_path, ref, commit, text):
    """The commit asked for is there, detached, without the history behind it."""
    source = Source(repository.url, ref, history.get(commit))
    done, log = await check_out(source, tmp_path / "x")
    assert (tmp_path / "x" / "a").read_text() == text
    assert done in history.values()
    assert done in log
    assert (tmp_path / "x" / ".git" / "shallow").exists()


async def test_checkout_of_a_commit_by_way_of_its_ref(repository, history, tmp_path):
    """Where the commit cannot be had alone, the ref is fetched and the commit looked for."""
    source = Source(repository.url, "main", "1" * 40)
    with pytest.raises(CommitNotFound, match=r"1{40}"):
        await check_out(source, tmp_path / "x")
    with pytest.raises(CommitNotFound):
        await check_out(Source(repository.url, None, "2" * 40), tmp_path / "y")
    hidden = history["first"]
    repository.git("config", "protocol.version", "0")
    commit, _ = await check_out(Source(repository.url, "main", hidden), tmp_path / "z")
    assert commit == hidden


@pytest.mark.parametrize(
    ("url", "ref", "commit", "reason"),
    [
        (None, "nosuch", None, "couldn't find remote ref refs/tags/nosuch"),
        (None, "pull/1/head", None, "couldn't find remote ref refs/tags/pull/1/head"),
        (None, "-x", None, "cannot be the name of a ref"),
        (None, None, "abc", "not the full hash of a commit"),
        ("--x", None, None, "cannot begin with '-'"),
        ("file:///nosuch", None, None, "does not appear to be a git repository"),
    ],
)
async def test_checkouts_that_fail(repository, history, tmp_path, url, ref, commit, reason):
    """The message names the repository and git's reason."""
    assert history
    source = Source(url or repository.url, ref, commit)
    with pytest.raises(CheckoutFailed, match=reason):
        await check_out(source, tmp_path / "x")


async def test_nothing_of_a_repository_is_executed(repository, tmp_path):
    """No hook, no monitor, no filter, no submodule."""
    trap = f"#!/bin/sh\ntouch {tmp_path}/trapped\n"
    repository.commit(
        {
            ".git/hooks/post-checkout": trap,
            ".gitattributes": "* filter=x\n",
            ".gitmodules": f'[submodule "s"]\n\tpath = s\n\turl = {repository.url}\n',
            "a": "1",
        }
    )
    await check_out(Source(repository.url, None, None), tmp_path / "x")
    assert not (tmp_path / "trapped").exists()
    assert not (tmp_path / "x" / ".git" / "hooks").exists()


def test_credentials_in_addresses_are_not_shown():
    """User and password go, the rest stays readable."""
    assert redacted("fatal: https://me:pw@host/x and http://h/") == (
        "fatal: https://***@host/x and http://h/"
    )
