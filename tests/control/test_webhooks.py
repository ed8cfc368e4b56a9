"""Webhooks set up at a service that the forge plays, with a team's account."""

import asyncio
from datetime import timedelta

import pytest
from starlette.applications import Starlette
from starlette.responses import Response
from starlette.routing import Route
from tortoise.transactions import in_transaction

from control import applications
from control.hosting.webhooks import BUSY_SECONDS, WebhookBusy, Webhooks, new_secret, proofs
from control.integrations.accounts import NotLinked
from db.audit import Act, Actor, Entry, Told, org_chain
from db.chains import AuditEntry
from db.models import Application, Org, User
from providers import Provider, webhooks
from providers.api.refusals import NotThere, ServiceDown, TokenRefused
from providers.proofs import Unproven
from providers.repository import Policy
from rollway.forge import TOKEN
from tests.hosting import asking, hosting
from tests.providers.conftest import serving

POLICY = Policy(("http",), private_addresses=True)
HEARD_SECONDS = 10.0


class Heard:
    """What was delivered to *url*."""

    def __init__(self):
        self.calls = asyncio.Queue()
        self.url = ""

    def app(self):
        """Return what listens there."""

        async def hear(request):
            call = request.url.path, dict(request.headers), await request.body()
            self.calls.put_nowait(call)
            return Response(status_code=202)

        return Starlette(routes=[Route("/webhooks/{id}", hear, methods=["POST"])])

    async def next(self):
        """Wait for a delivery; return its path, headers and body."""
        async with asyncio.timeout(HEARD_SECONDS):
            return await self.calls.get()


@pytest.fixture
async def heard():
    """An address that listens."""
    it = Heard()
    async with serving(it.app()) as it.url:
        yield it


@pytest.fixture
async def github(tmp_path):
    """GitHub, played, with one repository."""
    async with hosting(Provider.GITHUB, tmp_path) as made:
        yield made


@pytest.fixture
async def linked(application, vault, github):
    """The application, whose repository the team's account opens."""
    return await github.connect(application, vault)


@pytest.fixture
def hooks(vault, heard):
    """What sets webhooks up; services deliver to the address that listens."""
    return Webhooks(asking(vault, POLICY), vault, heard.url)


def told(application, still=None):
    """What the audit log is told."""
    entry = Entry(Actor(None, "ann", "session"), Act.WEBHOOK_SET_UP, application.id)
    return Told(org_chain("acme"), entry, still)


async def test_the_service_delivers_what_the_secret_proves(linked, hooks, heard, github, vault):
    """However often it is set up, there is one webhook, proven by the newest secret."""
    first, second = new_secret(), new_secret()
    await hooks.set_up(linked, first, told(linked))
    row = await hooks.set_up(linked, second, told(linked))

    assert row.repo_webhook_url == f"{heard.url}/webhooks/{linked.id}"
    assert (row.repo_webhook_next, proofs(row, vault)) == (None, [second])
    row = await Application.get(id=linked.id)
    assert row.repo_webhook_busy_time is None
    assert len(github.state.webhooks) == 1
    await asyncio.to_thread(github.commit)
    path, headers, body = await heard.next()
    assert path == f"/webhooks/{linked.id}"
    webhooks.verify(Provider.GITHUB, headers, body, second)
    with pytest.raises(Unproven):
        webhooks.verify(Provider.GITHUB, headers, body, first)
    assert await AuditEntry.filter(action=Act.WEBHOOK_SET_UP).count() == 2


async def test_it_is_taken_down(linked, hooks, github):
    """The service has it no more; without the account nobody can, and that is said."""
    row = await hooks.set_up(linked, new_secret(), told(linked))
    owner = await Org.get(name="acme")
    assert github.state.webhooks
    assert await hooks.take_all_down([row, linked], owner) == []
    assert github.state.webhooks == {}

    owner.third_part = {}
    assert await hooks.take_all_down([row], owner) == [row.repo_webhook_url]


async def test_without_an_account_there_is_none(linked, hooks):
    """Nothing is asked, nothing changes."""
    await Org.filter(name="acme").update(third_part={})
    with pytest.raises(NotLinked):
        await hooks.set_up(linked, new_secret(), told(linked))
    await Org.filter(name="acme").update(third_part={"github": {"access_token": "broken"}})
    with pytest.raises(NotLinked):
        await hooks.set_up(linked, new_secret(), told(linked))
    assert (await Application.get(id=linked.id)).repo_webhook_next is None


