"""Commands in a sandbox, and what is left of them."""

import asyncio
import os
from pathlib import Path


async def output_of(process):
    """Return all that *process* prints."""
    chunks = []
    while chunk := await process.read():
        chunks.append(chunk)
    return b"".join(chunks)


async def until(process, text):
    """Read until *text* has come."""
    output = b""
    while text not in output:
        chunk = await process.read()
        assert chunk, output
        output += chunk
    return output


async def run(sandbox, command):
    """Run a command to its end; return code and output."""
    process = await sandbox.start(command)
    output = await output_of(process)
    code = await process.exited
    await process.close()
    return code, output.decode()


def ids(podman, place):
    """Return the ids of a task's containers."""
    return podman.command("ps", "-aq", f"--filter=label=rollway.task={place.task_id}").split()


def survivors(mark):
    """Return the processes that carry a variable, wherever they live; scrubbed ones by argument."""
    found = []
    for entry in os.listdir("/proc"):  # noqa: PTH208 - names
        if not entry.isdigit():
            continue
        try:
            environ = Path(f"/proc/{entry}/environ").read_bytes()
            state = Path(f"/proc/{entry}/stat").read_bytes().rpartition(b")")[2].split()[0]
        except OSError:
            continue
        if mark.encode() in environ and state != b"Z":
            found.append(int(entry))
    return found


async def gone(mark):
    """Wait until none is left of them."""
    while survivors(mark):
        await asyncio.sleep(0.02)


def below(pid):
    """Return all processes below one."""
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return [each for child in children for each in (int(child), *below(child))]
