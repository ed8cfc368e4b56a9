"""Statements sent together, on each database."""

import pytest
from tortoise.exceptions import IntegrityError
from tortoise.transactions import in_transaction

from db.bundle import Bundle
from db.models import User


def rename(bundle, before, after):
    """Add a statement that gives whoever is called *before* another name."""
    bundle.add('UPDATE "user" SET username = {1} WHERE username = {0}', [before, after])


async def test_what_is_sent_together_is_written(database):
    """Each says how many rows it has written; rows are as a model's own `save` stores them."""
    await User.create(id="u_old", username="old")
    new = User(id="u_new", username="{0} new")
    changed = await User.get(id="u_old")
    changed.email = "old@example.com"
    async with in_transaction() as db:
        bundle = Bundle(db)
        bundle.insert(new)
        bundle.update(changed, ["email"])
        rename(bundle, "nobody", "somebody")
        assert await User.all().using_db(db).count() == 1
        assert await bundle.send() == [1, 1, 0]
    new.username = "newer"
    await new.save()

    stored = {each.id: each for each in await User.all()}
    assert stored["u_old"].email == "old@example.com"
    assert stored["u_new"].created_time.tzinfo is not None
    assert stored["u_new"].username == "newer"


async def test_where_one_fails_none_is_written(database):
    """With their transaction, whose error it is."""
    await User.create(id="u_one", username="one")

    async def write():
        async with in_transaction() as db:
            bundle = Bundle(db)
            rename(bundle, "one", "other")
            bundle.insert(User(id="u_one", username="again"))
            await bundle.send()

    with pytest.raises(IntegrityError):
        await write()

    assert (await User.get(id="u_one")).username == "one"
