"""The tables. The four of the seed have its columns under its names; the others stand beside them.

Where a row of ours and a document of the seed say the same thing (steps, environments), the row is
the truth and the document is written again in the same transaction (`db.documents`).
"""

import zlib
from datetime import datetime
from typing import Any

from tortoise import fields
from tortoise.indexes import PartialIndex
from tortoise.models import Model

from db.chains import AuditChain, AuditEntry
from db.fields import Concurrency, OnLost, Priority, optional_text, without_length_checks
from db.indexes import UniqueLower, UniqueWhere
from db.labels import CHARACTERS_MAX as LABELS_CHARACTERS_MAX
from db.machines import LocalWorker, WorkerMachine

Document = dict[str, Any]

KEY_CHARACTERS_MAX = 128  # of an idempotency key as it is stored


class User(Model):
    """A person who signs in. E-mail addresses are kept in small letters."""

    id = fields.CharField(max_length=64, primary_key=True)
    username = fields.CharField(max_length=64, unique=True)
    email = fields.CharField(max_length=254, unique=True, null=True)
    avatar = optional_text()
    password = optional_text()
    github_unionid = fields.CharField(max_length=64, unique=True, null=True)
    gitee_unionid = fields.CharField(max_length=64, unique=True, null=True)
    created_time = fields.DatetimeField(auto_now_add=True)

    class Meta:
        """Table."""

        table = "user"
        indexes = (
            UniqueLower(fields=["username"], name="uidx_user_username"),
            UniqueLower(fields=["email"], name="uidx_user_email"),
        )


class Session(Model):
    """A signed-in user on one device; only the hash of its token is kept."""

    id = fields.CharField(max_length=64, primary_key=True)
    user: fields.ForeignKeyRelation[User] = fields.ForeignKeyField("rollway.User")
    user_id: str
    token_hash = fields.CharField(max_length=64, unique=True)
    address = fields.CharField(max_length=64, default="")
    device = fields.CharField(max_length=200, default="")
    created_time = fields.DatetimeField(auto_now_add=True)
    last_used_time = fields.DatetimeField(auto_now_add=True)
    expires_time = fields.DatetimeField()

    class Meta:
        """Table."""

        table = "session"
        indexes = (("user_id",),)


class Throttle(Model):
    """How often something was tried since its window began; the key tells nobody what."""

    key = fields.CharField(max_length=64, primary_key=True)
    count = fields.IntField()
    expires_time = fields.DatetimeField(db_index=True)

    class Meta:
        """Table."""

        table = "throttle"


class ApiToken(Model):
    """A user's token for a machine; only its hash is kept, and its beginning to know it by."""

    id = fields.CharField(max_length=64, primary_key=True)
    user: fields.ForeignKeyRelation[User] = fields.ForeignKeyField("rollway.User")
    user_id: str
    name = fields.CharField(max_length=64)
    scopes: fields.Field[list[str]] = fields.JSONField()
    org_name = fields.CharField(max_length=64, null=True)
    application_id = fields.CharField(max_length=64, null=True)
    env_name = fields.CharField(max_length=64, null=True)
    token_hash = fields.CharField(max_length=64, unique=True)
    prefix = fields.CharField(max_length=16)
    created_time = fields.DatetimeField(auto_now_add=True)
    last_used_time: fields.Field[datetime | None] = fields.DatetimeField(null=True)
    expires_time: fields.Field[datetime | None] = fields.DatetimeField(null=True)

    class Meta:
        """Table."""

        table = "api_token"
        unique_together = (("user", "name"),)


class Org(Model):
    """One user's row in one team. Team-wide values stand on the OWNER's row."""

    id = fields.CharField(max_length=160, primary_key=True)
    third_part: fields.Field[Document | None] = fields.JSONField(null=True)
    user: fields.ForeignKeyRelation[User] = fields.ForeignKeyField(
        "rollway.User", on_delete=fields.RESTRICT
    )
    user_id: str
    secrets: fields.Field[dict[str, str] | None] = fields.JSONField(null=True)
    name = fields.CharField(max_length=64)
    role = fields.CharField(max_length=16)
    description = optional_text()
    alias = optional_text()
    logo = optional_text()

    class Meta:
        """Table."""

        table = "org"
        unique_together = (("user", "name"),)
        indexes = (
            UniqueWhere(fields=["name"], name="uidx_org_owner", condition={"role": "OWNER"}),
            ("name", "id"),
        )


