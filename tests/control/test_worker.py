"""The local worker, with a fake executor and a real repository."""

import asyncio
import subprocess
import time
from contextlib import asynccontextmanager

import pytest

from control.port import Dismissed, LeaseLost, QueueAway, StoreAway
from control.queue.tasks import EPOCH_MAX
from control.tidying import Folders
from control.working.outbox import BUFFER_BYTES_MAX, REST_SECONDS, Report
from control.working.worker import Worker
from db.fields import OnLost
from db.models import Application, Environment, Step, Task
from engine.events import Output, now
from engine.run import Limits
from engine.testing import Answer, FakeExecutor
from providers.repository import Policy
from rollway.observing.wrapping import QueueWrapper

STILL_SECONDS = 2.0
PIPELINE = """steps:
  - name: Wait
    run: wait
  - name: After
    run: after
"""


@pytest.fixture
async def repository(tmp_path, application):
    """Make the application's repository a real one."""
    folder = tmp_path / "repository"
    folder.mkdir()
    (folder / "serverless-pipeline.yaml").write_text(PIPELINE)
    identity = ["-c", "user.name=ann", "-c", "user.email=ann@example.com"]
    for arguments in (["init", "-q"], ["add", "."], [*identity, "commit", "-qm", "one"]):
        command = ["git", *arguments]
        await asyncio.to_thread(subprocess.run, command, cwd=folder, check=True)
    await Application.filter(id=application.id).update(repo_url=folder.as_uri())
    return folder


@pytest.fixture
def workspaces(tmp_path):
    """Return where the worker keeps its workspaces."""
    return tmp_path / "workspaces"


@pytest.fixture
def working(queue, workspaces):
    """Return a context in which a worker runs with given answers."""

    @asynccontextmanager
    async def start(answers, slots=2, lease_seconds=5.0, by=None):
        queue.lease_seconds = lease_seconds
        executor = FakeExecutor(answers)
        worker = Worker(
            by or queue,
            executor,
            Folders(workspaces),
            slots=slots,
            lease_seconds=lease_seconds,
            policy=Policy(schemes=("file",), private_addresses=True),
            limits=Limits(cancel_grace_seconds=0.1),
        )
        running = asyncio.create_task(worker.run())
        executor.worker, executor.running = worker, running
        try:
            yield executor
        finally:
            running.cancel()
            _, hanging = await asyncio.wait([running], timeout=15)
            assert not hanging

    return start


async def until(task_id, *statuses):
    """Return the task once it has one of *statuses*."""
    async with asyncio.timeout(30):
        while (task := await Task.get(id=task_id)).status not in statuses:
            await asyncio.sleep(0.02)
    return task


async def started(executor, script):
    """Return once a command runs."""
    async with asyncio.timeout(30):
        while script not in executor.scripts:
            await asyncio.sleep(0.02)


async def test_a_task_runs_to_its_end(repository, working, queue, draft, workspaces):
    """Claimed by the bell, reported in order, its workspace gone afterwards."""
    async with working({"wait": Answer(b"one\n"), "after": Answer(b"two\n")}) as executor:
        task_id = (await queue.submit(draft())).id
        task = await until(task_id, "success", "failure")
        texts = [entry.text async for entry in queue.tail({task_id: 0}) if entry.step_index]
        async with asyncio.timeout(30):
            while list(workspaces.iterdir()):
                await asyncio.sleep(0.02)

    assert task.status == "success"
    assert executor.scripts == ["wait", "after"]
    assert "".join(texts) == "one\ntwo\n"
    assert [step["status"] for step in task.steps] == ["success"] * 3


async def test_a_cancel_reaches_the_running_step(repository, working, queue, draft):
    """At once, by the bell: the next beat would come in twelve seconds."""
    async with working({"wait": Answer(waits=True)}, lease_seconds=60) as executor:
        task_id = (await queue.submit(draft())).id
        await started(executor, "wait")
        await queue.cancel(task_id, "enough")
        task = await until(task_id, "cancelled")

    assert [step["status"] for step in task.steps] == ["success", "cancelled", "cancelled"]
    assert executor.scripts == ["wait"]


async def test_a_worker_that_lost_its_lease_stops(repository, working, queue, draft):
    """Its process is ended, and what it still reports changes nothing."""
    async with working({"wait": Answer(waits=True)}) as executor:
        task_id = (await queue.submit(draft())).id
        await started(executor, "wait")
        await queue.reap(abandoned=True)
        length = (await Task.get(id=task_id)).next_seq
        async with asyncio.timeout(30):
            while task_id not in executor.closed:
                await asyncio.sleep(0.02)
        task = await Task.get(id=task_id)

    assert (task.status, task.next_seq) == ("lost", length)


