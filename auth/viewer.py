"""The caller: a user, by a session or by an API token, and how far a token reaches."""

from dataclasses import dataclass
from datetime import UTC, datetime

from tortoise.transactions import in_transaction

from auth import accounts, sessions, tokens
from auth.permissions import SCOPE_MAY, Action, OutOfScope, Scope, SessionNeeded
from auth.sessions import WrongCredentials
from db import audit
from db.audit import Act, Actor, Entry
from db.models import ApiToken, Session, User


@dataclass(frozen=True, slots=True)
class Viewer:
    """The caller, signed in; a session reaches all that is the user's."""

    user: User
    session: Session | None = None
    token: ApiToken | None = None

    @property
    def via(self) -> str:
        """Return the id of what the caller shows: a session's or a token's."""
        shown = self.token or self.session
        return shown.id if shown else ""

    @property
    def expires_time(self) -> datetime | None:
        """Return when what the caller shows expires; None: never."""
        shown = self.token or self.session
        return shown.expires_time if shown else None

    @property
    def org_name(self) -> str | None:
        """Return the only team the caller reaches; None for all of the user's."""
        return self.token.org_name if self.token else None

    @property
    def application_id(self) -> str | None:
        """Return the only application the caller reaches; None for all."""
        return self.token.application_id if self.token else None

    @property
    def env_name(self) -> str | None:
        """Return the only environment the caller reaches; None for all."""
        return self.token.env_name if self.token else None

    @property
    def reads(self) -> bool:
        """Tell whether the caller may look at things."""
        return self.allows(Action.READ)

    def allows(self, action: Action) -> bool:
        """Tell whether the caller's token is made for *action*."""
        if self.token is None:
            return True
        return any(action in SCOPE_MAY[Scope(scope)] for scope in self.token.scopes)

    def reaches(self, application_id: str | None, env_name: str | None) -> bool:
        """Tell whether the caller reaches an environment; None: all of them."""
        if self.application_id not in (None, application_id):
            return False
        return self.env_name in (None, env_name)

    def require(self, action: Action, application_id: str | None, env_name: str | None) -> None:
        """Raise OutOfScope unless the caller's token covers *action* there."""
        if not self.allows(action) or not self.reaches(application_id, env_name):
            raise OutOfScope(action)

    def in_person(self) -> Session:
        """Return the caller's session; SessionNeeded for an API token."""
        if self.session is None:
            raise SessionNeeded
        return self.session

    def actor(self, address: str, device: str) -> Actor:
        """Return the caller as the audit log knows them."""
        return Actor(self.user.id, self.user.username, self.via, address, device)


async def enter(user: User, address: str, device: str, act: Act) -> tuple[Viewer, str]:
    """Start a session of a user who has proven who they are; return the caller and its token.

    WrongCredentials when the password was changed meanwhile. The audit log is told.
    """
    chain = audit.user_chain(user.id)
    async with in_transaction() as db:
        await audit.lock(chain, db)
        if not await accounts.unchanged(user):
            raise WrongCredentials
        session, token = await sessions.start(user, address, device, db)
        viewer = Viewer(user, session)
        await audit.write(chain, Entry(viewer.actor(address, device), act, user.id), db)
    return viewer, token


async def find(shown: str) -> Viewer | None:
    """Return whose session or API token *shown* is; None when it is nobody's any more."""
    if shown.startswith(tokens.TOKEN_PREFIX):
        token = await tokens.find(shown)
        return Viewer(token.user, token=token) if token else None
    session = await sessions.find(shown)
    return Viewer(session.user, session) if session else None


async def alive(viewer: Viewer) -> bool:
    """Tell whether the caller's session or API token is still good."""
    now = datetime.now(UTC)
    if viewer.token is not None:
        return await tokens.good(now).filter(id=viewer.token.id).exists()
    assert viewer.session is not None  # noqa: S101 (one of the two)
    return await Session.filter(id=viewer.session.id, expires_time__gt=now).exists()
