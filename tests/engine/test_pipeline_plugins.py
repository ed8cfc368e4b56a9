"""Whole pipelines with plugins, caches and artifacts, run by the real engine."""

import json
import shutil
import stat
import subprocess
import tarfile
from contextlib import aclosing
from dataclasses import replace
from pathlib import Path

import pytest

from engine.executors import isolation
from engine.plugins import INTERPRETER, prepare
from engine.run import Cancel, run
from engine.store import Store
from plugins import FOLDER

NEEDS_NODE = pytest.mark.skipif(shutil.which("node") is None, reason="Node is not installed")
CACHE = """
steps:
  - plugin: cache
    id: deps
    inputs:
      key: deps-${{ hashFile('lock') }}
      path: |
        modules
        ~/.tool
  - run: |
      echo "hit: $HIT"
      if [ "$HIT" = false ]; then
        mkdir -p modules ~/.tool
        echo installed > modules/a
        echo tool > ~/.tool/b
      fi
      cat modules/a ~/.tool/b
      echo changed > lock
      LAST
    env: {HIT: '${{ steps.deps.outputs.cache-hit }}'}
"""
AROUND = """
steps:
  - run: |
      ls built || mkdir built
      echo x > built/x
    cache: {key: 'build', path: built}
    artifacts: [{name: site, path: built}, {name: lock, path: lock}]
"""
GREETING = """
steps:
  - plugin: ./tools/greet
    id: greet
    inputs: {name: '${{ secrets.NAME }}', nested: {list: ['${{ app.name }}', 7]}}
  - run: echo "$SAID"
    env: {SAID: '${{ steps.greet.outputs.said }}'}
  - run: exit 3
"""
GREET = """
import json, os
def run(inputs, context):
    print(json.dumps([inputs["nested"], "secrets" in context, context["git"]["commit"]]))
    print("hello", inputs["name"])
    return {"said": "hello " + inputs["nested"]["list"][0]}
def post_run(inputs, context):
    print("tidied up")
"""


def enterable(level):
    """Tell whether the users of a level can get to the server's own Python."""
    folders = [folder for place in (Path(INTERPRETER), FOLDER) for folder in place.parents]
    return level is not isolation.Level.USER or all(
        folder.stat().st_mode & stat.S_IXOTH for folder in folders
    )


OURS = pytest.mark.parametrize("isolated", [*filter(enterable, isolation.Level)], indirect=True)


@pytest.fixture
def store(tmp_path):
    """Return a store."""
    return Store(tmp_path / "kept")


@pytest.fixture
def deploy(job, isolated, store, root):
    """Return a function that runs a pipeline as a task of its own, and returns log by step."""

    async def ran(pipeline, number, tenant="", *, trusted=True, **options):
        made = job(pipeline, **options)
        workspace = root / f"task-{number}"
        made = replace(made, task_id=f"task-{number}", workspace=workspace, store=store)
        made = replace(made, tenant=tenant, source=replace(made.source, trusted=trusted))
        logs, ends = {}, {}
        async with aclosing(run(made, isolated, Cancel())) as events:
            async for event in events:
                index = getattr(event, "index", None)
                logs[index] = logs.get(index, "") + getattr(event, "text", "")
                if index is not None and hasattr(event, "status"):
                    ends[index] = event.status.value
        return logs, ends, event.status.value

    return ran


@pytest.fixture
def step_folder(tmp_path):
    """Return the folder of a step."""
    folder = tmp_path / "task" / "steps" / "1-1"
    folder.mkdir(parents=True)
    return folder


async def test_the_plugin_cache(deploy, repository):
    """It misses, keeps at the end under the key of the beginning, and hits in the next task."""
    repository.commit({"lock": "1"})
    logs, ends, status = await deploy(CACHE.replace("LAST", ""), 1)
    assert (status, ends[3]) == ("success", "success"), logs
    assert "hit: false\ninstalled\ntool\n" in logs[2]
    assert "Cached for the next task" in logs[3]
    repository.commit({"other": "x"})
    logs, ends, status = await deploy(None, 2)
    assert status == "success", logs
    assert "hit: true\ninstalled\ntool\n" in logs[2]
    assert "This cache was there before" in logs[3]


