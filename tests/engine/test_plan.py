import json
import time
from contextlib import suppress
from graphlib import TopologicalSorter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.language import values
from engine.language.keys import PIPELINE, STEP
from engine.plan import Artifact, Cache, InvalidPipeline, Retry, builtin, parse


def issues(text):
    with pytest.raises(InvalidPipeline) as refused:
        parse(text, path="p.yaml")
    return str(refused.value).splitlines()


def test_a_pipeline():
    """Steps come in order with all their keys, names have a default, lines count from 1."""
    plan = parse(
        """
name: Deploy
on: push
env: {A: one}
steps:
  - run: |
      make   'a   b'
        indented
    id: build
  - name: Ship
    run: s deploy
    working-directory: web
    continue-on-error: true
    env:
      TOKEN: ${{ secrets.TOKEN }}
""",
        path="p.yaml",
    )
    build, ship = plan.steps
    assert plan.env == {"A": "one"}
    assert (build.index, build.id, build.line) == (1, "build", 6)
    assert build.name == "Run make   'a   b'"
    assert build.run == "make   'a   b'\n  indented\n"
    assert (build.working_directory, build.continue_on_error, build.env) == (None, False, {})
    assert (ship.index, ship.name, ship.line, ship.id) == (2, "Ship", 10, None)
    assert (ship.working_directory, ship.continue_on_error) == ("web", True)
    assert ship.env == {"TOKEN": "${{ secrets.TOKEN }}"}


def test_steps_may_be_a_mapping_of_ids():
    """The original took it, so do we; an id of its own wins."""
    plan = parse("steps: {a: {run: x}, b: {run: y, id: c}}", path="p")
    assert [step.id for step in plan.steps] == ["a", "c"]


def test_a_key_of_the_file_may_hold_anchors():
    """It stands for nothing else; one whose anchors nobody uses is unknown."""
    plan = parse("base: [&b {env: {A: x}}]\nsteps: [{<<: *b, run: true}]", path="p.yaml")
    assert [(step.run, step.env) for step in plan.steps] == [("true", {"A": "x"})]
    with pytest.raises(InvalidPipeline) as refused:
        parse("base: [&b {env: {A: x}}]\nsteps: [{run: a}]", path="p.yaml")
    assert "unknown key 'base' in a pipeline" in str(refused.value)


def test_anchors_and_aliases():
    """A shared env or step is written once."""
    plan = parse("steps:\n- run: x\n  env: &e {A: 1}\n- run: y\n  env: *e", path="p")
    assert [step.env for step in plan.steps] == [{"A": 1}, {"A": 1}]


def test_long_default_names_are_shortened():
    """The name of a step fits a line."""
    (step,) = parse(f"steps: [{{run: '{'x' * 100}'}}]", path="p").steps
    assert step.name == "Run " + "x" * 59 + "…"


