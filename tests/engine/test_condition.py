import pytest

from engine.expressions import InvalidExpression, Scope
from engine.language.condition import condition, names_status_word

SCOPE = Scope(
    contexts={"env": {"A": "x"}},
    functions={
        "success": lambda: True,
        "failure": lambda: False,
        "always": lambda: True,
        "cancelled": lambda: False,
    },
)


@pytest.mark.parametrize(
    ("written", "runs"),
    [
        *((True, True), (False, False), ("true", True), ("false", False), ("success()", True)),
        *(("failure()", False), ("always()", True), ("${{ success() && success() }}", True)),
        *(("${{ env.A === 'x' }}", True), ("${{ !failure() }}", True), ("${{ env.A }}", False)),
        *(("${{ 1 }}", False), ("${{ 'yes' }}", False), ("${{ 'true' }}", True), ("yes", False)),
        *((" ${{ true }} ", False), (" success()", False), ("env.A == 'x'", False)),
        *(("${{ true }}${{ true }}", False), ("!failure()", False), ("True", False)),
    ],
)
def test_a_step_runs_only_if_its_text_is_exactly_true(written, runs):
    """Values count as in the original, the boolean false as it is written."""
    assert condition(written, SCOPE, print) is runs


def test_a_condition_that_throws_is_no_condition():
    """The step fails instead of being skipped."""
    with pytest.raises(InvalidExpression, match="asks for 'status' of"):
        condition("${{ steps.ghost.status === 'success' }}", SCOPE, print)


@pytest.mark.parametrize(
    ("written", "names"),
    [
        *((True, False), ("true", False), ("always()", True), ("${{ env.A }}", False)),
        *(("${{ env.A == 'always()' }}", False), ("${{ !cancelled() }}", True)),
        *(("${{ (env.A || failure()) && true }}", True), ("success", False), ("${{ a( }}", False)),
    ],
)
def test_a_status_word_is_found_where_it_means_something(written, names):
    """A word in quotes is a text."""
    assert names_status_word(written) is names
