"""The argument of the mutation that tells of a deploy made elsewhere."""

from typing import Any

import strawberry
from strawberry.scalars import JSON

from engine.state import TaskStatus
from resolvers.inputs import DEFAULT_ENVIRONMENT, hidden
from resolvers.validation import Check, Rule


@strawberry.input(description="What another system tells of a deploy it makes.")
class ReportTaskInput:
    """What another system tells of a deploy it makes."""

    org_name: str = strawberry.field(description="The team.")
    application_name: str = strawberry.field(description="The application.")
    env_name: str = strawberry.field(default=DEFAULT_ENVIRONMENT, description="The environment.")
    platform: str = strawberry.field(
        description="Which system: 1 to 40 letters, digits, `.`, `_`, `-`."
    )
    status: TaskStatus = strawberry.field(
        description="How far the deploy has come; anything but WAITING_APPROVAL."
    )
    resource: JSON | None = strawberry.field(
        default=None,
        description="The cloud functions that were deployed, in the form of the environment's"
        " `resource`; they are added to it.",
    )
    message: str | None = hidden("Why; shown with the task.", default=None)
    external_id: str | None = strawberry.field(
        default=None,
        description="The system's own id of the deploy. Reports with the same one, of the same"
        " platform and environment, are about one task; needed until the deploy has ended.",
    )

    def check(self) -> dict[str, Any]:
        """Return the resource; raise InvalidInput that names every broken rule."""
        check = Check()
        check.platform(self.platform, "platform")
        check.that(self.status is not TaskStatus.WAITING_APPROVAL, Rule.REPORTED, "status")
        resource: Any = {} if self.resource is None else self.resource
        check.document(resource, "resource")
        check.text(self.message, "message")
        check.key(self.external_id, "externalId")
        named = self.status.completed or self.external_id is not None
        check.that(named, Rule.EXTERNAL_ID, "externalId")
        check.done()
        return dict(resource)
