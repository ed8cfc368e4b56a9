"""Whether settings fit each other."""

from typing import TYPE_CHECKING

from auth.logins import Service
from rollway.setting import BadSetting

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
