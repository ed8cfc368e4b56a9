"""Runs a plugin in Python: a folder with `plugin.py`, which has `run(inputs, context)`.

What it returns, a mapping, becomes the step's outputs. `post_run(inputs, context)`, if it is
there, runs after all steps. This file stands alone: it is copied beside the step's other files.
"""

import importlib.util
import inspect
import json
import os
import re
import secrets
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_-]*")


def main(folder: str) -> int:
    """Run the plugin in *folder*; return the exit code."""
    given = json.loads(Path(os.environ["ROLLWAY_INPUTS"]).read_text())
    sys.path.insert(0, folder)
    spec = importlib.util.spec_from_file_location("plugin", Path(folder) / "plugin.py")
    if spec is None or spec.loader is None:
        return _fail(f"{folder}/plugin.py cannot be loaded")
    plugin = importlib.util.module_from_spec(spec)
    sys.modules["plugin"] = plugin
    spec.loader.exec_module(plugin)
    name = "post_run" if given.get("post") else "run"
    function = getattr(plugin, name, None)
    if function is None:
        return 0 if given.get("post") else _fail("plugin.py has no function run(inputs, context)")
    result = function(given.get("inputs") or {}, given.get("context") or {})
    if inspect.iscoroutine(result):
        import asyncio  # noqa: PLC0415 - most plugins do without

        result = asyncio.run(result)
    if isinstance(result, Mapping):
        _write(result)
    elif result is not None:
        print(f"{name} returned no mapping: there are no outputs", file=sys.stderr)
    return 0


def _write(outputs: Mapping[Any, Any]) -> None:
    lines = []
    for name, value in outputs.items():
        if not NAME.fullmatch(str(name)):
            print(f"output '{name}' is left out: that is no name", file=sys.stderr)
            continue
        mark = secrets.token_hex(16)
        text = "" if value is None else value
        if not isinstance(text, str):
            mark = f"json:{mark}"
            text = json.dumps(value, ensure_ascii=False)
        lines.append(f"{name}<<{mark}\n{text}\n{mark}\n")
    with Path(os.environ["ROLLWAY_OUTPUT"]).open("a") as file:
        file.write("".join(lines))


def _fail(message: str) -> int:
    print(message, file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
