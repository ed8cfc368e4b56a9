"""Servers of an older version work on the database while a newer one migrates it."""

import importlib
from datetime import UTC, datetime

import pytest
from aerich.utils import decompress_dict
from tortoise import connections

from rollway import migrations

SINCE = 11  # the oldest that may be replaced by this one without a pause
VALUES = {
    "str": "x",
    "int": 1,
    "bool": True,
    "bytes": b"x",
    "datetime.datetime": datetime.now(UTC),
    "dict | list": "[]",
}


def models_of(name):
    """Return the models that a version knew whose newest migration has this name."""
    module = importlib.import_module(f"db.migrations.rollway.{name.removesuffix('.py')}")
    models = decompress_dict(module.MODELS_STATE).values()
    return [model for model in models if model["table"] != migrations.HISTORY]


OLDER = migrations._all()[SINCE:-1]


@pytest.mark.parametrize("name", OLDER, ids=lambda name: name.partition("_")[0])
async def test_what_an_older_version_says_is_understood(postgres, name):
    """It writes rows without the columns that it does not know, and finds those that it does."""
    connection = connections.get("default")
    async with connection._in_transaction() as transaction:
        # references and triggers are the same for all versions
        await transaction.execute_query("SET LOCAL session_replication_role = replica")
        for model in models_of(name):
            fields = [
                each for each in (model["pk_field"], *model["data_fields"]) if not each["generated"]
            ]
            columns = [f'"{each["db_column"]}"' for each in fields]
            values = [VALUES[each["python_type"]] for each in fields]
            places = [f"${number}" for number in range(1, len(fields) + 1)]
            table, joined = model["table"], ", ".join(columns)
            await transaction.execute_query(
                f'INSERT INTO "{table}" ({joined}) VALUES ({", ".join(places)})', values
            )
            changes = ", ".join(map(" = ".join, zip(columns, places, strict=True)))
            await transaction.execute_query(f'UPDATE "{table}" SET {changes}', values)
            rows = await transaction.execute_query_dict(f'SELECT {joined} FROM "{table}"')
            assert len(rows) == 1
        await transaction.rollback()
