"""The Node interface, and how models pass for the types that show them."""

from typing import Any

import strawberry


@strawberry.interface(description="Anything with an id.")
class Node:
    """Anything with an id."""

    id: strawberry.ID = strawberry.field(description="Opaque, and unique in the whole server.")


class Shows:
    """An `is_type_of` for the type that shows *model*, which looks at a value's class alone."""

    def __init__(self, model: type) -> None:
        self._model = model
        self._owner: type = model

    def __set_name__(self, owner: type, name: str) -> None:
        self._owner = owner

    def shows(self, kind: type) -> bool:
        """Tell whether values of this class are shown."""
        return issubclass(kind, (self._owner, self._model))

    def __call__(self, value: object, _: object) -> bool:
        """Tell whether *value* is shown."""
        return self.shows(type(value))


def shows(model: type) -> Any:
    """Return an `is_type_of` for the type that shows *model*."""
    return Shows(model)
