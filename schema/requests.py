"""Why a request is refused before any of it is executed; the docstring of each is the message."""

from dataclasses import dataclass

from providers.refusal import Reason, Refusal
from resolvers.refusals import RETRY_SECONDS


class Asked(Reason):
    """The parts of a request that are read as JSON."""

    BODY = "body"
    QUERY = "query"
    VARIABLES = "variables"
    EXTENSIONS = "extensions"


class Kind(Reason):
    """What a part of a request must be."""

    TEXT = "a text"
    OBJECT = "an object"


class JsonFlaw(Reason):
    """What is wrong with what should be JSON that can be worked on."""

    EMPTY = "it is empty"
    ENDS = "it breaks off in line {line}, column {column}"
    SYNTAX = "line {line}, column {column} does not fit there"
    NO_UTF8 = "it is not UTF-8 (byte {byte})"
    HALF = "it has half a character, a surrogate without the other"
    NUL = "it has a NUL character, which cannot be stored"
    NESTED = "it is nested too deeply"
    NUMBER = "it has a number that is too large, or none"


class WrongMethod(Refusal):
    """GraphQL is asked by GET or POST."""


class MutationByGet(Refusal):
    """Mutations are not taken by GET."""


class WrongContentType(Refusal):
    """The body must be JSON in UTF-8."""


class NotAcceptable(Refusal):
    """None of the media types that `Accept` names can be answered with."""


@dataclass(eq=False)
class NotJson(Refusal):
    """The {what} cannot be read as JSON: {reason}."""

    what: Reason
    reason: str


class NoObject(Refusal):
    """The body must be a JSON object with a `query`."""


class NoQuery(Refusal):
    """There is no `query`."""


@dataclass(eq=False)
class WrongType(Refusal):
    """`{name}` must be {kind}."""

    name: str
    kind: Kind


class NoBatches(Refusal):
    """This server takes one operation a request."""


@dataclass(eq=False)
class BatchTooLong(Refusal):
    """The request has {operations} operations; from 1 to {operations_max} are taken."""

    operations: int
    operations_max: int


class NoSuchOperation(Refusal):
    """The document has no operation of this name, or several and none is named."""


class NeedsStream(Refusal):
    """A subscription needs a WebSocket, or a media type of streams in `Accept`."""


class MutationOnSocket(Refusal):
    """Mutations are not taken over WebSocket, where a lost connection would stop one half-way."""


class NotIncremental(Refusal):
    """`@defer` and `@stream` are not supported over WebSocket."""


class NestedTooDeeply(Refusal):
    """The document is nested too deeply."""


@dataclass(eq=False)
class Misfit(Refusal):
    """{said}"""  # noqa: D400 - what GraphQL says is a sentence, which tools know

    said: str


@dataclass(eq=False)
class BodyTooLarge(Refusal):
    """The body has more than {bytes_max} bytes."""

    bytes_max: int


class BodyTooSlow(Refusal):
    """The body did not come within 30 seconds."""


class BodyBroken(Refusal):
    """The body broke off."""


class ForeignOrigin(Refusal):
    """This origin may not use the session cookie."""


class ForeignHost(Refusal):
    """This server has no such name as in `Host`."""


class ForeignPage(Refusal):
    """Pages of this origin may not send this."""


@dataclass(eq=False)
class TooManyStreams(Refusal):
    """There are too many open streams."""

    retry_after: int = RETRY_SECONDS


@dataclass(eq=False)
class Leaving(Refusal):
    """The server is stopping."""

    retry_after: int = RETRY_SECONDS


@dataclass(eq=False)
class Broken(Refusal):
    """Internal error ({fault})."""

    fault: str


class BodyInvalid(Refusal):
    """The body must be empty, or a JSON object of the texts ref, message and idempotencyKey."""


class NotABranch(Refusal):
    """`ref` must be a branch or a tag: a hook deploys no single commit and no pull request."""


class BranchUnknown(Refusal):
    """The repository has no such branch or tag."""


class RepositoryRefused(Refusal):
    """This server may not reach the application's repository any more."""
