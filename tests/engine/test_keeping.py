"""Caches and artifacts: packed and unpacked by the shell's own tar, kept from task to task."""

import asyncio
import os
import subprocess
import tarfile
import time
from pathlib import Path, PurePath

import pytest

from engine.keeping import InvalidKeeping, Keeping, artifact_of, cache_of
from engine.output.masking import Secrets
from engine.plan import Artifact, Cache
from engine.store import FILE_BYTES_MIN, NoFile, NotKept, Store, TooLarge

SECRET = "hunter2hunter2"


@pytest.fixture
def store(tmp_path):
    """Return a store."""
    return Store(tmp_path / "data")


class Task:
    """A workspace with a checkout, HOME and a step's folder, and what runs commands in it."""

    def __init__(self, folder, store, name, app="a_1"):
        self.workspace = folder / name
        self.source = self.workspace / "source"
        self.home = self.workspace / "home"
        self.step = self.workspace / "steps" / "1-1"
        for made in (self.source, self.home, self.step):
            made.mkdir(parents=True)
        self.output = self.step / "output"
        self.keeping = Keeping(
            store,
            owner=app,
            team="acme",
            task=name,
            workspace=self.workspace,
            secrets=Secrets([SECRET]),
        )

    def run(self, arguments):
        """Run a command and return its code and what it printed."""
        env = {"PATH": "/usr/bin:/bin", "ROLLWAY_OUTPUT": str(self.output)}
        done = subprocess.run(
            arguments, cwd=self.source, env=env, capture_output=True, check=False, text=True
        )
        return done.returncode, done.stdout + done.stderr

    async def save(self, kept):
        """Pack and keep."""
        code, printed = self.run(self.keeping.pack(kept, self.step))
        assert code == 0, printed
        return await self.keeping.keep(kept, self.step)


@pytest.fixture
def task(tmp_path, store):
    """Return a function that makes a task."""
    return lambda name, **options: Task(tmp_path, store, name, **options)


async def test_a_cache_comes_back(task):
    """What one task cached the next finds at its place, below checkout and HOME, links too."""
    cache = Cache("deps-1", ("node_modules", "~/.cache/pip"))
    first = task("t_1")
    assert await first.keeping.fetch(cache, first.step) == ()
    (first.source / "node_modules/x").mkdir(parents=True)
    (first.source / "node_modules/x/run.sh").write_text("#!/bin/sh\n")
    (first.source / "node_modules/x/run.sh").chmod(0o755)
    (first.source / "node_modules/link").symlink_to("x/run.sh")
    (first.home / ".cache/pip").mkdir(parents=True)
    (first.home / ".cache/pip/wheel").write_text("w")
    assert "Cached for the next task" in await first.save(cache)
    second = task("t_2")
    assert second.run(await second.keeping.fetch(cache, second.step)) == (0, "")
    assert os.access(second.source / "node_modules/x/run.sh", os.X_OK)
    assert (second.source / "node_modules/link").is_symlink()
    assert (second.home / ".cache/pip/wheel").read_text() == "w"
    assert list(second.step.iterdir()) == []


async def test_a_miss(task):
    """Another key, another application: nothing is there."""
    first = task("t_1")
    (first.source / "x").touch()
    await first.save(Cache("k", ("x",)))
    other = task("t_2", app="a_2")
    assert await other.keeping.fetch(Cache("k", ("x",)), other.step) == ()
    assert await first.keeping.fetch(Cache("k2", ("x",)), first.step) == ()


async def test_paths_that_are_not_there(task):
    """A cache without files is not made, an artifact without files fails its step."""
    one = task("t_1")
    code, printed = one.run(one.keeping.pack(Cache("k", ("a b", "c")), one.step))
    assert (code, printed) == (0, "There is no a b\nThere is no c\n")
    assert await one.keeping.keep(Cache("k", ("a b", "c")), one.step) == "There is nothing to cache"
    assert one.run(one.keeping.pack(Artifact("x", ("a",)), one.step))[0] == 1
    with pytest.raises(NoFile):
        await one.keeping.keep(Artifact("x", ("a",)), one.step)


async def test_an_artifacts_name_can_be_seen(task):
    """So no secret gets into it."""
    one = task("t_1")
    (one.source / "x").touch()
    with pytest.raises(InvalidKeeping, match="has a secret in its name"):
        await one.save(Artifact(f"a-{SECRET}", ("x",)))


async def test_an_artifact_is_kept_with_its_task(task, store):
    """It can be read as a tar file, and no other task has it."""
    one = task("t_1")
    (one.source / "dist").mkdir()
    (one.source / "dist/app.js").write_text("1")
    assert "The artifact 'build' is kept" in await one.save(Artifact("build", ("dist",)))
    assert [artifact.name for artifact in store.artifacts("t_1")] == ["build"]
    with tarfile.open(store.artifact("t_1", "build")) as archive:
        assert "source/dist/app.js" in archive.getnames()
    assert store.artifacts("t_2") == []
    with pytest.raises(NotKept):
        store.artifact("t_2", "build")


@pytest.mark.parametrize("kind", ["link", "hard link", "link to a folder", "pipe", "folder"])
async def test_only_plain_files_are_taken(task, store, tmp_path, kind):
    """A command that leaves something else in place of its tar file gives away nothing of ours."""
    secret = tmp_path / "secret"
    secret.mkdir()
    (secret / "cache.tar").write_text("secret")
    one = task("t_1")
    place = one.step / "cache.tar"
    match kind:
        case "link":
            place.symlink_to(secret / "cache.tar")
        case "hard link":
            place.hardlink_to(secret / "cache.tar")
        case "link to a folder":
            one.step.rmdir()
            one.step.symlink_to(secret)
        case "pipe":
            os.mkfifo(place)
        case "folder":
            place.mkdir()
    with pytest.raises(NoFile):
        await store.keep_cache("a_1", "k", one.workspace, PurePath("steps/1-1/cache.tar"))
    assert not (tmp_path / "data/cache/a_1").exists()


