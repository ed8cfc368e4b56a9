"""The plugin `checkout`: the task has its commit already."""

import pytest

GIT = {
    "commit": "c" * 40,
    "ref": "refs/heads/main",
    "branch": "main",
    "clone_url": "https://git.example.com/a/b.git",
}


@pytest.mark.parametrize(
    "inputs",
    [
        {},
        {"ref": "main"},
        {"ref": "refs/heads/main", "commit": "c" * 40},
        {"cloneUrl": "https://git.example.com/a/b", "token": "t0ken-value", "execDir": "x"},
    ],
)
def test_what_is_there_already(step, inputs):
    """Asked for what the task has checked out, it says so and gives the commit."""
    ended = step("@serverless-cd/checkout@0.0.9", inputs, context={"git": GIT})
    assert ended.code == 0, ended.printed
    assert "is checked out already" in ended.printed
    assert ended.outputs == {"commit": GIT["commit"]}
    assert "t0ken-value" not in ended.printed


@pytest.mark.parametrize("inputs", [{"ref": "dev"}, {"commit": "d" * 40}, {"cloneUrl": "file:///"}])
def test_anything_else_is_refused(step, inputs):
    """To go on with another commit than the one asked for would deploy the wrong thing."""
    ended = step("checkout", inputs, context={"git": GIT})
    assert ended.code == 1
    assert "but this task has checked out" in ended.printed
