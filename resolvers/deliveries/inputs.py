"""The arguments of mutations and queries about webhooks."""

from typing import Any

import strawberry
from strawberry.scalars import JSON

from providers import Provider
from resolvers.validation import Check, Rule


@strawberry.input(description="Whose webhook gets a new secret.")
class RotateWebhookSecretInput:
    """Whose webhook gets a new secret."""

    application_id: strawberry.ID = strawberry.field(description="The application.")


@strawberry.input(description="Whose webhook loses its secret.")
class RemoveWebhookSecretInput:
    """Whose webhook loses its secret."""

    application_id: strawberry.ID = strawberry.field(description="The application.")


@strawberry.input(description="Which webhook to set up at its service.")
class SyncWebhookInput:
    """Which webhook to set up at its service."""

    application_id: strawberry.ID = strawberry.field(description="The application.")


@strawberry.input(description="Which delivery to work on once more.")
class RedeliverInput:
    """Which delivery to work on once more."""

    delivery_id: strawberry.ID = strawberry.field(description="The delivery's id.")


@strawberry.input(description="A delivery to be judged without coming.")
class TriggerPreviewInput:
    """A delivery to be judged without coming."""

    application_id: strawberry.ID = strawberry.field(description="The application.")
    provider: Provider = strawberry.field(description="Who would deliver it.")
    headers: JSON = strawberry.field(
        description="Its headers, an object of texts; those that name the event matter, such as"
        " `X-GitHub-Event`."
    )
    body: JSON = strawberry.field(description="Its body.")

    def check(self) -> dict[str, str]:
        """Return the headers by lower-case name; raise InvalidInput where they are none."""
        check = Check()
        given: Any = self.headers
        fit = isinstance(given, dict) and all(isinstance(each, str) for each in given.values())
        check.that(fit, Rule.HEADERS, "headers")
        check.that(self.provider is not Provider.GIT, Rule.DELIVERING_PROVIDER, "provider")
        check.done()
        return {"content-type": "application/json"} | {
            name.lower(): value for name, value in given.items()
        }