@pytest.mark.parametrize(
    ("written", "text"),
    [
        *(("yes", "yes"), ("on", "on"), ("off", "off"), ("0644", "644"), ("12:30:45", "12:30:45")),
        *(("1_000", "1_000"), ("0o17", "15"), ("0x1F", "31"), ("+7", "7"), ("-0", "0")),
        *(("True", "true"), ("FALSE", "false"), ("tRue", "tRue"), ("2026-01-01", "2026-01-01")),
        *(("3.10", "3.1"), ("1e3", "1000"), (".5", "0.5"), ("1e-7", "1e-7"), ("1.", "1")),
        *((".inf", "Infinity"), ("-.INF", "-Infinity"), (".NaN", "NaN"), ("1.2.3", "1.2.3")),
        *(("'0644'", "0644"), ("''", ""), ("!!str 0644", "0644"), ("=", "="), ("<<", "<<")),
        *(("9" * 400, "9" * 400), ("-1e400", "-Infinity")),
    ],
)
def test_values_follow_the_core_schema(written, text):
    """Values are read as YAML 1.2 has them, numbers written as the original wrote them."""
    plan = parse(f"env: {{A: {written}}}\nsteps: [{{run: x}}]", path="p")
    assert values.text(plan.env["A"]) == text


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", "p.yaml:1:1: the file is empty; a pipeline has 'steps:'"),
        ("# nothing", "p.yaml:1:1: the file is empty; a pipeline has 'steps:'"),
        ("[]", "p.yaml:1:1: a pipeline is a mapping with 'steps:', not a list"),
        ("hello", "p.yaml:1:1: a pipeline is a mapping with 'steps:', not a text"),
        ("env: {}", "p.yaml:1:1: a pipeline has 'steps:', a list of commands to run"),
        ("steps: []", "p.yaml:1:8: there are no steps"),
        ("steps:", "p.yaml:1:7: there are no steps"),
        ("steps: [{run: x}]\nstesp: 1", "unknown key 'stesp' in a pipeline; did you mean 'steps'?"),
        ("steps: [{run: x}]\nruns-on: [a]", "p.yaml:2:1: 'runs-on' is not supported by this"),
        ("steps: [x]", "p.yaml:1:9: a step is a mapping with 'run:', not a text"),
        ("steps: [{name: x}]", "p.yaml:1:9: a step has 'run:', the command it runs"),
        ("steps: [{run: 5}]", "'run' is the text of a command, not a number; put it in quotes"),
        ("steps: [{run: }]", "'run' is the text of a command, not nothing"),
        ("steps: [{run: [x]}]", "not a list"),
        ("steps: [{run: ' '}]", "p.yaml:1:15: 'run' is empty"),
        ("steps: [{run: x, run: y}]", "p.yaml:1:18: the key 'run' stands already in line 1"),
        ("steps:\n- {run: x, id: a}\n- {run: y, id: a}", "p.yaml:3:16: the id 'a' stands already"),
        ("steps: [{run: x, approval: a}]", "p.yaml:1:18: 'approval' is not supported by this"),
        ("steps: [{run: x, continue-on-error: [true]}]", "is true or false, not a list"),
        ("steps: [{run: x, env: [A]}]", "'env' of a step is a mapping of names to values"),
        ("steps: [{run: x, env: {A: }}]", "the value of A is nothing; write A: ''"),
        ("steps: [{run: x, env: {A: [1]}}]", "the value of A is a list; use a text"),
        ("steps: [{run: x, env: {A=B: 1}}]", "'A=B' cannot be the name of a variable"),
        ("steps: [{run: x, env: {? [a] : 1}}]", "a key in env is a text, not a list"),
        ("steps: [{run: x, working-directory: [a]}]", "'working-directory' is a text, not a list"),
        ("steps: [{run: x, env: {A: !secret x}}]", "the tag !secret does not fit here"),
        ("steps: [{run: x, env: {A: !!int x}}]", "does not fit here"),
        ('steps: [{run: "a\\0"}]', "'run' has a character no command can be given"),
        ('steps: [{run: "a\\ud800"}]', "'run' has a character no command can be given"),
        ("steps: [{run: '${{ env.A + }}'}]", "p.yaml:1:15: '${{ env.A + }}' ends where"),
        ("steps: [{run: x, env: {A: '${{ a() }}'}}]", "calls the unknown function 'a'"),
        (f"steps: [{{run: x, name: {'n' * 1001}}}]", "'name' is longer than 1000 characters"),
        ("steps: [", "p.yaml:1:9: not YAML"),
        ("steps: *nothing", "not YAML: found undefined alias 'nothing'"),
        ("a: 1\n--- b", "not YAML: expected a single document"),
        ("a: \x01", "p.yaml:1:4: not YAML: the character U+0001 is not allowed"),
        ('a: "\\UFFFFFFFF"', "not YAML"),
        ("steps: &a [*a]", "a step is a mapping with 'run:', not a list"),
    ],
)
def test_what_is_wrong_is_said_with_its_place(text, expected):
    """Each defect has a line and column and says what would be right."""
    assert any(expected in issue for issue in issues(text)), issues(text)


def test_all_issues_are_said_at_once():
    """Nobody should push once for each mistake."""
    lines = issues("stesp: 1\nsteps:\n  - rnu: x\n  - run: 5\n    approval: a\n")
    assert lines == [
        "p.yaml:1:1: unknown key 'stesp' in a pipeline; did you mean 'steps'?",
        "p.yaml:3:5: unknown key 'rnu' in a step; did you mean 'run'?",
        "p.yaml:3:5: a step has 'run:', the command it runs, or 'plugin:'",
        "p.yaml:4:10: 'run' is the text of a command, not a number; put it in quotes",
        "p.yaml:5:5: 'approval' is not supported by this version yet",
    ]


def warnings(text):
    return [f"{each.line}:{each.column}: {each.message}" for each in parse(text, path="p").warnings]


