"""Identifiers: opaque, unique, in the order they were made."""

import secrets
import time


def new_id(prefix: str) -> str:
    """Return an id such as `t_18b0c3…`; ids made later sort later.

    It starts with a letter and holds no `:`, which is kept for ids made of two parts
    (`user:team`, `application:environment`, `task:step`).
    """
    return f"{prefix}_{time.time_ns():016x}{secrets.token_hex(8)}"
