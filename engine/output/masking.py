"""Secrets in output become `***`, also where a secret is cut in two by the way it was written.

Masked are a secret's own text and its usual encodings: without the blanks around it, each line
of several, as JSON, URL, shell and HTML text, as hex and as base64 inside other base64. What was
changed in another way (reversed, compressed, coloured in the middle) is not recognised.
"""

import base64
import html
import json
import re
from bisect import bisect_right
from collections.abc import Iterable, Iterator
from urllib.parse import quote, quote_plus

from ahocorasick_rs import BytesAhoCorasick, Implementation

MASK = b"***"
SECRET_CHARACTERS_MIN = 4  # shorter values would mask half of every log
LINE_CHARACTERS_MIN = 8  # else the `}` of a JSON key would be masked everywhere

UNFINISHED_BYTES_MIN = 8  # of a secret, at the end of a stream
ADDED_MAX = 1000
ADDED_BYTES_MAX = 128 * 1024
VALUE_BYTES_MAX = 16 * 1024

_SLICE_BYTES = 64 * 1024  # bounds the list of matches
_PATTERN_BYTES_MAX = 256  # bounds what is held back; longer ones are searched for in pieces
_SAFE = ("", "/", "!~*'()", ";,/?:@&=+$!~*'()#")  # the latter two as JavaScript has it
_PERCENT = re.compile("%[0-9A-F]{2}")
_BACKSLASHED = re.compile(r"""[ \t'"\\|&;()<>!{}*\[\]?^$`,]""")
_IN_PAGES = str.maketrans({each: f"\\u{ord(each):04x}" for each in "<>&"})
_DFA_PATTERNS_MIN, _DFA_BYTES_MAX = 100, 32 * 1024  # it takes 400 times that much memory


class Secrets:
    """What must not be shown, for all the streams of one task; it can grow while they flow.

    Values of less than 4 characters are not masked.
    """

    def __init__(self, values: Iterable[str] = ()) -> None:
        self._patterns = {pattern for value in values for pattern in _patterns(value)}
        self._added: set[str] = set()
        self._added_bytes = 0
        self._search: Search | None = None

    def add(self, value: str) -> bool:
        """Mask *value* in all that is given out from now on; False if that cannot be.

        That is a value of less than 4 characters or more than 16 KiB, and whatever comes after
        1,000 values or 128 KiB of them.
        """
        if value in self._added:
            return True
        size = len(value.encode(errors="replace"))
        full = len(self._added) == ADDED_MAX or self._added_bytes + size > ADDED_BYTES_MAX
        if full or size > VALUE_BYTES_MAX:
            return False
        patterns = set(_patterns(value))
        if not patterns:
            return False
        self._added.add(value)
        self._added_bytes += size
        if not patterns <= self._patterns:
            self._patterns |= patterns
            self._search = None
        return True

    @property
    def search(self) -> "Search":
        """What finds the secrets known by now; another object once there are more."""
        if self._search is None:
            self._search = Search(self._patterns)
        return self._search

    def mask(self, text: str) -> str:
        """Return *text* with its secrets masked."""
        data = text.encode(errors="replace")
        parts: list[bytes] = []
        at = 0
        for start, end in self.search.spans(data):
            parts += (data[at:start], MASK)
            at = end
        return b"".join((*parts, data[at:])).decode(errors="replace")


class Search:
    """Finds byte strings, all at once. It does not change."""

    def __init__(self, patterns: Iterable[bytes]) -> None:
        self.patterns = sorted(patterns)
        self._longest = max(map(len, self.patterns), default=0)
        self._first = frozenset(pattern[:1] for pattern in self.patterns)
        self._automaton = _automaton(self.patterns)

    def spans(self, data: bytes, covered: int = 0) -> list[tuple[int, int]]:
        """Return where secrets stand in *data*, in order; those that touch are one.

        The first *covered* bytes are known to belong to one.
        """
        spans = [(0, covered)] if covered else []
        if self._automaton is None or not self._automaton.find_matches_as_indexes(data):
            return spans
        begin, until = spans.pop() if spans else (-1, -1)
        # Matches come by their ends, so a match joins the last spans or none.
        for _, start, end in self._automaton.find_matches_as_indexes(data, overlapping=True):
            if start > until:
                if until >= 0:
                    spans.append((begin, until))
                begin, until = start, end
            else:
                until = max(until, end)
                if start < begin:
                    begin = start
                    while spans and begin <= spans[-1][1]:
                        begin = min(begin, spans.pop()[0])
        spans.append((begin, until))
        return spans

    def hold(self, data: bytes) -> int:
        """Return where the longest end of *data* starts that may grow into a secret."""
        for at in range(max(0, len(data) - self._longest + 1), len(data)):
            if data[at : at + 1] in self._first:
                end = data[at:]
                after = bisect_right(self.patterns, end)
                if after < len(self.patterns) and self.patterns[after].startswith(end):
                    return at
        return len(data)


