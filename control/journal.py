"""A task's journal: one gap-free, ordered record, and the rows that follow from it."""

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from hashlib import sha256
from itertools import chain, islice
from json import dumps
from typing import Any

from tortoise.backends.base.client import BaseDBAsyncClient
from tortoise.fields import Field
from tortoise.functions import Max
from tortoise.models import Model

from control.port import Entry, EntryKind, EventsRefused
from db import documents, rows
from db.bundle import Bundle
from db.models import Environment, LogChunk, Step, Task, TaskEvent
from engine.events import Event, LogStream, Output, Planned, StepChanged, TaskChanged, now
from engine.state import StepStatus, TaskStatus, advance_step, advance_task

PAGE_ENTRIES = 100
FIRST_SEQ = 1  # of the entry that `begin` writes; a task is stored with the next one
SEQ_MAX = 2**31 - 1  # that the column, and a GraphQL Int, can hold
STATEMENT_ROWS_MAX = 128
ENTRY_COLUMNS = (
    *("task_id", "seq", "kind", "time"),
    *("step_index", "name", "status", "exit_code", "error"),
)
CHUNK_COLUMNS = (
    *("task_id", "seq", "step_index", "first_line", "last_line", "stream", "time", "text"),
)
STEP_COLUMNS = (
    *("name", "status", "started_time", "finished_time", "exit_code", "error", "outputs"),
    *("truncated", "log_bytes"),
)


def step_id(task_id: str, index: int) -> str:
    """Return the id of a task's step."""
    return f"{task_id}:{index}"


