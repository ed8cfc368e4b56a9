"""`rollway up`: everything for one person."""

import argparse
import asyncio

from auth.passwords import Passwords
from db import connect
from engine.executors.isolation import Isolation
from rollway import sample
from rollway.commands.migrate import to_head
from rollway.listen import listen
from rollway.settings import Settings
from rollway.starting import data_folder, isolation_of, vault_of


def run(_: argparse.Namespace, settings: Settings) -> int:
    """Migrate, make a sample, serve and work."""
    with data_folder(settings):
        to_head(settings)
        vault = vault_of(settings)

        async def make() -> sample.Sample | None:
            async with connect(settings.database):
                passwords = Passwords(settings.password_cost)
                return await sample.find_or_make(settings.data, vault, passwords)

        found = asyncio.run(make())
        isolation = isolation_of(settings)
        return listen(
            settings, vault, isolation, lambda url: _welcome(url, settings, isolation, found)
        )


def _welcome(
    url: str, settings: Settings, isolation: Isolation, found: sample.Sample | None
) -> None:
    lines = [
        "",
        "  Rollway is up.",
        "",
        f"  Playground    {url}/graphql",
        f"  Subscriptions {url.replace('http', 'ws', 1)}/graphql (graphql-transport-ws)",
        f"  Data          {settings.data}",
    ]
    if found:
        lines += [
            "",
            f"  Sign in as    {found.username}   password {found.password}",
            f"  Application   {sample.APPLICATION} of team {sample.TEAM}",
            f"                id {found.application_id}",
            f"  Repository    {found.repository}",
        ]
    lines += [
        "",
        "  This is one person's machine: anybody who reaches this address may sign up,",
        f"  and repositories may be {', '.join(sorted(settings.repositories))}.",
        f"  {isolation.summary}",
        "  Ctrl-C ends it.",
        "",
    ]
    print("\n".join(lines), flush=True)
