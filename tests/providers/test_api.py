"""The APIs of the four services, against the doubles that Rollway ships, over real sockets."""

import asyncio
import subprocess
from contextlib import asynccontextmanager
from dataclasses import dataclass
from secrets import token_urlsafe

import httpx2
import pytest
from starlette.applications import Starlette
from starlette.responses import Response
from starlette.routing import Route

from providers import Provider, webhooks
from providers.api import State as Shown
from providers.api import Status, connect
from providers.api.client import Bounds
from providers.api.refusals import (
    FileTooLarge,
    NotThere,
    OwnerMissing,
    Rejected,
    TokenRefused,
)
from providers.hooks import Push, Tag
from providers.proofs import ProofWrong
from providers.repository import Policy, Repository, parse
from rollway.forge import TOKEN, Forge, State

ANYWHERE = Policy(schemes=("https", "http"), private_addresses=True)
BOUNDS = Bounds(tries_max=2, try_seconds=10.0, total_seconds=15.0)
HOSTED = [each for each in Provider if each is not Provider.GIT]
OWNERS = {Provider.GITLAB: "acme/web", Provider.CODEUP: "5f0c/web"}
MERGE_REQUESTS = {Provider.GITLAB, Provider.CODEUP}
RESULT_SECONDS = 15.0
FILE = "deploy/线上.yaml"


@dataclass
class World:
    """A played service with a repository, and a client of it."""

    provider: Provider
    url: str
    api_url: str
    api: object
    repository: Repository
    work: object
    played: object

    def git(self, *arguments):
        """Run git in a checkout of the repository; return what it prints."""
        command = ["git", "-c", "user.name=Ada", "-c", "user.email=ada@acme.example", *arguments]
        done = subprocess.run(command, cwd=self.work, check=True, capture_output=True, text=True)
        return done.stdout.strip()

    def commit(self, message, **files):
        """Commit files; return the commit."""
        for name, text in files.items():
            (self.work / name).write_text(text)
        self.git("add", "--all")
        self.git("commit", "--quiet", "--allow-empty", "--message", message)
        return self.git("rev-parse", "HEAD")

    async def push(self, *refs):
        """Push over HTTP, as somebody does."""
        await asyncio.to_thread(self.git, "push", "--quiet", self.repository.url, *refs)

    async def control(self, method, path, body=None):
        """Ask what only a played service has."""
        async with httpx2.AsyncClient(trust_env=False) as http:
            answer = await http.request(method, f"{self.url}/-/{path}", json=body)
            return answer.json() if answer.content else None


@pytest.fixture(params=HOSTED)
async def world(request, tmp_path, serve):
    """Each of the services."""
    async with playing(request.param, tmp_path, serve) as made:
        yield made


@asynccontextmanager
async def playing(provider, tmp_path, serve, token=TOKEN):
    """Play a service; its repository has branches main and feat/x#1, and the tags v1 and v2."""
    owner = OWNERS.get(provider, "acme")
    folder, work = tmp_path / "forge", tmp_path / "work"
    bare = folder / owner / "shop.git"
    for each in (bare, folder / owner / "tools.git"):
        each.mkdir(parents=True)
        command = ["git", "init", "--quiet", "--bare", "--initial-branch=main", str(each)]
        await asyncio.to_thread(subprocess.run, command, check=True)
    (work / "deploy").mkdir(parents=True)
    state = State(folder, "")
    played = Forge(provider.value, state)
    async with serve(played.app()) as url:
        state.url = url
        api = connect(provider, token, ANYWHERE, played.api_url, bounds=BOUNDS)
        repository = parse(f"{url}/{owner}/shop.git", ANYWHERE)
        made = World(provider, url, played.api_url, api, repository, work, played)
        made.git("init", "--quiet", "--initial-branch=main")
        (work / FILE).write_bytes("steps: [{run: 部署}]\n".encode())
        made.commit("first")
        made.git("tag", "v1")
        made.git("tag", "--annotate", "--message", "two", "v2")
        made.git("branch", "feat/x#1")
        await made.push("--all")
        await made.push("--tags")
        try:
            yield made
        finally:
            await api.close()


async def test_it_says_whose_token_it_is(world):
    """An id, a login, and scopes where the service tells them."""
    account = await world.api.account()

    assert account.login == "ada"
    assert account.id == ("u1" if world.provider is Provider.CODEUP else "1")
    scopes = {
        Provider.GITHUB: {"repo", "admin:repo_hook"},
        Provider.GITLAB: {"api", "read_repository"},
    }
    assert account.scopes == scopes.get(world.provider)
    assert bool(account.avatar_url) is (world.provider is not Provider.CODEUP)


