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
from rollway.body import BodyBroken, BodyTooLarge, BodyTooSlow, read_body

ACCEPTED, KNOWN = 202, 200


STATUSES: Mapping[type[Exception], int] = {
    WebhookUnknown: 404,
    WebhookWithoutSecret: 403,
    Unproven: 401,
    WebhookChanged: 401,
    BodyTooSlow: 408,
    BodyBroken: 400,
    BodyTooLarge: 413,
    Refusal: 400,
}


def routes(deliveries: Deliveries) -> list[BaseRoute]:
    """List the route; whoever calls it proves itself by the application's webhook secret."""

    async def deliver(request: Request) -> Response:
        try:
            application = await deliveries.webhook(request.path_params["application"])
            body = await read_body(request, BODY_BYTES_MAX)
            receipt = await deliveries.receive(application, request.headers, body)
        except tuple(STATUSES) as refusal:
            status = next(code for kind, code in STATUSES.items() if isinstance(refusal, kind))
            return JSONResponse({"error": str(refusal)}, status)
        told = {"deliveryId": receipt.delivery.id, "status": receipt.delivery.status}
        return JSONResponse(told, KNOWN if receipt.again else ACCEPTED)

    return [Route("/webhooks/{application}", deliver, methods=["POST"], name="webhook")]
