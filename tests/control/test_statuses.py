"""Commits show how their deploys stand, at each of the services, played."""

import asyncio
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta

import pytest

from control.deploys import Dispatch, TriggerType
from control.hosting.statuses import OF_A_HOST_MAX, OF_AN_APPLICATION_MAX, TRIES_MAX, Statuses
from db.audit import Actor
from db.models import CommitStatus, Task
from engine.events import TaskChanged, now
from engine.state import TaskStatus
from providers import Provider
from providers.repository import Policy
from tests.hosting import HOSTED, asking, deploying, hosting

ANYWHERE = Policy(schemes=("https", "http", "file"), private_addresses=True)
TOLD_SECONDS = 15.0
OTHERS = {"success": "success", "failure": "failure", "cancelled": "error", "lost": "failure"}
SHOWN = {
    Provider.GITHUB: ("pending", "pending", OTHERS),
    Provider.GITEE: ("queued", "in_progress", {**OTHERS, "cancelled": "cancelled"}),
    Provider.GITLAB: (
        "pending",
        "running",
        {"success": "success", "failure": "failed", "cancelled": "canceled", "lost": "failed"},
    ),
    Provider.CODEUP: ("pending", "pending", OTHERS),
}


@pytest.fixture
async def github(tmp_path):
    """A repository at one of the services."""
    async with hosting(Provider.GITHUB, tmp_path) as made:
        yield made


@pytest.fixture
def telling(vault, pubsub):
    """Return how services are told, for the duration of a block."""

    @asynccontextmanager
    async def run():
        task = asyncio.create_task(Statuses(asking(vault, ANYWHERE), pubsub).work())
        yield task
        task.cancel()
        await asyncio.wait([task])

    return run


@pytest.fixture
def deploy(queue, vault):
    """Return how an application's commit is deployed."""
    deploys = deploying(queue, vault, ANYWHERE)

    async def dispatch(application, commit, env_name="test", **given):
        request = Dispatch(
            actor=Actor(None, "github", "webhook"),
            application=application,
            env_name=env_name,
            trigger_type=TriggerType.GITHUB,
            by=None,
            commit=commit,
            **given,
        )
        return await deploys.dispatch(request)

    return dispatch


async def until(condition):
    """Wait until something is so."""
    async with asyncio.timeout(TOLD_SECONDS):
        while not (met := await condition()):
            await asyncio.sleep(0.02)
        return met


def shown(hosted, commit):
    """Return what a commit shows: newest last, without deployments."""
    return [
        each for each in hosted.state.statuses if each["commit"] == commit and "context" in each
    ]


async def shows(hosted, commit, state):
    """Wait until that is what a commit shows; return the whole of it."""

    async def met():
        found = shown(hosted, commit)
        return found[-1] if found and found[-1]["state"] == state else None

    return await until(met)


async def forgotten():
    """Tell whether nothing is to be told any more."""
    return not await CommitStatus.all().exists()


async def end(queue, task, status):
    """Have a running task end with a status."""
    if status == "lost":
        await queue.append(task.lease, 0, ())
        await Task.filter(id=task.id).update(lease_expires_time=datetime(2026, 1, 1, tzinfo=UTC))
        assert await queue.reap() == [task.id]
        return
    if status == "cancelled":
        await queue.cancel(task.id, "wrong branch")
    said = TaskStatus.FAILURE if status == "failure" else TaskStatus.SUCCESS
    await queue.finish(task.lease, TaskChanged(time=now(), status=said))


@pytest.mark.parametrize("provider", HOSTED)
async def test_a_commit_shows_how_its_deploy_stands(
    provider, tmp_path, application, vault, queue, deploy, telling
):
    """From waiting to each of its ends, under a name for each environment."""
    pending, running, ends = SHOWN[provider]
    async with hosting(provider, tmp_path) as hosted, telling():
        found = await hosted.connect(application, vault)
        for status, state in ends.items():
            commit = await asyncio.to_thread(hosted.commit, status)
            task = await deploy(found, commit)
            told = await shows(hosted, commit, pending)
            assert told["context"] == "rollway/web/test"
            assert told["description"] == "Waits for its turn"
            assert told["url"] == ""
            assignment = await queue.claim("w")

            async def starts(commit=commit):
                return shown(hosted, commit)[-1]["description"] == "Deploys"

            await until(starts)
            assert shown(hosted, commit)[-1]["state"] == running
            task.lease = assignment.lease
            await end(queue, task, status)
            await shows(hosted, commit, state)
            await until(forgotten)


