"""The arguments of mutations about workers."""

from collections.abc import Sequence

import strawberry

from resolvers.validation import Check, Rule

LABELS_MAX = 100


@strawberry.input(description="A new worker of a team.")
class CreateWorkerInput:
    """A new worker of a team."""

    org_name: str = strawberry.field(description="The team, whose tasks alone it runs.")
    name: str = strawberry.field(
        description="Which machine it is, say; 1 to 64 characters, unique in the team."
    )
    labels: list[str] = strawberry.field(
        default_factory=list,
        description="What it is good for: `linux`, `gpu`; at most 100. It takes tasks of"
        " environments whose `runsOn` names none but these; `team` it has in any case.",
    )

    def check(self) -> None:
        """Raise InvalidInput that names every broken rule."""
        check = Check()
        check.label(self.name, "name")
        check_labels(check, self.labels)
        check.done()


@strawberry.input(description="Which worker to remove.")
class RemoveWorkerInput:
    """Which worker to remove."""

    worker_id: strawberry.ID = strawberry.field(description="The worker's id.")


def check_labels(check: Check, labels: Sequence[str]) -> None:
    """Check what a worker is good for."""
    check.that(len(labels) <= LABELS_MAX, Rule.SECRETS, "labels")
    for at, label in enumerate(labels[:LABELS_MAX]):
        check.platform(label, "labels", str(at))
