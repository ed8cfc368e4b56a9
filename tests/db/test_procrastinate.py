"""Procrastinate's schema: what a migration brings is what the pinned package has, and we call."""

from importlib.metadata import distribution
from pathlib import Path

from tortoise import connections

import db

SCHEMA = Path(db.__file__).parent / "migrations" / "rollway" / "procrastinate-3.10.0.sql"

FUNCTIONS = {
    "procrastinate_defer_jobs_v1": ("procrastinate_job_to_defer_v1[]", "bigint[]"),
    "procrastinate_fetch_job_v2": ("character varying[], bigint", "procrastinate_jobs"),
    "procrastinate_finish_job_v1": ("bigint, procrastinate_job_status, boolean", "void"),
    "procrastinate_cancel_job_v1": ("bigint, boolean, boolean", "bigint"),
    "procrastinate_retry_job_v2": (
        "bigint, timestamp with time zone, integer, character varying, character varying",
        "void",
    ),
}
TO_DEFER = [
    ("queue_name", "character varying"),
    ("task_name", "character varying"),
    ("priority", "integer"),
    ("lock", "text"),
    ("queueing_lock", "text"),
    ("args", "jsonb"),
    ("scheduled_at", "timestamp with time zone"),
]
JOBS = [
    ("id", "bigint"),
    ("queue_name", "character varying(1024)"),  # ours: wide enough for labels
    ("task_name", "character varying(128)"),
    *TO_DEFER[2:],
    ("status", "procrastinate_job_status"),
    ("attempts", "integer"),
    ("abort_requested", "boolean"),
    ("worker_id", "bigint"),
]
STATUSES = ["todo", "doing", "succeeded", "failed", "cancelled", "aborting", "aborted"]
INDEXES = {
    "procrastinate_jobs_queueing_lock_idx_v1": "(queueing_lock) WHERE (status = 'todo'",
    "procrastinate_jobs_lock_idx_v1": "(lock) WHERE (status = 'doing'",
}
TRIGGERS = {
    "procrastinate_jobs_notify_queue_job_aborted_v1",
    "procrastinate_jobs_notify_queue_job_inserted_v1",
    "procrastinate_trigger_abort_requested_events_v1",
    "procrastinate_trigger_delete_jobs_v1",
    "procrastinate_trigger_scheduled_events_v1",
    "procrastinate_trigger_status_events_insert_v1",
    "procrastinate_trigger_status_events_update_v1",
}


async def asked(sql):
    """Return the rows that the database answers."""
    found = await connections.get("default").execute_query_dict(sql)
    return [tuple(row.values()) for row in found]


def columns(name):
    """Return what asks for the columns of a table or type."""
    return (
        "SELECT attname, format_type(atttypid, atttypmod) FROM pg_attribute "
        f"WHERE attrelid = '{name}'::regclass AND attnum > 0 AND NOT attisdropped"
    )


def test_the_migration_is_the_packages_schema_word_for_word():
    """Another version in the pins must not pass unseen: its schema is another migration."""
    schema = distribution("procrastinate").locate_file("procrastinate/sql/schema.sql")
    text = SCHEMA.read_text()

    assert text.endswith(schema.read_text())
    assert "MIT License" in text


async def test_functions_take_and_return_what_we_call_them_with(postgres):
    """Names are versioned, but nobody promised that they stay."""
    found = await asked(
        "SELECT proname, oidvectortypes(proargtypes), format_type(prorettype, NULL) FROM pg_proc "
        f"WHERE proname IN ({', '.join(repr(name) for name in FUNCTIONS)})"
    )

    assert {name: tuple(rest) for name, *rest in found} == FUNCTIONS


async def test_columns_and_statuses_are_the_known_ones(postgres):
    """What is deferred, what is read, and what a job may be."""
    statuses = "SELECT unnest(enum_range(NULL::procrastinate_job_status))::text"

    assert await asked(columns("procrastinate_job_to_defer_v1")) == TO_DEFER
    assert sorted(await asked(columns("procrastinate_jobs"))) == sorted(JOBS)
    assert [status for (status,) in await asked(statuses)] == STATUSES


async def test_indexes_and_triggers_are_the_known_ones(postgres):
    """Two unique indexes are what the order rests on."""
    indexes = dict(
        await asked("SELECT indexname, indexdef FROM pg_indexes WHERE indexdef LIKE '%UNIQUE%'")
    )
    triggers = await asked(
        "SELECT tgname FROM pg_trigger WHERE tgrelid = 'procrastinate_jobs'::regclass "
        "AND NOT tgisinternal"
    )

    assert all(text in indexes[name] for name, text in INDEXES.items())
    assert {name for (name,) in triggers} == TRIGGERS
