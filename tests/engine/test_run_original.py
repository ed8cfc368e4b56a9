"""The original's measured behaviour, row by row: the sane is the same, the rest is better."""

import hashlib

import pytest

from engine.executors import NotStarted

SUCCEEDED, FAILED, TOLERATED, SKIPPED = "success", "failure", "error-with-continue", "skipped"

# How each step ends, from the first on, and the task.
SAME = {
    "exit 0": ("[{run: exit 0}]", [SUCCEEDED], SUCCEEDED),
    "exit 3": ("[{run: exit 3}, {run: echo}]", [FAILED, SKIPPED], FAILED),
    "unknown command": ("[{run: nosuchcommand}, {run: echo}]", [FAILED, SKIPPED], FAILED),
    "killed by a signal": ("[{run: kill -9 $$}, {run: echo}]", [FAILED, SKIPPED], FAILED),
    "bad expression in run": (
        "[{run: 'echo ${{ steps.ghost.status }}'}, {run: echo}]",
        [FAILED, SKIPPED],
        FAILED,
    ),
    "bad expression in env": (
        "[{run: echo, env: {A: '${{ steps.ghost.status }}'}}, {run: echo}]",
        [FAILED, SKIPPED],
        FAILED,
    ),
    "plugin that fails": ("[{plugin: ./nosuch}, {run: echo}]", [FAILED, SKIPPED], FAILED),
    "tolerated exit": (
        "[{run: exit 3, continue-on-error: true}, {run: echo}]",
        [TOLERATED, SUCCEEDED],
        SUCCEEDED,
    ),
    "tolerated bad expression": (
        "[{run: 'echo ${{ steps.ghost.status }}', continue-on-error: true}, {run: echo}]",
        [TOLERATED, SUCCEEDED],
        SUCCEEDED,
    ),
    "tolerated as the last": (
        "[{run: echo}, {run: exit 3, continue-on-error: true}]",
        [SUCCEEDED, TOLERATED],
        SUCCEEDED,
    ),
    "tolerated is no failure": (
        (
            "[{run: exit 3, continue-on-error: true}, {run: echo, if: failure()},"
            " {run: echo, if: success()}]"
        ),
        [TOLERATED, SKIPPED, SUCCEEDED],
        SUCCEEDED,
    ),
    "not tolerated": (
        "[{run: exit 3, continue-on-error: false}, {run: echo}]",
        [FAILED, SKIPPED],
        FAILED,
    ),
    "a text tolerates nothing": (
        "[{run: exit 3, continue-on-error: 'true'}, {run: echo}]",
        [FAILED, SKIPPED],
        FAILED,
    ),
    "failures are sticky": (
        (
            "[{run: exit 3}, {run: echo, if: always()}, {run: echo},"
            " {run: echo, if: success()}, {run: echo, if: failure()}]"
        ),
        [FAILED, SUCCEEDED, SKIPPED, SKIPPED, SUCCEEDED],
        FAILED,
    ),
    "handler that passes": (
        "[{run: exit 3}, {run: echo, if: '${{ failure() }}'}]",
        [FAILED, SUCCEEDED],
        FAILED,
    ),
    "handler that is tolerated": (
        "[{run: exit 3}, {run: exit 4, if: '${{ failure() }}', continue-on-error: true}]",
        [FAILED, TOLERATED],
        FAILED,
    ),
    "handler that fails": (
        "[{run: exit 3}, {run: exit 4, if: failure()}, {run: echo, if: always()}]",
        [FAILED, FAILED, SUCCEEDED],
        FAILED,
    ),
    "handlers without a failure": (
        (
            "[{run: echo}, {run: echo, if: failure()}, {run: echo, if: cancelled()},"
            " {run: echo, if: always()}]"
        ),
        [SUCCEEDED, SKIPPED, SKIPPED, SUCCEEDED],
        SUCCEEDED,
    ),
    "what is skipped fails nothing": (
        "[{run: exit 3, if: 'false'}, {run: echo}]",
        [SKIPPED, SUCCEEDED],
        SUCCEEDED,
    ),
    "an if that is true": (
        (
            "[{run: echo, if: true}, {run: echo, if: 'true'}, {run: echo, if: '${{ true }}'},"
            " {run: echo, if: '${{ 1 === 1 }}'}]"
        ),
        [SUCCEEDED] * 4,
        SUCCEEDED,
    ),
    "an if that is anything else": (
        (
            "[{run: echo}, {run: echo, if: '${{ 1 }}'}, {run: echo, if: 'yes'},"
            " {run: echo, if: ' ${{ true }}'}, {run: echo, if: '${{ true }} '},"
            " {run: echo, if: \"${{ 'yes' }}\"}, {run: echo, if: '${{ env.NOPE }}'}]"
        ),
        [SUCCEEDED] + [SKIPPED] * 6,
        SUCCEEDED,
    ),
    "any if is without the gate": (
        (
            "[{run: exit 3}, {run: echo, if: \"${{ env.A === 'x' }}\", env: {A: x}},"
            " {run: echo, if: true}, {run: echo, if: 'true'}]"
        ),
        [FAILED, SUCCEEDED, SUCCEEDED, SUCCEEDED],
        FAILED,
    ),
    "a status word within an expression": (
        (
            "[{run: exit 3}, {run: echo, if: \"${{ failure() && env.A === 'x' }}\", env: {A: x}},"
            " {run: echo, if: \"${{ failure() && env.A === 'y' }}\", env: {A: x}}]"
        ),
        [FAILED, SUCCEEDED, SKIPPED],
        FAILED,
    ),
    "how another step ended": (
        (
            "[{run: exit 3, id: a, continue-on-error: true},"
            " {run: echo, if: \"${{ steps.a.status === 'error-with-continue' }}\"},"
            " {run: echo, if: \"${{ steps.a.status === 'success' }}\"}]"
        ),
        [TOLERATED, SUCCEEDED, SKIPPED],
        SUCCEEDED,
    ),
    "ids of any letters": (
        "[{run: echo, id: 构建}, {run: echo, if: \"${{ steps.构建.status === 'success' }}\"}]",
        [SUCCEEDED, SUCCEEDED],
        SUCCEEDED,
    ),
    "steps as a mapping": ("{a: {run: echo}, b: {run: exit 3}}", [SUCCEEDED, FAILED], FAILED),
    "run beside plugin": ("[{run: echo, plugin: ./nosuch}]", [SUCCEEDED], SUCCEEDED),
    "an env without names": ("[{run: 'true', env: null}]", [SUCCEEDED], SUCCEEDED),
}

