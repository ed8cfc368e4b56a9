"""Mirrors: what is fetched again, what a workspace gets, and what becomes of a broken one."""

import asyncio
import fcntl
import os
import shutil
import stat
import sys
import time
from pathlib import Path

import pytest

from engine.git import CheckoutFailed, CommitNotFound, Credential, Source, checkout
from engine.repository.mirror import Mirror, prune

PROGRAM = """
import asyncio, sys
from pathlib import Path
from engine.git import Source, checkout

url, commit, folder, mirrors = sys.argv[1:]
asyncio.run(checkout(
    Source(url, None, commit), Path(folder), protocols={"http"}, log=print,
    mirrors=Path(mirrors), tenant="acme",
))
"""


@pytest.fixture
def mirrors(tmp_path):
    """Return where the mirrors are."""
    return tmp_path / "mirrors"


@pytest.fixture
def served(repository, git_server):
    """Return a server whose repository has two commits on two branches, and these by name."""
    git_server.commits = {"first": repository.commit({"a": "1", "big": "line\n" * 5000})}
    repository.git("checkout", "--quiet", "-b", "other")
    git_server.commits["second"] = repository.commit({"a": "2"})
    return git_server


@pytest.fixture
def take(served, mirrors, tmp_path):
    """Return a function that checks a commit or ref out by way of the mirror."""
    folders = (tmp_path / "workspaces" / str(number) for number in range(100))

    async def check_out(commit=None, ref=None, tenant="acme", **options):
        folder, lines = next(folders), []
        source = Source(served.url(), ref, served.commits.get(commit, commit), **options)
        served.requests.clear()
        await checkout(
            source,
            folder,
            protocols={"http"},
            log=lines.append,
            mirrors=mirrors,
            tenant=tenant,
        )
        return folder, "\n".join(lines)

    return check_out


def only(mirrors):
    """Return the one mirror there is."""
    (folder,) = mirrors.iterdir()
    return folder


async def test_a_commit_is_fetched_once(served, take):
    """The second time nothing is asked, also when the server is gone."""
    await take("first")
    assert served.requests
    served.stop()
    folder, log = await take("first")
    assert (folder / "a").read_text() == "1"
    assert not served.requests
    assert "The mirror has" in log


async def test_what_is_new_is_fetched_alone(served, repository, take, mirrors):
    """A mirror that is behind gets what changed, and keeps the newest commit only."""
    await take("first")
    folder, _ = await take("second")
    assert (folder / "a").read_text() == "2"
    assert len([path for _, path, _ in served.requests if path.endswith("git-upload-pack")]) <= 2
    commits = await kept(only(mirrors))
    assert commits == {served.commits["second"]}
    folder, _ = await take("first")
    assert (folder / "a").read_text() == "1"
    assert served.requests


async def kept(folder):
    """Return the commits whose objects are in a repository."""
    command = ["cat-file", "--batch-all-objects", "--batch-check"]
    git = await asyncio.create_subprocess_exec(
        "git", *command, cwd=folder, stdout=asyncio.subprocess.PIPE
    )
    said, _ = await git.communicate()
    return {line.split()[0] for line in said.decode().splitlines() if " commit " in line}


async def test_a_ref_is_asked_for_every_time(served, repository, take):
    """Without a commit only the server knows what the ref stands for now."""
    folder, _ = await take(ref="other")
    assert (folder / "a").read_text() == "2"
    repository.commit({"a": "3"})
    folder, _ = await take(ref="other")
    assert (folder / "a").read_text() == "3"


async def test_a_workspace_leads_nowhere(served, take, mirrors):
    """It is whole without the mirror, holds one commit and does not name the mirror."""
    await take("first")
    folder, _ = await take("second")
    shutil.rmtree(mirrors)
    assert await kept(folder) == {served.commits["second"]}
    for path in (folder / ".git").rglob("*"):
        assert not path.is_symlink()
        if path.is_file():
            assert os.fsencode(mirrors) not in path.read_bytes()
            assert path.stat().st_nlink == 1
    assert not (folder / ".git" / "objects" / "info" / "alternates").exists()
    git = await asyncio.create_subprocess_exec(
        "git", "fsck", "--strict", cwd=folder, stderr=asyncio.subprocess.DEVNULL
    )
    assert await git.wait() == 0


async def test_a_mirror_is_its_workers_alone(take, mirrors):
    """Nobody else may so much as list it."""
    await take("first")
    assert stat.S_IMODE(only(mirrors).stat().st_mode) == 0o700


