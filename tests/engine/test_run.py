"""Runs of whole pipelines, with an executor that only pretends."""

import asyncio
import json
from contextlib import aclosing
from dataclasses import replace

import pytest

from engine.events import LogStream, Output, Planned, StepChanged, TaskChanged
from engine.git import Source
from engine.run import Cancel, run
from engine.state import StepStatus, TaskStatus
from engine.testing import Answer, FakeExecutor

THREE = """
steps:
  - {run: one, name: One}
  - {run: two, name: Two}
  - {run: three}
"""


async def test_a_pipeline_that_succeeds(play, repository):
    """Every status is reported when it is reached, and the task's comes last."""
    executor = FakeExecutor({"one": Answer(b"hello\n")})
    ran = await play(THREE, executor=executor)
    kinds = [
        (type(event), getattr(event, "index", None), getattr(event, "status", None))
        for event in ran.events
        if not (isinstance(event, Output) and event.index == 0)
    ]
    running, success = StepStatus.RUNNING, StepStatus.SUCCESS
    assert kinds == [
        (StepChanged, 0, running),
        (Planned, None, None),
        (StepChanged, 0, success),
        (StepChanged, 1, running),
        (Output, 1, None),
        (StepChanged, 1, success),
        (StepChanged, 2, running),
        (StepChanged, 2, success),
        (StepChanged, 3, running),
        (StepChanged, 3, success),
        (TaskChanged, None, TaskStatus.SUCCESS),
    ]
    (planned,) = ran.of(Planned)
    assert planned.steps == ("One", "Two", "Run three")
    assert planned.commit == repository.git("rev-parse", "HEAD")
    assert planned.pipeline == THREE
    assert ran.log(1) == "hello\n"
    assert ran.end(1).exit_code == 0
    assert executor.closed == ["task-1"]
    assert {event.stream for event in ran.of(Output) if event.index == 0} == {LogStream.SYSTEM}
    assert f"Checked out {planned.commit}" in ran.log(0)


def declared(command):
    """Return the variables of a command but for those that name its files."""
    ours = ("ROLLWAY_OUTPUT", "ROLLWAY_ENV")
    return {name: value for name, value in command.env.items() if name not in ours}


async def test_what_a_command_is_given(play, tmp_path):
    """Env layers lie over each other, entries name what is on top, secrets come by name."""
    executor = FakeExecutor()
    ran = await play(
        """
env: {A: pipeline, B: "${{ env.LOW }}-${{ env.A }}", MSG: "${{ git.message }}"}
steps:
  - run: deploy ${{ secrets.TOKEN }} ${{ git.commit }}
    env: {A: step, C: "${{ env.A }}/${{ env.B }}", D: "${{ env.NOPE }}"}
  - run: "  echo   '$A'  "
    working-directory: .
""",
        executor=executor,
        contexts={
            "env": {"LOW": "low", "A": "below"},
            "secrets": {"TOKEN": "s3cret", "OTHER": "0ther"},
            "git": {"message": "; rm -rf ${{ secrets.TOKEN }}", "commit": "abc"},
        },
    )
    first, second = executor.commands
    assert executor.scripts[0] == f"deploy s3cret {ran.of(Planned)[0].commit}"
    message = "; rm -rf ${{ secrets.TOKEN }}"
    low = {"LOW": "low", "MSG": message}
    overlaid = {"A": "step", "B": "low-step", "C": "step/low-step", "D": ""}
    assert declared(first) == {**low, **overlaid}
    assert declared(second) == {**low, "A": "pipeline", "B": "low-pipeline"}
    assert executor.scripts[1] == "  echo   '$A'  "
    assert first.working_directory == tmp_path / "work" / "task-1" / "source"
    (place,) = executor.places
    assert place.workspace == tmp_path / "work" / "task-1"
    assert (place.task_id, place.epoch) == ("task-1", 7)
    assert "'${{ env.NOPE }}' has no value here" in ran.log(1)


@pytest.mark.parametrize("key", ["run", "plugin", "working-directory", "if", "env"])
async def test_text_that_no_command_can_be_given_fails_the_step(play, key):
    """Half a character, as JSON may hold it, or NUL; the steps behind are looked after."""
    half, given = "${{ fromJSON(env.JSON) }}", {"run": "one", "env": {"JSON": r'"\ud800"'}}
    values = {"plugin": "./a", "env": given["env"] | {"A": half}}
    step = {**given, "inputs": {"a": half}, key: values.get(key, half)}
    if key == "plugin":
        del step["run"]
    steps = [step, {"run": "two", "if": "always()"}]
    ran = await play(json.dumps({"steps": steps}), executor=FakeExecutor())
    assert ran.ended()[:2] == ["failure", "success"]
    assert "a character that no command can be given" in ran.end(1).error