BETTER = {
    "nothing but skipped": ("[{run: echo, if: 'false'}]", [SKIPPED], SUCCEEDED),
    "an if that throws fails its step": (
        "[{run: echo, if: '${{ steps.ghost.status }}'}, {run: echo}, {run: echo, if: failure()}]",
        [FAILED, SKIPPED, SUCCEEDED],
        FAILED,
    ),
    "an if that throws can be tolerated": (
        "[{run: echo, if: '${{ steps.ghost.status }}', continue-on-error: true}, {run: echo}]",
        [TOLERATED, SUCCEEDED],
        SUCCEEDED,
    ),
    "a working directory that is missing fails its step": (
        "[{run: echo, working-directory: nosuch}, {run: echo}, {run: echo, if: failure()}]",
        [FAILED, SKIPPED, SUCCEEDED],
        FAILED,
    ),
    "a working directory that is missing can be tolerated": (
        "[{run: echo, working-directory: nosuch, continue-on-error: true}, {run: echo}]",
        [TOLERATED, SUCCEEDED],
        SUCCEEDED,
    ),
    "a folder that is missing, from the root": (
        "[{run: echo, working-directory: /nosuch}, {run: echo}]",
        [FAILED, SKIPPED],
        FAILED,
    ),
    "the boolean false skips": (
        "[{run: echo, if: false}, {run: echo}]",
        [SKIPPED, SUCCEEDED],
        SUCCEEDED,
    ),
    "a status word twice": (
        "[{run: echo, if: '${{ success() || (failure() && !success()) }}'}]",
        [SUCCEEDED],
        SUCCEEDED,
    ),
    "a failure in the middle": ("[{run: 'false; echo'}]", [FAILED], FAILED),
    "a name without a value": ("[{run: 'test -z \"${{ nosuch }}\"'}]", [SUCCEEDED], SUCCEEDED),
    "a step that reads": ("[{run: cat}]", [SUCCEEDED], SUCCEEDED),
    "a background process": ("[{run: sleep 300 & exit 3}]", [FAILED], FAILED),
}


