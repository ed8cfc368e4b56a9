"""Statements sent together, on each database."""

import pytest
from tortoise import connections
from tortoise.exceptions import IntegrityError
from tortoise.transactions import in_transaction

from db.bundle import Bundle, Question
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


NAME = 'SELECT username, email FROM "user" WHERE id = {0}'


async def test_what_is_asked_is_answered_beside_what_is_written(database):
    """A row, or none; braces in a text stand for themselves where they are written twice."""
    await User.create(id="u_one", username="one")
    async with in_transaction() as db:
        bundle = Bundle(db)
        at = [bundle.ask(Question(NAME, [id_])) for id_ in ("u_one", "u_two")]
        at.append(bundle.add('UPDATE "user" SET email = {0}', ["{}"]))
        at.append(bundle.ask(Question("SELECT '{{}}' AS braces WHERE {0} = {0}", ["x"])))
        results = await bundle.send()

    answers = [results[each] for each in at]
    assert answers == [{"username": "one", "email": None}, None, 1, {"braces": "{}"}]


async def test_what_an_answer_refuses_undoes_what_was_sent_with_it(database):
    """By itself it only refuses."""
    await User.create(id="u_one", username="one")

    class Refused(Exception):
        pass

    def judge(found):
        if found["username"] == "one":
            raise Refused

    async def write():
        async with in_transaction() as db:
            bundle = Bundle(db)
            bundle.insert(User(id="u_two", username="two"))
            bundle.ask(Question(NAME, ["u_one"], judge))
            await bundle.send()

    with pytest.raises(Refused):
        await write()
    assert await User.all().count() == 1
    with pytest.raises(Refused):
        await Question(NAME, ["u_one"], judge)(connections.get("default"))
