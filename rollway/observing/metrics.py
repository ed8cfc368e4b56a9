"""The figures of a server, for Prometheus; none of them names a team, a person or a task."""

import hmac
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from functools import lru_cache
from importlib.metadata import version
from time import monotonic

from prometheus_client import (
    CONTENT_TYPE_LATEST,
    CollectorRegistry,
    Counter,
    Gauge,
    GCCollector,
    Histogram,
    Info,
    PlatformCollector,
    ProcessCollector,
    generate_latest,
)
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.types import Message
from tortoise.functions import Count, Min

from db.models import Task
from engine.state import UNFINISHED, TaskStatus
from rollway.callers import bearer
from rollway.observing.requests import first_of

PATHS = frozenset(
    {"graphql", "webhooks", "deploy-hooks", "artifacts", "oauth", "healthz", "readyz"}
)
HELD = "worker"  # what waits for tasks says nothing of how fast answers are
STREAMS = (b"text/event-stream", b"multipart/")
QUICK_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)
PATIENT_SECONDS = (0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 900, 3600)


class WorkFigures:
    """What is counted of the work that goes through a queue in this process."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        for collector in (ProcessCollector, PlatformCollector, GCCollector):
            collector(registry=self.registry)
        Info("rollway", "Which Rollway this is.", registry=self.registry).info(
            {"version": version("rollway")}
        )
        self.claims = self._counter("claims", "Tasks claimed by workers here.")
        self.beats = self._counter("heartbeats", "Heartbeats, answered or failed.", "answer")
        self.leases_lost = self._counter("leases_lost", "Leases that workers here were refused.")
        self.stored = self._counter("events_stored", "Journal entries stored here.")
        self.store = self._seconds("store_seconds", "Time to store a batch of journal entries.")
        self.ended = self._counter("tasks_ended", "Tasks ended here.", "status")

    async def page(self) -> bytes:
        """Return all figures in Prometheus' text format."""
        return generate_latest(self.registry)

    def _gauge(self, name: str, text: str, *labels: str) -> Gauge:
        return Gauge(f"rollway_{name}", text, labels, registry=self.registry)

    def _counter(self, name: str, text: str, *labels: str) -> Counter:
        return Counter(f"rollway_{name}", text, labels, registry=self.registry)

    def _seconds(
        self, name: str, text: str, *labels: str, buckets: tuple[float, ...] = QUICK_SECONDS
    ) -> Histogram:
        return Histogram(f"rollway_{name}", text, labels, buckets=buckets, registry=self.registry)


class WorkerFigures(WorkFigures):
    """What a worker elsewhere shows of itself."""

    def __init__(self, slots: int) -> None:
        super().__init__()
        self._gauge("worker_slots", "Tasks that this worker runs at the same time.").set(slots)
        self.running = self._gauge("worker_tasks", "Tasks that this worker has now.")
        self._silence = self._gauge(
            "worker_silence_seconds", "Since a server last answered this worker's heartbeat."
        )
        self._heard = monotonic()
        self._silence.set_function(lambda: monotonic() - self._heard)

    def hear(self) -> None:
        """Note that a server has answered."""
        self._heard = monotonic()


class Metrics(WorkFigures):
    """What is counted in a server's process, and how the queue stands for all.

    *open_now* says how many of what are open at this moment: sockets, streams.
    """

    def __init__(self, open_now: Mapping[str, Callable[[], int]]) -> None:
        super().__init__()
        self._tasks = self._gauge(
            "tasks", "Tasks of the whole queue that have not ended.", "status"
        )
        self._oldest = self._gauge("queue_oldest_seconds", "Age of the oldest task that waits.")
        connections = self._gauge("connections", "What is open for long in this process.", "kind")
        for kind, count in open_now.items():
            connections.labels(kind).set_function(count)
        self.readers = self._gauge("readers", "Journals and task lists being followed here.", "of")
        self.event_lag = self._seconds(
            "event_lag_seconds", "From an event to when it is read for subscribers here."
        )
        self.submitted = self._counter("submitted", "Tasks queued here.")
        self.queue_wait = self._seconds(
            "queue_wait_seconds", "From a task's creation to its claim.", buckets=PATIENT_SECONDS
        )
        self.failures = self._counter("part_failures", "Parts that stopped unasked.", "part")
        answers = self._seconds(
            "http_request_seconds", "Time to answer a request, streams left out.", "path", "status"
        )
        self._answers = lru_cache(answers.labels)

    async def page(self) -> bytes:
        """Return all figures in Prometheus' text format."""
        waiting = Task.filter(status__in=[status.value for status in UNFINISHED])
        rows = await (
            waiting.filter(reported=False)
            .annotate(count=Count("id"), oldest=Min("created_time"))
            .group_by("status")
            .values("status", "count", "oldest")
        )
        found = {row["status"]: row for row in rows}
        for status in UNFINISHED:
            self._tasks.labels(status.value).set(found.get(status.value, {}).get("count", 0))
        pending = found.get(TaskStatus.PENDING.value)
        self._oldest.set(_age_seconds(pending["oldest"]) if pending else 0)
        return await super().page()

    def answered(self, path: str, head: Message, seconds: float) -> None:
        """Note how long an answer took, unless it is a stream or what waits for tasks."""
        first = first_of(path)
        if first != HELD and not _streams(head):
            self._answers(first if first in PATHS else "other", head["status"]).observe(seconds)


class Scrape:
    """`/metrics`: the figures, for who has the *token*, or for everybody where it is None."""

    def __init__(self, metrics: WorkFigures, token: str | None) -> None:
        self._metrics = metrics
        self._token = token

    async def answer(self, request: Request) -> Response:
        """Answer with the figures; 401 for whoever has no token."""
        given = bearer(request.headers.get("authorization")) or ""
        token = self._token
        if token and not hmac.compare_digest(given.encode(), token.encode()):
            refusal = "Send ROLLWAY_METRICS_TOKEN as `Authorization: Bearer`.\n"
            return PlainTextResponse(refusal, 401, {"WWW-Authenticate": "Bearer"})
        return Response(await self._metrics.page(), media_type=CONTENT_TYPE_LATEST)


def _streams(head: Message) -> bool:
    for name, value in head["headers"]:
        if name == b"content-type":
            return bytes(value).startswith(STREAMS)
    return False


def _age_seconds(moment: datetime | str) -> float:
    if isinstance(moment, str):  # SQLite's functions return text
        moment = datetime.fromisoformat(moment)
    return max(0.0, (datetime.now(UTC) - moment.astimezone(UTC)).total_seconds())