async def test_a_cache_is_not_written_through_a_link(task, store, tmp_path):
    """What lies in the place of the file already is left alone."""
    one = task("t_1")
    (one.source / "x").touch()
    cache = Cache("k", ("x",))
    await one.save(cache)
    two = task("t_2")
    name = next(path.name for path in one.step.iterdir())
    (two.step / name).symlink_to(tmp_path / "elsewhere")
    with pytest.raises(FileExistsError):
        await two.keeping.fetch(cache, two.step)
    assert not (tmp_path / "elsewhere").exists()


async def test_the_least_used_goes_first(task, tmp_path):
    """Where all caches take too much, reading one counts as a use."""
    store = Store(tmp_path / "small", cache_bytes_max=FILE_BYTES_MIN * 5 // 2)
    one = task("t_1")
    (one.step / "file").write_bytes(bytes(1000))
    for key in ("a", "b"):
        await store.keep_cache("a_1", key, one.workspace, PurePath("steps/1-1/file"))
        await asyncio.sleep(0.02)
    assert await store.fetch_cache("a_1", "a", one.workspace, PurePath("steps/1-1/a"))
    await store.keep_cache("a_2", "c", one.workspace, PurePath("steps/1-1/file"))
    there = [
        key
        for app, key in (("a_1", "a"), ("a_1", "b"), ("a_2", "c"))
        if await store.fetch_cache(app, key, one.workspace, PurePath(f"steps/1-1/again-{key}"))
    ]
    assert there == ["a", "c"]


async def test_a_file_that_is_too_large(task, tmp_path):
    """It is refused, and nothing of it stays."""
    store = Store(tmp_path / "small", entry_bytes_max=1000)
    one = task("t_1")
    (one.step / "file").write_bytes(bytes(1001))
    with pytest.raises(TooLarge):
        await store.keep_cache("a_1", "k", one.workspace, PurePath("steps/1-1/file"))
    assert [path for path in (tmp_path / "small").rglob("*") if path.is_file()] == []


async def test_what_is_old_goes(task, store, tmp_path):
    """What nobody used for long, what was kept long ago, and copies a crash left behind."""
    one = task("t_1")
    (one.step / "file").touch()
    file = PurePath("steps/1-1/file")
    for name in ("old", "new"):
        await store.keep_cache(f"a_{name}", "k", one.workspace, file)
        await store.keep_artifact("acme", f"t_{name}", "dist", one.workspace, file)
        (tmp_path / "data/incoming" / name).touch()
    data = tmp_path / "data"
    for path in filter(Path.is_file, data.rglob("*")):
        if "old" in str(path.relative_to(data)):
            os.utime(path, (0, time.time() - 91 * 24 * 3600))
    await store.prune()
    left = [path.relative_to(data) for path in data.rglob("*")]
    assert sum((data / path).is_file() for path in left) == 4
    assert not any("old" in str(path) for path in left)


async def test_many_at_once(task, store):
    """Tasks that write and read one key side by side see whole files only."""
    tasks = [task(f"t_{number}") for number in range(8)]
    for number, one in enumerate(tasks):
        (one.step / "file").write_bytes(bytes([number]) * 200_000)

    async def use(one):
        await store.keep_cache("a_1", "k", one.workspace, PurePath("steps/1-1/file"))
        assert await store.fetch_cache("a_1", "k", one.workspace, PurePath("steps/1-1/read"))
        return (one.step / "read").read_bytes()

    read = await asyncio.gather(*(use(one) for one in tasks))
    assert all(len(data) == 200_000 and len(set(data)) == 1 for data in read)


def test_inputs_of_the_plugins():
    """A path is a text with lines, or a list; what the original needed besides may stay."""
    given = {"key": "k", "path": "a\n ~/b \n", "region": "cn-hangzhou", "ossConfig": {}}
    assert cache_of(given) == Cache("k", ("a", "~/b"))
    assert artifact_of({"path": ["dist"]}) == Artifact("artifact", ("dist",))


@pytest.mark.parametrize(
    ("read", "inputs", "message"),
    [
        (cache_of, {"path": "x"}, "The cache has no input 'key', a text."),
        (cache_of, {"key": " ", "path": "x"}, "The key of a cache has 1 to 512 characters."),
        (cache_of, {"key": "k"}, "The cache has no input 'path', a text or a list of texts."),
        (cache_of, {"key": "k", "path": ""}, "The cache has 1 to 100 paths."),
        (
            cache_of,
            {"kye": "k"},
            "The cache has an unknown input 'kye' (did you mean 'key'?).",
        ),
        (
            artifact_of,
            {"name": "../x", "path": "x"},
            "The artifact '../x' has no name of letters, digits, '-', '_', '.'.",
        ),
    ],
)
def test_wrong_inputs(read, inputs, message):
    """Each is told as a sentence."""
    with pytest.raises(InvalidKeeping) as caught:
        read(inputs)
    assert str(caught.value) == message


@pytest.mark.parametrize("path", ["../x", "/etc", "a/../../x", "~/../x", "\0", "~x/../.."])
def test_paths_elsewhere(task, path):
    """Only what is in the checkout or in HOME can be kept."""
    one = task("t_1")
    with pytest.raises(InvalidKeeping):
        one.keeping.pack(Cache("k", (path,)), one.step)
    inside = str(one.home / "x")
    assert one.keeping.pack(Cache("k", (inside,)), one.step)[-1] == "home/x"
