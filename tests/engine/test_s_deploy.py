"""The real Serverless Devs CLI deploys with a component of its own: what most pipelines are."""

import shutil
from contextlib import aclosing
from dataclasses import replace
from pathlib import Path

import pytest

from engine.events import StepChanged
from engine.run import Cancel, run

pytestmark = [
    pytest.mark.skipif(shutil.which("node") is None, reason="Node is not installed"),
    pytest.mark.slow,
]
FILES = {
    "s.yaml": """
edition: 3.0.0
name: shop
access: default
resources:
  api:
    component: ./component
    props:
      region: cn-hangzhou
      greeting: ${env('GREETING')}
""",
    "component/package.json": '{"name": "component", "version": "1.0.0", "main": "index.js"}',
    "component/index.js": """
module.exports = class {
  async deploy(inputs) {
    if (inputs.props.greeting === "fail") throw new Error("no such region");
    console.log(`deployed with ${inputs.props.greeting}`);
    return { url: "https://shop.example.com" };
  }
};
""",
}
PIPELINE = """
runtimes: [serverless-devs]
steps:
  - name: Deploy
    run: s deploy -y
    env:
      GREETING: GREETING_VALUE
"""


@pytest.fixture
def deploy(job, isolated, root, serverless_devs):
    """Return a function that runs the pipeline where `s` is a runtime of the machine."""
    runtime = root / "runtimes" / "serverless-devs"
    (runtime / "bin").mkdir(parents=True)
    shutil.copytree(serverless_devs.parent, runtime / "node_modules", symlinks=True)
    (runtime / "bin" / "s").symlink_to("../node_modules/.bin/s")
    (root / "runtimes").chmod(0o755)

    async def ran(greeting, pipeline=PIPELINE):
        made = job(pipeline.replace("GREETING_VALUE", greeting))
        made = replace(made, workspace=root / "task-1", runtimes=root / "runtimes")
        log, code = "", None
        async with aclosing(run(made, isolated, Cancel())) as events:
            async for event in events:
                log += getattr(event, "text", "")
                if isinstance(event, StepChanged) and event.index == 1:
                    code = event.exit_code
        return event.status.value, code, log

    return ran


def left_of(workspace):
    """Return the processes whose environment names a workspace."""
    found = []
    for process in Path("/proc").iterdir():
        try:
            if (
                process.name.isdecimal()
                and str(workspace).encode() in (process / "environ").read_bytes()
            ):
                found.append((process / "cmdline").read_bytes())
        except OSError:
            continue
    return found


async def test_s_deploy(deploy, repository, root):
    """It succeeds, and nothing it starts stays."""
    repository.commit(FILES)
    status, _, log = await deploy("hello")
    assert status == "success", log
    assert "deployed with hello" in log
    assert "https://shop.example.com" in log
    assert left_of(root) == []


async def test_s_deploy_that_fails(deploy, repository, root):
    """The CLI's exit code is the step's."""
    repository.commit(FILES)
    status, code, log = await deploy("fail")
    assert (status, code) == ("failure", 101), log
    assert "no such region" in log
    assert left_of(root) == []


async def test_daemons_of_s_do_not_outlive_their_step(deploy, repository, root):
    """Where a pipeline turns them on they are detached, and end with the step all the same."""
    repository.commit(FILES)
    on = PIPELINE.replace("    env:\n", '    env:\n      serverless_devs_daemon_enable: "true"\n')
    status, _, log = await deploy("hello", on)
    assert status == "success", log
    assert left_of(root) == []
