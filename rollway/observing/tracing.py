"""Traces: from a request through its task to each step, sent to a collector by OTLP."""

from importlib.metadata import version

from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.trace import SpanKind, Status, StatusCode
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from control.port import Queue
from rollway import headers
from rollway.observing.requests import first_of, request_id
from rollway.observing.traced import TracedQueue

SPANS_MAX = 2048  # that wait to be sent; more are dropped
SEND_SECONDS = 10.0
FAULT = 500
UNTRACED = frozenset({"/healthz", "/readyz", "/metrics"})


class Tracing:
    """Sends spans to the collector at *url*, in the background."""

    def __init__(self, url: str) -> None:
        named = Resource.create({"service.name": "rollway", "service.version": version("rollway")})
        exporter = OTLPSpanExporter(endpoint=f"{url}/v1/traces", timeout=SEND_SECONDS)
        self._provider = TracerProvider(resource=named)
        self._provider.add_span_processor(BatchSpanProcessor(exporter, max_queue_size=SPANS_MAX))
        self._tracer = self._provider.get_tracer("rollway")

    def queue(self, queue: Queue) -> Queue:
        """Return *queue* with a span for each task and each step."""
        return TracedQueue(queue, self._tracer)

    def requests(self, app: ASGIApp) -> ASGIApp:
        """Return *app* with a span for each request, below the caller's own where it names one."""

        async def traced(scope: Scope, receive: Receive, send: Send) -> None:
            if scope["type"] != "http" or scope["path"] in UNTRACED:
                await app(scope, receive, send)
                return
            caller = TraceContextTextMapPropagator().extract(headers.of(scope))
            path = "/" + first_of(scope["path"])
            with self._tracer.start_as_current_span(
                f"{scope['method']} {path}",
                caller,
                SpanKind.SERVER,
                {"rollway.request_id": request_id.get() or ""},
            ) as span:

                async def look(message: Message) -> None:
                    if message["type"] == "http.response.start":
                        span.set_attribute("http.response.status_code", message["status"])
                        if message["status"] >= FAULT:
                            span.set_status(Status(StatusCode.ERROR))
                    await send(message)

                await app(scope, receive, look)

        return traced

    def close(self) -> None:
        """Send what is left; blocks, for at most `SEND_SECONDS` a batch."""
        self._provider.shutdown()
