"""The roots: one declared line each, naming the resolver."""

import strawberry

from auth.logins import Service
from auth.permissions import Action
from resolvers import (
    applications,
    environments,
    logins,
    nodes,
    orgs,
    pipelines,
    secrets,
    tasks,
    users,
)
from resolvers.deliveries import webhooks
from resolvers.operations import bounds
from resolvers.trackers import reports
from schema.access import AccessMutations
from schema.compiling.calls import ONCE
from schema.deploy_hooks import DeployHookMutations
from schema.integrations import IntegrationMutations
from schema.mutations import mutation, query
from schema.node import Node
from schema.pipelines import PipelineCheck
from schema.problems import (
    ACCESS,
    ASKING,
    AlreadyExistsProblem,
    BlockedProblem,
    ConflictProblem,
    ForbiddenProblem,
    IdempotencyKeyReusedProblem,
    InvalidProblem,
    LimitExceededProblem,
    UnauthenticatedProblem,
    UpstreamProblem,
)
from schema.rate_limit import RateLimit
from schema.types import Application, Environment, Org, SecretKey, Task, User
from schema.webhooks import TriggerPreviewPayload, WebhookMutations
from schema.workers.machines import WorkerMutations


@strawberry.type(description="A new account, signed in.")
class SignUpPayload:
    """A new account, signed in."""

    user: User = strawberry.field(description="The new user.")
    token: str | None = strawberry.field(
        description="For `Authorization: Bearer`; null with COOKIE."
    )


@strawberry.type(description="A new session.")
class SignInPayload:
    """A new session."""

    user: User = strawberry.field(description="Who signed in.")
    token: str | None = strawberry.field(
        description="For `Authorization: Bearer`; null with COOKIE."
    )


@strawberry.type(description="Sessions that ended.")
class SignOutPayload:
    """Sessions that ended."""

    ended_sessions: int = strawberry.field(description="How many.")


@strawberry.type(description="A new password.")
class ChangePasswordPayload:
    """A new password."""

    user: User = strawberry.field(description="Whose it is.")
    ended_sessions: int = strawberry.field(
        description="How many other sessions of the user ended; the one that asked goes on."
    )


@strawberry.type(description="A changed account.")
class UpdateUserPayload:
    """A changed account."""

    user: User = strawberry.field(description="The user.")


@strawberry.type(description="A way to sign in with another service.")
class Login:
    """A way to sign in with another service."""

    service: Service = strawberry.field(description="The service.")
    start_url: str = strawberry.field(
        description="Address to open in a browser; `?next=/path` says where it ends."
    )


@strawberry.type(description="A login that is being linked.")
class LinkLoginPayload:
    """A login that is being linked."""

    authorize_url: str = strawberry.field(
        description="Address to open within 10 minutes, in the browser that keeps this answer's"
        " cookie."
    )


@strawberry.type(description="A login that was unlinked.")
class UnlinkLoginPayload:
    """A login that was unlinked."""

    user: User = strawberry.field(description="The user.")


@strawberry.type(description="A new team.")
class CreateOrgPayload:
    """A new team."""

    org: Org = strawberry.field(description="The caller's row in it, as OWNER.")


@strawberry.type(description="A new application.")
class CreateApplicationPayload:
    """A new application."""

    application: Application = strawberry.field(description="The application.")


@strawberry.type(description="A changed application.")
class UpdateApplicationPayload:
    """A changed application."""

    application: Application = strawberry.field(description="The application.")


@strawberry.type(description="A new environment.")
class CreateEnvironmentPayload:
    """A new environment."""

    environment: Environment = strawberry.field(description="The environment.")


@strawberry.type(description="A changed environment.")
class UpdateEnvironmentPayload:
    """A changed environment."""

    environment: Environment = strawberry.field(description="The environment.")


@strawberry.type(description="Changed secrets.")
class SetSecretsPayload:
    """Changed secrets."""

    secrets: list[SecretKey] = strawberry.field(description="All secrets of the scope, by name.")


@strawberry.type(description="A queued deploy.")
class DeployPayload:
    """A queued deploy."""

    task: Task = strawberry.field(description="The task, PENDING; watch it with `taskEvents`.")


@strawberry.type(description="A queued deploy of an earlier task's commit.")
class RedeployPayload:
    """A queued deploy of an earlier task's commit."""

    task: Task = strawberry.field(description="The new task.")


