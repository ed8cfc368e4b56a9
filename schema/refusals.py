"""Why an operation is not run, or not to its end."""

from dataclasses import dataclass

from strawberry.schema.exceptions import CannotGetOperationTypeError


@dataclass(eq=False)
class TooCostly(Exception):
    """The operation costs {cost}; at most {most} are executed. Ask for fewer or smaller pages."""

    cost: int
    most: int


@dataclass(eq=False)
class TookTooLong(Exception):
    """The query took longer than {seconds} seconds and was stopped; ask for less at once."""

    seconds: float


@dataclass(eq=False)
class IntrospectionOff(Exception):
    """This server does not tell its schema; it is in the documentation of its version."""


@dataclass(eq=False)
class Unnamed(CannotGetOperationTypeError):
    """The document has several operations; say by `operationName` which one to run."""

    operation_name: None = None

    def as_http_error_reason(self) -> str:
        """Return what is told by HTTP itself."""
        return type(self).__doc__ or ""
