"""The plugins that docs/plugins.md shows do what it says."""

import re
import shutil
from pathlib import Path

import pytest

TEXT = (Path(__file__).parents[2] / "docs" / "plugins.md").read_text()
NEEDS_NODE = pytest.mark.skipif(shutil.which("node") is None, reason="Node is not installed")


@pytest.mark.parametrize(
    ("language", "file"),
    [("python", "plugin.py"), pytest.param("text", "index.js", marks=NEEDS_NODE)],
)
def test_an_example(step, language, file):
    """It prints, returns its output, and has something to do afterwards."""
    (code,) = re.findall(rf"^```{language}\n(.*?)^```$", TEXT, re.DOTALL | re.MULTILINE)
    step.write({f"p/{file}": code})
    context = {"app": {"name": "shop"}}
    ended = step("./p", {"version": "7"}, context=context)
    assert (ended.code, ended.printed) == (0, "announcing 7 for shop\n")
    assert ended.outputs == {"url": "https://example.com/7"}
    assert step("./p", {"version": "7"}, context=context, post=True).printed == "done\n"
