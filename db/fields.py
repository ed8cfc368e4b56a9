"""Kinds of columns, and the words they hold."""

from enum import StrEnum
from typing import cast

from tortoise import fields


class EnvironmentType(StrEnum):
    """What an environment is for, as the seed stores it."""

    TESTING = "testing"
    STAGING = "staging"
    PRODUCTION = "production"


def optional_text() -> "fields.Field[str | None]":
    """Return a text column that may be NULL; Tortoise's own type does not say so."""
    return cast("fields.Field[str | None]", fields.TextField(null=True))