@strawberry.type(description="A queued deploy of an earlier success.")
class RollbackPayload:
    """A queued deploy of an earlier success."""

    task: Task = strawberry.field(description="The new task.")


@strawberry.type(description="A task that is being stopped.")
class CancelTaskPayload:
    """A task that is being stopped."""

    task: Task = strawberry.field(description="The task: CANCELLED, or RUNNING until it stops.")


@strawberry.type(description="A deploy made elsewhere.")
class ReportTaskPayload:
    """A deploy made elsewhere."""

    task: Task = strawberry.field(
        description="Its task, as it stands: a report that is behind changes nothing."
    )


@strawberry.type(description="What can be read.")
class Query:
    """What can be read."""

    node = strawberry.field(nodes.node, graphql_type=Node | None, description="Anything by its id.")
    viewer = strawberry.field(
        users.viewer, graphql_type=User | None, description="Who is signed in; null for a guest."
    )
    users = strawberry.field(
        users.users,
        graphql_type=list[User],
        description="Users by the beginning of their name, for who is signed in; at most 60"
        " searches a minute.",
        metadata={ONCE: True},
    )
    logins = strawberry.field(
        logins.offers,
        graphql_type=list[Login],
        description="The services one can sign in with, besides a password.",
    )
    org = strawberry.field(
        orgs.org, graphql_type=Org | None, description="The caller's row in a team, by its name."
    )
    application = strawberry.field(
        applications.application,
        graphql_type=Application | None,
        description="An application by its id.",
    )
    application_by_name = strawberry.field(
        applications.application_by_name,
        graphql_type=Application | None,
        description="An application by its team's and its own name.",
    )
    task = strawberry.field(tasks.task, graphql_type=Task | None, description="A task by its id.")
    trigger_preview = query(
        webhooks.trigger_preview,
        TriggerPreviewPayload,
        lambda answers: TriggerPreviewPayload(environments=answers),
        *ACCESS,
        InvalidProblem,
        UpstreamProblem,
        description="Would this delivery, or a push of this ref, deploy? One row an environment."
        " Nothing is stored.",
    )
    pipeline_check = strawberry.field(
        pipelines.check,
        graphql_type=PipelineCheck | None,
        description="What is wrong with a pipeline file, for who is signed in. Nothing runs.",
    )
    rate_limit = strawberry.field(
        bounds.rate_limit,
        graphql_type=RateLimit | None,
        description="What this operation costs, and what is left for the next; null inside a"
        " subscription. It costs nothing.",
    )


