"""Charging an operation before it runs: its cost against the most, and against a budget."""

import logging
from collections import OrderedDict
from datetime import UTC, date, datetime
from typing import Any

from graphql import GraphQLError, OperationType
from strawberry.extensions import SchemaExtension

from auth.budgets import OverBudget
from auth.throttle import network
from resolvers.context import Context
from resolvers.operations.bounds import Bill
from schema.cost import PriceLists
from schema.refusals import IntrospectionOff, TooCostly

log = logging.getLogger("rollway.api")

NOTED_MAX = 10_000

_prices = PriceLists()
_noted: OrderedDict[tuple[str, str, date], None] = OrderedDict()


class Costs(SchemaExtension):
    """Shows in `extensions.cost` of an answer what was charged for it."""

    def get_results(self) -> dict[str, Any]:
        """Return the bill; nothing for the events of a subscription, which was charged once."""
        context = self.execution_context.context
        bill = context.bill if isinstance(context, Context) else None
        return {"cost": bill.formatted} if bill else {}


def charge(built: Any) -> GraphQLError | None:
    """Charge the caller for the operation of an executor; return why it is not run, if it is not.

    What is refused costs nothing. A subscription that goes on was charged when it began.
    """
    context: Context = built.context_value
    if context.paid:
        return None
    bounds = context.services.bounds
    fragments = {name: each.definition for name, each in built.fragments.items()}
    known = _prices.of(built.schema, built.operation, fragments)
    if known.introspects and not bounds.introspection:
        return _refused(built, IntrospectionOff())
    cost = known.cost(built.variable_values.coerced, None)
    if cost > bounds.cost_max:
        return _refused(built, TooCostly(cost, bounds.cost_max))
    key = context.viewer.user.id if context.viewer else network(context.address)
    try:
        left = bounds.budgets.spend(key, cost)
    except OverBudget as refusal:
        return _refused(built, refusal)
    if built.operation.operation is OperationType.SUBSCRIPTION:
        context.paid = True
    else:
        context.bill = Bill(cost, left.limit, left.remaining, left.reset_time)
    for name in known.deprecated:
        _note(name, context)
    return None


def _refused(built: Any, refusal: Exception) -> GraphQLError:
    """Return an error that `Masking` puts into words."""
    return GraphQLError(type(refusal).__name__, built.operation, original_error=refusal)


def _note(name: str, context: Context) -> None:
    """Tell the log who still uses a deprecated field, once a day."""
    viewer = context.viewer
    token = viewer.token if viewer else None
    who = f"token {token.id}" if token else f"user {viewer.user.id}" if viewer else "a guest"
    noted = name, who, datetime.now(UTC).date()
    if noted in _noted:
        return
    _noted[noted] = None
    while len(_noted) > NOTED_MAX:
        _noted.popitem(last=False)
    log.warning("deprecated field %s is used by %s", name, who)
