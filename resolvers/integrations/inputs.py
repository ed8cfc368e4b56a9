"""The arguments of mutations about linked accounts."""

import re
from typing import Annotated, TypeAlias

import strawberry

from auth.logins import TOKEN, Service, is_local_path
from providers import Provider
from resolvers.validation import Check, Rule

URL = re.compile(r"https?://[!-~]{1,1990}")
PAGE_MAX = 1000
SEARCH_CHARACTERS_MAX = 100

PageNumber: TypeAlias = Annotated[
    int, strawberry.argument(description="Which page, from 1; the answer before named it.")
]


@strawberry.input(description="An account to link by a token.")
class LinkAccountInput:
    """An account to link by a token."""

    org_name: str = strawberry.field(description="The team.")
    provider: Provider = strawberry.field(description="The service.")
    token: str = strawberry.field(
        description="A token of the account, made at the service. Sealed, never shown again."
    )
    url: str | None = strawberry.field(
        default=None,
        description="Address of a server of one's own, such as `https://git.example.com`; the"
        " public service when left out.",
    )

    def check(self) -> None:
        """Raise InvalidInput that names every broken rule."""
        check = Check()
        check.that(self.provider is not Provider.GIT, Rule.HOSTING_PROVIDER, "provider")
        check.that(TOKEN.fullmatch(self.token) is not None, Rule.TOKEN, "token")
        plain = not self.url or (URL.fullmatch(self.url) is not None and "?" not in self.url)
        check.that(plain, Rule.SERVER_URL, "url")
        check.done()


@strawberry.input(description="An account to link by a sign-in at the service.")
class LinkAccountByOAuthInput:
    """An account to link by a sign-in at the service."""

    org_name: str = strawberry.field(description="The team.")
    provider: Provider = strawberry.field(description="The service: GITHUB or GITEE.")
    next: str | None = strawberry.field(
        default=None, description="Path of this server to return to; `/` when left out."
    )

    def check(self) -> Service:
        """Return the service; raise InvalidInput that names every broken rule."""
        check = Check()
        known = self.provider.value in set(Service)
        check.that(known, Rule.OAUTH_PROVIDER, "provider")
        check.that(self.next is None or is_local_path(self.next), Rule.NEXT, "next")
        check.done()
        return Service(self.provider.value)


@strawberry.input(description="An account to ask about.")
class CheckAccountInput:
    """An account to ask about."""

    org_name: str = strawberry.field(description="The team.")
    provider: Provider = strawberry.field(description="The service.")


@strawberry.input(description="An account to unlink.")
class UnlinkAccountInput:
    """An account to unlink."""

    org_name: str = strawberry.field(description="The team.")
    provider: Provider = strawberry.field(description="The service.")


def check_listing(page: int, *texts: tuple[str, str]) -> None:
    """Raise InvalidInput for a page that no service has, or texts, by name, not to search for."""
    check = Check()
    check.that(0 < page <= PAGE_MAX, Rule.OUTSIDE_PAGE, "page")
    for name, text in texts:
        fits = len(text) <= SEARCH_CHARACTERS_MAX and (not text or text.isprintable())
        check.that(fits, Rule.SEARCH, name)
    check.done()
