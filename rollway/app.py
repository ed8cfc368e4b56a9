"""The server: connects the parts, and keeps them alive for as long as it runs."""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import BaseRoute, Route, WebSocketRoute

import db
from auth.accounts import Accounts
from auth.budgets import Budgets
from auth.cookies import session_cookie
from auth.oauth import Logins
from auth.passwords import Passwords
from control import packing
from control.deliveries import Deliveries
from control.deploys import Deploys
from control.hosting.statuses import Statuses
from control.hosting.webhooks import Webhooks
from control.integrations import Integrations
from control.port import Queue
from control.pubsub import MemoryPubSub, PubSub
from control.queue.embedded import EmbeddedTurns
from control.queue.procrastinate import ProcrastinateTurns
from control.queue.sweeper import Sweeper
from control.queue.tasks import TaskQueue
from control.queue.turns import Turns
from control.reports import Reports
from control.rights import Rights
from control.schedules.due import Schedules
from control.tidying import Folders
from control.worker import Worker
from db.checkpoint import checkpoints
from db.vault import Vault
from engine.executors.cgroup import Caps
from engine.executors.isolation import Isolation
from engine.executors.mixed import MixedExecutor
from engine.executors.process import ProcessExecutor
from engine.store import Store
from engine.workspace import clear
from resolvers.context import Services
from resolvers.operations.bounds import Bounds
from resolvers.operations.documents import Documents
from rollway import (
    artifacts,
    deploy_hooks,
    invitation,
    oauth,
    playground,
    renewing,
    webhooks,
)
from rollway.api.streams import Streams
from rollway.documents import registered
from rollway.graphql import View
from rollway.settings import ANY_ADDRESS, BadSetting, Settings
from rollway.sockets.door import Door
from rollway.sockets.operation import Sockets

if TYPE_CHECKING:
    from engine.executors.container import ContainerExecutor

log = logging.getLogger("rollway.server")

PRUNE_SECONDS = 3600.0
RENEW_SECONDS = 600.0
PACK_SECONDS = 5.0
RESTART_SECONDS = 5.0
POLL_SECONDS = 15.0  # where every bell is heard
POLL_SECONDS_SHARED = 1.0  # where a ring of another process may get lost
LOOK_SECONDS = 5.0  # a right that is lost is heard of; this is for tokens that expire
LOOK_SECONDS_SHARED = 0.5  # a stream ends within a second of its right
PREFLIGHT_SECONDS = 7200  # the longest that browsers keep it
LOOPBACK = ("127.0.0.1", "localhost", "[")  # "[" is what Starlette makes of [::1]


def containers_of(settings: Settings) -> "ContainerExecutor | None":
    """Return what runs steps with an `image`; None where no engine is set.

    BadSetting where the extra `containers` is not installed.
    """
    if settings.container_engine is None:
        return None
    try:
        from engine.executors import container  # noqa: PLC0415 - an extra, and slow to import
    except ImportError as fault:
        reason = "needs the extra `containers`: pip install 'rollway[containers]'"
        raise BadSetting("ROLLWAY_CONTAINER_ENGINE", reason) from fault
    limits = container.ContainerLimits(
        memory_bytes=settings.memory_bytes_max, processes_max=settings.processes_max
    )
    return container.ContainerExecutor(settings.container_engine, data=settings.data, limits=limits)


def shared_by(settings: Settings) -> tuple[Turns, PubSub]:
    """Return the order of tasks and the bells: of one process, or of all on one database."""
    if settings.embedded:
        return EmbeddedTurns(), MemoryPubSub()
    from control.postgres_pubsub import PostgresPubSub  # noqa: PLC0415 (an extra)

    return ProcrastinateTurns(), PostgresPubSub()


