"""Tables that the database itself lets nobody change: rows are added, and stay as they are."""

from tortoise.backends.base.schema_generator import BaseSchemaGenerator
from tortoise.indexes import Index
from tortoise.models import Model

SQLITE = """\
CREATE TRIGGER IF NOT EXISTS "{table}_no_update" BEFORE UPDATE ON "{table}"
BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END;
CREATE TRIGGER IF NOT EXISTS "{table}_no_delete" BEFORE DELETE ON "{table}"
BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END;
CREATE TRIGGER IF NOT EXISTS "{table}_no_replace" BEFORE INSERT ON "{table}"
WHEN EXISTS (SELECT 1 FROM "{table}" WHERE {same})
BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END;"""

POSTGRES = """\
CREATE OR REPLACE FUNCTION "{table}_append_only"() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN RAISE EXCEPTION '{table} is append-only' USING ERRCODE = 'restrict_violation'; END $$;
CREATE TRIGGER "{table}_append_only" BEFORE UPDATE OR DELETE OR TRUNCATE ON "{table}"
FOR EACH STATEMENT EXECUTE FUNCTION "{table}_append_only"();"""


class AppendOnly(Index):
    """Triggers that refuse to update and to delete; an IntegrityError for whoever tries.

    It stands among a table's indexes, because that is where migrations are made from. Aerich can
    make it with its table only: put it on an older one by a migration of your own.
    """

    def get_sql(self, schema_generator: BaseSchemaGenerator, model: type[Model], safe: bool) -> str:  # noqa: ARG002, FBT001 (Tortoise's signature)
        """Return the statements for the generator's database.

        SQLite's `INSERT OR REPLACE` deletes without asking a trigger, so it is refused by itself.
        """
        meta = model._meta  # noqa: SLF001
        keys = ((meta.db_pk_column,), *meta.unique_together)
        same = (" AND ".join(f'"{name}" = NEW."{name}"' for name in key) for key in keys)
        text = SQLITE if schema_generator.DIALECT == "sqlite" else POSTGRES
        return text.format(table=meta.db_table, same=" OR ".join(same))
