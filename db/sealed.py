"""The columns whose values are sealed: one table, for whoever seals, opens or rotates."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from typing import Any

from tortoise.models import Model

from db.models import Application, Environment, Org, Task

TOKENS = ("access_token", "refresh_token")


class Shape(Enum):
    """How sealed values stand in a column, and under which name each is sealed."""

    TEXT = "one text, sealed under the column's name"
    OBJECT = "an object of texts, each sealed under its key"
    ACCOUNTS = "an object of accounts, their tokens sealed as `<account>.access_token`"


@dataclass(frozen=True, slots=True)
class Sealed:
    """A column that holds sealed values; *owner* is the column of the row that names the place."""

    model: type[Model]
    column: str
    shape: Shape
    owner: str = "id"

    def __str__(self) -> str:
        """Return `table.column`."""
        return f"{self.model._meta.db_table}.{self.column}"  # noqa: SLF001

    def place(self, owner: str) -> str:
        """Return what the values of the row of *owner* (its id, or the team's name) are bound to.

        A team's values are bound to its name, so that they survive a new OWNER.
        """
        return f"{self.model._meta.db_table}/{owner}/{self.column}"  # noqa: SLF001

    def mapped(self, content: Any, change: Callable[[str, str], str]) -> Any:
        """Return *content* of the column with `change(name, sealed)` for each sealed value."""
        if content is None:
            return None
        if self.shape is Shape.TEXT:
            return change(self.column, content)
        if self.shape is Shape.OBJECT:
            return {name: change(name, sealed) for name, sealed in content.items()}
        return {
            account: {
                name: change(f"{account}.{name}", value) if name in TOKENS and value else value
                for name, value in values.items()
            }
            for account, values in content.items()
        }


TEAM_SECRETS = Sealed(Org, "secrets", Shape.OBJECT, owner="name")
TEAM_ACCOUNTS = Sealed(Org, "third_part", Shape.ACCOUNTS, owner="name")
WEBHOOK_SECRET = Sealed(Application, "repo_webhook_secret", Shape.TEXT)
WEBHOOK_NEXT = Sealed(Application, "repo_webhook_next", Shape.TEXT)
ENVIRONMENT_SECRETS = Sealed(Environment, "secrets", Shape.OBJECT)
TASK_INPUTS = Sealed(Task, "inputs", Shape.TEXT)

SEALED = (
    *(TEAM_SECRETS, TEAM_ACCOUNTS, WEBHOOK_SECRET, WEBHOOK_NEXT),
    *(ENVIRONMENT_SECRETS, TASK_INPUTS),
)
