"""Why a Git hosting service does not do what it is asked; what is said is safe to show."""

from dataclasses import dataclass

from providers.refusal import Refusal


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
    """{service} has been asked too often; it answers again in {seconds} seconds."""

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
    """{service} lists repositories of one owner only; say which."""
