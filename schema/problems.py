"""Problems: what a mutation answers when it refuses."""

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from typing import Any

import strawberry

from control.deploys import (
    BlockerKind,
)
from providers import Provider
from resolvers.context import Info
from resolvers.enums.values import describe
from schema.words import told


@strawberry.enum(description="What kind of problem it is.")
class ProblemCode(StrEnum):
    """What kind of problem it is."""

    UNAUTHENTICATED = "UNAUTHENTICATED"
    FORBIDDEN = "FORBIDDEN"
    NOT_FOUND = "NOT_FOUND"
    INVALID = "INVALID"
    CONFLICT = "CONFLICT"
    ALREADY_EXISTS = "ALREADY_EXISTS"
    LIMIT_EXCEEDED = "LIMIT_EXCEEDED"
    BLOCKED = "BLOCKED"
    UPSTREAM = "UPSTREAM"
    IDEMPOTENCY_KEY_REUSED = "IDEMPOTENCY_KEY_REUSED"


describe(
    ProblemCode,
    {
        ProblemCode.UNAUTHENTICATED: "Nobody is signed in, or the name or password is wrong.",
        ProblemCode.FORBIDDEN: "The caller may not do this.",
        ProblemCode.NOT_FOUND: "It does not exist, or not for the caller.",
        ProblemCode.INVALID: "The input is not valid.",
        ProblemCode.CONFLICT: "It does not go together with how things stand now.",
        ProblemCode.ALREADY_EXISTS: "Something of this name exists already.",
        ProblemCode.LIMIT_EXCEEDED: "It is more than may be, or than may be now.",
        ProblemCode.BLOCKED: "Something stands in the way.",
        ProblemCode.UPSTREAM: "A Git hosting service refused, or is down.",
        ProblemCode.IDEMPOTENCY_KEY_REUSED: "The key was used for another request.",
    },
)


@strawberry.interface(description="Why a mutation was refused. Nothing was changed.")
class Problem:
    """Why a mutation was refused."""

    code: ProblemCode = strawberry.field(description="What kind of problem it is.")
    message: str = strawberry.field(
        description="For a person, in the language of the request's Accept-Language (en, zh)."
    )
    remedy: str = strawberry.field(
        description="What to do about it, in the same language; for a person too."
    )
    field: list[str] | None = strawberry.field(
        default=None, description="Path of the input field that has to change."
    )
    retryable: bool = strawberry.field(
        default=False, description="True when the same request may succeed later."
    )


@strawberry.type(description="A broken rule in the input.")
class InputIssue:
    """A broken rule in the input."""

    field: list[str] = strawberry.field(description="Path of the field below `input`.")
    message: str = strawberry.field(description="What the value must be.")
    line: int | None = strawberry.field(default=None, description="Line, in a text of many lines.")
    column: int | None = strawberry.field(default=None, description="Column in that line.")


@strawberry.type(description="Nobody is signed in, or the name or password is wrong.")
class UnauthenticatedProblem(Problem):
    """Nobody is signed in."""


@strawberry.type(description="The caller's role in the team does not allow it.")
class ForbiddenProblem(Problem):
    """The caller's role does not allow it."""


@strawberry.type(description="It does not exist, or belongs to a team the caller is not in.")
class NotFoundProblem(Problem):
    """It does not exist for the caller."""


@strawberry.type(description="The input is not valid.")
class InvalidProblem(Problem):
    """The input is not valid."""

    issues: list[InputIssue] = strawberry.field(
        default_factory=list, description="Every broken rule."
    )


@strawberry.type(description="It does not go together with how things stand now.")
class ConflictProblem(Problem):
    """It does not go together with how things stand now."""

    current_version: int | None = strawberry.field(
        default=None, description="The version to read again, where versions are kept."
    )


@strawberry.type(description="Something of this name exists already.")
class AlreadyExistsProblem(Problem):
    """Something of this name exists already."""


@strawberry.type(description="There are as many as there may be.")
class LimitExceededProblem(Problem):
    """There are as many as there may be."""

    retry_after: float | None = strawberry.field(
        default=None, description="Seconds after which it may succeed."
    )


def _obstacle(parent: strawberry.Parent[Any], info: Info) -> str:
    return str(told("message", parent.message, info.context.language))


@strawberry.type(description="Something that stands in the way.")
class Blocker:
    """Something that stands in the way."""

    kind: BlockerKind = strawberry.field(description="What kind of thing.")

    message = strawberry.field(_obstacle, graphql_type=str, description="What it is, for a person.")
    until: datetime | None = strawberry.field(
        default=None, description="When it will be gone, if that is known."
    )


@strawberry.type(description="Something stands in the way.")
class BlockedProblem(Problem):
    """Something stands in the way."""

    blockers: list[Blocker] = strawberry.field(default_factory=list, description="What it is.")


@strawberry.type(description="A Git hosting service refused, or is down.")
class UpstreamProblem(Problem):
    """A Git hosting service refused, or is down."""

    provider: Provider | None = strawberry.field(
        default=None, description="The service; null where it was never reached."
    )
    status: int | None = strawberry.field(
        default=None, description="The status of its answer; null where that says nothing."
    )


@strawberry.type(description="The idempotency key was used for another request.")
class IdempotencyKeyReusedProblem(Problem):
    """The idempotency key was used for another request."""


CODES: Mapping[type[Problem], ProblemCode] = {
    UnauthenticatedProblem: ProblemCode.UNAUTHENTICATED,
    ForbiddenProblem: ProblemCode.FORBIDDEN,
    NotFoundProblem: ProblemCode.NOT_FOUND,
    InvalidProblem: ProblemCode.INVALID,
    ConflictProblem: ProblemCode.CONFLICT,
    AlreadyExistsProblem: ProblemCode.ALREADY_EXISTS,
    LimitExceededProblem: ProblemCode.LIMIT_EXCEEDED,
    BlockedProblem: ProblemCode.BLOCKED,
    UpstreamProblem: ProblemCode.UPSTREAM,
    IdempotencyKeyReusedProblem: ProblemCode.IDEMPOTENCY_KEY_REUSED,
}

# What refuses a caller, and what whoever asks a Git hosting service for one meets besides.
ACCESS = (UnauthenticatedProblem, ForbiddenProblem, NotFoundProblem)
ASKING = (*ACCESS, InvalidProblem, ConflictProblem, LimitExceededProblem, UpstreamProblem)
