"""Who is calling, as far as the headers of a request say."""

from starlette.requests import HTTPConnection

from rollway.headers import kept

DEVICE_CHARACTERS_MAX = 200


def whence(request: HTTPConnection) -> tuple[str, str]:
    """Return where the caller is, and what their program says it is."""
    named = request.headers.get("user-agent", "")[:DEVICE_CHARACTERS_MAX]
    if not named.isprintable():
        named = "".join(each for each in named if each.isprintable())
    client = request.scope.get("client")
    return client[0] if client else "", named


def bearer(header: object) -> str | None:
    """Return the token of an Authorization header; None when there is none."""
    if not isinstance(header, str):
        return None
    scheme, _, token = header.partition(" ")
    return token.strip() if scheme.lower() == "bearer" else None


@kept
def language(header: str) -> str:
    """Return the first language of an Accept-Language header that we speak: zh, else en."""
    for part in header.split(","):
        tag = part.partition(";")[0].strip().lower()
        if tag.partition("-")[0] in {"en", "zh"}:
            return tag.partition("-")[0]
    return "en"
