"""Why an operation is not run, or not to its end."""

from dataclasses import dataclass

from strawberry.schema.exceptions import CannotGetOperationTypeError


@dataclass(eq=False)
class TooCostly(Exception):
    """The operation costs {cost}; at most {most} are executed."""

    cost: int
    most: int


@dataclass(eq=False)
class TookTooLong(Exception):
    """The query took longer than {seconds} seconds and was stopped."""

    seconds: float


@dataclass(eq=False)
class IntrospectionOff(Exception):
    """This server does not tell its schema."""


@dataclass(eq=False)
class Unnamed(CannotGetOperationTypeError):
    """The document has several operations, and none is named."""

    operation_name: None = None

    def as_http_error_reason(self) -> str:
        """Return what is told by HTTP itself."""
        return type(self).__doc__ or ""
