"""What ends a task before its time: cancel, time limits; and steps that are tried again."""

import asyncio
from contextlib import aclosing

import pytest

from engine import attempt
from engine.events import Output, StepChanged
from engine.run import Cancel, run
from engine.testing import Answer, FakeExecutor

HANDLERS = """
  - {run: echo plain}
  - {run: echo handler, if: cancelled()}
  - {run: echo handler, if: "${{ always() }}"}
  - {run: echo handler, if: success()}
  - {run: echo handler, if: failure()}
  - {run: echo handler, if: "${{ !success() && !failure() }}"}
  - {run: echo handler, if: "${{ env.A === 'x' }}", env: {A: x}}
  - {run: echo handler, if: true}
  - {run: echo handler, if: "${{ steps.ghost.status }}"}
  - {run: echo handler, if: "${{ env.A === 'x' }}", env: {A: "${{ steps.ghost.status }}"}}
"""
AFTER_CANCEL = [
    *("cancelled", "success", "success", "skipped", "skipped", "success"),
    *("cancelled", "cancelled", "cancelled", "cancelled"),
]
AFTER_TIMEOUT = [
    *("skipped", "skipped", "success", "skipped", "success", "skipped"),
    *("skipped", "skipped", "skipped", "skipped"),
]


def when(text, index=None, reason="by ann"):
    """Cancel as soon as a step, or the one with this index, has written *text*."""

    def on_event(event, cancel):
        ours = isinstance(event, Output) and event.index
        if ours and index in {None, event.index} and text in event.text:
            cancel.set(reason)

    return on_event


# ------------------------------------------------------------------------------ cancel


async def test_handlers_run_after_a_cancel(play):
    """Only those that ask for it by a status word; the step that was ended is cancelled."""
    ran = await play(f"steps:\n  - run: echo up; sleep 300{HANDLERS}", on_event=when("up"))
    assert ran.ended() == ["cancelled", *AFTER_CANCEL]
    assert ran.status == "cancelled"
    assert ran.end(1).error == "cancelled: by ann"
    assert ran.log(3) == "handler\n"


async def test_handlers_run_after_a_cancel_between_steps(play):
    """Nothing ran when it came; the same steps run as handlers."""

    def first_ended(event, cancel):
        if isinstance(event, StepChanged) and event.index == 1 and event.status.completed:
            cancel.set("by ann")

    ran = await play(f"steps:\n  - run: echo{HANDLERS}", on_event=first_ended)
    assert ran.ended() == ["success", *AFTER_CANCEL]
    assert ran.status == "cancelled"


async def test_cancel_wins_over_an_earlier_failure(play):
    """The step stays a failure, the task is cancelled, `failure()` is false from then on."""
    ran = await play(
        "steps: [{run: exit 1}, {run: echo up; sleep 300, if: failure()},"
        " {run: echo, if: failure()}, {run: echo, if: cancelled()}]",
        on_event=when("up"),
    )
    assert ran.ended() == ["failure", "cancelled", "skipped", "success"]
    assert ran.status == "cancelled"


@pytest.mark.parametrize("code", [0, 7])
async def test_a_step_that_was_ended_is_cancelled_whatever_it_exits_with(play, code):
    """Neither `always()`, nor `continue-on-error`, nor a trap that exits with 0 changes that."""
    ran = await play(
        "steps:\n"
        "  - if: always()\n"
        "    continue-on-error: true\n"
        "    retry: 3\n"
        "    run: |\n"
        f"      trap 'exit {code}' TERM\n"
        "      echo up\n"
        "      sleep 300 & wait\n",
        on_event=when("up"),
    )
    assert ran.ends()[1] == "cancelled"
    assert ran.end(1).exit_code == code
    assert ran.log(1).count("up") == 1


async def test_cancel_ends_all_that_run(play):
    """Steps beside each other, and those that wait for a place."""
    begun = set()

    def both_are_up(event, cancel):
        if isinstance(event, Output) and event.index and "up" in event.text:
            begun.add(event.index)
            if len(begun) == 2:
                cancel.set("by ann")

    ran = await play(
        "steps: [{run: echo up; sleep 300, needs: [], matrix: {n: [1, 2, 3, 4]}}]",
        on_event=both_are_up,
        parallel_max=2,
    )
    assert ran.ended() == ["cancelled"] * 4
    assert [ran.end(index).exit_code for index in (1, 2, 3, 4)] == [-15, -15, None, None]


async def test_a_second_cancel_leaves_the_handlers_alone(play):
    """They have their time, however impatient somebody is."""

    def on_event(event, cancel):
        if isinstance(event, Output) and event.index:
            cancel.set("by ann")

    ran = await play(
        "steps: [{run: echo up; sleep 300}, {run: echo a; sleep 0.3; echo b, if: always()}]",
        on_event=on_event,
    )
    assert ran.ended() == ["cancelled", "success"]
    assert ran.log(2) == "a\nb\n"


