"""The stream law: whatever happens, who watches gets every event, in order, once.

Of where tasks stand, it is the last state of each that counts.
"""

import asyncio

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import db
from db.models import Step, Task
from engine.events import StepChanged, now
from engine.state import StepStatus
from tests.streaming import EVENTS, OWN, Board, HttpWatcher, ManyWatcher, Stage, Watcher, token_of

WATCHERS = 9
FUZZ = settings().max_examples > 1000
SECONDS = 600 if FUZZ else 50
STEPS = 40

watchers = st.integers(0, WATCHERS - 1)
actions = st.one_of(
    st.tuples(st.just("say"), st.integers(1, 40), st.sampled_from([10, 300, 6000])),
    st.tuples(st.just("cut"), watchers),
    st.tuples(st.just("stall"), watchers),
    st.tuples(st.just("read"), watchers),
    st.tuples(st.just("wait"), st.integers(0, 20)),
    st.tuples(st.just("step"), st.integers(1, 10)),
    st.tuples(st.just("submit"), st.integers(1, 5)),
    st.tuples(st.just("cancel")),
    st.tuples(st.just("restart")),
)


@pytest.fixture(params=["sqlite", "postgres"])
def stage_url(request):
    """A database's address; each schedule connects for itself, in a loop of its own."""
    return request.getfixturevalue(f"{request.param}_url")


class Play:
    """A schedule on its stage: two tasks run, others wait, and people watch them."""

    def __init__(self, stage, token):
        self.stage = stage
        self.side = stage.tasks[0]
        self.step = 1  # that runs, of the task at the side
        self.pending = []
        self.single = [Watcher(stage, token, each) for each in (EVENTS, EVENTS, EVENTS, OWN)]
        self.single.append(HttpWatcher(stage, token))
        self.many = ManyWatcher(stage, token, stage.tasks)
        boards = ("orgTasks", "orgTasks", "applicationTasks")
        self.boards = [Board(stage, token, name) for name in boards]
        self.people = [*self.single, self.many, *self.boards]

    async def act(self, action, *given):
        """Do one thing."""
        match action:
            case "say":
                await self.stage.say(*given)
            case "cut" | "stall" | "read":
                getattr(self.people[given[0]], action)()
            case "wait":
                await asyncio.sleep(given[0] / 1000)
            case "step":
                for _ in range(min(given[0], STEPS - self.step)):
                    await self.advance()
            case "submit":
                self.pending += [await self.stage.submit() for _ in range(given[0])]
            case "cancel" if self.pending:
                await self.stage.server.queue.cancel(self.pending.pop(0), "not needed")
            case "restart":
                await self.stage.restart()

    async def advance(self):
        """Have the task at the side go on to its next step."""
        for step, status in ((0, StepStatus.SUCCESS), (1, StepStatus.RUNNING)):
            changed = StepChanged(time=now(), index=self.step + step, status=status)
            await self.stage.tell(changed, task=self.side)
        self.step += 1

    async def finish(self):
        """End what runs, and wait until everybody has seen it."""
        await self.stage.finish()
        await self.stage.finish(self.side, self.step)
        for each in self.people:
            each.reading.set()
        for each in (*self.single, self.many):
            await each.ended()
        stored = await standing(self.stage.application)
        for each in self.boards:
            await each.until(lambda each=each: shown(each) == stored)


def shown(board):
    """Return the statuses of each task and its steps as they were shown last."""
    return {
        task: (data["status"], [step["status"] for step in data["steps"]])
        for task, data in board.last.items()
    }


async def standing(application):
    """Return the same as it is stored."""
    found = {}
    for task in await Task.filter(app_id=application.id):
        steps = await Step.filter(task_id=task.id).order_by("index")
        found[task.id] = (task.status.upper(), [step.status.upper() for step in steps])
    return found


async def play(schedule, url, folder):
    """Play a schedule; return it, and the journals of the two tasks."""
    async with asyncio.timeout(SECONDS), db.connect(url, everywhere=True):
        await Task.filter(status="pending").delete()  # of the schedule before
        stage = Stage(url, folder)
        await stage.start()
        token = await token_of(await stage.furnish())
        played = None
        try:
            await stage.begin("live", STEPS)
            stage.tasks.reverse()
            played = Play(stage, token)
            for action, *given in schedule:
                await played.act(action, *given)
            await played.finish()
        finally:
            for each in played.people if played else ():
                await each.close()
            await stage.stop()
        return played, {task: await stage.journal(task) for task in stage.tasks}


@pytest.mark.slow
@pytest.mark.timeout(0 if FUZZ else 180)
@settings(
    max_examples=250 if FUZZ else 12,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(schedule=st.lists(actions, min_size=3, max_size=20))
def test_nothing_is_lost_or_doubled(schedule, stage_url, tmp_path):
    """Cuts, slow readers and restarts, in any order: all get the journal, as it was written.

    By a stream of one task or of several; and where tasks stand, nobody is left with an old state.
    """
    played, journals = asyncio.run(play(schedule, stage_url, tmp_path))

    watched = [(each.events, played.stage.task) for each in played.single]
    watched += [(events, task) for task, events in played.many.events.items()]
    for events, task in watched:
        assert [event["seq"] for event in events] == [entry.seq for entry in journals[task]]
        assert [event.get("text", "") for event in events] == [
            entry.text for entry in journals[task]
        ]
    first, second, third, _, by_http = played.single
    assert first.events == second.events == third.events == by_http.events
    assert [each.steps_back for each in played.boards] == [0, 0, 0]
