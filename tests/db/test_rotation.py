"""All that is sealed comes under the current master key, whoever writes meanwhile."""

import asyncio
import json
import secrets

import pytest
from tortoise.transactions import in_transaction

from db.documents import write_environments
from db.models import Application, Environment, Org, Task, User
from db.rotation import rewrap, tally
from db.sealed import (
    ENVIRONMENT_SECRETS,
    SEALED,
    TASK_INPUTS,
    TEAM_ACCOUNTS,
    TEAM_SECRETS,
    WEBHOOK_NEXT,
    WEBHOOK_SECRET,
)
from db.vault import KEY_BYTES, NotSealedHere, Vault, key_id

OLD, NEW = secrets.token_bytes(KEY_BYTES), secrets.token_bytes(KEY_BYTES)
VALUES = 2 * 8  # that are sealed in two teams: see `Stored.fill`


@pytest.fixture
def old():
    """The vault before the rotation."""
    return Vault(OLD)


@pytest.fixture
def new():
    """The vault during the rotation."""
    return Vault(NEW, OLD)


class Stored:
    """Sealed values in every place, and how they are read."""

    def __init__(self, application_of):
        self._application_of = application_of

    async def fill(self, vault, teams=2):
        """Store something sealed with *vault* in every column of some teams."""
        for number in range(teams):
            user = await User.create(id=f"u_{number}", username=f"user{number}")
            name = f"team{number}"
            token = vault.seal(
                "token", place=TEAM_ACCOUNTS.place(name), name="github.access_token", version=1
            )
            owner = await Org.create(
                id=f"{user.id}:{name}",
                user=user,
                name=name,
                role="OWNER",
                secrets=vault.change({}, {"A": "team a", "B": "b"}, place=TEAM_SECRETS.place(name)),
                third_part={"github": {"access_token": token, "owner": "ann", "id": 7}},
            )
            application = await self._application_of(owner, "web")
            await Application.filter(id=application.id).update(
                **{
                    each.column: vault.seal(
                        "hook", place=each.place(application.id), name=each.column, version=1
                    )
                    for each in (WEBHOOK_SECRET, WEBHOOK_NEXT)
                }
            )
            for row in await Environment.filter(application_id=application.id):
                place = ENVIRONMENT_SECRETS.place(row.id)
                row.secrets = vault.change({}, {"E": "environment"}, place=place)
                await row.save()
            async with in_transaction() as db:
                await write_environments(application.id, db)
            await self.task(application, f"t_{number}", vault)

    async def task(self, application, task_id, vault):
        """Store a task with inputs."""
        place = TASK_INPUTS.place(task_id)
        inputs = vault.seal(json.dumps({"i": "input"}), place=place, name="inputs", version=1)
        return await Task.create(
            id=task_id,
            app=application,
            env_name="live",
            status="success",
            steps=[],
            trigger_type="manual",
            created_time="2026-01-01T00:00:00Z",
            updated_time="2026-01-01T00:00:00Z",
            inputs=inputs,
        )

    async def opened(self, vault):
        """Return every stored value in clear, the documents' copies too."""
        found = []
        for column in SEALED:
            for row in await column.model.all():
                place = column.place(getattr(row, column.owner))

                def look(name, sealed, place=place):
                    found.append(vault.open(sealed, place=place, name=name))
                    return sealed

                column.mapped(getattr(row, column.column), look)
        for application in await Application.all():
            for name, document in application.environment.items():
                place = ENVIRONMENT_SECRETS.place(f"{application.id}:{name}")
                found += vault.open_all(document["secrets"], place=place).values()
        return sorted(found)


@pytest.fixture
def stored(database, application_of):
    """Return the stored values; the test runs on both databases."""
    return Stored(application_of)


def nothing(*_):
    """Hear of progress and do nothing."""


async def test_everything_is_wrapped_anew_and_nothing_else_changes(stored, old, new):
    """Afterwards the old key is needed nowhere, and versions and dates are as they were."""
    await stored.fill(old)
    before = await stored.opened(old)
    versions = await Environment.all().order_by("id").values_list("version", flat=True)
    times = await Application.all().order_by("id").values_list("updated_time", flat=True)
    heard = []

    assert await rewrap(new, lambda column, count: heard.append((str(column), count))) == []

    assert await stored.opened(Vault(NEW)) == before
    assert len(before) == VALUES + 4  # the environments' once more, in their documents
    assert (await tally()).values == {key_id(NEW): VALUES}
    assert dict(heard).keys() == {str(column) for column in SEALED}
    assert sum(count for _, count in heard) == VALUES
    assert await Environment.all().order_by("id").values_list("version", flat=True) == versions
    assert await Application.all().order_by("id").values_list("updated_time", flat=True) == times
    account = (await Org.filter(name="team0").get()).third_part["github"]
    assert (account["owner"], account["id"]) == ("ann", 7)


async def test_a_second_rotation_finds_nothing_to_do(stored, old, new):
    """What is under the current key is left alone."""
    await stored.fill(old)
    await rewrap(new, nothing)
    before = await Task.all().values_list("inputs", flat=True)

    assert await rewrap(new, lambda *_: pytest.fail("wrapped again")) == []
    assert await Task.all().values_list("inputs", flat=True) == before