@pytest.mark.parametrize("other", [{"team": "o_2"}, {"environment": "live"}, {"id": "a_2"}])
async def test_a_cache_is_its_environments(deploy, repository, other):
    """Whoever deploys to another environment, application or team neither reads nor fills it."""
    repository.commit({"lock": "1"})
    mine = {"id": "a_1", "environment": "test", "team": "o_1"}
    hits = []
    repository.commit({"serverless-pipeline.yaml": CACHE.replace("LAST", "")})
    for number, app in enumerate([mine, {**mine, **other}, mine], start=1):
        contexts = {"app": {key: app[key] for key in ("id", "environment")}}
        logs, _, status = await deploy(None, number, tenant=app["team"], contexts=contexts)
        assert status == "success", logs
        hits.append("hit: true\n" in logs[2])
    assert hits == [False, False, True]


@pytest.mark.parametrize("order", [[True, False], [False, True]])
async def test_a_strangers_cache_is_not_ours(deploy, repository, order):
    """A pull request of a fork neither fills what later runs with secrets, nor reads that."""
    repository.commit({"lock": "1", "serverless-pipeline.yaml": CACHE.replace("LAST", "")})
    hits = []
    for number, trusted in enumerate([*order, *order], start=1):
        logs, _, status = await deploy(None, number, trusted=trusted)
        assert status == "success", logs
        hits.append("hit: true\n" in logs[2])
    assert hits == [False, False, True, True]


async def test_a_failed_task_keeps_no_cache(deploy, repository):
    """What a failure left behind is not given to the next task."""
    repository.commit({"lock": "1"})
    _, ends, status = await deploy(CACHE.replace("LAST", "exit 1"), 1)
    assert (status, ends[3]) == ("failure", "skipped")
    logs, _, _ = await deploy(None, 2)
    assert "hit: false\n" in logs[2]


async def test_caches_and_artifacts_of_a_step(deploy, repository, store):
    """They are unpacked before the command and kept after it."""
    repository.commit({"lock": "1"})
    logs, _, status = await deploy(AROUND, 1)
    assert status == "success", logs
    assert "[cache 'build': not found]" in logs[1]
    assert "[The artifact 'site' is kept" in logs[1]
    with tarfile.open(store.artifact("task-1", "site")) as archive:
        assert "source/built/x" in archive.getnames()
    logs, _, status = await deploy(None, 2)
    assert "[cache 'build': found]\nx\n" in logs[1]
    assert [artifact.name for artifact in store.artifacts("task-2")] == ["lock", "site"]


async def test_an_artifact_that_is_not_there(deploy, repository):
    """The step fails, and says which file it is."""
    repository.commit({"lock": "1"})
    pipeline = "steps: [{plugin: artifact, inputs: {path: nothing}}]"
    logs, _, status = await deploy(pipeline, 1)
    assert status == "failure"
    assert "There is no nothing" in logs[1]
    pipeline = "steps: [{run: 'true', artifacts: {name: x, path: nothing}}]"
    logs, _, status = await deploy(pipeline, 2)
    assert status == "failure"
    assert "There is no nothing" in logs[1]


async def test_a_cache_in_pieces_is_made_anew(deploy, repository, store, tmp_path):
    """One that cannot be unpacked counts as a miss and is replaced."""
    repository.commit({"lock": "1"})
    await deploy(AROUND, 1)
    (kept,) = (tmp_path / "kept" / "cache").rglob("*.tar")
    kept.write_bytes(b"no tar at all")
    logs, _, status = await deploy(None, 2)
    assert (status, "cannot be unpacked" in logs[1]) == ("success", True), logs
    logs, _, status = await deploy(None, 3)
    assert "[cache 'build': found]" in logs[1]