class Invitation(Model):
    """A place in a team that somebody may take; only the hash of its link's token is kept."""

    id = fields.CharField(max_length=64, primary_key=True)
    org_name = fields.CharField(max_length=64)
    user: fields.ForeignKeyNullableRelation[User] = fields.ForeignKeyField(
        "rollway.User", null=True, related_name="invitations"
    )
    user_id: str | None
    role = fields.CharField(max_length=16)
    token_hash = fields.CharField(max_length=64, unique=True)
    invited_by_id = fields.CharField(max_length=64)
    created_time = fields.DatetimeField(auto_now_add=True)
    expires_time = fields.DatetimeField()

    class Meta:
        """Table."""

        table = "invitation"
        unique_together = (("org_name", "user"),)


class Application(Model):
    """A repository that a team deploys."""

    id = fields.CharField(max_length=64, primary_key=True)
    name = fields.CharField(max_length=64)
    org_id = fields.CharField(max_length=160)
    owner_org: fields.ForeignKeyRelation[Org] = fields.ForeignKeyField(
        "rollway.Org", on_delete=fields.RESTRICT, related_name="applications"
    )
    owner_org_id: str
    description = optional_text()
    environment: fields.Field[Document] = fields.JSONField()
    provider = fields.CharField(max_length=16)
    repo_owner = fields.CharField(max_length=255)
    repo_id = fields.CharField(max_length=255)
    repo_name = fields.CharField(max_length=255)
    repo_url = fields.TextField()
    repo_webhook_secret = optional_text()
    repo_webhook_next = optional_text()  # proves deliveries too: the service is being told it
    repo_webhook_url = optional_text()  # where the service delivers, set with the team's account
    repo_webhook_busy_time: fields.Field[datetime | None] = fields.DatetimeField(null=True)
    transfer_org_name = fields.CharField(max_length=64, null=True)
    created_time = fields.DatetimeField(auto_now_add=True)
    updated_time = fields.DatetimeField(auto_now=True)

    class Meta:
        """Table."""

        table = "application"
        unique_together = (("owner_org", "name"), ("provider", "repo_id"))
        indexes = (("transfer_org_name",),)


class Environment(Model):
    """Where an application is deployed to, and what starts a deploy there.

    *concurrency*, *priority* and *on_lost* hold words of `db.fields`. *next_scheduled_time* is when
    its schedule is due; *schedule_problem* says why the last time made no task.
    """

    id = fields.CharField(max_length=160, primary_key=True)
    application: fields.ForeignKeyRelation[Application] = fields.ForeignKeyField(
        "rollway.Application", on_delete=fields.CASCADE, related_name="environments"
    )
    application_id: str
    name = fields.CharField(max_length=64)
    type = fields.CharField(max_length=16)
    trigger_spec: fields.Field[Document] = fields.JSONField()
    cd_pipeline_yaml = fields.CharField(max_length=1024)
    runs_on = fields.CharField(max_length=LABELS_CHARACTERS_MAX, default="")  # see `db.labels`
    secrets: fields.Field[dict[str, str]] = fields.JSONField()
    resource: fields.Field[Document] = fields.JSONField()
    concurrency = fields.CharField(max_length=16, default=Concurrency.QUEUE.value)
    priority = fields.SmallIntField(default=Priority.NORMAL.value)
    on_lost = fields.CharField(max_length=16, default=OnLost.FAIL.value)
    latest_task_id = fields.CharField(max_length=128, null=True)
    version = fields.IntField(default=1)
    next_scheduled_time: fields.Field[datetime | None] = fields.DatetimeField(
        null=True, db_index=True
    )
    schedule_problem = optional_text()

    class Meta:
        """Table."""

        table = "environment"
        unique_together = (("application", "name"),)


class DeployHook(Model):
    """A secret address that deploys an environment; only the hash of its token is kept."""

    id = fields.CharField(max_length=64, primary_key=True)
    environment: fields.ForeignKeyRelation[Environment] = fields.ForeignKeyField(
        "rollway.Environment", on_delete=fields.CASCADE, related_name="deploy_hooks"
    )
    environment_id: str
    name = fields.CharField(max_length=64)
    token_hash = fields.CharField(max_length=64, unique=True)
    prefix = fields.CharField(max_length=16)
    created_by_id = fields.CharField(max_length=64)
    created_time = fields.DatetimeField(auto_now_add=True)
    last_used_time: fields.Field[datetime | None] = fields.DatetimeField(null=True)

    class Meta:
        """Table."""

        table = "deploy_hook"
        unique_together = (("environment", "name"),)


