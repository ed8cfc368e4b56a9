"""The steps that clean up after plugins, without those of folders that have nothing to clean up."""

import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from engine.beneath import LeadsOut, is_folder_beneath, open_beneath, resolve_beneath
from engine.language.steps import Plan, Step

NAMES = (b"postRun", b"post_run")
ENDINGS = (".js", ".cjs", ".mjs", ".py")
FILES_MAX = 200
FILE_BYTES_MAX = 1024 * 1024


def without_needless(plan: Plan, source: Path) -> Plan:
    """Return *plan* without clean-ups of plugins whose code is in the checkout and names none."""
    first = next((step.index for step in plan.steps if step.post_of is not None), None)
    if first is None:
        return plan
    before = [step for step in plan.steps if step.post_of is None]
    behind = (step for step in plan.steps if step.post_of is not None and _may_be(step, source))
    kept = [replace(step, index=index) for index, step in enumerate(behind, start=first)]
    return replace(plan, steps=(*before, *kept))


def _may_be(step: Step, source: Path) -> bool:
    plugin = step.plugin or ""
    if not plugin.startswith("."):
        return True
    try:
        folder = resolve_beneath(source, plugin)
        if not is_folder_beneath(source, folder):
            return True  # a step may make it
        return any(_names_one(source, file) for file in _files(source / folder))
    except (OSError, LeadsOut):
        return True


def _files(folder: Path) -> Iterator[Path | None]:
    """Yield the files that may be code; None where that cannot be said of one."""
    count = 0
    for place, folders, names in os.walk(folder):
        folders[:] = [name for name in folders if name != "node_modules"]
        for path in (Path(place, name) for name in (*folders, *names)):
            count += 1
            if count > FILES_MAX or path.is_symlink():
                yield None
                return
            if path.suffix in ENDINGS and not path.is_dir():
                yield path


def _names_one(source: Path, file: Path | None) -> bool:
    if file is None:
        return True
    with os.fdopen(open_beneath(source, str(file.relative_to(source))), "rb") as opened:
        text = opened.read(FILE_BYTES_MAX + 1)
    return len(text) > FILE_BYTES_MAX or any(name in text for name in NAMES)
