"""Where Git hosting services deliver: `POST /webhooks/{application}`."""

import asyncio
from collections.abc import Mapping

from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from control.deliveries import (
    Deliveries,
    WebhookChanged,
    WebhookUnknown,
    WebhookWithoutSecret,
)
from providers.payloads import BODY_BYTES_MAX, PayloadTooLarge
from providers.proofs import Unproven
from providers.refusal import Refusal

ACCEPTED, KNOWN = 202, 200
BODY_SECONDS = 30.0


class BodyTooSlow(Refusal):
    """The delivery did not come within 30 seconds."""


class BodyBroken(Refusal):
    """The delivery broke off."""


STATUSES: Mapping[type[Exception], int] = {
    WebhookUnknown: 404,
    WebhookWithoutSecret: 403,
    Unproven: 401,
    WebhookChanged: 401,
    BodyTooSlow: 408,
    BodyBroken: 400,
    PayloadTooLarge: 413,
    Refusal: 400,
}


def routes(deliveries: Deliveries) -> list[BaseRoute]:
    """List the route; whoever calls it proves itself by the application's webhook secret."""

    async def deliver(request: Request) -> Response:
        try:
            application = await deliveries.webhook(request.path_params["application"])
            body = await _body(request)
            receipt = await deliveries.receive(application, request.headers, body)
        except tuple(STATUSES) as refusal:
            status = next(code for kind, code in STATUSES.items() if isinstance(refusal, kind))
            return JSONResponse({"error": str(refusal)}, status)
        told = {"deliveryId": receipt.delivery.id, "status": receipt.delivery.status}
        return JSONResponse(told, KNOWN if receipt.again else ACCEPTED)

    return [Route("/webhooks/{application}", deliver, methods=["POST"], name="webhook")]


async def _body(request: Request) -> bytes:
    """Read the body, but not one that is or says it is too large.

    Raises PayloadTooLarge, BodyTooSlow and BodyBroken.
    """
    declared = request.headers.get("content-length", "")
    if declared.isdecimal() and int(declared) > BODY_BYTES_MAX:
        raise PayloadTooLarge(int(declared), BODY_BYTES_MAX)
    body = bytearray()
    try:
        async with asyncio.timeout(BODY_SECONDS):
            async for chunk in request.stream():
                body += chunk
                if len(body) > BODY_BYTES_MAX:
                    raise PayloadTooLarge(len(body), BODY_BYTES_MAX)
    except TimeoutError:
        raise BodyTooSlow from None
    except ClientDisconnect:
        raise BodyBroken from None
    return bytes(body)
