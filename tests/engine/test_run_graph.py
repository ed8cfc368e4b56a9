"""Steps as a graph: what may run beside what, and whose failure counts."""

import asyncio
import os
from collections import Counter
from contextlib import aclosing, suppress
from pathlib import Path

import pytest

from engine.events import Output, StepChanged
from engine.run import Cancel, run
from engine.testing import Answer, FakeExecutor

MEET = 'touch "$ME"; until [ -e "$OTHER" ]; do sleep 0.02; done'  # ends only beside the other


def order(ran):
    """Return the changes of the steps as pairs of an index and a status."""
    return [(event.index, event.status.value) for event in ran.of(StepChanged) if event.index]


def most_at_once(ran):
    """Return how many steps ran at the same time at most."""
    running = most = 0
    for _, status in order(ran):
        running += 1 if status == "running" else -1
        most = max(most, running)
    return most


async def test_a_file_without_needs_runs_in_its_order(play):
    """Each step begins when the one before it has ended."""
    ran = await play("steps: [{run: a}, {run: b}, {run: c}]", executor=FakeExecutor())
    wanted = [(index, status) for index in (1, 2, 3) for status in ("running", "success")]
    assert order(ran) == wanted


async def test_steps_that_need_nothing_run_beside_each_other(play):
    """Each of two waits for the other's file, so neither can end alone."""
    ran = await play(
        f"steps:\n"
        f"  - {{needs: [], env: {{ME: a, OTHER: b}}, run: '{MEET}'}}\n"
        f"  - {{needs: [], env: {{ME: b, OTHER: a}}, run: '{MEET}'}}\n"
    )
    assert ran.ends() == {0: "success", 1: "success", 2: "success"}


async def test_copies_of_a_matrix_run_beside_each_other(play):
    """They wait for what stands before them, not for one another; what follows waits for all."""
    ran = await play(
        "steps:\n"
        "  - run: echo before\n"
        f"  - run: |\n"
        f"      ME=${{{{ matrix.me }}}} OTHER=${{{{ matrix.me === 'a' ? 'b' : 'a' }}}}\n"
        f"      {MEET}\n"
        "    name: Meet\n"
        "    matrix: {me: [a, b]}\n"
        "  - run: ls\n"
    )
    (planned,) = [event.steps for event in ran.events if hasattr(event, "steps")]
    assert planned == ("Run echo before", "Meet (a)", "Meet (b)", "Run ls")
    changes = order(ran)
    assert changes[:2] == [(1, "running"), (1, "success")]
    assert changes[-2:] == [(4, "running"), (4, "success")]
    assert ran.log(4).split() == ["a", "b", "serverless-pipeline.yaml"]


async def test_every_combination_of_a_matrix_runs(play):
    """The values are in expressions and in names."""
    executor = FakeExecutor()
    await play(
        "steps: [{run: 'make ${{ matrix.os }} ${{ matrix.v }}',"
        " matrix: {os: [deb, rpm], v: [1, 2]}}]",
        executor=executor,
    )
    wanted = ["make deb 1", "make deb 2", "make rpm 1", "make rpm 2"]
    assert sorted(executor.scripts) == wanted


async def test_one_copy_that_fails(play):
    """The other copies go on; what needs the step is skipped, and it is a failure."""
    ran = await play(
        "steps:\n"
        "  - {id: m, run: 'exit ${{ matrix.code }}', matrix: {code: [0, 1, 0]}}\n"
        "  - {run: echo, needs: m}\n"
        "  - {run: echo, needs: m, if: \"${{ steps.m.status === 'failure' }}\"}\n"
        "  - {run: echo, needs: []}\n"
    )
    assert ran.ended() == [
        *("success", "failure", "success"),
        *("skipped", "success", "success"),
    ]
    assert ran.status == "failure"


async def test_needs_decide_the_order(play):
    """A step begins when those it names have ended, wherever they stand in the file."""
    ran = await play(
        "steps:\n"
        "  - {id: last, run: l, needs: [middle, other]}\n"
        "  - {id: middle, run: m, needs: first}\n"
        "  - {id: other, run: o, needs: [first]}\n"
        "  - {id: first, run: f, needs: []}\n",
        executor=FakeExecutor(),
        parallel_max=1,
    )
    assert [index for index, status in order(ran) if status == "running"] == [4, 2, 3, 1]


