"""Watches over rights: one for all that hang on the same right of the same caller."""

import asyncio
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any


@dataclass(slots=True)
class _Watch:
    task: asyncio.Task[None]
    users: int = 0


class Looks:
    """Runs what looks after rights, once for each key."""

    def __init__(self) -> None:
        self._watches: dict[tuple[str, ...], _Watch] = {}

    @contextmanager
    def watch(
        self,
        key: tuple[str, ...],
        look: Callable[[], Coroutine[Any, Any, None]],
        lost: Callable[[], None],
    ) -> Iterator[None]:
        """Call *lost* when the right of *key* has gone, or cannot be looked after.

        *look* runs until then, for all who watch the same key.
        """
        watch = self._watches.get(key)
        if watch is None or watch.task.done():
            watch = self._watches[key] = _Watch(asyncio.create_task(look()))
            watch.task.add_done_callback(retrieved)
        watch.users += 1

        def done(_: asyncio.Task[None]) -> None:
            lost()

        watch.task.add_done_callback(done)
        try:
            yield
        finally:
            watch.task.remove_done_callback(done)
            watch.users -= 1
            if not watch.users:
                watch.task.cancel()
                if self._watches.get(key) is watch:
                    del self._watches[key]


def retrieved(task: asyncio.Task[None]) -> None:
    """Take note of how *task* ended: whoever needed it finds out by themselves."""
    if not task.cancelled():
        task.exception()
