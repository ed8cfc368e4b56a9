"""What `/readyz` says of a database and of a server that stops."""

import json

from tortoise import connections

import db
from rollway.observing import health
from rollway.observing.health import Health


async def ready(looked):
    """Return the status and the reason."""
    answer = await looked.ready(None)
    return answer.status_code, json.loads(answer.body).get("reason")


async def test_a_server_is_ready_until_it_stops(sqlite_url):
    """A balancer sends nothing to a server that is on its way out."""
    looked = Health()
    async with db.connect(sqlite_url):
        assert await ready(looked) == (200, None)
        looked.leave()
        assert await ready(looked) == (503, "stopping")
    assert (await looked.alive(None)).status_code == 200


async def test_a_database_that_is_away_shows_without_its_address(postgres_url):
    """The answer is for everybody: who is asked does not say where the database is."""
    looked = Health()
    async with db.connect(postgres_url.replace("@", "@nowhere.invalid/x?host=", 1)):
        status, reason = await ready(looked)
    assert (status, reason) == (503, "the database cannot be reached")


async def test_a_database_that_does_not_answer_is_not_waited_for(postgres_url, monkeypatch):
    """A probe has an answer in time; whoever holds the connections back is not waited for."""
    monkeypatch.setattr(health, "ANSWER_SECONDS", 0.2)
    looked = Health()
    async with db.connect(f"{postgres_url}?minsize=1&maxsize=1"):
        connection = connections.get("default")
        async with connection.acquire_connection():
            status, reason = await ready(looked)
        assert (status, reason) == (503, "the database does not answer within 0.2 seconds")
        assert await ready(looked) == (200, None)
