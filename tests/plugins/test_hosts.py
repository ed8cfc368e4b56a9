"""People's own plugins, in Node and in Python, as folders and as packages."""

import json
import shutil

import pytest

NEEDS_NODE = pytest.mark.skipif(shutil.which("node") is None, reason="Node is not installed")
PYTHON = """
import sys
def run(inputs, context):
    print("hello", inputs["name"], context["git"]["branch"])
    return {"greeting": "a\\nb", "count": 3, "not a name": 1}
async def post_run(inputs, context):
    print("tidied up", inputs["name"])
"""
COMMON = """
exports.run = async (inputs, context, logger) => {
  logger.info("hello %s", inputs.name, context.git.branch);
  setInterval(() => {}, 1000);
  return { greeting: "a\\nb", count: 3, list: [1], "not a name": 1, nothing: null };
};
exports.postRun = (inputs, context, logger) => logger.warn("tidied up", inputs.name);
"""
MODULE = """
export async function run(inputs, context, logger) {
  logger.info("hello %s", inputs.name, context.git.branch);
  return { greeting: "a\\nb", count: 3 };
}
export const postRun = (inputs) => console.log("tidied up", inputs.name);
"""
COMPILED = """
Object.defineProperty(exports, "__esModule", { value: true });
exports.default = { run: async (inputs, context) => {
  console.log("hello", inputs.name, context.git.branch);
  return { greeting: "a\\nb", count: 3 };
}, postRun: async (inputs) => console.log("tidied up", inputs.name) };
"""
GIVEN = {"name": "Ann"}
CONTEXT = {"git": {"branch": "main"}}


@pytest.mark.parametrize(
    "files",
    [
        {"p/plugin.py": PYTHON},
        pytest.param({"p/index.js": COMMON}, marks=NEEDS_NODE),
        pytest.param({"p/index.mjs": MODULE}, marks=NEEDS_NODE),
        pytest.param(
            {"p/package.json": '{"main": "lib/x.js"}', "p/lib/x.js": COMPILED}, marks=NEEDS_NODE
        ),
        pytest.param(
            {"p/package.json": '{"main": "x.js", "type": "module"}', "p/x.js": MODULE},
            marks=NEEDS_NODE,
        ),
    ],
    ids=["python", "commonjs", "module", "compiled", "module package"],
)
def test_a_folder(step, files):
    """A folder runs in its language: inputs go in, outputs come out, post runs what tidies up."""
    step.write(files)
    ended = step("./p", GIVEN, context=CONTEXT)
    assert ended.code == 0, ended.printed
    assert "hello Ann main" in ended.printed
    assert (ended.outputs["greeting"], ended.outputs["count"]) == ("a\nb", "3")
    assert "not a name" not in ended.outputs
    ended = step("./p", GIVEN, context=CONTEXT, post=True)
    assert (ended.code, ended.outputs) == (0, {}), ended.printed
    assert "tidied up Ann" in ended.printed


@pytest.mark.parametrize(
    ("files", "message"),
    [
        ({"p/plugin.py": "def run(i, c): raise ValueError('no luck')"}, "ValueError: no luck"),
        ({"p/plugin.py": "x = 1"}, "plugin.py has no function run"),
        pytest.param(
            {"p/index.js": "exports.run = () => { throw new Error('no luck') }"},
            "Error: no luck",
            marks=NEEDS_NODE,
        ),
        pytest.param({"p/index.js": "exports.x = 1"}, "exports no function run", marks=NEEDS_NODE),
        pytest.param(
            {"p/index.js": "exports.run = () => new Promise(() => {})"},
            "ended before its function had returned",
            marks=NEEDS_NODE,
        ),
        pytest.param(
            {"p/index.js": "exports.run = () => { process.exit(0) }"},
            "ended before its function had returned",
            marks=NEEDS_NODE,
        ),
        pytest.param({"p/package.json": "{}"}, "has no main file", marks=NEEDS_NODE),
    ],
)
def test_a_plugin_that_fails(step, files, message):
    """Its exit code is not 0, its message is in the log."""
    step.write(files)
    ended = step("./p", GIVEN, context=CONTEXT)
    assert ended.code != 0
    assert message in ended.printed


def test_a_plugin_without_post(step):
    """Nothing to tidy up is no failure."""
    step.write({"p/plugin.py": "def run(i, c): pass"})
    assert step("./p", post=True).code == 0


def test_node_is_missing(step):
    """The log says who needs it."""
    step.write({"p/index.js": COMMON})
    ended = step("./p", env={"PATH": str(step.home)})
    assert ended.code == 127
    assert ended.printed == "plugin ./p needs node, not found here\n"


@NEEDS_NODE
@pytest.mark.slow
@pytest.mark.parametrize(
    ("package", "files"),
    [
        ({"main": "x.js"}, {"x.js": COMMON}),
        ({"exports": {"import": "./x.mjs"}}, {"x.mjs": MODULE}),
        ({"type": "module", "exports": "./x.js"}, {"x.js": MODULE}),
    ],
    ids=["commonjs", "exports", "module"],
)
def test_a_package(step, registry, package, files):
    """A package is installed within the step, once a task; its own scripts do not run."""
    described = {"name": "demo-plugin", "version": "1.2.3", **package}
    described["scripts"] = {"postinstall": "echo scripts ran > $HOME/ran"}
    registry.publish("demo-plugin", {"package.json": json.dumps(described), **files})
    env = {"npm_config_registry": registry.url}
    ended = step("demo-plugin@1.2.3", GIVEN, context=CONTEXT, env=env)
    assert ended.code == 0, ended.printed
    assert "hello Ann main" in ended.printed
    assert ended.outputs["count"] == "3"
    assert not (step.home / "ran").exists()
    registry.packages.clear()
    ended = step("demo-plugin@1.2.3", GIVEN, context=CONTEXT, env=env, post=True)
    assert (ended.code, "tidied up Ann" in ended.printed) == (0, True), ended.printed


@NEEDS_NODE
@pytest.mark.slow
def test_a_package_that_does_not_exist(step, registry):
    """The step fails, and nothing half installed stays."""
    ended = step("no-such-plugin", env={"npm_config_registry": registry.url})
    assert ended.code == 1
    assert "plugin no-such-plugin could not be installed" in ended.printed
    assert list((step.home / ".rollway/plugins").iterdir()) == []
