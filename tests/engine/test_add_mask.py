import pytest

from engine.events import LogStream
from engine.output.add_mask import AddMask
from engine.output.log import NOT_MASKED, Log
from engine.output.masking import Secrets


def written(data, size, secrets=None):
    """Return what a log shows of *data* that was read in chunks of *size*."""
    log = Log(Secrets() if secrets is None else secrets, 1, bytes_max=10**6)
    pieces = []
    for at in range(0, len(data), size):
        pieces += log.write(data[at : at + size])
    return [*pieces, *log.finish()]


def shown(data, size, secrets=None):
    return "".join(piece.text for piece in written(data, size, secrets))


def test_a_line_names_a_secret_however_it_is_cut():
    """The value is masked from there on and is not shown by the line that names it."""
    data = b"first\n::add-mask::hunter22\nsays hunter22\n::add-mask::p4ssw0rd\r\np4ssw0rd hunter22"
    for size in range(1, len(data) + 1):
        assert shown(data, size) == ("first\n::add-mask::***\nsays ***\n::add-mask::***\n*** ***")


def test_the_last_line_needs_no_line_break():
    """What is left at the end of the output counts as a line."""
    secrets = Secrets()
    assert shown(b"::add-mask::hunter22", 3, secrets) == "::add-mask::***"
    assert secrets.mask("hunter22") == "***"


@pytest.mark.parametrize(
    "text",
    ["a ::add-mask::hunter22\n", "::add-mask:hunter22\n", ":\n::\n::add", "::Add-mask::hunter22"],
)
def test_other_lines_stay_as_they_are(text):
    """Only the very beginning of a line is a command, and nothing of another line is lost."""
    for size in range(1, len(text) + 1):
        secrets = Secrets()
        assert shown(text.encode(), size, secrets) == text
        assert secrets.mask("hunter22") == "hunter22"


def test_a_secret_counts_for_all_the_logs_of_a_task():
    """Another step that runs at the same time does not show it either."""
    secrets = Secrets()
    other = Log(secrets, 2, bytes_max=10**6)
    first = other.write(b"hunter22 hun")
    written(b"::add-mask::hunter22\n", 100, secrets)
    rest = [*other.write(b"ter22 hunter22\n"), *other.system("not hunter22"), *other.finish()]
    assert "".join(piece.text for piece in [*first, *rest]) == (
        "hunter22 hunter22 ***\nnot ***\n"  # the half that was given out cannot be taken back
    )


@pytest.mark.parametrize("size", [1000, 10**6])
def test_a_value_that_is_too_long_is_not_shown(size):
    """The log says once that it is not masked, and what comes behind it is there."""
    value = b"x" * 200_000
    pieces = written(b"::add-mask::" + value + b"\n::add-mask::abc\nrest\n", size)
    texts = [piece.text for piece in pieces if piece.stream is LogStream.OUTPUT]
    assert "".join(texts) == "::add-mask::***\n::add-mask::***\nrest\n"
    notes = [piece.text for piece in pieces if piece.stream is LogStream.SYSTEM]
    assert notes == [NOT_MASKED + "\n"]


def test_what_is_held_back_is_bounded():
    """A line that never ends is given up, not kept."""
    add_mask = AddMask(Secrets())
    given = [add_mask.feed(chunk) for chunk in (b"::add-mask::", *[b"x" * 1000] * 1000)]
    assert b"".join(given) == b"::add-mask::***"
    assert add_mask.feed(b"x\n::add") + add_mask.flush() == b"\n::add"