async def test_handlers_have_a_budget(play):
    """What takes longer is ended, and what comes after it does not begin."""
    ran = await play(
        "steps: [{run: echo up; sleep 300}, {run: echo, if: always()},"
        " {run: sleep 300, if: always()}, {run: echo, if: always()}]",
        on_event=when("up"),
        handler_seconds=3.0,
    )
    assert ran.ended() == ["cancelled", "success", "cancelled", "cancelled"]
    assert ran.end(3).error == "cancelled: by ann; cleaning up took longer than 3 s"
    assert ran.end(4).exit_code is None
    assert ran.status == "cancelled"


async def test_handlers_have_the_time_of_a_step_too(play):
    """A handler that takes longer than a step may is a failure; the task stays cancelled."""
    ran = await play(
        "steps: [{run: echo up; sleep 300}, {run: sleep 300, if: always(), timeout-minutes: 0.01},"
        " {run: echo, if: cancelled()}]",
        on_event=when("up"),
    )
    assert ran.ended() == ["cancelled", "failure", "success"]
    assert ran.end(2).error.startswith("took longer than 0.6 s")
    assert ran.status == "cancelled"


async def test_a_step_about_to_begin_is_cancelled_as_well(job):
    """Its begin waits for the reader; a cancel meanwhile does not make a handler of it."""
    unknown = "".join("${{ nosuch%d }}" % number for number in range(40))  # noqa: UP031 - braces
    executor = FakeExecutor({"one": Answer(waits=True)})
    cancel = Cancel()
    statuses = []
    pipeline = f"steps: [{{run: one, if: '{unknown}true'}}]"
    async with aclosing(run(job(pipeline), executor, cancel)) as events:
        async for event in events:
            if isinstance(event, StepChanged) and event.index == 1:
                statuses.append(event.status.value)
                await asyncio.sleep(0.1)
                cancel.set("by ann")
    assert statuses == ["running", "cancelled"]
    assert executor.scripts == []


async def test_nothing_is_started_after_a_cancel(job):
    """A step whose begin waited for the reader does not even flash up."""
    executor = FakeExecutor()
    cancel = Cancel()
    unknown = "".join("${{ nosuch%d }}" % number for number in range(40))  # noqa: UP031 - braces
    pipeline = f"steps: [{{run: one, env: {{A: '{unknown}'}}}}]"
    async with aclosing(run(job(pipeline), executor, cancel)) as events:
        async for event in events:
            if isinstance(event, StepChanged) and event.index == 1:
                await asyncio.sleep(0.1)
                cancel.set("by ann")
    assert executor.scripts == []


# ------------------------------------------------------------------------------ time limits


async def test_a_pipeline_that_takes_too_long_fails(play):
    """What runs is ended and fails; then `failure()` and `always()` have a time of their own."""
    ran = await play(f"timeout-minutes: 0.05\nsteps:\n  - run: echo up; sleep 300{HANDLERS}")
    assert ran.ended() == ["failure", *AFTER_TIMEOUT]
    error = "the pipeline took longer than 3 s"
    assert ran.end(1).error.startswith(f"{error}: step 'Run echo up; sleep 300'")
    assert ran.end(2).error == error
    assert ran.log(4) == "handler\n"
    assert ran.status == "failure"


async def test_a_tolerated_step_fails_when_the_pipeline_takes_too_long(play):
    """Nobody said that this may go wrong."""
    ran = await play(
        "timeout-minutes: 0.05\n"
        "steps: [{run: sleep 300, continue-on-error: true, retry: 3}, {run: echo, if: failure()}]"
    )
    assert ran.ended() == ["failure", "success"]
    assert ran.status == "failure"


async def test_a_task_has_a_time_limit_without_the_pipelines_word(play):
    """The server's limit holds for what the file does not limit."""
    ran = await play("steps: [{run: sleep 300}, {run: echo}]", job_seconds=4.0)
    assert ran.ended() == ["failure", "skipped"]
    assert "the pipeline took longer than 4 s" in ran.end(1).error
    assert ran.status == "failure"


async def test_handlers_after_a_timeout_have_a_budget(play):
    """What takes longer is ended as a failure."""
    ran = await play(
        "steps: [{run: sleep 300}, {run: sleep 300, if: always()}, {run: echo, if: always()}]",
        job_seconds=4.0,
        handler_seconds=3.0,
    )
    assert ran.ended() == ["failure", "failure", "skipped"]
    assert "cleaning up took longer than 3 s" in ran.end(2).error
    assert ran.status == "failure"


async def test_cancel_while_a_timeout_is_cleaned_up(play):
    """The task is cancelled; the handler that runs may end."""
    ran = await play(
        "steps: [{run: sleep 300}, {run: echo up; sleep 0.3; echo end, if: failure()},"
        " {run: echo, if: failure()}, {run: echo, if: cancelled()}]",
        on_event=when("up"),
        job_seconds=4.0,
    )
    assert ran.ended() == ["failure", "success", "skipped", "success"]
    assert ran.log(2) == "up\nend\n"
    assert ran.status == "cancelled"


