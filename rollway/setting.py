"""One setting: its variable, how its text is read, what it is for."""

from collections.abc import Callable
from dataclasses import field
from typing import Any

from auth.logins import TRAITS, Service
from rollway.refused import Refused
from rollway.variables import elsewhere, visible


class BadSetting(Refused):
    """A setting has a value it cannot have."""

    def __init__(self, name: str, reason: str) -> None:
        super().__init__(f"{name}: {reason}")


def setting(
    env: str,
    parse: Callable[[str], Any],
    default: str | None,
    text: str,
    up: str | None = None,
    *,
    secret: bool = False,
) -> Any:
    """Return a field; *up* is the default of `rollway up` where it differs.

    *secret* is what holds a key or a password: no repr gives it away.
    """
    metadata = {"env": env, "parse": parse, "default": default, "up": up or default, "help": text}
    return field(metadata=metadata, repr=not secret)


def registration(service: Service) -> tuple[Any, Any, Any]:
    """Return the fields of this server's registration with *service*."""
    prefix, traits = f"ROLLWAY_{service.upper()}_", TRAITS[service]
    return (
        setting(
            f"{prefix}CLIENT_ID",
            visible,
            None,
            f"Sign-in with {traits.name}: the client id of this server's registration there.",
        ),
        setting(
            f"{prefix}CLIENT_SECRET",
            visible,
            None,
            "The client secret that belongs to it.",
            secret=True,
        ),
        setting(
            f"{prefix}URL",
            elsewhere,
            traits.url,
            f"Address of {traits.name}, if it is another one.",
        ),
    )
