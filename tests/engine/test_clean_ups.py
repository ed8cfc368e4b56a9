"""Whether a plugin's folder has anything to clean up."""

import pytest

from engine.clean_ups import FILE_BYTES_MAX, without_needless
from engine.plan import parse

PIPELINE = """
steps:
  - plugin: ./p
  - plugin: cache
    inputs: {key: k, path: x}
"""


@pytest.mark.parametrize(
    ("files", "may"),
    [
        ({}, True),  # a step may make it
        ({"p/index.js": "exports.run = () => {};"}, False),
        ({"p/plugin.py": "def run(inputs, context): pass"}, False),
        ({"p/index.js": "exports.postRun = () => {};"}, True),
        ({"p/plugin.py": "def post_run(inputs, context): pass"}, True),
        ({"p/package.json": "{}", "p/dist/deep/main.cjs": "postRun"}, True),
        ({"p/index.js": "", "p/node_modules/x/index.js": "postRun"}, False),
        ({"p/index.js": "", "p/README.md": "postRun"}, False),
        ({"p/index.js": " " * (FILE_BYTES_MAX + 1)}, True),
        ({"p/index.js": "", **{f"p/{number}": "" for number in range(200)}}, True),
        ({"p/index.js": "", "p/lib": None}, True),
    ],
)
def test_a_folder_that_names_none_has_none(tmp_path, files, may):
    """A link (None) may lead to anything; the clean-up of the cache stays the last but one."""
    for name, text in files.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if text is None:
            path.symlink_to("/nowhere")
        else:
            path.write_text(text)
    steps = without_needless(parse(PIPELINE, path="p.yaml"), tmp_path).steps
    posts = ["Post Run cache", "Post Run ./p"] if may else ["Post Run cache"]
    assert [step.name for step in steps] == ["Run ./p", "Run cache", *posts]
    assert [step.index for step in steps] == list(range(1, len(steps) + 1))


def test_a_plan_without_plugins_is_left_alone(tmp_path):
    """Nothing is looked at."""
    plan = parse("steps: [{run: a}]", path="p.yaml")
    assert without_needless(plan, tmp_path) is plan