class Masker:
    """Masks one stream of bytes.

    `feed` holds back what may be the beginning of a secret, `flush` gives it out at the end.
    """

    def __init__(self, secrets: Secrets) -> None:
        self._secrets = secrets
        self._carry = b""
        self._covered = 0  # so many bytes of the carry belong to a secret already shown as ***
        self._inside = False  # the last byte given out belonged to a secret

    def feed(self, chunk: bytes) -> bytes:
        """Take the next bytes of the stream and return what can be shown by now."""
        search = self._secrets.search
        if not search.patterns:
            return chunk
        return b"".join(
            self._feed(chunk[at : at + _SLICE_BYTES], search)
            for at in range(0, len(chunk), _SLICE_BYTES)
        )

    def flush(self) -> bytes:
        """End the stream and return what was held back.

        What may be most of a secret whose rest never came is masked too.
        """
        shown = self._show(self._carry, len(self._carry), self._secrets.search)
        if len(self._carry) >= UNFINISHED_BYTES_MIN:
            shown = b"" if self._inside else MASK
        self._carry, self._covered, self._inside = b"", 0, False
        return shown

    def _feed(self, chunk: bytes, search: Search) -> bytes:
        data = self._carry + chunk
        hold = search.hold(data)
        shown = self._show(data, hold, search)
        self._carry = data[hold:]
        return shown

    def _show(self, data: bytes, hold: int, search: Search) -> bytes:
        """Return the first *hold* bytes masked; remember what the masks cover beyond."""
        spans = search.spans(data, self._covered)
        self._covered = max(0, self._covered - hold)
        parts: list[bytes] = []
        at = 0
        for start, end in spans:
            if start >= hold:
                break
            parts.append(data[at:start])
            if start > at or not self._inside:
                parts.append(MASK)
            at = min(end, hold)
            self._inside = True
            self._covered = max(self._covered, end - hold)
        if at < hold:
            parts.append(data[at:hold])
            self._inside = False
        return b"".join(parts)


def _automaton(patterns: list[bytes]) -> BytesAhoCorasick | None:
    if not patterns:
        return None
    dense = len(patterns) > _DFA_PATTERNS_MIN and sum(map(len, patterns)) <= _DFA_BYTES_MAX
    return BytesAhoCorasick(patterns, implementation=Implementation.DFA if dense else None)


def _patterns(secret: str) -> Iterator[bytes]:
    if len(secret) < SECRET_CHARACTERS_MIN:
        return
    lines = [line.strip() for line in secret.splitlines()]
    texts = {secret, secret.strip()}
    if len(lines) > 1:
        texts.update(line for line in lines if len(line) >= LINE_CHARACTERS_MIN)
    for text in texts:
        if len(text) >= SECRET_CHARACTERS_MIN:
            for pattern in _encodings(text):
                yield from _pieces(pattern)


def _pieces(pattern: bytes) -> Iterator[bytes]:
    """Yield pieces that cover *pattern*; each of them gives away too much of it."""
    last = max(0, len(pattern) - _PATTERN_BYTES_MAX)
    for at in (*range(0, last, _PATTERN_BYTES_MAX), last):
        yield pattern[at : at + _PATTERN_BYTES_MAX]


def _encodings(text: str) -> Iterator[bytes]:
    raw = text.encode(errors="replace")
    written = {
        *_json(text),
        *_urls(raw),
        *_quoted(text),
        *_html(text),
        raw.hex(),
        raw.hex().upper(),
    }
    yield raw
    yield from (each.encode(errors="replace") for each in written)
    yield from _wrapped(raw)
    for shift in range(3):
        # Characters that also depend on the bytes before or behind are left out.
        first, last = -(-shift * 8 // 6), (shift + len(raw)) * 8 // 6
        for encode in (base64.b64encode, base64.urlsafe_b64encode):
            yield encode(bytes(shift) + raw)[first:last]


def _json(text: str) -> Iterator[str]:
    """Yield what Python and JavaScript write between quotes, and what PHP and Go do."""
    for every in (True, False):
        written = json.dumps(text, ensure_ascii=every)[1:-1]
        yield from (written, written.replace("/", "\\/"), written.translate(_IN_PAGES))
        yield written.replace('\\"', '"').replace("'", "\\'")  # between single quotes


def _urls(raw: bytes) -> Iterator[str]:
    """Yield what is written by Python, curl, JavaScript and forms, in upper and lower case."""
    form = quote_plus(raw, safe="*").replace("~", "%7E")
    for written in (form, quote_plus(raw), *(quote(raw, safe=safe) for safe in _SAFE)):
        yield written
        yield _PERCENT.sub(lambda found: found[0].lower(), written)


def _quoted(text: str) -> Iterator[str]:
    """Yield what shells write of it: dash, bash, and `printf %q`."""
    yield text.replace("'", "'\"'\"'")
    yield text.replace("'", "'\\''")
    yield _BACKSLASHED.sub(r"\\\g<0>", text)


def _html(text: str) -> Iterator[str]:
    written = html.escape(text, quote=False)
    yield written
    for double, single in (("quot", "#x27"), ("quot", "#39"), ("#34", "#39"), ("quot", "apos")):
        yield written.replace('"', f"&{double};").replace("'", f"&{single};")


def _wrapped(raw: bytes) -> Iterator[bytes]:
    """Yield the lines of what `base64`, `openssl` and `xxd -p` print of a long secret."""
    for text in (raw, raw + b"\n"):
        for encoded, width in (
            (base64.b64encode(text), 76),
            (base64.b64encode(text), 64),
            (text.hex().encode(), 60),
        ):
            if len(encoded) > width:
                lines = (encoded[at : at + width] for at in range(0, len(encoded), width))
                yield from (line for line in lines if len(line) >= LINE_CHARACTERS_MIN)
