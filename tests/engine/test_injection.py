import json

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from engine.expressions import InvalidExpression, Scope, TextTooLong, substitute
from engine.language.names import tainted
from engine.plan import InvalidPipeline, parse


def issues(text):
    with pytest.raises(InvalidPipeline) as refused:
        parse(text, path="p.yaml")
    return str(refused.value).splitlines()


@pytest.mark.parametrize(
    "name", ["git.message", "git.branch", "git.ref", "git.tag", "git.pusher.name", "inputs.x"]
)
def test_values_from_outside_stay_out_of_shell_text(name):
    """A commit message would be a command; the checker says how to hand it over."""
    (issue,) = issues(f"steps:\n- run: |\n    echo\n    echo ${{{{ {name} }}}}")
    assert issue.startswith("p.yaml:4:10: ")
    variable = name.rpartition(".")[2].upper()
    assert f'give it to env as {variable}: ${{{{ {name} }}}} and write "${variable}"' in issue


def test_values_from_outside_stay_out_by_way_of_env_too():
    """A variable that holds a message is as dangerous as the message, at any remove."""
    text = """
env: {A: "${{ git.message }}", B: "${{ env.A }}!", C: fine}
steps:
- run: echo ${{ env.B }}
- run: echo ${{ env.C }} ${{ git.commit }} ${{ secrets.X }} "$B"
- run: echo ${{ env.A }}
  env: {A: safe}
"""
    (issue,) = issues(text)
    assert issue.startswith("p.yaml:4:8: '${{ env.B }}' holds a value from outside")
    assert 'write "$B" instead' in issue


@pytest.mark.parametrize(
    ("expression", "refused"),
    [
        *(("git.branch == 'main'", False), ("git.branch == 'main' ? 'a' : 'b'", False)),
        *(
            ("!inputs.a", False),
            ("contains(git.message, 'x')", False),
            ("git.branch.length", True),
        ),
        *(("['a', git.branch][1]", True), ("['a', 'b'].includes(git.branch)", False)),
        *(("git.branch.includes('x')", False), ("steps.a.outputs.x", False), ("nosuch", False)),
        *(("inputs.a && 'x'", True), ("'x' || inputs.a", True), ("'a' + git.branch", True)),
        *(("true ? 'a' : git.branch", True), ("git.branch.toUpperCase()", True), ("git", True)),
        *(("toJSON(git)", True), ("git['bran' + 'ch']", True), ("format('{0}', inputs.a)", True)),
        *(("fromJSON(inputs.a).length", True), ("inputs.a.length", True), ("git['commit']", False)),
        *(("git.pusher.name.slice(1)", True), ("toJSON(env)", True), ("env.SAFE", False)),
        *(("env['OUT']", True), ("env[matrix.a]", True), ("env.LATER", True), ("env.INPUT", True)),
    ],
)
def test_what_is_made_of_values_from_outside(expression, refused):
    """A value computed from one is one, unless it can only be true, false or a number."""
    text = f"""
env: {{LATER: "${{{{ env.OUT }}}}", OUT: "${{{{ git.tag }}}}", SAFE: "${{{{ git.tag == 'x' }}}}"}}
steps:
- run: |
    echo ${{{{ {expression} }}}}
  env: {{INPUT: "${{{{ nosuch }}}}"}}
  id: a
"""
    if refused:
        (line,) = issues(text)
        assert "holds a value from outside" in line
    else:
        assert parse(text, path="p")


def test_advice_about_computed_values_can_be_followed():
    """What is to be written is accepted once it is written."""
    (line,) = issues("steps: [{run: \"echo ${{ 'v' + git.tag }}\"}]")
    assert "give it to env as TAG: ${{ 'v' + git.tag }} and write \"$TAG\"" in line
    parse('steps: [{run: echo "$TAG", env: {TAG: "${{ \'v\' + git.tag }}"}}]', path="p")


def test_variables_that_whoever_started_the_task_has_set():
    """They taint what names them, until a layer puts a value of its own over them."""
    given = frozenset({"LOW", "HIDDEN", "SELF"})
    below = {"A": "${{ env.LOW }}", "HIDDEN": "own", "SELF": "${{ env.SELF }}!"}
    assert tainted({"B": "${{ env.A }}", "C": "c"}, below, given) == {"LOW", "A", "B", "SELF"}
    with pytest.raises(InvalidExpression, match='write "\\$LOW" instead'):
        substitute("${{ env.LOW }}", Scope(outside=given), print, shell_text=True)


MARK = "\u2603"
OUTSIDE = Scope(
    contexts={
        "env": {"T": MARK, "A": "a"},
        "git": {"branch": MARK, "commit": "c", "pusher": {"name": MARK, "length": MARK}},
        "inputs": {"x": MARK, "length": MARK, "list": [MARK], "json": json.dumps({"length": MARK})},
        "steps": {"s": {"outputs": {"o": "o"}}},
    },
    outside=frozenset({"T"}),
)
LEAVES = st.sampled_from(
    [
        *("'a'", "1", "true", "null", "env.A", "env.T", "git.branch", "git.commit", "git.pusher"),
        *("inputs.x", "inputs.list", "inputs.json", "inputs", "git", "env", "x", "list", "nosuch"),
        *("steps.s.outputs.o", "fromJSON(inputs.json)", "'length'", "steps"),
    ]
)


def joined(child):
    """Build larger expressions of smaller ones."""
    binary = st.sampled_from(["+", "&&", "||", "==", "!==", "<"])
    method = st.sampled_from([".trim()", ".slice(0)", ".toUpperCase()", ".length", ".x", ".name"])
    function = st.sampled_from(["toJSON({})", "fromJSON({})", "join({})", "format('{{0}}', {})"])
    return st.one_of(
        st.tuples(child, binary, child).map(lambda each: f"({' '.join(each)})"),
        st.tuples(child, child, child).map(lambda each: f"({each[0]} ? {each[1]} : {each[2]})"),
        st.tuples(child, method).map("".join),
        st.tuples(child, child).map(lambda each: f"{each[0]}[{each[1]}]"),
        st.tuples(function, child).map(lambda each: each[0].format(each[1])),
        st.tuples(child, child, child).map(lambda each: f"{each[0]}.replace({each[1]}, {each[2]})"),
        child.map(lambda each: f"!{each}"),
    )


@settings(
    max_examples=10 * settings.default.max_examples,
    suppress_health_check=[HealthCheck.too_slow],
)
@given(st.recursive(LEAVES, joined, max_leaves=6))
def test_no_value_from_outside_gets_into_a_command(source):
    """What is not refused has nothing of it in its value, however it is computed."""
    try:
        text = substitute(f"${{{{ {source} }}}}", OUTSIDE, lambda _: None, shell_text=True)
    except (InvalidExpression, TextTooLong):
        return
    assert MARK not in text
