"""Who answers queries."""

from enum import StrEnum


class Reads(StrEnum):
    """Who answers queries: each kind what it can, and the next what is left. Answers are the same.

    PLANNED: one statement of the database. COMPILED: functions made of the document. STOCK: the
    GraphQL library.
    """

    PLANNED = "planned"
    COMPILED = "compiled"
    STOCK = "stock"