def test_all_keys():
    """Every key of the language has its place in the plan."""
    plan = parse(
        """
timeout-minutes: 30
image: node:20
shell: bash
runtimes: [nodejs16, .net6]
services:
  db: {image: "postgres:16", env: {PASSWORD: "${{ secrets.DB }}"}, command: "postgres -c 'a b'"}
steps:
  - run: make
    id: build
    if: ${{ git.branch === 'main' }}
    shell: bash -e {0}
    timeout-minutes: 0.5
    retry: {attempts: 3, delay-seconds: 10, on: [timeout, 75]}
    needs: []
    image: ghcr.io/acme/tools:1.2
    cache: {key: "${{ hashFile('a.lock') }}", path: node_modules}
    artifacts: [{name: site, paths: [dist, docs]}, {name: log, paths: a.log}]
  - run: test
    retry: 2
    needs: build
    if: false
""",
        path="p",
    )
    assert (plan.timeout_seconds, plan.image, plan.shell) == (1800, "node:20", "bash")
    assert plan.runtimes == ("nodejs16", ".net6")
    (db,) = plan.services
    assert (db.name, db.image, db.arguments) == ("db", "postgres:16", ("postgres", "-c", "a b"))
    assert db.env == {"PASSWORD": "${{ secrets.DB }}"}
    build, test = plan.steps
    assert (build.condition, build.shell) == ("${{ git.branch === 'main' }}", "bash -e {0}")
    assert (build.timeout_seconds, build.needs, build.image) == (30, (), "ghcr.io/acme/tools:1.2")
    assert build.retry == Retry(3, 10, frozenset({"timeout", 75}))
    assert build.caches == (Cache("${{ hashFile('a.lock') }}", ("node_modules",)),)
    assert build.artifacts == (Artifact("site", ("dist", "docs")), Artifact("log", ("a.log",)))
    assert (test.retry, test.needs, test.condition) == (Retry(2), (1,), False)
    assert plan.warnings == ()


def test_plugins_clean_up_behind_all_steps():
    """In reverse order, whatever happened; those of ours that leave nothing have no clean-up."""
    plan = parse(
        """
steps:
  - {plugin: "@serverless-cd/cache", inputs: {key: k, path: [a], n: 1, t: true, z: null}, id: c}
  - {plugin: checkout}
  - {plugin: ./tools/ship, env: {A: b}, name: Ship}
  - {plugin: "@acme/tell@1.2.3"}
  - {run: x}
""",
        path="p",
    )
    assert [step.name for step in plan.steps[5:]] == [
        "Post Run @acme/tell@1.2.3",
        "Post Ship",
        "Post Run @serverless-cd/cache",
    ]
    assert [step.post_of for step in plan.steps] == [None] * 5 + [4, 3, 1]
    conditions = {step.plugin: step.condition for step in plan.steps[5:]}
    assert {conditions.pop("@serverless-cd/cache")} == {None}  # a failed task keeps nothing
    assert {*conditions.values()} == {"always()"}
    assert plan.steps[0].inputs == {"key": "k", "path": ["a"], "n": 1, "t": True, "z": None}
    assert (plan.steps[6].env, plan.steps[7].id) == ({"A": "b"}, None)


@pytest.mark.parametrize(
    ("plugin", "expected"),
    [
        *(("cache", "cache"), ("@serverless-cd/ding-talk", "notify"), ("mail@1", "mail")),
        *(("@serverless-cd/checkout@0.1.2", "checkout"), ("./cache", None), ("left-pad", None)),
        ("@serverless-cd/other", None),
    ],
)
def test_built_in_plugins(plugin, expected):
    """Those of the original are taken over by ours, whatever version is asked for."""
    assert builtin(plugin) == expected


def test_a_step_is_copied_for_each_combination():
    """Copies do not wait for each other; who needs the step waits for all of them."""
    plan = parse(
        """
steps:
  - {run: a}
  - run: test
    id: test
    image: node:${{ matrix.node }}
    matrix:
      node: [18, 20]
      os: [x, y]
      exclude: [{node: 18, os: y}]
      include: [{node: 22}, {node: 20, extra: e}]
  - {run: b, needs: test}
  - {run: c}
""",
        path="p",
    )
    copies = plan.steps[1:5]
    assert [step.name for step in copies] == [
        *("Run test (18, x)", "Run test (20, x, e)", "Run test (20, y, e)", "Run test (22)")
    ]
    assert [step.image for step in copies] == ["node:18", "node:20", "node:20", "node:22"]
    assert copies[1].matrix == {"node": "20", "os": "x", "extra": "e"}
    assert {step.needs for step in copies} == {(1,)}
    assert {step.id for step in copies} == {"test"}
    assert [step.needs for step in plan.steps[5:]] == [(2, 3, 4, 5), None]


