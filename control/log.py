"""A step's log, read by line numbers from the chunks of the journal."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from db.models import LogChunk, Step
from engine.events import LogStream

LINES_MAX = 1000
CHUNKS_MAX = 64


@dataclass(frozen=True, slots=True)
class Line:
    """A line of a step's log. *partial*: no line break followed it (yet)."""

    number: int
    text: str
    partial: bool
    time: datetime
    stream: LogStream


@dataclass(frozen=True, slots=True)
class LogPage:
    """Lines of a log, and the number to ask for the next ones with.

    *expired*: there were others before them, which are kept no more.
    """

    lines: list[Line]
    cursor: int
    has_more: bool
    truncated: bool
    expired: bool = False


def lines(text: str, first_line: int, time: datetime, stream: LogStream) -> list[Line]:
    """Cut a chunk's text into its lines."""
    pieces = text.split("\n")
    whole = [
        Line(first_line + offset, piece, partial=False, time=time, stream=stream)
        for offset, piece in enumerate(pieces[:-1])
    ]
    if pieces[-1]:
        number = first_line + len(whole)
        whole.append(Line(number, pieces[-1], partial=True, time=time, stream=stream))
    return whole


def page(step: Step, chunks: Sequence[LogChunk], after_line: int, limit: int) -> LogPage:
    """Return up to *limit* lines behind *after_line*; *chunks* are up to CHUNKS_MAX + 1 behind it.

    A last line that still waits for its end is returned too; the cursor then stays in front of it,
    so that the next page has it whole.
    """
    more_chunks = len(chunks) > CHUNKS_MAX
    merged = _merge(chunks[:CHUNKS_MAX], after_line, limit)
    if more_chunks and 1 < len(merged) <= limit and merged[-1].partial:
        merged.pop()
    result = merged[:limit]
    cursor = result[-1].number if result else after_line
    has_more = len(merged) > len(result) or more_chunks
    if result and result[-1].partial and not has_more:
        cursor -= 1
    return LogPage(result, cursor, has_more, step.truncated)


def _merge(chunks: Iterable[LogChunk], after_line: int, limit: int) -> list[Line]:
    """Return the lines behind *after_line*, and not many more than *limit* and the one behind."""
    merged: list[Line] = []
    for chunk in chunks:
        if len(merged) > limit:  # the last wanted one is whole
            break
        for line in lines(chunk.content, chunk.first_line, chunk.time, LogStream(chunk.stream)):
            if line.number <= after_line:
                continue
            if merged and merged[-1].number == line.number:
                begun = merged.pop()
                text = begun.text + line.text
                merged.append(Line(line.number, text, line.partial, begun.time, begun.stream))
            else:
                merged.append(line)
    return merged
