"""Where Git hosting services deliver: `POST /webhooks/{application}`."""

from collections.abc import Mapping

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from control.deliveries import (
    Deliveries,
    WebhookChanged,
    WebhookUnknown,
    WebhookWithoutSecret,
)
from providers.payloads import BODY_BYTES_MAX
from providers.proofs import Unproven
from providers.refusal import Refusal
from rollway.body import BodiesFull, Room, read_body
from schema.requests import BodyBroken, BodyTooLarge, BodyTooSlow

ACCEPTED, KNOWN = 202, 200
LARGE_BYTES_MAX = 64 * 1024 * 1024  # of all bodies at once, beyond the first 256 KiB of each

STATUSES: Mapping[type[Exception], int] = {
    WebhookUnknown: 404,
    WebhookWithoutSecret: 403,
    Unproven: 401,
    WebhookChanged: 401,
    BodyTooSlow: 408,
    BodyBroken: 400,
    BodyTooLarge: 413,
    BodiesFull: 503,
    Refusal: 400,
}


def routes(deliveries: Deliveries) -> list[BaseRoute]:
    """List the route; whoever calls it proves itself by the application's webhook secret."""
    room = Room(LARGE_BYTES_MAX)

    async def deliver(request: Request) -> Response:
        try:
            application = await deliveries.webhook(request.path_params["application"])
            with room.place() as place:
                body = await read_body(request, BODY_BYTES_MAX, place)
                receipt = await deliveries.receive(application, request.headers, body)
        except tuple(STATUSES) as refusal:
            status = next(code for kind, code in STATUSES.items() if isinstance(refusal, kind))
            return JSONResponse({"error": str(refusal)}, status)
        told = {"deliveryId": receipt.delivery.id, "status": receipt.delivery.status}
        return JSONResponse(told, KNOWN if receipt.again else ACCEPTED)

    return [Route("/webhooks/{application}", deliver, methods=["POST"], name="webhook")]
