"""The types: the four of the seed, and what stands beside them."""

from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import strawberry
from strawberry.scalars import JSON

from auth.permissions import Role
from control.port import WaitingFor
from db import models
from db.fields import Concurrency, EnvironmentType, OnLost, Priority
from engine.state import StepStatus, TaskStatus
from providers import Provider
from resolvers import (
    applications,
    audit,
    environments,
    members,
    orgs,
    ownership,
    sessions,
    tasks,
    users,
)
from resolvers.deliveries import deploy_hooks, setting_up, webhooks
from resolvers.integrations import accounts
from resolvers.workers import machines
from schema.account import ApiToken, ApplicationOffer, AuditEntry, Invitation, Session
from schema.branches import branches
from schema.node import Node, shows
from schema.paging import Connection
from schema.permissions import ApplicationPermissions, OrgPermissions, TaskPermissions
from schema.problems import Blocker
from schema.triggers import Trigger
from schema.watching.events import LogPage, TaskEventPage

if TYPE_CHECKING:
    from schema.deploy_hooks import DeployHook
    from schema.integrations import Integration
    from schema.webhooks import Delivery
    from schema.workers.machines import Worker

LazyUser = Annotated["User", strawberry.lazy("schema.types")]
LazyOrg = Annotated["Org", strawberry.lazy("schema.types")]
LazyApplication = Annotated["Application", strawberry.lazy("schema.types")]
LazyEnvironment = Annotated["Environment", strawberry.lazy("schema.types")]
LazyTask = Annotated["Task", strawberry.lazy("schema.types")]
LazyDelivery = Annotated["Delivery", strawberry.lazy("schema.webhooks")]
LazyWorker = Annotated["Worker", strawberry.lazy("schema.workers.machines")]
LazyDeployHook = Annotated["DeployHook", strawberry.lazy("schema.deploy_hooks")]
LazyIntegration = Annotated["Integration", strawberry.lazy("schema.integrations")]
LazyStep = Annotated["Step", strawberry.lazy("schema.types")]


def _itself(parent: strawberry.Parent[models.Task]) -> models.Task:
    return parent


@strawberry.type(description="What may be seen of a secret.")
class SecretKey:
    """What may be seen of a secret."""

    key: str = strawberry.field(description="Its name.")
    version: int = strawberry.field(description="Goes up with every new value.")
    updated_time: datetime = strawberry.field(description="When its value was set.")


@strawberry.type(description="Where the hosting service sends its deliveries.")
class WebhookStatus:
    """Where the hosting service sends its deliveries."""

    url: str = strawberry.field(description="The address to give to the service.")
    secret_set: bool = strawberry.field(description="True when deliveries can be proven.")
    last_delivery_time: datetime | None = strawberry.field(description="When the last one came.")
    registered_url: str | None = strawberry.field(
        description="The address that was set at the service with the team's account; null for"
        " none. Where it is not `url`, `syncWebhook` sets it anew."
    )


@strawberry.type(description="A cloud function that an environment deploys.")
class FunctionResource:
    """A cloud function that an environment deploys."""

    uid: str | None = strawberry.field(description="The cloud account.")
    region: str | None = strawberry.field(description="The region.")
    service: str | None = strawberry.field(description="The service it belongs to.")
    name: str = strawberry.field(description="Its name.")


@strawberry.type(description="A person who signs in.")
class User(Node):
    """A person who signs in."""

    is_type_of = shows(models.User)
    username: str = strawberry.field(description="The name to sign in with.")
    email = strawberry.field(
        users.email,
        graphql_type=str | None,
        description="The e-mail address; only to the user themself.",
    )
    avatar: str | None = strawberry.field(description="Address of a picture.")
    github_linked = strawberry.field(
        users.github_linked, graphql_type=bool, description="True when a GitHub login is linked."
    )
    gitee_linked = strawberry.field(
        users.gitee_linked, graphql_type=bool, description="True when a Gitee login is linked."
    )
    orgs = strawberry.field(
        users.orgs,
        graphql_type=Connection[LazyOrg],
        description="The user's teams by name; of another user those that the caller is in too.",
    )
    api_tokens = strawberry.field(
        sessions.tokens_of_user,
        graphql_type=list[ApiToken] | None,
        description="The user's API tokens; only to the user in person, else null.",
    )
    sessions = strawberry.field(
        sessions.of_user,
        graphql_type=list[Session] | None,
        description="Where the user is signed in; only to the user in person, else null.",
    )
    invitations = strawberry.field(
        members.of_user,
        graphql_type=list[Invitation] | None,
        description="Invitations by name; only to the user in person, else null.",
    )
    audit = strawberry.field(
        audit.of_user,
        graphql_type=Connection[AuditEntry] | None,
        description="What was done with the account, newest first; only to the user in person,"
        " else null.",
    )