class Writer:
    """Folds events into a task's rows and its journal, within the caller's transaction.

    The caller has locked the task's row and read it in the same transaction, and may have changed
    the columns *also* of it.
    """

    def __init__(self, task: Task, db: BaseDBAsyncClient, also: Sequence[str] = ()) -> None:
        self._task = task
        self._db = db
        self._also = also
        self._entries: list[tuple[object, ...]] = []  # by ENTRY_COLUMNS
        self._chunks: list[tuple[object, ...]] = []  # by CHUNK_COLUMNS
        self._steps: dict[int, Step] = {}
        self._touched: set[int] = set()
        self._added: list[Step] = []
        self._status_changed = False
        self._is_planned = False

    async def write(self, events: Sequence[Event]) -> None:
        """Store *events*, in order."""
        changing = {event.index for event in events if isinstance(event, StepChanged)}
        if self._task.epoch > 1 and any(isinstance(event, Planned) for event in events):
            before = await Step.filter(task_id=self._task.id).using_db(self._db)
            self._steps = {row.index: row for row in before}
        elif changing:  # whoever changes a step says all that changes of it
            ids = [step_id(self._task.id, index) for index in changing]
            self._steps = {row.index: row for row in await rows.among(Step, "id", ids)}
        for event in events:
            match event:
                case Output():
                    self._output(event)
                case StepChanged():
                    self._step(event)
                case Planned():
                    self._planned(event)
                case TaskChanged():
                    self._changed(event)
        await self._flush()

    async def begin_again(self, reason: str) -> None:
        """Have the task wait once more: all of its steps do, and their logs go on below.

        *reason* stands in every log that has been begun, and in the journal beside the steps that
        were running.
        """
        task, time = self._task, now()
        chunks = LogChunk.filter(task_id=task.id).using_db(self._db).annotate(last=Max("last_line"))
        lasts = await chunks.group_by("step_index").values_list("step_index", "last")
        for index, last in sorted(lasts):
            self._chunk(index, last + 1, f"[{reason}]\n", LogStream.SYSTEM, time)
        task.lines_before = {str(index): last + 1 for index, last in lasts}
        rows = await Step.filter(task_id=task.id).using_db(self._db).order_by("index")
        for step in rows:
            if step.status != StepStatus.PENDING:
                self._reset(step, time, reason)
        self._changed(TaskChanged(time=time, status=TaskStatus.PENDING))
        task.worker = None
        await task.save(using_db=self._db, update_fields=["worker", "lines_before"])
        await self._flush()

    def _reset(self, step: Step, time: datetime, reason: str) -> None:
        broken_off = step.status == StepStatus.RUNNING
        fresh = new_step(step.task_id, step.index, step.name)
        step.update_from_dict({column: getattr(fresh, column) for column in STEP_COLUMNS})
        self._steps[step.index] = step
        self._touched.add(step.index)
        said = (step.name, step.status, None, reason if broken_off else None)
        self._entry(EntryKind.STEP, time, step.index, *said)

    def _entry(
        self,
        kind: EntryKind,
        time: datetime,
        step_index: int | None = None,
        name: str | None = None,
        status: str | None = None,
        exit_code: int | None = None,
        error: str | None = None,
    ) -> int:
        """Add an entry and return its number."""
        seq = self._task.next_seq
        self._task.next_seq += 1
        row = (self._task.id, seq, kind.value, time, step_index, name, status, exit_code, error)
        self._entries.append(row)
        return seq

    def _output(self, event: Output) -> None:
        first = event.first_line + (self._task.lines_before or {}).get(str(event.index), 0)
        self._chunk(event.index, first, event.text, event.stream, event.time)

    def _chunk(self, index: int, first: int, text: str, stream: LogStream, time: datetime) -> None:
        last = last_line(text, first)
        if last > SEQ_MAX:
            raise EventsRefused(f"no log has {last} lines")
        where = (self._task.id, self._entry(EntryKind.OUTPUT, time, index), index, first, last)
        self._chunks.append((*where, stream.value, time, text))

    def _step(self, event: StepChanged) -> None:
        step = self._steps[event.index]
        step.status = advance_step(StepStatus(step.status), event.status).value
        step.exit_code = event.exit_code
        step.error = event.error
        step.truncated = event.truncated
        step.log_bytes = event.log_bytes
        step.outputs = None if event.outputs is None else dict(event.outputs)
        if event.status is StepStatus.RUNNING:
            step.started_time = event.time
        elif step.started_time is not None:
            step.finished_time = event.time
        self._touched.add(event.index)
        self._step_entry(step, event.time)

    def _step_entry(self, step: Step, time: datetime) -> None:
        said = (step.name, step.status, step.exit_code, step.error)
        self._entry(EntryKind.STEP, time, step.index, *said)

    def _planned(self, event: Planned) -> None:
        self._is_planned = True
        self._task.pipeline = event.pipeline
        self._task.commit = event.commit
        for index, name in enumerate(event.steps, start=1):
            if step := self._steps.get(index):  # of the run before
                step.name = name
                self._touched.add(index)
                continue
            step = new_step(self._task.id, index, name)
            self._steps[index] = step
            self._added.append(step)
            self._step_entry(step, event.time)
        for index in sorted(self._steps):
            if index > len(event.steps):
                self._step(StepChanged(time=event.time, index=index, status=StepStatus.SKIPPED))

    def _changed(self, event: TaskChanged) -> None:
        task = self._task
        task.status = advance_task(TaskStatus(task.status), event.status).value
        self._status_changed = True
        if event.status is TaskStatus.RUNNING:
            task.started_time = event.time
        elif event.status is TaskStatus.PENDING:  # again
            task.started_time = task.lease_expires_time = None
        self._entry(EntryKind.TASK, event.time, status=task.status)
        if event.status.completed:
            task.finished_time = event.time
            task.lease_expires_time = None
            self._entry(EntryKind.END, event.time, status=task.status)

    async def _flush(self) -> None:
        task, bundle = self._task, Bundle(self._db)
        if self._added:
            await Step.bulk_create(self._added, using_db=self._db)
        if self._is_planned:
            task.plan_hash = await _plan_hash(task, self._db)
        if touched := self._touched - {step.index for step in self._added}:
            _update([self._steps[index] for index in touched], STEP_COLUMNS, bundle)
        changed = ["next_seq", "received", *self._also]
        if self._is_planned:
            changed += ["pipeline", "commit", "plan_hash"]
        if self._steps:
            task.steps = documents.steps_document(task.steps or [], self._steps.values())
            changed += ["steps"]
        if self._status_changed:
            changed += ["status", "started_time", "finished_time", "lease_expires_time"]
        if self._steps or self._status_changed:
            task.updated_time = now()  # when it can be seen, which may be later than it happened
            changed += ["updated_time"]
        bundle.update(task, sorted({*changed}))
        _insert(TaskEvent, ENTRY_COLUMNS, self._entries, bundle)
        if self._chunks:
            _insert(LogChunk, CHUNK_COLUMNS, self._chunks, bundle)
        if self._status_changed:
            documents.add_latest(task, bundle)
        await bundle.send()