@pytest.mark.parametrize(("steps", "ends", "status"), SAME.values(), ids=SAME)
async def test_what_works_there_works_here(play, steps, ends, status):
    """Every step and the task end as they did."""
    ran = await play(f"steps: {steps}")
    found = ran.ends()
    assert found.pop(0) == "success"
    assert [found[index] for index in range(1, len(ends) + 1)] == ends
    assert ran.status == status


@pytest.mark.parametrize(("steps", "ends", "status"), BETTER.values(), ids=BETTER)
async def test_what_went_wrong_there_goes_right_here(play, steps, ends, status):
    """A step always ends, says why it failed, and counts."""
    ran = await play(f"steps: {steps}")
    found = ran.ends()
    assert found.pop(0) == "success"
    assert [*found.values()] == ends
    assert ran.status == status
    for index, end in enumerate(ends, start=1):
        assert bool(ran.end(index).error) == (end in {FAILED, TOLERATED})


@pytest.mark.parametrize(
    ("pipeline", "error"),
    [
        ("steps: []", "there are no steps"),
        ("steps:", "there are no steps"),
        ("hello", "a pipeline is a mapping"),
        ("- run: echo", "a pipeline is a mapping"),
        ("steps: [{run: 'a}]", "not YAML"),
        ("", "the file is empty"),
        ("steps: [{uses: x}]", "a step has 'run:'"),
        ("steps: [{script: x}]", "a step has 'run:'"),
        ("steps: [{name: x}]", "a step has 'run:'"),
        ("steps: [{run: echo, id: a}, {run: echo, id: a}]", "the id 'a' stands already"),
        ("steps: [{run: 'echo ${{ a b }}'}]", "'${{ a b }}'"),
        ("steps: [{run: 'echo ${{ git.message }}'}]", "could run commands here"),
    ],
)
async def test_a_file_that_cannot_be_right_fails_the_set_up(play, pipeline, error):
    """The task fails, at once, and says where; nothing runs."""
    ran = await play(pipeline)
    assert ran.ends() == {0: "failure"}
    assert error in ran.end(0).error
    assert ran.end(0).error.startswith("serverless-pipeline.yaml:")
    assert ran.status == "failure"


class Broken:
    """An executor without a place for anything."""

    async def open(self, place):
        """Refuse."""
        raise NotStarted("no room")

    async def sweep(self, live):
        """Find nothing."""
        return 0


async def test_a_set_up_that_fails_is_a_failure_whatever_follows(play):
    """The steps are known and none runs, `always()` or not; the task fails."""
    steps = "steps: [{run: echo}, {run: echo, if: always()}, {run: echo, if: failure()}]"
    ran = await play(steps, executor=Broken())
    assert ran.ends() == {0: "failure", 1: "skipped", 2: "skipped", 3: "skipped"}
    assert ran.end(0).error == "The command could not be started: no room."
    assert ran.status == "failure"