class Delivery(Model):
    """One call of a Git hosting service; *delivery_id* is its own name for it.

    *headers* are those that say what the *body* is; the body is compressed. *attempt* counts how
    often it was asked to be worked on. *verdicts* are the environments' answers, *reason* is why
    there are none.
    """

    id = fields.CharField(max_length=64, primary_key=True)
    application: fields.ForeignKeyRelation[Application] = fields.ForeignKeyField(
        "rollway.Application", on_delete=fields.CASCADE, related_name="deliveries"
    )
    application_id: str
    delivery_id = fields.CharField(max_length=255)
    event = fields.CharField(max_length=64)
    headers: fields.Field[dict[str, str]] = fields.JSONField()
    body: fields.Field[bytes] = fields.BinaryField()
    status = fields.CharField(max_length=16)
    attempt = fields.IntField(default=1)
    verdicts: fields.Field[list[Document]] = fields.JSONField()
    reason = optional_text()
    received_time = fields.DatetimeField()
    finished_time: fields.Field[datetime | None] = fields.DatetimeField(null=True)

    class Meta:
        """Table."""

        table = "delivery"
        unique_together = (("application", "delivery_id"),)
        indexes = (
            ("application_id", "received_time", "id"),
            ("status", "received_time"),
        )


class Task(Model):
    """One deploy.

    *epoch* is how often a worker was given it. *lines_before* has, by a step's index, how many
    lines its log had when the worker before was lost. *team* is there where who read it knows.
    """

    id = fields.CharField(max_length=128, primary_key=True)
    env_name = fields.CharField(max_length=64)
    app: fields.ForeignKeyRelation[Application] = fields.ForeignKeyField(
        "rollway.Application", on_delete=fields.CASCADE, related_name="tasks"
    )
    app_id: str
    trigger_payload: fields.Field[Document | None] = fields.JSONField(null=True)
    status = fields.CharField(max_length=32)
    steps: fields.Field[list[Document]] = fields.JSONField()
    dispatch_org_id = fields.CharField(max_length=160, null=True)
    trigger_type = fields.CharField(max_length=64)
    created_time = fields.DatetimeField()
    updated_time = fields.DatetimeField()

    source_task_id = fields.CharField(max_length=128, null=True)
    superseded_by_id = fields.CharField(max_length=128, null=True)
    ref = optional_text()
    branch = optional_text()
    tag = optional_text()
    commit = fields.CharField(max_length=64, null=True)
    message = optional_text()
    pipeline = optional_text()
    plan_hash = fields.CharField(max_length=64, null=True)
    secret_versions: fields.Field[dict[str, int] | None] = fields.JSONField(null=True)
    inputs = optional_text()
    exact = fields.BooleanField(default=False)
    with_secrets = fields.BooleanField(default=True)
    reported = fields.BooleanField(default=False)  # another system makes this deploy: not queued
    idempotency_key = fields.CharField(max_length=KEY_CHARACTERS_MAX, null=True)
    idempotency_hash = fields.CharField(max_length=64, null=True)
    started_time: fields.Field[datetime | None] = fields.DatetimeField(null=True)
    finished_time: fields.Field[datetime | None] = fields.DatetimeField(null=True)

    runs_on = fields.CharField(max_length=LABELS_CHARACTERS_MAX, default="")  # see `db.labels`
    stranded = fields.BooleanField(default=False)  # it waits, and no worker may take it
    unconfirmed = fields.BooleanField(default=False)  # it was given out, and not heard of since
    received = fields.IntField(default=0)
    reported_bytes = fields.BigIntField(default=0)  # of all runs, see `control.queue.log_room`
    lines_before: fields.Field[dict[str, int] | None] = fields.JSONField(null=True)
    next_seq = fields.IntField(default=1)
    epoch = fields.IntField(default=0)
    worker = fields.CharField(max_length=64, null=True)
    lease_expires_time: fields.Field[datetime | None] = fields.DatetimeField(null=True)
    cancel_requested = fields.BooleanField(default=False)
    cancel_reason = optional_text()
    trace_parent = fields.CharField(max_length=55, null=True)
    team: str | None = None

    class Meta:
        """Table."""

        table = "task"
        unique_together = (("app", "idempotency_key"),)
        indexes = (
            ("app_id", "env_name", "created_time", "id"),
            ("app_id", "created_time", "id"),
            ("app_id", "status", "created_time", "id"),
            ("app_id", "env_name", "status", "created_time", "id"),
            ("app_id", "trigger_type", "created_time", "id"),
            ("status", "created_time"),
            ("updated_time",),
            PartialIndex(
                fields=["app_id", "env_name", "created_time", "id"],
                name="idx_task_waiting",
                condition={"status": "pending", "reported": False},
            ),
            PartialIndex(
                fields=["app_id", "runs_on", "stranded"],
                name="idx_task_kind",
                condition={"status": "pending", "reported": False},
            ),
            UniqueWhere(
                fields=["app_id", "env_name"],
                name="uidx_task_run",
                condition={"status": "running", "reported": False},
            ),
        )


