"""The arguments of mutations about logins of other services."""

import strawberry

from auth.logins import Service, is_local_path
from resolvers.validation import Check, Rule


@strawberry.input(description="A login to link.")
class LinkLoginInput:
    """A login to link."""

    service: Service = strawberry.field(description="The service it is of.")
    next: str | None = strawberry.field(
        default=None, description="Path of this server to return to; `/` when left out."
    )

    def check(self) -> None:
        """Raise InvalidInput that names every broken rule."""
        check = Check()
        check.that(self.next is None or is_local_path(self.next), Rule.NEXT, "next")
        check.done()


@strawberry.input(description="A login to unlink.")
class UnlinkLoginInput:
    """A login to unlink."""

    service: Service = strawberry.field(description="The service it is of.")
