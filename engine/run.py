"""A job goes in, its events come out, from the set-up step to the task's end."""

import asyncio
from collections.abc import AsyncGenerator, Callable, Iterator, Mapping
from contextlib import aclosing
from dataclasses import replace
from functools import partial

from engine import workspace
from engine.attempt import Outcome, Result
from engine.cancel import Cancel
from engine.clean_ups import without_needless
from engine.contexts import Contexts
from engine.disk import Disk
from engine.events import Event, Planned, StepChanged, TaskChanged, now
from engine.executors import Executor, Place, Sandbox
from engine.expressions import Scope, Warn
from engine.git import checkout
from engine.handover import Handovers
from engine.job import Job, Limits
from engine.keeping import Keeping
from engine.language.steps import Plan, Step
from engine.language.values import Scalar, json_text
from engine.output.log import Log
from engine.output.masking import Secrets
from engine.plan import parse
from engine.refusal import Refusal
from engine.running import Ended, StepRun
from engine.schedule import Halt, Schedule, decide
from engine.state import StepStatus, advance_step, outcome
from engine.workspace import dispose

EVENTS_WAITING_MAX = 16  # each at most 64 KiB; then the steps wait for whoever reads

__all__ = ["Cancel", "Job", "Limits", "dispose", "run"]


async def run(job: Job, executor: Executor, cancel: Cancel) -> AsyncGenerator[Event, None]:
    """Run *job* and report what happens; the last event is the task's final status.

    Once *cancel* is set, what runs is ended, and of the rest only steps run whose `if` asks for
    it. Closing the generator kills what runs and reports nothing: the worker is going away.
    """
    task = _Run(job, executor, cancel)
    try:
        async with aclosing(task.events()) as events:
            async for event in events:
                yield event
    finally:
        await task.close()


