"""Subscriptions to where tasks stand, of an application, a team, or all of the caller's teams."""

from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Annotated

import strawberry

from auth.permissions import Action
from control.port import Shown, Watched
from db.models import Task
from resolvers.context import Context, Info
from resolvers.watching.looking import Find, while_allowed


async def application_tasks(
    info: Info,
    application_id: Annotated[strawberry.ID, strawberry.argument(description="The application.")],
    env_name: Annotated[
        str | None, strawberry.argument(description="Only tasks of this environment.")
    ] = None,
) -> AsyncGenerator[Task, None]:
    """Yield the tasks of an application whenever one of them or of their steps changes status."""
    only = reach(info.context, env_name)
    watched = Watched(application_id=str(application_id), env_name=only)
    return _tasks(info.context, watched, of_application(info.context, str(application_id), only))


async def org_tasks(
    info: Info,
    org_name: Annotated[str, strawberry.argument(description="The team's name.")],
) -> AsyncGenerator[Task, None]:
    """Yield the tasks of a team whenever one of them or of their steps changes status."""
    find = of_org(info.context, org_name)
    return _tasks(info.context, Watched(org_name=org_name), find)


async def viewer_tasks(info: Info) -> AsyncGenerator[Task, None]:
    """Yield the tasks of all the caller's teams, or of what their token is bound to."""
    context = info.context
    viewer = context.signed_in()
    if viewer.application_id is not None:
        watched = Watched(application_id=viewer.application_id, env_name=viewer.env_name)
        find = of_application(context, viewer.application_id, viewer.env_name)
    elif viewer.org_name is not None:
        watched = Watched(org_name=viewer.org_name)
        find = of_org(context, viewer.org_name)
    else:
        watched = Watched(user_id=viewer.user.id)

        async def find() -> None:
            viewer.require(Action.READ, None, None)

    return _tasks(context, watched, find)


def reach(context: Context, env_name: str | None) -> str | None:
    """Return the only environment that is watched where *env_name* is asked for; None: all."""
    return env_name or (context.viewer.env_name if context.viewer else None)


def of_application(context: Context, application_id: str, env_name: str | None) -> Find:
    """Return what refuses who may not see the tasks of the application, or the environment."""
    return lambda: context.application(application_id, Action.READ, env_name)


def of_org(context: Context, org_name: str) -> Find:
    """Return what refuses who may not see the tasks of the team."""
    return lambda: context.require(org_name, Action.READ, what="team")


async def _tasks(context: Context, watched: Watched, find: Find) -> AsyncGenerator[Task, None]:
    """Yield tasks; the context says how far that has got, so that others can go on from there."""
    await find()
    changes = context.services.queue.changes(watched, context.since)
    async with aclosing(while_allowed(context, changes, find)) as items:
        async for item in items:
            if isinstance(item, Shown):
                context.since = item.since
                if not context.live:
                    return
            else:
                context.shown = item
                yield item
