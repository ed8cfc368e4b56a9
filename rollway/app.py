"""The server: connects the parts, and keeps them alive for as long as it runs."""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager, suppress
from typing import Any
from urllib.parse import urlsplit

from starlette.middleware import Middleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.responses import RedirectResponse
from starlette.routing import BaseRoute, Route, Router, WebSocketRoute

import db
from auth import machines
from auth.accounts import Accounts
from auth.budgets import Budgets
from auth.cookies import session_cookie
from auth.oauth import Logins
from auth.passwords import Passwords
from control import packing, retention
from control.deliveries import Deliveries
from control.deploys import Deploys
from control.hosting.statuses import Statuses
from control.hosting.webhooks import Webhooks
from control.integrations import Integrations
from control.queue import presence
from control.queue.sweeper import Sweeper
from control.reports import Reports
from control.rights import Rights
from control.schedules.due import Schedules
from db.checkpoint import checkpoints
from db.rotation import tally
from db.trouble import DatabaseAway
from db.vault import Vault
from engine.executors.isolation import Isolation
from engine.repository.listing import Listings
from resolvers.context import Services
from resolvers.operations.bounds import Bounds
from resolvers.operations.checks import Checks
from resolvers.operations.documents import Documents
from resolvers.operations.uses import Uses
from rollway import artifacts, invitation, oauth, playground, renewing
from rollway.api.doors import Hosts, Routes, Sharing
from rollway.api.streams import Streams
from rollway.connections.running import Running
from rollway.documents import registered
from rollway.fitting import ANY_ADDRESS
from rollway.graphql import View
from rollway.hooks import deploy_hooks, webhooks
from rollway.observing.metrics import Scrape
from rollway.observing.requests import Requests
from rollway.process import Process
from rollway.remote.doors import Doors
from rollway.settings import Settings
from rollway.sockets.door import Door
from rollway.sockets.lobby import Lobby
from rollway.sockets.operation import Sockets

log = logging.getLogger("rollway.server")

PRUNE_SECONDS = 3600.0
RENEW_SECONDS = 600.0
PACK_SECONDS = 5.0
LOOK_SECONDS = 5.0  # a right that is lost is heard of
LOOK_SECONDS_SHARED = 0.5  # a stream ends within a second of its right
PREFLIGHT_SECONDS = 7200  # the longest that browsers keep it
LOOPBACK = ("127.0.0.1", "localhost", "[::1]")


