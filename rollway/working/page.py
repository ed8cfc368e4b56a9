"""What a `rollway worker` shows at an address of its own: /metrics and /healthz."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AbstractContextManager, asynccontextmanager, nullcontext

import uvicorn
from starlette.applications import Starlette
from starlette.routing import Route

from rollway.connections.listening import bind
from rollway.observing.health import Health
from rollway.observing.metrics import Scrape, WorkFigures
from rollway.settings import Settings

ANSWERS_SECONDS = 1  # for those that are open when the worker ends


class _Page(uvicorn.Server):
    def capture_signals(self) -> AbstractContextManager[None]:  # type: ignore[override]
        """Leave signals to the worker."""
        return nullcontext()


@asynccontextmanager
async def shown(settings: Settings, figures: WorkFigures, health: Health) -> AsyncIterator[None]:
    """Serve the page for the duration of the block, where ROLLWAY_WORKER_METRICS is set.

    CannotListen where that is not possible.
    """
    if settings.worker_metrics is None:
        yield
        return
    app = Starlette(
        routes=[
            Route("/metrics", Scrape(figures, settings.metrics_token).answer),
            Route("/healthz", health.alive),
        ]
    )
    listening = bind(*settings.worker_metrics)
    page = _Page(
        uvicorn.Config(
            app,
            lifespan="off",
            log_config=None,
            access_log=False,
            timeout_graceful_shutdown=ANSWERS_SECONDS,
        )
    )
    serving = asyncio.create_task(page.serve(sockets=[listening]))
    try:
        yield
    finally:
        page.should_exit = True
        await serving
