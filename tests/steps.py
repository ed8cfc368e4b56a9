"""The processes of steps, found by the marks in their environment."""

from contextlib import suppress
from pathlib import Path


def living(data, task_id=None):
    """Return the processes that live of steps begun from a data folder, or of one of its tasks."""
    wanted = {f"ROLLWAY_STEP_OF={data}".encode()}
    if task_id:
        wanted.add(f"ROLLWAY_TASK_ID={task_id}".encode())
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            if wanted <= set((process / "environ").read_bytes().split(b"\0")):
                found.append(int(process.name))
    return found