def _update(rows: Sequence[Model], names: Sequence[str], bundle: Bundle) -> None:
    """Write these fields of *rows*: on PostgreSQL by one statement, the same for any number."""
    if bundle.db.capabilities.dialect != "postgres":
        for row in rows:
            bundle.update(row, names)
        return
    meta = rows[0]._meta  # noqa: SLF001
    fields = [meta.fields_map[name] for name in (*names, "id")]
    lists = ", ".join(f"{{{at}}}::{_kind(field)}[]" for at, field in enumerate(fields))
    columns = ", ".join(f'"{name}"' for name in (*names, "id"))
    changes = ", ".join(f'"{name}" = v."{name}"' for name in names)
    text = (
        f'UPDATE "{meta.db_table}" x SET {changes}'  # noqa: S608
        f" FROM unnest({lists}) AS v ({columns}) WHERE x.id = v.id"
    )
    values = [
        [field.to_db_value(getattr(row, field.model_field_name), row) for row in rows]
        for field in fields
    ]
    bundle.add(text, values)


def _insert(
    model: type[Model],
    columns: Sequence[str],
    rows: Sequence[tuple[object, ...]],
    bundle: Bundle,
) -> None:
    """Insert *rows* as they are: making models of them costs more than the database does.

    A statement has many of them: in SQLite each one waits for Python's lock when it has ended.
    PostgreSQL is given each column as a list, so that it knows the statement for any number.
    """
    table = model._meta.db_table  # noqa: SLF001
    names = ", ".join(f'"{column}"' for column in columns)
    if bundle.db.capabilities.dialect == "postgres":
        kinds = (_kind(model._meta.fields_map[column]) for column in columns)  # noqa: SLF001
        lists = ", ".join(f"{{{at}}}::{kind}[]" for at, kind in enumerate(kinds))
        text = f'INSERT INTO "{table}" ({names}) SELECT * FROM unnest({lists})'  # noqa: S608
        bundle.add(text, list(zip(*rows, strict=True)))
        return
    for at in range(0, len(rows), STATEMENT_ROWS_MAX):
        given = rows[at : at + STATEMENT_ROWS_MAX]
        marks = iter(range(len(given) * len(columns)))
        groups = (
            f"({', '.join(f'{{{mark}}}' for mark in islice(marks, len(columns)))})" for _ in given
        )
        text = f'INSERT INTO "{table}" ({names}) VALUES {", ".join(groups)}'  # noqa: S608
        bundle.add(text, list(chain.from_iterable(given)))


def _kind(field: Field[Any]) -> str:
    """Return the type of a column in PostgreSQL, without its length."""
    return str(field.get_for_dialect("postgres", "SQL_TYPE")).partition("(")[0]


async def _plan_hash(task: Task, db: BaseDBAsyncClient) -> str:
    """Return the digest of all that decides what the task does."""
    environment = await Environment.filter(id=f"{task.app_id}:{task.env_name}").using_db(db).get()
    parts = [task.commit, task.pipeline, environment.resource, task.secret_versions]
    return sha256(dumps(parts, sort_keys=True).encode()).hexdigest()


