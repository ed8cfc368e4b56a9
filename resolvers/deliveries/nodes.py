"""What makes environments deploy by itself, by its id."""

from typing import TypeAlias

from db.models import Delivery, DeployHook
from resolvers.context import Context
from resolvers.deliveries import deploy_hooks, webhooks

Starter: TypeAlias = Delivery | DeployHook


async def find(context: Context, node_id: str) -> Starter | None:
    """Return the delivery or the deploy hook of this id, if the caller may see it."""
    delivery = await Delivery.filter(id=node_id).first()
    if delivery is not None:
        return await webhooks.visible(context, delivery)
    return await deploy_hooks.visible(context, await DeployHook.filter(id=node_id).first())
