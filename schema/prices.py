"""What fields cost: the one table. A unit is about what a plain field takes, 10 µs."""

from collections.abc import Mapping
from dataclasses import dataclass

FIELD = 1
ENTRY = 5  # of a page
LIST_SIZE = 10  # of a list that has neither `first` nor `last`, nor a line below
TEXT_CHARACTERS = 6  # of a text that is worked through, for one unit


@dataclass(frozen=True, slots=True)
class Price:
    """What a field costs itself, and the argument whose length is worked through.

    *whole*: what is selected below costs nothing more. *each*: it costs as many times as this
    argument has entries. *entry*: what each entry of its page costs, whatever is selected of it: a
    row is read whole.
    """

    units: int = FIELD
    text: str | None = None
    whole: bool = False
    each: str | None = None
    entry: int = ENTRY


OUTSIDE = Price(1_000)  # asks another server
COUNT = Price(20)
DISK = Price(20)
WRITE = Price(20)
HASH = Price(1_000)  # of a password
DOCUMENT = Price(100)  # up to 64 KiB, read on its own

PRICES: Mapping[str, Price] = {
    "Query.__schema": Price(2_000, whole=True),
    "Query.__type": Price(50, whole=True),
    "Query.rateLimit": Price(0, whole=True),
    "Query.users": Price(50),
    "Query.pipelineCheck": Price(100, text="text"),
    "Query.triggerPreview": OUTSIDE,
    "Subscription.tasksEvents": Price(each="tasks"),
    "Environment.triggerSpec": DOCUMENT,
    "Environment.resource": DOCUMENT,
    "Step.outputs": DOCUMENT,
    "Task.triggerPayload": DOCUMENT,
    "Integration.repositories": OUTSIDE,
    "Application.branches": OUTSIDE,
    "Task.artifacts": DISK,
    "Task.events": Price(entry=20),  # which may have 64 KiB of text
    "Step.log": Price(entry=1),  # 1,000 lines may have 4 MiB
    "StepOutput.text": Price(10),
    "StepOutput.lines": Price(10),
    "Task.rollbackBlockers": COUNT,
    "OrgConnection.totalCount": COUNT,
    "ApplicationConnection.totalCount": COUNT,
    "AuditEntryConnection.totalCount": COUNT,
    "DeliveryConnection.totalCount": COUNT,
    "TaskConnection.totalCount": COUNT,
    "Mutation.signUp": HASH,
    "Mutation.signIn": HASH,
    "Mutation.changePassword": HASH,
    **{
        f"Mutation.{name}": OUTSIDE
        for name in (
            "checkAccount",
            "createApplication",
            "deleteApplication",
            "deleteOrg",
            "deploy",
            "linkAccount",
            "linkAccountByOAuth",
            "redeploy",
            "removeWebhookSecret",
            "rollback",
            "syncWebhook",
            "unlinkAccount",
            "updateApplication",
        )
    },
}

LIST_SIZES: Mapping[str, int] = {
    "Application.environments": 4,
    "Org.integrations": 2,
    "Org.secrets": 20,
    "Task.steps": 8,
    "RepositoriesPayload.nodes": 100,
    "BranchesPayload.nodes": 100,
    "Query.logins": 2,
}


def price(parent: str, field: str) -> Price:
    """Return what *field* of the type *parent* costs."""
    return PRICES.get(f"{parent}.{field}", WRITE if parent == "Mutation" else Price())
