"""The enums of the rooms below, given to the API in one place and before anything uses them."""

from enum import StrEnum

import strawberry

from auth.logins import Service
from auth.permissions import Role, Scope
from control.deploys import BlockerKind, RedeployMode
from control.port import WaitingFor
from db.audit import Act
from db.fields import Concurrency, EnvironmentType, OnLost, Priority
from engine.events import LogStream
from engine.state import StepStatus, TaskStatus
from providers import Provider
from resolvers.enums.values import describe


class SessionKind(StrEnum):
    """How the session travels."""

    COOKIE = "COOKIE"
    BEARER = "BEARER"


strawberry.enum(
    SessionKind, description="How the session travels: a cookie for browsers, a token for others."
)
strawberry.enum(
    RedeployMode,
    description="EXACT repeats the sealed plan: same commit, same pipeline text. REFRESH_CONFIG"
    " takes the same commit with today's settings and the pipeline file of that commit.",
)
strawberry.enum(BlockerKind, description="What kind of thing stands in the way.")
strawberry.enum(
    Scope,
    name="TokenScope",
    description="What an API token may be used for, within what its user may do: READ looks,"
    " DEPLOY deploys and cancels and sees nothing else, ADMIN does all.",
)
strawberry.enum(Act, name="AuditAction", description="What an entry of the audit log tells.")
strawberry.enum(
    Service, name="LoginService", description="A service whose logins can be used to sign in."
)
strawberry.enum(Role, description="A member's standing; a team has exactly one OWNER.")
strawberry.enum(Provider, description="A Git hosting service; GIT is any clone URL, no API.")
strawberry.enum(EnvironmentType, description="What an environment is for.")
strawberry.enum(Concurrency, description="What a new task does to the others of its environment.")
strawberry.enum(
    Priority, description="Which environments go first where there are fewer workers than tasks."
)
strawberry.enum(OnLost, description="What becomes of a task whose worker is gone.")
strawberry.enum(TaskStatus, description="Where a task stands.")
strawberry.enum(StepStatus, description="Where a step stands.")
strawberry.enum(WaitingFor, description="What a PENDING task waits for besides its turn.")
strawberry.enum(
    LogStream, description="Who wrote a line: OUTPUT the step's command, SYSTEM Rollway."
)

describe(
    SessionKind,
    {
        SessionKind.COOKIE: "A cookie, for browsers.",
        SessionKind.BEARER: "A token for `Authorization: Bearer`, for other programs.",
    },
)
for kind in (
    *(RedeployMode, BlockerKind, Scope, Act, Service, Role, Provider, EnvironmentType),
    *(Concurrency, Priority, OnLost, TaskStatus, WaitingFor, StepStatus, LogStream),
):
    describe(kind)
