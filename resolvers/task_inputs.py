"""The arguments of mutations that make and end tasks, and of the list of tasks."""

from datetime import datetime
from math import isfinite

import strawberry
from strawberry.scalars import JSON

from control.deploys import RedeployMode
from engine.state import TaskStatus
from resolvers.inputs import DEFAULT_ENVIRONMENT, hidden
from resolvers.validation import INPUTS_MAX, Check, Rule


@strawberry.input(description="What to deploy, and where.")
class DeployInput:
    """What to deploy, and where."""

    application_id: strawberry.ID = strawberry.field(description="The application.")
    env_name: str = strawberry.field(default=DEFAULT_ENVIRONMENT, description="The environment.")
    ref: str | None = strawberry.field(
        default=None,
        description="Branch, tag or full ref; default: the repository's default branch.",
    )
    commit: str | None = strawberry.field(
        default=None, description="A full commit hash; wins over ref."
    )
    message: str | None = hidden("Why; shown with the task.", default=None)
    inputs: JSON | None = hidden(
        "Values for the pipeline's `inputs`: an object of texts, numbers, booleans.", default=None
    )
    debug: bool = strawberry.field(
        default=False, description="Have the shell print each command before it runs it."
    )
    idempotency_key: str | None = strawberry.field(
        default=None, description="The same key with the same input gives the first task again."
    )

    def check(self) -> None:
        """Raise InvalidInput that names every broken rule."""
        check = Check()
        check.ref(self.ref, "ref")
        check.text(self.message, "message")
        check.that(texts_of(self.inputs) is not None, Rule.INPUTS, "inputs")
        check.key(self.idempotency_key, "idempotencyKey")
        check.done()


@strawberry.input(description="Which task to repeat, and how.")
class RedeployInput:
    """Which task to repeat, and how."""

    task_id: strawberry.ID = strawberry.field(description="The task to repeat.")
    mode: RedeployMode = strawberry.field(
        default=RedeployMode.REFRESH_CONFIG, description="What it takes from the first one."
    )
    debug: bool = strawberry.field(
        default=False, description="Have the shell print each command before it runs it."
    )
    idempotency_key: str | None = strawberry.field(
        default=None, description="The same key with the same input gives the first task again."
    )

    def check(self) -> None:
        """Raise InvalidInput that names every broken rule."""
        check = Check()
        check.key(self.idempotency_key, "idempotencyKey")
        check.done()


@strawberry.input(description="Which task to go back to, and how.")
class RollbackInput:
    """Which task to go back to, and how."""

    task_id: strawberry.ID = strawberry.field(
        description="An earlier task of the environment that ended with SUCCESS."
    )
    mode: RedeployMode = strawberry.field(
        default=RedeployMode.EXACT, description="What it takes from that task."
    )
    reason: str | None = hidden("Why; kept with the task.", default=None)
    idempotency_key: str | None = strawberry.field(
        default=None, description="The same key with the same input gives the first task again."
    )

    def check(self) -> None:
        """Raise InvalidInput that names every broken rule."""
        check = Check()
        check.text(self.reason, "reason")
        check.key(self.idempotency_key, "idempotencyKey")
        check.done()


@strawberry.input(description="Which task to stop.")
class CancelTaskInput:
    """Which task to stop."""

    task_id: strawberry.ID = strawberry.field(description="The task.")
    reason: str | None = hidden("Why; kept with the task.", default=None)

    def check(self) -> None:
        """Raise InvalidInput that names every broken rule."""
        check = Check()
        check.text(self.reason, "reason")
        check.done()


@strawberry.input(description="Which tasks; conditions add up.")
class TaskFilter:
    """Which tasks; conditions add up."""

    env_name: str | None = strawberry.field(default=None, description="Tasks of this environment.")
    statuses: list[TaskStatus] | None = strawberry.field(
        default=None, description="Tasks in one of these statuses."
    )
    trigger_types: list[str] | None = strawberry.field(
        default=None, description="Tasks with one of these trigger types."
    )
    created_after: datetime | None = strawberry.field(
        default=None, description="Tasks created at this time or later."
    )
    created_before: datetime | None = strawberry.field(
        default=None, description="Tasks created before this time."
    )


def texts_of(inputs: JSON | None) -> dict[str, str] | None:
    """Return deploy inputs as texts; None when they are not flat, or too many."""
    if inputs is None:
        return {}
    if not isinstance(inputs, dict) or len(inputs) > INPUTS_MAX:
        return None
    if not all(isinstance(value, str | int | float) for value in inputs.values()):
        return None
    if any(isinstance(value, float) and not isfinite(value) for value in inputs.values()):
        return None
    if any("\x00" in f"{name}{value}" for name, value in inputs.items()):
        return None
    return {name: _text(value) for name, value in inputs.items()}


def _text(value: str | float) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