@strawberry.type(description="What can be changed. Each answers its payload, or a problem.")
class Mutation(
    AccessMutations, WebhookMutations, DeployHookMutations, IntegrationMutations, WorkerMutations
):
    """What can be changed."""

    sign_up = mutation(
        users.sign_up,
        SignUpPayload,
        lambda made: SignUpPayload(user=made.user, token=made.token),
        InvalidProblem,
        AlreadyExistsProblem,
        ForbiddenProblem,
        LimitExceededProblem,
        description="Create an account and sign it in.",
    )
    sign_in = mutation(
        users.sign_in,
        SignInPayload,
        lambda made: SignInPayload(user=made.user, token=made.token),
        UnauthenticatedProblem,
        LimitExceededProblem,
        description="Start a session with a name or e-mail address and a password.",
    )
    sign_out = mutation(
        users.sign_out,
        SignOutPayload,
        lambda ended: SignOutPayload(ended_sessions=ended),
        UnauthenticatedProblem,
        ForbiddenProblem,
        description="End this session, or all sessions of the user.",
    )
    change_password = mutation(
        users.change_password,
        ChangePasswordPayload,
        lambda done: ChangePasswordPayload(user=done.user, ended_sessions=done.ended_sessions),
        UnauthenticatedProblem,
        ForbiddenProblem,
        InvalidProblem,
        LimitExceededProblem,
        description="Set a new password; all other sessions of the user end.",
    )
    update_user = mutation(
        users.update_user,
        UpdateUserPayload,
        lambda user: UpdateUserPayload(user=user),
        UnauthenticatedProblem,
        ForbiddenProblem,
        InvalidProblem,
        AlreadyExistsProblem,
        LimitExceededProblem,
        description="Change the caller's e-mail address or picture; what is left out stays.",
    )
    link_login = mutation(
        logins.link_login,
        LinkLoginPayload,
        lambda url: LinkLoginPayload(authorize_url=url),
        *ACCESS,
        InvalidProblem,
        description="Begin to link a login of another service to the caller.",
    )
    unlink_login = mutation(
        logins.unlink_login,
        UnlinkLoginPayload,
        lambda user: UnlinkLoginPayload(user=user),
        UnauthenticatedProblem,
        ForbiddenProblem,
        ConflictProblem,
        description="Take a login of another service from the caller; not the only way in.",
    )
    create_org = mutation(
        orgs.create_org,
        CreateOrgPayload,
        lambda org: CreateOrgPayload(org=org),
        UnauthenticatedProblem,
        ForbiddenProblem,
        InvalidProblem,
        AlreadyExistsProblem,
        description="Create a team; the caller becomes its OWNER.",
    )
    create_application = mutation(
        applications.create_application,
        CreateApplicationPayload,
        lambda row: CreateApplicationPayload(application=row),
        *ASKING,
        AlreadyExistsProblem,
        needs=Action.CREATE_APPLICATION,
        description="Connect a repository to a team, and have pushes deploy where the team has"
        " linked an account that opens it.",
    )
    update_application = mutation(
        applications.update_application,
        UpdateApplicationPayload,
        lambda row: UpdateApplicationPayload(application=row),
        *ACCESS,
        InvalidProblem,
        AlreadyExistsProblem,
        needs=Action.UPDATE_APPLICATION,
        description="Change an application; what the input leaves out stays.",
    )
    create_environment = mutation(
        environments.create_environment,
        CreateEnvironmentPayload,
        lambda row: CreateEnvironmentPayload(environment=row),
        *ACCESS,
        InvalidProblem,
        AlreadyExistsProblem,
        LimitExceededProblem,
        needs=Action.UPDATE_APPLICATION,
        description="Add an environment to an application.",
    )
    update_environment = mutation(
        environments.update_environment,
        UpdateEnvironmentPayload,
        lambda row: UpdateEnvironmentPayload(environment=row),
        *ACCESS,
        InvalidProblem,
        ConflictProblem,
        needs=Action.UPDATE_APPLICATION,
        description="Change an environment; what the input leaves out stays.",
    )
    set_secrets = mutation(
        secrets.set_secrets,
        SetSecretsPayload,
        lambda keys: SetSecretsPayload(secrets=keys),
        *ACCESS,
        InvalidProblem,
        needs=Action.SET_SECRETS,
        description="Set and remove secrets of a team or of an environment.",
    )
    deploy = mutation(
        tasks.deploy,
        DeployPayload,
        lambda task: DeployPayload(task=task),
        *ACCESS,
        InvalidProblem,
        IdempotencyKeyReusedProblem,
        needs=Action.DEPLOY,
        description="Deploy a ref or a commit to an environment.",
    )
    redeploy = mutation(
        tasks.redeploy,
        RedeployPayload,
        lambda task: RedeployPayload(task=task),
        *ACCESS,
        InvalidProblem,
        ConflictProblem,
        IdempotencyKeyReusedProblem,
        needs=Action.DEPLOY,
        description="Deploy a task's commit again.",
    )
    rollback = mutation(
        tasks.rollback,
        RollbackPayload,
        lambda task: RollbackPayload(task=task),
        *ACCESS,
        InvalidProblem,
        ConflictProblem,
        BlockedProblem,
        IdempotencyKeyReusedProblem,
        needs=Action.DEPLOY,
        description="Go back to an earlier task that ended with SUCCESS.",
    )
    cancel_task = mutation(
        tasks.cancel_task,
        CancelTaskPayload,
        lambda task: CancelTaskPayload(task=task),
        *ACCESS,
        InvalidProblem,
        ConflictProblem,
        needs=Action.CANCEL,
        description="Cancel a pending task at once; have a running one stopped. One that another"
        " system reported counts as cancelled at once; that system does not hear of it.",
    )
    report_task = mutation(
        reports.report_task,
        ReportTaskPayload,
        lambda task: ReportTaskPayload(task=task),
        *ACCESS,
        InvalidProblem,
        ConflictProblem,
        LimitExceededProblem,
        IdempotencyKeyReusedProblem,
        needs=Action.DEPLOY,
        description="Tell of a deploy that another system makes: first that it is there, later how"
        " it went on. Nothing runs here.",
    )
