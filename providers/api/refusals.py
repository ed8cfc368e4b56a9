"""Why a Git hosting service does not do what it is asked; what is said is safe to show."""

from dataclasses import dataclass

from providers.refusal import Reason, Refusal


class Silence(Reason):
    """How a service does not answer."""

    SLOW = "it takes too long"
    LATE = "it takes longer than {seconds:g} seconds"
    PARTIAL = "nothing whole came within {seconds:g} seconds"
    CERTIFICATE = "its certificate is not trusted"
    NO_CONNECTION = "there is no connection"
    BROKEN = "the connection broke"
    STATUS = "it answers with status {status}"
    RENEWAL = "it renews no token"


class Riddle(Reason):
    """Why an answer cannot be understood."""

    OBJECT = "an object was expected"
    LIST = "a list was expected"
    NO_JSON = "it is no JSON"
    FIELD = "{where} {reason}"
    PACKED = "it is packed, though not asked for"
    STATUS = "status {status}"
    NO_BASE64 = "the file is no Base64"
    ENCODING = "the file has an unknown encoding"
    COMMIT = "the id of a commit was expected"
    LONG_NAMES = "the account's name or scopes are too long"


class Excess(Reason):
    """What an answer has too much of."""

    BYTES = "more than {most} bytes"
    ENTRIES = "more than {most} entries"
    VALUES = "more than {most} values"


@dataclass(eq=False)
class ApiRefusal(Refusal):
    """{service} does not do what it is asked."""

    service: str


@dataclass(eq=False)
class InvalidApiUrl(ApiRefusal):
    """The address of the API of {service} cannot be used: {reason}."""

    reason: str


@dataclass(eq=False)
class TokenRefused(ApiRefusal):
    """{service} does not accept the token: it is wrong, revoked or has expired."""


@dataclass(eq=False)
class Forbidden(ApiRefusal):
    """{service} does not allow this with the token: {said}."""

    said: str


@dataclass(eq=False)
class NotThere(ApiRefusal):
    """{service} has no such thing, or hides it from the token."""


@dataclass(eq=False)
class Rejected(ApiRefusal):
    """{service} rejects the request with status {status}: {said}."""

    status: int
    said: str


@dataclass(eq=False)
class RateLimited(ApiRefusal):
    """{service} has been asked too often."""

    seconds: int


@dataclass(eq=False)
class ServiceDown(ApiRefusal):
    """{service} does not answer: {reason}."""

    reason: str


@dataclass(eq=False)
class Moved(ApiRefusal):
    """{service} sends the request elsewhere, which is not followed with the token."""


@dataclass(eq=False)
class Nonsense(ApiRefusal):
    """{service} answers something that cannot be understood: {reason}."""

    reason: str


@dataclass(eq=False)
class AnswerTooLarge(Nonsense):
    """{service} answers too much: {reason}."""


@dataclass(eq=False)
class FileTooLarge(ApiRefusal):
    """The file is larger than {size_max} bytes."""

    size_max: int


@dataclass(eq=False)
class OwnerMissing(ApiRefusal):
    """{service} lists repositories of one owner only."""
