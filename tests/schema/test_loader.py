"""A loader: what is asked for in one round of the loop is loaded at once, each key once."""

import asyncio
import gc
import logging

import pytest

from resolvers.reading.loader import Loader


class Played:
    """Loads what is asked for by saying it; keeps what it was asked."""

    def __init__(self):
        self.asked = []
        self.fails = False
        self.gate = asyncio.Event()
        self.gate.set()
        self.running = set()
        self.loader = Loader(self.load, self.running)

    async def load(self, keys):
        """Return a word for each key, and an exception for `bad`."""
        self.asked.append(keys)
        await self.gate.wait()
        if self.fails:
            raise LookupError
        return [ValueError(key) if key == "bad" else f"the {key}" for key in keys]


async def test_what_is_asked_for_together_is_loaded_together():
    """And never again; what is asked for later is loaded by itself."""
    played = Played()
    first = played.loader.load("a"), played.loader.load("b"), played.loader.load("a")
    assert await asyncio.gather(*first) == ["the a", "the b", "the a"]
    assert await played.loader.load_many(["b", "c"]) == ["the b", "the c"]
    assert await played.loader.maybe("a") == "the a"
    assert await played.loader.maybe(None) is None
    assert played.asked == [["a", "b"], ["c"]]
    await asyncio.sleep(0)
    assert not played.running


async def test_what_is_known_is_not_asked_for():
    """Neither what was known before, nor what becomes known while it waits for its turn."""
    played = Played()
    played.loader.prime({"a": "known"})
    waiting = played.loader.load("b")
    played.loader.prime({"b": "known too", "a": "late"})
    assert [await played.loader.load("a"), await waiting] == ["known", "known too"]
    await asyncio.sleep(0)
    assert played.asked == []


async def test_a_failure_is_of_its_key_or_of_all(caplog):
    """Nobody has to ask for each: what nobody asks for is not logged as lost."""
    played = Played()
    good, bad = played.loader.load("good"), played.loader.load("bad")
    assert await good == "the good"
    with pytest.raises(ValueError, match="bad"):
        await bad
    played.fails = True
    waiting = [played.loader.load(each) for each in ("c", "d", "e")]
    with pytest.raises(LookupError):
        await waiting[0]
    with caplog.at_level(logging.ERROR):
        del waiting, played
        gc.collect()
    assert not caplog.records


async def test_too_few_values_are_a_failure():
    """What loads must answer for every key."""

    async def too_few(keys):
        return keys[1:]

    loader = Loader(too_few, set())
    with pytest.raises(ValueError, match="zip"):
        await asyncio.gather(loader.load("a"), loader.load("b"))


async def test_who_gives_up_takes_nothing_from_others():
    """What was cancelled is loaded anew; what nobody waits for is not loaded."""
    played = Played()
    played.loader.load("a").cancel()
    again = played.loader.load("a")
    assert await again == "the a"
    assert played.asked == [["a"]]
    played.loader.load("b").cancel()
    await asyncio.sleep(0.01)
    assert played.asked == [["a"]]


@pytest.mark.parametrize("begun", [True, False])
async def test_who_is_cancelled_takes_nothing_from_who_waits_for_the_same(begun):
    """As a task whose sibling failed is, in another part of the answer."""

    async def ask():
        return await played.loader.load("a")

    played = Played()
    played.gate.clear()
    asking = [asyncio.create_task(ask()) for _ in range(3)]
    await asyncio.sleep(0)
    while begun and not played.asked:
        await asyncio.sleep(0)
    asking[0].cancel()
    asking[2].cancel()
    await asyncio.sleep(0)
    played.gate.set()
    assert await asking[1] == "the a"
    assert played.asked == [["a"]]
    assert asking[0].cancelled()
    assert await played.loader.load("a") == "the a"


async def test_what_loads_can_be_ended():
    """It is among what runs for as long as it does."""
    played = Played()
    played.gate.clear()
    waiting = played.loader.load("a")
    while not played.asked:
        await asyncio.sleep(0)
    (task,) = played.running
    task.cancel()
    await asyncio.wait({task})
    await asyncio.sleep(0)
    assert task.cancelled()
    assert not played.running
    assert waiting.cancelled()
    played.gate.set()
    assert await played.loader.load("a") == "the a"
