"""How a plugin becomes a command."""

import json
import shutil
import subprocess
import sys

import pytest

from engine.language.plugin_names import BUILTIN
from engine.plugins import (
    INTERPRETER,
    KEEPING,
    PluginEmpty,
    PluginMissing,
    PluginUnknown,
    prepare,
)
from plugins import FOLDER

BWRAP = [
    *("bwrap", "--unshare-pid", "--die-with-parent", "--proc", "/proc", "--dev", "/dev"),
    *("--ro-bind", "/usr", "/usr", "--symlink", "usr/bin", "/bin", "--symlink", "usr/lib", "/lib"),
    *("--ro-bind-try", "/lib64", "/lib64", "--ro-bind", sys.base_prefix, sys.base_prefix),
    *("--ro-bind", str(FOLDER), str(FOLDER)),
]


def bwrap_works():
    if shutil.which("bwrap") is None:
        return False
    return subprocess.run([*BWRAP, "true"], capture_output=True, check=False).returncode == 0


@pytest.fixture
def folders(tmp_path):
    """Return a checkout and the folder of a step."""
    source, folder = tmp_path / "source", tmp_path / "steps" / "1-1"
    source.mkdir()
    folder.mkdir(parents=True)
    return {"source": source, "folder": folder}


def test_only_those_that_touch_no_code_of_the_user_are_trusted(folders):
    """What runs npm, `s` or a package runs where the step's commands run."""
    trusted = set()
    for name in sorted(set(BUILTIN) - KEEPING):
        folder = folders["folder"] / name
        folder.mkdir()
        program = prepare(name, source=folders["source"], folder=folder)
        if program.trusted:
            trusted.add(name)
            assert program.arguments[:4] == (INTERPRETER, "-I", "-S", "-B")
            assert list(folder.iterdir()) == []
    assert trusted == {"checkout", "mail", "notify"}


@pytest.mark.parametrize(
    ("files", "plugin", "refusal"),
    [
        ((), "./nothing", PluginMissing("./nothing")),
        (("empty/README",), "./empty", PluginEmpty("./empty")),
        (("file",), "./file", PluginMissing("./file")),
        ((), "../steps", PluginMissing("../steps")),
        ((), "/etc", PluginMissing("/etc")),
        ((), "./a\0b", PluginMissing("./a\0b")),
        ((), "Checkout", PluginUnknown("Checkout", "did you mean 'checkout'?")),
        ((), "--registry=x", PluginUnknown("--registry=x", "it is no name of an npm package")),
        ((), "a b; rm", PluginUnknown("a b; rm", "it is no name of an npm package")),
        ((), "git+ssh://h/x", PluginUnknown("git+ssh://h/x", "it is no name of an npm package")),
    ],
)
def test_refusals(folders, files, plugin, refusal):
    """What is no plugin is said with its name."""
    for name in files:
        (folders["source"] / name).parent.mkdir(exist_ok=True)
        (folders["source"] / name).touch()
    with pytest.raises(type(refusal)) as caught:
        prepare(plugin, **folders)
    assert str(caught.value) == str(refusal)


@pytest.mark.parametrize("name", ["index.js", "plugin.py"])
@pytest.mark.parametrize("target", ["/etc/passwd", "/nowhere"])
def test_where_a_link_leads_is_not_looked_at(folders, name, target):
    """The server sees more of the machine than a step does."""
    (folders["source"] / "p").mkdir()
    (folders["source"] / "p" / name).symlink_to(target)
    assert prepare("./p", **folders).arguments[-1] == str(folders["source"] / "p")


def test_a_link_out_of_the_checkout(folders):
    """A folder elsewhere is no plugin of this checkout."""
    (folders["source"] / "out").symlink_to(folders["folder"])
    (folders["folder"] / "plugin.py").touch()
    with pytest.raises(PluginMissing):
        prepare("./out", **folders)


def test_nothing_is_written_through_a_link(folders, tmp_path):
    """A step that could reach our folder cannot have us write elsewhere."""
    (folders["source"] / "plugin.py").touch()
    (folders["folder"] / "host.py").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(FileExistsError):
        prepare("./", **folders)
    assert not (tmp_path / "elsewhere").exists()


@pytest.mark.skipif(not bwrap_works(), reason="bwrap does not work here")
@pytest.mark.parametrize("name", ["checkout", "mail", "notify"])
def test_ours_need_only_python_and_their_folder(folders, name):
    """Where a sandbox shows no more than that they still run, and say what is wrong."""
    given = folders["folder"] / "inputs.json"
    given.write_text(json.dumps({"inputs": {"nme": 1}}))
    program = prepare(name, **folders)
    place = str(folders["folder"])
    done = subprocess.run(
        [*BWRAP, "--ro-bind", place, place, *program.arguments],
        env={"PATH": "/usr/bin:/bin", "ROLLWAY_INPUTS": str(given)},
        capture_output=True,
        check=False,
        text=True,
    )
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith(f"{name}: unknown input 'nme'; ")