class Server:
    """The parts of one process."""

    def __init__(self, settings: Settings, vault: Vault, isolation: Isolation) -> None:
        self.settings = settings
        turns, pubsub = shared_by(settings)
        self._pubsub = pubsub
        self.queue: Queue = TaskQueue(
            turns,
            pubsub,
            vault,
            lease_seconds=settings.lease_seconds,
            poll_seconds=POLL_SECONDS if settings.embedded else POLL_SECONDS_SHARED,
        )
        local = ProcessExecutor(
            settings.data,
            isolation=isolation,
            caps=Caps(settings.processes_max, settings.memory_bytes_max),
            uid_first=settings.step_uid,
        )
        self.executor = MixedExecutor(local, containers_of(settings))
        self._down: set[str] = set()
        self.streams = Streams()
        logins = Logins(settings.logins, vault, settings.url)
        integrations = Integrations(vault, settings.policy, renewing.by(logins))
        self._statuses = Statuses(integrations, pubsub)
        deploys = Deploys(self.queue, vault, settings.policy, integrations)
        self._schedules = Schedules(deploys)
        self.sockets = Sockets(Door(settings.sockets_per_user))
        self.services = Services(
            queue=self.queue,
            deploys=deploys,
            deliveries=Deliveries(deploys, vault, pubsub),
            integrations=integrations,
            webhooks=Webhooks(integrations, vault, settings.url),
            reports=Reports(vault, pubsub),
            rights=Rights(pubsub, LOOK_SECONDS if settings.embedded else LOOK_SECONDS_SHARED),
            accounts=Accounts(Passwords(settings.password_cost), settings.attempts),
            vault=vault,
            store=Store(settings.data),
            policy=settings.policy,
            public_url=settings.url,
            sign_up=settings.sign_up,
            session_cookie=session_cookie(settings.url),
            logins=logins,
            bounds=Bounds(
                cost_max=settings.cost_max,
                query_seconds=settings.query_seconds,
                introspection=settings.introspection == "on",
                budgets=Budgets(settings.cost_per_minute),
                documents=Documents(registered(settings.documents)),
            ),
        )

    def app(self) -> Starlette:
        """Return the ASGI application."""
        settings = self.settings
        view = View(
            self.services,
            self.sockets,
            self.streams,
            origins=settings.cors_origins or (),
            batch_max=settings.batch_operations,
            ide=settings.playground == "on",
        )
        hosts = Middleware(TrustedHostMiddleware, allowed_hosts=self._hosts(), www_redirect=False)
        routes: list[BaseRoute] = [
            Route("/", lambda _: RedirectResponse("/graphql"), name="home"),
            Route("/healthz", self._health, name="health"),
            Route("/graphql", view, name="graphql", middleware=[hosts, *self._sharing()]),
            WebSocketRoute("/graphql", view, name="graphql-ws", middleware=[hosts]),
            *webhooks.routes(self.services.deliveries),
            *deploy_hooks.routes(self.services.deploys),
            *artifacts.routes(view.get_context, hosts),
            *oauth.routes(self.services, hosts),
            *(playground.routes() if self.settings.playground == "on" else ()),
            *invitation.routes(hosts),
        ]
        app = Starlette(routes=routes, lifespan=self._lifespan)
        app.router.redirect_slashes = False  # it would send people to whatever Host they named
        return app

    def _sharing(self) -> list[Middleware]:
        """Return what lets browsers use the API from pages of other origins, where some are set."""
        if not self.settings.cors_origins:
            return []
        sharing = Middleware(
            CORSMiddleware,
            allow_origins=self.settings.cors_origins,
            allow_credentials=True,
            allow_methods=("GET", "POST"),
            allow_headers=("Authorization", "Content-Type"),
            expose_headers=("Retry-After",),
            max_age=PREFLIGHT_SECONDS,
        )
        return [sharing]

    def leave(self) -> None:
        """Have what is open for long end: the server stops."""
        self.streams.leave()

    def _hosts(self) -> list[str]:
        """Return the Host headers to answer: a page elsewhere must not reach us by its own name."""
        settings = self.settings
        if settings.host in ANY_ADDRESS and settings.public_url is None:
            return ["*"]
        return [settings.host, urlsplit(settings.url).hostname or "", *LOOPBACK]

    @asynccontextmanager
    async def _lifespan(self, _: Starlette) -> AsyncIterator[None]:
        async with db.connect(self.settings.database, everywhere=True), self.running():
            yield

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Run all parts for the duration of the block."""
        if self.settings.embedded and (lost := await self.queue.reap(abandoned=True)):
            log.warning("lost in a crash: %s", ", ".join(lost))
        parts: list[Callable[[], Coroutine[Any, Any, None]]] = [
            *(self._sweep, self._pack, self._deliver, self._schedule, self._tell, self._prune),
            self._renew,
        ]
        if self.settings.worker_slots:
            parts.append(self.work)
        if self.settings.embedded:
            parts.append(self._checkpoint)
        jobs = [asyncio.create_task(self._keep(part)) for part in parts]
        async with self._carrying():
            try:
                yield
            finally:
                for job in jobs:
                    job.cancel()
                await asyncio.wait(jobs)

    @asynccontextmanager
    async def _carrying(self) -> AsyncIterator[None]:
        """Let other servers on the same database hear what rings, for as long as somebody works."""
        carrying = asyncio.create_task(self._keep(self._carry))
        try:
            yield
        finally:
            carrying.cancel()
            await asyncio.wait({carrying})

    async def only_work(self) -> None:
        """Run tasks until cancelled: a process that is a worker and nothing else."""
        async with self._carrying():
            await self.work()

    async def _keep(self, part: Callable[[], Coroutine[Any, Any, None]]) -> None:
        """Run a part for ever; one that fails is started again, and /healthz tells meanwhile."""
        while True:
            try:
                await part()
            except Exception:
                log.critical("%s stopped", part.__name__, exc_info=True)
            self._down.add(part.__name__)
            await asyncio.sleep(RESTART_SECONDS)
            self._down.discard(part.__name__)

    async def work(self) -> None:
        """Run tasks until cancelled, after ending what a killed worker of this folder left."""
        if killed := await self.executor.sweep(()):
            log.warning("ended %s processes of a crashed worker", killed)
        settings, workspaces = self.settings, self.settings.workspaces
        try:
            await clear(workspaces)
        except OSError:
            log.exception("what a crashed worker left in %s could not be deleted", workspaces)
        folders = Folders(
            workspaces,
            settings.runtimes,
            mirrors=settings.mirrors,
            store=self.services.store,
        )
        worker = Worker(
            self.queue,
            self.executor,
            folders,
            slots=settings.worker_slots,
            lease_seconds=settings.lease_seconds,
            policy=settings.policy,
            limits=settings.limits,
        )
        await worker.run()

    async def _pack(self) -> None:
        """Compress the logs of steps that have ended."""
        while True:
            if not await packing.pack():
                await asyncio.sleep(PACK_SECONDS)

    async def _deliver(self) -> None:
        """Work on what was delivered."""
        await self.services.deliveries.work()

    async def _schedule(self) -> None:
        """Deploy what is due."""
        await self._schedules.work()

    async def _tell(self) -> None:
        """Tell Git hosting services how deploys stand."""
        await self._statuses.work()

    async def _prune(self) -> None:
        """Forget deliveries, and what was to be told, when their time has come."""
        while True:
            await self.services.deliveries.prune()
            await self._statuses.prune()
            await asyncio.sleep(PRUNE_SECONDS)

    async def _renew(self) -> None:
        """Renew the tokens of linked accounts before they end."""
        while True:
            await self.services.integrations.renew_due()
            await asyncio.sleep(RENEW_SECONDS)

    async def _checkpoint(self) -> None:
        await checkpoints(self.settings.database)

    async def _sweep(self) -> None:
        """End the tasks of dead workers."""
        await Sweeper(self.queue, lease_seconds=self.settings.lease_seconds).work()

    async def _carry(self) -> None:
        """Carry rings to and from other servers."""
        await self._pubsub.work()

    async def _health(self, _: Request) -> Response:
        """Answer 503 when a part that should run for ever has stopped."""
        if self._down:
            return JSONResponse({"status": "down", "parts": sorted(self._down)}, status_code=503)
        return JSONResponse({"status": "ok"})
