"""Runs of whole pipelines with real processes."""

import asyncio
import time
from contextlib import aclosing

import pytest

from engine.events import Output
from engine.run import Cancel, run


def step(script):
    """Return a pipeline of one step."""
    return "steps:\n  - run: |\n" + "".join(f"      {line}\n" for line in script.splitlines())


def when_log_has(text, reason="by ann"):
    """Cancel as soon as a step has written *text*."""

    def on_event(event, cancel):
        if isinstance(event, Output) and event.index and text in event.text:
            cancel.set(reason)

    return on_event


async def test_every_line_comes_in_order(play):
    """20,001 lines, the last without its line break."""
    ran = await play(step("seq 1 20000; printf 20001"))
    assert ran.log(1).split("\n") == [str(number) for number in range(1, 20_002)]
    numbers = 1
    for piece in ran.of(Output):
        if piece.index == 1:
            assert piece.first_line == numbers
            numbers += piece.text.count("\n")
    assert ran.status == "success"


async def test_a_slow_reader_loses_nothing(play):
    """What a command left in the pipe when it ended is read, however long that takes."""

    def on_event(event, _):
        if isinstance(event, Output) and event.index:
            time.sleep(0.03)  # in all longer than the wait for the end

    ran = await play(step("seq 1 130000"), on_event=on_event)
    assert ran.log(1).split() == [str(number) for number in range(1, 130_001)]


async def test_characters_cut_by_writes_are_whole(play):
    """UTF-8 is decoded across reads."""
    ran = await play(step(r"printf '\303'; sleep 0.2; printf '\251\n'; printf '\377\n'"))
    assert ran.log(1) == "é\n\ufffd\n"


async def test_a_background_process_does_not_hold_a_step(play, gone):
    """`sleep 300 & exit 3` ends in about a second with its code and its log."""
    start = time.monotonic()
    ran = await play(step("echo before\nsleep 300 &\nsetsid sleep 300 &\necho $!\nexit 3"))
    assert time.monotonic() - start < 8
    assert ran.end(1).exit_code == 3
    log = ran.log(1).splitlines()
    assert log[0] == "before"
    assert log[2] == "[2 background processes were ended]"
    await gone(log[1])


async def test_a_background_flood_does_not_hold_a_step(play):
    """What never stops writing is ended soon, whoever reads it, with its step's own exit code."""
    ran = await play(step("(setsid yes &)\nexit 3"))
    assert ran.end(1).exit_code == 3
    assert len(ran.log(1)) < 12 * 1024 * 1024
    assert "[1 background process was ended]" in ran.log(1)


async def test_detached_processes_end_with_the_job(play, gone):
    """What left the step's session and its pipe is ended when the job is over."""
    ran = await play(step("setsid sleep 300 >/dev/null 2>&1 &\necho $!"))
    pid = ran.log(1).split()[0]
    await gone(pid)
    assert ran.status == "success"


@pytest.mark.slow
async def test_a_step_that_stops_its_runner_does_not_keep_others_from_cleaning_up(play):
    """It takes too long, as far as can be told; what comes always has a runner anew."""
    ran = await play(
        "steps:\n"
        "  - {run: sleep 0.1; kill -STOP $PPID, timeout-minutes: 0.01}\n"
        "  - {run: echo cleaned up, if: always()}\n",
        cancel_grace_seconds=0.1,
    )
    assert ran.end(1).error.startswith("took longer than 0.6 s")
    assert ran.log(2) == "cleaned up\n"
    assert ran.ended() == ["failure", "success"]


async def test_cancel_keeps_what_a_trap_prints(play):
    """The step has the grace to clean up, and what it says then is kept."""
    ran = await play(
        step("trap 'echo cleaning; exit 5' TERM\necho up\nsleep 300 &\nwait"),
        on_event=when_log_has("up"),
    )
    assert ran.ends()[1] == "cancelled"
    assert ran.end(1).exit_code == 5
    assert ran.log(1).splitlines() == ["up", "[cancelled: by ann: asked to end]", "cleaning"]
    assert ran.status == "cancelled"


async def test_children_have_the_grace_as_well(play):
    """A shell ends at once on SIGTERM; the tool it ran may still release its lock."""
    tool = "sh -c \"trap 'sleep 1; echo released; exit 0' TERM; echo up; sleep 300 & wait\"; true"
    ran = await play(step(tool), on_event=when_log_has("up"))
    assert "released" in ran.log(1)
    assert ran.status == "cancelled"


async def test_who_ignores_cancel_is_killed(play):
    """After the grace comes SIGKILL, also for the children."""
    start = time.monotonic()
    ran = await play(
        step("trap '' TERM\necho up\nsleep 300 &\nsleep 300"),
        on_event=when_log_has("up"),
        cancel_grace_seconds=0.5,
    )
    assert time.monotonic() - start < 8
    assert ran.end(1).exit_code == -9
    assert ran.status == "cancelled"