@strawberry.type(
    description="One user's row in one team. What the team shares is read from the OWNER's."
)
class Org(Node):
    """One user's row in one team. What the team shares is read from the OWNER's."""

    is_type_of = shows(models.Org)
    name: str = strawberry.field(description="The team's name; it never changes.")
    alias = strawberry.field(
        orgs.alias, graphql_type=str | None, description="The name people see."
    )
    logo = strawberry.field(orgs.logo, graphql_type=str | None, description="Address of a picture.")
    description = strawberry.field(
        orgs.description, graphql_type=str | None, description="What the team does."
    )
    role = strawberry.field(orgs.role, graphql_type=Role, description="The member's role.")
    user = strawberry.field(orgs.user, graphql_type=LazyUser, description="Whose row it is.")
    owner = strawberry.field(orgs.owner, graphql_type=LazyOrg, description="The OWNER's row.")
    invitations = strawberry.field(
        members.of_org,
        graphql_type=list[Invitation] | None,
        description="Pending invitations; null for those who may not invite.",
    )
    members = strawberry.field(
        orgs.members, graphql_type=Connection[LazyOrg], description="The rows of all members."
    )
    applications = strawberry.field(
        orgs.applications,
        graphql_type=Connection[LazyApplication],
        description="The team's applications by name.",
    )
    tasks = strawberry.field(
        orgs.tasks,
        graphql_type=Connection[LazyTask],
        description="The tasks of all applications of the team, newest first.",
    )
    secrets = strawberry.field(
        orgs.secrets,
        graphql_type=list[SecretKey],
        description="Names, versions and dates of the team's secrets; values are never shown.",
    )
    integrations = strawberry.field(
        accounts.of_org,
        graphql_type=list[LazyIntegration],
        description="Linked Git hosting accounts, without their tokens.",
    )
    workers = strawberry.field(
        machines.of_org,
        graphql_type=list[LazyWorker] | None,
        description="Workers elsewhere that run the team's tasks; null for those who may not make"
        " any.",
    )
    offers = strawberry.field(
        ownership.offers,
        graphql_type=list[ApplicationOffer] | None,
        description="Applications offered to the team, at most 100 at a time; null for those who"
        " may not accept them.",
    )
    audit = strawberry.field(
        audit.of_org,
        graphql_type=Connection[AuditEntry] | None,
        description="What was done in the team, newest first; null for those who may not read it.",
    )
    viewer_can = strawberry.field(
        orgs.viewer_can, graphql_type=OrgPermissions, description="What the caller may do here."
    )


@strawberry.type(description="A repository that a team deploys.")
class Application(Node):
    """A repository that a team deploys."""

    is_type_of = shows(models.Application)
    name: str = strawberry.field(description="Unique in the team.")
    description: str | None = strawberry.field(description="What it is.")
    org = strawberry.field(
        applications.org,
        graphql_type=LazyOrg | None,
        description="The row of who created it; null once that member has left.",
    )
    owner_org = strawberry.field(
        applications.owner_org,
        graphql_type=LazyOrg,
        description="The OWNER's row of the team it belongs to.",
    )
    provider = strawberry.field(
        applications.provider, graphql_type=Provider, description="Who hosts the repository."
    )
    repo_owner: str = strawberry.field(description="The repository's owner.")
    repo_id: str = strawberry.field(
        description="The hosting service's id of the repository; for GIT one of ours."
    )
    repo_name: str = strawberry.field(description="The repository's name.")
    repo_url: str = strawberry.field(description="The clone URL.")
    transfer_org_name: str | None = strawberry.field(
        name="offeredTo", description="The team it is offered to; null for none."
    )
    webhook = strawberry.field(
        setting_up.status,
        graphql_type=WebhookStatus | None,
        description="The webhook; null until one is set up.",
    )
    environments = strawberry.field(
        applications.all_environments,
        graphql_type=list[LazyEnvironment],
        description="The environments by name; at most 50.",
    )
    environment = strawberry.field(
        applications.environment,
        graphql_type=LazyEnvironment | None,
        description="One environment.",
    )
    branches = branches
    deliveries = strawberry.field(
        webhooks.of_application,
        graphql_type=Connection[LazyDelivery],
        description="What its webhook was sent, newest first; kept for 30 days.",
    )
    tasks = strawberry.field(
        applications.tasks,
        graphql_type=Connection[LazyTask],
        description="The tasks, newest first.",
    )
    created_time: datetime = strawberry.field(description="When it was created.")
    updated_time: datetime = strawberry.field(description="When it was changed last.")
    viewer_can = strawberry.field(
        applications.viewer_can,
        graphql_type=ApplicationPermissions,
        description="What the caller may do here.",
    )


