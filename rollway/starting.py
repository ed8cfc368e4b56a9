"""What every command needs before it begins: the data folder, the database, the keys."""

import asyncio
import fcntl
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from time import monotonic, sleep

from db.trouble import NoConnection, reason
from db.vault import Vault
from engine.executors.isolation import Isolation, Level, Unavailable, choose
from rollway import migrations
from rollway.keyfile import KeyFile
from rollway.refused import Refused
from rollway.settings import Settings

log = logging.getLogger("rollway.server")

CONNECTION_SECONDS = 60.0  # for a database that has no connection to spare
RETRY_SECONDS = 2.0


def isolation_of(settings: Settings) -> Isolation:
    """Return how steps are kept apart; Refused where it is not as the settings say."""
    if not settings.worker_slots:
        return Isolation(Level.PLAIN)
    try:
        isolation = choose(settings.isolation, settings.workspaces)
    except Unavailable as reason:
        raise Refused(f"ROLLWAY_ISOLATION is {settings.isolation}, but {reason}") from reason
    if isolation.level is not Level.BWRAP:
        log.warning("%s (%s)", isolation.note, "; ".join(isolation.reasons) or "as was asked for")
    return isolation


@contextmanager
def reaching(settings: Settings, other: str | None = None) -> Iterator[None]:
    """Refuse what the database, or the *other* one, cannot do within the block."""
    try:
        yield
    except Refused:
        raise
    except Exception as fault:  # the driver's own, the ORM's, the operating system's
        kind = (other or settings.database).partition("://")[0]
        raise Refused(f"the {kind} database cannot be used: {reason(fault)}") from fault


def require_head(settings: Settings) -> None:
    """Refuse a database that is not at this version."""
    with reaching(settings):
        missing = _pending(settings.database)
    if missing:
        raise Refused(f"the database lacks {', '.join(missing)}; run `rollway migrate` first")


def _pending(url: str) -> list[str]:
    """Return what the database lacks, once it has a connection to spare."""
    end = monotonic() + CONNECTION_SECONDS
    while True:
        try:
            return asyncio.run(migrations.pending(url))
        except NoConnection as fault:
            left_seconds = end - monotonic()
            if left_seconds < 0:
                raise
            log.warning("%s Asked again for %.0f s.", fault, left_seconds)
        sleep(RETRY_SECONDS)


@contextmanager
def data_folder(settings: Settings) -> Iterator[None]:
    """Hold the data folder: an SQLite database and a folder of workspaces belong to one process.

    A server that does not work itself shares its folder with a worker beside it.
    """
    make_folder(settings)
    with (settings.data / "lock").open("w") as lock:
        if settings.embedded or settings.worker_slots:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError as fault:
                raise Refused(f"another Rollway uses the data folder {settings.data}") from fault
        yield


def make_folder(settings: Settings) -> None:
    """Make the data folder; Refused where it cannot be used."""
    try:
        settings.data.mkdir(mode=0o700, parents=True, exist_ok=True)
        (settings.data / "lock").touch()
    except OSError as fault:
        raise Refused(f"ROLLWAY_DATA: {settings.data} cannot be used: {fault.strerror}") from fault


def vault_of(settings: Settings) -> Vault:
    """Return the vault; makes the key file on first start."""
    if settings.master_keys:
        return Vault(*settings.master_keys)
    make_folder(settings)
    file = KeyFile(settings.data)
    return Vault(*file.read_or_make(), newer=file.newer)
