"""New tokens for linked accounts, from the client of a sign-in."""

from auth.logins import LoginNotOffered, Service
from auth.oauth import CodeRefused, LoginRefused, Logins, ServiceDown, ServiceNonsense
from control.integrations import Renew, Renewed
from control.integrations.accounts import name_of
from providers import Provider
from providers.api import refusals


def by(logins: Logins) -> Renew:
    """Return what renews a token at the service that gave it."""

    async def renew(provider: Provider, refresh_token: str) -> Renewed:
        if provider.value not in set(Service):
            raise refusals.ServiceDown(name_of(provider), refusals.Silence.RENEWAL)
        try:
            grant = await logins.renew(Service(provider.value), refresh_token)
        except CodeRefused as refusal:
            raise refusals.TokenRefused(refusal.service) from None
        except (LoginNotOffered, LoginRefused, ServiceDown, ServiceNonsense) as refusal:
            raise refusals.ServiceDown(refusal.service, refusals.Silence.RENEWAL) from None
        return Renewed(
            token=grant.access_token,
            refresh_token=grant.refresh_token,
            expires_time=grant.expires_time,
        )

    return renew
