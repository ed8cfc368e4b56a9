"""Pipelines that the original engine has run: every step and the task end as they did there.

A case of `recorded/` has a *pipeline* and how it ended *there*: the statuses of its steps, then the
task's, or `none` where the engine refused to start, `crash` and `hangs` where it never ended.
Where it ends otherwise *here*, a rule says why.
"""

import shutil
from pathlib import Path

import pytest
import yaml

from engine.events import Planned
from tests.engine.conftest import Repository

FOLDER = Path(__file__).parent / "recorded"
CASES = {
    f"{path.stem}: {name}": case
    for path in sorted(FOLDER.glob("*.yaml"))
    for name, case in yaml.safe_load(path.read_text()).items()
}
# Each stands in docs/pipelines.md, those about plugins in docs/plugins.md.
RULES = {
    "all skipped": "A task whose steps were all skipped is a success, not pending.",
    "as it is": "A command reaches the shell to the letter, with its blanks and backslashes.",
    "checked": "What cannot be right fails the task before anything runs.",
    "cleans up": "What a plugin does at the end is done after a failure too.",
    "core schema": "YAML 1.2: a date is a text.",
    "empty text": "No value is empty text, not the word undefined, and an empty text is a value.",
    "false skips": "A step with `if: false` is skipped; so it is with 0.",
    "folder": "A working directory that is missing fails its step.",
    "ids": "The keys of a mapping of steps are their ids.",
    "known from the start": "Every step has a status and outputs, also before it has run.",
    "names": "Entries of env may name others, in `if` too, and a working directory may name them.",
    "no stdin": "A command that reads its input is at its end at once.",
    "only ${{ }}": "Braces of other languages are left alone.",
    "outside": "A value from outside does not go into a command.",
    "plugins": "A plugin is found when its step begins, and its fault is the step's.",
    "sh -e": "A command ends at the first line that fails.",
    "small language": "Expressions are a small language of its own, not JavaScript.",
    "throws": "A condition that cannot be evaluated fails its step.",
    "values": "Values of env are texts, numbers, true or false.",
}
FILES = {
    "lock.txt": "1\n",
    "app/index.txt": "app\n",
    "scripts/build.sh": "echo building > built.txt\n",
    "plugins/hello/index.js": (
        "exports.run = () =>"
        ' ({greeting: "hello", count: 3, ok: true, bad: false, inner: {name: "deep"}});\n'
    ),
    "plugins/packed/package.json": '{"main": "lib/main.js"}',
    "plugins/packed/lib/main.js": 'exports.run = async () => ({packed: "yes"});\n',
    "plugins/fails/index.js": 'exports.run = async () => { throw new Error("no"); };\n',
    "plugins/silent/index.js": "exports.run = async () => {};\n",
    "plugins/norun/index.js": "exports.other = 1;\n",
    "plugins/broken/index.js": "exports.run = (;\n",
    "plugins/wants/index.js": (
        'exports.run = (inputs) => { if (inputs.word !== "please") throw new Error("no"); };\n'
    ),
    "plugins/post/index.js": (
        'exports.run = () => require("fs").writeFileSync("started.txt", "");\n'
        'exports.postRun = (inputs, context, logger) => logger.info("cleaned");\n'
    ),
    "plugins/badpost/index.js": (
        'exports.run = () => ({});\nexports.postRun = () => { throw new Error("no"); };\n'
    ),
    "plugins/context/index.js": (
        "exports.run = (inputs, {cwd, env, status, inputs: {git, task, app, version}}) => {\n"
        "  const seen = [status, git.branch, git.pusher.name, task.id, app.id, version, env.N];\n"
        '  if (seen.join() !== "running,main,ann,t-1,7,1.2.0,3") throw new Error(seen.join());\n'
        '  require("fs").accessSync(require("path").join(cwd, "lock.txt"));\n'
        "};\n"
    ),
}
CONTEXTS = {
    "env": {"REGION": "cn-hangzhou", "STAGE": "dev"},
    "secrets": {"TOKEN": "s3cret-token"},
    "cloudSecrets": {"AccountID": "1234567890", "AccessKeyID": "LTAIexample"},
    "git": {
        "provider": "github",
        "clone_url": "https://example.com/ann/shop.git",
        "ref": "refs/heads/main",
        "branch": "main",
        "message": 'feat: 登录 it\'s "new"',
        "event_name": "push",
        "pusher.name": "ann",
        "pusher.email": "ann@example.com",
    },
    "task": {"id": "t-1"},
    "app": {"id": "7"},
    "inputs": {"version": "1.2.0"},
}


@pytest.fixture(scope="module")
def repository(tmp_path_factory):
    """Return the repository that all of them deploy."""
    shop = Repository(tmp_path_factory.mktemp("recorded") / "shop")
    shop.commit(FILES)
    return shop


def cases():
    """Mark those that need Node."""
    node = pytest.mark.skipif(shutil.which("node") is None, reason="Node is not installed")
    for name, case in CASES.items():
        needs = "plugins/" in case["pipeline"] or "node " in case["pipeline"]
        yield pytest.param(case, id=name, marks=[node] if needs else [])


@pytest.mark.parametrize("case", [*cases()])
async def test_it_ends_as_recorded(play, case):
    """Behind the steps of the record stand only clean-ups of plugins that were not there."""
    ran = await play(None, sealed=case["pipeline"], contexts=CONTEXTS)
    *steps, _, task = case.get("here", case["there"]).split()
    ended = ran.ended()
    names = [name for planned in ran.of(Planned) for name in planned.steps]
    assert (ended[: len(steps)], ran.status) == (steps, task), ran.events
    assert set(names[len(steps) :]) <= {"Post Run ./plugins/nosuch", "Post Run ./made"}


def test_every_difference_has_its_rule():
    """Cases without one end as they did, and no rule is there for nothing."""
    differing = {name for name, case in CASES.items() if "here" in case}
    assert differing == {name for name, case in CASES.items() if "rule" in case}
    assert {CASES[name]["rule"] for name in differing} == RULES.keys()
    assert not any(CASES[name]["here"] == CASES[name]["there"] for name in differing)
