"""The one table of what clients are refused: as which problem or code, in which words."""

from collections.abc import Mapping
from typing import Any

from graphql import GraphQLError

from auth.accounts import AccountExists
from resolvers.refusals import Taken
from schema.catalogue import access, deploys, hosting, operations, requests
from schema.catalogue.entry import Entry
from schema.problems import CODES, Problem
from schema.words import told

CATALOGUE: Mapping[type[Exception], Entry] = {
    **access.ENTRIES,
    **operations.ENTRIES,
    **requests.ENTRIES,
    **deploys.ENTRIES,
    **hosting.ENTRIES,
}


def _facts(refusal: Exception, language: str) -> Mapping[str, object]:
    """Return what a refusal's texts are filled with: its fields, and what follows from them."""
    derived = {
        name: getattr(refusal, name)
        for name, value in vars(type(refusal)).items()
        if isinstance(value, property)
    }
    facts = {**vars(refusal), **derived}
    return {name: told(name, fact, language) for name, fact in facts.items()}


def message(refusal: Exception, language: str) -> str:
    """Return what *refusal* says, in *language* (en or zh)."""
    chinese = language == "zh"
    text = CATALOGUE[type(refusal)].chinese if chinese else (type(refusal).__doc__ or "").strip()
    return text.format(**_facts(refusal, language))


def remedy(refusal: Exception, language: str) -> str:
    """Return what to do about *refusal*, in *language* (en or zh)."""
    found = CATALOGUE[type(refusal)].remedy
    text = found.chinese if language == "zh" else found.english
    return text.format(**_facts(refusal, language))


def problem(refusal: Exception, language: str) -> Problem:
    """Return *refusal* as the problem it is shown as."""
    entry = CATALOGUE[type(refusal)]
    assert entry.problem is not None  # noqa: S101 (a mutation declares it)
    more: Mapping[str, Any] = entry.more(refusal, language) if entry.more else {}
    field = entry.field or (
        (refusal.field,) if isinstance(refusal, Taken | AccountExists) else None
    )
    return entry.problem(
        code=CODES[entry.problem],
        message=message(refusal, language),
        remedy=remedy(refusal, language),
        field=list(field) if field else None,
        retryable=entry.retryable,
        **more,
    )


def error(refusal: Exception, language: str, at: GraphQLError | None = None) -> GraphQLError:
    """Return *refusal* as an entry of `errors`, with the places that *at* has."""
    place = at or GraphQLError("")
    return GraphQLError(
        message(refusal, language),
        nodes=place.nodes,
        source=place.source,
        positions=place.positions,
        path=place.path,
        extensions=_extensions(refusal, language),
    )


def _extensions(refusal: Exception, language: str) -> dict[str, object]:
    """Return what is told of *refusal* beside its message where it is no mutation's problem."""
    entry = CATALOGUE[type(refusal)]
    seconds = getattr(refusal, "retry_after", None)
    return {
        "code": entry.code.value,
        "remedy": remedy(refusal, language),
        "retryable": entry.retryable,
        **({} if seconds is None else {"retryAfter": seconds}),
    }
