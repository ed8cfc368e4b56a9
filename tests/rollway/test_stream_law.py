"""The stream law: whatever happens, who watches gets every event, in order, once."""

import asyncio

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import db
from tests.streaming import EVENTS, OWN, HttpWatcher, Stage, Watcher, token_of

WATCHERS = 6
FUZZ = settings().max_examples > 1000
SECONDS = 50

watchers = st.integers(0, WATCHERS - 1)
actions = st.one_of(
    st.tuples(st.just("say"), st.integers(1, 40), st.sampled_from([10, 300, 6000])),
    st.tuples(st.just("cut"), watchers),
    st.tuples(st.just("stall"), watchers),
    st.tuples(st.just("read"), watchers),
    st.tuples(st.just("wait"), st.integers(0, 20)),
    st.tuples(st.just("restart")),
)


@pytest.fixture(params=["sqlite", "postgres"])
def stage_url(request):
    """A database's address; each schedule connects for itself, in a loop of its own."""
    return request.getfixturevalue(f"{request.param}_url")


async def play(schedule, url, folder):
    """Play a schedule; return what each watcher got, and the journal."""
    async with asyncio.timeout(SECONDS), db.connect(url, everywhere=True):
        stage = Stage(url, folder)
        await stage.start()
        token = await token_of(await stage.furnish())
        documents = [EVENTS, EVENTS, EVENTS, EVENTS, OWN]
        people = [Watcher(stage, token, each) for each in documents]
        people.append(HttpWatcher(stage, token))
        try:
            for action, *given in schedule:
                await act(stage, people, action, *given)
            await stage.finish()
            for each in people:
                each.reading.set()
            for each in people:
                await each.ended()
        finally:
            for each in people:
                await each.close()
            await stage.stop()
        return [each.events for each in people], await stage.journal()


async def act(stage, people, action, *given):
    """Do one thing of a schedule."""
    match action:
        case "say":
            await stage.say(*given)
        case "cut":
            people[given[0]].cut()
        case "stall":
            people[given[0]].reading.clear()
        case "read":
            people[given[0]].reading.set()
        case "wait":
            await asyncio.sleep(given[0] / 1000)
        case "restart":
            await stage.restart()


@pytest.mark.slow
@pytest.mark.timeout(0 if FUZZ else 180)
@settings(
    max_examples=250 if FUZZ else 12,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(schedule=st.lists(actions, min_size=3, max_size=20))
def test_nothing_is_lost_or_doubled(schedule, stage_url, tmp_path):
    """Cuts, slow readers and restarts, in any order: all get the journal, as it was written."""
    received, journal = asyncio.run(play(schedule, stage_url, tmp_path))

    for events in received:
        assert [event["seq"] for event in events] == [entry.seq for entry in journal]
        assert [event.get("text", "") for event in events] == [entry.text for entry in journal]
    assert received[0] == received[1] == received[2] == received[3] == received[5]