async def test_a_second_run_waits_for_the_end_of_the_first(repository, working, queue, draft):
    """On the same worker: what ends the first one's processes would end those of the second."""
    await Environment.all().update(on_lost=OnLost.REQUEUE.value)
    opened = []
    async with working({"wait": Answer(waits=True)}) as executor:
        openly = executor.open

        async def watched(place):
            opened.append((place.epoch, [*executor.closed]))
            return await openly(place)

        executor.open = watched
        task_id = (await queue.submit(draft())).id
        await started(executor, "wait")
        async with asyncio.timeout(30):  # no write of the first run tells it
            while not await Step.filter(task_id=task_id, status="running", index=1).exists():
                await asyncio.sleep(0.02)
        executor.answers = {}
        assert await queue.reap(abandoned=True) == []
        task = await until(task_id, "success", "failure", "lost")

    assert (task.status, task.epoch) == ("success", 2)
    assert opened == [(1, []), (2, [task_id])]
    assert executor.scripts == ["wait", "wait", "after"]


async def test_a_worker_that_is_stopped_says_so(repository, working, queue, draft):
    """A running task does not stay RUNNING when its server goes away in good order."""
    async with working({"wait": Answer(waits=True)}) as executor:
        task_id = (await queue.submit(draft())).id
        await started(executor, "wait")
    task = await Task.get(id=task_id)

    assert task.status == "lost"
    assert "went away" in task.steps[1]["error"]


async def test_a_drained_worker_ends_what_runs(repository, working, queue, draft):
    """It takes no new task, and returns when the last one has ended."""
    async with working({"wait": Answer(b"one\n", waits=True)}, slots=1) as executor:
        running = (await queue.submit(draft("test"))).id
        await started(executor, "wait")
        executor.worker.drain()
        waiting = (await queue.submit(draft("live"))).id
        await queue.cancel(running, "enough")
        async with asyncio.timeout(30):
            await executor.running

    assert (await Task.get(id=running)).status == "cancelled"
    assert (await Task.get(id=waiting)).status == "pending"


async def test_a_drained_worker_says_how_many_still_run(
    repository, working, queue, draft, workspaces, caplog
):
    """Not how many have run."""
    caplog.set_level("INFO")
    async with working({"wait": Answer(b"one\n")}) as executor:
        await until((await queue.submit(draft())).id, "success")
        async with asyncio.timeout(30):
            while list(workspaces.iterdir()):
                await asyncio.sleep(0.02)
        await asyncio.sleep(0.1)
        executor.worker.drain()
        async with asyncio.timeout(30):
            await executor.running

    assert "still run" not in caplog.text


class Troubled(QueueWrapper):
    """A queue whose heartbeats fail in one way, once *trouble* is set."""

    def __init__(self, queue, fault):
        super().__init__(queue)
        self.fault = fault
        self.trouble = asyncio.Event()
        self.asked = 0

    async def beat(self, worker, leases):
        """Fail."""
        if not self.trouble.is_set():
            return await super().beat(worker, leases)
        self.asked += 1
        raise self.fault


async def test_a_database_that_is_away_stops_nothing(repository, working, queue, draft):
    """The queue says so itself: nobody can give the task away, however long it takes."""
    troubled = Troubled(queue, StoreAway())
    async with working({"wait": Answer(waits=True)}, lease_seconds=1, by=troubled) as executor:
        task_id = (await queue.submit(draft())).id
        await started(executor, "wait")
        troubled.trouble.set()
        async with asyncio.timeout(30):
            while troubled.asked < 15:
                await asyncio.sleep(0.02)
        assert task_id not in executor.closed
        assert (await Task.get(id=task_id)).status == "running"


async def test_a_database_that_has_servers_wait_stops_nothing(repository, working, queue, draft):
    """A server that waits for it knows until then that nobody can give the task away."""

    class Waiting(Troubled):
        """Says after most of a lease that the database has been away for as long."""

        async def beat(self, worker, leases):
            """Wait, then fail."""
            if self.trouble.is_set():
                await asyncio.sleep(0.9)
            return await super().beat(worker, leases)

    waiting = Waiting(queue, StoreAway(0.9))
    async with working({"wait": Answer(waits=True)}, lease_seconds=2, by=waiting) as executor:
        task_id = (await queue.submit(draft())).id
        await started(executor, "wait")
        waiting.trouble.set()
        async with asyncio.timeout(30):
            while waiting.asked < 4 and task_id not in executor.closed:
                await asyncio.sleep(0.02)
        assert task_id not in executor.closed


