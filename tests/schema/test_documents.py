"""JSON documents that are kept as they are."""

import pytest

LEVELS_MAX = 32


def nested(levels):
    """Return an object of so many levels, arrays below the first."""
    inner = []
    for _ in range(levels - 2):
        inner = [inner]
    return {"a": inner}


@pytest.fixture
async def change(sqlite_world):
    """Return what gives an environment of a new team another resource; None when it is taken."""
    owner = await sqlite_world.api.user("owner")
    row = await sqlite_world.team("acme", owner)
    application = await sqlite_world.application(row, "web")
    given = {"applicationId": application.id, "name": "test"}
    return lambda resource: sqlite_world.code(
        "updateEnvironment", owner, **given, resource=resource
    )


@pytest.mark.parametrize("levels", [LEVELS_MAX + 1, 150, 500, 900])
async def test_a_document_that_is_nested_too_deep_is_refused(change, levels):
    """It is refused for what it is: no part of the server breaks on it later."""
    assert await change(nested(levels)) == "INVALID"


async def test_a_document_of_as_many_levels_as_may_be_is_kept(change):
    """The last one that fits."""
    assert await change(nested(LEVELS_MAX)) is None
