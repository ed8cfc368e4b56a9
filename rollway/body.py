"""The body of a request: read once, within bounds of size and time."""

import asyncio
from dataclasses import dataclass

from starlette.requests import ClientDisconnect, Request

from providers.refusal import Refusal

BODY_SECONDS = 30.0


@dataclass(eq=False)
class BodyTooLarge(Refusal):
    """The body has more than {bytes_max} bytes."""

    bytes_max: int


class BodyTooSlow(Refusal):
    """The body did not come within 30 seconds."""


class BodyBroken(Refusal):
    """The body broke off."""


async def read_body(request: Request, bytes_max: int) -> bytes:
    """Read the body, but not one that is or says it is too large.

    Raises BodyTooLarge, BodyTooSlow and BodyBroken.
    """
    declared = request.headers.get("content-length", "")
    if declared.isdecimal() and int(declared) > bytes_max:
        raise BodyTooLarge(bytes_max)
    body = bytearray()
    try:
        async with asyncio.timeout(BODY_SECONDS):
            async for chunk in request.stream():
                body += chunk
                if len(body) > bytes_max:
                    raise BodyTooLarge(bytes_max)
    except TimeoutError:
        raise BodyTooSlow from None
    except ClientDisconnect:
        raise BodyBroken from None
    return bytes(body)
