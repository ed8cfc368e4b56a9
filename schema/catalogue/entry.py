"""A row of the catalogue: how one refusal is shown to clients."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, TypeAlias

from schema.problems import CODES, Problem, ProblemCode

# What a problem has besides, by the refusal and the language.
More: TypeAlias = Callable[[Any, str], Mapping[str, Any]]


class ErrorCode(StrEnum):
    """Codes of errors that are no problem of a mutation."""

    INTERNAL = "INTERNAL"
    UNAVAILABLE = "UNAVAILABLE"
    PERSISTED_QUERY_NOT_FOUND = "PERSISTED_QUERY_NOT_FOUND"
    PERSISTED_QUERY_NOT_SUPPORTED = "PERSISTED_QUERY_NOT_SUPPORTED"
    DOCUMENT_NOT_REGISTERED = "DOCUMENT_NOT_REGISTERED"


@dataclass(frozen=True, slots=True)
class Remedy:
    """What whoever is refused, or the operator, does about it."""

    english: str
    chinese: str


@dataclass(frozen=True, slots=True)
class Entry:
    """How a refusal is shown: as what, its Chinese text (English is its docstring), its remedy.

    *shown* is the type of the problem that it is, or the code alone where no mutation runs by then.
    *field* is the path of the input to change; *retryable* tells that the same request may succeed
    later.
    """

    shown: type[Problem] | ProblemCode | ErrorCode
    chinese: str
    remedy: Remedy
    field: tuple[str, ...] | None = None
    retryable: bool = False
    more: More | None = None

    @property
    def problem(self) -> type[Problem] | None:
        """The type of the problem; None for what is never one."""
        return self.shown if isinstance(self.shown, type) else None

    @property
    def code(self) -> ProblemCode | ErrorCode:
        """What programs know it by."""
        return CODES[self.shown] if isinstance(self.shown, type) else self.shown


def wait(refusal: Any, _: str) -> Mapping[str, object]:
    """Return when to try again."""
    return {"retry_after": float(refusal.retry_after)}


IN_SECONDS = Remedy("Try again in {retry_after} seconds.", "请在 {retry_after} 秒后重试。")
