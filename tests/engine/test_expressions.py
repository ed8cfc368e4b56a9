import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.expressions import (
    InvalidExpression,
    Scope,
    TextTooLong,
    evaluate,
    resolve_env,
    substitute,
)
from engine.language.syntax import expressions

SCOPE = Scope(
    contexts={
        "env": {"A": "1", "EMPTY": "", "TEXT": "Hello"},
        "secrets": {"T": "${{ env.A }}"},
        "git": {"branch": "feat/x", "commit": "abc", "pusher": {"name": "ann"}},
        "inputs": {"region": "eu", "env": "not this one"},
        "steps": {"build": {"status": "success", "outputs": {"tags": ["a", "b"], "n": 3}}},
        "matrix": {"node-version": "20", "größe": "XL", "环境": "生产"},
        "status": "running",
    },
    functions={"hashFile": lambda path: f"hash of {path}", "success": lambda: True},
)


def filled(text, **given):
    warnings = []
    return substitute(text, SCOPE, warnings.append, **given), warnings


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", ""),
        ("plain", "plain"),
        ("${{ env.A }}", "1"),
        ("${{env.A}}", "1"),
        ("<${{ env.A }}|${{ git.pusher.name }}>", "<1|ann>"),
        ("{{ env.A }} <% x %> $A ${A} }} {{.State}}", "{{ env.A }} <% x %> $A ${A} }} {{.State}}"),
        ("${{ secrets.T }}", "${{ env.A }}"),  # values are not looked into
        ("${{ '}}' }}", "}}"),
        ("${{ \n env.A \n }}", "1"),
    ],
)
def test_expressions_become_their_values(text, expected):
    """Only `${{ }}` is an expression; everything else stays to the letter."""
    assert filled(text) == (expected, [])


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        *(("'a'", "a"), ('"a\'b"', "a'b"), (r"'it\'s \u0041\n'", "it's A\n"), ("1", "1")),
        *(("'\\ud83d\\ude00'", "\U0001f600"), ("'\\ud83d' + '\\ude00'", "\U0001f600")),
        *(("1.50", "1.5"), ("-2e3", "-2000"), ("1e21", "1e+21"), ("1e-7", "1e-7")),
        *(("0.00001", "0.00001"), ("true", "true"), ("null", ""), ("fromJSON('0.10')", "0.1")),
        *(("env['TEXT']", "Hello"), ("env['TE' + 'XT']", "Hello"), ("env.TEXT[1]", "e")),
        *(("matrix.node-version", "20"), ("status", "running"), ("region", "eu")),
        *(("matrix.größe", "XL"), ("matrix.环境 === '生产'", "true")),
        *(("steps.build.outputs.tags", "a,b"), ("steps.build.outputs.tags[1]", "b")),
        *(("steps['build'].status", "success"), ("steps.build.outputs.n + 1", "4")),
        *(("git.pusher", '{"name":"ann"}'), ("toJSON(git.pusher)", '{"name":"ann"}')),
        *(("toJSON('a\"b')", '"a\\"b"'), ("toJSON(null)", "null"), ("toJSON(1)", "1")),
        *(("env.A === '1'", "true"), ("env.A === 1", "false"), ("env.A == 1", "true")),
        *(("env.A !== '1'", "false"), ("env.A != 1", "false"), ("null == undefined", "true")),
        *(("null === undefined", "false"), ("env.NOPE == null", "true"), ("'' == 0", "true")),
        *(("'' == null", "false"), ("true == 1", "true"), ("'a' == 'A'", "false")),
        *(("fromJSON('[1]') == '1'", "false"), ("'b' > 'a'", "true"), ("'10' < '9'", "true")),
        *(("'10' < 9", "false"), ("2 <= 2", "true"), ("2 >= 3", "false"), ("'x' < 1", "false")),
        *(("1 + 2", "3"), ("'1' + 2", "12"), ("0.1 + 0.2", "0.30000000000000004")),
        *(("env.NOPE || 'x'", "x"), ("env.EMPTY || 'x'", "x"), ("env.A && 'y'", "y")),
        *(("!env.EMPTY", "true"), ("!!env.A", "true"), ("!fromJSON('[]')", "false")),
        *(("env.A == '1' ? 'one' : 'other'", "one"), ("true ? 1 : true ? 2 : 3", "1")),
        *(("false ? 1 : false ? 2 : 3", "3"), ("1 + 2 == 3 && !false || false", "true")),
        *(("(1 + 2) + 'a'", "3a"), ("1 + (2 + 'a')", "12a"), ("!(1 == 2)", "true")),
        *(("contains('abc', 'b')", "true"), ("contains(steps.build.outputs.tags, 'a')", "true")),
        *(("contains(env.NOPE, 'a')", "false"), ("startsWith(git.branch, 'feat/')", "true")),
        *(("endsWith(git.branch, 'y')", "false"), ("startsWith(env.NOPE, '')", "true")),
        *(("fromJSON('{\"a\": [1, true]}').a[1]", "true"), ("join(fromJSON('[1,2]'))", "1,2")),
        *(("join(fromJSON('[1,2]'), '-')", "1-2"), ("format('{0}:{1} {{}}', 'a', 2)", "a:2 {}")),
        *(("hashFile('a.lock')", "hash of a.lock"), ("success()", "true")),
        *(("env.TEXT.length", "5"), ("steps.build.outputs.tags.length", "2")),
        *(("env.TEXT.toUpperCase()", "HELLO"), ("env.TEXT.toLowerCase()", "hello")),
        *(("' a '.trim()", "a"), ("git.branch.includes('/')", "true")),
        *(("steps.build.outputs.tags.includes('c')", "false"), ("git.branch.slice(5)", "x")),
        *(("git.commit.slice(0, 2)", "ab"), ("git.commit.slice(-1)", "c")),
        *(("git.branch.startsWith('feat/')", "true"), ("env.TEXT.endsWith('x')", "false")),
        *(("['main', git.branch].includes('feat/x')", "true"), ("[1, 'b'][1]", "b")),
        *(("[]", ""), ("[1, [2], 'c']", "1,2,c"), ("['a'].includes(env.A)", "false")),
        *(("'aa'.replace('a', 'b')", "ba"), ("env.TEXT.slice(1, -1).toUpperCase()", "ELL")),
    ],
)
def test_values(source, expected):
    """The language means what it means in JavaScript."""
    assert filled(f"${{{{ {source} }}}}") == (expected, [])


