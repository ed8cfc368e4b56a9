import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.events import LogStream
from engine.output.framing import LINE_BYTES_MAX, PIECE_BYTES_MAX, Framer
from engine.output.log import Log
from engine.output.masking import Secrets


class Clock:
    """A clock that is moved by hand."""

    def __init__(self):
        self.time = 100.0

    def __call__(self):
        """Return the seconds."""
        return self.time


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def framer(clock):
    return Framer(3, 0.1, clock)


def texts(pieces):
    return [(piece.first_line, piece.text) for piece in pieces]


def lines(pieces):
    """Return number to line, as a reader of the pieces puts them together."""
    found = {}
    for piece in pieces:
        for number, line in enumerate(piece.text.split("\n"), piece.first_line):
            found[number] = found.get(number, "") + line
    return found


def test_lines_wait_a_tenth_of_a_second_from_the_first_byte(framer, clock):
    """Later output does not put off what came first."""
    assert framer.deadline is None
    assert framer.feed(b"a\n") == []
    assert framer.deadline == pytest.approx(100.1)
    clock.time = 100.09
    assert framer.feed(b"b\n") == framer.due() == []
    clock.time = 100.11
    assert texts(framer.due()) == [(1, "a\nb\n")]
    assert framer.deadline is None
    assert texts([*framer.feed(b"c"), *framer.finish()]) == [(3, "c")]


def test_a_line_cut_by_two_reads_is_one_piece(framer, clock):
    """An open line waits for its line break up to a second."""
    framer.feed(b"a\nhal")
    clock.time += 0.2
    assert texts(framer.due()) == [(1, "a\n")]
    clock.time += 0.7
    assert framer.due() == []
    framer.feed(b"f\n")
    assert texts(framer.due()) == [(2, "half\n")]


def test_an_open_line_is_shown_after_a_second(framer, clock):
    """A prompt or a progress line goes on in the next piece under its own number."""
    framer.feed(b"working")
    assert framer.deadline == pytest.approx(101.0)
    clock.time += 1.1
    assert texts(framer.due()) == [(1, "working")]
    framer.feed(b" done\nnext\n")
    clock.time += 0.2
    assert texts(framer.due()) == [(1, " done\nnext\n")]
    assert texts(framer.finish()) == []


def test_long_lines_are_cut_under_new_numbers(framer):
    """No piece is longer than 64 KiB, and the part behind a cut has the next number."""
    pieces = framer.feed(b"first\n" + b"x" * 150_000 + b"\nlast\n") + framer.finish()
    sizes = [len(piece.text) for piece in pieces]
    rest = 150_000 - 2 * LINE_BYTES_MAX
    assert sizes == [6, LINE_BYTES_MAX, LINE_BYTES_MAX, rest + 1 + 5]
    assert [piece.first_line for piece in pieces] == [1, 2, 3, 4]
    assert lines(pieces)[5] == "last"


def test_a_line_that_trickles_is_cut_as_well(framer, clock):
    """Showing a line bit by bit does not let it grow without end."""
    pieces = []
    for _ in range(20):
        pieces += framer.feed(b"y" * 10_000)
        clock.time += 1.1
        pieces += framer.due()
    assert max(map(len, lines(pieces).values())) <= LINE_BYTES_MAX
    assert sum(len(piece.text) for piece in pieces) == 200_000


def test_a_line_of_the_greatest_length_is_not_cut(framer):
    """With its line break it is just a piece."""
    (piece,) = framer.feed(b"z" * LINE_BYTES_MAX + b"\n")
    assert len(piece.text) == PIECE_BYTES_MAX


def test_characters_are_whole(framer):
    """UTF-8 cut by reads is one character, what is not UTF-8 and NUL become U+FFFD."""
    for byte in "é漢😀\r\n".encode():
        framer.feed(bytes([byte]))
    framer.feed(b"\xff\x00\xe6")
    assert texts(framer.finish()) == [(1, "é漢😀\r\n\ufffd\ufffd\ufffd")]


def test_our_own_lines_stand_on_lines_of_their_own(framer):
    """A line of ours ends an open one, and output goes on behind it."""
    framer.feed(b"open")
    pieces = framer.system("note")
    framer.feed(b"more\n")
    pieces += framer.finish()
    assert texts(pieces) == [(1, "open"), (2, "note\n"), (3, "more\n")]
    assert [piece.stream for piece in pieces] == [
        LogStream.OUTPUT,
        LogStream.SYSTEM,
        LogStream.OUTPUT,
    ]


@given(
    chunks=st.lists(
        st.one_of(
            st.text(alphabet="a\n\ré", max_size=20).map(str.encode),
            st.integers(60_000, 70_000).map(lambda size: "é".encode() * size),
            st.integers(0, 12).map(lambda tenths: tenths / 10),
        ),
        max_size=12,
    )
)
def test_any_output_comes_out_whole(chunks):
    """Nothing is lost or doubled, pieces are bounded, numbers never go back."""
    clock = Clock()
    framer = Framer(1, 0.1, clock)
    pieces = []
    for chunk in chunks:
        if isinstance(chunk, float):
            clock.time += chunk
        else:
            pieces += framer.feed(chunk)
        pieces += framer.due()
    pieces += framer.finish()
    whole = b"".join(chunk for chunk in chunks if isinstance(chunk, bytes)).decode()
    assert "".join(piece.text for piece in pieces) == whole
    last = 1
    for piece in pieces:
        assert 0 < len(piece.text.encode()) <= PIECE_BYTES_MAX
        assert piece.first_line in {last, last + 1}
        last = piece.first_line + piece.text.count("\n")
    assert all(len(line.encode()) <= LINE_BYTES_MAX for line in lines(pieces).values())
    if all(len(line.encode()) <= LINE_BYTES_MAX for line in whole.split("\n")):
        assert list(lines(pieces).values()) == (whole.split("\n") if whole else [])


def test_output_beyond_the_bound_keeps_its_end():
    """The bound drops the middle, says so once, and shows the last 64 KiB."""
    log = Log(Secrets(["secret"]), 1, bytes_max=1000)
    pieces = []
    for number in range(100_000):
        pieces += log.write(f"line {number} secret\n".encode())
    pieces += log.finish()
    text = "".join(piece.text for piece in pieces)
    assert text.startswith("line 0 ***\n")
    assert text.endswith("line 99999 ***\n")
    assert "secret" not in text
    assert text.count("[the output is longer than 1000 bytes") == 1
    assert len(text) < 70_000
    number = text.partition("follows]\n")[2].split("\n", 1)[0]
    assert number.startswith("line "), "the end begins with a whole line"


def test_output_just_beyond_the_bound_loses_nothing():
    """What fits the bound and the tail together is complete."""
    log = Log(Secrets(), 1, bytes_max=10)
    pieces = [*log.write(b"0123456789"), *log.write(b"abc\n"), *log.finish()]
    outputs = [piece.text for piece in pieces if piece.stream is LogStream.OUTPUT]
    assert outputs == ["0123456789", "abc\n"]