async def test_github_shows_one_deployment_a_task(
    github, application, vault, queue, deploy, telling
):
    """It follows the task to its end."""
    found = await github.connect(application, vault)
    commit = await asyncio.to_thread(github.commit)
    async with telling():
        await deploy(found, commit)
        await shows(github, commit, "pending")
        assignment = await queue.claim("w")
        await queue.finish(assignment.lease, TaskChanged(time=now(), status=TaskStatus.FAILURE))
        await until(forgotten)
    (deployment,) = [each for each in github.state.statuses if "environment" in each]
    assert (deployment["environment"], deployment["state"]) == ("test", "failure")
    assert deployment["commit"] == commit


async def test_github_shows_no_deployment_of_a_strangers_commit(
    github, application, vault, queue, deploy, telling
):
    """Its workflows would run on that, with the secrets of the repository."""
    found = await github.connect(application, vault)
    commit = await asyncio.to_thread(github.commit)
    async with telling():
        await deploy(found, commit, with_secrets=False)
        await shows(github, commit, "pending")
        assignment = await queue.claim("w")
        await queue.finish(assignment.lease, TaskChanged(time=now(), status=TaskStatus.SUCCESS))
        await shows(github, commit, "success")
        await until(forgotten)
    assert not [each for each in github.state.statuses if "environment" in each]


async def test_who_has_no_account_costs_nothing(github, application, vault, queue, deploy, draft):
    """Nothing is kept to be told; neither of what another system deploys."""
    await deploy(await github.connect(application), "f" * 40)
    await queue.submit(draft())
    assert await forgotten()
    await deploy(await github.connect(application, vault), "f" * 40)
    assert await CommitStatus.all().count() == 1


async def test_what_could_not_be_told_is_told_after_a_restart(
    github, application, vault, queue, deploy, telling, pubsub
):
    """Where the account is still there; what is older than a day is forgotten."""
    found = await github.connect(application, vault)
    commits = [await asyncio.to_thread(github.commit, name) for name in ("new", "old")]
    tasks = [await deploy(found, commit) for commit in commits]
    await queue.cancel(tasks[0].id, "not needed")
    yesterday = datetime.now(UTC) - timedelta(days=1, minutes=1)
    await Task.filter(id=tasks[1].id).update(created_time=yesterday)

    async def told():
        return await CommitStatus.all().count() == 1

    async with telling():
        await until(told)
    assert [each["description"] for each in shown(github, commits[0])] == [
        "The deploy was cancelled"
    ]
    assert shown(github, commits[1]) == []
    assert await Statuses(asking(vault, ANYWHERE), pubsub).prune() == 1
    assert await forgotten()


async def test_an_account_that_is_unlinked_or_refused_ends_it(
    github, application, vault, deploy, telling
):
    """Without another try."""
    found = await github.connect(application, vault)
    commit = await asyncio.to_thread(github.commit)
    for token in ("revoked", None):
        await deploy(found, commit)
        if token:
            await github.link(found.owner_org, vault, token=token)
        else:
            found.owner_org.third_part = {}
            await found.owner_org.save(update_fields=["third_part"])
        async with telling():
            await until(forgotten)
        await github.link(found.owner_org, vault)
    assert shown(github, commit) == []


async def test_a_service_that_fails_is_tried_a_few_times(
    tmp_path, application, vault, deploy, telling
):
    """With growing waits; then the task is left alone."""
    failing = True

    def wrap(app):
        async def fallible(scope, receive, send):
            if failing and "/statuses/" in scope.get("path", ""):
                await send({"type": "http.response.start", "status": 500, "headers": []})
                await send({"type": "http.response.body", "body": b""})
                return
            await app(scope, receive, send)

        return fallible

    async with hosting(Provider.GITHUB, tmp_path, wrap) as hosted:
        found = await hosted.connect(application, vault)
        commit = await asyncio.to_thread(hosted.commit)
        await deploy(found, commit)
        waits = []
        async with telling():
            for tries in range(1, TRIES_MAX):

                async def tried(tries=tries):
                    return await CommitStatus.filter(tries=tries).first()

                row = await until(tried)
                waits.append((row.due_time - datetime.now(UTC)).total_seconds())
                await CommitStatus.filter(tries=tries).update(due_time=datetime.now(UTC))
            await until(forgotten)
        assert waits == sorted(waits)
        assert waits[0] > 1
        failing = False
        await deploy(found, commit)
        async with telling():
            await shows(hosted, commit, "pending")