def new_step(task_id: str, index: int, name: str) -> Step:
    """Return a pending step, not yet stored."""
    return rows.made(
        Step,
        id=step_id(task_id, index),
        task_id=task_id,
        index=index,
        name=name,
        status=StepStatus.PENDING.value,
    )


def last_line(text: str, first_line: int) -> int:
    """Return the number of the last line that *text* touches."""
    breaks = text.count("\n")
    return first_line + breaks - (1 if text.endswith("\n") else 0)


async def page(task_id: str, after: int, limit: int = PAGE_ENTRIES) -> list[Entry]:
    """Return up to *limit* entries behind *after*."""
    return (await pages([task_id], after, limit))[0]


async def pages(task_ids: Sequence[str], after: int, limit: int) -> list[list[Entry]]:
    """Return up to *limit* entries behind *after* for each of the tasks.

    A journal has no gaps, so the numbers say which entries these are.
    """
    last = min(after + limit, SEQ_MAX)
    span = {"task_id__in": task_ids, "seq__gt": after, "seq__lte": last}
    rows = await TaskEvent.filter(**span).order_by("task_id", "seq")
    chunks: Mapping[tuple[str, int], LogChunk] = {}
    if any(row.kind == EntryKind.OUTPUT for row in rows):
        found = await LogChunk.filter(**span)
        if any(chunk.packed is not None for chunk in found):
            await asyncio.to_thread(_unpack, found)
        chunks = {(chunk.task_id, chunk.seq): chunk for chunk in found}
    entries: dict[str, list[Entry]] = {task_id: [] for task_id in task_ids}
    for row in rows:
        entries[row.task_id].append(_read(row, chunks.get((row.task_id, row.seq))))
    return [entries[task_id] for task_id in task_ids]


def _unpack(chunks: Sequence[LogChunk]) -> None:
    for chunk in chunks:
        chunk.text, chunk.packed = chunk.content, None


def _read(row: TaskEvent, chunk: LogChunk | None) -> Entry:
    return Entry(
        task_id=row.task_id,
        seq=row.seq,
        kind=EntryKind(row.kind),
        time=row.time,
        step_index=row.step_index,
        name=row.name,
        status=row.status,
        exit_code=row.exit_code,
        error=row.error,
        text=chunk.text if chunk else "",
        first_line=chunk.first_line if chunk else 0,
        stream=chunk.stream if chunk else "",
        expired=chunk is None and row.kind == EntryKind.OUTPUT,
    )


async def log_bytes(task_id: str, db: BaseDBAsyncClient) -> dict[int, int]:
    """Return how much is kept of the output of each step that is not packed yet."""
    size = "octet_length(text)" if rows.dialect() == "postgres" else "length(CAST(text AS BLOB))"
    sql = (
        f"SELECT step_index, sum({size}) AS bytes FROM log_chunk"  # noqa: S608
        f" WHERE task_id = {rows.mark(1)} AND stream = {rows.mark(2)} GROUP BY step_index"
    )
    found = await db.execute_query_dict(sql, [task_id, LogStream.OUTPUT.value])
    return {row["step_index"]: int(row["bytes"]) for row in found}


async def last_seq(task_id: str) -> int:
    """Return the number of the last entry; 0 where there is no such task."""
    found = await Task.filter(id=task_id).values_list("next_seq", flat=True)
    return int(str(found[0])) - 1 if found else 0


def begin(task: Task, also: Iterable[Model], bundle: Bundle) -> None:
    """Have a new task stored with its first entry, of how it stands, and the rows *also*."""
    entry = rows.made(
        TaskEvent,
        task_id=task.id,
        seq=FIRST_SEQ,
        kind=EntryKind.TASK.value,
        time=task.created_time,
        status=task.status,
    )
    for row in (task, *also, entry):
        bundle.insert(row)