async def test_a_silence_before_a_claim_stops_nothing(repository, working, queue, draft):
    """A lease begins with its claim: heartbeats that were not answered before say nothing of it."""
    troubled = Troubled(queue, QueueAway("it does not answer"))
    async with working({"wait": Answer(waits=True)}, lease_seconds=3, by=troubled) as executor:
        troubled.trouble.set()
        await asyncio.sleep(1.8)
        task_id = (await queue.submit(draft())).id
        await until(task_id, "running")
        await asyncio.sleep(0.9)
        troubled.trouble.clear()
        await started(executor, "wait")
        await asyncio.sleep(0.5)
        assert (await Task.get(id=task_id)).epoch == 1
        assert task_id not in executor.closed


async def test_a_dismissed_worker_stops_for_good(repository, working, queue, draft):
    """With what it runs; the reason comes out."""
    troubled = Troubled(queue, Dismissed("it was removed"))
    troubled.trouble.set()
    async with working({"wait": Answer(waits=True)}, by=troubled) as executor:
        with pytest.raises(ExceptionGroup) as group:
            async with asyncio.timeout(30):
                await executor.running

    assert group.group_contains(Dismissed)


async def test_a_worker_dismissed_while_it_works_ends_without_an_error(
    repository, working, queue, draft, caplog
):
    """Nobody takes what it still has to say, which is as it should be."""

    class Removed(Troubled):
        async def append(self, *given):
            if self.trouble.is_set():
                raise self.fault
            await super().append(*given)

        async def abandon(self, lease):
            if self.trouble.is_set():
                raise self.fault
            await super().abandon(lease)

    removed = Removed(queue, Dismissed("it was removed"))
    async with working({"wait": Answer(b"one\n", waits=True)}, lease_seconds=2, by=removed) as made:
        await queue.submit(draft())
        await started(made, "wait")
        removed.trouble.set()
        with pytest.raises(ExceptionGroup):
            async with asyncio.timeout(30):
                await made.running

    assert [each for each in caplog.records if each.levelname == "ERROR"] == []


class Answered(QueueWrapper):
    """A queue whose answer to an end comes after that to a heartbeat begun meanwhile."""

    def __init__(self, queue):
        super().__init__(queue)
        self.stored = asyncio.Event()
        self.beaten = asyncio.Event()

    async def finish(self, lease, event):
        """Answer once a heartbeat was, which named the task that has ended."""
        await super().finish(lease, event)
        self.stored.set()
        await self.beaten.wait()

    async def control(self, worker):
        """Call once there is an end that was not answered."""
        await self.stored.wait()
        yield
        self.beaten.set()
        await asyncio.Event().wait()


async def test_a_heartbeat_beside_the_end_takes_nothing_for_lost(
    repository, working, queue, draft, workspaces, caplog
):
    """Its answer does not know the lease of a task that has just ended, and ended well."""
    answers = {"wait": Answer(), "after": Answer()}
    async with working(answers, by=Answered(queue)) as executor:
        task = await until((await queue.submit(draft())).id, "success")
        async with asyncio.timeout(30):
            while executor.worker._running or list(workspaces.iterdir()):
                await asyncio.sleep(0.02)

    assert task.status == "success"
    assert "lease lost" not in caplog.text


async def test_slots_bound_what_runs_at_once(repository, working, queue, draft):
    """The second environment waits for a slot."""
    async with working({"wait": Answer(waits=True)}, slots=1) as executor:
        first = (await queue.submit(draft("test"))).id
        second = (await queue.submit(draft("live"))).id
        await started(executor, "wait")
        await asyncio.sleep(0.3)
        waiting = (await Task.get(id=second)).status
        await queue.cancel(first, "next, please")
        running = await until(second, "running")

    assert waiting == "pending"
    assert running.started_time is not None


class Slow:
    """A queue that takes its time."""

    def __init__(self):
        self.batches = []
        self.gate = asyncio.Event()

    async def append(self, lease, position, events):
        """Store when the gate opens."""
        await self.gate.wait()
        self.batches.append(list(events))


def output(number, size):
    """Return an output event of *size* characters."""
    return Output(time=now(), index=1, first_line=number, text="x" * size)


