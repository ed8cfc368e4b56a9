"""A pipeline's text goes in, what the checker says of it comes out."""

from dataclasses import dataclass

from engine.language.document import Issue
from engine.plan import InvalidPipeline, Step, parse


@dataclass(frozen=True, slots=True)
class Verdict:
    """What is wrong with a pipeline, what may not be meant so, and its *steps* if nothing is."""

    issues: tuple[Issue, ...]
    warnings: tuple[Issue, ...]
    steps: tuple[Step, ...] = ()

    @property
    def valid(self) -> bool:
        """The pipeline can be run."""
        return not self.issues


def examine(text: str) -> Verdict:
    """Check the pipeline *text*; nothing of it runs."""
    try:
        plan = parse(text, path="")
    except InvalidPipeline as invalid:
        return Verdict(invalid.issues, invalid.warnings)
    return Verdict((), plan.warnings, plan.steps)
