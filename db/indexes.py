"""Indexes that Tortoise has not: unique over some rows, or whatever the case of letters."""

from tortoise.backends.base.schema_generator import BaseSchemaGenerator
from tortoise.indexes import Index, PartialIndex
from tortoise.models import Model


class UniqueWhere(PartialIndex):
    """A unique index over the rows that meet a condition."""

    INDEX_TYPE = "UNIQUE"

    def get_sql(self, schema_generator: BaseSchemaGenerator, model: type[Model], safe: bool) -> str:  # noqa: FBT001 (Tortoise's signature)
        """Return the statement; PostgreSQL and SQLite share this one."""
        name = self.index_name(schema_generator, model)
        columns = ", ".join(f'"{field}"' for field in self.field_names)
        exists = "IF NOT EXISTS " if safe else ""
        table = f'"{model._meta.db_table}"'  # noqa: SLF001
        return f'CREATE UNIQUE INDEX {exists}"{name}" ON {table} ({columns}){self.extra};'


class UniqueLower(Index):
    """A unique index that takes capital and small letters (of ASCII, in SQLite) for the same."""

    INDEX_TYPE = "UNIQUE"

    def get_sql(self, schema_generator: BaseSchemaGenerator, model: type[Model], safe: bool) -> str:  # noqa: FBT001 (Tortoise's signature)
        """Return the statement; PostgreSQL and SQLite share this one."""
        name = self.index_name(schema_generator, model)
        columns = ", ".join(f'lower("{field}")' for field in self.field_names)
        exists = "IF NOT EXISTS " if safe else ""
        table = f'"{model._meta.db_table}"'  # noqa: SLF001
        return f'CREATE UNIQUE INDEX {exists}"{name}" ON {table} ({columns});'