class _Run:
    """One run of a job; the plan and the commit are known once the set-up is through."""

    def __init__(self, job: Job, executor: Executor, cancel: Cancel) -> None:
        self._job = job
        self._executor = executor
        self._cancel = cancel
        self._halt: Halt | None = None
        self._ordinary = Cancel()  # under which steps run until there is a halt
        self._last = Cancel()  # and after it
        self._secrets = Secrets(_secrets(job))
        self._statuses: dict[int, StepStatus] = {}
        self._plan = Plan((), {})
        self._text = ""
        self._commit = ""
        self._contexts: Contexts
        self._keeping = Keeping(
            job.store,
            owner=_owner(job),
            team=job.tenant,
            task=job.task_id,
            workspace=job.workspace,
            secrets=self._secrets,
        )
        self._handovers = Handovers(job.workspace / workspace.STEPS)
        self._schedule: Schedule
        self._sandbox: Sandbox | None = None
        self._disk: Disk | None = None
        self._queue = asyncio.Queue[Event | BaseException | None](EVENTS_WAITING_MAX)
        self._running: set[asyncio.Task[None]] = set()
        self._timers: list[asyncio.TimerHandle] = []

    async def close(self) -> None:
        """End every process of the task."""
        for timer in self._timers:
            timer.cancel()
        if self._disk:
            await self._disk.close()
        for task in self._running:
            task.cancel()
        if self._running:
            await asyncio.wait(self._running)
        self._handovers.close()
        if self._sandbox:
            await self._sandbox.close()

    async def events(self) -> AsyncGenerator[Event, None]:
        """Report the set-up, every step, the end."""
        self._running |= {
            asyncio.create_task(self._watch()),
            asyncio.create_task(self._watch_overflow()),
        }
        self._after(self._job.limits.job_seconds, self._time_out, self._job.limits.job_seconds)
        async with aclosing(self._set_up()) as events:
            async for event in events:
                yield event
        async with aclosing(self._steps()) as events:
            async for event in events:
                yield event
        timed_out = self._halt is Halt.EXHAUSTED
        cancelled = self._cancel.requested
        status = outcome(self._statuses.values(), cancelled=cancelled, timed_out=timed_out)
        yield TaskChanged(time=now(), status=status)

    # ---------------------------------------------------------------- ends from outside

    async def _watch(self) -> None:
        await self._cancel.wait()
        self._stop(Halt.CANCELLED, f"cancelled: {self._cancel.reason}")

    async def _watch_overflow(self) -> None:
        overflow = self._job.overflow
        await overflow.wait()
        self._outgrown(overflow.reason)

    def _time_out(self, seconds: float) -> None:
        if self._halt is None:
            self._stop(Halt.EXHAUSTED, f"the pipeline took longer than {seconds:g} s")

    def _outgrown(self, reason: str) -> None:
        if self._halt is None:
            self._stop(Halt.EXHAUSTED, reason)

    def _stop(self, halt: Halt, error: str) -> None:
        """End what runs; what cleans up afterwards has a time of its own."""
        if self._halt is None:
            seconds = self._job.limits.handler_seconds
            text = f"{error}; cleaning up took longer than {seconds:g} s"
            self._after(seconds, self._last.set, text)
        self._halt = halt
        self._ordinary.set(error)

    def _after(self, seconds: float, act: Callable[..., None], *arguments: object) -> None:
        loop = asyncio.get_running_loop()
        self._timers.append(loop.call_later(seconds, act, *arguments))

    # ---------------------------------------------------------------- set-up

    async def _set_up(self) -> AsyncGenerator[Event, None]:
        """Check out and plan; step 0 fails with whatever stands in the way."""
        yield self._change(0, StepStatus.RUNNING)
        log = self._log(0)
        work = asyncio.create_task(self._prepare(lines := asyncio.Queue[str | None]()))
        waiting = asyncio.create_task(self._ordinary.wait())
        for either in (work, waiting):
            either.add_done_callback(lambda _: lines.put_nowait(None))
        try:
            while (line := await lines.get()) is not None:
                for piece in log.system(line):
                    yield piece
        finally:
            waiting.cancel()
            work.cancel()
            await asyncio.wait([work, waiting])
            refusal = None if work.cancelled() else work.exception()
        if self._plan.steps:
            names = tuple(self._secrets.mask(step.name) for step in self._plan.steps)
            yield Planned(time=now(), steps=names, pipeline=self._text, commit=self._commit)
        if self._halt:
            status = StepStatus.CANCELLED if self._cancelled else StepStatus.FAILURE
            yield self._change(0, status, Result(None, self._ordinary.reason))
        elif isinstance(refusal, Refusal | OSError):
            for piece in log.system(str(refusal)):
                yield piece
            yield self._change(0, StepStatus.FAILURE, Result(None, str(refusal)))
        else:
            work.result()
            yield self._change(0, StepStatus.SUCCESS)

    async def _prepare(self, lines: "asyncio.Queue[str | None]") -> None:
        job, limits = self._job, self._job.limits
        if job.machine:
            lines.put_nowait(f"[runs on {job.machine}]")
        source = job.workspace / "source"
        workspace.create(job.workspace)
        self._disk = Disk(
            job.workspace, limits.workspace_bytes_max, limits.disk_look_seconds, self._outgrown
        )
        fetch = partial(
            checkout,
            folder=source,
            protocols=job.protocols,
            log=lines.put_nowait,
            mirrors=job.mirrors,
            tenant=job.tenant,
        )
        self._commit = await fetch(job.source)
        self._text = (
            workspace.read_pipeline(source, job.pipeline_path)
            if job.pipeline is None
            else job.pipeline
        )
        plan = await asyncio.to_thread(parse, self._text, path=job.pipeline_path)
        plan = await asyncio.to_thread(without_needless, plan, source)
        self._plan = plan
        if extras := plan.extras:
            await workspace.clear(source)
            again = replace(job.source, commit=self._commit)
            await fetch(again, submodules="submodules" in extras, lfs="lfs" in extras)
        for warning in plan.warnings:
            at = f"{job.pipeline_path}:{warning.line}:{warning.column}"
            lines.put_nowait(f"[{at}: warning: {warning.message}]")
        if plan.timeout_seconds is not None:
            self._after(plan.timeout_seconds, self._time_out, plan.timeout_seconds)
        self._contexts = Contexts(job, plan, self._commit, source)
        self._schedule = Schedule(plan.steps)
        folders, missing = workspace.runtimes(plan.runtimes, job.runtimes)
        for name in missing:
            lines.put_nowait(f"[runtime {name} is not installed here; what the PATH has is used]")
        place = Place(
            task_id=job.task_id,
            epoch=job.epoch,
            workspace=job.workspace,
            image=plan.image,
            services=tuple(self._contexts.services(lines.put_nowait)),
            path=tuple(folders),
        )
        self._sandbox = await self._executor.open(place)
        for note in self._sandbox.notes:
            lines.put_nowait(f"[{note}]")
        for name in workspace.GIVEN:
            await self._sandbox.give(job.workspace / name)

    # ---------------------------------------------------------------- steps

    async def _steps(self) -> AsyncGenerator[Event, None]:
        """Run the steps, several at a time where they may, and merge what they report."""
        if self._statuses[0] is not StepStatus.SUCCESS:
            status = StepStatus.CANCELLED if self._cancelled else StepStatus.SKIPPED
            for step in self._plan.steps:
                yield self._change(step.index, status)
            return
        schedule = self._schedule
        count = 0
        while count or schedule.waiting:
            for step in schedule.take(self._job.limits.parallel_max - count):
                task = asyncio.create_task(self._step(step))
                self._running.add(task)
                task.add_done_callback(self._running.discard)
                count += 1
            event = await self._queue.get()
            if isinstance(event, BaseException):
                raise event
            if event is None:
                count -= 1
            else:
                yield event

    async def _step(self, step: Step) -> None:
        """Report one step from its beginning to its end, then None."""
        try:
            async with aclosing(self._life(step)) as events:
                async for event in events:
                    await self._queue.put(event)
        except asyncio.CancelledError:
            raise
        except BaseException as fault:  # noqa: BLE001 - the reader of the queue raises it
            await self._queue.put(fault)
        await self._queue.put(None)

    async def _life(self, step: Step) -> AsyncGenerator[Event, None]:
        log = self._log(step.index)
        halt = self._halt  # as it is now: a cancel from here on ends the step
        step_run = self._step_run(step, log, self._last if halt else self._ordinary)
        try:
            status = await self._decide(step, halt, step_run.warn)
        except Refusal as refusal:
            yield self._change(step.index, StepStatus.RUNNING)
            for piece in step_run.warnings():
                yield piece
            ended = Ended(Result(None, str(refusal).rstrip(".")))
        else:
            if status is not StepStatus.RUNNING:
                timed_out = self._halt is Halt.EXHAUSTED
                result = Result(None, self._ordinary.reason) if timed_out else None
                for piece in step_run.warnings():
                    yield piece
                self._ended(step, status)
                yield self._change(step.index, status, result)
                return
            yield self._change(step.index, StepStatus.RUNNING)
            async with aclosing(step_run.output()) as pieces:
                async for piece in pieces:
                    yield piece
            ended = step_run.ended
        if ended.began:
            self._schedule.begun.add(step.index)
        for event in self._end(step, ended, log):
            yield event

    async def _decide(self, step: Step, halt: Halt | None, warn: Warn) -> StepStatus:
        """Return RUNNING, or how the step ends without having run. Raises a Refusal."""
        if halt and self._last.requested:
            return StepStatus.CANCELLED if halt is Halt.CANCELLED else StepStatus.SKIPPED
        schedule = self._schedule
        decision = partial(
            decide,
            step,
            partial(self._condition_scope, step, warn),
            halt,
            warn,
            failed=schedule.failed_before(step),
            begun=step.post_of in schedule.begun,
        )
        if "hashFile" in repr((step.condition, step.env, self._plan.env)):
            status = await asyncio.to_thread(decision)
        else:
            status = decision()
        return status

    def _condition_scope(self, step: Step, warn: Warn) -> Scope:
        env: Mapping[str, Scalar] | None = None
        if isinstance(step.condition, str):
            env = self._contexts.env(step, self._schedule.behind(step), warn, step.condition)
        return self._contexts.scope(step, env)

    def _step_run(self, step: Step, log: Log, cancel: Cancel) -> StepRun:
        assert self._sandbox  # noqa: S101 - the set-up opened it
        return StepRun(
            step,
            self._job,
            self._contexts,
            tuple(self._schedule.behind(step)),
            self._sandbox,
            self._keeping,
            self._handovers,
            log,
            cancel,
        )

    def _end(self, step: Step, ended: Ended, log: Log) -> Iterator[Event]:
        """Report how a step ended; what went wrong stands in its log as well."""
        result = ended.result
        status = StepStatus.SUCCESS
        if result.outcome is Outcome.ENDED:
            status = StepStatus.CANCELLED if self._cancelled else StepStatus.FAILURE
        elif result.error is not None:
            status = (
                StepStatus.ERROR_WITH_CONTINUE if step.continue_on_error else StepStatus.FAILURE
            )
        if result.error is not None and status is not StepStatus.CANCELLED:
            link = " from" if result.error.startswith("exit code") else ":"
            place = f"{link} step '{step.name}' ({self._job.pipeline_path}:{step.line})"
            yield from log.system(result.error + place)
            result = replace(result, error=result.error + place)
        self._ended(step, status, ended)
        yield replace(
            self._change(step.index, status, result),
            truncated=log.truncated,
            log_bytes=log.log_bytes,
            outputs=self._masked(ended.outputs) or None,
        )

    def _masked(self, outputs: Mapping[str, object]) -> dict[str, str]:
        mask = self._secrets.mask
        return {
            mask(name): mask(value if isinstance(value, str) else json_text(value))
            for name, value in outputs.items()
        }

    def _ended(self, step: Step, status: StepStatus, ended: Ended | None = None) -> None:
        self._schedule.end(step, status)
        outputs, exported = (ended.outputs, ended.exported) if ended else ({}, {})
        self._contexts.end(step, status, outputs, exported)

    @property
    def _cancelled(self) -> bool:
        return self._halt is Halt.CANCELLED

    def _change(self, index: int, status: StepStatus, result: Result | None = None) -> StepChanged:
        before = self._statuses.get(index, StepStatus.PENDING)
        self._statuses[index] = advance_step(before, status)
        error = result.error if result else None
        return StepChanged(
            time=now(),
            index=index,
            status=status,
            exit_code=result.exit_code if result else None,
            error=self._secrets.mask(error) if error else None,
        )

    def _log(self, index: int) -> Log:
        limits = self._job.limits
        return Log(
            self._secrets,
            index,
            bytes_max=limits.output_bytes_max,
            frame_seconds=limits.frame_seconds,
        )


def _owner(job: Job) -> str:
    """Return who shares caches: the tasks of one environment, as long as its team owns it.

    What strangers wrote shares none with the others: it would write what they execute.
    """
    app = job.contexts.get("app", {})
    names = (job.tenant, app.get("id", ""), app.get("environment", ""))
    return "/".join(names if job.source.trusted else (*names, "strangers"))


def _secrets(job: Job) -> Iterator[str]:
    """Yield what is masked from the beginning."""
    for name in ("secrets", "cloudSecrets"):
        yield from job.contexts.get(name, {}).values()
    if job.source.credential:
        yield job.source.credential.token
