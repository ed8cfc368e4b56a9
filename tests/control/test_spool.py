"""What a worker keeps on its disk while nobody takes it."""

import asyncio

from hypothesis import given
from hypothesis import strategies as st

from control.port import Lease
from control.remote.spool import Spool
from control.remote.wire import read_event, write_event
from control.working.outbox import BUFFER_BYTES_MAX, Report
from engine.events import LogStream, Output, Planned, StepChanged, TaskChanged, now
from engine.state import StepStatus, TaskStatus

TIME = now()
TEXT = st.text(st.characters(exclude_characters="\0", exclude_categories=("Cs",)), max_size=300)
EVENTS = st.one_of(
    st.builds(
        Output,
        time=st.just(TIME),
        index=st.integers(0, 50),
        first_line=st.integers(1, 10**6),
        text=TEXT,
        stream=st.sampled_from(LogStream),
    ),
    st.builds(
        StepChanged,
        time=st.just(TIME),
        index=st.integers(0, 50),
        status=st.sampled_from(StepStatus),
        exit_code=st.none() | st.integers(-255, 255),
        error=st.none() | TEXT,
        truncated=st.booleans(),
        outputs=st.none() | st.dictionaries(TEXT, TEXT, min_size=1, max_size=3),
        log_bytes=st.integers(0, 10**9),
    ),
    st.builds(
        Planned,
        time=st.just(TIME),
        steps=st.lists(TEXT, max_size=4).map(tuple),
        pipeline=TEXT,
        commit=st.just("0" * 40),
    ),
    st.builds(TaskChanged, time=st.just(TIME), status=st.sampled_from(TaskStatus)),
)


@given(EVENTS)
def test_an_event_comes_back_as_it_was(event):
    """Whatever a run reports passes through text."""
    assert read_event(write_event(event)) == event


@given(st.lists(st.one_of(EVENTS, st.just(None)), max_size=40))
def test_first_in_first_out(tmp_path_factory, given_events):
    """In order, once, within the bound, whenever something is taken (None)."""
    folder = tmp_path_factory.mktemp("spool", numbered=True)
    spool = Spool(folder, 2_000)
    put, taken = [], []
    for event in given_events:
        if event is None:
            taken += spool.take(500)
        elif spool.put(event):
            put.append(event)
    while spool.count:
        taken += spool.take(500)
    spool.close()

    assert taken == put
    assert list(folder.iterdir()) == []


def output(number):
    """Return a piece of a log, of 60,000 characters."""
    return Output(time=TIME, index=1, first_line=number, text=f"{number:060000}")


class Away:
    """A queue that stores nothing until it is back."""

    def __init__(self):
        self.back = asyncio.Event()
        self.stored = []

    async def append(self, lease, position, events):
        """Store events that were not stored yet."""
        if not self.back.is_set():
            raise OSError("away")
        self.stored += events[max(0, len(self.stored) - position) :]


async def test_a_run_goes_on_while_the_queue_is_away(tmp_path):
    """What memory does not take is on the disk, until that is full too; then all comes in order."""
    queue = Away()
    spool = Spool(tmp_path, 3 * BUFFER_BYTES_MAX)
    report = Report(queue, Lease("t_1", 1), spool)
    sending = asyncio.create_task(report.send())
    count = 0
    async with asyncio.timeout(30):
        while True:
            adding = asyncio.create_task(report.add(output(count + 1)))
            done, _ = await asyncio.wait({adding}, timeout=0.5)
            count += 1
            if not done:
                break
        queue.back.set()
        await adding
        for _ in range(100):
            count += 1
            await report.add(output(count))
        report.close()
        await sending
    spool.close()

    assert count > 100 + 3 * BUFFER_BYTES_MAX // 60_000
    assert queue.stored == [output(number) for number in range(1, count + 1)]