@pytest.mark.parametrize("parallel_max", [1, 3])
async def test_no_more_at_once_than_allowed(play, parallel_max):
    """Ten steps that could all run keep to the bound, and reach it."""
    ran = await play(
        "steps: [{run: sleep 0.05, needs: [], matrix: {n: [1, 2, 3, 4, 5, 6, 7, 8, 9, 10]}}]",
        parallel_max=parallel_max,
    )
    assert most_at_once(ran) == parallel_max
    assert set(ran.ends().values()) == {"success"}


async def test_the_failure_of_what_a_step_waits_for_counts(play):
    """Through any number of steps, and through no other; what is skipped for it passes it on."""
    ran = await play(
        """
steps:
  - {id: bad, run: exit 1, needs: []}
  - {id: good, run: echo, needs: []}
  - {id: after-good, run: echo, needs: good}
  - {id: after-bad, run: echo, needs: bad}
  - {id: far, run: echo, needs: after-bad}
  - {id: both, run: echo, needs: [after-good, bad]}
  - {id: saves, run: echo, needs: far, if: failure()}
  - {id: after-saves, run: echo, needs: saves}
  - {id: idle, run: echo, needs: after-good, if: failure()}
  - {id: after-idle, run: echo, needs: idle}
  - {id: asks, run: echo, needs: after-idle, if: success()}
  - {id: asks-far, run: echo, needs: far, if: success()}
  - {id: all, run: echo}
  - {id: all-always, run: echo, if: always()}
"""
    )
    assert ran.ended() == [
        *("failure", "success", "success", "skipped", "skipped", "skipped", "success", "skipped"),
        *("skipped", "success", "success", "skipped", "skipped", "success"),
    ]
    assert ran.status == "failure"


async def test_a_tolerated_failure_is_none_for_those_behind(play):
    """They run as after a success."""
    ran = await play(
        "steps:\n"
        "  - {id: a, run: exit 1, needs: [], continue-on-error: true}\n"
        "  - {id: b, run: echo, needs: a}\n"
        "  - {run: echo, needs: b, if: failure()}\n"
    )
    assert ran.ended() == ["error-with-continue", "success", "skipped"]
    assert ran.status == "success"


async def test_variables_come_from_those_a_step_waits_for(play):
    """From all of them, directly or not, also where they stand further down; from no other."""
    ran = await play(
        """
steps:
  - {id: a, run: 'echo A=$B-a >> $ROLLWAY_ENV', needs: [b]}
  - {id: c, run: 'echo "$A $B $D"'}
  - {id: b, run: 'echo B=b >> $ROLLWAY_ENV', needs: []}
  - {id: d, run: 'echo D=d >> $ROLLWAY_ENV', needs: []}
  - {id: e, run: 'echo "$A $B $D"', needs: [b, d]}
"""
    )
    assert ran.log(2) == "b-a b \n"
    assert ran.log(5) == " b d\n"


async def test_outputs_of_steps_beside_each_other_stay_apart(play):
    """Each has its own, and those of copies come together."""
    ran = await play(
        """
steps:
  - {id: a, run: 'echo x=1 >> $ROLLWAY_OUTPUT', needs: []}
  - {id: b, run: 'echo x=2 >> $ROLLWAY_OUTPUT', needs: []}
  - id: m
    run: echo ${{ matrix.n }}=${{ matrix.n }} >> $ROLLWAY_OUTPUT
    needs: []
    matrix: {n: [p, q]}
  - run: echo "${{ steps.a.outputs.x }}${{ steps.b.outputs.x }} ${{ toJSON(steps.m.outputs) }}"
"""
    )
    assert ran.ends()[5] == "success"
    assert ran.log(5).startswith("12 {p:") or ran.log(5).startswith("12 {q:")


