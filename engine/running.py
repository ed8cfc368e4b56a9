"""One step's life: its command is made ready, tried, and what it gives back is read."""

import asyncio
import shlex
from collections.abc import AsyncGenerator, Iterator, Mapping
from contextlib import aclosing, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path

from engine import plugins
from engine.attempt import Attempt, Outcome, Result
from engine.baggage import Baggage, Carried
from engine.beneath import LeadsOut, is_folder_beneath
from engine.cancel import Cancel
from engine.contexts import Contexts, render
from engine.events import Output
from engine.executors import Command, Sandbox
from engine.expressions import Scope, substitute
from engine.handover import INPUTS, Handover, Handovers, InvalidFile
from engine.job import Job
from engine.keeping import Keeping
from engine.language.plugin_names import builtin
from engine.language.steps import Artifact, Cache, Step
from engine.language.values import text
from engine.output.log import Log
from engine.refusal import Refusal

SHELLS: Mapping[str, tuple[str, ...]] = {
    "sh": ("/bin/sh", "-e"),
    "bash": ("bash", "-e"),
    "python": ("python3",),
    "node": ("node",),
}
WARNINGS_MAX = 50  # of a step, each said once


@dataclass(eq=False)
class WorkingDirectoryMissing(Refusal):
    """The working directory '{path}' does not exist."""

    path: str


@dataclass(frozen=True, slots=True)
class Ended:
    """How a step ended, with what it gave back; *began*: its command was ready to start."""

    result: Result
    outputs: Mapping[str, object] = field(default_factory=dict)
    exported: Mapping[str, str] = field(default_factory=dict)
    began: bool = False


