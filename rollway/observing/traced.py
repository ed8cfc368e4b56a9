"""The queue, with a span for each task that runs, and one below it for each of its steps."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from opentelemetry.context import Context
from opentelemetry.trace import Span, SpanKind, Status, StatusCode, Tracer, set_span_in_context
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from control.port import ANYTHING, Assignment, Beat, Draft, Lease, LeaseLost, Queue, Reach
from db.audit import Told
from db.models import Task
from engine.events import Event, Planned, StepChanged, TaskChanged
from engine.state import StepStatus, TaskStatus
from rollway.observing.wrapping import QueueWrapper

TRACE_PARENT = "traceparent"
SET_UP = "set up"


@dataclass(slots=True)
class Run:
    """A task that runs here: its span, the names of its steps, and when those began."""

    span: Span
    names: Sequence[str] = ()
    begun: dict[int, datetime] = field(default_factory=dict)

    def name(self, index: int) -> str:
        """Return the name of a step; the first one is the set-up, which reads the others."""
        return self.names[index - 1] if 0 < index <= len(self.names) else SET_UP


class TracedQueue(QueueWrapper):
    """A queue whose tasks can be followed from the request that caused them to their last step."""

    def __init__(self, queue: Queue, tracer: Tracer) -> None:
        super().__init__(queue)
        self._tracer = tracer
        self._runs: dict[Lease, Run] = {}

    async def submit(self, draft: Draft, told: Told | None = None) -> Task:
        """Note with the task what causes it."""
        with self._tracer.start_as_current_span("queue a task", kind=SpanKind.PRODUCER) as span:
            carrier: dict[str, str] = {}
            TraceContextTextMapPropagator().inject(carrier)
            task = await super().submit(
                replace(draft, trace_parent=carrier.get(TRACE_PARENT)), told
            )
            span.set_attribute("rollway.task_id", task.id)
            return task

    async def claim(
        self, worker: str, wait_seconds: float = 0.0, reach: Reach = ANYTHING
    ) -> Assignment | None:
        """Begin the task's span, below that of its cause."""
        given = await super().claim(worker, wait_seconds, reach)
        if given is not None:
            span = self._tracer.start_span(
                "run a task",
                _cause(given.trace_parent),
                SpanKind.CONSUMER,
                {
                    "rollway.task_id": given.lease.task_id,
                    "rollway.epoch": given.lease.epoch,
                    "rollway.team": given.team,
                    "rollway.worker": worker,
                },
            )
            self._runs[given.lease] = Run(span)
        return given

    async def beat(self, worker: str, leases: Collection[Lease]) -> Beat:
        """End the spans of what this worker has lost."""
        beat = await super().beat(worker, leases)
        for lease in leases:
            if lease.task_id in beat.lost:
                self._end(lease, TaskStatus.LOST)
        return beat

    async def append(self, lease: Lease, position: int, events: Sequence[Event]) -> None:
        """Make a span of each step that has ended."""
        try:
            await super().append(lease, position, events)
        except LeaseLost:
            self._end(lease, TaskStatus.LOST)
            raise
        if run := self._runs.get(lease):
            self._look(run, events)

    async def finish(self, lease: Lease, event: TaskChanged) -> None:
        """End the task's span."""
        try:
            await super().finish(lease, event)
        finally:
            self._end(lease, event.status)

    async def abandon(self, lease: Lease) -> None:
        """End the task's span without a result."""
        try:
            await super().abandon(lease)
        finally:
            self._end(lease, TaskStatus.LOST)

    def _look(self, run: Run, events: Sequence[Event]) -> None:
        for event in events:
            if isinstance(event, Planned):
                run.names = event.steps
            elif isinstance(event, StepChanged):
                self._step(run, event)

    def _step(self, run: Run, event: StepChanged) -> None:
        if event.status is StepStatus.RUNNING:
            run.begun[event.index] = event.time
        begun = run.begun.get(event.index)
        if begun is None or not event.status.completed:
            return
        del run.begun[event.index]
        span = self._tracer.start_span(
            run.name(event.index),
            set_span_in_context(run.span),
            attributes={"rollway.step": event.index, "rollway.status": event.status.value},
            start_time=_nanoseconds(begun),
        )
        if event.status is StepStatus.FAILURE:
            span.set_status(Status(StatusCode.ERROR, event.error))
        span.end(_nanoseconds(event.time))

    def _end(self, lease: Lease, status: TaskStatus) -> None:
        run = self._runs.pop(lease, None)
        if run is None:
            return
        run.span.set_attribute("rollway.status", status.value)
        if status in (TaskStatus.FAILURE, TaskStatus.LOST):
            run.span.set_status(Status(StatusCode.ERROR, status.value))
        run.span.end()


def _cause(trace_parent: str | None) -> Context | None:
    if trace_parent is None:
        return None
    return TraceContextTextMapPropagator().extract({TRACE_PARENT: trace_parent})


def _nanoseconds(moment: datetime) -> int:
    return int(moment.timestamp() * 1_000_000) * 1000
