"""Logins of GitHub and Gitee: which there are, and linking them to the caller."""

from starlette.responses import Response

from auth import identities
from auth.oauth import Offer
from db.audit import Act, Told, user_chain
from db.models import User
from resolvers.arguments import Input
from resolvers.context import Info
from resolvers.login_inputs import LinkLoginInput, UnlinkLoginInput


def offers(info: Info) -> list[Offer]:
    """Return the services that are set up."""
    return info.context.services.logins.offers


async def link_login(info: Info, input: Input[LinkLoginInput]) -> str:  # noqa: A002 (the API's name)
    """Begin to link; return the address to open in the browser that got this answer."""
    session = info.context.signed_in().in_person()
    input.check()
    logins = info.context.services.logins
    url, sealed = logins.depart(input.service, input.next or "/", session.id)
    assert isinstance(info.context.response, Response)  # noqa: S101 (mutations come over HTTP)
    logins.cookie.set(info.context.response, sealed)
    return url


async def unlink_login(info: Info, input: Input[UnlinkLoginInput]) -> User:  # noqa: A002 (the API's name)
    """Take a login from the caller; without effect when there is none."""
    context = info.context
    user = context.in_person()
    entry = context.entry(Act.LOGIN_UNLINKED, user.id, before={"service": input.service.value})
    return await identities.unlink(user.id, input.service, Told(user_chain(user.id), entry))
