"""Cookies: out of reach for scripts, not sent along by other sites' forms."""

from dataclasses import dataclass

from starlette.requests import HTTPConnection
from starlette.responses import Response

from auth.logins import TRIP_SECONDS
from auth.sessions import SESSION_DAYS


@dataclass(frozen=True, slots=True)
class Cookie:
    """A cookie; *secure* ones travel by https alone, and only this very host can set them."""

    name: str
    seconds: int
    secure: bool

    def set(self, response: Response, value: str) -> None:
        """Give the browser *value* to keep."""
        response.set_cookie(
            self.name,
            value,
            max_age=self.seconds,
            httponly=True,
            secure=self.secure,
            samesite="lax",
        )

    def delete(self, response: Response) -> None:
        """Have the browser forget it."""
        response.delete_cookie(self.name, secure=self.secure, httponly=True, samesite="lax")

    def read(self, request: HTTPConnection) -> str | None:
        """Return what the browser kept; None when there is nothing."""
        return request.cookies.get(self.name)


def session_cookie(public_url: str) -> Cookie:
    """Return the cookie of a session."""
    return _cookie("rollway_session", SESSION_DAYS * 24 * 3600, public_url)


def trip_cookie(public_url: str) -> Cookie:
    """Return the cookie of somebody on the way to another service and back."""
    return _cookie("rollway_login", TRIP_SECONDS, public_url)


def _cookie(name: str, seconds: int, public_url: str) -> Cookie:
    secure = public_url.startswith("https://")
    return Cookie(f"__Host-{name}" if secure else name, seconds, secure)
