"""Submodules and LFS files: only when asked for, and only from the repository's own server."""

import shutil
from hashlib import sha256

import pytest

from engine.git import (
    CheckoutFailed,
    Credential,
    LfsMissing,
    Source,
    SubmoduleRefused,
    caution,
    checkout,
    outdated,
)
from engine.repository import git_command


@pytest.fixture
def part(repository, tmp_path):
    """Return another repository beside the first, and its commit; it has a submodule itself."""
    other = type(repository)(tmp_path / "part")
    add(other, "deeper", "../repository.git", "1" * 40)
    other.head = other.commit({"b": "part", ".git/hooks/post-checkout": "#!/bin/sh\ntouch hooked"})
    other.commit({"b": "newer"})
    return other


def add(repository, path, url, commit, *, written=None):
    """Add a submodule by hand, as an attacker would: git's own command has checks."""
    text = f'[submodule "s"]\n\tpath = "{written or path}"\n\turl = {url}\n'
    (repository.folder / ".gitmodules").write_text(text)
    (repository.folder / path).mkdir(parents=True)
    repository.git("add", ".gitmodules")
    repository.git("update-index", "--add", "--cacheinfo", f"160000,{commit},{path}")
    repository.git("commit", "--quiet", "--message=submodule")


async def check_out(server, folder, *, trusted=True, **options):
    """Check out the main branch and return the log."""
    lines = []
    credential = Credential(server.origin, *server.login) if server.login else None
    source = Source(server.url(), "main", None, None, credential, trusted)
    options.setdefault("submodules", True)
    await checkout(source, folder, protocols={"http"}, log=lines.append, **options)
    return lines


@pytest.mark.parametrize("mirrored", [False, True])
@pytest.mark.parametrize("url", ["../part.git", "{origin}/part.git"])
async def test_submodules_are_checked_out(repository, part, git_server, tmp_path, url, mirrored):
    """The commit that is pinned, by the credential of the repository, and no deeper ones."""
    repository.commit({"a": "1"})
    add(repository, "vendor/part", url.format(origin=git_server.origin), part.head)
    git_server.login = ("u", "t0ken-of-ann")
    options = {"mirrors": tmp_path / "mirrors", "tenant": "acme"} if mirrored else {}
    await check_out(git_server, tmp_path / "x", **options)
    assert (tmp_path / "x" / "a").read_text() == "1"
    assert (tmp_path / "x" / "vendor" / "part" / "b").read_text() == "part"
    assert not [*(tmp_path / "x" / "vendor" / "part" / "deeper").iterdir()]
    assert not [*tmp_path.rglob("hooked")]


async def test_a_stranger_gets_no_private_submodule(repository, part, git_server, tmp_path):
    """The commit of a fork may name any repository there is: the team's token does not open it."""
    repository.commit({"a": "1"})
    add(repository, "part", "../part.git", part.head)
    git_server.login = ("u", "t0ken-of-ann")
    options = {"mirrors": tmp_path / "mirrors", "tenant": "acme"}
    await check_out(git_server, tmp_path / "x", **options)
    git_server.requests.clear()
    with pytest.raises(CheckoutFailed, match=r"part\.git.*asks for a login"):
        await check_out(git_server, tmp_path / "y", trusted=False, **options)
    assert (tmp_path / "y" / "a").read_text() == "1"
    assert not (tmp_path / "y" / "part" / "b").exists()


async def test_a_stranger_gets_public_submodules(repository, part, git_server, tmp_path):
    """What anybody can fetch is fetched."""
    add(repository, "part", "../part.git", part.head)
    await check_out(git_server, tmp_path / "x", trusted=False)
    assert (tmp_path / "x" / "part" / "b").read_text() == "part"


async def test_submodules_are_off_unless_asked_for(repository, part, git_server, tmp_path):
    """An empty folder stands where one would be."""
    add(repository, "vendor/part", "../part.git", part.head)
    await check_out(git_server, tmp_path / "x", submodules=False)
    assert not [*(tmp_path / "x" / "vendor" / "part").iterdir()]
    await check_out(git_server, tmp_path / "y")
    assert (tmp_path / "y" / "vendor" / "part" / "b").exists()


@pytest.mark.parametrize(
    "url",
    [
        "file://{folder}/part",
        "{folder}/part",
        "{other}/part.git",
        "https://127.0.0.1/part.git",
        "http://127.0.0.1.evil.example/part.git",
        "git@127.0.0.1:part.git",
        "ext::sh -c 'touch {folder}/hacked'",
        "ssh://127.0.0.1/part.git",
        "{origin}/a/../../part.git",
        "http://u:p@127.0.0.1/part.git",
    ],
)
async def test_submodules_from_elsewhere(repository, part, git_server, git_servers, tmp_path, url):
    """Neither this machine's files nor another server are asked."""
    other = git_servers()
    address = url.format(folder=tmp_path, other=other.origin, origin=git_server.origin)
    add(repository, "part", f'"{address}"', part.head)
    with pytest.raises(SubmoduleRefused, match="its address"):
        await check_out(git_server, tmp_path / "x")
    assert not other.requests
    assert not (tmp_path / "x" / "part" / "b").exists()
    assert not (tmp_path / "hacked").exists()


