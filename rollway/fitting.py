"""Whether settings fit each other."""

from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from auth.logins import Service
from rollway.setting import BadSetting
from rollway.variables import on_this_machine

if TYPE_CHECKING:
    from rollway.settings import Settings

ANY_ADDRESS = frozenset({"0.0.0.0", "::"})  # noqa: S104 (compared, not bound)
PASSES_KIB_MIN = 35840  # memory times passes; OWASP's least: 7 MiB in 5 passes


def check(settings: "Settings") -> None:
    """Raise BadSetting for the first one that does not fit the others."""
    if settings.embedded and not settings.worker_slots:
        raise BadSetting(
            "ROLLWAY_WORKER_SLOTS", "must be at least 1 with SQLite: nobody else works"
        )
    if settings.argon2_memory_kib * settings.argon2_passes < PASSES_KIB_MIN:
        raise BadSetting(
            "ROLLWAY_ARGON2_PASSES", f"times the memory must be at least {PASSES_KIB_MIN} KiB"
        )
    if settings.cost_max > settings.cost_per_minute:
        raise BadSetting("ROLLWAY_COST_MAX", "must not be more than ROLLWAY_COST_PER_MINUTE")
    _check_logins(settings)
    _check_worker(settings)


def _check_logins(settings: "Settings") -> None:
    for service in Service:
        names = [f"ROLLWAY_{service.upper()}_CLIENT_{part}" for part in ("ID", "SECRET")]
        given = [getattr(settings, f"{service}_client_{part}") for part in ("id", "secret")]
        if any(given) and not all(given):
            missing, there = names if given[1] else reversed(names)
            raise BadSetting(missing, f"must be set where {there} is")
    if settings.logins and settings.host in ANY_ADDRESS and settings.public_url is None:
        raise BadSetting(
            "ROLLWAY_PUBLIC_URL", "must be set: another service has to send people back here"
        )


def _check_worker(settings: "Settings") -> None:
    for each in settings.worker_urls or ():
        parts = urlsplit(each)
        plain = parts.scheme != "https" and not on_this_machine(parts.hostname or "")
        if plain and settings.worker_http == "loopback":
            raise BadSetting(
                "ROLLWAY_WORKER_URL",
                "must begin with https:// unless it is on this machine, or ROLLWAY_WORKER_HTTP"
                f" says that the network is yours alone: {each}",
            )
    if settings.worker_metrics and not settings.metrics_token:
        host, _ = settings.worker_metrics
        if not on_this_machine(host):
            raise BadSetting(
                "ROLLWAY_METRICS_TOKEN", "must be set where others can reach ROLLWAY_WORKER_METRICS"
            )
