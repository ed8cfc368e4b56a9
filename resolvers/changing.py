"""A transaction in which an application and its team stand still."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from tortoise.backends.base.client import BaseDBAsyncClient

from auth import teams
from auth.permissions import Action, NotFound
from db.audit import Still, org_chain
from db.models import Application, Org
from resolvers.context import Context


@asynccontextmanager
async def changing(
    context: Context, application: Application, action: Action, other: Org | None = None
) -> AsyncIterator[tuple[Application, str, BaseDBAsyncClient]]:
    """Open a transaction in which the application's team stands still.

    Yields the application as it is then and its team's audit chain; NotFound when it is gone. The
    team of *other*, also a row of the caller's, stands still as well.
    """
    mine = await _mine(context, application)
    async with teams.changing(mine, action, other) as db:
        yield await _still(application, mine, db), org_chain(mine.name), db


async def still(context: Context, application: Application, action: Action) -> Still:
    """Return what refuses, within a transaction in which the team stands still, as above."""
    return teams.still_having(await _mine(context, application), application.id, action)


async def _mine(context: Context, application: Application) -> Org:
    mine = await context.membership((await context.owner(application)).name)
    assert mine is not None  # noqa: S101 (the caller was allowed)
    return mine


async def _still(application: Application, mine: Org, db: BaseDBAsyncClient) -> Application:
    same = Application.filter(id=application.id, owner_org__name=mine.name)
    row = await same.using_db(db).first()
    if row is None:
        raise NotFound("application")
    return row