async def test_nothing_of_a_mirror_is_executed(served, take, mirrors, tmp_path):
    """Should anybody ever get to write there: neither hooks nor a monitor run."""
    await take("first")
    folder, trap = only(mirrors), tmp_path / "trap"
    trap.write_text(f"#!/bin/sh\ntouch {tmp_path}/trapped\n")
    trap.chmod(0o755)
    (folder / "hooks").mkdir()
    for name in ("reference-transaction", "post-checkout", "pre-auto-gc", "post-index-change"):
        shutil.copy(trap, folder / "hooks" / name)
    with (folder / "config").open("a") as config:
        config.write(f"[core]\n\tfsmonitor = {trap}\n\thooksPath = hooks\n")
        config.write(f"[uploadpack]\n\tpackObjectsHook = {trap}\n")
    await take("second")
    await take("second")
    assert not (tmp_path / "trapped").exists()


async def test_teams_do_not_share(served, take):
    """Naming the address of another team's private repository gives nothing."""
    served.login = ("x-access-token", "t0ken")
    await take("first", credential=Credential(served.origin, *served.login))
    with pytest.raises(CheckoutFailed, match="there is no credential"):
        await take("first", tenant="evil")
    await take("first")


DAMAGES = {
    "no head": lambda folder: (folder / "HEAD").unlink(),
    "bad config": lambda folder: (folder / "config").write_text("[broken"),
    "no objects": lambda folder: shutil.rmtree(folder / "objects"),
    "no index": lambda folder: [path.unlink() for path in folder.glob("objects/pack/*.idx")],
    "bad pack": lambda folder: [overwrite(path) for path in folder.glob("objects/pack/*.pack")],
    "cut pack": lambda folder: [truncate(path) for path in folder.glob("objects/pack/*.pack")],
    "lock": lambda folder: (folder / "shallow.lock").touch(),
    "bad shallow": lambda folder: (folder / "shallow").write_text("nonsense\n"),
    "no file": lambda folder: [path.unlink() for path in folder.rglob("*") if path.is_file()],
}


@pytest.mark.parametrize("damage", DAMAGES)
@pytest.mark.parametrize("commit", ["first", "second"])
async def test_a_damaged_mirror_is_made_anew(served, take, mirrors, damage, commit):
    """Whether it had the commit or not; and afterwards it is a good one."""
    await take("first")
    DAMAGES[damage](only(mirrors))
    folder, _ = await take(commit)
    assert (folder / "a").read_text() == {"first": "1", "second": "2"}[commit]
    assert (folder / "big").read_text() == "line\n" * 5000
    await take("second")
    served.stop()
    await take("second")