@strawberry.type(
    description="Where an application is deployed to. Its id is `<application id>:<name>`."
)
class Environment(Node):
    """Where an application is deployed to. Its id is `<application id>:<name>`."""

    is_type_of = shows(models.Environment)
    application = strawberry.field(
        environments.application, graphql_type=LazyApplication, description="What is deployed here."
    )
    name: str = strawberry.field(description="Unique in the application.")
    type = strawberry.field(
        environments.environment_type, graphql_type=EnvironmentType, description="What it is for."
    )
    trigger_spec = strawberry.field(
        environments.trigger_spec,
        graphql_type=JSON,
        description="Which pushes deploy here: the seed's document.",
    )
    cd_pipeline_yaml: str = strawberry.field(
        description="Path of the pipeline file in the repository."
    )
    secrets = strawberry.field(
        environments.secrets,
        graphql_type=list[SecretKey],
        description="Names, versions and dates of the environment's own secrets.",
    )
    resource = strawberry.field(
        environments.resource,
        graphql_type=JSON,
        description="The cloud functions deployed here: the seed's document.",
    )
    runs_on = strawberry.field(
        environments.runs_on,
        graphql_type=list[str],
        description="Labels: its tasks run on workers that have all of these. `team` is that of the"
        " team's own workers. Empty: any worker.",
    )
    resources = strawberry.field(
        environments.resources, graphql_type=list[FunctionResource], description="The same, typed."
    )
    concurrency = strawberry.field(
        environments.concurrency,
        graphql_type=Concurrency,
        description="What a new task does to the others of the environment.",
    )
    priority = strawberry.field(
        environments.priority,
        graphql_type=Priority,
        description="Whether its tasks go before or after those of other environments.",
    )
    on_lost = strawberry.field(
        environments.on_lost,
        graphql_type=OnLost,
        description="What becomes of a task whose worker is gone.",
    )
    latest_task = strawberry.field(
        environments.latest_task,
        graphql_type=LazyTask | None,
        description="The task that was created last.",
    )
    active_task = strawberry.field(
        environments.active_task,
        graphql_type=LazyTask | None,
        description="The task that a worker runs now, else the one that is next.",
    )
    queue = strawberry.field(
        environments.queue,
        graphql_type=Connection[LazyTask],
        description="Tasks that wait for their turn, the next one first.",
    )
    deploy_hooks = strawberry.field(
        deploy_hooks.of_environment,
        graphql_type=list[LazyDeployHook],
        description="Secret addresses that deploy here, newest first; at most 20.",
    )
    version: int = strawberry.field(
        description="Goes up with every change; pass it as `expectedVersion`."
    )
    next_scheduled_time: datetime | None = strawberry.field(
        description="When the schedule of `triggerSpec` deploys next; null without one."
    )
    schedule_problem: str | None = strawberry.field(
        description="Why the last time of the schedule did not deploy; null if it did."
    )


@strawberry.type(description="Files that a task keeps, as one tar file.")
class Artifact:
    """Files that a task keeps."""

    is_type_of = shows(tasks.Kept)
    name: str = strawberry.field(description="Its name in the pipeline.")
    size_bytes: int = strawberry.field(description="The size of the tar file.")
    url: str = strawberry.field(
        description="Where it can be read, by whoever sees the task, signed in as for this API."
    )