@pytest.mark.parametrize(
    "name", ["env.B", "nosuch", "git.nosuch", "task.id", "app.name", "steps.ghost", "'a'.b"]
)
def test_unknown_names_are_empty_with_a_warning(name):
    """A name without a value becomes empty text and says so, inside a sum too."""
    for source in (name, f"{name} + ''"):
        text, warnings = filled(f"<${{{{ {source} }}}}>")
        assert text == "<>"
        assert [name in warning for warning in warnings] == [True]
    assert filled(f"${{{{ {name} || 'x' }}}}") == ("x", [])


@pytest.mark.parametrize(
    ("source", "reason"),
    [
        ("", "is empty"),
        ("env.", "ends where it does not fit"),
        ("env.A env.B", "has 'env' where it does not fit"),
        ("env.A = 1", "has '=', which is not understood; '==' compares"),
        ("a | b", "'or' is '\\|\\|'"),
        ("`${a}`", "has '`', which is not understood"),
        ("x => x", "has '='"),
        ("'a", "has a text that is not closed|is not closed"),
        ("1 - 1", "has '-'"),
        ("[1", "ends where '\\]' should be|ends where ',' should be"),
        ("[1 2]", "has '2' where ',' should be"),
        ("(1", "ends where '\\)' should be"),
        ("a ? b", "ends where ':' should be"),
        ("nosuch()", "calls the unknown function 'nosuch'"),
        ("containz('a', 'b')", "did you mean 'contains'"),
        ("contains('a')", "gives 'contains' 1 arguments; it takes 2"),
        ("env.A.split(',')", "calls the unknown method 'split'"),
        ("env.A.constructor.constructor('x')()", "calls the unknown method 'constructor'"),
        ("nosuch.x", "asks for 'x' of 'nosuch', which has no value here"),
        ("steps.ghost.status", "asks for 'status' of 'steps.ghost'"),
        ("null.x", "asks for 'x' of a value"),
        ("fromJSON('{}').a.x", "asks for 'x' of a value, which has no value here"),
        ("env.A.trim().a.x", "asks for 'x' of a value, which has no value here"),
        ("env['A'].a.x", "asks for 'x' of 'env.A.a', which has no value here"),
        ("env.NOPE.trim()", "calls 'trim' on 'env.NOPE', which has no value here"),
        ("fromJSON('{')", "cannot call 'fromJSON': the text is not JSON"),
        ("fromJSON('NaN')", "the text is not JSON"),
        (
            "fromJSON('[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]')",
            "too deep",
        ),
        ("format('{1}', 'a')", "there is nothing for {1}"),
        ("format('{', 'a')", "a single '{' is written '{{'"),
        ("steps.build.trim()", "it is a method of texts"),
        ("steps.build.includes('a')", "it is a method of texts and lists"),
        ("failure()", "calls 'failure', which is not known here"),
        (r"'\ud800'", "a character that no command can be given"),
        (r"fromJSON('\"\\ude00\"')", "a character that no command can be given"),
        (r"'a\u0000'", "a character that no command can be given"),
        ("(" * 65 + "1" + ")" * 65, "is nested deeper than 64 levels"),
        (" + ".join("1" * 100), "is nested deeper than 64 levels"),
        ("'" + "x" * 10_000 + "'", "is longer than 10000 characters"),
    ],
)
def test_what_has_no_value_is_refused(source, reason):
    """Each refusal names the expression and says why."""
    with pytest.raises(InvalidExpression, match=reason):
        filled(f"${{{{ {source} }}}}")


