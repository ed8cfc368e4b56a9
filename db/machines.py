"""The tables of workers: elsewhere, and by the database."""

from datetime import datetime

from tortoise import fields
from tortoise.models import Model

ONLINE_SECONDS = 30  # since a worker was heard of last


class WorkerMachine(Model):
    """A worker elsewhere that speaks HTTP: of one team, or of all where *org_name* is null.

    Of its registration token and its credential only hashes are kept. *session* is what the
    process that works now is called in `task.worker`.
    """

    id = fields.CharField(max_length=64, primary_key=True)
    name = fields.CharField(max_length=64)
    org_name = fields.CharField(max_length=64, null=True)
    labels: fields.Field[list[str]] = fields.JSONField()
    token_hash = fields.CharField(max_length=64, unique=True)
    token_expires_time = fields.DatetimeField()
    credential_hash = fields.CharField(max_length=64, unique=True, null=True)
    prefix = fields.CharField(max_length=16, null=True)
    session = fields.CharField(max_length=64, null=True)
    version = fields.CharField(max_length=64, null=True)
    slots = fields.IntField(null=True)
    created_by_id = fields.CharField(max_length=64, null=True)
    created_time = fields.DatetimeField(auto_now_add=True)
    running: int | None = None  # tasks, where whoever lists workers has counted them
    last_seen_time: fields.Field[datetime | None] = fields.DatetimeField(null=True)

    class Meta:
        """Table."""

        table = "worker_machine"
        unique_together = (("org_name", "name"),)


class LocalWorker(Model):
    """A worker that works by the database and takes tasks of all teams, while it is heard of."""

    id = fields.CharField(max_length=64, primary_key=True)  # what `task.worker` calls it
    labels: fields.Field[list[str]] = fields.JSONField()
    last_seen_time = fields.DatetimeField()

    class Meta:
        """Table."""

        table = "local_worker"
