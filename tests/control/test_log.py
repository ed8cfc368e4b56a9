"""A step's log by line numbers."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from control import log
from control.journal import last_line
from db.models import LogChunk, Step
from engine.events import LogStream, Output, now


def test_a_text_is_cut_at_its_line_breaks():
    """The last piece without a break is partial."""
    time = now()
    cut = log.lines("one\n\nthree", 7, time, LogStream.OUTPUT)

    assert [(line.number, line.text, line.partial) for line in cut] == [
        (7, "one", False),
        (8, "", False),
        (9, "three", True),
    ]


@given(st.text(alphabet="a\n", min_size=1), st.integers(1, 5))
def test_the_last_line_of_a_chunk_is_that_of_its_lines(text, first_line):
    """What the index is asked for equals what reading gives."""
    cut = log.lines(text, first_line, now(), LogStream.OUTPUT)

    assert last_line(text, first_line) == cut[-1].number
    assert all(after.number == before.number + 1 for before, after in pairwise(cut))


async def written(queue, draft, *pieces):
    """Store pieces of a log and return the task's id."""
    task_id = (await queue.submit(draft())).id
    lease = (await queue.claim("w")).lease
    await queue.append(
        lease,
        0,
        [Output(time=now(), index=0, first_line=line, text=text) for line, text in pieces],
    )
    return task_id


async def read(task_id, after_line, limit):
    """Return a page of the log, from as many chunks as a reader takes."""
    needed = {"last_line__gt": after_line, "first_line__lte": after_line + limit + 1}
    behind = LogChunk.filter(task_id=task_id, **needed).order_by("seq")
    chunks = await behind.limit(log.CHUNKS_MAX + 1)
    return log.page(await Step.get(task_id=task_id), chunks, after_line, limit)


async def read_all(task_id, limit):
    """Read page by page as a client does."""
    lines, cursor = [], 0
    while True:
        page = await read(task_id, cursor, limit)
        lines += page.lines
        cursor = page.cursor
        if not page.has_more:
            return lines, cursor


async def test_pages_put_together_are_the_log(queue, draft):
    """Whatever the size of a page, no line is lost or doubled."""
    pieces = [(1 + 10 * n, "".join(f"line {10 * n + i}\n" for i in range(10))) for n in range(200)]
    task_id = await written(queue, draft, *pieces)

    for limit in (1000, 7):
        lines, cursor = await read_all(task_id, limit)
        assert [line.text for line in lines] == [f"line {number}" for number in range(2000)]
        assert [line.number for line in lines] == list(range(1, 2001))
        assert cursor == 2000


@given(
    lines=st.lists(st.text(alphabet="ab", max_size=3), min_size=1, max_size=30),
    cuts=st.lists(st.integers(0, 90), max_size=8),
    limit=st.integers(1, 40),
)
def test_any_cut_of_a_log_reads_the_same(lines, cuts, limit):
    """Page by page, whatever pieces it came in; every page has all the lines it may have."""
    text = "\n".join(lines)
    edges = sorted({0, len(text), *(cut for cut in cuts if cut < len(text))})
    chunks = [chunk_of(text, begin, end) for begin, end in pairwise(edges)]
    found, cursor, more = [], 0, True
    while more:
        needed = [c for c in chunks if c.last_line > cursor and c.first_line <= cursor + limit + 1]
        page = log.page(Step(truncated=False), needed, cursor, limit)
        found += page.lines
        assert len(page.lines) == limit or not page.has_more
        cursor, more = page.cursor, page.has_more
    wanted = [*lines[:-1], *filter(None, lines[-1:])]
    assert [line.text for line in found] == wanted
    assert [line.number for line in found] == list(range(1, len(wanted) + 1))


def chunk_of(text, begin, end):
    piece, first = text[begin:end], 1 + text.count("\n", 0, begin)
    last = last_line(piece, first)
    return LogChunk(first_line=first, last_line=last, text=piece, time=now(), stream="output")


async def test_a_line_that_came_in_pieces_is_one_line(queue, draft):
    """Pieces under one number belong together; an unfinished end is read again later."""
    task_id = await written(queue, draft, (1, "Down"), (1, "load"), (1, "ed\n"), (2, "next? "))
    page = await read(task_id, 0, 10)

    assert [(line.number, line.text, line.partial) for line in page.lines] == [
        (1, "Downloaded", False),
        (2, "next? ", True),
    ]
    assert (page.cursor, page.has_more) == (1, False)
