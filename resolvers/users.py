"""Sign up, sign in, sign out, and what a user shows."""

from typing import Annotated

import strawberry
from starlette.responses import Response
from tortoise.transactions import in_transaction

from auth import accounts, sessions
from auth import viewer as viewers
from auth.permissions import Action, OutOfScope
from db import audit
from db.audit import Act, Told, user_chain
from db.models import Org, User
from resolvers import paging
from resolvers.arguments import After, Before, First, Input, Last
from resolvers.context import Context, Info
from resolvers.enums import SessionKind
from resolvers.inputs import (
    ChangePasswordInput,
    SignInInput,
    SignOutInput,
    SignUpInput,
    UpdateUserInput,
)
from resolvers.paging import Condition, InvalidPage, Page, PageFlaw, Relation

SEARCH_CHARACTERS_MIN = 2
FOUND_MAX = 20

THIS_SESSION = SignOutInput(everywhere=False)

ORGS = Relation("user.orgs", Org, '"org" x', ("x.user_id",), "name")


class SignedIn:
    """A user with a new session; the token is None where a cookie carries it."""

    def __init__(self, user: User, token: str | None) -> None:
        self.user = user
        self.token = token


class PasswordChanged:
    """A user with a new password, and how many of their sessions ended."""

    def __init__(self, user: User, ended_sessions: int) -> None:
        self.user = user
        self.ended_sessions = ended_sessions


def viewer(info: Info) -> User | None:
    """Return the caller; None for a guest."""
    return info.context.viewer.user if info.context.viewer else None


async def users(
    info: Info,
    search: Annotated[
        str,
        strawberry.argument(
            description="How the name begins, in capital or small letters; 2 characters or more."
        ),
    ],
    first: Annotated[int, strawberry.argument(description="How many; at most 20.")] = 10,
) -> list[User]:
    """Return users by the beginning of their name, to somebody who is signed in."""
    viewer = info.context.signed_in()
    if viewer.org_name is not None or not viewer.reads:
        raise OutOfScope(Action.READ)  # names of a whole server belong to no team
    searcher = viewer.user
    if len(search) < SEARCH_CHARACTERS_MIN:
        raise InvalidPage(PageFlaw.SEARCH_SHORT.of(least=SEARCH_CHARACTERS_MIN))
    if not 1 <= first <= FOUND_MAX:
        raise InvalidPage(PageFlaw.FOUND.of(most=FOUND_MAX))
    return await accounts.search(search, first, searcher)


async def sign_up(info: Info, input: Input[SignUpInput]) -> SignedIn:  # noqa: A002 (the API's name)
    """Create an account and sign it in."""
    input.check()
    context = info.context
    user = await context.services.accounts.sign_up(
        input.username,
        input.password,
        input.email,
        address=context.address,
        first_only=context.services.sign_up == "closed",
    )
    return await start(context, user, input.session, Act.SIGNED_UP)


async def sign_in(info: Info, input: Input[SignInInput]) -> SignedIn:  # noqa: A002 (the API's name)
    """Start a session; a wrong name and a wrong password look alike and cost the same."""
    context = info.context
    user = await context.services.accounts.check(input.login, input.password, context.address)
    return await start(context, user, input.session)


async def start(
    context: Context, user: User, kind: SessionKind, act: Act = Act.SIGNED_IN
) -> SignedIn:
    """Sign in a user who has proven who they are, with a session of the kind they want.

    WrongCredentials when the password was changed meanwhile.
    """
    context.viewer, token = await viewers.enter(user, context.address, context.device, act)
    if kind is SessionKind.BEARER:
        return SignedIn(user, token)
    assert isinstance(context.response, Response)  # noqa: S101 (mutations come over HTTP)
    context.services.session_cookie.set(context.response, token)
    return SignedIn(user, None)


async def change_password(info: Info, input: Input[ChangePasswordInput]) -> PasswordChanged:  # noqa: A002 (the API's name)
    """Set the caller's password; their other sessions end."""
    context = info.context
    caller = context.signed_in()
    session = caller.in_person()
    input.check(caller.user.username, caller.user.email)
    ended = await context.services.accounts.change_password(
        caller.user,
        input.current_password,
        input.new_password,
        address=context.address,
        session_id=session.id,
        told=Told(user_chain(caller.user.id), context.entry(Act.PASSWORD_CHANGED, caller.user.id)),
    )
    context.services.rights.changed(caller.user.id)
    return PasswordChanged(caller.user, ended)


async def update_user(info: Info, input: Input[UpdateUserInput]) -> User:  # noqa: A002 (the API's name)
    """Change what the caller shows of themself; what is left out stays."""
    context = info.context
    user = context.in_person()
    input.check()
    changes: dict[str, str | None] = {}
    if input.email is not strawberry.UNSET:
        changes["email"] = accounts.normal_email(input.email)
    if input.avatar is not strawberry.UNSET:
        changes["avatar"] = input.avatar or None
    before = {name: getattr(user, name) for name in changes}
    entry = context.entry(Act.USER_UPDATED, user.id, before=before, after=changes)
    await accounts.update(user, changes, Told(user_chain(user.id), entry))
    return user


async def sign_out(info: Info, input: Input[SignOutInput] = THIS_SESSION) -> int:  # noqa: A002 (the API's name)
    """End the caller's session, or all of them; return how many ended."""
    context = info.context
    session = context.signed_in().in_person()
    async with in_transaction() as db:
        ended = await sessions.end(session, everywhere=input.everywhere, db=db)
        after = {"sessions": ended}
        entry = context.entry(Act.SIGNED_OUT, session.id, after=after)
        await audit.write(user_chain(session.user_id), entry, db)
    context.services.rights.changed(session.user_id)
    if isinstance(info.context.response, Response):
        info.context.services.session_cookie.delete(info.context.response)
    return ended


def email(parent: strawberry.Parent[User], info: Info) -> str | None:
    """Return the address, to the user themself."""
    return parent.email if _is_self(parent, info) else None


def _is_self(user: User, info: Info) -> bool:
    viewer = info.context.viewer
    return viewer is not None and viewer.user.id == user.id


def github_linked(parent: strawberry.Parent[User], info: Info) -> bool:
    """Tell the user themself whether a GitHub login is linked."""
    return _is_self(parent, info) and parent.github_unionid is not None


def gitee_linked(parent: strawberry.Parent[User], info: Info) -> bool:
    """Tell the user themself whether a Gitee login is linked."""
    return _is_self(parent, info) and parent.gitee_unionid is not None


async def orgs(
    parent: strawberry.Parent[User],
    info: Info,
    first: First = None,
    after: After = None,
    last: Last = None,
    before: Before = None,
) -> Page:
    """Return the user's teams; of another user those that the caller is in too."""
    viewer = info.context.viewer
    conditions: tuple[Condition, ...] = ()
    if viewer is None or viewer.user.id != parent.id:
        mine = await info.context.loaders.teams.load(viewer.user.id) if viewer else []
        conditions = (Condition("x.name", "IN", tuple(mine)),)
    if viewer is not None and viewer.org_name is not None:
        conditions += (Condition("x.name", "=", (viewer.org_name,)),)
    selection = paging.select(first, after, last, before, conditions)
    return await info.context.loaders.page(ORGS, selection).load(parent.id)
