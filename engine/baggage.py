"""A command between what unpacks the caches of its step and what packs those and artifacts."""

from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from dataclasses import dataclass, replace
from pathlib import Path

from engine.attempt import Attempt, Outcome, Result
from engine.events import Output
from engine.executors import Command, Sandbox
from engine.keeping import Keeping
from engine.language.steps import Artifact, Cache
from engine.output.log import Log
from engine.refusal import Refusal


@dataclass(frozen=True, slots=True)
class Carried:
    """What a step takes and leaves: *packed* is what its own command packs, a plugin's."""

    caches: tuple[Cache, ...] = ()
    artifacts: tuple[Artifact, ...] = ()
    packed: Cache | Artifact | None = None

    def __bool__(self) -> bool:
        """Tell whether there is anything."""
        return bool(self.caches or self.artifacts or self.packed)


class Baggage:
    """Runs a command with what it carries: as an Attempt, with `output` and then `result`.

    A cache is never what makes a step fail; an artifact that cannot be kept does. *attempt* makes
    the Attempt of each command, *folder* is that of this try of the step.
    """

    def __init__(
        self,
        command: Command,
        carried: Carried,
        folder: Path,
        keeping: Keeping,
        log: Log,
        attempt: Callable[[Command], Attempt],
    ) -> None:
        self.result = Result(None, "did not run")
        self._command = command
        self._carried = carried
        self._folder = folder
        self._keeping = keeping
        self._log = log
        self._attempt = attempt
        self._missed: list[Cache] = []

    async def output(self, sandbox: Sandbox) -> AsyncGenerator[Output, None]:
        """Run everything. Closing this generator kills what runs."""
        for cache in self._carried.caches:
            async with aclosing(self._fetched(cache, sandbox)) as pieces:
                async for piece in pieces:
                    yield piece
        async with aclosing(self._part(self._command.arguments, sandbox)) as pieces:
            async for piece in pieces:
                yield piece
        own = self.result
        for kept in (*self._missed, *self._carried.artifacts, self._carried.packed):
            if kept is None or own.outcome is not Outcome.SUCCESS:
                continue
            async with aclosing(self._kept(kept, sandbox)) as pieces:
                async for piece in pieces:
                    yield piece
            if isinstance(kept, Artifact) and self.result.error is not None:
                own = self.result
        self.result = own

    async def _fetched(self, cache: Cache, sandbox: Sandbox) -> AsyncGenerator[Output, None]:
        """Unpack a cache, where there is one."""
        try:
            arguments = await self._keeping.fetch(cache, self._folder)
        except (Refusal, OSError) as refusal:
            for piece in self._log.system(f"[cache '{cache.key}': {refusal}]"):
                yield piece
            return
        if arguments:
            async with aclosing(self._part(arguments, sandbox)) as pieces:
                async for piece in pieces:
                    yield piece
        found = bool(arguments) and self.result.outcome is Outcome.SUCCESS
        if not found:
            self._missed.append(cache)
        for piece in self._log.system(f"[cache '{cache.key}': {'' if found else 'not '}found]"):
            yield piece

    async def _kept(self, kept: Cache | Artifact, sandbox: Sandbox) -> AsyncGenerator[Output, None]:
        """Pack, unless the command has done that, and keep; `result` says what came of it."""
        try:
            if kept is not self._carried.packed:
                arguments = self._keeping.pack(kept, self._folder)
                async with aclosing(self._part(arguments, sandbox)) as pieces:
                    async for piece in pieces:
                        yield piece
                if self.result.error is not None:
                    return
            said = await self._keeping.keep(kept, self._folder)
        except (Refusal, OSError) as refusal:
            said = str(refusal).rstrip(".")
            self.result = Result(None, said)
        for piece in self._log.system(f"[{said}]"):
            yield piece

    async def _part(
        self, arguments: tuple[str, ...], sandbox: Sandbox
    ) -> AsyncGenerator[Output, None]:
        attempt = self._attempt(replace(self._command, arguments=arguments))
        async with aclosing(attempt.output(sandbox)) as pieces:
            async for piece in pieces:
                yield piece
        self.result = attempt.result
