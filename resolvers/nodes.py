"""Anything by its id."""

from typing import Annotated

import strawberry

from auth.permissions import Action
from db.models import (
    ApiToken,
    Application,
    Environment,
    Invitation,
    Org,
    Session,
    Step,
    Task,
    User,
)
from resolvers import applications, tasks
from resolvers.context import Context, Info
from resolvers.deliveries import nodes as starters

Node = (
    User
    | Org
    | Application
    | Environment
    | starters.Starter
    | Task
    | Step
    | Session
    | ApiToken
    | Invitation
)


async def node(
    info: Info,
    id: Annotated[strawberry.ID, strawberry.argument(description="Any id.")],  # noqa: A002
) -> Node | None:
    """Return what has this id, if the caller may see it."""
    context = info.context
    if context.viewer is None:
        return None
    found = _parts if ":" in id else _whole
    return await found(context, str(id))


async def _whole(context: Context, node_id: str) -> Node | None:
    application = await context.loaders.application.load(node_id)
    if application:
        return await applications.visible(context, application)
    task = await context.loaders.task.load(node_id)
    if task:
        return await tasks.visible(context, task)
    if starter := await starters.find(context, node_id):
        return starter
    user = await context.loaders.user.load(node_id)
    if user:
        return user if await _knows(context, user) else None
    return await _own(context, node_id)


async def _own(context: Context, node_id: str) -> Node | None:
    """Return what is the caller's alone, to the caller in person."""
    viewer = context.signed_in()
    invitation = await Invitation.filter(id=node_id).first()
    if invitation and await context.may(invitation.org_name, Action.INVITE_MEMBER):
        return invitation
    if viewer.session is None:
        return None
    if invitation:
        return invitation if invitation.user_id == viewer.user.id else None
    return (
        await Session.filter(id=node_id, user_id=viewer.user.id).first()
        or await ApiToken.filter(id=node_id, user_id=viewer.user.id).first()
    )


async def _parts(context: Context, node_id: str) -> Node | None:
    org = await context.loaders.org.load(node_id)
    if org:
        narrow = context.signed_in().application_id is not None
        return org if not narrow and await context.membership(org.name) else None
    environment = await context.loaders.environment.load(node_id)
    if environment:
        application = await context.loaders.application.load(environment.application_id)
        seen = context.sees(environment.application_id, environment.name)
        return environment if seen and await applications.visible(context, application) else None
    step = await context.loaders.step.load(node_id)
    if step:
        task = await context.loaders.task.load(step.task_id)
        return step if await tasks.visible(context, task) else None
    return None


async def _knows(context: Context, user: User) -> bool:
    """Tell whether the caller is the user, or in a team with them."""
    viewer = context.signed_in()
    me = viewer.user.id
    if me == user.id or viewer.org_name is not None:
        return me == user.id  # a token of one team looks no further than its user
    mine, theirs = await context.loaders.teams.load_many([me, user.id])
    return not set(mine).isdisjoint(theirs)
