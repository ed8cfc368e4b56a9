"""How much is stored of what a task's worker reports."""

from collections.abc import Sequence

from db.models import Task
from engine.events import Event, Output, Planned, StepChanged

TASK_LOG_BYTES_MAX = 4 * 1024**3  # 64 steps that print all that is kept of one
ENDING_BYTES = 16 * 1024**2  # beyond it, for how steps end
EVENT_BYTES = 256  # what an event takes besides its texts


class LogRoom:
    """Room for *bytes_max* of each task's log; each event takes 256 bytes and its texts."""

    def __init__(self, bytes_max: int) -> None:
        self._bytes_max = bytes_max

    @property
    def refusal(self) -> str:
        """Why there is no room."""
        return f"the task's log takes more than {self._bytes_max} bytes"

    def take(self, task: Task, events: Sequence[Event]) -> int:
        """Count as the task's those of *events* that find room; return how many, from the first."""
        for number, event in enumerate(events):
            size_bytes = task.reported_bytes + _size_bytes(event)
            if size_bytes > self._bytes_max + (0 if isinstance(event, Output) else ENDING_BYTES):
                return number
            task.reported_bytes = size_bytes
        return len(events)


def _size_bytes(event: Event) -> int:
    texts: Sequence[str] = ()
    match event:
        case Output():
            texts = (event.text,)
        case Planned():
            texts = (event.pipeline, *event.steps)
        case StepChanged():
            outputs = event.outputs or {}
            texts = (event.error or "", *outputs, *outputs.values())
    return EVENT_BYTES + sum(map(_utf8_bytes, texts))


def _utf8_bytes(text: str) -> int:
    return len(text) if text.isascii() else len(text.encode())