async def test_another_token_is_refused(tmp_path, serve):
    """On each service."""
    for provider in HOSTED:
        async with playing(provider, tmp_path / provider, serve, token="other") as made:
            with pytest.raises(TokenRefused):
                await made.api.account()
            with pytest.raises(TokenRefused):
                await made.api.resolve(made.repository, None)


async def test_repositories_are_listed_and_searched(world):
    """Each with the address, owner and name that its clone URL has too."""
    owner = world.repository.owner
    whole = await world.api.repositories(owner=owner)
    found = await world.api.repositories("sho", owner=owner)
    nothing = await world.api.repositories("", owner="nobody")

    assert [each.name for each in whole.items] == ["shop", "tools"]
    assert whole.next is None
    (shop,) = found.items
    named = parse(shop.url, ANYWHERE)
    assert (shop.owner, shop.name) == (named.owner, named.name) == (owner, "shop")
    assert shop.default_branch == "main"
    assert shop.private
    assert int(shop.id.rpartition(":")[2]) > 0
    assert nothing.items == []


async def test_codeup_lists_one_organization(tmp_path, serve):
    """It has no list of all."""
    async with playing(Provider.CODEUP, tmp_path, serve) as made:
        with pytest.raises(OwnerMissing):
            await made.api.repositories()


async def test_branches_and_tags_come_in_pages(world):
    """A tag has the commit behind it, annotated or not."""
    head = world.git("rev-parse", "HEAD")
    branches = await world.api.branches(world.repository)
    tags = await world.api.tags(world.repository)

    assert {each.name: each.commit for each in branches.items} == {"main": head, "feat/x#1": head}
    assert {each.name: each.commit for each in tags.items} == {"v1": head, "v2": head}
    for number in range(110):
        world.git("branch", f"b{number:03}")
    await world.push("--all")
    first = await world.api.branches(world.repository)
    second = await world.api.branches(world.repository, first.next)
    assert (len(first.items), first.next, len(second.items), second.next) == (100, 2, 12, None)


async def test_a_ref_is_resolved_to_its_commit(world):
    """A short name is a branch first."""
    first = world.git("rev-parse", "HEAD")
    world.git("branch", "v1")
    world.git("checkout", "--quiet", "v1")
    second = world.commit("second")
    await world.push("refs/heads/v1")
    expected = {
        None: first,
        "main": first,
        "feat/x#1": first,
        "refs/heads/feat/x#1": first,
        "v1": second,
        "refs/tags/v1": first,
        "refs/heads/v1": second,
        "v2": first,
        "refs/tags/v2": first,
        second: second,
    }

    for ref, commit in expected.items():
        assert await world.api.resolve(world.repository, ref) == commit, ref
    for missing in ("nope", "refs/heads/v2", "refs/tags/main", "f" * 40, "../../user", "%2F"):
        with pytest.raises(NotThere):
            await world.api.resolve(world.repository, missing)


async def test_a_commit_is_told(world):
    """Message, author, and the files it changed where the service says them all."""
    message = "feat: 支付\n\nAnd more"
    (world.work / FILE).unlink()
    sha = world.commit(message, **{"pay.py": "1\n"})
    await world.push("main")
    found = await world.api.commit(world.repository, sha)

    assert (found.id, found.message.strip()) == (sha, message)
    assert (found.author.name, found.author.email) == ("Ada", "ada@acme.example")
    tells_files = world.provider is not Provider.CODEUP
    assert found.paths == ((FILE, "pay.py") if tells_files else None)
    with pytest.raises(NotThere):
        await world.api.commit(world.repository, "f" * 40)
    many = world.commit("many", **{f"f{number:03}": "" for number in range(300)})
    await world.push("main")
    assert (await world.api.commit(world.repository, many)).paths is None


async def test_a_repository_that_is_not_there_is_told(world):
    """And an empty one has no default branch."""
    elsewhere = Repository(world.repository.url, world.repository.owner, "nope")
    empty = Repository(world.repository.url, world.repository.owner, "tools")

    for ask in (
        lambda: world.api.resolve(elsewhere, "main"),
        lambda: world.api.branches(elsewhere),
        lambda: world.api.file(elsewhere, FILE, "main"),
        lambda: world.api.set_webhook(elsewhere, "http://127.0.0.1:9/x", token_urlsafe()),
        lambda: world.api.resolve(empty, None),
    ):
        with pytest.raises(NotThere):
            await ask()


