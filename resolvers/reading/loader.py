"""Loads by keys: all that are asked for in one round of the loop at once, and each only once."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from typing import Any, Generic, TypeVar

K = TypeVar("K")
T = TypeVar("T")


class Loader(Generic[K, T]):
    """Values by their keys, kept for as long as the loader is; a failure is kept too.

    *load* gets different keys and returns a value, or an exception, for each. It runs in a task
    that is in *running* for as long as it does.
    """

    def __init__(
        self,
        load: Callable[[list[K]], Awaitable[Sequence[T | Exception]]],
        running: set[asyncio.Task[Any]],
    ) -> None:
        self._load = load
        self._running = running
        self._found: dict[K, asyncio.Future[T]] = {}
        self._known: dict[K, T] = {}
        self._asked: dict[K, asyncio.Future[T]] = {}

    def load(self, key: K) -> asyncio.Future[T]:
        """Return where the value of *key* comes, or is."""
        found = self._found.get(key)
        if found is not None and not found.cancelled():
            return found
        loop = asyncio.get_running_loop()
        future: asyncio.Future[T] = loop.create_future()
        self._found[key] = future
        if key in self._known:
            future.set_result(self._known[key])
            return future
        if not self._asked:
            loop.call_soon(self._begin)
        self._asked[key] = future
        return future

    def maybe(self, key: K | None) -> asyncio.Future[T] | asyncio.Future[None]:
        """Return where the value of *key* comes, or is; that of None is None."""
        if key is not None:
            return self.load(key)
        nothing: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        nothing.set_result(None)
        return nothing

    async def load_many(self, keys: Iterable[K]) -> list[T]:
        """Return the values of *keys*."""
        futures = [self.load(each) for each in keys]
        return [await each for each in futures]

    def prime(self, values: Mapping[K, T]) -> None:
        """Take *values* for what would be found; who waits for one that is not asked for has it."""
        for key, value in values.items():
            self._known.setdefault(key, value)
            waiting = self._asked.pop(key, None)
            if waiting is not None:
                with suppress(asyncio.InvalidStateError):  # who waited may have gone
                    waiting.set_result(value)

    def _begin(self) -> None:
        task = asyncio.get_running_loop().create_task(self._answer())
        self._running.add(task)
        task.add_done_callback(self._running.discard)

    async def _answer(self) -> None:
        """Load what was asked for until now, but for what nobody waits for any more."""
        asked, self._asked = self._asked, {}
        keys = [key for key, future in asked.items() if not future.done()]
        if not keys:
            return
        try:
            values = await self._load(keys)
            for key, value in zip(keys, values, strict=True):
                _settle(asked.pop(key), value)
        except Exception as error:  # noqa: BLE001 - for all who wait
            while asked:  # nothing is left in this frame, which the error holds
                _settle(asked.popitem()[1], error)


def _settle(future: asyncio.Future[T], value: T | Exception) -> None:
    """Give *future* its value, or the error that it has none."""
    if future.done():
        return
    if isinstance(value, Exception):
        future.set_exception(value)
        future.exception()  # else it would be logged where one of many is all that is waited for
    else:
        future.set_result(value)
