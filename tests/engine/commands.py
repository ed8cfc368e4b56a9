"""Commands in a sandbox, and what is left of them."""


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