async def test_a_file_is_read_at_a_commit(world):
    """Byte for byte, up to a size; a folder is no file."""
    old = world.git("rev-parse", "HEAD")
    body = bytes(range(256))
    (world.work / "raw.bin").write_bytes(body)
    new = world.commit("files", **{FILE: "changed\n", "big.txt": "x" * 5_000})
    await world.push("main")
    read = world.api.file

    assert await read(world.repository, FILE, old) == "steps: [{run: 部署}]\n".encode()
    assert await read(world.repository, FILE, new) == b"changed\n"
    assert await read(world.repository, "raw.bin", new) == body
    for name in ("raw.bin/x", "deploy", "nope", "", "/raw.bin", "../shop.git/config", "a//b"):
        with pytest.raises(NotThere):
            await read(world.repository, name, new)
    with pytest.raises(NotThere):
        await read(world.repository, "raw.bin", old)
    assert len(await read(world.repository, "big.txt", new, 5_000)) == 5_000
    with pytest.raises(FileTooLarge):
        await read(world.repository, "big.txt", new, 4_999)


class Receiver:
    """Where deliveries come."""

    def __init__(self):
        self.came = []

    def app(self):
        """Return the ASGI application."""
        return Starlette(routes=[Route("/{rest:path}", self._take, methods=["POST"])])

    async def _take(self, request):
        headers = {name.lower(): value for name, value in request.headers.items()}
        self.came.append((headers, await request.body()))
        return Response(status_code=202)

    async def wait(self, number):
        """Return the deliveries once there are so many."""
        async with asyncio.timeout(RESULT_SECONDS):
            while len(self.came) < number:
                await asyncio.sleep(0.02)
        return self.came


async def test_a_webhook_is_set_once_and_removed(world, serve):
    """Setting it again gives it the new secret; a double of it goes; others stay."""
    receiver = Receiver()
    async with serve(receiver.app()) as url:
        first, second = token_urlsafe(), token_urlsafe()
        mine, other = f"{url}/webhooks/a_1", f"{url}/webhooks/a_2"
        number = await world.api.set_webhook(world.repository, mine, first)
        await world.api.set_webhook(world.repository, other, first)
        twin = world.played._state.webhooks[int(number)]
        world.played._state.webhooks[9_999] = type(twin)(9_999, twin.repository, twin.settings)

        assert await world.api.set_webhook(world.repository, mine, second) == number
        assert len(world.played._state.webhooks) == 2
        assert await world.api.remove_webhook(world.repository, other)
        assert not await world.api.remove_webhook(world.repository, other)

        commit = world.commit("feat: 支付", **{"pay.py": "1\n"})
        await world.push("main")
        ((headers, body),) = await receiver.wait(1)
    webhooks.verify(world.provider, headers, body, second)
    with pytest.raises(ProofWrong):
        webhooks.verify(world.provider, headers, body, first)
    assert commit.encode() in body


async def test_a_push_is_delivered_as_the_service_does(world, serve):
    """Branches, tags and their end are read from it like from the real one."""
    receiver, secret = Receiver(), token_urlsafe()
    async with serve(receiver.app()) as url:
        await world.api.set_webhook(world.repository, f"{url}/webhooks/a_1", secret)
        commit = world.commit("feat: 支付", **{"pay.py": "1\n", "b.py": "2\n"})
        await world.push("main")
        await receiver.wait(1)
        world.git("tag", "--annotate", "--message", "three", "v3")
        await world.push("refs/tags/v3")
        await receiver.wait(2)
        await world.push(":feat/x#1")
        came = await receiver.wait(3)
    for headers, body in came:
        webhooks.verify(world.provider, headers, body, secret)
    branch, tag, gone = (webhooks.parse(world.provider, *each) for each in came)

    assert isinstance(branch, Push)
    assert (branch.branch, branch.commit.id, branch.commit.message) == (
        "main",
        commit,
        "feat: 支付",
    )
    assert branch.paths == ("b.py", "pay.py")
    assert branch.pusher.name
    assert [each.name for each in branch.authors] == ["Ada"]
    assert branch.repository.url == world.repository.url
    assert (branch.repository.owner, branch.repository.name) == (world.repository.owner, "shop")
    found = await world.api.repositories("shop", owner=world.repository.owner)
    assert branch.repository.id == found.items[0].id
    assert isinstance(tag, Tag)
    assert (tag.tag, tag.commit.id, tag.deleted) == ("v3", commit, False)
    assert isinstance(gone, Push)
    assert (gone.branch, gone.deleted) == ("feat/x#1", True)


