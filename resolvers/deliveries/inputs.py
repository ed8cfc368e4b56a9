"""The arguments of mutations and queries about webhooks and deploy hooks."""

from typing import Any

import strawberry
from strawberry.scalars import JSON

from providers import Provider
from resolvers.inputs import DEFAULT_ENVIRONMENT
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


@strawberry.input(description="Which webhook to set up at its service.")
class SyncWebhookInput:
    """Which webhook to set up at its service."""

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


@strawberry.input(description="A new deploy hook.")
class CreateDeployHookInput:
    """A new deploy hook."""

    application_id: strawberry.ID = strawberry.field(description="The application.")
    env_name: str = strawberry.field(
        default=DEFAULT_ENVIRONMENT, description="The environment that it deploys."
    )
    name: str = strawberry.field(
        description="Who calls it, say; 1 to 64 characters, unique in the environment."
    )

    def check(self) -> None:
        """Raise InvalidInput that names every broken rule."""
        check = Check()
        check.label(self.name, "name")
        check.done()


@strawberry.input(description="Which deploy hook gets another address.")
class RotateDeployHookInput:
    """Which deploy hook gets another address."""

    deploy_hook_id: strawberry.ID = strawberry.field(description="The deploy hook's id.")


@strawberry.input(description="Which deploy hook to revoke.")
class RevokeDeployHookInput:
    """Which deploy hook to revoke."""

    deploy_hook_id: strawberry.ID = strawberry.field(description="The deploy hook's id.")
