"""What a resolver has at hand: the caller, the loaders, the control plane."""

import asyncio
from collections.abc import Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, TypeAlias

import strawberry
from starlette.requests import Request
from starlette.responses import Response
from starlette.websockets import WebSocket

from auth import permissions
from auth.accounts import Accounts
from auth.cookies import Cookie
from auth.oauth import Logins
from auth.permissions import Action, NotFound, Role
from auth.remembered import Proof
from auth.sessions import Unauthenticated
from auth.throttle import network
from auth.viewer import Viewer
from control.deliveries import Deliveries
from control.deploys import Deploys
from control.hosting.webhooks import Webhooks
from control.integrations import Integrations
from control.port import Queue
from control.reports import Reports
from control.rights import Rights
from db import models
from db.audit import Act, Actor, Entry
from db.vault import Vault
from engine.store import Store
from providers.repository import Policy
from resolvers.operations.bounds import Bill, Bounds
from resolvers.operations.reads import Reads
from resolvers.operations.uses import Uses
from resolvers.reading.loaders import Loaders


@dataclass(frozen=True, slots=True, kw_only=True)
class Services:
    """The parts of the server that resolvers act through."""

    queue: Queue
    deploys: Deploys
    deliveries: Deliveries
    integrations: Integrations
    webhooks: Webhooks
    reports: Reports
    rights: Rights
    accounts: Accounts
    vault: Vault
    store: Store
    policy: Policy
    public_url: str
    sign_up: str
    session_cookie: Cookie
    logins: Logins
    bounds: Bounds
    uses: Uses


@dataclass(kw_only=True)
class Context:
    """One operation's context; a subscription gets fresh loaders for every event.

    *address* is where the caller is, *device* what their program says it is. *bill* is what they
    were charged, *paid* that they were: an operation that goes on is not charged again.

    A stream that is begun with *seen*, the sequence of the last event of a task given out (-1:
    none was), goes on behind it, whatever was asked; one of tasks that is begun with *since*, with
    those that changed since. Not *live*, it ends once it has shown all there is. *shown* is the
    task given out last. *lost* says when the caller may look no more, where somebody else looks
    after that. *answered* says who made the answer. *until* is when a query is stopped, by the
    loop's clock, where that was begun before. With a *proof*, *viewer* is who the caller was: it
    must be looked at before anything is shown to them.
    """

    services: Services
    request: Request | WebSocket
    response: Response | WebSocket
    viewer: Viewer | None = None
    language: str = "en"
    address: str = ""
    device: str = ""
    connection_params: dict[str, object] | None = None
    bill: Bill | None = None
    paid: bool = False
    seen: int = -1
    since: datetime | None = None
    live: bool = True
    shown: models.Task | None = None
    lost: asyncio.Future[None] | None = None
    answered: Reads = Reads.STOCK
    until: float | None = None
    proof: Proof | None = None
    _loaders: Loaders | None = field(default=None, init=False)

    @property
    def loaders(self) -> Loaders:
        """Return what loads by sets; made when something is, most contexts wait for news."""
        self._loaders = self._loaders or Loaders()
        return self._loaders

    def forget(self) -> None:
        """Have what follows read everything again: something has changed."""
        self._loaders = None

    @property
    def caller(self) -> str:
        """Return what the caller is counted as: a user, or the network that a guest is in."""
        return self.viewer.user.id if self.viewer else network(self.address)

    def checking(self) -> AbstractContextManager[None]:
        """Charge the caller for what is read and checked within a block; OverChecks in debt."""
        return self.services.bounds.checks.charged(self.caller)

    def signed_in(self) -> Viewer:
        """Return the caller; Unauthenticated when there is none."""
        if self.viewer is None:
            raise Unauthenticated
        return self.viewer

    def in_person(self) -> models.User:
        """Return the caller, who is there in person.

        Unauthenticated for a guest, SessionNeeded for an API token.
        """
        viewer = self.signed_in()
        viewer.in_person()
        return viewer.user

    async def membership(self, team: str) -> models.Org | None:
        """Return the caller's row in *team*; None for strangers, guests and tokens of others."""
        if self.viewer is None or self.viewer.org_name not in (None, team):
            return None
        return await self.loaders.membership.load((self.viewer.user.id, team))

    async def require(
        self,
        team: str,
        action: Action,
        *,
        what: str,
        application_id: str | None = None,
        env_name: str | None = None,
    ) -> models.Org:
        """Return the caller's row in *team*.

        Unauthenticated for a guest; NotFound (of *what*) for a stranger, who learns nothing;
        Denied for a member whose role does not allow *action*; OutOfScope for a token that is not
        made for it, or not for this application (None: all) and environment (None: all).
        """
        viewer = self.signed_in()
        mine = await self.membership(team)
        if mine is None or (application_id and viewer.application_id not in (None, application_id)):
            raise NotFound(what)
        permissions.require(Role(mine.role), action)
        viewer.require(action, application_id, env_name)
        return mine

    async def owner(self, application: models.Application) -> models.Org:
        """Return the OWNER's row of the application's team; NotFound when it has just gone."""
        found = await self.loaders.org.load(application.owner_org_id)
        if found is None:
            raise NotFound("application")
        return found

    async def application(
        self, application_id: str, action: Action, env_name: str | None = None
    ) -> models.Application:
        """Return an application of the caller's teams on which *action* is allowed.

        With *env_name*, the action is on that environment alone.
        """
        self.signed_in()
        application = await self.loaders.owned(application_id)
        if application is None:
            raise NotFound("application")
        owner = await self.owner(application)
        await self.require(
            owner.name,
            action,
            what="application",
            application_id=application.id,
            env_name=env_name,
        )
        return application

    async def task(self, task_id: str, action: Action) -> models.Task:
        """Return a task of the caller's teams on which *action* is allowed."""
        self.signed_in()
        task = await self.loaders.whole_task.load(task_id)
        if task is None:
            raise NotFound("task")
        application = await self.loaders.owned(task.app_id)
        if application is None or not self.sees(task.app_id, task.env_name):
            raise NotFound("task")
        owner = await self.owner(application)
        await self.require(
            owner.name, action, what="task", application_id=task.app_id, env_name=task.env_name
        )
        return task

    async def allowed(self, team: str) -> frozenset[Action]:
        """Return what the caller may do in *team*."""
        mine = await self.membership(team)
        if mine is None or self.viewer is None:
            return frozenset()
        viewer = self.viewer
        return frozenset(each for each in permissions.MAY[Role(mine.role)] if viewer.allows(each))

    async def may(self, team: str, action: Action) -> bool:
        """Tell whether the caller's role, and their token, allow *action* in the whole *team*."""
        narrow = self.viewer is not None and self.viewer.application_id is not None
        return not narrow and action in await self.allowed(team)

    def sees(self, application_id: str, env_name: str | None = None) -> bool:
        """Tell whether the caller's token, if it is one, reaches the application or environment."""
        viewer = self.viewer
        if viewer is None or viewer.application_id not in (None, application_id):
            return False
        return env_name is None or viewer.env_name in (None, env_name)

    @property
    def actor(self) -> Actor:
        """Return the caller as the audit log knows them."""
        return self.signed_in().actor(self.address, self.device)

    def entry(
        self,
        act: Act,
        target: str,
        *,
        before: Mapping[str, Any] | None = None,
        after: Mapping[str, Any] | None = None,
    ) -> Entry:
        """Return an audit entry of what the caller does; *before*, *after* without any secret."""
        return Entry(self.actor, act, target, before, after)


Info: TypeAlias = strawberry.Info[Context, None]