@pytest.mark.parametrize("values", range(1, VALUES + 1))
async def test_an_interrupted_rotation_leaves_everything_open_and_can_be_run_again(
    stored, old, new, values
):
    """At whichever value it stops, between transactions or within one.

    The keys of the file open everything, and the next run ends the work.
    """
    await stored.fill(old)
    before = await stored.opened(old)
    seen = 0

    def stop():
        nonlocal seen
        seen += 1
        if seen == values:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        await rewrap(Vault(NEW, OLD, newer=stop), nothing)
    found = (await tally()).values
    assert found[key_id(OLD)] + found[key_id(NEW)] == VALUES
    assert await stored.opened(new) == before

    third = secrets.token_bytes(KEY_BYTES)
    await rewrap(Vault(third, NEW, OLD), nothing)
    assert await stored.opened(Vault(third)) == before


async def test_a_value_that_does_not_open_is_named_and_stays(stored, old, new):
    """A value copied from another team, and one that is no sealed value at all."""
    await stored.fill(old)
    theirs = (await Org.filter(name="team0").get()).secrets["A"]
    await Org.filter(name="team1").update(secrets={"A": theirs, "C": "plain"})

    failed = await rewrap(new, nothing)

    assert sorted(failed) == ["org/team1/secrets A", "org/team1/secrets C"]
    assert (await Org.filter(name="team1").get()).secrets == {"A": theirs, "C": "plain"}
    found = await tally()
    assert found.values == {key_id(NEW): VALUES - 2, key_id(OLD): 1}
    assert found.faults == ["org/team1/secrets C"]
    with pytest.raises(NotSealedHere, match="org/team1/secrets A"):
        new.open(theirs, place=TEAM_SECRETS.place("team1"), name="A")


async def test_a_value_stored_late_under_the_old_key_is_found(stored, old, new):
    """A server may store what it had sealed before it met the new key: the next pass has it."""
    await stored.fill(old)
    application = await Application.first()
    late = []

    def submit(column, _):
        if column is TASK_INPUTS and not late:
            late.append(asyncio.ensure_future(stored.task(application, "t_", old)))

    await rewrap(new, submit)
    await late[0]  # perhaps behind the last pass: then the next run finds it
    await rewrap(new, nothing)

    assert (await tally()).values == {key_id(NEW): VALUES + 1}


async def test_many_rows_are_wrapped_in_batches(stored, old, new):
    """More than one batch reads: no row is left out at their seams."""
    await stored.fill(old, teams=1)
    application = await Application.first()
    inputs = (await Task.first()).inputs
    rows = [
        Task(
            id=f"t_{number:04}",
            app=application,
            env_name="live",
            status="success",
            steps=[],
            trigger_type="manual",
            created_time="2026-01-01T00:00:00Z",
            updated_time="2026-01-01T00:00:00Z",
            inputs=old.seal(
                f"{number}", place=f"task/t_{number:04}/inputs", name="inputs", version=1
            )
            if number % 3
            else None,
        )
        for number in range(450)
    ]
    await Task.bulk_create(rows)
    counts = []
    await rewrap(new, lambda column, count: counts.append(count) if column is TASK_INPUTS else 0)

    assert inputs != (await Task.filter(id="t_0").get()).inputs
    assert (sum(counts), max(counts)) == (301, 100)
    assert (await tally()).values[key_id(NEW)] == 7 + 301


async def test_writers_and_a_rotation_do_not_lose_each_others_changes(stored, old, new):
    """Secrets set while rows are wrapped: the newest value of each is there, and opens."""
    await stored.fill(old, teams=3)
    rows = await Environment.all()
    stop = asyncio.Event()
    last = {}

    async def write(row_id, number):
        while not stop.is_set():
            number += 1
            vault = new if number % 2 else old
            async with in_transaction() as db:
                found = Environment.filter(id=row_id).using_db(db)
                row = await found.select_for_update(no_key=True).get()
                place = ENVIRONMENT_SECRETS.place(row_id)
                row.secrets = vault.change(row.secrets, {"E": f"{row_id} {number}"}, place=place)
                await row.save(using_db=db, update_fields=["secrets"])
                await write_environments(row.application_id, db)
            last[row_id] = f"{row_id} {number}"
            await asyncio.sleep(0)

    writing = [asyncio.create_task(write(row.id, 0)) for row in rows]
    async with asyncio.timeout(15):
        for _ in range(3):
            await rewrap(new, nothing)
        stop.set()
        await asyncio.gather(*writing)
        await rewrap(new, nothing)

    assert len(last) == 6
    assert set(last.values()) < set(await stored.opened(Vault(NEW)))


async def test_every_sealed_text_in_the_database_is_in_the_table(stored, old):
    """No column holds sealed values that a rotation would not find."""
    await stored.fill(old)
    marked = set()
    for model in (Org, Application, Environment, Task, User):
        for row in await model.all().values():
            marked |= {
                f"{model._meta.db_table}.{name}"
                for name, value in row.items()
                if "rw1:" in str(value)
            }

    assert marked == {str(column) for column in SEALED} | {"application.environment"}


def test_a_tokens_name_says_whose_it_is():
    """A token does not open as that of another account; what is no token stays as it is."""
    seen = []
    content = {"github": {"access_token": "x", "refresh_token": None, "id": 1}, "gitee": {}}

    mapped = TEAM_ACCOUNTS.mapped(content, lambda name, sealed: seen.append(name) or sealed * 2)

    assert seen == ["github.access_token"]
    assert mapped == {
        "github": {"access_token": "xx", "refresh_token": None, "id": 1},
        "gitee": {},
    }
