"""A row of the catalogue of problems."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

from schema.problems import CODES, Problem, ProblemCode

# What a problem has besides, by the refusal and the language.
More: TypeAlias = Callable[[Any, str], Mapping[str, Any]]


@dataclass(frozen=True, slots=True)
class Remedy:
    """What whoever is refused, or the operator, does about it."""

    english: str
    chinese: str


@dataclass(frozen=True, slots=True)
class Entry:
    """How a refusal is shown: its type, its Chinese text (English is its docstring), its remedy.

    *field* is the path of the input to change; *retryable* tells that the same request may succeed
    later.
    """

    problem: type[Problem]
    chinese: str
    remedy: Remedy
    field: tuple[str, ...] | None = None
    retryable: bool = False
    more: More | None = None

    @property
    def code(self) -> ProblemCode:
        """What programs know it by."""
        return CODES[self.problem]


def wait(refusal: Any, _: str) -> Mapping[str, object]:
    """Return when to try again."""
    return {"retry_after": float(refusal.retry_after)}


IN_SECONDS = Remedy("Try again in {retry_after} seconds.", "请在 {retry_after} 秒后重试。")
