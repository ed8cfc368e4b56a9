"""The Node interface, and how models pass for the types that show them."""

from typing import Any

import strawberry


@strawberry.interface(description="Anything with an id.")
class Node:
    """Anything with an id."""

    id: strawberry.ID = strawberry.field(description="Opaque, and unique in the whole server.")


def shows(model: type) -> Any:
    """Return an `is_type_of` for the type that shows *model*."""
    return classmethod(lambda cls, value, _: isinstance(value, (cls, model)))
