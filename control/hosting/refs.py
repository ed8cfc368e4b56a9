"""What a name in an application's repository stands for, and what its service tells of a commit.

Names are resolved by Git's protocol, for every provider alike; commits are asked for where the team
has linked an account that opens the repository.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import TypeVar
from weakref import WeakValueDictionary

from control.assignment import credential_of
from control.integrations import Integrations
from control.integrations.accounts import NotLinked
from db.models import Application
from db.vault import NotSealedHere, Vault
from engine import git
from engine.repository.listing import Listings
from providers.api import Api, Commit
from providers.api.refusals import NotThere
from providers.refusal import Reason, Refusal
from providers.repository import AddressUnknown, Policy, Repository, check_address

log = logging.getLogger("rollway.refs")

ANSWER_SECONDS = 5.0  # somebody waits
GITS_MAX = 32  # at once; more wait
GITS_OF_A_TEAM_MAX = 8
PLACE_SECONDS = 3 * ANSWER_SECONDS  # two rounds of silent repositories are waited for

T = TypeVar("T")


class Unasked(Reason):
    """Why a repository was not asked at all."""

    ADDRESS = "the address of {host} cannot be found out, so it cannot be checked"
    SEALED = "the token for it does not open with the keys of this server"
    MANY = "too many repositories are being asked"


class Refs:
    """Looks into repositories. Every application comes with its OWNER's row."""

    def __init__(
        self,
        vault: Vault,
        policy: Policy,
        integrations: Integrations,
        listings: Listings | None = None,
    ) -> None:
        """Ask by *listings* where servers can be asked so; else by a process of Git."""
        self._vault = vault
        self._policy = policy
        self._integrations = integrations
        self._listings = listings
        self._places = asyncio.Semaphore(GITS_MAX)
        self._of_teams = WeakValueDictionary[str, asyncio.Semaphore]()

    async def resolve(self, application: Application, ref: str | None) -> git.Resolved:
        """Return what *ref* stands for; None asks for the default branch.

        Raises RefNotFound and AddressNotAllowed, and RepositoryUnreachable where nobody can say.
        """
        url = application.repo_url
        try:
            pin = await check_address(url, self._policy)
            credential = credential_of(application.owner_org, application, self._vault)
        except AddressUnknown as unknown:
            why: str = Unasked.ADDRESS.of(host=unknown.host)
            raise git.RepositoryUnreachable(git.redacted(url), why) from unknown
        except NotSealedHere as sealed:
            raise git.RepositoryUnreachable(git.redacted(url), Unasked.SEALED) from sealed
        async with self._place(application):
            return await git.resolve(
                url,
                ref,
                protocols=self._policy.schemes,
                pin=pin,
                credential=credential,
                listings=self._listings,
                timeout_seconds=ANSWER_SECONDS,
            )

    @asynccontextmanager
    async def _place(self, application: Application) -> AsyncIterator[None]:
        """Hold one of the places for git; RepositoryUnreachable where none gets free in time."""
        team = application.owner_org.name
        mine = self._of_teams.setdefault(team, asyncio.Semaphore(GITS_OF_A_TEAM_MAX))
        try:
            async with asyncio.timeout(PLACE_SECONDS) as waiting, mine, self._places:
                waiting.reschedule(None)
                yield
        except TimeoutError:
            url = git.redacted(application.repo_url)
            raise git.RepositoryUnreachable(url, Unasked.MANY) from None

    async def require(self, application: Application, commit: str) -> None:
        """Raise CommitNotFound where the service says that the repository has no such commit."""

        async def has(api: Api, repository: Repository) -> bool:
            try:
                await api.resolve(repository, commit)
            except NotThere:
                await api.resolve(repository, None)  # or it hides the whole repository
                return False
            return True

        if await self._ask(application, has) is False:
            raise git.CommitNotFound(git.redacted(application.repo_url), commit)

    async def commit(self, application: Application, sha: str) -> Commit | None:
        """Return what the service tells of a commit; None where it does not."""
        return await self._ask(application, lambda api, repository: api.commit(repository, sha))

    async def _ask(
        self, application: Application, question: Callable[[Api, Repository], Awaitable[T]]
    ) -> T | None:
        """Return what the service answers; None without an account there, or without an answer."""
        try:
            owner = application.owner_org
            async with self._integrations.hosted(owner, application, ANSWER_SECONDS) as found:
                return await question(found.api, found.repository)
        except NotLinked:
            return None
        except Refusal as reason:
            log.info("application %s: its service tells nothing: %s", application.id, reason)
            return None
