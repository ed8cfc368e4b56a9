"""Kinds of columns, and the words they hold."""

from enum import IntEnum, StrEnum
from typing import cast

from tortoise import fields
from tortoise.models import Model
from tortoise.validators import MaxLengthValidator


class EnvironmentType(StrEnum):
    """What an environment is for, as the seed stores it."""

    TESTING = "testing"
    STAGING = "staging"
    PRODUCTION = "production"


class Concurrency(StrEnum):
    """What a new task does to the others of its environment."""

    QUEUE = "queue"
    SUPERSEDE = "supersede"
    CANCEL_RUNNING = "cancel_running"


class Priority(IntEnum):
    """Which environments go first where workers are short; the higher number does."""

    LOW = -1
    NORMAL = 0
    HIGH = 1


class OnLost(StrEnum):
    """What becomes of a task whose worker is gone."""

    FAIL = "fail"
    REQUEUE = "requeue"


def optional_text() -> "fields.Field[str | None]":
    """Return a text column that may be NULL; Tortoise's own type does not say so."""
    return cast("fields.Field[str | None]", fields.TextField(null=True))


def without_length_checks(*models: type[Model]) -> None:
    """Let a filter ask for a text of any length: it finds nothing, and that is no fault.

    What is stored is checked where it comes in (`resolvers.validation`).
    """
    for model in models:
        for field in model._meta.fields_map.values():  # noqa: SLF001
            field.validators = [
                each for each in field.validators if not isinstance(each, MaxLengthValidator)
            ]