async def test_a_step_that_takes_too_long_fails(play):
    """The time is in the message."""
    ran = await play(step("sleep 300"), step_seconds=0.5)
    assert ran.end(1).error.startswith("took longer than 0.5 s: step 'Run sleep 300'")
    assert ran.status == "failure"


async def test_a_killed_step_names_the_signal(play):
    """Kill -9 from outside is a failure like another."""
    ran = await play(step("kill -9 $$"))
    assert ran.end(1).exit_code == -9
    assert ran.end(1).error.startswith("killed by signal 9 (SIGKILL): step 'Run kill -9 $$'")


async def test_the_text_of_a_step_is_kept(play):
    """Blanks, indentation and heredocs reach the shell as they were written."""
    ran = await play(step("cat <<'END'\n  two   blanks\n\tEND\nEND\necho \"a   b\""))
    assert ran.log(1) == "  two   blanks\n\tEND\na   b\n"


async def test_an_early_failure_in_a_script_ends_it(play):
    """`sh -e`: later lines of a step do not hide an earlier failure."""
    ran = await play(step("false\necho never"))
    assert ran.end(1).exit_code == 1
    assert "never" not in ran.log(1).splitlines()


async def test_stdin_gives_nothing(play):
    """A prompt fails instead of hanging."""
    ran = await play(step("read answer || echo nobody"))
    assert ran.log(1) == "nobody\n"


async def test_a_secret_is_never_seen(play):
    """Also when two writes cut it, by name only, and in what the shell prints itself."""
    ran = await play(
        "steps:\n"
        "  - run: printf 's3cr'; sleep 0.3; printf 'et-1\\n'; echo $T | base64; set -x; echo $T\n"
        "    env: {T: '${{ secrets.T }}'}\n"
        "  - run: env\n",
        contexts={"secrets": {"T": "s3cret-1"}},
    )
    first, *_ = ran.log(1).splitlines()
    assert first == "***"
    assert "s3cret-1" not in ran.log(1)
    assert "czNjcmV0LT" not in ran.log(1)
    assert "T=" not in ran.log(2).splitlines()


async def test_output_beyond_the_bound_is_dropped_but_for_its_end(play):
    """A flood does not end a step, and its last words are kept."""
    ran = await play(step("seq 1 300000\necho the end"), output_bytes_max=100_000)
    log = ran.log(1)
    assert ran.status == "success"
    assert len(log) < 200_000
    assert log.startswith("1\n2\n")
    assert log.endswith("300000\nthe end\n")
    assert log.count("[the output is longer than 100000 bytes") == 1


async def test_output_is_shown_while_a_step_runs(play):
    """Lines do not wait for the end, nor does a line that has no break yet."""
    seen = []

    def on_event(event, cancel):
        if isinstance(event, Output) and event.index == 1:
            seen.append(event.text)
            if event.text == "prompt>":
                cancel.set("seen")

    await play(step("echo first; sleep 0.5; printf 'prompt>'; sleep 300"), on_event=on_event)
    assert seen[:2] == ["first\n", "prompt>"]


@pytest.mark.parametrize("moment", ["set-up", "step"])
async def test_closing_the_run_ends_everything(job, executor, moment, alive, gone, descriptors):
    """No process, task or descriptor of ours is left."""
    fds = descriptors()
    pipeline = step("echo $$; sleep 300")
    async with aclosing(run(job(pipeline), executor, Cancel())) as events:
        async for event in events:
            if moment == "set-up" and isinstance(event, Output):
                break
            if isinstance(event, Output) and event.index == 1:
                assert alive(event.text.strip())
                break
    if moment == "step":
        await gone(event.text.strip())
    assert descriptors() == fds
    assert len(asyncio.all_tasks()) == 1


def small(look_seconds):
    """Return limits of a megabyte of files."""
    return {"workspace_bytes_max": 1024 * 1024, "disk_look_seconds": look_seconds}


async def test_a_step_that_fills_the_disk_is_ended(play):
    """The task fails and says why."""
    ran = await play(step("head -c 9000000 /dev/zero > big\nsleep 60"), **small(0.05))
    assert ran.ended() == ["failure"]
    assert "the task's files take more than 1048576 bytes" in ran.end(1).error


async def test_a_repository_that_fills_the_disk_ends_its_task(play, repository):
    """What git writes counts too: a few kilobytes of a repository may become gigabytes."""
    (repository.folder / "big").write_text("a repeated line\n" * 4_000_000)
    ran = await play(step("sleep 60"), **small(0.01))
    ended = next(index for index, status in ran.ends().items() if status == "failure")
    assert "the task's files take more than 1048576 bytes" in ran.end(ended).error