def test_copies_of_an_alias_are_its_own():
    """The same matrix twice: the second waits for the first."""
    plan = parse("steps: [&s {run: a, matrix: {x: [1, 2]}}, *s]", path="p")
    assert [step.needs for step in plan.steps] == [(), (), (1, 2), (1, 2)]


def test_mappings_are_merged():
    """What a mapping says itself wins over what is merged into it."""
    plan = parse(
        """
steps:
  - &base
    run: x
    env: &env {A: a, B: b}
  - <<: *base
    name: Second
    env: {<<: [*env, {A: no, C: c}], B: own}
""",
        path="p",
    )
    assert (plan.steps[1].run, plan.steps[1].name) == ("x", "Second")
    assert plan.steps[1].env == {"A": "a", "B": "own", "C": "c"}


@pytest.mark.parametrize(
    ("step", "expected"),
    [
        ("run: x, if: {a: b}", "'if' is an expression, not a mapping"),
        ("run: x, if: '${{ a = }}'", "1:22: '${{ a = }}' has '='"),
        ("run: x, timeout-minutes: 0", "'timeout-minutes' is a number above 0, at most 1440"),
        ("run: x, timeout-minutes: 1441", "at most 1440"),
        ("run: x, timeout-minutes: '5'", "is a number above 0"),
        ("run: x, timeout-minutes: .nan", "is a number above 0"),
        ("run: x, shell: 'bash {0} ${{ env.A }}'", "'shell' holds no expressions"),
        ("run: x, shell: zsh", "'shell' is sh, bash, python, node, or a command line with {0}"),
        ("run: x, shell: bsh", "did you mean 'bash'?"),
        ("run: x, shell: 'a \"{0}'", "'shell' is sh"),
        ("run: x, retry: 11", "'retry' is a whole number from 1 to 10"),
        ("run: x, retry: {delay-seconds: 1}", "'retry' has 'attempts:'"),
        ("run: x, retry: {attempts: 2, delay-seconds: 601}", "a number from 0, at most 600"),
        ("run: x, retry: {attempts: 2, on: [fail]}", "'on' lists 'failure', 'timeout'"),
        ("run: x, retry: {attempts: 2, delay_seconds: 1}", "did you mean 'delay-seconds'?"),
        ("run: x, needs: biuld", "there is no step with the id 'biuld'"),
        ("run: x, id: a, needs: a", "steps wait for each other: 'a' ← 'a'"),
        ("run: x, needs: [[a]]", "'needs' is a text, not a list"),
        ("run: x, image: 'Node 20'", "'Node 20' is no container image"),
        ("run: x, image: 'node:${{ env.A }}'", "'image' may name values of 'matrix' only"),
        ("run: x, matrix: [a]", "'matrix' is a mapping of names to lists, not a list"),
        ("run: x, matrix: {a: b}", "'a' of a matrix is a list of values, not a text; write a: [b]"),
        ("run: x, matrix: {}", "'matrix' has no combination of values"),
        (f"run: x, matrix: {{a: [{'1,' * 11}], b: [{'1,' * 10}]}}", "more than 100 combinations"),
        ("run: x, cache: {key: k}", "either 'paths:' or 'path:'"),
        ("run: x, cache: {path: k}", "'cache' has 'key:'"),
        ("run: x, artifacts: a", "'artifacts' is a mapping with 'name:' and 'paths:', not a text"),
        ("run: x, artifacts: {name: n, paths: []}", "'paths' is empty"),
        ("plugin: ./a/../../b", "the plugin './a/../../b' leaves the checkout"),
        ("plugin: tools/../../a", "the plugin './tools/../../a' leaves the checkout"),
        ("plugin: Cache", "is no built-in plugin, ./folder or npm package"),
        ("plugin: 'a;b'", "is no built-in plugin"),
        ("plugin: '${{ env.A }}'", "'plugin' holds no expressions"),
        ("plugin: cache, inputs: [a]", "'inputs' is a mapping of names to values, not a list"),
        ("plugin: cache, inputs: {a: [b, '${{ c( }}']}", "'${{ c( }}' calls the unknown function"),
        ("plugin: cache, inputs: {a: [b, '${{ toJSON( }}']}", "'${{ toJSON( }}' ends where"),
        ("uses: a", "or 'plugin:'; 'uses' does nothing here"),
        ("script: a", "'script' does nothing here"),
        ("run: x, services: {}", "unknown key 'services' in a step; it is a key of the file"),
        ("run: x, outputs: {}", "a command writes name=value lines to the file named in ROLLWAY_O"),
        ("run: x, concurrency: a", "'concurrency' is not supported by this version yet"),
        ("run: '${{ success() }}'", "calls 'success()', which has a meaning in 'if:' only"),
        ("run: x, working-directory: '${{ }}'", "'${{ }}' is empty"),
    ],
)
def test_a_wrong_step(step, expected):
    """Each defect of a key's value says what would be right."""
    lines = issues(f"steps: [{{{step}}}]")
    assert any(expected in line for line in lines), lines


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("timeout-minutes: a", "'timeout-minutes' is a number"),
        ("runtimes: ['a b']", "'a b' is no runtime"),
        ("services: [a]", "'services' is a mapping of names to containers, not a list"),
        ("services: {A: {image: a}}", "'A' cannot be a host's name"),
        ("services: {a: b}", "the service 'a' is a mapping with 'image:', not a text"),
        ("services: {a: {env: {}}}", "the service 'a' has 'image:'"),
        ("services: {a: {image: b, command: '\"'}}", "'command' cannot be split into words"),
        ("services: {a: {image: b, ports: [1]}}", "unknown key 'ports' in the service 'a'"),
        ("image: '${{ matrix.a }}'", "the image of the file holds no expressions"),
        ("needs: a", "unknown key 'needs' in a pipeline; it is a key of a step"),
        ("concurrency: a", "'concurrency' is not supported by this version yet"),
    ],
)
def test_a_wrong_file(line, expected):
    """Each defect of a top-level key says what would be right."""
    lines = issues(f"{line}\nsteps: [{{run: x}}]")
    assert any(expected in each for each in lines), lines


