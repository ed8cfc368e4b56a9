"""A glob's text goes in, the tree of its parts comes out."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum, StrEnum, auto

from control.globs.classes import InvalidClass, read_class
from control.globs.parts import (
    AnyOne,
    Border,
    Either,
    Globstar,
    Literal,
    Named,
    Not,
    Part,
    Repeat,
    Sequence,
    Star,
    Visible,
    Words,
)
from control.globs.ranges import RANGE_MAX, words_of_range

PATTERN_CHARACTERS_MAX = 500
NESTING_MAX = 10

_EXTENDED = re.compile(r"[?*+@]\((?!\?)|!\((?!\?[!=<:])")
_SUFFIX = re.compile(r"\.[^\\/.]+")


class Flaw(StrEnum):
    """What is wrong with a pattern."""

    EMPTY = "it is empty"
    LONG = f"it has more than {PATTERN_CHARACTERS_MAX} characters"
    ESCAPE = "a backslash stands at its end"
    LETTER = "a backslash stands in front of a letter or digit; there are no classes such as \\d"
    BRACKET = "a [ is not closed; a literal one is written \\["
    CLASS = "its class holds a range that runs backwards, or a name such as [:alpha:] that is none"
    BRACE = "a { is not closed; a literal one is written \\{"
    PARENTHESIS = "a ( is not closed; a literal one is written \\("
    RANGE = f"its range is none of two letters or two numbers, with at most {RANGE_MAX} values"
    NESTING = f"it is nested more than {NESTING_MAX} deep"
    LOOKAROUND = "(?…) is of regular expressions, not of globs"


@dataclass(eq=False)
class InvalidGlob(Exception):
    """The pattern is no glob: {flaw}."""

    flaw: Flaw

    def __str__(self) -> str:
        """Return the message."""
        return (type(self).__doc__ or "").format(**vars(self))


class _Last(Enum):
    """What stands to the left; it decides what a wildcard means."""

    BEGIN = auto()
    SLASH = auto()
    DOT = auto()  # that begins a name, or stands inside a group
    STAR = auto()
    OPEN = auto()  # (
    BRACE = auto()  # { or a comma
    PIPE = auto()
    CLOSED = auto()  # )
    CLASS = auto()  # ] or }
    OTHER = auto()


@dataclass(slots=True)
class _Row:
    """The parts read so far of one alternative."""

    parts: list[Part]
    last: _Last
    before: _Last = _Last.OTHER

    def add(self, *parts: Part, last: _Last = _Last.OTHER) -> None:
        self.parts += parts
        self.before, self.last = self.last, last


class Reader:
    """Reads one pattern, from left to right."""

    def __init__(self, text: str, opened: str = "") -> None:
        self._text = text
        self._at = 0
        self._opened = list(opened)  # the brackets that are open here
        self._words = 0  # of all ranges
        self.begins_barred = False

    def read(self) -> Part:
        """Return the tree of the whole pattern."""
        self.begins_barred = is_barred(self._text)
        row = self._row(_Last.BEGIN)
        return _sequence(row.parts)

    def _rest(self) -> str:
        return self._text[self._at :]

    def _row(self, last: _Last) -> _Row:
        """Read up to what ends an alternative; it is left unread."""
        row = _Row([], last)
        while self._at < len(self._text):
            character = self._text[self._at]
            inner = self._opened[-1] if self._opened else ""
            if inner and (
                character == "|"
                or (inner == "{" and character in ",}")
                or (inner == "(" and character == ")")
            ):
                break
            if _EXTENDED.match(self._text, self._at):
                self._extended(row, character)
                continue
            self._at += 1
            _READ.get(character, _other)(self, row, character)
        return row

    def _alternatives(self, opening: str, closing: str, first: _Last) -> list[Part]:
        """Read behind *opening* up to and with *closing*."""
        if len(self._opened) == NESTING_MAX:
            raise InvalidGlob(Flaw.NESTING)
        self._opened.append(opening)
        options = [_sequence(self._row(first).parts)]
        while self._at < len(self._text) and self._text[self._at] != closing:
            after = _Last.PIPE if self._text[self._at] == "|" else _Last.BRACE
            self._at += 1
            options.append(_sequence(self._row(after).parts))
        if self._at == len(self._text):
            raise InvalidGlob(Flaw.PARENTHESIS if opening == "(" else Flaw.BRACE)
        self._at += 1
        self._opened.pop()
        return options

    def _extended(self, row: _Row, sign: str) -> None:
        """Read `?(…)`, `*(…)`, `+(…)`, `@(…)` or `!(…)`."""
        self._at += 2
        begin = self._at
        group = Either(tuple(self._alternatives("(", ")", _Last.OPEN)))
        inside = self._text[begin : self._at - 1]
        part: Part = group
        if sign == "?":
            part = Either((group, _NOTHING))
        elif sign in "*+":
            part = Repeat(group, may_lack=sign == "*")
        elif sign == "!":
            part = self._barred(group, inside)
        row.add(part, last=_Last.CLOSED)

    def _barred(self, group: Part, inside: str) -> Part:
        rest = self._rest()
        wide = len(inside) > 1 and "/" in inside
        if "*" in inside and _SUFFIX.fullmatch(rest):
            suffix = Reader(rest, "".join(self._opened)).read()
            return Not(_sequence([group, suffix]), whole=False, wide=wide)
        return Not(group, whole=wide or not rest.strip(")"), wide=wide)

    def escape(self, row: _Row, _: str) -> None:
        """Read a character that means itself."""
        if self._at == len(self._text):
            raise InvalidGlob(Flaw.ESCAPE)
        character = self._text[self._at]
        if character.isascii() and character.isalnum():
            raise InvalidGlob(Flaw.LETTER)
        self._at += 1
        row.add(Literal(character))

    def bracket(self, row: _Row, _: str) -> None:
        """Read a class."""
        try:
            part, self._at = read_class(self._text, self._at)
        except InvalidClass as found:
            raise InvalidGlob(Flaw.BRACKET if found.open else Flaw.CLASS) from found
        row.add(part, last=_Last.CLASS)

    def brace(self, row: _Row, _: str) -> None:
        """Read alternatives, a range, or literal braces around what is neither."""
        found = re.match(r"([^{},|()/\\]*\.\.[^{},|()/\\]*)\}", self._rest())
        if found:
            words = words_of_range(found[1])
            self._words += len(words or ())
            if not words or self._words > RANGE_MAX:
                raise InvalidGlob(Flaw.RANGE)
            self._at += found.end()
            row.add(Words(words), last=_Last.CLASS)
            return
        options = self._alternatives("{", "}", _Last.BRACE)
        if len(options) == 1:
            row.add(Literal("{"), options[0], Literal("}"), last=_Last.CLASS)
        else:
            row.add(Either(tuple(options)), last=_Last.CLASS)

    def parenthesis(self, row: _Row, _: str) -> None:
        """Read a plain group."""
        if re.match(r"\?[!=<:]", self._rest()):
            raise InvalidGlob(Flaw.LOOKAROUND)
        row.add(Either(tuple(self._alternatives("(", ")", _Last.OPEN))), last=_Last.CLOSED)

    def question(self, row: _Row, character: str) -> None:
        """Read `?`: one character, or behind a group that it may lack."""
        if row.last is _Last.OPEN:
            row.add(Literal(character))
        elif row.last is _Last.CLOSED:
            row.parts[-1] = Either((row.parts[-1], _NOTHING))
            row.last = _Last.OTHER
        else:
            row.add(AnyOne(visible=row.last in _NAME_BEGINS))

    def plus(self, row: _Row, character: str) -> None:
        """Read `+`: itself, or behind a group or a class, and in parentheses, once or more."""
        repeats = row.last in (_Last.CLOSED, _Last.CLASS) or "(" in self._opened
        if repeats and row.parts and row.last not in (_Last.OPEN, _Last.BRACE, _Last.PIPE):
            row.parts[-1] = Repeat(row.parts[-1], may_lack=False)
            row.last = _Last.OTHER
        else:
            row.add(Literal(character))

    def dot(self, row: _Row, character: str) -> None:
        """Read a dot."""
        begins = bool(self._opened) or row.last in _NAME_BEGINS
        row.add(Literal(character), last=_Last.DOT if begins else _Last.OTHER)

    def slash(self, row: _Row, character: str) -> None:
        """Read a slash."""
        row.add(Literal(character), last=_Last.SLASH)

    def star(self, row: _Row, _: str) -> None:
        """Read a run of stars."""
        begin = self._at - 1
        while self._text.startswith("*", self._at) and not re.match(r"\*\((?!\?)", self._rest()):
            self._at += 1
        if self._at - begin == len("**") and self._may_cross(row):
            self._globstar(row)
            return
        single = self._at - begin == 1
        if row.last in _NAME_BEGINS:
            row.parts.append(Visible(some=single))
        elif row.last is _Last.DOT:
            row.parts.append(Named())
        row.add(Star(), last=_Last.STAR)

    def _may_cross(self, row: _Row) -> bool:
        """Tell whether `**` stands where it crosses slashes."""
        left = row.last in {*_NAME_BEGINS, _Last.OPEN, _Last.BRACE, _Last.CLOSED}
        ends = "/(){" + (",}" if "{" in self._opened else "")
        rest = self._rest()
        return left and (not rest or rest[0] in ends or rest.startswith("@("))

    def _globstar(self, row: _Row) -> None:
        while re.match(r"/\*\*(/|$)", self._rest()):
            self._at += len("/**")
        rest = self._rest()
        deep = (Visible(some=False), Globstar())
        slash = Literal("/")
        behind_name = row.last is _Last.SLASH and row.before is not _Last.BEGIN
        if row.last is _Last.BEGIN and rest.startswith("/"):
            self._at += 1
            begins = Either((Border(end=False), slash, _sequence([Globstar(), slash])))
            row.add(begins, last=_Last.SLASH)
        elif behind_name and rest.startswith("/"):
            self._at += 1
            ways: list[Part] = [_sequence([slash, *deep, slash]), slash]
            if len(rest) > 1:
                ways.append(Border(end=True))
            row.parts.pop()
            row.add(Either(tuple(ways)), last=_Last.SLASH)
        elif behind_name and not rest and row.before is not _Last.STAR:
            row.parts.pop()
            row.add(Either((_sequence([slash, *deep]), Border(end=True))), last=_Last.STAR)
        elif row.last in _NAME_BEGINS:
            row.add(*deep, last=_Last.STAR)
        else:
            row.add(Globstar(), last=_Last.STAR)


def is_barred(text: str) -> bool:
    """Tell whether *text* begins with `!(…)`."""
    return text.startswith("!") and _EXTENDED.match(text) is not None


def _other(_: Reader, row: _Row, character: str) -> None:
    row.add(Literal(character))


def _sequence(parts: list[Part]) -> Part:
    """Return *parts* as one, its texts joined."""
    joined: list[Part] = []
    for part in parts:
        if isinstance(part, Literal) and joined and isinstance(joined[-1], Literal):
            joined[-1] = Literal(joined[-1].text + part.text)
        else:
            joined.append(part)
    return joined[0] if len(joined) == 1 else Sequence(tuple(joined))


_NOTHING = Sequence(())
_NAME_BEGINS = (_Last.BEGIN, _Last.SLASH)
_READ: dict[str, Callable[[Reader, _Row, str], None]] = {
    "\\": Reader.escape,
    "[": Reader.bracket,
    "{": Reader.brace,
    "(": Reader.parenthesis,
    "?": Reader.question,
    "+": Reader.plus,
    ".": Reader.dot,
    "/": Reader.slash,
    "*": Reader.star,
}
