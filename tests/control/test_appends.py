"""What an append costs, and that what it leaves out of account stays right."""

from control import journal
from db import documents
from db.models import Step, Task
from db.rows import dialect
from engine.events import Output, Planned, StepChanged, now
from engine.state import StepStatus


def step_events(index):
    """Return what a step that prints two lines reports."""
    time = now()
    return [
        StepChanged(time=time, index=index, status=StepStatus.RUNNING),
        *(Output(time=time, index=index, first_line=n, text=f"line {n}\n") for n in (1, 2)),
        StepChanged(time=time, index=index, status=StepStatus.SUCCESS, exit_code=0),
    ]


async def planned(queue, draft, env_name, steps):
    """Return the lease of a task whose *steps* are known, with 3 events stored."""
    await queue.submit(draft(env_name))
    lease = (await queue.claim("w")).lease
    names = tuple(f"step {number}" for number in range(steps))
    time = now()
    changes = [
        StepChanged(time=time, index=0, status=status)
        for status in (StepStatus.RUNNING, StepStatus.SUCCESS)
    ]
    plan = Planned(time=time, steps=names, pipeline="", commit="a" * 40)
    await queue.append(lease, 0, [*changes, plan])
    return lease


async def test_fifty_steps_cost_no_more_than_five(queue, draft, statements):
    """The statements of an append do not grow with the steps, nor with its events."""
    costs = []
    for env_name, steps in (("test", 5), ("live", 50)):
        lease = await planned(queue, draft, env_name, steps)
        statements.clear()
        await queue.append(lease, 3, step_events(2))
        costs.append(len(statements))
        statements.clear()
        await queue.append(lease, 7, [step_events(3)[1]] * 100)
        costs.append(len(statements))
    assert costs == {"sqlite": [6, 4], "postgres": [3, 2]}[dialect()] * 2


async def test_the_document_is_that_of_all_rows(queue, draft):
    """Written step by step, `task.steps` says what the rows say together."""
    lease = await planned(queue, draft, "test", 12)
    position = 3
    for index in (3, 1, 12, 2):
        events = step_events(index)
        for part in (events[:1], events[1:]):
            await queue.append(lease, position, part)
            position += len(part)
    rows = await Step.filter(task_id=lease.task_id).order_by("index")
    task = await Task.get(id=lease.task_id)
    assert task.steps == documents.steps_document([], rows)
    entries = await journal.page(lease.task_id, 0, 200)
    assert [entry.seq for entry in entries] == [*range(1, task.next_seq)]