class CommitStatus(Model):
    """A task whose commit shows how it stands, at its Git hosting service, until that has ended.

    *told* is the task's status that was told last, *deployment* the service's number of the
    deployment, *tries* how often telling failed since. It is left alone until *due_time*.
    """

    task: fields.OneToOneRelation[Task] = fields.OneToOneField(
        "rollway.Task", on_delete=fields.CASCADE, related_name="commit_status", primary_key=True
    )
    task_id: str
    told = fields.CharField(max_length=32, default="")
    deployment = fields.CharField(max_length=64, null=True)
    tries = fields.IntField(default=0)
    due_time = fields.DatetimeField(db_index=True)

    class Meta:
        """Table."""

        table = "commit_status"


class Step(Model):
    """One part of a task; step 0 sets the task up."""

    id = fields.CharField(max_length=140, primary_key=True)
    task: fields.ForeignKeyRelation[Task] = fields.ForeignKeyField(
        "rollway.Task", on_delete=fields.CASCADE, related_name="step_rows"
    )
    task_id: str
    index = fields.IntField()
    name = fields.TextField()
    status = fields.CharField(max_length=32)
    started_time: fields.Field[datetime | None] = fields.DatetimeField(null=True)
    finished_time: fields.Field[datetime | None] = fields.DatetimeField(null=True)
    exit_code = fields.IntField(null=True)
    error = optional_text()
    outputs: fields.Field[dict[str, str] | None] = fields.JSONField(null=True)
    truncated = fields.BooleanField(default=False)
    log_bytes = fields.BigIntField(default=0)
    packed = fields.BooleanField(default=False)  # it has ended, and its log takes little room

    class Meta:
        """Table."""

        table = "step"
        unique_together = (("task", "index"),)
        # of nothing that changes with its status, which then changes in no index
        indexes = (
            PartialIndex(fields=["task_id"], name="idx_step_unpacked", condition={"packed": False}),
        )


class TaskEvent(Model):
    """One entry of a task's journal; the text of an output stands in its log chunk."""

    id = fields.BigIntField(primary_key=True, generated=True)
    task: fields.ForeignKeyRelation[Task] = fields.ForeignKeyField(
        "rollway.Task", on_delete=fields.CASCADE, related_name="events"
    )
    task_id: str
    seq = fields.IntField()
    kind = fields.CharField(max_length=16)
    time = fields.DatetimeField()
    step_index = fields.IntField(null=True)
    name = optional_text()
    status = fields.CharField(max_length=32, null=True)
    exit_code = fields.IntField(null=True)
    error = optional_text()

    class Meta:
        """Table."""

        table = "task_event"
        unique_together = (("task", "seq"),)


class LogChunk(Model):
    """A piece of a step's log, at most 64 KiB; lines are numbered from 1 in each step.

    The text stands in *text*, or compressed in *packed* once the step has ended.
    """

    id = fields.BigIntField(primary_key=True, generated=True)
    task: fields.ForeignKeyRelation[Task] = fields.ForeignKeyField(
        "rollway.Task", on_delete=fields.CASCADE, related_name="chunks"
    )
    task_id: str
    seq = fields.IntField()
    step_index = fields.IntField()
    first_line = fields.IntField()
    last_line = fields.IntField()
    stream = fields.CharField(max_length=16)
    time = fields.DatetimeField()
    text = fields.TextField()
    packed: fields.Field[bytes | None] = fields.BinaryField(null=True)

    @property
    def content(self) -> str:
        """The text, however it is stored."""
        return self.text if self.packed is None else zlib.decompress(self.packed).decode()

    class Meta:
        """Table."""

        table = "log_chunk"
        unique_together = (("task", "seq"),)
        indexes = (("task_id", "step_index", "last_line"),)


without_length_checks(
    *(User, Session, Throttle, ApiToken, Org, Invitation, AuditChain, AuditEntry),
    *(Application, Environment, DeployHook, WorkerMachine, LocalWorker, Delivery),
    *(Task, CommitStatus, Step, TaskEvent, LogChunk),
)
