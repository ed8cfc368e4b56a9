"""Loads by keys: all that are asked for in one round of the loop at once, and each only once."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from typing import Any, Generic, TypeVar

K = TypeVar("K")
T = TypeVar("T")


class Loader(Generic[K, T]):
    """Values by their keys, kept for as long as the loader is; a failure is kept too.

    *load* gets different keys and returns a value, or an exception, for each. It runs in a task
    that is in *running* for as long as it does. Who waits has a future of their own: one that is
    cancelled would else be cancelled for all.
    """

    def __init__(
        self,
        load: Callable[[list[K]], Awaitable[Sequence[T | Exception]]],
        running: set[asyncio.Task[Any]],
    ) -> None:
        self._load = load
        self._running = running
        self._found: dict[K, asyncio.Future[T]] = {}  # of what is done
        self._known: dict[K, T] = {}
        self._waiting: dict[K, list[asyncio.Future[T]]] = {}
        self._asked: dict[K, None] = {}  # of what is waited for, what is not being loaded yet

    def load(self, key: K) -> asyncio.Future[T]:
        """Return where the value of *key* comes, or is."""
        found = self._found.get(key)
        if found is not None:
            return found
        loop = asyncio.get_running_loop()
        future: asyncio.Future[T] = loop.create_future()
        if key in self._known:
            future.set_result(self._known[key])
            self._found[key] = future
            return future
        waiting = self._waiting.get(key)
        if waiting is not None:
            waiting.append(future)
            return future
        self._waiting[key] = [future]
        if not self._asked:
            loop.call_soon(self._begin)
        self._asked[key] = None
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
            if key in self._asked:
                del self._asked[key]
                self._settle(key, value)

    def _begin(self) -> None:
        task = asyncio.get_running_loop().create_task(self._answer())
        self._running.add(task)
        task.add_done_callback(self._running.discard)

    async def _answer(self) -> None:
        """Load what was asked for until now, but for what nobody waits for any more."""
        asked, self._asked = self._asked, {}
        keys = []
        for key in asked:
            if all(each.done() for each in self._waiting[key]):
                del self._waiting[key]
            else:
                keys.append(key)
        if keys:
            await self._answer_for(keys)

    async def _answer_for(self, keys: list[K]) -> None:
        left = dict.fromkeys(keys)
        try:
            values = await self._load(keys)
            for key, value in zip(keys, values, strict=True):
                del left[key]
                self._settle(key, value)
        except Exception as error:  # noqa: BLE001 - for all who wait
            while left:  # nothing is left in this frame, which the error holds
                self._settle(left.popitem()[0], error)
        finally:
            for key in left:
                for each in self._waiting.pop(key):
                    each.cancel()

    def _settle(self, key: K, value: T | Exception) -> None:
        """Give who waits for *key* its value, or the error that it has none; and keep that."""
        for each in self._waiting.pop(key):
            if _finished(each, value):
                self._found[key] = each


def _finished(future: asyncio.Future[T], value: T | Exception) -> bool:
    """Give *future* its value, or the error that it has none; tell whether anybody waited."""
    try:
        if isinstance(value, Exception):
            future.set_exception(value)
            future.exception()  # else it would be logged where only one of many is waited for
        else:
            future.set_result(value)
    except asyncio.InvalidStateError:  # who waited has gone
        return False
    return True
