"""A trigger spec: its document goes in, rules and everything wrong with it come out. Pure.

Reading never fails. Where a document has a mistake, the rules of that service are broken and start
nothing, because a rule that was overlooked might be the one that excludes.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from enum import StrEnum
from functools import cache
from typing import Any
from zoneinfo import ZoneInfo, available_timezones

from control.globs import Glob, InvalidGlob
from control.schedules.cron import Cron, InvalidCron
from control.trigger_keys import (
    BRANCH_CHARACTERS_MAX,
    MARKER_CHARACTERS_MAX,
    MARKERS_MAX,
    PATTERNS_MAX,
    PROOFS,
    SCHEDULES_MAX,
    SERVICES,
    SKIP_MARKERS,
    TYPES,
    Forks,
    Place,
    names,
)
from providers import Provider
from providers.hooks import PullRequestAction

ISSUES_MAX = 50
_SHOWN_CHARACTERS = 60


class Fault(StrEnum):
    """What is wrong with a value; the text says what it must be."""

    OBJECT = "must be an object"
    LIST = "must be a list"
    TEXT = "must be a text"
    MANY = "must have at most {most} entries"
    KEY = "is no key here; there are {known}"
    WORD = "must be one of {known}"
    GLOB = "is no glob: {flaw}"
    PAIR = 'must be an object with a target, such as {{"target": "main"}}'
    LENGTH = "must have 1 to {most} characters"
    CRON = "must have five fields: minute, hour, day of the month, month, day of the week"
    CRON_FIELD = "its {field} never comes"
    TIMEZONE = "must be a time zone, such as Asia/Shanghai"


@dataclass(frozen=True, slots=True)
class Issue:
    """A mistake, the path to it, and the right word if one is *close*."""

    path: tuple[str, ...]
    fault: Fault
    facts: Mapping[str, str]
    close: str | None = None

    @property
    def message(self) -> str:
        """Say what the value must be."""
        hint = f'; did you mean "{self.close}"?' if self.close else ""
        return self.fault.format(**self.facts) + hint


@dataclass(frozen=True, slots=True)
class Pattern:
    """A glob and its place in the document, for people to find it."""

    place: str
    text: str
    glob: Glob

    def __str__(self) -> str:
        """Return the place and what stands there."""
        return f"{self.place}: {self.text}"


@dataclass(frozen=True, slots=True)
class Pair:
    """Globs for the branches of a pull request; without *source* any."""

    place: str
    text: str
    target: Glob
    source: Glob | None
    excludes: bool

    def __str__(self) -> str:
        """Return the place and what stands there."""
        return f"{self.place}: {self.text}"


Patterns = tuple[Pattern, ...]


@dataclass(frozen=True, slots=True)
class PushRules:
    """Which pushes deploy. A list that is empty asks for nothing."""

    branches: Patterns = ()
    tags: Patterns = ()
    paths: Patterns = ()
    paths_ignore: Patterns = ()
    authors: Patterns = ()
    messages: Patterns = ()


@dataclass(frozen=True, slots=True)
class PullRequestRules:
    """Which pull requests deploy; *branches* in the order in which they decide."""

    types: frozenset[PullRequestAction] = frozenset()
    branches: tuple[Pair, ...] = ()
    forks: Forks = Forks.WITHOUT_SECRETS
    authors: Patterns = ()
    messages: Patterns = ()


@dataclass(frozen=True, slots=True)
class ServiceRules:
    """What a document says of one service; with a *mistake* it starts nothing."""

    push: PushRules
    pull_request: PullRequestRules
    skip_markers: tuple[str, ...]
    mistake: Issue | None


@dataclass(frozen=True, slots=True)
class Schedule:
    """A time to deploy at, *line* as it was written; without *branch* the default branch."""

    line: str
    cron: Cron
    timezone: str
    branch: str | None


@dataclass(frozen=True, slots=True)
class TriggerSpec:
    """When an environment deploys by itself, and what is wrong with the document."""

    services: Mapping[Provider, ServiceRules]
    schedule: tuple[Schedule, ...]
    issues: tuple[Issue, ...]


def read(document: object) -> TriggerSpec:
    """Read a document, whatever it is."""
    reader = _Reader()
    entries = reader.mapping(document, (), Place.DOCUMENT)
    services = {
        provider: reader.service(entries[provider.value], provider)
        for provider in SERVICES
        if entries.get(provider.value) not in (None, {})
    }
    schedule = tuple(reader.schedule(entries.get("schedule")))
    return TriggerSpec(services, schedule, tuple(reader.issues))


_Path = tuple[str, ...]


def without_proofs(document: Any) -> dict[str, Any]:
    """Return *document* without the secrets that the original kept in it, in clear.

    Everybody who sees the environment reads it; the application keeps its webhook's secret sealed.
    """
    return {
        service: {key: each for key, each in rules.items() if key not in PROOFS}
        if isinstance(rules, dict)
        else rules
        for service, rules in document.items()
    }


class _Reader:
    """Reads values and notes what is wrong with them."""

    def __init__(self) -> None:
        self.issues: list[Issue] = []
        self._mistake: Issue | None = None  # the first of the service that is read

    def _note(self, path: _Path, fault: Fault, close: str | None = None, **facts: str) -> None:
        issue = Issue(path, fault, facts, close)
        if len(self.issues) < ISSUES_MAX:
            self.issues.append(issue)
        self._mistake = self._mistake or issue

    def _unknown(self, path: _Path, fault: Fault, word: object, known: list[str]) -> None:
        self._note(path, fault, self._close(word, known), known=", ".join(known))

    def _close(self, word: object, known: Iterable[str]) -> str | None:
        if not isinstance(word, str) or len(self.issues) == ISSUES_MAX:
            return None
        return next(iter(get_close_matches(word[:_SHOWN_CHARACTERS], known, n=1)), None)

    def mapping(self, value: object, path: _Path, place: Place) -> dict[str, Any]:
        """Return the entries of an object that have keys of *place*."""
        if value is None and place not in (Place.PAIR, Place.SCHEDULE):
            return {}
        if not isinstance(value, dict):
            self._note(path, Fault.PAIR if place is Place.PAIR else Fault.OBJECT)
            return {}
        known = names(place)
        for key in value:
            if key not in known and not (place is Place.SERVICE and key in PROOFS):
                self._unknown((*path, str(key)), Fault.KEY, key, known)
        return {key: value[key] for key in known if key in value}

    def _list(self, value: object, path: _Path, most: int) -> Iterator[tuple[_Path, Any]]:
        """Yield the entries of a list with their paths."""
        if value is None:
            return
        if not isinstance(value, list):
            self._note(path, Fault.LIST)
            return
        if len(value) > most:
            self._note(path, Fault.MANY, most=str(most))
        for index, each in enumerate(value[:most]):
            yield (*path, str(index)), each

    def _glob(
        self, value: object, path: _Path, *, leading: bool = False, sign: str = ""
    ) -> Glob | None:
        if not isinstance(value, str):
            self._note(path, Fault.TEXT)
            return None
        try:
            if sign and value:
                return Glob.read(sign + value)
            return Glob.read(value, leading=leading)
        except InvalidGlob as found:
            self._note(path, Fault.GLOB, flaw=found.flaw)
            return None

    def _patterns(
        self, value: object, path: _Path, *, leading: bool = False, sign: str = ""
    ) -> Iterator[Pattern]:
        for at, each in self._list(value, path, PATTERNS_MAX):
            glob = self._glob(each, at, leading=leading, sign=sign)
            if glob is not None:
                yield Pattern(place(at), each, glob)

    def service(self, value: object, provider: Provider) -> ServiceRules:
        """Read the rules of one service."""
        path = (provider.value,)
        self._mistake = None
        entries = self.mapping(value, path, Place.SERVICE)
        push = self._push(entries.get("push"), (*path, "push"))
        asked = self._pull_request(entries.get("pull_request"), (*path, "pull_request"))
        markers = self._markers(entries.get("skip-markers"), (*path, "skip-markers"))
        return ServiceRules(push, asked, markers, self._mistake)

    def _markers(self, value: object, path: _Path) -> tuple[str, ...]:
        if value is None:
            return SKIP_MARKERS
        markers = []
        for at, each in self._list(value, path, MARKERS_MAX):
            if self._text(each, at, MARKER_CHARACTERS_MAX):
                markers.append(each)
        return tuple(markers)

    def _text(self, value: object, path: _Path, most: int) -> bool:
        if not isinstance(value, str):
            self._note(path, Fault.TEXT)
            return False
        if not value.strip() or len(value) > most:
            self._note(path, Fault.LENGTH, most=str(most))
            return False
        return True

    def _push(self, value: object, path: _Path) -> PushRules:
        entries = self.mapping(value, path, Place.PUSH)
        refs = {
            name: tuple(self._refs(entries.get(name), (*path, name)))
            for name in ("branches", "tags")
        }
        lists = {
            name.replace("-", "_"): tuple(self._patterns(entries.get(name), (*path, name)))
            for name in ("paths", "paths-ignore", "authors", "messages")
        }
        return PushRules(**refs, **lists)

    def _refs(self, value: object, path: _Path) -> Iterator[Pattern]:
        """Yield the rules for names in the order in which one list of globs has them."""
        entries = self.mapping(value, path, Place.RULES)
        for name in ("include", "prefix", "precise", "exclude"):
            yield from self._patterns(
                entries.get(name),
                (*path, name),
                leading=name == "prefix",
                sign="!" if name == "exclude" else "",
            )

    def _pull_request(self, value: object, path: _Path) -> PullRequestRules:
        entries = self.mapping(value, path, Place.PULL_REQUEST)
        types = set()
        for at, each in self._list(entries.get("types"), (*path, "types"), PATTERNS_MAX):
            if isinstance(each, str) and each in TYPES:
                types.add(TYPES[each])
            else:
                self._unknown(at, Fault.WORD, each, list(TYPES))
        forks = entries.get("forks")
        known = [each.value for each in Forks]
        if forks is not None and forks not in known:
            self._unknown((*path, "forks"), Fault.WORD, forks, known)
        return PullRequestRules(
            frozenset(types),
            tuple(self._pairs(entries.get("branches"), (*path, "branches"))),
            Forks(forks) if forks in known else Forks.WITHOUT_SECRETS,
            tuple(self._patterns(entries.get("authors"), (*path, "authors"))),
            tuple(self._patterns(entries.get("messages"), (*path, "messages"))),
        )

    def _pairs(self, value: object, path: _Path) -> Iterator[Pair]:
        entries = self.mapping(value, path, Place.RULES)
        for name in ("exclude", "precise", "prefix", "include"):
            leading = name == "prefix"
            for at, each in self._list(entries.get(name), (*path, name), PATTERNS_MAX):
                pair = self.mapping(each, at, Place.PAIR)
                if not isinstance(each, dict):
                    continue
                target = self._glob(pair.get("target"), (*at, "target"), leading=leading)
                source = None
                if pair.get("source") not in (None, ""):
                    source = self._glob(pair["source"], (*at, "source"), leading=leading)
                if target is not None:
                    shown = " <- ".join(glob.text for glob in (target, source) if glob)
                    yield Pair(place(at), shown, target, source, name == "exclude")

    def schedule(self, value: object) -> Iterator[Schedule]:
        """Yield the times of a schedule."""
        for at, each in self._list(value, ("schedule",), SCHEDULES_MAX):
            entries = self.mapping(each, at, Place.SCHEDULE)
            if not isinstance(each, dict):
                continue
            cron = self._cron(entries.get("cron"), (*at, "cron"))
            timezone = entries.get("timezone", "UTC")
            known = self._timezone(timezone, (*at, "timezone"))
            branch = entries.get("branch")
            named = branch is None or self._text(branch, (*at, "branch"), BRANCH_CHARACTERS_MAX)
            if cron and known and named:
                yield Schedule(entries["cron"], cron, timezone, branch)

    def _cron(self, value: object, path: _Path) -> Cron | None:
        if not isinstance(value, str):
            self._note(path, Fault.TEXT)
            return None
        try:
            return Cron.read(value)
        except InvalidCron as found:
            if found.field is None:
                self._note(path, Fault.CRON)
            else:
                self._note(path, Fault.CRON_FIELD, field=found.field)
            return None

    def _timezone(self, value: object, path: _Path) -> bool:
        if not isinstance(value, str):
            self._note(path, Fault.TEXT)
            return False
        try:
            ZoneInfo(value)
        except (ValueError, OSError, LookupError):
            self._note(path, Fault.TIMEZONE, self._close(value, _timezones()))
            return False
        return True


@cache
def _timezones() -> frozenset[str]:
    return frozenset(available_timezones())


def place(path: _Path) -> str:
    """Return a path as people write it: `github.push.branches.prefix[0]`."""
    return "".join(f"[{each}]" if each.isdecimal() else f".{each}" for each in path)[1:]