async def test_a_step_that_takes_too_long_fails_alone(play):
    """Its own limit is in the file; tolerated, the next step runs."""
    ran = await play(
        "steps: [{run: sleep 300, timeout-minutes: 0.005, continue-on-error: true}, {run: echo},"
        " {run: sleep 300, timeout-minutes: 0.005}, {run: echo}, {run: echo, if: failure()}]"
    )
    assert ran.ended() == ["error-with-continue", "success", "failure", "skipped", "success"]
    assert ran.end(1).error.startswith("took longer than 0.3 s: step 'Run sleep 300'")
    assert ran.end(1).exit_code == -15


async def test_a_step_that_exits_with_0_when_its_time_is_over_fails(play):
    """It was asked to end; that is no success."""
    ran = await play(
        "steps:\n  - timeout-minutes: 0.02\n    run: trap 'exit 0' TERM; sleep 300 & wait\n"
    )
    assert ran.ended() == ["failure"]
    assert ran.end(1).exit_code == 0


# ------------------------------------------------------------------------------ tries


COUNTING = "echo x >> tries; test $(wc -l < tries) -ge"


async def test_a_step_is_tried_until_it_succeeds(play):
    """Each try is told of in the log; only the last one counts."""
    ran = await play(f"steps: [{{run: '{COUNTING} 3', retry: 5}}, {{run: cat tries}}]")
    assert ran.ended() == ["success", "success"]
    assert ran.log(1).splitlines() == ["[try 1 of 5: exit code 1]", "[try 2 of 5: exit code 1]"]
    assert ran.log(2).split() == ["x", "x", "x"]
    assert [event.status.value for event in ran.of(StepChanged) if event.index == 1] == [
        "running",
        "success",
    ]


async def test_a_step_is_tried_no_more_often_than_it_says(play):
    """Then it fails with the last exit code."""
    ran = await play("steps: [{run: exit 9, retry: {attempts: 2, delay-seconds: 0.1}}]")
    assert ran.ended() == ["failure"]
    assert ran.end(1).exit_code == 9
    assert ran.log(1).count("[try 1 of 2: exit code 9; the next in 0.1 s]") == 1


@pytest.mark.parametrize(
    ("script", "on", "tries"),
    [
        ("exit 9", "[9]", 3),
        ("exit 9", "[8]", 1),
        ("exit 9", "failure", 3),
        ("exit 9", "timeout", 1),
        ("exit 9", "[timeout, 9]", 3),
        ("sleep 300", "timeout", 3),
        ("sleep 300", "failure", 1),
        ("exit 0", "failure", 1),
    ],
)
async def test_what_is_tried_again(play, script, on, tries):
    """Only the ends that are named."""
    ran = await play(
        f"steps: [{{run: echo try; {script}, timeout-minutes: 0.03,"
        f" retry: {{attempts: 3, on: {on}}}}}]"
    )
    assert ran.log(1).splitlines().count("try") == tries


async def test_each_try_has_its_own_files(play):
    """What a try that failed wrote as output is not that of the next."""
    ran = await play(
        "steps: [{id: a, run: 'echo try >> tries; echo n$(wc -l < tries)=1 >> $ROLLWAY_OUTPUT;"
        " test $(wc -l < tries) -ge 2', retry: 2}]"
    )
    assert ran.end(1).outputs == {"n2": "1"}


async def test_a_cancel_between_two_tries_ends_the_step(play):
    """At once, and without another try."""
    ran = await play(
        "steps: [{run: echo try; exit 1, retry: {attempts: 2, delay-seconds: 600}},"
        " {run: echo, if: cancelled()}]",
        on_event=when("the next in 600 s"),
    )
    assert ran.ended() == ["cancelled", "success"]
    assert ran.end(1).error == "cancelled: by ann"
    assert ran.log(1).splitlines().count("try") == 1


async def test_a_timeout_between_two_tries_ends_the_step(play):
    """The pipeline's time goes on during the pause."""
    ran = await play(
        "steps: [{run: echo try; exit 1, retry: {attempts: 2, delay-seconds: 600}}]",
        job_seconds=4.0,
    )
    assert ran.ended() == ["failure"]
    assert "the pipeline took longer than 4 s" in ran.end(1).error
    assert ran.log(1).splitlines().count("try") == 1


@pytest.mark.parametrize(("minutes", "cancels"), [(0.001, False), (1, True)])
async def test_a_command_that_does_not_end_is_left(play, monkeypatch, minutes, cancels):
    """Killed in vain it holds neither a time limit nor a cancel, and the rest goes on."""
    for name in ("KILL_SECONDS", "EOF_SECONDS", "DRAIN_SECONDS"):
        monkeypatch.setattr(attempt, name, 0.1)
    stuck = Answer(b"stuck\n", waits=True, stuck=True)
    async with asyncio.timeout(30):
        ran = await play(
            f"steps: [{{run: wait, timeout-minutes: {minutes}}}, {{run: after, if: always()}}]",
            on_event=when("stuck") if cancels else None,
            executor=FakeExecutor({"wait": stuck}),
            cancel_grace_seconds=0.1,
        )
    assert ran.ended() == ["cancelled" if cancels else "failure", "success"]