async def test_who_reads_slowly_slows_the_steps(job, executor, tmp_path):
    """What was not read waits in the commands: memory is bounded, and nothing is lost."""
    source = tmp_path / "work" / "task-1" / "source"
    lines = 400_000
    pipeline = (
        f"steps: [{{run: 'seq 1 {lines}; touch done-${{{{ matrix.n }}}}',"
        " matrix: {n: [1, 2, 3]}}]"
    )
    seen = Counter()
    stood = False
    async with aclosing(run(job(pipeline), executor, Cancel())) as events:
        async for event in events:
            if isinstance(event, Output) and event.index:
                seen[event.index] += event.text.count("\n")
                if not stood:
                    await asyncio.sleep(1)
                    stood = [*source.glob("done-*")] == []
    assert stood
    assert seen == dict.fromkeys((1, 2, 3), lines)


async def test_a_step_is_not_held_up_by_one_that_floods(play):
    """It begins and prints while the other still writes, which only ends because it does."""
    ran = await play(
        "steps:\n"
        "  - {needs: [], run: 'until [ -e enough ]; do seq 1 20000; done'}\n"
        "  - {needs: [], run: 'sleep 0.3; echo here; touch enough'}\n"
    )
    assert ran.log(2) == "here\n"
    assert ran.ended() == ["success", "success"]


class Stop(BaseException):
    """Not even an exception."""


@pytest.mark.parametrize("kind", [ZeroDivisionError, Stop])
async def test_a_fault_of_an_executor_ends_the_run(job, kind):
    """It is raised to whoever runs the task, and no step goes on."""

    class Faulty(FakeExecutor):
        async def open(self, place):
            sandbox = await super().open(place)
            start = sandbox.start

            async def fault(command):
                process = await start(command)
                if self.scripts[-1] == "bad":
                    raise kind
                return process

            sandbox.start = fault
            return sandbox

    executor = Faulty({"long": Answer(waits=True)})
    pipeline = "steps: [{run: long, needs: []}, {run: bad, needs: []}]"
    with pytest.raises(kind):
        async for _ in run(job(pipeline), executor, Cancel()):
            pass
    assert executor.closed == ["task-1"]
    assert len(asyncio.all_tasks()) == 1


def below_us():
    """Return the state and the count of descriptors of each process below this one."""
    parents, found = {}, {}
    for folder in Path("/proc").iterdir():
        with suppress(OSError):
            if folder.name.isdigit():
                state, parent, *_ = (folder / "stat").read_bytes().rpartition(b")")[2].split()
                count = len([*(folder / "fd").iterdir()])
                parents[int(folder.name)] = int(parent), (state, count)
    looking = [os.getpid()]
    while looking:
        parent = looking.pop()
        children = {pid: what for pid, (its, what) in parents.items() if its == parent}
        looking += children
        found |= children
    return found


@pytest.mark.slow
@pytest.mark.timeout(180)
async def test_two_hundred_steps_leave_nothing_behind(play, descriptors):
    """Descriptors, tasks, processes and zombies are as many after the last as after the first."""
    ours, below = [], []
    before = descriptors(), len(asyncio.all_tasks()), below_us()

    def on_event(event, _):
        if isinstance(event, StepChanged) and event.index and event.status.completed:
            ours.append((descriptors(), len(asyncio.all_tasks())))
            if event.index % 20 == 0:
                below.append([*below_us().values()])

    leaving = "  - run: sleep 300 & (setsid sleep 300 &) ; echo x\n" * 2
    ran = await play("steps:\n" + leaving + "  - run: echo x\n" * 198, on_event=on_event)
    assert ran.status == "success"
    assert len(ours) == 200
    most = tuple(max(each) for each in zip(*ours, strict=True))
    assert most[0] < ours[0][0] + 10  # what a look at the disk holds for a moment
    assert most[1] < ours[0][1] + 10
    for processes in below:
        assert len(processes) <= 3  # the runner, and what is just about to vanish
        assert sum(state == b"Z" for state, _ in processes) <= 2
    assert max(count for processes in below for _, count in processes) < 20
    assert (descriptors(), len(asyncio.all_tasks()), below_us()) == before