async def test_a_plugin_is_given_contexts_with_any_text(play, repository):
    """Whoever starts a task chooses what stands in its contexts."""
    repository.commit({"tool/plugin.py": "def run(inputs, context):\n    print(context['git'])"})
    contexts = {"git": {"message": "<\ud800>"}}
    ran = await play("steps: [{plugin: ./tool}]", contexts=contexts)
    assert ran.status == "success"
    assert "<?>" in ran.log(1)


async def test_the_rest_is_skipped_after_a_failure(play):
    """The failed step says which command failed, how, and where it stands."""
    ran = await play(THREE, executor=FakeExecutor({"two": Answer(b"oops\n", exit_code=3)}))
    assert ran.ends() == {0: "success", 1: "success", 2: "failure", 3: "skipped"}
    assert ran.status == "failure"
    assert ran.end(2).exit_code == 3
    assert ran.end(2).error == "exit code 3 from step 'Two' (serverless-pipeline.yaml:4)"
    assert ran.log(2) == "oops\n" + ran.end(2).error + "\n"
    assert [event.status for event in ran.of(StepChanged) if event.index == 3] == ["skipped"]


async def test_a_failure_may_be_tolerated(play):
    """With continue-on-error the task goes on and succeeds."""
    pipeline = "steps: [{run: one, continue-on-error: true}, {run: two}]"
    ran = await play(pipeline, executor=FakeExecutor({"one": Answer(exit_code=1)}))
    assert ran.ends() == {0: "success", 1: "error-with-continue", 2: "success"}
    assert ran.end(1).exit_code == 1
    assert ran.status == "success"


async def test_cancel_ends_the_running_step_and_the_rest(play):
    """Cancel wins over the exit code; nothing more is started."""

    def cancel_two(event, cancel):
        if isinstance(event, StepChanged) and event.index == 2:
            cancel.set("by ann")
            cancel.set("again")

    executor = FakeExecutor({"two": Answer(waits=True)})
    ran = await play(THREE, executor=executor, on_event=cancel_two)
    assert ran.ends() == {0: "success", 1: "success", 2: "cancelled", 3: "cancelled"}
    assert ran.status == "cancelled"
    assert ran.end(2).error == "cancelled: by ann"
    assert ran.end(2).exit_code == -15
    assert executor.scripts == ["one", "two"]


async def test_what_does_not_end_is_killed_after_the_grace(play):
    """A command that ignores SIGTERM is killed, and the log says so."""
    ran = await play(
        "steps: [{run: one, name: One}]",
        executor=FakeExecutor({"one": Answer(b"busy", waits=True, stubborn=True)}),
        step_seconds=0.1,
        cancel_grace_seconds=0.1,
    )
    assert ran.status == "failure"
    assert ran.end(1).error == "took longer than 0.1 s: step 'One' (serverless-pipeline.yaml:1)"
    assert ran.end(1).exit_code == -9
    assert "[still running 0.1 s later: killed]" in ran.log(1)


async def test_cancel_before_the_start(play):
    """Step 0 is cancelled, there is no plan, the task is cancelled."""
    ran = await play(THREE, on_event=lambda _, cancel: cancel.set("early"))
    assert ran.ends() == {0: "cancelled"}
    assert ran.end(0).error == "cancelled: early"
    assert ran.of(Planned) == []
    assert ran.status == "cancelled"


async def test_cancel_after_the_last_step_began_to_report(play):
    """A cancel between two steps cancels the second without starting it."""

    def cancel_first_end(event, cancel):
        if isinstance(event, StepChanged) and event.index == 1 and event.status.completed:
            cancel.set("late")

    executor = FakeExecutor()
    ran = await play(THREE, executor=executor, on_event=cancel_first_end)
    assert ran.ends() == {0: "success", 1: "success", 2: "cancelled", 3: "cancelled"}
    assert len(executor.commands) == 1


@pytest.mark.parametrize(
    ("pipeline", "options", "error"),
    [
        ("steps: [{rnu: x}]", {}, "serverless-pipeline.yaml:1:10: unknown key 'rnu'"),
        ("steps: [", {}, "serverless-pipeline.yaml:1:9: not YAML"),
        (None, {"sealed": "hello"}, "a pipeline is a mapping"),
    ],
)
async def test_a_bad_pipeline_fails_the_set_up(play, repository, pipeline, options, error):
    """File and place are said, in the event and in the log, and no step is there."""
    repository.commit({"a": "1"})
    ran = await play(pipeline, executor=FakeExecutor(), **options)
    assert ran.ends() == {0: "failure"}
    assert ran.status == "failure"
    assert error in ran.end(0).error
    assert error in ran.log(0)
    assert ran.of(Planned) == []