async def test_every_change_is_reported_when_it_happens(play):
    """Failed, skipped and tolerated steps as well as those that succeed, each once."""
    ran = await play(
        "steps: [{run: exit 1, continue-on-error: true}, {run: exit 2}, {run: echo},"
        " {run: echo, if: failure()}]"
    )
    changes = [
        (event.index, event.status.value, event.exit_code)
        for event in ran.events
        if getattr(event, "index", 0) and hasattr(event, "exit_code")
    ]
    assert changes == [
        (1, "running", None),
        (1, "error-with-continue", 1),
        (2, "running", None),
        (2, "failure", 2),
        (3, "skipped", None),
        (4, "running", None),
        (4, "success", 0),
    ]


async def test_names_are_as_written(play):
    """They hold no expressions; without one it is the command or the plugin."""
    steps = (
        "steps: [{run: echo 1, name: 'A ${{ env.X }}'}, {run: echo 2}, {plugin: ./p, if: 'false'}]"
    )
    ran = await play(steps)
    names = next(event.steps for event in ran.events if hasattr(event, "steps"))
    assert names[:3] == ("A ${{ env.X }}", "Run echo 2", "Run ./p")


async def test_the_layers_of_env(play):
    """The job's lie lowest, then the pipeline's, then the step's; numbers become text."""
    ran = await play(
        """
env: {A: file, B: file, N: 12, YES: yes, MODE: 0644, AT: 12:30:45, K: 1_000, OFF: off, T: true}
steps:
  - run: echo "$JOB $A $B $N $YES $MODE $AT $K $OFF $T"
    env: {B: "step ${{ env.A }} ${{ env.JOB }}"}
  - run: echo "$JOB $A $B"; export A=lost; echo kept > file
  - run: echo "$A"; cat file; echo "$SERVERLESS_CD"
""",
        contexts={"env": {"JOB": "job", "A": "job"}},
    )
    assert ran.log(1) == "job file step file job 12 yes 644 12:30:45 1_000 off true\n"
    assert ran.log(2) == "job file file\n"
    assert ran.log(3) == "file\nkept\nserverless_cd\n"


async def test_the_text_of_other_template_languages_is_left_alone(play):
    """Only `${{ }}` means something."""
    ran = await play(
        "steps:\n"
        "  - run: |\n"
        "      echo '{{.State}} <% x %> {% y %}'   '${{ env.A }}'\n"
        "    env: {A: '{{.Names}} ${A}'}\n"
    )
    assert ran.log(1) == "{{.State}} <% x %> {% y %} {{.Names}} ${A}\n"


EXPRESSIONS = [
    ("nosuch", ""),
    ("env.NOPE", ""),
    ("env.PATH", ""),
    ("secrets.NOPE", ""),
    ("env.A", "a b"),
    ("env['A']", "a b"),
    ("env.A === 'a b' ? 'yes' : 'no'", "yes"),
    ("1 + 2", "3"),
    ("'x' + 1", "x1"),
    ("true && 'y'", "y"),
    ("'' || 'z'", "z"),
    ("contains('abc', 'b')", "true"),
    ("startsWith(env.A, 'a')", "true"),
    ("endsWith(env.A, 'a')", "false"),
    ("git.commit.length", "40"),
    ("git.provider", "gitlab"),
    ("git.event_name", "push"),
    ("task.id", "task-1"),
    ("app.id", "7"),
    ("status", "running"),
    ("steps.first.status", "success"),
    ("steps.first.outputs.version", "1.2.3"),
    ("steps.first.outputs.nosuch", ""),
    ("toJSON(steps.first.outputs)", '{"version":"1.2.3"}'),
    ("fromJSON('[1, 2]')", "1,2"),
    ("process", ""),
    ("require", ""),
    ("JSON", ""),
]


