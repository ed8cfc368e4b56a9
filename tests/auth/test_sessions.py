"""Sessions."""

from datetime import UTC, datetime, timedelta

from auth import sessions
from db.models import Session, User


async def test_a_session_lives_until_it_is_ended(database):
    """The token is not kept, ends on its own or with all others, and with its time."""
    user = await User.create(id="u_1", username="ann")
    tokens = [(await sessions.start(user))[1] for _ in range(3)]
    found = [await sessions.find(token) for token in tokens]

    assert len(set(tokens)) == 3
    assert {session.user.id for session in found} == {"u_1"}
    assert not [row for row in await Session.all() if row.token_hash in tokens]
    assert await sessions.end(found[0], everywhere=False) == 1
    assert await sessions.find(tokens[0]) is None
    await Session.filter(id=found[1].id).update(
        expires_time=datetime.now(UTC) - timedelta(seconds=1)
    )
    assert await sessions.find(tokens[1]) is None
    assert await sessions.end(found[2], everywhere=True) == 2
    assert await sessions.find(tokens[2]) is None
    assert await sessions.find("") is None