def test_steps_that_wait_for_each_other():
    """A circle is shown, and where it comes from."""
    (line,) = issues("steps:\n- {run: x, id: a, needs: b}\n- {run: y, id: b}")
    assert line.startswith("p.yaml:2:26: steps wait for each other: ")
    assert line.endswith("; a step without 'needs' waits for all above it")
    assert parse("steps:\n- {run: x, needs: b}\n- {run: y, id: b, needs: []}", path="p")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("on: push\nsteps: [{run: x}]", "1:1: 'on' does nothing here; what starts a deploy is set"),
        ("steps: [{run: x, uses: y}]", "1:18: 'uses' does nothing here; 'plugin:' names a plugin"),
        ("steps: [{run: x, plugin: cache}]", "'plugin' does nothing in a step that has 'run'"),
        ("steps: [{run: x, inputs: {}}]", "'inputs' are for plugins"),
        ("steps: [{plugin: '@a/b'}]", "'@a/b' changes with each new version; write '@a/b@1.2.3'"),
        ("steps: [{plugin: 'b@^1'}]", "write 'b@1.2.3' to pin it"),
        ("steps: [{run: x, if: }]", "'if' is empty"),
        ("steps: [{run: x, name: }]", "1:18: 'name' is empty: it is as if it was not there"),
        (
            "steps: [{run: x, continue-on-error: 'true'}]",
            "a text does nothing; write it without qu",
        ),
        ("steps: [{run: x, if: env.A == 1}]", "never true; wrap it: if: ${{ env.A == 1 }}"),
        ("steps: [{run: x, if: '!failure()'}]", "never true; wrap it: if: ${{ !failure() }}"),
        ("steps: [{run: x, if: ' ${{ true }} '}]", "true only if the whole text becomes 'true'"),
        ("steps: [{run: '${{ secret.A }}'}]", "only an input of the task could be; did you mean"),
        ("steps: [{run: '${{ steps.biuld.status }}'}, {run: x, id: build}]", "mean 'build'?"),
        ("steps: [{run: '${{ matrix.a }}'}]", "names 'a' of a matrix, which this step does not"),
    ],
)
def test_what_may_not_be_meant_so_is_warned_about(text, expected):
    """The pipeline runs; its log and its checker say what is doubtful."""
    assert any(expected in each for each in warnings(text)), warnings(text)


@pytest.mark.parametrize(
    "condition",
    [
        "true",
        "'true'",
        "false",
        "always()",
        "${{ failure() }}",
        "${{ env.A === 'x' && success() }}",
    ],
)
def test_conditions_nothing_is_said_about(condition):
    """These mean what they say."""
    assert warnings(f"steps:\n- run: x\n  if: {condition}") == []


