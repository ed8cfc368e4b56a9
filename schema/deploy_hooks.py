"""Deploy hooks: secret addresses that deploy."""

from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import strawberry

from auth.permissions import Action
from db import models
from resolvers.deliveries import deploy_hooks
from schema.mutations import mutation
from schema.node import Node, shows
from schema.problems import ACCESS, AlreadyExistsProblem, InvalidProblem, LimitExceededProblem

if TYPE_CHECKING:
    from schema.types import Environment, Org

LazyEnvironment = Annotated["Environment", strawberry.lazy("schema.types")]
LazyOrg = Annotated["Org", strawberry.lazy("schema.types")]


@strawberry.type(
    description="A secret address: whoever has it deploys the environment with a POST."
)
class DeployHook(Node):
    """A secret address that deploys an environment."""

    is_type_of = shows(models.DeployHook)
    environment = strawberry.field(
        deploy_hooks.environment, graphql_type=LazyEnvironment, description="What it deploys."
    )
    name: str = strawberry.field(description="Unique in the environment.")
    prefix: str = strawberry.field(description="How the last part of its address begins.")
    created_by = strawberry.field(
        deploy_hooks.created_by,
        graphql_type=LazyOrg | None,
        description="The row of who made it; null once that member has left.",
    )
    created_time: datetime = strawberry.field(description="When it was made.")
    last_used_time: datetime | None = strawberry.field(
        description="When its present address was called last, to a minute; null when never."
    )


@strawberry.type(description="A new deploy hook.")
class CreateDeployHookPayload:
    """A new deploy hook."""

    deploy_hook: DeployHook = strawberry.field(description="The hook, as it is listed.")
    url: str = strawberry.field(
        description="Its address. It is shown this once, and cannot be read again."
    )


@strawberry.type(description="A deploy hook with another address.")
class RotateDeployHookPayload:
    """A deploy hook with another address."""

    deploy_hook: DeployHook = strawberry.field(description="The hook, as it is listed.")
    url: str = strawberry.field(
        description="Its address. It is shown this once, and cannot be read again."
    )


@strawberry.type(description="A deploy hook that was revoked.")
class RevokeDeployHookPayload:
    """A deploy hook that was revoked."""

    deleted_id: strawberry.ID = strawberry.field(description="Its id.")


@strawberry.type(description="What can be changed about deploy hooks.")
class DeployHookMutations:
    """What can be changed about deploy hooks."""

    create_deploy_hook = mutation(
        deploy_hooks.create,
        CreateDeployHookPayload,
        lambda made: CreateDeployHookPayload(deploy_hook=made.hook, url=made.url),
        *ACCESS,
        InvalidProblem,
        AlreadyExistsProblem,
        LimitExceededProblem,
        needs=Action.SET_SECRETS,
        description="Make a secret address that deploys an environment, at most 20 for each. It"
        " does not end with who made it.",
    )
    rotate_deploy_hook = mutation(
        deploy_hooks.rotate,
        RotateDeployHookPayload,
        lambda made: RotateDeployHookPayload(deploy_hook=made.hook, url=made.url),
        *ACCESS,
        needs=Action.SET_SECRETS,
        description="Give a deploy hook another address; the old one deploys nothing from now on.",
    )
    revoke_deploy_hook = mutation(
        deploy_hooks.revoke,
        RevokeDeployHookPayload,
        lambda revoked: RevokeDeployHookPayload(deleted_id=revoked),
        *ACCESS,
        needs=Action.SET_SECRETS,
        description="Delete a deploy hook; its address deploys nothing from now on.",
    )
