"""The arguments of mutations and queries about webhooks."""

from typing import Any

import strawberry
from strawberry.scalars import JSON

from providers import Provider
from resolvers.validation import Check, Rule

NOT_GIVEN: Any = ""  # JSON that cannot be null; an object as default cannot be introspected


@strawberry.input(description="Whose webhook gets a new secret.")
class RotateWebhookSecretInput:
    """Whose webhook gets a new secret."""

    application_id: strawberry.ID = strawberry.field(description="The application.")


@strawberry.input(description="Whose webhook loses its secret.")
class RemoveWebhookSecretInput:
    """Whose webhook loses its secret."""

    application_id: strawberry.ID = strawberry.field(description="The application.")


@strawberry.input(description="Which delivery to work on once more.")
class RedeliverInput:
    """Which delivery to work on once more."""

    delivery_id: strawberry.ID = strawberry.field(description="The delivery's id.")


@strawberry.input(description="A delivery, or a push of a ref, to be judged without coming.")
class TriggerPreviewInput:
    """A delivery, or a push of a ref, to be judged without coming."""

    application_id: strawberry.ID = strawberry.field(description="The application.")
    provider: Provider = strawberry.field(description="Who would deliver it.")
    headers: JSON = strawberry.field(
        default=NOT_GIVEN,
        description="Its headers, an object of texts; those that name the event matter, such as"
        " `X-GitHub-Event`.",
    )
    body: JSON = strawberry.field(default=NOT_GIVEN, description="Its body.")
    ref: str | None = strawberry.field(
        default=None,
        description="Instead of headers and body: a branch or a tag of the repository, to be"
        " judged as if its newest commit were pushed alone.",
    )

    def check(self) -> None:
        """Raise InvalidInput that names every broken rule."""
        check = Check()
        delivery = (self.headers, self.body) != (NOT_GIVEN, NOT_GIVEN)
        check.that(delivery is (self.ref is None), Rule.DELIVERY_OR_REF, "ref")
        given: Any = self.headers
        fit = isinstance(given, dict) and all(isinstance(each, str) for each in given.values())
        check.that(fit or not delivery, Rule.HEADERS, "headers")
        check.that(self.provider is not Provider.GIT, Rule.DELIVERING_PROVIDER, "provider")
        check.ref(self.ref, "ref")
        check.done()

    @property
    def named_headers(self) -> dict[str, str]:
        """The headers by lower-case name, once they are checked."""
        given: Any = self.headers
        return {"content-type": "application/json"} | {
            name.lower(): value for name, value in given.items()
        }
