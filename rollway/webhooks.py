"""Where Git hosting services deliver: `POST /webhooks/{application}`."""

from collections.abc import Mapping

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from control.deliveries import Deliveries, WebhookUnknown, WebhookWithoutSecret
from providers.payloads import BODY_BYTES_MAX, PayloadTooLarge
from providers.proofs import Unproven
from providers.refusal import Refusal

ACCEPTED, KNOWN = 202, 200
STATUSES: Mapping[type[Exception], int] = {
    WebhookUnknown: 404,
    WebhookWithoutSecret: 403,
    Unproven: 401,
    PayloadTooLarge: 413,
    Refusal: 400,
}


def routes(deliveries: Deliveries) -> list[BaseRoute]:
    """List the route; whoever calls it proves itself by the application's webhook secret."""

    async def deliver(request: Request) -> Response:
        try:
            body = await _body(request)
            headers = {name.lower(): value for name, value in request.headers.items()}
            receipt = await deliveries.receive(request.path_params["application"], headers, body)
        except tuple(STATUSES) as refusal:
            status = next(code for kind, code in STATUSES.items() if isinstance(refusal, kind))
            return JSONResponse({"error": str(refusal)}, status)
        told = {"deliveryId": receipt.delivery.id, "status": receipt.delivery.status}
        return JSONResponse(told, KNOWN if receipt.again else ACCEPTED)

    return [Route("/webhooks/{application}", deliver, methods=["POST"], name="webhook")]


async def _body(request: Request) -> bytes:
    """Read the body, but not one that is or says it is too large. Raises BodyTooLarge."""
    declared = request.headers.get("content-length", "")
    if declared.isdecimal() and int(declared) > BODY_BYTES_MAX:
        raise PayloadTooLarge(int(declared), BODY_BYTES_MAX)
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > BODY_BYTES_MAX:
            raise PayloadTooLarge(len(body), BODY_BYTES_MAX)
    return bytes(body)