async def test_a_run_waits_for_a_slow_database():
    """What is unsent is bounded; nothing is lost, and all that waited goes in one write."""
    queue = Slow()
    report = Report(queue, None)
    sender = asyncio.create_task(report.send())
    await report.add(output(1, 10))
    await asyncio.sleep(0)
    await report.add(output(2, 10))
    await report.add(output(3, BUFFER_BYTES_MAX))
    blocked = asyncio.create_task(report.add(output(4, 10)))
    await asyncio.sleep(0.05)
    was_blocked = not blocked.done()
    queue.gate.set()
    await blocked
    report.close()
    await sender

    assert was_blocked
    assert [e.first_line for batch in queue.batches for e in batch] == [1, 2, 3, 4]
    assert len(queue.batches) <= 3


async def test_many_small_events_are_few_writes():
    """A write is not made for each event, nor does the last one wait for another."""
    queue = Slow()
    queue.gate.set()
    report = Report(queue, None)
    begin = time.monotonic()
    sender = asyncio.create_task(report.send())
    for number in range(100):
        await report.add(output(number, 10))
        await asyncio.sleep(0.002)
    rests = (time.monotonic() - begin) / REST_SECONDS
    report.close()
    await sender

    assert [e.first_line for batch in queue.batches for e in batch] == [*range(100)]
    assert len(queue.batches) <= rests + 2


async def test_a_run_does_not_wait_for_a_sender_that_failed():
    """A lost lease frees whoever waits to add."""

    class Lost:
        async def append(self, lease, position, events):
            raise LeaseLost("t")

    report = Report(Lost(), None)
    sender = asyncio.create_task(report.send())
    async with asyncio.timeout(15):
        await report.add(output(1, 2 * BUFFER_BYTES_MAX))
        await report.add(output(2, 10))

    with pytest.raises(LeaseLost):
        await sender


async def test_a_write_that_fails_is_tried_again(repository, working, queue, draft):
    """The database was away for a moment: the task is not lost, and nothing is doubled."""
    stored, failures = queue.append, [OSError("away"), OSError("away")]

    async def append(lease, position, events):
        await stored(lease, position, events)
        if position and failures:
            raise failures.pop()

    queue.append = append
    async with working({"wait": Answer(b"one\n"), "after": Answer(b"two\n")}, lease_seconds=30):
        task_id = (await queue.submit(draft())).id
        task = await until(task_id, "success", "failure", "lost")
        texts = [entry.text async for entry in queue.tail({task_id: 0}) if entry.step_index]

    assert not failures
    assert task.status == "success"
    assert "".join(texts) == "one\ntwo\n"


async def test_a_worker_out_of_touch_stops_its_processes(repository, working, queue, draft):
    """Before its lease ends and another may be given the task; a beat that hangs counts too."""
    gone = asyncio.Event()
    beaten = queue.beat

    async def beat(worker, leases):
        if gone.is_set():
            await asyncio.sleep(3600)
        return await beaten(worker, leases)

    queue.beat = beat
    async with working({"wait": Answer(waits=True)}) as executor:
        task_id = (await queue.submit(draft())).id
        await started(executor, "wait")
        gone.set()
        async with asyncio.timeout(30):
            while task_id not in executor.closed:
                await asyncio.sleep(0.02)


async def test_what_was_printed_before_a_long_silence_is_kept(
    repository, working, queue, draft, monkeypatch
):
    """A queue that was away has given nothing to others: it takes the rest of the log."""
    monkeypatch.setattr("control.working.worker.DRAIN_SECONDS", 0.1)
    stored, gone = queue.append, asyncio.Event()

    async def append(lease, position, events):
        if gone.is_set():
            raise QueueAway("nobody answers")
        await stored(lease, position, events)

    async def beat(*_):
        raise QueueAway("nobody answers")

    queue.append = append
    answers = {"wait": Answer(b"one\n", waits=True)}
    async with working(answers, lease_seconds=1) as executor:
        task_id = (await queue.submit(draft())).id
        await until(task_id, "running")
        gone.set()
        queue.beat = beat
        async with asyncio.timeout(30):
            while task_id not in executor.closed:
                await asyncio.sleep(0.02)
        await asyncio.sleep(1)
        gone.clear()
        task = await until(task_id, "lost")
        texts = [entry.text async for entry in queue.tail({task_id: 0}) if entry.step_index]

    assert task.status == "lost"
    assert "".join(texts) == "one\n"


