"""Charging an operation before it runs: its cost against the most, and against a budget."""

import json
from typing import Any

from graphql import GraphQLError, OperationDefinitionNode, OperationType
from graphql.execution.values import VariableValues
from strawberry.extensions import SchemaExtension

from auth.budgets import OverBudget
from resolvers.context import Context
from resolvers.operations.bounds import Bill
from schema.cost import Priced, PriceLists
from schema.refusals import IntrospectionOff, TooCostly

prices = PriceLists()


class Costs(SchemaExtension):
    """Shows in `extensions` of an answer what was charged for it, and who made it if wanted."""

    def get_results(self) -> dict[str, Any]:
        """Return the bill; nothing for the events of a subscription, which was charged once."""
        context = self.execution_context.context
        return extensions(context) if isinstance(context, Context) else {}


def extensions(context: Context) -> dict[str, Any]:
    """Return what an answer says besides its data and its errors."""
    found: dict[str, Any] = {"cost": context.bill.formatted} if context.bill else {}
    if context.services.bounds.reads_shown:
        found["reads"] = context.answered.value
    return found


def written(context: Context) -> bytes:
    """Return the same as JSON."""
    if context.bill is None or context.services.bounds.reads_shown:
        return json.dumps(extensions(context), separators=(",", ":")).encode()
    return f'{{"cost":{context.bill.written}}}'.encode()


def charge(built: Any) -> GraphQLError | None:
    """Charge the caller for the operation of an executor; return why it is not run, if it is not.

    What is refused costs nothing here. A subscription that goes on was charged when it began.
    """
    if built.context_value.paid:
        return None
    known = prices.of(built.schema, built.operation, built.fragments)
    cost = known.cost(built.variable_values.coerced, None)
    return pay(known, cost, built.operation, built.variable_values, built.context_value)


def pay(
    known: Priced,
    cost: int,
    operation: OperationDefinitionNode,
    values: VariableValues,
    context: Context,
) -> GraphQLError | None:
    """Charge *cost*, worked out of what is *known* of the operation; nothing was charged before."""
    bounds = context.services.bounds
    if known.introspects and not bounds.introspection:
        return _refused(operation, IntrospectionOff())
    if cost > bounds.cost_max:
        return _refused(operation, TooCostly(cost, bounds.cost_max))
    try:
        left = bounds.budgets.spend(context.caller, cost)
    except OverBudget as refusal:
        return _refused(operation, refusal)
    if operation.operation is OperationType.SUBSCRIPTION:
        context.paid = True
    else:
        context.bill = Bill(cost, left.limit, left.remaining, left.reset_time)
    given = _given(values) if known.deprecated.variables else {}
    if found := known.deprecated.used(given):
        context.services.uses.note(context.viewer, found)
    return None


def _given(values: VariableValues) -> dict[str, Any]:
    """Return the variables as they came."""
    return {name: each.value for name, each in values.sources.items()}


def _refused(operation: OperationDefinitionNode, refusal: Exception) -> GraphQLError:
    """Return an error that `Masking` puts into words."""
    return GraphQLError(type(refusal).__name__, operation, original_error=refusal)
