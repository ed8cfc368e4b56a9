"""What opens a private repository, and the one server it may be shown to."""

from base64 import b64encode
from collections.abc import Mapping
from dataclasses import dataclass, field
from ipaddress import ip_address
from urllib.parse import quote, urlsplit

from engine.refusal import Reason

CHARACTERS_MAX = 4096  # of a user or a token
MASK = "***"

_PORTS = {"https": 443, "http": 80}
_USER, _TOKEN = "ROLLWAY_GIT_USER", "ROLLWAY_GIT_TOKEN"
# The shell that runs it has printf built in: the token is in no process's arguments.
_PRINT = f'printf "username=%s\\npassword=%s\\n" "${_USER}" "${_TOKEN}"'
_HELPER = f'!f() {{ test "$1" != get || {_PRINT}; }}; f'


class Unfit(Reason):
    """Why a credential is not given to git."""

    ELSEWHERE = "the credential is for {origin}, not for this address"
    PLAIN_HTTP = "a token is sent by https only"
    UNUSABLE = "the credential is empty, too long, or has control characters"


@dataclass(frozen=True, slots=True)
class Credential:
    """A *user* and *token* for the server at *origin*, as `https://host`, and for no other."""

    origin: str
    user: str = field(repr=False)
    token: str = field(repr=False)

    def refused(self, url: str) -> str | None:
        """Return why git cannot be given this for *url*; None when it can."""
        origin = origin_of(url)
        if origin is None or origin != origin_of(self.origin):
            return Unfit.ELSEWHERE.of(origin=self.origin)
        if origin.startswith("http:") and not _is_loopback(origin):
            return Unfit.PLAIN_HTTP
        for each in (self.user, self.token):
            if not each.isprintable() or not 0 < len(each) <= CHARACTERS_MAX:
                return Unfit.UNUSABLE
        return None

    @property
    def settings(self) -> Mapping[str, str]:
        """The settings that have git ask for it when the server at *origin* wants a login."""
        return {f"credential.{origin_of(self.origin)}.helper": _HELPER}

    @property
    def env(self) -> Mapping[str, str]:
        """The variables the helper reads."""
        return {_USER: self.user, _TOKEN: self.token}

    @property
    def basic(self) -> str:
        """Return both as a header of HTTP has them."""
        return b64encode(f"{self.user}:{self.token}".encode()).decode()

    def hide(self, text: str) -> str:
        """Return *text* without the token, also as it is written in a URL or a header."""
        for each in (self.basic, self.token, quote(self.token, safe="")):
            text = text.replace(each, MASK)
        return text


def origin_of(url: str) -> str | None:
    """Return scheme, host and port of *url* in one spelling; None unless it is http or https."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return None
    if parts.scheme not in _PORTS or not parts.hostname:
        return None
    host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    return f"{parts.scheme}://{host}" + (
        f":{port}" if port not in {None, _PORTS[parts.scheme]} else ""
    )


def _is_loopback(origin: str) -> bool:
    host = urlsplit(origin).hostname or ""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
