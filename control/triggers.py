"""Whether a hook deploys an environment, and why. Pure."""

from collections.abc import Collection
from dataclasses import dataclass, replace
from enum import StrEnum

from control.globs import Kind, Subject, decide
from control.trigger_keys import Forks
from control.trigger_spec import (
    Pair,
    Patterns,
    PullRequestRules,
    PushRules,
    ServiceRules,
    TriggerSpec,
    place,
)
from providers.hooks import Hook, Person, PullRequest, Push, Tag, Unsupported

NAME_CHARACTERS_MAX = 1000
WORK_MAX = 1_000_000  # characters of patterns, for each changed file or author; about a second


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether a hook deploys, a sentence that says why, and the *rule* that decided.

    *secrets* is false where the deploy must do without the environment's secrets.
    """

    matched: bool
    reason: str
    rule: str | None = None
    secrets: bool = True


class Fact(StrEnum):
    """Something of a push that a service tells in a delivery."""

    MESSAGE = "message"
    AUTHOR = "author"
    FILES = "changed files"


def match(hook: Hook, spec: TriggerSpec) -> Verdict:
    """Say whether *hook* deploys the environment of *spec*."""
    service = hook.provider.value
    rules = spec.services.get(hook.provider)
    if rules is None:
        return _no(f"The environment has no rules for {service}.")
    if rules.mistake is not None:
        where, message = place(rules.mistake.path), rules.mistake.message
        return _no(
            f"Its rules for {service} have a mistake and start nothing: {where} {message}.", where
        )
    if isinstance(hook, Unsupported):
        detail = f" ({hook.detail[:NAME_CHARACTERS_MAX]})" if hook.detail else ""
        return _no(f'The event "{hook.event}"{detail} starts no deploy.')
    if isinstance(hook, PullRequest):
        return _pull_request(hook, rules)
    return _pushed(hook, rules)


def foresee(hook: Push | Tag, spec: TriggerSpec, unknown: Collection[Fact]) -> Verdict:
    """Say whether *hook*, of which some facts are *unknown*, deploys the environment of *spec*.

    The rules that ask for them are left out; where they would decide, the reason names them.
    """
    rules = spec.services.get(hook.provider)
    if rules is None or rules.mistake is not None:
        return match(hook, spec)
    known, left_out = _without(rules, unknown)
    verdict = match(hook, replace(spec, services={**spec.services, hook.provider: known}))
    if not verdict.matched or not left_out:
        return verdict
    facts = ", ".join(each for each in Fact if each in unknown)
    reason = f"{verdict.reason} Not known: {facts}; so not judged: {', '.join(left_out)}."
    return replace(verdict, reason=reason)


def _without(rules: ServiceRules, unknown: Collection[Fact]) -> tuple[ServiceRules, list[str]]:
    """Return what of the rules for pushes needs no *unknown* fact, and the names of the others."""
    push = rules.push
    left_out = {
        "skip-markers": rules.skip_markers if Fact.MESSAGE in unknown else (),
        "messages": push.messages if Fact.MESSAGE in unknown else (),
        "authors": push.authors if Fact.AUTHOR in unknown else (),
        "paths": push.paths if Fact.FILES in unknown else (),
        "paths-ignore": push.paths_ignore if Fact.FILES in unknown else (),
    }
    names = [name for name, rule in left_out.items() if rule]
    nothing = {name.replace("-", "_"): () for name in names if name != "skip-markers"}
    markers = () if "skip-markers" in names else rules.skip_markers
    return replace(rules, skip_markers=markers, push=replace(push, **nothing)), names


def _no(reason: str, rule: object = None) -> Verdict:
    return Verdict(matched=False, reason=reason, rule=None if rule is None else str(rule))


def _pushed(hook: Push | Tag, rules: ServiceRules) -> Verdict:
    branch = isinstance(hook, Push)
    kind, name = ("branch", hook.branch) if isinstance(hook, Push) else ("tag", hook.tag)
    if not name:
        return _no(f'"{hook.ref}" is neither a branch nor a tag.')
    if len(name) > NAME_CHARACTERS_MAX:
        return _no(f"The {kind}'s name has more than {NAME_CHARACTERS_MAX} characters.")
    if hook.deleted:
        return _no(f'The {kind} "{name}" was deleted; that never deploys.')
    patterns = rules.push.branches if branch else rules.push.tags
    where = f"{hook.provider.value}.push.{'branches' if branch else 'tags'}"
    if not patterns:
        return _no(f'The {kind} "{name}" was pushed, and there are no {kind} rules.', where)
    decision = decide((each.glob for each in patterns), Subject(name, Kind.REF))
    by = where if decision.by is None else patterns[decision.by]
    if not decision.taken and decision.by is not None:
        return _no(f'The {kind} "{name}" is excluded.', by)
    if not decision.taken:
        return _no(f'The {kind} "{name}" matches none of the {kind} rules.', where)
    barred = (
        _skipped(rules, hook, hook.commit.message)
        or (_paths(rules.push, hook) if isinstance(hook, Push) else None)
        or _authors(rules.push, hook)
        or _message(rules.push, hook.commit.message)
    )
    what = "matches" if decision.by is not None else "is not excluded"
    return barred or Verdict(matched=True, reason=f'The {kind} "{name}" {what}.', rule=str(by))


def _pull_request(hook: PullRequest, rules: ServiceRules) -> Verdict:
    asked = rules.pull_request
    where = f"{hook.provider.value}.pull_request"
    if hook.action not in asked.types:
        listed = ", ".join(sorted(asked.types)) or "nothing"
        return _no(
            f'The pull request was "{hook.action.value}", and {listed} is listed.', f"{where}.types"
        )
    if not asked.branches:
        return _no("There are no branch rules for pull requests.", f"{where}.branches")
    if max(len(hook.source), len(hook.target)) > NAME_CHARACTERS_MAX:
        return _no(f"A branch's name has more than {NAME_CHARACTERS_MAX} characters.")
    target, source = Subject(hook.target, Kind.REF), Subject(hook.source, Kind.REF)
    by = next((each for each in asked.branches if _meets(each, target, source)), None)
    way = f'from "{hook.source}" to "{hook.target}"'
    if by is None:
        return _no(f"The pull request {way} matches none of the rules.", f"{where}.branches")
    if by.excludes:
        return _no(f"The pull request {way} is excluded.", by)
    barred = (
        _skipped(rules, hook, f"{hook.title}\n{hook.head.message}")
        or _authors(asked, hook)
        or _message(asked, hook.title)
    )
    if barred:
        return barred
    if hook.fork and asked.forks is Forks.REFUSE:
        return _no("Pull requests from forks are refused.", f"{where}.forks: {asked.forks.value}")
    secrets = not hook.fork or asked.forks is Forks.ALLOW
    without = "" if secrets else "; it comes from a fork and gets no secrets"
    reason = f"The pull request {way} matches{without}."
    return Verdict(matched=True, reason=reason, rule=str(by), secrets=secrets)


def _meets(pair: Pair, target: Subject, source: Subject) -> bool:
    return pair.target.matches(target) and (pair.source is None or pair.source.matches(source))


def _skipped(rules: ServiceRules, hook: Hook, message: str) -> Verdict | None:
    lowered = message.lower()
    for marker in rules.skip_markers:
        if marker.lower() in lowered:
            rule = f"{hook.provider.value}.skip-markers: {marker}"
            return _no(f"The commit message or title says {marker}.", rule)
    return None


def _paths(rules: PushRules, hook: Push) -> Verdict | None:
    """Refuse a push that changed none of the files asked for; one that does not tell is taken."""
    patterns = (*rules.paths, *rules.paths_ignore)
    if not patterns or hook.paths is None or len(hook.paths) > _most(patterns):
        return None
    for path in hook.paths:
        subject = Subject(path[-NAME_CHARACTERS_MAX:], Kind.PATH)
        if _takes(rules.paths, subject) and not (
            rules.paths_ignore and _takes(rules.paths_ignore, subject)
        ):
            return None
    name = "paths" if rules.paths else "paths-ignore"
    return _no(
        f"None of the {len(hook.paths)} changed files is asked for.",
        f"{hook.provider.value}.push.{name}",
    )


def _most(patterns: Patterns) -> int:
    """Return how many names are matched against *patterns* at most."""
    return WORK_MAX // sum(len(each.text) for each in patterns)


def _takes(patterns: Patterns, subject: Subject) -> bool:
    return not patterns or decide((each.glob for each in patterns), subject).taken


def _authors(rules: PushRules | PullRequestRules, hook: Push | Tag | PullRequest) -> Verdict | None:
    if not rules.authors:
        return None
    authors = dict.fromkeys(hook.authors if isinstance(hook, Push) else ())
    people = list(authors or [hook.pusher])[: _most(rules.authors)]
    if any(_is_asked_for(each, rules.authors) for each in people):
        return None
    return _no("None of its authors is asked for.", rules.authors[0].place.rpartition("[")[0])


def _is_asked_for(person: Person, patterns: Patterns) -> bool:
    """Tell whether name or address is taken and neither is excluded."""
    decisions = [
        decide((each.glob for each in patterns), Subject(text[:NAME_CHARACTERS_MAX], Kind.TEXT))
        for text in (person.name, person.email)
        if text
    ]
    excluded = any(not each.taken and each.by is not None for each in decisions)
    return not excluded and any(each.taken for each in decisions)


def _message(rules: PushRules | PullRequestRules, message: str) -> Verdict | None:
    line = (message.splitlines() or [""])[0][:NAME_CHARACTERS_MAX]
    if _takes(rules.messages, Subject(line, Kind.TEXT)):
        return None
    return _no("The message is not asked for.", rules.messages[0].place.rpartition("[")[0])
