"""Lines of a step's output that name a secret: `::add-mask::VALUE`."""

from engine.output.masking import MASK, VALUE_BYTES_MAX, Secrets

COMMAND = b"::add-mask::"
LINE_BYTES_MAX = len(COMMAND) + VALUE_BYTES_MAX


class AddMask:
    """Reads the commands out of one stream and adds their values to *secrets*.

    The stream goes on with `***` in the place of each value. The beginning of such a line is held
    back until its end has come, or `flush`. *refused*: a value was none that can be masked.
    """

    def __init__(self, secrets: Secrets) -> None:
        self.refused = False
        self._secrets = secrets
        self._held = b""
        self._at_start = True  # what comes next is the beginning of a line
        self._dropping = False  # the rest of a value that is too long

    def feed(self, chunk: bytes) -> bytes:
        """Take the next bytes of the stream and return what goes on."""
        if self._dropping:
            end = chunk.find(b"\n")
            if end < 0:
                return b""
            self._dropping = False
            chunk = chunk[end:]
        data = self._held + chunk
        self._held = b""
        begin = data.rfind(b"\n") + 1
        if begin or self._at_start:
            word = data[begin : begin + len(COMMAND)]
            if word and COMMAND.startswith(word):
                data, self._held = data[:begin], data[begin:]
        shown = self._read(data)
        if len(self._held) > LINE_BYTES_MAX:
            self._held = b""
            self._dropping = self.refused = True
            self._at_start = False
            return shown + COMMAND + MASK
        return shown

    def flush(self) -> bytes:
        """End the stream and return what was held back."""
        shown = self._read(self._held)
        self._held, self._at_start, self._dropping = b"", True, False
        return shown

    def _read(self, data: bytes) -> bytes:
        """Obey the commands in *data*, which ends with no half one; return what is shown."""
        at_start = self._at_start
        if data:
            self._at_start = data.endswith(b"\n")
        if COMMAND not in data:
            return data
        lines = data.split(b"\n")
        for number, line in enumerate(lines):
            if line.startswith(COMMAND) and (number or at_start):
                value = line.removeprefix(COMMAND).strip()
                if not self._secrets.add(value.decode(errors="replace")):
                    self.refused = True
                lines[number] = COMMAND + MASK
        return b"\n".join(lines)
