"""What the log shows of what strangers wrote."""

import io
import json
import logging

import pytest

from rollway.observing.logs import JSON, TEXT, set_up

FORGED = "2026-01-01 00:00:00,000 INFO rollway.auth: root signed in"
WORD = f"no\n{FORGED}\r\x1b[2J\u2028"


@pytest.fixture
def log(monkeypatch):
    """Return how a server logs in a form: a logger, and what it has written."""

    def made(form):
        root, stream = logging.RootLogger(logging.INFO), io.StringIO()
        with monkeypatch.context() as patched:
            patched.setattr(logging, "root", root)
            patched.setattr("sys.stderr", stream)
            set_up("info", form)
        return root, stream

    return made


def fail():
    """Fail with a stranger's words."""
    raise ValueError(WORD)


def test_a_message_is_one_line(log):
    """A line break or a terminal's commands in it are shown for what they are."""
    logger, stream = log(TEXT)
    logger.warning("a service refused: %s", WORD)

    (line,) = stream.getvalue().splitlines()
    assert line.endswith(f"a service refused: no\\n{FORGED}\\r\\x1b[2J\\u2028")


def test_a_traceback_stands_further_in(log):
    """So that nothing in its fault's text passes for a record."""
    logger, stream = log(TEXT)
    try:
        fail()
    except ValueError:
        logger.exception("a fault")

    first, *rest = stream.getvalue().splitlines()
    assert first.endswith("a fault")
    assert all(each.startswith("  ") for each in rest)
    assert any(FORGED in each for each in rest)
    assert "\x1b" not in stream.getvalue()


def test_json_names_the_task_a_message_is_about(log):
    """Wherever it was written; text has it once."""
    task = "t_" + "0a" * 16
    logger, stream = log(JSON)
    logger.info("task %s is given to worker %s", task, "w_1")
    logger.info("nothing of %s", "t_x")
    first, second = map(json.loads, stream.getvalue().splitlines())
    assert (first["task"], second["task"]) == (task, None)

    logger, stream = log(TEXT)
    logger.info("task %s has ended", task)
    assert stream.getvalue().count(task) == 1


def test_json_is_one_object_a_line(log):
    """Whatever is in it."""
    logger, stream = log(JSON)
    try:
        fail()
    except ValueError:
        logger.exception("a service refused: %s", WORD)

    (line,) = stream.getvalue().split("\n")[:-1]
    said = json.loads(line)
    assert said["message"] == f"a service refused: {WORD}"
    assert FORGED in said["traceback"]
    assert said["level"] == "ERROR"
