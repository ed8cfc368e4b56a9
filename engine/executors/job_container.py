"""The container a task's commands run in, one for each image it uses."""

import asyncio
from collections.abc import Sequence
from uuid import uuid4

from aiodocker.containers import DockerContainer

from engine.executors import Command, NotStarted
from engine.executors.container_engine import FAULTS, Image, reason, remove
from engine.executors.container_process import ContainerProcess
from engine.executors.container_programs import SIGNAL, WRAPPER

MARK = "ROLLWAY_COMMAND"
USER = "0:0"
COUNT_BYTES_MAX = 4096
MIB = 1024 * 1024


class JobContainer:
    """Starts commands in a running container, and signals what they started.

    One that nothing can enter any more, because it ended or is full of processes, is *lost*: it
    has to be removed, which also ends what is in it.
    """

    def __init__(self, container: DockerContainer, image: Image, memory_bytes: int | None) -> None:
        self.container = container
        self.image = image
        self.memory_text = f"{(memory_bytes or 0) / MIB:g} MiB"
        self.lost = False
        self._processes: set[ContainerProcess] = set()  # of which something may be left
        self._signalling = asyncio.Lock()  # nothing starts while all that is there is killed

    async def start(self, command: Command, env: dict[str, str]) -> ContainerProcess:
        """Start a command. Raises NotStarted."""
        mark = uuid4().hex
        arguments = ["sh", str(command.working_directory), *command.arguments]
        variables = [*(f"{name}={value}" for name, value in env.items()), f"{MARK}={mark}"]
        async with self._signalling:
            try:
                execution = await self.container.exec(
                    ["/bin/sh", "-c", WRAPPER, *arguments], user=USER, environment=variables
                )
            except FAULTS as fault:
                self.lost = True
                raise NotStarted(reason(fault)) from fault
            process = ContainerProcess(self, execution, mark)
            self._processes.add(process)
        try:
            await process.started()
        except BaseException as error:
            self.lost |= isinstance(error, NotStarted) and not process.refused
            await asyncio.shield(process.close())
            raise
        return process

    async def signal(self, process: ContainerProcess, name: str) -> int:
        """Send TERM or KILL to what a process started; return how many processes that were.

        Where nothing else runs, that is whatever is there; else what can be told to be of the
        process, by its session or by its environment: the rest goes with the last command.
        """
        async with self._signalling:
            alone = "" if self._processes - {process} else "alone"
            arguments = [str(process.pid), name, alone, f"{MARK}={process.mark}"]
            said = await self._run(["/bin/sh", "-c", SIGNAL, "sh", *arguments])
            if not said[:1].isdigit() and name == "KILL":
                self.lost = True
                await remove(self.container)
        return int(said.split()[0]) if said[:1].isdigit() else 0

    def forget(self, process: ContainerProcess) -> None:
        """Take note that nothing of the process is left."""
        self._processes.discard(process)

    async def give_to(self, owner: tuple[int, int], path: str) -> None:
        """Make *path* and all below it the user's and group's. Raises one of FAULTS."""
        await self._run(["chown", "-R", "-h", f"{owner[0]}:{owner[1]}", path])

    async def end(self) -> int:
        """Kill what commands left; return how many processes that were."""
        return sum([await process.kill() for process in tuple(self._processes)])

    async def _run(self, arguments: Sequence[str]) -> str:
        """Run a program of ours to its end; return the beginning of what it printed."""
        execution = await self.container.exec(list(arguments), user=USER)
        output = b""
        async with execution.start(detach=False) as stream:
            while (message := await stream.read_out()) is not None:
                output = (output + message.data)[:COUNT_BYTES_MAX]
        return output.decode(errors="replace")