class Server(Process):
    """A process with the API."""

    def __init__(self, settings: Settings, vault: Vault, isolation: Isolation) -> None:
        self.streams = Streams(settings.streams_per_user, settings.streams_max)
        self.sockets = Sockets(
            Door(settings.sockets_per_user, settings.sockets_max),
            Running(settings.operations_per_user, settings.operations_max),
        )
        super().__init__(settings, vault, isolation, self._open_now())
        self.doors = Doors(self.queue, vault, self.working.store, settings.lease_seconds)
        logins = Logins(settings.logins, vault, settings.url)
        integrations = Integrations(vault, settings.policy, renewing.by(logins))
        self._statuses = Statuses(integrations, self.pubsub)
        self._listings = Listings()
        deploys = Deploys(self.queue, vault, settings.policy, integrations, self._listings)
        self._schedules = Schedules(deploys)
        self.services = Services(
            queue=self.queue,
            deploys=deploys,
            deliveries=Deliveries(deploys, vault, self.pubsub),
            integrations=integrations,
            webhooks=Webhooks(integrations, vault, settings.url),
            reports=Reports(vault, self.pubsub),
            rights=Rights(self.pubsub, LOOK_SECONDS if settings.embedded else LOOK_SECONDS_SHARED),
            accounts=Accounts(Passwords(settings.password_cost), settings.attempts),
            vault=vault,
            store=self.working.store,
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
                checks=Checks(settings.checks_per_minute),
                documents=Documents(registered(settings.documents)),
                reads=settings.reads,
                reads_shown=settings.reads_shown == "on",
            ),
            uses=Uses(),
        )

    def app(self) -> Router:
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
        names = self._hosts()
        hosts = Middleware(TrustedHostMiddleware, allowed_hosts=names, www_redirect=False)
        door = Middleware(Hosts, allowed_hosts=names)
        lobby = Middleware(Lobby, waiting=self.sockets.door.waiting, admits=view.admits)
        api = Route("/graphql", view, name="graphql", middleware=[door, *self._sharing()])
        routes: list[BaseRoute] = [  # they are looked through from the first on
            WebSocketRoute("/graphql", view, name="graphql-ws", middleware=[door, lobby]),
            Route("/", lambda _: RedirectResponse("/graphql"), name="home"),
            Route("/healthz", self.health.alive, name="health"),
            Route("/readyz", self.health.ready, name="ready"),
            *webhooks.routes(self.services.deliveries),
            *deploy_hooks.routes(self.services.deploys),
            *self.doors.routes(),
            *artifacts.routes(view.get_context, hosts),
            *oauth.routes(self.services, hosts),
            *(playground.routes() if settings.playground == "on" else ()),
            *self._scraping(),
            *invitation.routes(hosts),
        ]
        measured = [Middleware(Requests, self.metrics.answered)]
        if self.tracing:
            measured.append(Middleware(self.tracing.requests))
        # Starlette's application would put two more layers around each request, for pages of faults
        # that are answered here. Slashes redirected would send people to whatever Host they named.
        return Routes(
            api, routes, redirect_slashes=False, lifespan=self._lifespan, middleware=measured
        )

    def _open_now(self) -> dict[str, Callable[[], int]]:
        """Return what counts connections that stay."""
        return {
            "waiting_sockets": lambda: self.sockets.door.waiting.count,
            "guest_sockets": lambda: self.sockets.door.guests.taken,
            "user_sockets": lambda: self.sockets.door.users.taken,
            "guest_streams": lambda: self.streams.guests.taken,
            "user_streams": lambda: self.streams.users.taken,
        }

    def _scraping(self) -> list[Route]:
        """Return what shows the figures, where somebody may see them."""
        token = self.settings.metrics_token
        return [Route("/metrics", Scrape(self.metrics, token).answer)] if token else []

    def _sharing(self) -> list[Middleware]:
        """Return what lets browsers use the API from pages of other origins, where some are set."""
        if not self.settings.cors_origins:
            return []
        sharing = Middleware(
            Sharing,
            allow_origins=self.settings.cors_origins,
            allow_credentials=True,
            allow_methods=("GET", "POST"),
            allow_headers=("Authorization", "Content-Type"),
            expose_headers=("Retry-After", "X-Request-Id"),
            max_age=PREFLIGHT_SECONDS,
        )
        return [sharing]

    def leave(self) -> None:
        """Have what is open for long end: the server stops."""
        self.health.leave()
        self.streams.leave()
        self.doors.leave()

    async def flush(self) -> None:
        """Send the traces that are left, and close the connections to elsewhere."""
        await self._listings.close()
        await super().flush()

    def _hosts(self) -> list[str]:
        """Return the Host headers to answer: a page elsewhere must not reach us by its own name."""
        settings = self.settings
        if settings.host in ANY_ADDRESS and settings.public_url is None:
            return ["*"]
        return [settings.host, urlsplit(settings.url).hostname or "", *LOOPBACK]

    @asynccontextmanager
    async def _lifespan(self, _: object) -> AsyncIterator[None]:
        async with db.connect(self.settings.database, everywhere=True), self.running():
            yield

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Run all parts for the duration of the block."""
        alone = self.settings.embedded and not await machines.any_works()
        if alone and (lost := await self.queue.reap(abandoned=True)):
            log.warning("lost in a crash: %s", ", ".join(lost))
        parts: list[Callable[[], Coroutine[Any, Any, None]]] = [
            *(self._sweep, self._pack, self._deliver, self._schedule, self._tell, self._prune),
            *(self._renew, self._count, self._mark),
        ]
        if self.settings.worker_slots:
            parts.append(self.work)
        if self.settings.embedded:
            parts.append(self._checkpoint)
        await self._look_at_keys()
        jobs = [asyncio.create_task(self.keep(part)) for part in parts]
        async with self.carrying():
            try:
                yield
            finally:
                for job in jobs:
                    job.cancel()
                await asyncio.wait(jobs)
                await self.flush()

    async def _look_at_keys(self) -> None:
        """Say so where secrets do not open here: servers of one database need the same keys."""
        with suppress(DatabaseAway):
            found = await tally(pages_max=1)
            if missing := sorted(found.values.keys() - {*self.services.vault.key_ids}):
                log.error(
                    "secrets are sealed with %s, which is no master key of this server; see"
                    " `rollway key status`",
                    ", ".join(missing),
                )

    async def _pack(self) -> None:
        """Compress the logs of steps that have ended, as many at a time as there are by then."""
        packer = packing.Packer()
        while True:
            if await packer.pack() < packing.STEPS_MAX:
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
        """Forget deliveries, logs, artifacts, what was to be told, when their time has come."""
        while True:
            await self.services.deliveries.prune()
            await self._statuses.prune()
            await self.services.uses.prune()
            await self.services.store.prune()
            if self.settings.logs_kept_days:
                await retention.prune(self.settings.logs_kept_days)
            await asyncio.sleep(PRUNE_SECONDS)

    async def _renew(self) -> None:
        """Renew the tokens of linked accounts before they end."""
        while True:
            await self.services.integrations.renew_due()
            await asyncio.sleep(RENEW_SECONDS)

    async def _count(self) -> None:
        """Write who uses what is deprecated."""
        await self.services.uses.work()

    async def _checkpoint(self) -> None:
        await checkpoints(self.settings.database)

    async def _sweep(self) -> None:
        """End the tasks of dead workers."""
        await Sweeper(self.queue, lease_seconds=self.settings.lease_seconds).work()

    async def _mark(self) -> None:
        """Mark waiting tasks that no worker may take."""
        await presence.Stranded(self.pubsub, self.workers).work()