def test_an_open_expression_is_refused():
    """Nothing after it is looked at."""
    with pytest.raises(InvalidExpression, match="is not closed by '}}'"):
        filled("${{ env.A")


def test_nothing_of_python_can_be_reached():
    """Members are those of values, never those of the objects that hold them."""
    for source in ("__class__", "env.__class__", "''.__class__", "env['__class__']", "env.keys"):
        assert filled(f"${{{{ {source} }}}}")[0] == ""


def test_an_expression_alone_keeps_its_type():
    """`evaluate` gives values, not text."""
    assert evaluate("steps.build.outputs.tags", SCOPE, print) == ["a", "b"]
    assert evaluate("1 == 1", SCOPE, print) is True


@pytest.mark.parametrize("source", ["inputs.region", "region", "git.branch", "inputs[matrix.x]"])
def test_values_from_outside_stay_out_of_commands(source):
    """The name of an input is known only now."""
    with pytest.raises(InvalidExpression, match="could run commands here"):
        filled(f"echo ${{{{ {source} }}}}", shell_text=True)
    assert filled(f"${{{{ {source} == 'eu' }}}}", shell_text=True)[0] in {"true", "false"}
    assert filled("${{ nosuch }}", shell_text=True)[0] == ""


def test_a_text_does_not_grow_beyond_what_a_command_takes():
    """Names repeated in names cannot eat the memory."""
    scope = Scope(contexts={"env": {"A": "x" * 10_000}})
    with pytest.raises(TextTooLong, match="131072 characters"):
        substitute("${{ env.A }}" * 100, scope, print)
    for source in (
        "format('{0}{0}{0}{0}{0}{0}{0}{0}{0}{0}{0}{0}{0}{0}', env.A)",
        "join(fromJSON('[1,1,1,1,1,1,1,1,1,1,1,1,1,1,1]'), env.A)",
    ):
        with pytest.raises(InvalidExpression, match="longer than 131072 characters"):
            substitute(f"${{{{ {source} }}}}", scope, print)
    with pytest.raises(InvalidExpression, match="too much work"):
        substitute("${{ contains(env.A, 'y') }}" * 200, scope, print)