async def test_an_address_that_is_an_option(repository, part, git_server, tmp_path):
    """Git refuses the whole commit."""
    add(repository, "part", f'"--upload-pack=touch {tmp_path}/hacked"', part.head)
    with pytest.raises(CheckoutFailed):
        await check_out(git_server, tmp_path / "x")
    assert not (tmp_path / "hacked").exists()


@pytest.mark.parametrize(
    ("path", "written", "reason"),
    [
        ("part\r", None, "no plain path"),
        ("part", "../out", "no plain path"),
        ("part", "/tmp/out", "no plain path"),
        ("part", ".git/modules/x", "no plain path"),
        ("part", "a/.GIT/hooks", "no plain path"),
        ("part", "elsewhere", "no submodule there"),
        ("part", "a", "no submodule there"),
        ("part", "link/out", "leads elsewhere"),
    ],
)
async def test_paths_that_are_none(repository, part, git_server, tmp_path, path, written, reason):
    """A submodule is where the commit has one, and nowhere else."""
    (repository.folder / "link").symlink_to("..")
    repository.commit({"a": "1"})
    add(repository, path, "../part.git", part.head, written=written)
    with pytest.raises(SubmoduleRefused, match=reason) as refused:
        await check_out(git_server, tmp_path / "x")
    assert "\r" not in str(refused.value)
    assert not (tmp_path / "out").exists()


async def test_there_are_not_too_many(repository, git_server, tmp_path):
    """Each would be a fetch of its own."""
    entry = '[submodule "s{0}"]\n\tpath = p{0}\n\turl = ../part.git\n'
    repository.commit({".gitmodules": "".join(map(entry.format, range(51)))})
    with pytest.raises(CheckoutFailed, match="more than 50 submodules"):
        await check_out(git_server, tmp_path / "x")


async def test_lfs_pointers_stay_pointers(repository, git_server, tmp_path):
    """No filter of the repository runs, with a mirror or without."""
    pointer = "version https://git-lfs.github.com/spec/v1\noid sha256:" + "0" * 64 + "\nsize 1\n"
    repository.commit({"big": pointer, ".gitattributes": "big filter=lfs diff=lfs merge=lfs\n"})
    await check_out(git_server, tmp_path / "x")
    await check_out(git_server, tmp_path / "y", mirrors=tmp_path / "mirrors", tenant="acme")
    assert (tmp_path / "x" / "big").read_text() == pointer
    assert (tmp_path / "y" / "big").read_text() == pointer


async def test_lfs_files_need_git_lfs(repository, git_server, tmp_path, monkeypatch):
    """On a machine that has git alone the refusal says so."""
    programs = tmp_path / "bin"
    programs.mkdir()
    (programs / "git").symlink_to(shutil.which("git"))
    monkeypatch.setattr(git_command, "PATH", str(programs))
    repository.commit({"a": "1"})
    with pytest.raises(LfsMissing, match="no git-lfs on this worker"):
        await check_out(git_server, tmp_path / "x", lfs=True)


@pytest.mark.skipif(shutil.which("git-lfs") is None, reason="git-lfs is not installed")
async def test_lfs_files_are_fetched(repository, git_server, tmp_path):
    """From the repository's own server, whatever its `.lfsconfig` says, and with its credential."""
    content = b"big\n" * 1000
    oid = sha256(content).hexdigest()
    repository.commit(
        {
            "big": f"version https://git-lfs.github.com/spec/v1\noid sha256:{oid}\nsize 4000\n",
            ".gitattributes": "big filter=lfs diff=lfs merge=lfs -text\n",
            ".lfsconfig": "[lfs]\n\turl = http://127.0.0.1:1/evil\n",
        }
    )
    git_server.login, git_server.lfs = ("u", "t0ken-of-ann"), {oid: content}
    await check_out(git_server, tmp_path / "x", lfs=True)
    assert (tmp_path / "x" / "big").read_bytes() == content
    files = [path for path in (tmp_path / "x").rglob("*") if path.is_file()]
    assert not [path for path in files if b"t0ken-of-ann" in path.read_bytes()]


@pytest.mark.parametrize(
    ("version", "refused", "unclear"),
    [
        ("git version 2.34.1", True, True),
        ("git version 2.39.2", True, True),
        ("git version 2.39.5", False, True),
        ("git version 2.39.5 (Apple Git-154)", False, True),
        ("git version 2.43.6", False, True),
        ("git version 2.43.7", False, False),
        ("git version 2.49.0", False, True),
        ("git version 2.50.1.windows.1", False, False),
        ("git version 2.51.0", False, False),
        ("git version 3.0", False, False),
        ("hg 1.0", True, False),
    ],
)
def test_versions_of_git(version, refused, unclear):
    """Old ones are refused; of some the operator has to know what the distribution did."""
    assert bool(outdated(version)) == refused
    assert bool(caution(version)) == unclear
