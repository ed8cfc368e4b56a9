"""The credential a worker is given: the team's own, for the server it was issued by."""

import pytest

from control.assignment import credential_of
from control.deploys import Dispatch, TriggerType
from db.audit import Actor
from db.models import Application, Org, Task
from db.sealed import TEAM_ACCOUNTS
from providers.repository import Policy
from tests.hosting import deploying

TOKEN = "ghp_s3cret"


@pytest.fixture
def link(application, vault):
    """Return a function that links an account to the team and sets the repository's address."""

    async def linked(provider, url, /, *, sealed_for=None, **more):
        token = vault.seal(
            TOKEN,
            place=TEAM_ACCOUNTS.place("acme"),
            name=f"{sealed_for or provider}.access_token",
            version=1,
        )
        account = {"access_token": token, "owner": "ann", **more}
        await Org.filter(name="acme").update(third_part={sealed_for or provider: account})
        await Application.filter(id=application.id).update(provider=provider, repo_url=url)
        return await Application.get(id=application.id).select_related("owner_org")

    return linked


@pytest.mark.parametrize(
    ("provider", "url", "more", "user"),
    [
        ("github", "https://github.com/acme/web.git", {}, "x-access-token"),
        ("gitlab", "https://gitlab.com/acme/web.git", {}, "oauth2"),
        ("gitlab", "https://git.acme.example/web", {"url": "https://git.acme.example"}, "oauth2"),
        ("gitee", "https://gitee.com/acme/web.git", {}, "oauth2"),
        ("codeup", "https://codeup.aliyun.com/acme/web.git", {}, "ann"),
        ("codeup", "https://codeup.aliyun.com/acme/web.git", {"user": "bot"}, "bot"),
    ],
)
async def test_each_provider_has_its_user(link, vault, provider, url, more, user):
    """The token is the team's, and no repr shows it."""
    application = await link(provider, url, **more)
    credential = credential_of(application.owner_org, application, vault)
    assert (credential.user, credential.token) == (user, TOKEN)
    assert credential.refused(url) is None
    assert TOKEN not in repr(credential)


@pytest.mark.parametrize(
    ("provider", "url", "more"),
    [
        ("github", "https://evil.example/acme/web.git", {}),
        ("github", "https://github.com.evil.example/web.git", {}),
        ("github", "https://github.com:8443/acme/web.git", {}),
        ("github", "http://github.com/acme/web.git", {}),
        ("github", "file:///acme/web", {}),
        ("gitlab", "https://gitlab.com/acme/web", {"url": "https://git.acme.example"}),
        ("git", "https://github.com/acme/web.git", {}),
        ("gitee", "https://gitee.com/acme/web.git", {"sealed_for": "github"}),
    ],
)
async def test_a_token_goes_to_the_server_it_is_for_only(link, vault, provider, url, more):
    """A repository elsewhere is fetched without it."""
    application = await link(provider, url, **more)
    assert credential_of(application.owner_org, application, vault) is None


async def test_a_worker_is_given_the_credential(link, queue, draft):
    """In clear, and not in what is printed or stored."""
    await link("github", "https://github.com/acme/web.git")
    await queue.submit(draft())
    assignment = await queue.claim("w")
    assert assignment.team == "acme"
    assert assignment.credential.token == TOKEN
    assert TOKEN not in repr(assignment)
    assert TOKEN not in str(await Task.all().values())


async def test_a_token_that_does_not_open_ends_the_task_in_words(link, queue, draft, vault):
    """Asking for the deploy is possible; step 0 names the place."""
    application = await link("github", "https://github.com/acme/web.git")
    broken = {"github": {"access_token": "rw1:00000000:1:0:AAAA:AAAA"}}
    await Org.filter(name="acme").update(third_part=broken)
    deploys = deploying(queue, vault, Policy(private_addresses=True))
    request = Dispatch(
        actor=Actor(None, "ann", "s_test"),
        application=application,
        env_name="test",
        trigger_type=TriggerType.MANUAL,
        by=None,
    )
    task = await deploys.dispatch(request)
    assert task.commit is None
    assert await queue.claim("w") is None
    task = await Task.get(id=task.id)
    assert task.status == "failure"
    assert "org/acme/third_part" in task.steps[0]["error"]