async def test_a_folder(deploy, repository):
    """It gets its inputs, no other secret, and tidies up although a later step failed."""
    repository.commit({"tools/greet/plugin.py": GREET})
    contexts = {"secrets": {"NAME": "s3cret-name"}, "app": {"name": "shop", "id": "a_1"}}
    logs, ends, status = await deploy(GREETING, 1, contexts=contexts)
    assert (status, ends) == (
        "failure",
        {0: "success", 1: "success", 2: "success", 3: "failure"} | {4: "success"},
    ), logs
    seen, hello = logs[1].splitlines()
    assert json.loads(seen)[:2] == [{"list": ["shop", 7]}, False]
    assert hello == "hello ***"
    assert logs[2] == "hello shop\n"
    assert logs[4] == "tidied up\n"


@OURS
async def test_one_of_ours(deploy):
    """It is told of wrong inputs in the step's log."""
    logs, _, status = await deploy("steps: [{plugin: notify, inputs: {webhok: x}}]", 1)
    assert status == "failure"
    assert "notify: unknown input 'webhok'; did you mean 'webhook'?" in logs[1]


@pytest.mark.parametrize(
    ("name", "text"),
    [
        (
            "plugin.py",
            'run = lambda *_: dict(n=3, off=False, no=None, tags=["a", "b"], deep={"x": 1})',
        ),
        pytest.param(
            "index.js",
            'exports.run = () => ({n: 3, off: false, no: null, tags: ["a", "b"], deep: {x: 1}});\n',
            marks=NEEDS_NODE,
        ),
    ],
)
async def test_outputs_keep_their_kind(play, repository, name, text):
    """In expressions they are numbers, truth, lists and mappings; elsewhere JSON."""
    repository.commit({f"p/{name}": text})
    ran = await play(
        "steps:\n"
        "  - {plugin: ./p, id: p}\n"
        "  - run: echo '${{ steps.p.outputs.tags[1] }} ${{ steps.p.outputs.deep.x + 1 }}'\n"
        "    if: ${{ steps.p.outputs.n === 3 && !steps.p.outputs.off && !steps.p.outputs.no }}\n"
    )
    assert ran.log(2) == "b 2\n"
    shown = {"n": "3", "off": "false", "no": "", "tags": '["a","b"]', "deep": '{"x":1}'}
    assert ran.end(1).outputs == shown


async def test_a_folder_that_is_not_there(deploy):
    """The step's error names it; there is nothing to clean up."""
    logs, ends, status = await deploy("steps: [{plugin: ./nothing}]", 1)
    assert (status, ends) == ("failure", {0: "success", 1: "failure", 2: "skipped"})
    assert "The plugin './nothing' is no folder of the checkout" in logs[1]


@OURS
async def test_a_trusted_plugin_is_given_no_code(deploy, repository):
    """The step's env cannot make what runs outside its image load a library or a module."""
    repository.commit({"README": "x"})
    pipeline = """
steps:
  - plugin: checkout
    env: {LD_PRELOAD: /nowhere.so, PYTHONPATH: /nowhere, NO_PROXY: x}
"""
    logs, _, status = await deploy(pipeline, 1)
    assert status == "success"
    assert "nowhere" not in logs[1]
    assert "is checked out already" in logs[1]


@pytest.mark.parametrize("replaced", ["output", "inputs.json"])
def test_a_trusted_plugin_follows_no_link(step_folder, replaced, tmp_path):
    """A step that runs beside it cannot have it read or write elsewhere."""
    elsewhere = tmp_path / "elsewhere"
    elsewhere.write_text('{"inputs": {}}')
    (step_folder / "inputs.json").write_text("{}")
    (step_folder / "output").touch()
    (step_folder / replaced).unlink()
    (step_folder / replaced).symlink_to(elsewhere)
    program = prepare("checkout", source=tmp_path, folder=step_folder)
    done = subprocess.run(
        program.arguments,
        env={
            "ROLLWAY_INPUTS": str(step_folder / "inputs.json"),
            "ROLLWAY_OUTPUT": str(step_folder / "output"),
        },
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert "checkout: a file of this step was replaced" in done.stderr
    assert elsewhere.read_text() == '{"inputs": {}}'