def overwrite(path):
    """Change the middle of a file."""
    content = bytearray(path.read_bytes())
    content[len(content) // 3 : -30] = b"\xff" * (len(content) - 30 - len(content) // 3)
    path.chmod(0o600)
    path.write_bytes(content)


def truncate(path):
    """Cut a file in half."""
    path.chmod(0o600)
    os.truncate(path, path.stat().st_size // 2)


async def test_a_server_that_is_away_does_not_cost_the_mirror(served, take, mirrors):
    """What it has is good; it is the fetch that failed."""
    await take("first")
    served.refusal = "away"
    with pytest.raises(CheckoutFailed):
        await take("second")
    folder, _ = await take("first")
    assert (folder / "a").read_text() == "1"


@pytest.mark.parametrize(("modern", "ref"), [(False, "main"), (False, None), (True, None)])
async def test_a_commit_that_is_nowhere(served, repository, take, mirrors, modern, ref):
    """A mirror does not change what is said of it; what was fetched to find it is not kept."""
    served.modern = modern
    with pytest.raises(CommitNotFound):
        await take("1" * 40, ref=ref)
    served.modern = True
    third = repository.commit({"a": "3"})
    await take(third)
    assert await kept(only(mirrors)) == {third}


async def test_a_server_that_gives_out_refs_only(served, repository, take):
    """The ref is fetched with its history, which then has the earlier commits too."""
    served.modern = False
    third = repository.commit({"a": "3"})
    folder, _ = await take("second", ref="other")
    assert (folder / "a").read_text() == "2"
    folder, _ = await take("first")
    assert not served.requests
    folder, _ = await take(third)
    assert (folder / "a").read_text() == "3"
    assert not served.requests


async def test_a_mirror_of_one_commit_grows_a_history(served, repository, take):
    """A ref's tip was fetched alone; an earlier commit needs what is behind it."""
    served.modern = False
    await take(ref="other")
    folder, _ = await take("first", ref="other")
    assert (folder / "a").read_text() == "1"


async def test_two_processes_fill_a_mirror_once(served, take, mirrors, tmp_path):
    """The one waits for the other and finds the commit there."""
    alone, _ = await take("second")
    requests = len(served.requests)
    assert (alone / "a").exists()
    await take("first", tenant="another")
    shutil.rmtree(mirrors)
    served.requests.clear()
    both = [
        await asyncio.create_subprocess_exec(
            sys.executable,
            "-c",
            PROGRAM,
            *(served.url(), served.commits["second"], tmp_path / f"p{number}", mirrors),
            cwd=Path(__file__).parents[2],
            stdout=asyncio.subprocess.PIPE,
        )
        for number in range(4)
    ]
    said = [(await each.communicate())[0].decode() for each in both]
    assert [each.returncode for each in both] == [0] * 4
    assert sum("The mirror has" in text for text in said) == 3
    assert len(served.requests) == requests
    assert {(tmp_path / f"p{number}" / "a").read_text() for number in range(4)} == {"2"}


async def test_checkouts_and_removals_at_once(served, take, mirrors):
    """Whoever finds a mirror gone makes it again."""

    async def remove():
        for _ in range(20):
            await prune(mirrors, bytes_max=0)
            await asyncio.sleep(0.01)

    taken = [take(("first", "second")[number % 2]) for number in range(8)]
    folders = await asyncio.gather(*taken, remove())
    assert [(folder / "a").read_text() for folder, _ in folders[:8]] == ["1", "2"] * 4


async def test_a_mirror_that_is_busy_is_not_waited_for_for_ever(served, mirrors, tmp_path):
    """The checkout goes on without it."""
    source = Source(served.url(), "main", None)
    lines = []
    mirror = Mirror(mirrors, "acme", source, {"http"}, lines.append)
    (tmp_path / "x.git" / "objects").mkdir(parents=True)
    assert await mirror.give(tmp_path / "x.git") == served.commits["first"]
    with hold(only(mirrors)):
        assert await mirror.give(tmp_path / "x.git", wait_seconds=0.2) is None
    assert "going without it" in lines[-1]


class hold:  # noqa: N801 - reads like a function
    """Holds the lock of a folder."""

    def __init__(self, folder):
        self.descriptor = os.open(folder, os.O_RDONLY)

    def __enter__(self):
        fcntl.flock(self.descriptor, fcntl.LOCK_EX)

    def __exit__(self, *_):
        os.close(self.descriptor)


async def test_a_cancelled_fetch_leaves_the_mirror_free(served, take, mirrors):
    """Whoever comes next finds neither a lock nor half a repository."""
    served.login = ("u", "t0ken")
    credential = Credential(served.origin, *served.login)
    served.gate.clear()
    work = asyncio.create_task(take("first", credential=credential))
    while not any(given for *_, given in served.requests):
        await asyncio.sleep(0.01)
    work.cancel()
    with pytest.raises(asyncio.CancelledError):
        await work
    served.gate.set()
    folder, _ = await take("first", credential=credential)
    assert (folder / "a").read_text() == "1"


@pytest.fixture
def three(mirrors):
    """Make three mirrors of 40 kB, used one, two and three hours ago, and return them."""
    folders = []
    now = time.time()
    for number in (1, 2, 3):
        folder = mirrors / str(number)
        folder.mkdir(parents=True)
        (folder / "pack").write_bytes(b"x" * 40_960)
        os.utime(folder, (now - 3600 * number, now - 3600 * number))
        folders.append(folder)
    return folders


async def test_the_least_recently_used_go_first(three, mirrors):
    """Beyond the size that is allowed, the oldest go, and those unused for long."""
    assert await prune(mirrors) == 0
    assert await prune(mirrors, bytes_max=90_000) == 1
    assert [folder.exists() for folder in three] == [True, True, False]
    assert await prune(mirrors, idle_seconds_max=5400) == 1
    assert [folder.exists() for folder in three] == [True, False, False]
    assert await prune(mirrors / "nosuch") == 0


async def test_a_mirror_in_use_stays(three, mirrors):
    """However old it is."""
    with hold(three[0]):
        assert await prune(mirrors, bytes_max=0) == 2
    assert [path.name for path in mirrors.iterdir()] == ["1"]
    assert await prune(mirrors, bytes_max=0) == 1
    assert not [*mirrors.iterdir()]