@strawberry.type(description="One deploy.")
class Task(Node):
    """One deploy."""

    is_type_of = shows(models.Task)
    application = strawberry.field(
        tasks.application, graphql_type=LazyApplication, description="What is deployed."
    )
    env_name: str = strawberry.field(description="The environment's name.")
    environment = strawberry.field(
        tasks.environment,
        graphql_type=LazyEnvironment | None,
        description="Where it is deployed; null once the environment is gone.",
    )
    status = strawberry.field(
        tasks.status, graphql_type=TaskStatus, description="Where the task stands."
    )
    completed = strawberry.field(
        tasks.completed, graphql_type=bool, description="True once nothing follows."
    )
    runs_on = strawberry.field(
        tasks.runs_on,
        graphql_type=list[str],
        description="`Environment.runsOn` of when it was asked for: its worker has these labels.",
    )
    waiting_for = strawberry.field(
        tasks.waiting_for,
        graphql_type=WaitingFor | None,
        description="What a PENDING task waits for besides its turn; known within 5 seconds, and"
        " told to whoever watches the task's status.",
    )
    steps = strawberry.field(
        tasks.steps,
        graphql_type=list[LazyStep],
        description="The steps in order; step 0 sets the task up and finds the others.",
    )
    artifacts = strawberry.field(
        tasks.artifacts,
        graphql_type=list[Artifact],
        description="What its steps keep with it, by name; for 90 days, or until room is needed.",
    )
    trigger_type: str = strawberry.field(
        description="The seed's word: manual, redeploy, rollback, github, ..., tracker:<platform>."
    )
    trigger = strawberry.field(_itself, graphql_type=Trigger, description="The same, typed.")
    trigger_payload = strawberry.field(
        tasks.trigger_payload,
        graphql_type=JSON | None,
        description="The request that caused it; no token and no secret is ever stored in it.",
    )
    dispatch_org = strawberry.field(
        tasks.dispatch_org,
        graphql_type=LazyOrg | None,
        description="The row of who did it; null for a webhook, and once that member has left.",
    )
    provider = strawberry.field(
        tasks.provider, graphql_type=Provider | None, description="Who hosts the repository."
    )
    ref: str | None = strawberry.field(description="The full ref, such as refs/heads/main.")
    branch: str | None = strawberry.field(description="The branch, if it was one.")
    tag: str | None = strawberry.field(description="The tag, if it was one.")
    commit: str | None = strawberry.field(
        description="The commit's full hash; null while the repository could not be reached."
    )
    message: str | None = strawberry.field(description="Why it was deployed, as given.")
    superseded_by = strawberry.field(
        tasks.superseded_by,
        graphql_type=LazyTask | None,
        description="The newer task of the environment that replaced this one.",
    )
    source_task = strawberry.field(
        tasks.source_task,
        graphql_type=LazyTask | None,
        description="What a redeploy or a rollback repeats.",
    )
    plan_hash: str | None = strawberry.field(
        description="Digest of commit, pipeline, settings, secret versions."
    )
    created_time: datetime = strawberry.field(description="When it was asked for.")
    started_time: datetime | None = strawberry.field(
        description="When a worker took it, or another system reported it RUNNING."
    )
    finished_time: datetime | None = strawberry.field(description="When it ended.")
    updated_time: datetime = strawberry.field(
        description="When it or one of its steps changed status last, or `waitingFor` did."
    )
    duration = strawberry.field(
        tasks.duration, graphql_type=float | None, description="Seconds from start to end."
    )
    viewer_can = strawberry.field(
        tasks.viewer_can, graphql_type=TaskPermissions, description="What the caller may do here."
    )
    rollback_blockers = strawberry.field(
        tasks.rollback_blockers,
        graphql_type=list[Blocker],
        description="What keeps it from being rolled back to exactly.",
    )
    events = strawberry.field(
        tasks.events, graphql_type=TaskEventPage, description="The journal, page by page."
    )


@strawberry.type(description="One part of a task. Its id is `<task id>:<index>`.")
class Step(Node):
    """One part of a task. Its id is `<task id>:<index>`."""

    is_type_of = shows(models.Step)
    index: int = strawberry.field(description="From 0; step 0 sets the task up.")
    name: str = strawberry.field(description="From the pipeline.")
    status = strawberry.field(
        tasks.step_status, graphql_type=StepStatus, description="Where the step stands."
    )
    started_time: datetime | None = strawberry.field(description="When it began.")
    finished_time: datetime | None = strawberry.field(description="When it ended.")
    duration = strawberry.field(
        tasks.step_duration, graphql_type=float | None, description="Seconds from start to end."
    )
    exit_code: int | None = strawberry.field(description="The command's exit code.")
    error: str | None = strawberry.field(description="What went wrong, and where.")
    outputs = strawberry.field(
        tasks.step_outputs,
        graphql_type=JSON | None,
        description="What the step set for later steps.",
    )
    log_bytes: int = strawberry.field(description="How much of its output is kept.")
    log = strawberry.field(
        tasks.step_log, graphql_type=LogPage, description="The step's log, by line numbers."
    )
