"""The headers of a request, each found at once."""

from collections.abc import Callable
from functools import cached_property, lru_cache, wraps
from typing import Any, TypeVar, cast

from starlette import datastructures, requests
from starlette.types import Scope

KEPT = "rollway.headers"
VALUES_MAX = 256  # of one header, of which is kept what they mean
VALUE_CHARACTERS_MAX = 512  # longer ones are read each time

F = TypeVar("F", bound=Callable[..., Any])


def kept(meaning: F) -> F:
    """Return *meaning*, of a header's value, that knows what it was asked for before."""
    known = lru_cache(VALUES_MAX)(meaning)

    @wraps(meaning)
    def read(value: str | None, *more: Any) -> Any:
        if value is not None and len(value) > VALUE_CHARACTERS_MAX:
            return meaning(value, *more)
        return known(value, *more)

    return cast("F", read)


class Headers(datastructures.Headers):
    """As Starlette's, which looks through all of them each time."""

    def __init__(self, scope: Scope) -> None:
        super().__init__(scope=scope)
        self._first = {
            key.decode("latin-1"): value.decode("latin-1") for key, value in reversed(self._list)
        }

    def __getitem__(self, key: str) -> str:
        return self._first[key.lower()]

    def get(self, key: str, default: Any = None) -> Any:
        """Return the first value of that name."""
        return self._first.get(key.lower(), default)


def of(scope: Scope) -> Headers:
    """Return the headers of a request or a handshake; read once, whoever asks."""
    found: Headers | None = scope.get(KEPT)
    if found is None:
        found = scope[KEPT] = Headers(scope)
    return found


class Request(requests.Request):
    """A request with such headers; what is asked for often is found at once."""

    @property
    def method(self) -> str:
        """The method."""
        method: str = self.scope["method"]
        return method

    @cached_property
    def headers(self) -> Headers:
        """The headers."""
        return of(self.scope)
