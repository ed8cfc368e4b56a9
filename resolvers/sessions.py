"""A user's sessions and API tokens: listed to the user themself, ended and revoked by them."""

import strawberry
from tortoise.backends.base.client import BaseDBAsyncClient
from tortoise.exceptions import IntegrityError
from tortoise.transactions import in_transaction

from auth import sessions, teams, tokens
from auth.permissions import Action, NotFound, Scope
from auth.tokens import Wanted
from db import audit
from db.audit import Act
from db.models import ApiToken, Application, Environment, Org, Session, User
from resolvers.access_inputs import CreateApiTokenInput, EndSessionInput, RevokeApiTokenInput
from resolvers.arguments import Input
from resolvers.context import Context, Info
from resolvers.refusals import Taken


class NewToken:
    """A token's row and its value, which is shown this once."""

    def __init__(self, row: ApiToken, value: str) -> None:
        self.row = row
        self.value = value


def in_person(context: Context, user: User) -> bool:
    """Tell whether the caller is *user*, there in person."""
    viewer = context.viewer
    return viewer is not None and viewer.session is not None and viewer.user.id == user.id


async def of_user(parent: strawberry.Parent[User], info: Info) -> list[Session] | None:
    """Return the user's sessions, to the user themself."""
    return await sessions.of_user(parent.id) if in_person(info.context, parent) else None


def is_current(parent: strawberry.Parent[Session], info: Info) -> bool:
    """Tell whether this is the session that asks."""
    viewer = info.context.viewer
    return viewer is not None and viewer.session is not None and viewer.session.id == parent.id


async def end_session(info: Info, input: Input[EndSessionInput]) -> str:  # noqa: A002 (the API's name)
    """End one of the caller's sessions; return its id."""
    context = info.context
    user = context.in_person()
    async with in_transaction() as db:
        found = Session.filter(id=str(input.session_id), user_id=user.id).using_db(db)
        if not await found.delete():
            raise NotFound("session")
        entry = context.entry(Act.SIGNED_OUT, str(input.session_id))
        await audit.write(audit.user_chain(user.id), entry, db)
    context.services.rights.changed(user.id)
    return str(input.session_id)


async def tokens_of_user(parent: strawberry.Parent[User], info: Info) -> list[ApiToken] | None:
    """Return the user's API tokens, to the user themself."""
    if not in_person(info.context, parent):
        return None
    return await ApiToken.filter(user_id=parent.id).order_by("name")


def scopes(parent: strawberry.Parent[ApiToken]) -> list[Scope]:
    """Return what the token may be used for."""
    return [Scope(scope) for scope in parent.scopes]


async def create_api_token(info: Info, input: Input[CreateApiTokenInput]) -> NewToken:  # noqa: A002
    """Make an API token for the caller; bounds must lie within what they can see."""
    context = info.context
    user = context.in_person()
    input.check()
    mine = await _team(context, input)
    wanted = Wanted(
        name=input.name,
        scopes=input.scopes,
        org_name=mine.name if mine else None,
        application_id=str(input.application_id) if input.application_id else None,
        env_name=input.env_name,
        expires_time=input.expires_time,
    )
    try:
        async with in_transaction() as db:
            chains = await _chains(user, wanted.org_name, db)
            if mine is not None:
                await teams.still(mine, Action.READ, db)
                await _there(wanted, db)
            row, value = await tokens.create(user, wanted, db)
            entry = context.entry(Act.API_TOKEN_CREATED, row.id, after=_shown(row))
            for chain in chains:
                await audit.write(chain, entry, db)
    except IntegrityError as fault:
        raise Taken("name") from fault
    return NewToken(row, value)


async def _team(context: Context, input: CreateApiTokenInput) -> Org | None:  # noqa: A002
    """Return the caller's row in the team the token is bound to; NotFound for others' teams."""
    mine = None
    if input.org_name is not None:
        mine = await context.require(input.org_name, Action.READ, what="team")
    if input.application_id is None:
        return mine
    application = await context.application(str(input.application_id), Action.READ)
    team = (await context.owner(application)).name
    if input.org_name not in (None, team):
        raise NotFound("application")
    return await context.membership(team)


async def _chains(user: User, org_name: str | None, db: BaseDBAsyncClient) -> list[str]:
    """Return the locked chains that are told of a token: its user's, then its team's."""
    chains = [audit.user_chain(user.id)]
    if org_name is not None:
        chains.append(audit.org_chain(org_name))
    for chain in chains:
        await audit.lock(chain, db)
    return chains


async def _there(wanted: Wanted, db: BaseDBAsyncClient) -> None:
    """Raise NotFound unless what the token is bound to stands in its team, which stands still."""
    if wanted.application_id is None:
        return
    team = Application.filter(id=wanted.application_id, owner_org__name=wanted.org_name)
    if not await team.using_db(db).exists():
        raise NotFound("application")
    environment = Environment.filter(id=f"{wanted.application_id}:{wanted.env_name}")
    if wanted.env_name is not None and not await environment.using_db(db).exists():
        raise NotFound("environment")


async def revoke_api_token(info: Info, input: Input[RevokeApiTokenInput]) -> ApiToken:  # noqa: A002
    """Revoke one of the caller's API tokens; a token can revoke itself."""
    context = info.context
    viewer = context.signed_in()
    if viewer.token is None or viewer.token.id != str(input.api_token_id):
        viewer.in_person()
    mine = ApiToken.filter(id=str(input.api_token_id), user_id=viewer.user.id)
    row = await mine.first()
    if row is None:
        raise NotFound("API token")
    async with in_transaction() as db:
        chains = await _chains(viewer.user, row.org_name, db)
        if not await mine.using_db(db).delete():
            raise NotFound("API token")
        entry = context.entry(Act.API_TOKEN_REVOKED, row.id, before=_shown(row))
        for chain in chains:
            await audit.write(chain, entry, db)
    context.services.rights.changed(viewer.user.id)
    return row


def _shown(row: ApiToken) -> dict[str, object]:
    return {
        "name": row.name,
        "prefix": row.prefix,
        "scopes": row.scopes,
        "orgName": row.org_name,
        "applicationId": row.application_id,
        "envName": row.env_name,
        "expiresTime": row.expires_time.isoformat() if row.expires_time else None,
    }
