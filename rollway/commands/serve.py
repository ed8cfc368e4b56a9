"""`rollway serve`: serves the API, and works."""

import argparse

from rollway.listen import listen
from rollway.settings import Settings
from rollway.starting import data_folder, isolation_of, require_head, vault_of


def run(_: argparse.Namespace, settings: Settings) -> int:
    """Serve until told to stop."""
    with data_folder(settings):
        require_head(settings)
        vault = vault_of(settings)
        isolation = isolation_of(settings)
        return listen(
            settings, vault, isolation, lambda url: print(f"Rollway serves {url}", flush=True)
        )