def test_documents_have_bounds():
    """Size, depth, steps, and what aliases add up to."""
    assert "at most 262144 are read" in issues("#" * 300_000)[0]
    assert "nested deeper than 32 levels" in issues("[" * 100_000)[0]
    assert "nested deeper than 32 levels" in issues("{a: " * 5_000)[0]
    assert "more than 20000 nodes" in issues("[" + "a," * 50_000 + "]")[0]
    assert "at most 500 steps" in issues("steps:\n" + "- {run: x}\n" * 501)[0]
    assert "at most 200 names" in issues(f"env: {{{','.join(f'A{n}: 1' for n in range(201))}}}")[0]
    assert "longer than 102400 bytes" in issues(f"steps: [{{run: {'x' * 110_000}}}]")[0]
    bomb = f"steps:\n- run: &x '{'y' * 50_000}'\n" + "- run: *x\n" * 400
    assert "more than 4194304 characters" in issues(bomb)[0]
    assert len(issues("steps:\n" + "- 5\n" * 300)) == 101


def test_a_full_document_is_read_in_time():
    """The largest documents do not hold a worker up."""
    start = time.monotonic()
    issues("steps: [" + "{a: 1}," * 36_000 + "]")
    parse("steps:\n" + "- {run: echo, env: {A: b, C: d}}\n" * 500, path="p")
    assert time.monotonic() - start < 15


@given(st.text(alphabet="[]{}&*!|>'\"%@`#-?:, \n\taA01._~<=\\xuU", max_size=80))
def test_any_text_is_read_or_refused(text):
    """No document leads to another exception."""
    for document in (text, f"steps:\n- run: x\n  env: {{A: {text}}}", f"steps:\n- {text}"):
        with suppress(InvalidPipeline):
            assert parse(document, path="p.yaml").steps


def test_deep_recursion_never_escapes():
    """Deep aliases, flow in flow, keys in keys."""
    for text in ("? " * 10_000, "- " * 10_000, "!!map " * 1000, "&a " * 1000, "{" * 10_000 + "a"):
        assert issues(text)


def test_hostile_documents_are_read_in_time():
    """Aliases, chains and near misses repeat no work without a bound."""
    start = time.monotonic()
    chain = ", ".join(f"A{n}: '${{{{ env.A{n + 1} }}}}'" for n in range(199))
    step = "- {run: 'echo ${{ env.X }}', env: *e}\n"
    parse(f"env: &e {{{chain}, A199: '${{{{ git.tag }}}}'}}\nsteps:\n{step * 499}", path="p")
    name = "a" * 40
    near = "".join(f"- {{run: x, id: {name}{n}, needs: {name}{n}b}}\n" for n in range(500))
    assert len(issues(f"steps:\n{near}")) == 101
    for bomb in (
        "inputs: &a {x: *a}, plugin: cache",
        "<<: &a {<<: *a}",
        "run: x, matrix: &a {a: *a}",
    ):
        assert issues(f"steps: [{{{bomb}}}]")
    assert time.monotonic() - start < 15


SCALARS = (
    st.none()
    | st.booleans()
    | st.integers(-2, 2000)
    | st.floats()
    | st.sampled_from(["a", "b", "cache", "./x", "${{ env.A }}", "${{ matrix.a }}", "sh", "true"])
    | st.text(max_size=8)
)
NAMES = st.sampled_from([*(key.name for key in STEP), "attempts", "on", "key", "paths", "a", "<<"])
VALUES = st.recursive(
    SCALARS,
    lambda child: st.lists(child, max_size=3) | st.dictionaries(NAMES, child, max_size=3),
    max_leaves=8,
)
STEPS = st.fixed_dictionaries(
    {"run": st.sampled_from(["x", "${{ steps.a.status }}"])},
    optional={key.name: VALUES for key in STEP if key.name != "run"},
)


@given(
    st.fixed_dictionaries(
        {"steps": st.lists(STEPS, min_size=1, max_size=4)},
        optional={key.name: VALUES for key in PIPELINE if key.name != "steps"},
    )
)
def test_any_values_are_read_or_refused(document):
    """Whatever stands under the keys; a plan that is made can be run in some order."""
    with suppress(InvalidPipeline):
        plan = parse(
            json.dumps(document).replace("Infinity", ".inf").replace("NaN", ".nan"), path="p"
        )
        assert [step.index for step in plan.steps] == list(range(1, len(plan.steps) + 1))
        graph = {
            step.index: range(1, step.index) if step.needs is None else step.needs
            for step in plan.steps
        }
        assert set(TopologicalSorter(graph).static_order()) == set(graph)