class StepRun:
    """Runs one step of a task: `output` gives its log, and `ended` is there when that is over."""

    def __init__(
        self,
        step: Step,
        job: Job,
        contexts: Contexts,
        env_of: tuple[int, ...],
        sandbox: Sandbox,
        keeping: Keeping,
        handovers: Handovers,
        log: Log,
        cancel: Cancel,
    ) -> None:
        self.ended = Ended(Result(None, "did not run"))
        self._step = step
        self._job = job
        self._contexts = contexts
        self._behind = env_of
        self._sandbox = sandbox
        self._keeping = keeping
        self._handovers = handovers
        self._log = log
        self._cancel = cancel
        self._warned: dict[str, None] = {}

    async def output(self) -> AsyncGenerator[Output, None]:
        """Try the step as often as it says. Closing this generator kills what runs."""
        retry = self._step.retry
        for number in range(1, retry.attempts + 1):
            async with aclosing(self._try()) as pieces:
                async for piece in pieces:
                    yield piece
            result = self.ended.result
            if number == retry.attempts or not self._again(result):
                return
            pause = f"; the next in {retry.delay_seconds:g} s" if retry.delay_seconds else ""
            for piece in self._log.system(
                f"[try {number} of {retry.attempts}: {result.error}{pause}]"
            ):
                yield piece
            with suppress(TimeoutError):
                await asyncio.wait_for(self._cancel.wait(), retry.delay_seconds)
            if self._cancel.requested:
                over = Result(result.exit_code, self._cancel.reason, Outcome.ENDED)
                self.ended = replace(self.ended, result=over)
                return

    def warn(self, warning: str) -> None:
        """Have `warnings` say *warning* in the log, when the step begins or is skipped."""
        if len(self._warned) < WARNINGS_MAX:
            self._warned[warning] = None

    def warnings(self) -> Iterator[Output]:
        """Say them, each once."""
        for warning in self._warned:
            yield from self._log.system(f"[{warning}]")
        self._warned.clear()

    def _again(self, result: Result) -> bool:
        on = self._step.retry.on
        if result.outcome is Outcome.FAILURE:
            return "failure" in on or result.exit_code in on
        return result.outcome is Outcome.TIMEOUT and "timeout" in on

    async def _try(self) -> AsyncGenerator[Output, None]:
        try:
            handover = self._handovers.take(fresh=not self._plain)
        except OSError as error:
            self.ended = Ended(Result(None, f"no folder for its files: {error.strerror}"))
            return
        try:
            command, carried = await self._ready(handover)
            for piece in self.warnings():
                yield piece
            if not handover.given:
                await self._sandbox.give(handover.folder)
                handover.given = True
        except (Refusal, OSError) as refusal:
            for piece in self.warnings():
                yield piece
            self.ended = Ended(Result(None, str(refusal).rstrip(".")))
        else:
            attempt: Attempt | Baggage = self._attempt(command)
            if carried:
                folder = handover.folder
                attempt = Baggage(command, carried, folder, self._keeping, self._log, self._attempt)
            async with aclosing(attempt.output(self._sandbox)) as pieces:
                async for piece in pieces:
                    yield piece
            self.ended = _read(handover, attempt.result)
            if self.ended.outputs.get("cache-hit") == "true":
                self._keeping.hit(self._step.index)
        finally:
            self._handovers.put_back(handover)

    @property
    def _plain(self) -> bool:
        """Tell whether we write nothing into the step's folder but what is there already."""
        step = self._step
        return step.run is not None and not step.caches and not step.artifacts

    def _attempt(self, command: Command) -> Attempt:
        limits = self._job.limits
        seconds = self._step.timeout_seconds or limits.step_seconds
        grace_seconds = limits.cancel_grace_seconds
        return Attempt(command, self._log, self._cancel, self._job.admit, seconds, grace_seconds)

    async def _ready(self, handover: Handover) -> tuple[Command, Carried]:
        """Make the command; what reads files to hash them does it beside the loop."""
        if "hashFile" in repr((self._step, self._contexts.plan.env)):
            command, carried, inputs = await asyncio.to_thread(self._command, handover)
        else:
            command, carried, inputs = self._command(handover)
        if builtin(self._step.plugin or "") in plugins.KEEPING:
            arguments, kept = await self._keeping.plugin(self._step, inputs, handover.folder)
            return replace(command, arguments=arguments), Carried(packed=kept)
        return command, carried

    def _command(self, handover: Handover) -> tuple[Command, Carried, Mapping[str, object]]:
        """Return the command, what it carries, and a plugin's inputs."""
        step, warn = self._step, self.warn
        env = self._contexts.env(step, self._behind, warn)
        scope = self._contexts.scope(step, env)
        given = dict(handover.env)
        inputs: dict[str, object] = {}
        folder = self._folder(substitute(step.working_directory or "", scope, warn))
        arguments: tuple[str, ...] = ()
        trusted = False
        if step.run is not None:
            script = substitute(step.run, scope, warn, shell_text=True)
            arguments = self._shell(script, handover)
        else:
            inputs = {name: render(value, scope, warn) for name, value in step.inputs.items()}
            shown = {**self._contexts.shown(step, env), "cwd": str(self._source)}
            post = step.post_of is not None
            document = {"inputs": inputs, "context": shown, "post": post}
            given[INPUTS] = str(handover.inputs(document))
            if builtin(step.plugin or "") not in plugins.KEEPING:
                program = plugins.prepare(
                    step.plugin or "", source=self._source, folder=handover.folder
                )
                arguments, trusted = program.arguments, program.trusted
        if trusted:
            env = {name: env[name] for name in env.keys() & plugins.PASSED}
        command = Command(
            arguments=arguments,
            env={**{name: text(value) for name, value in env.items()}, **given},
            working_directory=folder,
            image=step.image,
            trusted=trusted,
        )
        return command, self._carried(scope), inputs

    def _carried(self, scope: Scope) -> Carried:
        def text_of(value: str) -> str:
            return substitute(value, scope, self.warn)

        caches = (
            Cache(text_of(cache.key), tuple(map(text_of, cache.paths)))
            for cache in self._step.caches
        )
        artifacts = (
            Artifact(text_of(artifact.name), tuple(map(text_of, artifact.paths)))
            for artifact in self._step.artifacts
        )
        return Carried(tuple(caches), tuple(artifacts))

    @property
    def _source(self) -> Path:
        return self._job.workspace / "source"

    def _folder(self, path: str) -> Path:
        """Return a working directory. Raises WorkingDirectoryMissing.

        Outside of the checkout it is the sandbox that looks: in an image it may exist though it
        does not here, and here may be what a step is not to know of.
        """
        with suppress(LeadsOut):
            if not is_folder_beneath(self._source, path):
                raise WorkingDirectoryMissing(path)
        return self._source / path

    def _shell(self, script: str, handover: Handover) -> tuple[str, ...]:
        """Return the arguments that run *script*, whose file takes the place of `{0}`."""
        shell = self._step.shell or self._contexts.plan.shell or "sh"
        known = SHELLS.get(shell)
        if known is None:
            file = str(handover.script(script))
            return tuple(file if word == "{0}" else word for word in shlex.split(shell))
        if self._job.debug and shell in {"sh", "bash"}:
            known = (*known, "-x")
        return (*known, str(handover.script(script)))


def _read(handover: Handover, result: Result) -> Ended:
    """Read what a step gives back, also if it failed; a file that is none makes it fail."""
    try:
        return Ended(result, handover.outputs(), handover.exported(), began=True)
    except InvalidFile as refusal:
        if result.outcome is Outcome.SUCCESS:
            result = Result(result.exit_code, str(refusal).rstrip("."))
        return Ended(result, began=True)
