"""What names and commits of a repository stand for, at each of the services, played."""

import asyncio

import pytest

from control.deploys import Dispatch, SourceRefGone, TriggerType
from control.hosting.refs import GITS_OF_A_TEAM_MAX, Refs
from db.audit import Actor
from db.models import Application, Org, Task
from engine.git import CommitNotFound, RefNotFound, RepositoryUnreachable
from providers import Provider
from providers.repository import Policy
from tests.hosting import HOSTED, asking, deploying, hosting

ANYWHERE = Policy(schemes=("https", "http", "file"), private_addresses=True)
MISSING = "f" * 40


@pytest.fixture(params=HOSTED)
async def hosted(request, tmp_path):
    """A repository at each of the services."""
    async with hosting(request.param, tmp_path) as made:
        yield made


@pytest.fixture
async def github(tmp_path):
    """A repository at one of them."""
    async with hosting(Provider.GITHUB, tmp_path) as made:
        yield made


@pytest.fixture
def deploy(queue, vault, application):
    """Return how the application is deployed by hand, or as told otherwise."""
    deploys = deploying(queue, vault, ANYWHERE)

    async def dispatch(**given):
        given = {"trigger_type": TriggerType.MANUAL, **given}
        request = Dispatch(
            actor=Actor(None, "ann", "s_test"),
            application=await Application.get(id=application.id),
            env_name="test",
            by=None,
            **given,
        )
        return await (deploys.redeploy if request.source else deploys.dispatch)(request)

    return dispatch


async def test_a_commit_must_be_there(hosted, application, vault, deploy):
    """The service is asked before there is a task."""
    await hosted.connect(application, vault)
    commit = await asyncio.to_thread(hosted.commit)

    assert (await deploy(commit=commit)).commit == commit
    with pytest.raises(RefNotFound):
        await deploy(ref=MISSING)
    with pytest.raises(CommitNotFound) as refusal:
        await deploy(commit=MISSING)
    assert (refusal.value.url, refusal.value.commit) == (hosted.clone_url, MISSING)
    assert await Task.all().count() == 1


async def test_what_the_service_is_not_asked_or_does_not_say_is_no_refusal(
    github, application, vault, deploy
):
    """Without an account, with a token it refuses, of an empty repository, of a delivery."""
    await github.connect(application)
    assert (await deploy(commit=MISSING)).commit == MISSING
    await github.connect(application, vault)
    assert (await deploy(commit=MISSING)).commit == MISSING  # it is empty: nobody can say
    await asyncio.to_thread(github.commit)
    delivered = await deploy(commit=MISSING, trigger_type=TriggerType.GITHUB)
    assert delivered.commit == MISSING
    with pytest.raises(CommitNotFound):
        await deploy(commit=MISSING)

    owner = await Org.get(name="acme")
    await github.link(owner, vault, token="revoked")
    assert (await deploy(commit=MISSING)).commit == MISSING
    broken = {"github": {"access_token": "rw1:00000000:1:0:AAAA:AAAA", "url": github.state.url}}
    await Org.filter(id=owner.id).update(third_part=broken)
    assert (await deploy(commit=MISSING)).commit == MISSING


async def test_a_service_that_is_down_or_silent_is_no_refusal(tmp_path, application, vault, deploy):
    """Whoever deploys waits for it no longer than for git."""
    silent = asyncio.Event()

    def wrap(app):
        async def fallible(scope, receive, send):
            if "/api/" in scope.get("path", ""):
                await silent.wait()
            await app(scope, receive, send)

        return fallible

    async with hosting(Provider.GITHUB, tmp_path, wrap) as hosted:
        await hosted.connect(application, vault)
        assert (await deploy(commit=MISSING)).commit == MISSING
        silent.set()
    assert (await deploy(commit=MISSING)).commit == MISSING


async def test_names_are_resolved_at_every_service_alike(hosted, application, vault, deploy):
    """Branch, tag, full ref and default branch; what is not there is refused."""
    found = await hosted.connect(application, vault)
    for ref in (None, "HEAD", "main"):
        with pytest.raises(RefNotFound):
            await deploy(ref=ref)  # it is empty
    commit = await asyncio.to_thread(hosted.commit)
    hosted.git("tag", "--annotate", "--message", "two", "v2")
    hosted.git("update-ref", "refs/kept/1", "HEAD")
    await asyncio.to_thread(hosted.bring)
    names = {
        None: ("refs/heads/main", "main", None),
        "main": ("refs/heads/main", "main", None),
        "v2": ("refs/tags/v2", None, "v2"),
        "refs/tags/v2": ("refs/tags/v2", None, "v2"),
        "refs/kept/1": ("refs/kept/1", None, None),
    }
    for ref, expected in names.items():
        task = await deploy(ref=ref)
        assert (task.commit, task.ref, task.branch, task.tag) == (commit, *expected)
    for ref in ("v3", "refs/heads/v2", "refs/tags/main", "refs/kept/2", commit[:7], "--all", "a b"):
        with pytest.raises(RefNotFound):
            await deploy(ref=ref)
    assert await Task.all().count() == len(names)
    told = await Refs(vault, ANYWHERE, asking(vault, ANYWHERE)).commit(found, commit)
    assert (told.id, told.message.strip(), told.author.name) == (commit, "one", "Ada")
    assert await Refs(vault, ANYWHERE, asking(vault, ANYWHERE)).commit(found, MISSING) is None


async def test_a_task_whose_ref_was_pruned_is_repeated_by_its_commit(github, application, deploy):
    """Only where it never had one, the ref counts."""
    await github.connect(application)
    await asyncio.to_thread(github.commit)
    github.git("branch", "work")
    await asyncio.to_thread(github.bring)
    first = await deploy(ref="work")
    github.git("branch", "-D", "work")
    await asyncio.to_thread(github.bring)

    again = await deploy(source=first, trigger_type=TriggerType.REDEPLOY)
    assert (again.commit, again.ref) == (first.commit, "refs/heads/work")
    await Task.filter(id=first.id).update(commit=None)
    source = await Task.get(id=first.id)
    with pytest.raises(SourceRefGone):
        await deploy(source=source, trigger_type=TriggerType.REDEPLOY)


async def test_a_team_asks_a_few_repositories_at_once(application, vault):
    """However many refs it wants: each takes processes of the server's."""
    there, most = 0, 0

    async def refuse(reader, writer):
        nonlocal there, most
        there += 1
        most = max(most, there)
        await reader.readuntil(b"\r\n\r\n")
        await asyncio.sleep(0.5)
        there -= 1
        writer.write(b"HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\nconnection: close\r\n\r\n")
        writer.close()

    async with await asyncio.start_server(refuse, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        await Application.filter(id=application.id).update(repo_url=f"http://127.0.0.1:{port}/a/b")
        found = await Application.get(id=application.id).select_related("owner_org")
        refs = Refs(vault, ANYWHERE, asking(vault, ANYWHERE))
        asked = (refs.resolve(found, "main") for _ in range(2 * GITS_OF_A_TEAM_MAX))
        answers = await asyncio.gather(*asked, return_exceptions=True)

    assert all(isinstance(each, RepositoryUnreachable) for each in answers), answers
    assert 0 < most <= GITS_OF_A_TEAM_MAX
