"""An environment's resource document: the functions in it, and what a deploy elsewhere adds."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from json import dumps
from typing import Any

FUNCTIONS = "aliyun.fc"
FLAT = "fc"
PLACE = ("uid", "region")


@dataclass(frozen=True, slots=True)
class FunctionResource:
    """A cloud function that an environment deploys."""

    uid: str | None
    region: str | None
    service: str | None
    name: str


def functions(resource: Mapping[str, Any]) -> Iterator[FunctionResource]:
    """Read both spellings: `aliyun.fc` with its functions, and `fc`, a list of functions."""
    aliyun = resource.get(FUNCTIONS)
    if isinstance(aliyun, dict):
        for each in _objects(aliyun.get("functions")):
            yield _function({**aliyun, **each}, each.get("name"))
    for each in _objects(resource.get(FLAT)):
        yield _function(each, each.get("function"))


def _function(values: Mapping[str, Any], name: object) -> FunctionResource:
    text = {
        key: str(values[key]) if values.get(key) else None for key in ("uid", "region", "service")
    }
    return FunctionResource(**text, name=str(name or ""))


def merged(stored: Mapping[str, Any], told: Mapping[str, Any]) -> dict[str, Any]:
    """Return *stored* with what is *told*, key by key; what is told empty changes nothing.

    Functions add up: one that is there already, by uid, region, service and name, is replaced.
    """
    return {**stored, **{key: _merged(key, stored.get(key), told[key]) for key in told}}


def _merged(key: str, stored: Any, told: Any) -> Any:
    if not told:
        return told if stored is None else stored
    if key == FUNCTIONS and isinstance(stored, dict) and isinstance(told, dict):
        return _functions(stored, told)
    if key == FLAT and isinstance(stored, list) and isinstance(told, list):
        return _union((*PLACE, "service", "function"), _objects(stored), _objects(told))
    return told


def _functions(stored: dict[str, Any], told: dict[str, Any]) -> dict[str, Any]:
    """Return both with one uid and region, those told; a function elsewhere says where it is."""
    document = {**stored, **told}
    common = {key: document[key] for key in PLACE if key in document}
    there = {key: stored[key] for key in PLACE if key in stored}
    functions = _union(
        (*PLACE, "service", "name"),
        [{**there, **each} for each in _objects(stored.get("functions"))],
        [{**common, **each} for each in _objects(told.get("functions"))],
    )
    document["functions"] = [
        {key: value for key, value in each.items() if key not in common or value != common[key]}
        for each in functions
    ]
    return document


def _union(
    identity: tuple[str, ...], stored: Iterable[dict[str, Any]], told: Iterable[dict[str, Any]]
) -> list[dict[str, Any]]:
    found = {dumps([each.get(key) for key in identity]): each for each in stored}
    found |= {dumps([each.get(key) for key in identity]): each for each in told}
    return list(found.values())


def _objects(value: object) -> list[dict[str, Any]]:
    return [each for each in value if isinstance(each, dict)] if isinstance(value, list) else []
