"""How the two databases write JSON: values, objects, lists, the same bytes as Python's `json`.

PostgreSQL makes rows into objects, so a value stays what it is in a column until then. SQLite joins
texts, so a value is JSON from the beginning.

What cannot be written fails the statement, and whoever asked answers in another way.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Protocol

Pairs = Sequence[tuple[str, str]]  # names in the answer, and what stands there

# Of the rows that are *where*, with an alias that has a blank like ROW: the aggregate, and a join.
Gathered = Callable[[Pairs, str, str], tuple[str, str]]

KEY_BYTES_MAX = 63  # PostgreSQL cuts longer names of columns
INT_MIN, INT_MAX = -(2**31), 2**31 - 1  # GraphQL's
# A row as a whole goes by a name that no column has: they are GraphQL's, without blanks.
ROW = '"a row"'
SHORTEST_SECONDS = "0.0001"  # shorter ones are written with an exponent


class Dialect(Protocol):
    """Writes SQL. Arguments are SQL too, unless they are said to be something else."""

    name: str

    def parameter(self, number: int, kind: str = "") -> str:
        """Return the parameter of *number*, from 1; *kind* is a type where it could be many."""
        ...

    def constant(self, text: str) -> str:
        """Return a word of ours."""
        ...

    def text(self, value: str) -> str:
        """Return a text."""
        ...

    def number(self, value: str, *, large: bool = False) -> str:
        """Return an integer; a *large* one that GraphQL cannot say fails."""
        ...

    def flag(self, value: str) -> str:
        """Return true or false; *value* is not null."""
        ...

    def moment(self, value: str) -> str:
        """Return a time in UTC, as `db.moments.written` does."""
        ...

    def seconds(self, start: str, end: str) -> str:
        """Return what lies between two times."""
        ...

    def word(self, value: str, words: Mapping[object, str]) -> str:
        """Return the word that *words* has for a value; another value fails."""
        ...

    def listed(self, value: str) -> str:
        """Return the words of a text, which commas are between."""
        ...

    def cursor(self, order: str, row_id: str, *, is_time: bool) -> str:
        """Return the place of a row; it fails for one whose key JSON would escape."""
        ...

    def object(self, pairs: Pairs, source: str) -> str:
        """Return the only row of *source* as an object, or null."""
        ...

    def array(self, pairs: Pairs, source: str) -> str:
        """Return all rows of *source*, in its order, as a list of objects."""
        ...

    @property
    def gathered(self) -> Gathered | None:
        """What writes a list of objects among other aggregates; None: the parser has no room."""
        ...

    def each(self, rows: str, table: str, alias: str) -> str:
        """Return the join of what *rows* finds, in *table* and as *alias*, for rows on the left."""
        ...

    def rows(self, texts: str, alias: str) -> str:
        """Return a table of a list of texts, its only column is `value`."""
        ...

    def answer(self, pairs: Pairs, characters_max: str, good: str) -> str:
        """Return the statement for an object in UTF-8; null where it is longer."""
        ...


def quoted(text: str) -> str:
    """Return a text of ours as SQL."""
    return "'" + text.replace("'", "''") + "'"


def _is_int(value: str) -> str:
    return f"{value} BETWEEN {INT_MIN} AND {INT_MAX}"


def _stored(value: object) -> str:
    return quoted(value) if isinstance(value, str) else str(value)


class Postgres:
    """PostgreSQL."""

    name = "postgres"

    def parameter(self, number: int, kind: str = "") -> str:
        """Return the parameter of *number*."""
        return f"${number}::{kind}" if kind else f"${number}"

    def constant(self, text: str) -> str:
        """Return a word of ours."""
        return f"{quoted(text)}::text"

    def text(self, value: str) -> str:
        """Return a text."""
        return value

    def number(self, value: str, *, large: bool = False) -> str:
        """Return an integer."""
        return (
            f"CASE WHEN {_is_int(value)} THEN {value} ELSE {_failing(value)} END"
            if large
            else value
        )

    def flag(self, value: str) -> str:
        """Return true or false."""
        return value

    def moment(self, value: str) -> str:
        """Return a time."""
        return value

    def seconds(self, start: str, end: str) -> str:
        """Return what lies between two times."""
        span = f"extract(epoch FROM {end} - {start})"
        return (
            f"CASE WHEN {span} = trunc({span}) THEN to_json(round({span}, 1))"
            f" WHEN abs({span}) >= {SHORTEST_SECONDS} THEN to_json(trim_scale({span}))"
            f" ELSE to_json({_failing(span)}) END"
        )

    def word(self, value: str, words: Mapping[object, str]) -> str:
        """Return a word."""
        cases = " ".join(f"WHEN {_stored(each)} THEN '{word}'" for each, word in words.items())
        return f"CASE {value} {cases} ELSE {_failing(value)}::text END"

    def listed(self, value: str) -> str:
        """Return the words of a text."""
        return f"to_json(string_to_array({value}, ','))"

    def cursor(self, order: str, row_id: str, *, is_time: bool) -> str:
        """Return the place of a row."""
        key = f"trim('\"' FROM to_json({order})::text)" if is_time else order
        place = f"'[\"' || {key} || '\", \"' || {row_id} || '\"]'"
        plain = f"{key} || {row_id} ~ '^[ !#-\\[\\]-~]*$'"  # what JSON does not escape
        encoded = f"encode(convert_to({place}, 'UTF8'), 'base64')"
        shown = f"rtrim(translate({encoded}, '+/' || chr(10), '-_'), '=')"
        return f"CASE WHEN {plain} THEN {shown} ELSE {_failing(row_id)}::text END"

    def object(self, pairs: Pairs, source: str) -> str:
        """Return a row as an object."""
        return f"(SELECT row_to_json({ROW}) FROM (SELECT {_columns(pairs)} {source}) {ROW})"

    def array(self, pairs: Pairs, source: str) -> str:
        """Return rows as a list; `json_agg` would write a line break behind each comma."""
        return f"array_to_json(ARRAY(SELECT {ROW} FROM (SELECT {_columns(pairs)} {source}) {ROW}))"

    def gathered(self, pairs: Pairs, alias: str, where: str) -> tuple[str, str]:
        """Return the rows that are *where* as a list, and what is joined to all of them."""
        rows = f"array_to_json(array_agg({alias}) FILTER (WHERE {where}))"
        return f"coalesce({rows}, '[]')", f"CROSS JOIN LATERAL (SELECT {_columns(pairs)}) {alias}"

    def each(self, rows: str, table: str, alias: str) -> str:
        """Return the join of what is found for each row."""
        del table
        return f"CROSS JOIN LATERAL (SELECT {alias}.* {rows}) {alias}"

    def rows(self, texts: str, alias: str) -> str:
        """Return a table of a list of texts."""
        # Of `unnest` a general plan expects ten rows: PostgreSQL, which knows each time how many
        # there are, would plan anew each time, 2.4 ms for a page that takes one.
        return f"json_array_elements_text(array_to_json({texts}::text[])) {alias}(value)"

    def answer(self, pairs: Pairs, characters_max: str, good: str) -> str:
        """Return the statement: OFFSET keeps the text from being made twice."""
        whole = f"SELECT {self.object(pairs, '')}::text AS whole OFFSET 0"
        fits = f"CASE WHEN octet_length(whole) <= {characters_max} THEN whole END"
        text = f"convert_to({fits}, 'UTF8')"
        return f"SELECT {good} AS good, {text} AS answer FROM ({whole}) q"


def _columns(pairs: Pairs) -> str:
    return ", ".join(f'{value} AS "{key}"' for key, value in pairs)


def _failing(value: str) -> str:
    """Return a number that no value gives; null for null."""
    return f"(({value})::text || '?')::int"


class Sqlite:
    """SQLite."""

    name = "sqlite"
    gathered = None

    def parameter(self, number: int, kind: str = "") -> str:
        """Return the parameter of *number*."""
        del kind
        return f"?{number}"

    def constant(self, text: str) -> str:
        """Return a word of ours."""
        return quoted(f'"{text}"')

    def text(self, value: str) -> str:
        """Return a text."""
        return f"json_quote({value})"

    def number(self, value: str, *, large: bool = False) -> str:
        """Return an integer."""
        if not large:
            return f"json_quote({value})"
        return f"CASE WHEN {_is_int(value)} THEN json_quote({value}) ELSE {_broken(value)} END"

    def flag(self, value: str) -> str:
        """Return true or false."""
        return f"CASE WHEN {value} THEN 'true' ELSE 'false' END"

    def moment(self, value: str) -> str:
        """Return a time, which is kept as Python writes it, but for a blank."""
        cut = f"replace(rtrim({value}, '+:0'), ' ', 'T')"
        return (
            f"CASE WHEN {value} IS NULL THEN 'null'"
            f" WHEN {value} LIKE '%.%0+00:00' THEN '\"' || {cut} || '+00:00\"'"
            f" WHEN substr({value}, -6) = '+00:00' THEN '\"' || replace({value}, ' ', 'T') || '\"'"
            f" ELSE {_broken(value)} END"
        )

    def seconds(self, start: str, end: str) -> str:
        """Return what lies between two times."""
        micros = f"({_micros(end)} - {_micros(start)})"
        return (
            f"CASE WHEN {micros} IS NULL THEN 'null' WHEN {micros} = 0 OR abs({micros}) >= 100"
            f" THEN json_quote({micros} / 1000000.0) ELSE {_broken(end)} END"
        )

    def word(self, value: str, words: Mapping[object, str]) -> str:
        """Return a word."""
        cases = " ".join(f"WHEN {_stored(each)} THEN '\"{word}\"'" for each, word in words.items())
        return f"CASE {value} {cases} ELSE {_broken(value)} END"

    def listed(self, value: str) -> str:
        """Return the words of a text, none of which needs to be escaped."""
        return (
            f"CASE {value} WHEN '' THEN '[]'"
            f" ELSE '[\"' || replace({value}, ',', '\",\"') || '\"]' END"
        )

    def cursor(self, order: str, row_id: str, *, is_time: bool) -> str:
        """Return the place of a row."""
        key = f"trim({self.moment(order)}, '\"')" if is_time else order
        place = f"'[\"' || {key} || '\", \"' || {row_id} || '\"]'"
        plain = f"{key} || {row_id} NOT GLOB '*[^] !#-[^-~]*'"  # what JSON does not escape
        return f"CASE WHEN {plain} THEN json_quote(base64url({place})) ELSE {_broken(row_id)} END"

    def object(self, pairs: Pairs, source: str) -> str:
        """Return a row as an object, a part of the texts around it where it can be.

        SQLite's parser has little room: as a SELECT, or in brackets, it would take more.
        """
        if not source:
            return _joined(pairs)
        return f"coalesce((SELECT {_joined(pairs)} {source}), 'null')"

    def array(self, pairs: Pairs, source: str) -> str:
        """Return rows as a list."""
        rows = f"(SELECT {_joined(pairs)} AS o {source})"
        return f"(SELECT coalesce('[' || group_concat(o, ',') || ']', '[]') FROM {rows})"

    def each(self, rows: str, table: str, alias: str) -> str:
        """Return the join of what is found for each row, by ids: there is no LATERAL."""
        return f'CROSS JOIN "{table}" {alias} ON {alias}.id IN (SELECT {alias}.id {rows})'

    def rows(self, texts: str, alias: str) -> str:
        """Return a table of a list of texts, which is JSON."""
        return f"json_each({texts}) {alias}"

    def answer(self, pairs: Pairs, characters_max: str, good: str) -> str:
        """Return the statement."""
        whole = f"SELECT {self.object(pairs, '')} AS whole LIMIT 1 OFFSET 0"
        fits = f"CASE WHEN length(CAST(whole AS blob)) <= {characters_max} THEN whole END"
        return f"SELECT {good} AS good, {fits} AS answer FROM ({whole}) q"


def _broken(value: str) -> str:
    """Return JSON that is none; null for null."""
    return f"coalesce(json({value} || '?'), 'null')"


def _micros(value: str) -> str:
    """Return the microseconds since 1970 of a time as it is kept."""
    fraction = f"CASE substr({value}, 20, 1) WHEN '.' THEN substr({value}, 21, 6) ELSE 0 END"
    seconds = f"CAST(strftime('%s', substr({value}, 1, 19)) AS integer)"
    return f"({seconds} * 1000000 + CAST({fraction} AS integer))"


def _joined(pairs: Pairs) -> str:
    """Return an object whose values are JSON."""
    fields = " || ',' || ".join(f"'\"{key}\":' || {value}" for key, value in pairs)
    return f"'{{' || {fields} || '}}'"
