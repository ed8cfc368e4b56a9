"""The end of a trip that links an account: whoever comes back must still be allowed to."""

from dataclasses import dataclass
from datetime import UTC, datetime

from auth.identities import SessionEnded
from auth.logins import Grant, Identity, Trip
from auth.permissions import NotFound
from control import integrations as control
from control.integrations import Link, Renewed
from control.integrations.accounts import Account
from db.audit import Actor
from db.models import Org, Session
from providers import Provider
from resolvers.context import Services
from resolvers.integrations.accounts import keep


@dataclass(eq=False)
class AccountDenied(Exception):
    """You did not allow it at {service}, so no account is linked."""

    service: str


async def link(
    services: Services, trip: Trip, identity: Identity, grant: Grant, address: str, device: str
) -> None:
    """Link the account that the trip was for; *address* and *device* are of the browser.

    SessionEnded, NotFound and Denied when its user may not any more; ScopesMissing.
    """
    link = await _link(services, identity, grant)
    link.check()
    alive = Session.filter(id=trip.session_id, expires_time__gt=datetime.now(UTC))
    session = await alive.select_related("user").first()
    if session is None:
        raise SessionEnded
    mine = await Org.filter(name=trip.org_name, user_id=session.user_id).first()
    if mine is None:
        raise NotFound("team")
    actor = Actor(session.user_id, session.user.username, session.id, address, device)
    await keep(mine, link, actor, services.vault)


async def _link(services: Services, identity: Identity, grant: Grant) -> Link:
    """Return the account; InvalidApiUrl and AddressNotAllowed where it could never be asked."""
    provider = Provider(identity.service.value)
    url = control.own_url(provider, services.logins.url(identity.service))
    account = Account(provider, identity.login, grant.access_token, url)
    await control.connected(account, services.policy).close()
    return Link(
        provider=provider,
        grant=Renewed(
            token=grant.access_token,
            refresh_token=grant.refresh_token,
            expires_time=grant.expires_time,
        ),
        id=identity.union_id,
        login=identity.login,
        avatar=identity.avatar or "",
        scopes=grant.scopes,
        url=url,
    )
