"""Refusals that only resolvers know of; each docstring is the message."""

from dataclasses import dataclass

from providers.refusal import Refusal

RETRY_SECONDS = 5


@dataclass(eq=False)
class Taken(Exception):
    """This {field} is already taken."""

    field: str


@dataclass(eq=False)
class RepositoryTaken(Exception):
    """This repository already belongs to another application."""


@dataclass(eq=False)
class VersionConflict(Exception):
    """The environment has changed meanwhile, it is at version {current}."""

    current: int


@dataclass(eq=False)
class NoDelivery(Exception):
    """That is no delivery of this service: {reason}."""

    reason: Refusal


@dataclass(eq=False)
class TooManyEnvironments(Exception):
    """An application has at most {environments_max} environments."""

    environments_max: int


@dataclass(eq=False)
class TooManyOnSocket(Exception):
    """At most {most} operations run on a WebSocket."""

    most: int


@dataclass(eq=False)
class TooManyOperations(Refusal):
    """There are too many running operations, over all WebSockets and streams."""

    retry_after: int = RETRY_SECONDS


@dataclass(eq=False)
class OverChecks(Refusal):
    """Reading and checking what was sent has cost more than {limit} in a minute."""

    limit: int
    retry_after: int


@dataclass(eq=False)
class WrongTasks(Exception):
    """`tasks` must name 1 to {most} tasks, each of them once."""

    most: int
