"""An application's repository at its Git hosting service, asked by its team's account there."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from control.integrations.accounts import account_for
from db.models import Application
from db.vault import Vault
from providers.api import Api
from providers.repository import Policy, Repository, parse


@dataclass(frozen=True, slots=True)
class Hosted:
    """A repository, and the API of the service that has it."""

    api: Api
    repository: Repository


@asynccontextmanager
async def hosted(
    application: Application, vault: Vault, policy: Policy
) -> AsyncIterator[Hosted | None]:
    """Yield the repository of *application*, which has its OWNER's row; None without an account.

    Raises NotSealedHere, and what `parse` and `Account.connect` refuse. Nothing is asked yet.
    """
    account = account_for(application.owner_org, application, vault)
    if account is None:
        yield None
        return
    repository = parse(application.repo_url, policy)
    api = account.connect(policy)
    try:
        yield Hosted(api, repository)
    finally:
        await api.close()
