"""The log of one step: masked, bounded, framed."""

import time
from collections.abc import Callable

from engine.events import Output
from engine.output.add_mask import AddMask
from engine.output.framing import Framer
from engine.output.masking import Masker, Secrets

TAIL_BYTES = 64 * 1024
NOT_MASKED = (
    "[a value of ::add-mask:: is not masked: it has less than 4 characters or more than 16 KiB, "
    "or 1,000 values or 128 KiB of them were named before]"
)


class Log:
    """What step *index* writes, as pieces ready to be reported.

    Beyond *bytes_max* output is dropped, but for its last 64 KiB, which come at the end: the
    error that ended a chatty command stands there. A line `::add-mask::VALUE` adds to *secrets*.
    """

    def __init__(
        self,
        secrets: Secrets,
        index: int,
        *,
        bytes_max: int,
        frame_seconds: float = 0.1,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._secrets = secrets
        self._masker = Masker(secrets)
        self._framer = Framer(index, frame_seconds, clock)
        self._room = bytes_max
        self._bytes_max = bytes_max
        self._tail: bytearray | None = None
        self._tail_cut = False
        self._add_mask = AddMask(secrets)
        self._warned = False
        self.log_bytes = 0

    @property
    def truncated(self) -> bool:
        """Tell whether output was dropped."""
        return self._tail_cut

    def write(self, chunk: bytes) -> list[Output]:
        """Take output of the command as it was read."""
        return self._keep(self._masker.feed(self._add_mask.feed(chunk))) + self._warnings()

    def system(self, text: str) -> list[Output]:
        """Take a line of our own."""
        return self._framer.system(self._secrets.mask(text))

    def due(self) -> list[Output]:
        """Return the pieces that have waited long enough."""
        return self._framer.due()

    @property
    def deadline(self) -> float | None:
        """When `due` has something next, on the clock of `time.monotonic`."""
        return self._framer.deadline

    def finish(self) -> list[Output]:
        """End the log and return what is left of it."""
        rest = self._masker.feed(self._add_mask.flush()) + self._masker.flush()
        pieces = self._keep(rest)
        if self._tail is not None:
            tail = self._tail
            if self._tail_cut:
                del tail[: tail.find(b"\n") + 1]
            self.log_bytes += len(tail)
            pieces += self._framer.feed(bytes(tail))
            self._tail = None
        return pieces + self._framer.finish() + self._warnings()

    def _warnings(self) -> list[Output]:
        if self._warned or not self._add_mask.refused:
            return []
        self._warned = True
        return self._framer.system(NOT_MASKED)

    def _keep(self, masked: bytes) -> list[Output]:
        if self._tail is not None:
            self._drop(masked)
            return []
        kept = masked[: self._room]
        self.log_bytes += len(kept)
        self._room -= len(kept)
        pieces = self._framer.feed(kept)
        if len(kept) < len(masked):
            self._tail = bytearray()
            text = f"[the output is longer than {self._bytes_max} bytes; only its end follows]"
            pieces += self._framer.system(text)
            self._drop(masked[len(kept) :])
        return pieces

    def _drop(self, masked: bytes) -> None:
        assert self._tail is not None  # noqa: S101 - only called beyond the bound
        self._tail += masked
        if len(self._tail) > TAIL_BYTES:
            del self._tail[:-TAIL_BYTES]
            self._tail_cut = True