@pytest.mark.parametrize(
    ("change", "refusal"),
    [
        ({"token": "wrong"}, TokenRefused),
        ({"url": "http://127.0.0.1:9"}, ServiceDown),
        ({"repository": "acme/none"}, NotThere),
    ],
)
async def test_a_refusal_leaves_the_old_secret(linked, hooks, vault, github, change, refusal):
    """It proves deliveries as before, and the next try begins at once."""
    first = new_secret()
    row = await hooks.set_up(linked, first, told(linked))
    url = change.get("url", github.state.url)
    await github.link(await Org.get(name="acme"), vault, change.get("token", TOKEN), url)
    repository = f"{url}/{change.get('repository', 'acme/shop')}.git"
    await Application.filter(id=row.id).update(repo_url=repository)

    for _ in range(2):
        with pytest.raises(refusal):
            await hooks.set_up(row, new_secret(), told(row))
    row = await Application.get(id=row.id)
    assert first in proofs(row, vault)
    assert row.repo_webhook_busy_time is None


async def test_what_cannot_be_stored_is_undone(linked, hooks, github):
    """A webhook that nobody would know of does not stay at the service."""

    class Lost(Exception):
        pass

    async def refuse(_):
        assert github.state.webhooks
        raise Lost

    with pytest.raises(Lost):
        await hooks.set_up(linked, new_secret(), told(linked, refuse))
    row = await Application.get(id=linked.id)
    assert (row.repo_webhook_secret, row.repo_webhook_url) == (None, None)
    assert github.state.webhooks == {}


@pytest.mark.parametrize("gone", [False, True])
async def test_what_changed_meanwhile_keeps_no_webhook(linked, hooks, gone):
    """An application that went, or has another repository, hears nothing from this one."""
    row = await hooks.set_up(linked, new_secret(), told(linked))
    row = await Application.get(id=row.id).select_related("owner_org")
    same = Application.filter(id=row.id)
    await (same.delete() if gone else same.update(repo_url="https://github.com/acme/other.git"))

    with pytest.raises(WebhookBusy):
        await hooks._store(row, new_secret(), told(row))
    async with hooks.integrations.hosted(row.owner_org, row) as there:
        assert not await there.api.remove_webhook(there.repository, row.repo_webhook_url)


async def test_one_at_a_time_sets_it_up(linked, hooks, heard, github, vault):
    """Whoever loses is told; the service and the database agree on the secret."""
    given = [new_secret() for _ in range(8)]
    made = await asyncio.gather(
        *(hooks.set_up(linked, each, told(linked)) for each in given), return_exceptions=True
    )
    assert all(isinstance(each, Application | WebhookBusy) for each in made), made
    (secret,) = proofs(await Application.get(id=linked.id), vault)
    await asyncio.to_thread(github.commit)
    _, headers, body = await heard.next()
    webhooks.verify(Provider.GITHUB, headers, body, secret)


async def test_whoever_died_is_waited_for_a_minute(linked, hooks):
    """Then another may."""
    await hooks._begin(linked, new_secret())
    with pytest.raises(WebhookBusy):
        await hooks.set_up(linked, new_secret(), told(linked))
    row = await Application.get(id=linked.id)
    row.repo_webhook_busy_time -= timedelta(seconds=BUSY_SECONDS)
    await row.save(update_fields=["repo_webhook_busy_time"])
    await hooks.set_up(linked, new_secret(), told(linked))


async def test_it_does_not_move_with_the_application(linked, hooks):
    """Another team sets up its own."""
    await hooks.set_up(linked, new_secret(), told(linked))
    other = await Org.create(
        id="u_2:other",
        user=await User.create(id="u_2", username="bob"),
        name="other",
        role="OWNER",
        secrets={},
    )
    async with in_transaction() as db:
        await applications.move(await Application.get(id=linked.id), other, db)
    row = await Application.get(id=linked.id)
    assert (row.repo_webhook_secret, row.repo_webhook_next, row.repo_webhook_url) == (None,) * 3
