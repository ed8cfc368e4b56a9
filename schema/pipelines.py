"""What is said of a pipeline file."""

from enum import StrEnum

import strawberry

from engine.language.verdict import Verdict
from resolvers.enums.values import describe


@strawberry.enum(description="How bad something is.")
class Severity(StrEnum):
    """How bad something is."""

    ERROR = "ERROR"
    WARNING = "WARNING"


describe(
    Severity,
    {
        Severity.ERROR: "The file cannot be run.",
        Severity.WARNING: "It may not be meant so.",
    },
)


@strawberry.type(description="Something to be said of a place in a pipeline file.")
class PipelineIssue:
    """Something to be said of a place in a pipeline file."""

    severity: Severity = strawberry.field(
        description="ERROR: the file cannot be run. WARNING: it may not be meant so."
    )
    message: str = strawberry.field(description="What it is, and what to write instead.")
    line: int = strawberry.field(description="Its line, from 1.")
    column: int = strawberry.field(description="Its column in that line, from 1.")


def _issues(parent: strawberry.Parent[Verdict]) -> list[PipelineIssue]:
    return [
        PipelineIssue(severity=severity, message=each.message, line=each.line, column=each.column)
        for severity, said in (
            (Severity.ERROR, parent.issues),
            (Severity.WARNING, parent.warnings),
        )
        for each in said
    ]


def _steps(parent: strawberry.Parent[Verdict]) -> list[str]:
    return [step.name for step in parent.steps]


@strawberry.type(description="What the checker says of a pipeline file.")
class PipelineCheck:
    """What the checker says of a pipeline file."""

    valid: bool = strawberry.field(description="There is no ERROR: the file can be run.")
    issues: list[PipelineIssue] = strawberry.field(
        resolver=_issues,
        description="Errors, then warnings, each by line; at most 101 errors and 100 warnings.",
    )
    steps: list[str] = strawberry.field(
        resolver=_steps,
        description="The names of its steps, in order, clean-ups included; empty if not valid.",
    )