async def test_a_missing_pipeline_fails_the_set_up(play, repository):
    """The file is named."""
    repository.commit({"a": "1"})
    ran = await play(None, executor=FakeExecutor(), path="deploy/cd.yaml")
    assert "The pipeline file deploy/cd.yaml does not exist" in ran.end(0).error
    assert ran.status == "failure"


@pytest.mark.parametrize(
    ("source", "error"),
    [
        (Source("file:///nosuch", None, None), "file:///nosuch could not be checked out"),
        (Source("http://127.0.0.1:1/x", None, None), "transport 'http' not allowed"),
    ],
)
async def test_an_unreachable_repository_fails_the_set_up(job, source, error):
    """What could not be reached is said."""
    broken = replace(job(THREE), source=source)
    events = [event async for event in run(broken, FakeExecutor(), Cancel())]
    assert error in events[-2].error
    assert events[-1].status is TaskStatus.FAILURE


async def test_a_sealed_pipeline_is_used_instead_of_the_file(play):
    """A rollback runs what was run then."""
    executor = FakeExecutor()
    ran = await play(THREE, executor=executor, sealed="steps: [{run: sealed}]")
    assert executor.scripts == ["sealed"]
    assert ran.of(Planned)[0].pipeline == "steps: [{run: sealed}]"


async def test_a_working_directory_that_is_not_there(play):
    """That step fails, and says so as it was written."""
    executor = FakeExecutor()
    ran = await play("steps: [{run: x, working-directory: nosuch}]", executor=executor)
    assert ran.ends() == {0: "success", 1: "failure"}
    assert ran.end(1).error.startswith(
        "The working directory 'nosuch' does not exist: step 'Run x'"
    )
    assert executor.commands == []


@pytest.mark.parametrize("path", ["..", "../../..", "../gone", "out", "out/gone", "sub/../out"])
async def test_a_working_directory_outside_of_the_checkout_is_the_sandboxs_to_judge(
    play, repository, path
):
    """The server sees more than a step may: it does not tell what is there and what is not."""
    repository.commit({"sub/file": ""})
    (repository.folder / "out").symlink_to("../../..")
    executor = FakeExecutor()
    ran = await play(f"steps: [{{run: x, working-directory: {path}}}]", executor=executor)
    assert ran.ends() == {0: "success", 1: "success"}
    (command,) = executor.commands
    assert str(command.working_directory).endswith(f"/source/{path}")


async def test_a_working_directory_by_a_link_within_the_checkout(play, repository):
    """It must lead to a folder."""
    repository.commit({"sub/file": ""})
    for name, target in (("link", "sub"), ("file", "sub/file"), ("dead", "gone")):
        (repository.folder / name).symlink_to(target)
    steps = (f"{{run: pwd -P, working-directory: {name}}}" for name in ("link", "file", "dead"))
    ran = await play(f"steps: [{', '.join(steps)}]".replace("}, {", ", if: always()}, {"))
    assert ran.ended() == ["success", "failure", "skipped"]
    assert ran.log(1).endswith("/source/sub\n")


async def test_env_that_grows_too_large_fails_its_step(play):
    """Names of names of names cannot eat the memory."""
    names = ["${{ env.A%d }}" % number for number in range(9)]  # noqa: UP031 - braces
    doubling = "".join(f"A{number + 1}: '{name * 50}', " for number, name in enumerate(names))
    pipeline = f"env: {{A0: xxxxxxxxxx, {doubling}}}\nsteps: [{{run: x}}]"
    ran = await play(pipeline, executor=FakeExecutor())
    assert "longer than 131072 characters" in ran.end(1).error
    assert ran.status == "failure"


async def test_secrets_are_masked_everywhere(play):
    """In output, however it is cut, in names, in errors, in our own lines."""
    answer = Answer(b"a s3cret\n", exit_code=1)
    ran = await play(
        "steps: [{run: one, name: Use s3cret}, {run: two, working-directory: s3cret}]",
        executor=FakeExecutor({"one": answer}),
        contexts={"secrets": {"TOKEN": "s3cret"}},
    )
    assert ran.of(Planned)[0].steps[0] == "Use ***"
    assert ran.log(1).startswith("a ***\n")
    assert "'Use ***'" in ran.end(1).error
    shown = [event for event in ran.events if not isinstance(event, Planned)]
    assert "s3cret" not in repr(shown)


async def test_closing_the_run_kills_what_runs(job):
    """The worker is going away: no more events, no more processes."""
    executor = FakeExecutor({"one": Answer(b"up\n", waits=True)})
    async with aclosing(run(job(THREE), executor, Cancel())) as events:
        async for event in events:
            if isinstance(event, Output) and event.index == 1:
                break
    assert executor.closed == ["task-1"]
    assert len(asyncio.all_tasks()) == 1