async def test_a_silent_host_does_not_keep_others_waiting(
    tmp_path, application, application_of, vault, queue, deploy, telling
):
    """However many of its deploys wait."""
    silent, asked = asyncio.Event(), []

    def wrap(app):
        async def mute(scope, receive, send):
            if "/api/" in scope.get("path", ""):
                asked.append(scope["path"])
                await silent.wait()
            await app(scope, receive, send)

        return mute

    async with (
        hosting(Provider.GITHUB, tmp_path / "silent", wrap) as mute,
        hosting(Provider.GITLAB, tmp_path / "other") as other,
        telling(),
    ):
        found = await mute.connect(application, vault)
        more = [await application_of(found.owner_org, name) for name in ("one", "two")]
        for each in (found, *[await mute.connect(row, vault) for row in more]):
            for _ in range(OF_AN_APPLICATION_MAX + 1):
                await deploy(each, "f" * 40)

        async def full():
            return len(asked) == OF_A_HOST_MAX

        await until(full)
        owner = found.owner_org
        kept = dict((await type(owner).get(id=owner.id)).third_part)
        second = await application_of(owner, "shop")
        linked = await other.connect(second, vault)
        both = {**kept, **linked.owner_org.third_part}
        await type(owner).filter(id=owner.id).update(third_part=both)
        commit = await asyncio.to_thread(other.commit)
        await deploy(linked, commit)
        await shows(other, commit, "pending")
        assert len(asked) == OF_A_HOST_MAX
        silent.set()


async def test_who_dies_while_telling_leaves_it_to_others(
    tmp_path, application, vault, deploy, telling
):
    """Once the time is over for which it took the task."""
    silent, asked = asyncio.Event(), asyncio.Event()

    def wrap(app):
        async def mute(scope, receive, send):
            if "/statuses/" in scope.get("path", ""):
                asked.set()
                await silent.wait()
            await app(scope, receive, send)

        return mute

    async with hosting(Provider.GITHUB, tmp_path, wrap) as hosted:
        found = await hosted.connect(application, vault)
        commit = await asyncio.to_thread(hosted.commit)
        await deploy(found, commit)
        async with telling():
            await asyncio.wait_for(asked.wait(), TOLD_SECONDS)
        taken = await CommitStatus.get()
        assert taken.due_time > datetime.now(UTC)
        silent.set()
        await CommitStatus.all().update(due_time=datetime.now(UTC))
        async with telling():
            await shows(hosted, commit, "pending")


async def test_the_newest_is_told_last_with_several_servers(
    tmp_path, application, vault, queue, deploy, telling
):
    """Also where the service takes its time and the tasks do not."""

    def wrap(app):
        async def slow(scope, receive, send):
            if scope["type"] == "http" and "/statuses/" in scope["path"]:
                await asyncio.sleep(0.2)
            await app(scope, receive, send)

        return slow

    async with hosting(Provider.GITHUB, tmp_path, wrap) as hosted, telling(), telling():
        found = await hosted.connect(application, vault)
        commits = [await asyncio.to_thread(hosted.commit, str(number)) for number in range(12)]
        for number, commit in enumerate(commits):
            await deploy(found, commit, ("live", "test")[number % 2])
        for _ in commits:
            assignment = await queue.claim("w")
            await asyncio.sleep(0.1)
            await queue.finish(assignment.lease, TaskChanged(time=now(), status=TaskStatus.SUCCESS))
        await until(forgotten)
        for commit in commits:
            states = [each["description"] for each in shown(hosted, commit)]
            assert states[-1] == "Deployed"
            assert len(states) == len(set(states))