def test_variables_name_each_other_in_any_order():
    """One that names itself means the layer below; values are not looked into."""
    layers = [
        {"B": "<${{ env.A }}>", "A": "a${{ env.LOW }}", "PATH": "${{ env.PATH }}:/p"},
        {"A": "step", "PATH": "${{ env.PATH }}:/s", "S": "${{ secrets.T }}", "N": "${{ env.N }}n"},
    ]
    warnings = []
    scope = Scope(contexts={"env": {"LOW": "low", "PATH": "/bin"}, "secrets": {"T": "${{ x }}"}})
    assert resolve_env(layers, scope, warnings.append) == {
        "LOW": "low",
        "A": "step",
        "B": "<step>",
        "PATH": "/bin:/p:/s",
        "S": "${{ x }}",
        "N": "n",
    }
    assert len(warnings) == 1


def test_variables_in_a_circle_are_refused():
    """Neither could have a value."""
    layer = {"A": "${{ env.B }}", "B": "${{ env.C }}", "C": "${{ env.A }}"}
    with pytest.raises(InvalidExpression, match=r"name each other: [ABC] → [ABC] → [ABC]"):
        resolve_env([layer], Scope(), print)


def test_variables_keep_their_kind():
    """A number or a truth is one in expressions too; with others around it becomes text."""
    layers = [{"N": 3, "OFF": False}, {"N": 4, "T": "${{ env.N }}"}]
    assert resolve_env(layers, Scope(), print) == {"N": 4, "OFF": False, "T": "4"}
    scope = Scope(contexts={"env": {"N": 3, "OFF": False}})
    assert evaluate("env.N === 3 && !env.OFF && env.N + 1 === 4", scope, print) is True


def test_only_variables_a_condition_names_are_looked_at():
    """What others would fail with does not matter."""
    layer = {"A": "${{ env.B }}!", "B": "b", "BAD": "${{ steps.x.y }}"}
    scope = Scope(contexts={"env": {"LOW": "low"}})
    named = resolve_env([layer], scope, print, "${{ env.A === 'b!' }}")
    assert named == {"LOW": "low", "A": "b!", "B": "b"}
    assert resolve_env([layer], scope, print, "success()") == {"LOW": "low"}
    with pytest.raises(InvalidExpression):
        resolve_env([layer], scope, print, "${{ env }}")


def test_a_long_chain_of_variables():
    """Two hundred that each name the next are no depth."""
    layer = {f"A{n}": f"${{{{ env.A{n + 1} }}}}" for n in range(199)} | {"A199": "end"}
    assert resolve_env([layer], Scope(), print)["A0"] == "end"


PIECES = st.sampled_from(
    [
        *("env", "A", "git", "inputs", ".", "[", "]", "(", ")", "'", '"', "a", "1", " ", "=="),
        *("===", "!", "?", ":", "&&", "||", "+", "<", ",", "contains(", "toJSON(", "format("),
        *("steps.build", "fromJSON('[1]')", "'x'", ".length", ".slice(", ".trim()", "null", "\\"),
    ]
)


@given(st.lists(PIECES, max_size=30).map("".join) | st.text(max_size=40))
def test_any_expression_has_a_value_or_is_refused(source):
    """No text leads to another exception."""
    text = f"<${{{{ {source} }}}}>"
    try:
        result, _ = filled(text)
    except (InvalidExpression, TextTooLong):
        return
    assert result.startswith("<")
    assert json.dumps(result)


@given(st.text(alphabet="${ }envA.\n\0é'", max_size=60))
def test_any_text_is_either_filled_or_refused(text):
    """Text without an expression stays as it is."""
    try:
        result, _ = filled(text)
    except InvalidExpression:
        assert "${{" in text
    else:
        assert "${{" in text or result == text


def test_many_expressions_take_linear_time():
    """A hostile text of 256 KiB is looked at once."""
    assert len(list(expressions("${{" * 80_000))) == 1
    assert len(list(expressions("${{ '" * 50_000))) == 1
    assert len(list(expressions("${{ a }}" * 30_000))) == 30_000