@pytest.mark.parametrize("fork", [False, True], ids=["branch", "fork"])
async def test_pull_requests_are_delivered_as_the_service_does(world, serve, fork):
    """Each action is read from it; its head is a ref, as the real ones have it."""
    receiver, secret = Receiver(), token_urlsafe()
    world.git("checkout", "--quiet", "-b", "topic")
    head = world.commit("topic")
    await world.push("topic")
    async with serve(receiver.app()) as url:
        await world.api.set_webhook(world.repository, f"{url}/webhooks/a_1", secret)
        name = f"{world.repository.owner}/shop"
        said = {"repository": name, "number": 7, "source": "topic", "title": "Topic", "fork": fork}
        for action in ("opened", "pushed", "closed", "reopened", "merged"):
            await world.control("POST", "pulls", {**said, "action": action})
        wrong = await world.control("POST", "pulls", {**said, "source": "nope"})
        came = await receiver.wait(5)
    for headers, body in came:
        webhooks.verify(world.provider, headers, body, secret)
    found = [webhooks.parse(world.provider, *each) for each in came]

    assert [each.action.value for each in found] == [
        "opened",
        "synchronize",
        "closed",
        "reopened",
        "merged",
    ]
    facts = {(each.number, each.source, each.target, each.head.id, each.fork) for each in found}
    assert facts == {(7, "topic", "main", head, fork)}
    assert found[-1].merge_commit == world.git("rev-parse", "main")
    assert "no branch" in wrong["message"]
    refs = await asyncio.to_thread(world.git, "ls-remote", world.repository.url)
    kept = "merge-requests" if world.provider in MERGE_REQUESTS else "pull"
    assert f"{head}\trefs/{kept}/7/head" in refs.splitlines()


async def test_deliveries_come_again_and_in_another_order(world, serve):
    """What is sent again has the same id; what was held comes newest first."""
    receiver = Receiver()
    async with serve(receiver.app()) as url:
        await world.api.set_webhook(world.repository, f"{url}/webhooks/a_1", token_urlsafe())
        await world.control("POST", "hold")
        for number in range(2):
            world.commit(f"commit {number}")
            await world.push("main")
        assert receiver.came == []
        await world.control("POST", "release?order=newest")
        newest, _ = await receiver.wait(2)
        made = await world.control("GET", "deliveries")
        await world.control("POST", f"deliveries/{made[-1]['id']}/again")
        came = await receiver.wait(3)

    assert world.git("rev-parse", "HEAD").encode() in newest[1]
    assert came[2] == newest
    ids = [webhooks.delivery_id(world.provider, *each) for each in came]
    assert ids[0] == ids[2] != ids[1]


async def test_a_commit_shows_how_its_deploy_stands(world):
    """Each state is the service's own; twice the same is fine; the newest counts."""
    commit = world.git("rev-parse", "HEAD")
    states = {}
    for state in (*Shown, Shown.CANCELLED):
        status = Status(state, "rollway/live", "x" * 200, "https://rollway.example/t/1")
        await world.api.set_status(world.repository, commit, status)
        newest = (await world.control("GET", "statuses"))[-1]
        states[state] = newest["state"]
        assert (newest["commit"], newest["context"]) == (commit, "rollway/live")
        assert newest["url"] == "https://rollway.example/t/1"
        assert newest["description"].startswith("xxx")

    expected = {
        Provider.GITHUB: ("pending", "pending", "success", "failure", "error"),
        Provider.GITEE: ("queued", "in_progress", "success", "failure", "cancelled"),
        Provider.GITLAB: ("pending", "running", "success", "failed", "canceled"),
        Provider.CODEUP: ("pending", "pending", "success", "failure", "error"),
    }
    assert tuple(states.values()) == expected[world.provider]
    missing = Status(Shown.SUCCESS, "rollway/live")
    with pytest.raises((NotThere, Rejected)):
        await world.api.set_status(world.repository, "f" * 40, missing)


async def test_codeup_keeps_long_names_apart(tmp_path, serve):
    """It has room for 50 characters of a context."""
    async with playing(Provider.CODEUP, tmp_path, serve) as made:
        commit = made.git("rev-parse", "HEAD")
        for end in ("live", "test"):
            status = Status(Shown.SUCCESS, f"rollway/{'x' * 50}/{end}")
            await made.api.set_status(made.repository, commit, status)
        shown = [each["context"] for each in await made.control("GET", "statuses")]

    assert len(set(shown)) == 2
    assert {len(each) for each in shown} == {50}


async def test_github_shows_deployments(tmp_path, serve):
    """One of a commit to an environment, with how it stands."""
    async with playing(Provider.GITHUB, tmp_path, serve) as made:
        commit = made.git("rev-parse", "HEAD")
        number = await made.api.deployment(made.repository, commit, "live")
        status = Status(Shown.RUNNING, "rollway/live", url="https://rollway.example/t/1")
        await made.api.set_deployment_status(made.repository, number, status)
        (shown,) = await made.control("GET", "statuses")

    assert (shown["environment"], shown["commit"], shown["state"]) == (
        "live",
        commit,
        "in_progress",
    )