async def test_a_claim_that_is_read_late_starts_nothing(repository, working, queue, draft):
    """A worker that stood still between its claim and the start: the task was given back."""

    class Late(QueueWrapper):
        """A queue whose first answer to a claim is read when the lease is over; it is slow, too."""

        given = 0

        async def claim(self, *asked):
            """Give a task, which is given back meanwhile."""
            assignment = await super().claim(*asked)
            if assignment:
                Late.given += 1
                if Late.given == 1:
                    await asyncio.sleep(1.2)
                    await queue.reap()
            return assignment

        async def append(self, lease, position, events):
            """Store, and refuse, only after a while."""
            await asyncio.sleep(0.3)
            await super().append(lease, position, events)

    late = Late(queue)
    async with working({"wait": Answer(waits=True)}, lease_seconds=1, by=late) as executor:
        task_id = (await queue.submit(draft())).id
        await started(executor, "wait")

        assert executor.scripts.count("wait") == 1
        assert (await Task.get(id=task_id)).epoch == Late.given == 2


async def test_stopping_a_worker_at_any_moment_leaves_the_database_usable(
    repository, working, queue, draft
):
    """A transaction that is cut while it begins would keep SQLite's only connection locked."""
    for turns in range(12):
        async with working({"wait": Answer(waits=True)}, lease_seconds=30):
            await queue.submit(draft("test"))
            for _ in range(turns):
                await asyncio.sleep(0)
        async with asyncio.timeout(15):
            for task in await Task.filter(finished_time=None):
                await queue.cancel(task.id, "next round")


class Frozen(QueueWrapper):
    """A queue whose worker stands still at one *moment*, for as long as it takes to lose a task."""

    def __init__(self, queue, moment):
        super().__init__(queue)
        self.moment = moment
        self.thawed = asyncio.Event()

    async def freeze(self, moment):
        """Stand still, if it is this moment; whoever tidies up finds that the task's time is up."""
        if moment == self.moment and not self.thawed.is_set():
            await asyncio.shield(self._stand_still())  # a heartbeat meanwhile may end what asks

    async def _stand_still(self):
        await Task.all().update(lease_expires_time=now().replace(year=2020))
        await self._queue.reap()
        time.sleep(STILL_SECONDS)  # noqa: ASYNC251 (nothing of this process goes on)
        self.thawed.set()

    async def claim(self, *given):
        """Stand still when a task was given."""
        if assignment := await super().claim(*given):
            await self.freeze("claim")
        return assignment

    async def append(self, *given):
        """Stand still when the answer is on its way."""
        await super().append(*given)
        await self.freeze("answer")


@pytest.mark.parametrize("moment", ["claim", "answer", "set-up"])
async def test_what_was_lost_while_its_worker_stood_still_does_not_begin(
    repository, working, queue, draft, moment
):
    """Between claim and start, while it asks whether it may, and between that and the command."""
    frozen = Frozen(queue, moment)
    async with working({}, slots=1, lease_seconds=STILL_SECONDS, by=frozen) as executor:
        opened = executor.open

        async def set_up(place):
            await frozen.freeze("set-up")
            return await opened(place)

        executor.open = set_up
        queue.lease_seconds = 60  # no heartbeat tells it either
        task_id = (await queue.submit(draft())).id
        async with asyncio.timeout(30):
            await frozen.thawed.wait()
        again = moment == "claim"
        following = task_id if again else (await queue.submit(draft("live"))).id
        await until(following, "success")
        task = await Task.get(id=task_id)

    assert executor.scripts == ["wait", "after"]
    assert task.status == ("success" if again else "lost")
    assert (executor.places[-1].task_id, executor.places[0].epoch > 1) == (following, again)


async def test_a_task_is_handed_back_by_a_worker_that_has_not_begun(
    repository, working, queue, draft
):
    """It was told to stop when the claim was answered: the next one is given the task."""
    task_id = (await queue.submit(draft())).id
    await queue.abandon((await queue.claim("w_1")).lease)
    assert (await Task.get(id=task_id)).status == "pending"
    async with working({}):
        task = await until(task_id, "success")
        statuses = [entry.status async for entry in queue.tail({task_id: 0}) if not entry.name]

    assert task.epoch == 2
    assert statuses[:4] == ["pending", "running", "pending", "running"]


async def test_a_task_that_no_worker_ever_begins_is_lost_at_last(queue, draft):
    """It may be what they do not survive."""
    task_id = (await queue.submit(draft())).id
    for _ in range(EPOCH_MAX):
        assert (await Task.get(id=task_id)).status == "pending"
        await queue.abandon((await queue.claim("w")).lease)

    assert (await Task.get(id=task_id)).status == "lost"
