"""The folder a task works in: `source` holds the checkout, `home` is its commands' HOME."""

import asyncio
import os
import shutil
import subprocess
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from uuid import uuid4

from engine.beneath import LeadsOut, open_beneath, resolve_beneath
from engine.executors import PATH
from engine.language.document import DOCUMENT_BYTES_MAX
from engine.refusal import Refusal

GIVEN = ("source", "home", "tmp")  # to the commands of a task
STEPS = "steps"  # with a folder for each step that runs at the same time, which that is given


@dataclass(eq=False)
class PipelineUnreadable(Refusal):
    """The pipeline file {path} {reason}."""

    path: str
    reason: str


def create(workspace: Path) -> None:
    """Make the folders of a workspace. Raises OSError.

    Other users can pass through it, to what they are given.
    """
    workspace.mkdir(mode=0o755, parents=True, exist_ok=True)
    for name in GIVEN:
        (workspace / name).mkdir(mode=0o700)
    (workspace / STEPS).mkdir(mode=0o711)
    vendor = workspace / "home" / ".s"  # whose command line tool reports to its maker unasked
    vendor.mkdir(mode=0o700)
    (vendor / "set-config.yml").write_text("analysis: disable\n")


def read_pipeline(source: Path, path: str) -> str:
    """Return the text of the pipeline file at *path* within *source*.

    Raises PipelineUnreadable, also for a path or a link that leads out of the checkout.
    """
    parts = PurePosixPath(path).parts
    if not path or "\0" in path or path.startswith("/") or ".." in parts:
        raise PipelineUnreadable(path, "is not a path within the repository")
    try:
        with os.fdopen(open_beneath(source, resolve_beneath(source, path)), "rb") as file:
            text = file.read(DOCUMENT_BYTES_MAX + 1)
        if len(text) > DOCUMENT_BYTES_MAX:
            raise PipelineUnreadable(path, f"is larger than {DOCUMENT_BYTES_MAX} bytes")
        return text.decode("utf-8-sig")
    except LeadsOut:
        raise PipelineUnreadable(path, "leads out of the repository") from None
    except FileNotFoundError:
        raise PipelineUnreadable(path, "does not exist in the repository at this commit") from None
    except UnicodeDecodeError:
        raise PipelineUnreadable(path, "is not UTF-8 text") from None
    except (OSError, ValueError) as error:  # ValueError: no name of a file
        reason = getattr(error, "strerror", None) or "it is not a file"
        raise PipelineUnreadable(path, f"cannot be read: {reason}") from error


def runtimes(names: Iterable[str], folder: Path | None) -> tuple[list[Path], list[str]]:
    """Return the `bin` folders of runtimes that are installed in *folder*, and who is missing."""
    found: list[Path] = []
    missing: list[str] = []
    for name in names:
        path = folder / name / "bin" if folder else None
        if path and path.is_dir():
            found.append(path)
        else:
            missing.append(name)
    return found, missing


async def dispose(workspace: Path) -> None:
    """Delete a workspace, read-only folders in it too; one that is not there is deleted already.

    It is renamed at once, so that its path is free, then deleted in a thread: await this in a
    task of its own. Raises OSError if something cannot be deleted.
    """
    doomed = workspace.with_name(f".{workspace.name}.{uuid4().hex}.deleted")
    try:
        workspace.rename(doomed)  # noqa: ASYNC240 - at once
    except FileNotFoundError:
        return
    await clear(doomed)


async def clear(folder: Path) -> None:
    """Delete *folder* if it is there, whatever a step made of it; OSError if that cannot be."""
    await asyncio.to_thread(_delete, folder)


def _delete(doomed: Path) -> None:
    """Delete with programs that do not recurse: a step may nest folders as deep as it likes."""
    rm = [_program("rm"), "-rf", "--", str(doomed)]
    if subprocess.run(rm, capture_output=True, check=False).returncode == 0:  # noqa: S603
        return
    find = [_program("find"), str(doomed), "-type", "d"]
    enter = [*find, "-execdir", "chmod", "u+rwx", "{}", ";"]  # a whole path may be too long
    subprocess.run(enter, capture_output=True, check=False, env={"PATH": PATH})  # noqa: S603
    again = subprocess.run(rm, capture_output=True, check=False, text=True)  # noqa: S603
    if again.returncode:
        raise OSError(again.stderr.strip().rpartition("\n")[2])


def _program(name: str) -> str:
    return shutil.which(name, path=PATH) or name
