"""The tables of the audit log: entries, each bound to the one before it, in chains."""

from typing import Any

from tortoise import fields
from tortoise.models import Model

from db.triggers import AppendOnly


class AuditChain(Model):
    """The end of one chain of audit entries, and the lock of whatever the chain tells of."""

    id = fields.CharField(max_length=80, primary_key=True)
    seq = fields.IntField(default=0)
    hash = fields.CharField(max_length=64, default="")

    class Meta:
        """Table."""

        table = "audit_chain"


class AuditEntry(Model):
    """What somebody did; its hash covers the entry and the hash of the one before."""

    id = fields.CharField(max_length=96, primary_key=True)  # sorts by number within the chain
    chain = fields.CharField(max_length=80)
    seq = fields.IntField()
    time = fields.DatetimeField()
    actor_id = fields.CharField(max_length=64, null=True)
    actor = fields.CharField(max_length=64)
    via = fields.CharField(max_length=64)
    address = fields.CharField(max_length=64)
    device = fields.CharField(max_length=200)
    action = fields.CharField(max_length=64)
    target = fields.CharField(max_length=320)
    before: fields.Field[dict[str, Any] | None] = fields.JSONField(null=True)
    after: fields.Field[dict[str, Any] | None] = fields.JSONField(null=True)
    hash = fields.CharField(max_length=64)

    class Meta:
        """Table."""

        table = "audit_entry"
        unique_together = (("chain", "seq"),)
        indexes = (
            AppendOnly(fields=["id"], name="audit_entry_append_only"),
            ("chain", "action", "seq"),
            ("chain", "actor", "seq"),
        )