async def test_the_values_of_expressions(play):
    """Names of contexts have their values, what has none is empty and is told."""
    lines = "".join(f"      <${{{{ {expression} }}}}>\n" for expression, _ in EXPRESSIONS)
    ran = await play(
        "steps:\n"
        "  - {id: first, run: echo version=1.2.3 >> $ROLLWAY_OUTPUT}\n"
        f"  - run: |\n      cat <<'END'\n{lines}      END\n"
        "    env: {A: a b}\n",
        contexts={
            "git": {"provider": "gitlab", "event_name": "push"},
            "task": {"id": "task-1"},
            "app": {"id": "7"},
        },
    )
    shown = [line[1:-1] for line in ran.log(2).splitlines() if line.startswith("<")]
    assert shown == [value for _, value in EXPRESSIONS]
    for name in ("nosuch", "env.PATH", "process", "JSON"):
        assert f"'${{{{ {name} }}}}' has no value here" in ran.log(2)


@pytest.mark.parametrize(
    ("git", "who"), [({}, ""), ({"pusher.name": "ann"}, "ann")], ids=["by hand", "pushed"]
)
async def test_who_pushed_may_be_asked_of_any_deploy(play, git, who):
    """Of one that nobody pushed it is empty, and no step fails for it."""
    ran = await play(
        "steps:\n"
        '  - run: echo "<$WHO>"\n'
        "    if: ${{ git.pusher.email !== 'bot@example.com' }}\n"
        "    env: {WHO: '${{ git.pusher.name }}'}\n",
        contexts={"git": git},
    )
    assert ran.ended() == [SUCCEEDED]
    assert f"<{who}>\n" in ran.log(1)


@pytest.mark.parametrize(
    ("step", "told"),
    [
        ("if: '${{ env.NOPE }}'", True),
        ("if: '${{ env.A }}', env: {A: '${{ env.NOPE }}'}", True),
        ("if: '${{ (env.NOPE + 1).x.y }}'", True),
        ("if: failure(), env: {A: '${{ env.NOPE }}'}", False),
        ("if: '${{ env.NOPE || false }}'", False),
    ],
)
async def test_a_condition_says_what_has_no_value(play, step, told):
    """Also where the step does not run because of it; its env does not matter then."""
    ran = await play(f"steps: [{{run: echo, {step}}}]")
    assert ran.ended() in ([SKIPPED], [FAILED])
    assert ("has no value here: empty text" in ran.log(1)) is told


@pytest.mark.parametrize(
    "expression",
    ["''.constructor.constructor('return process')()", "(() => 1)()", "`${1}`", "import('os')"],
)
async def test_nothing_is_evaluated(play, expression):
    """What ran code in the original's engine is refused before anything runs."""
    ran = await play(f'steps: [{{run: "echo ${{{{ {expression} }}}}"}}]')
    assert ran.ends() == {0: "failure"}


async def test_hash_file_is_the_originals(play, repository):
    """SHA-1, seen from the checkout."""
    repository.commit({"folder/lock": "1\n"})
    ran = await play("steps: [{run: \"echo ${{ hashFile('folder/lock') }}\"}]")
    assert ran.log(1).strip() == hashlib.sha1(b"1\n").hexdigest()


async def test_working_directories(play, repository):
    """They are seen from the checkout, or from the root."""
    repository.commit({"folder/file": "here\n"})
    ran = await play(
        "steps: [{run: cat file, working-directory: folder}, {run: pwd, working-directory: /},"
        ' {run: cat file, working-directory: "${{ env.D }}", env: {D: ./folder}}]'
    )
    assert [ran.log(index) for index in (1, 2, 3)] == ["here\n", "/\n", "here\n"]


async def test_keys_that_meant_nothing_are_named(play):
    """`name`, `on`, `triggers` and `job` do no harm, those of other systems are warned of."""
    ran = await play("name: x\non: push\ntriggers: []\njob: 1\nsteps: [{run: echo, uses: y}]")
    assert ran.status == "success"
    for place, key in (("2:1", "on"), ("3:1", "triggers"), ("4:1", "job"), ("5:21", "uses")):
        warning = f"[serverless-pipeline.yaml:{place}: warning: '{key}' does nothing here"
        assert warning in ran.log(0)
