"""Deploy hooks as their callers know them: who has the address deploys, and learns nothing else."""

import asyncio
import json
import subprocess
from collections import Counter
from dataclasses import dataclass
from uuid import uuid4

import httpx2
import pytest
from tortoise import Tortoise

from auth.deploy_hooks import CALLS_MAX, HOOK_PREFIX, HOOKS_PER_ENVIRONMENT_MAX
from auth.sessions import hash_token
from db.chains import AuditEntry
from db.models import Application, DeployHook, Environment, Org, Task
from engine.state import TaskStatus
from rollway.hooks.deploy_hooks import BODY_BYTES_MAX

PARALLEL = 20
UNKNOWN = {
    "code": "NOT_FOUND",
    "error": "There is no such deploy hook.",
    "remedy": "Ask the team for its address: it may have been changed or revoked.",
    "retryable": False,
}
CREATE = """mutation ($input: CreateDeployHookInput!) { createDeployHook(input: $input) {
  __typename ... on CreateDeployHookPayload { url deployHook { id prefix } }
  ... on Problem { code field message } ... on InvalidProblem { issues { field } } } }"""
ROTATE = """mutation ($id: ID!) { rotateDeployHook(input: {deployHookId: $id}) {
  ... on RotateDeployHookPayload { url deployHook { id prefix lastUsedTime } }
  ... on Problem { code } } }"""
REVOKE = """mutation ($id: ID!) { revokeDeployHook(input: {deployHookId: $id}) {
  ... on RevokeDeployHookPayload { deletedId } ... on Problem { code } } }"""
DEPLOY = """mutation ($id: ID!, $key: String!) { deploy(input: {
  applicationId: $id, envName: "test", idempotencyKey: $key}) {
  ... on DeployPayload { task { id } } ... on Problem { code } } }"""
TASK = """query ($id: ID!) { task(id: $id) {
  triggerType branch tag ref message status triggerPayload dispatchOrg { id } envName
  trigger { __typename type ... on DeployHookTrigger { hookId hookName } } } }"""
HOOKS = """query ($id: ID!) { node(id: $id) { ... on Environment { deployHooks {
  id name prefix createdTime lastUsedTime createdBy { id } environment { id } } } } }"""


def git(folder, *arguments):
    """Run git there; return what it prints."""
    identity = ["-c", "user.name=ann", "-c", "user.email=ann@example.com"]
    command = ["git", *identity, *arguments]
    done = subprocess.run(command, cwd=folder, check=True, capture_output=True, text=True)
    return done.stdout.strip()


@dataclass
class House:
    """A team with an application whose environments are deployed by hooks."""

    api: object
    http: httpx2.AsyncClient
    owner: object
    application: Application
    folder: object

    async def create(self, name="ci", env_name="test"):
        """Return what the making of a hook answers."""
        given = {"applicationId": self.application.id, "envName": env_name, "name": name}
        return (await self.api.execute(CREATE, self.owner, input=given))["createDeployHook"]

    async def hook(self, name="ci", env_name="test"):
        """Return the address and the id of a new hook."""
        made = await self.create(name, env_name)
        return made["url"], made["deployHook"]["id"]

    async def call(self, url, **body):
        """Call an address; return the answer."""
        return await self.http.post(url, json=body) if body else await self.http.post(url)

    async def task(self, task_id):
        """Return a task as its team sees it."""
        return (await self.api.execute(TASK, self.owner, id=task_id))["task"]

    async def listed(self, env_name="test"):
        """Return the environment's hooks."""
        environment = f"{self.application.id}:{env_name}"
        return (await self.api.execute(HOOKS, self.owner, id=environment))["node"]["deployHooks"]


@pytest.fixture
async def house(api, application_of, tmp_path):
    """The application's repository has a branch, a tag and what a pull request came with."""
    folder = tmp_path / "repository"
    folder.mkdir()
    for arguments in (
        ("init", "-q", "-b", "main"),
        ("commit", "-q", "--allow-empty", "-m", "one"),
        ("tag", "v1"),
        ("update-ref", "refs/pull/7/head", "HEAD"),
    ):
        await asyncio.to_thread(git, folder, *arguments)
    owner = await api.user("owner")
    org = await Org.create(id="u_owner:acme", user=owner, name="acme", role="OWNER", secrets={})
    application = await application_of(org, "web", folder.as_uri())
    transport = httpx2.ASGITransport(api.server.app(), client=("192.0.2.9", 1))
    async with httpx2.AsyncClient(transport=transport, base_url="http://door") as http:
        yield House(api, http, owner, application, folder)


async def test_a_call_deploys(house):
    """The default branch of its environment; the task says which hook it was."""
    url, hook_id = await house.hook()
    (before,) = await house.listed()

    answer = await house.call(url)

    assert (answer.status_code, answer.headers["cache-control"]) == (202, "no-store")
    task = await house.task(answer.json()["taskId"])
    assert (task["envName"], task["branch"], task["status"]) == ("test", "main", "PENDING")
    assert (task["triggerType"], task["dispatchOrg"]) == ("hook", None)
    assert task["trigger"] == {
        "__typename": "DeployHookTrigger",
        "type": "hook",
        "hookId": hook_id,
        "hookName": "ci",
    }
    (after,) = await house.listed()
    assert before["lastUsedTime"] is None
    assert after["lastUsedTime"]
    assert after["createdBy"] == {"id": "u_owner:acme"}
    told = await AuditEntry.filter(action="task.dispatched").get()
    assert (told.actor_id, told.actor, told.via) == (None, "deploy hook", hook_id)
    assert told.address == "192.0.2.9"


async def test_what_a_caller_may_say(house):
    """A branch or a tag, by its short or full name, and why."""
    url, _ = await house.hook()
    for ref, branch, tag in (
        ("main", "main", None),
        ("refs/heads/main", "main", None),
        ("v1", None, "v1"),
        ("refs/tags/v1", None, "v1"),
        ("HEAD", "main", None),
    ):
        answer = await house.call(url, ref=ref, message="The base image is new.")
        assert answer.status_code == 202, answer.text
        task = await house.task(answer.json()["taskId"])
        assert (task["branch"], task["tag"]) == (branch, tag)
        assert task["message"] == "The base image is new."
    for body in (b"", b" \n", b"{}", b'{"ref": null, "message": null}'):
        assert (await house.http.post(url, content=body)).status_code == 202


async def test_what_a_hook_does_not_deploy(house):
    """A pull request or a single commit may be a stranger's; nor does it tell what is there."""
    url, _ = await house.hook()
    head = await asyncio.to_thread(git, house.folder, "rev-parse", "HEAD")
    for ref in ("refs/pull/7/head", head, "nosuch", "refs/heads/nosuch", "pull/7/head", "a b", ""):
        answer = await house.call(url, ref=ref)
        assert (answer.status_code, answer.json()["code"]) == (400, "INVALID"), ref
        assert str(house.folder) not in answer.text
    assert not await Task.all().exists()


async def test_a_repository_that_may_not_be_reached_any_more(house):
    """It is no fault of the server's, and whoever calls is not told where it is."""
    url, _ = await house.hook()
    same = Application.filter(id=house.application.id)
    for address in ("ftp://git.example.com/a.git", "https://127.0.0.1:x/a.git"):
        await same.update(repo_url=address)
        answer = await house.call(url)
        assert (answer.status_code, answer.json()["code"]) == (409, "CONFLICT")
        assert "127.0.0.1" not in answer.text
        assert "example" not in answer.text


async def test_twenty_calls_under_one_key_make_one_task(house):
    """All at the same time, and later ones too; for another request the key is refused."""
    url, _ = await house.hook()
    key = {"idempotencyKey": "k" * 128}

    answers = await asyncio.gather(*(house.call(url, **key) for _ in range(PARALLEL)))

    assert sorted(answer.status_code for answer in answers) == [200] * (PARALLEL - 1) + [202]
    (task_id,) = {answer.json()["taskId"] for answer in answers}
    late = await house.call(url, **key)
    assert (late.status_code, late.json()) == (200, {"taskId": task_id})
    other = await house.call(url, **key, ref="v1")
    assert (other.status_code, other.json()["code"]) == (409, "IDEMPOTENCY_KEY_REUSED")
    assert await Task.all().count() == 1


async def test_keys_are_a_hooks_own(house):
    """Another hook's, also of the same environment, and those of the API never meet them."""
    urls = [(await house.hook(name))[0] for name in ("a", "b")]
    urls.append((await house.hook("a", "live"))[0])
    given = [(await house.call(url, idempotencyKey="1")).json()["taskId"] for url in urls]
    stored = await Task.all().values_list("idempotency_key", flat=True)
    for key in ("1", stored[0]):
        answer = await house.api.execute(DEPLOY, house.owner, id=house.application.id, key=key)
        given.append(answer["deploy"].get("task", {}).get("id"))
    assert len(set(given[:4])) == 4
    assert given[4] not in given[:4]


async def test_a_hook_is_called_so_often_and_no_more(house):
    """Calls that are refused count; another hook has a count of its own, also a new address."""
    url, hook_id = await house.hook()
    for _ in range(CALLS_MAX):
        assert (await house.http.post(url, content=b"no")).status_code == 400

    answer = await house.call(url)

    assert (answer.status_code, answer.json()["code"]) == (429, "LIMIT_EXCEEDED")
    assert 1 <= int(answer.headers["retry-after"]) <= 60
    other, _ = await house.hook("other")
    assert (await house.call(other)).status_code == 202
    rotated = await house.api.execute(ROTATE, house.owner, id=hook_id)
    assert (await house.call(rotated["rotateDeployHook"]["url"])).status_code == 429


@pytest.mark.parametrize(
    "body",
    [
        b"no",
        b"[]",
        b'"main"',
        b"ref=main",
        b'{"ref": 1}',
        b'{"ref": ["main"]}',
        b'{"Ref": "main"}',
        b'{"idempotencykey": "1"}',
        b'{"idempotencyKey": ""}',
        b'{"message": "\\u0000"}',
        b'{"message": "\\ud800"}',
        b'{"message": "\xff"}',
        json.dumps({"idempotencyKey": "k" * 129}).encode(),
        json.dumps({"message": "m" * 2001}).encode(),
        b"[" * 8000,
        b'{"ref": ' + b"9" * 8000 + b"}",
    ],
)
async def test_a_body_that_is_no_call(house, body):
    """Is refused whole; a word that is not known is no word for something else."""
    url, _ = await house.hook()
    answer = await house.http.post(url, content=body)
    assert (answer.status_code, answer.json()["code"]) == (400, "INVALID")
    assert answer.json()["error"]
    assert not await Task.all().exists()


async def test_each_rule_that_is_broken_is_named(house):
    """By the field and what it must be."""
    url, _ = await house.hook()
    answer = await house.call(url, ref="a b", message="m" * 2001)
    issues = {issue["field"][0]: issue["message"] for issue in answer.json()["issues"]}
    assert set(issues) == {"ref", "message"}
    assert all(issues.values())
    chinese = await house.http.post(url, json={"ref": "a b"}, headers={"Accept-Language": "zh"})
    said = chinese.json()
    for text in (said["error"], said["remedy"], said["issues"][0]["message"]):
        assert any("\u4e00" <= each <= "\u9fff" for each in text), text


async def test_a_body_that_is_too_large(house):
    """Whether it says so or is read to there."""
    url, _ = await house.hook()

    async def endless():
        while True:
            yield b" " * 1024

    for content in (b" " * (BODY_BYTES_MAX + 1), endless()):
        answer = await house.http.post(url, content=content)
        assert (answer.status_code, answer.json()["code"]) == (413, "LIMIT_EXCEEDED")
    assert (await house.http.post(url, content=b" " * BODY_BYTES_MAX)).status_code == 202


async def test_what_is_no_address(house):
    """All are answered alike; only a POST calls."""
    url, hook_id = await house.hook()
    base, _, token = url.rpartition("/")
    for wrong in (
        f"{HOOK_PREFIX}{'A' * 43}",
        token[:-1],
        token[4:],
        token.swapcase(),
        hook_id,
        hash_token(token),
        "%00",
        "%ff",
        "x" * 5000,
    ):
        answer = await house.http.post(f"{base}/{wrong}", json={"ref": 1})
        assert (answer.status_code, answer.json()) == (404, UNKNOWN)
    for method in ("GET", "HEAD", "PUT", "DELETE", "PATCH"):
        assert (await house.http.request(method, url)).status_code == 405
    assert not await Task.all().exists()


async def test_a_revoked_hook_deploys_nothing(house):
    """From the moment that the answer is there; what runs already goes on."""
    url, hook_id = await house.hook()
    assert (await house.call(url)).status_code == 202

    calls = [house.call(url) for _ in range(PARALLEL)]
    revoking = house.api.execute(REVOKE, house.owner, id=hook_id)
    *answers, revoked = await asyncio.gather(*calls, revoking)

    assert revoked == {"revokeDeployHook": {"deletedId": hook_id}}
    codes = Counter(answer.status_code for answer in answers)
    assert set(codes) <= {202, 404}
    late = await house.call(url)
    assert (late.status_code, late.json()) == (404, UNKNOWN)
    assert await Task.all().count() == 1 + codes[202]
    again = await house.api.execute(REVOKE, house.owner, id=hook_id)
    assert again == {"revokeDeployHook": {"code": "NOT_FOUND"}}


@pytest.mark.parametrize("end", ["revoked", "rotated"])
async def test_a_hook_that_ends_while_it_is_called(house, end):
    """A call under way is looked at once more when its task is stored."""
    url, hook_id = await house.hook()

    async def body():
        yield b"{"
        mutation = REVOKE if end == "revoked" else ROTATE
        await house.api.execute(mutation, house.owner, id=hook_id)
        yield b"}"

    answer = await house.http.post(url, content=body())

    assert (answer.status_code, answer.json()) == (404, UNKNOWN)
    assert not await Task.all().exists()


async def test_a_new_address(house):
    """The old one is nobody's at once; id and name stay, and so do the keys."""
    url, hook_id = await house.hook()
    first = await house.call(url, idempotencyKey="1")

    made = (await house.api.execute(ROTATE, house.owner, id=hook_id))["rotateDeployHook"]

    assert made["deployHook"]["id"] == hook_id
    assert made["deployHook"]["lastUsedTime"] is None
    assert made["url"].rpartition("/")[2].startswith(made["deployHook"]["prefix"])
    assert (await house.call(url)).status_code == 404
    again = await house.call(made["url"], idempotencyKey="1")
    assert (again.status_code, again.json()) == (200, first.json())


async def test_an_environment_has_so_many_hooks_and_no_more(house):
    """Whoever makes them at the same time; their names differ; another environment has its own."""
    names = [f"hook {number}" for number in range(HOOKS_PER_ENVIRONMENT_MAX + 5)]
    made = await asyncio.gather(*(house.create(name) for name in names))
    assert Counter(each.get("code") for each in made) == {
        None: HOOKS_PER_ENVIRONMENT_MAX,
        "LIMIT_EXCEEDED": 5,
    }
    listed = await house.listed()
    assert len(listed) == HOOKS_PER_ENVIRONMENT_MAX
    times = [each["createdTime"] for each in listed]
    assert times == sorted(times, reverse=True)
    same = await asyncio.gather(*(house.create("one", "live") for _ in range(5)))
    assert Counter(each.get("code") for each in same) == {None: 1, "ALREADY_EXISTS": 4}
    assert {tuple(each["field"]) for each in same if "code" in each} == {("name",)}


@pytest.mark.parametrize("name", ["", "  ", "x" * 65, "a\0b"])
async def test_a_name_is_a_label(house, name):
    """Of 1 to 64 characters."""
    answer = await house.create(name)
    assert answer["code"] == "INVALID"
    assert {tuple(issue["field"]) for issue in answer["issues"]} == {("name",)}


async def test_no_hook_where_there_is_no_environment(house):
    """The problem names the field."""
    answer = await house.create("ci", "nowhere")
    assert (answer["code"], answer["field"]) == ("NOT_FOUND", ["envName"])


DELETE_ENVIRONMENT = """mutation ($id: ID!, $name: String!) { deleteEnvironment(input: {
  applicationId: $id, name: $name}) { __typename } }"""
DELETE_APPLICATION = """mutation ($id: ID!) { deleteApplication(input: {
  applicationId: $id, confirmName: "web"}) { __typename } }"""


async def test_a_hook_goes_with_what_it_deploys(house):
    """With its environment, then the others with the application."""
    test, _ = await house.hook()
    live, _ = await house.hook("ci", "live")
    given = {"id": house.application.id}

    await house.api.execute(DELETE_ENVIRONMENT, house.owner, **given, name="test")
    assert [(await house.call(url)).status_code for url in (test, live)] == [404, 202]
    assert await DeployHook.all().count() == 1
    await house.api.execute(DELETE_APPLICATION, house.owner, **given)
    assert (await house.call(live)).json() == UNKNOWN
    assert not await DeployHook.all().exists()


async def test_an_environment_that_goes_while_it_is_called(house):
    """The hook has gone with it."""
    url, _ = await house.hook()

    async def body():
        given = {"id": house.application.id, "name": "test"}
        await house.api.execute(DELETE_ENVIRONMENT, house.owner, **given)
        yield b"{}"

    answer = await house.http.post(url, content=body())
    assert (answer.status_code, answer.json()) == (404, UNKNOWN)


async def test_a_hook_stays_behind_when_its_application_moves(house):
    """The new team makes its own."""
    url, _ = await house.hook()
    await Org.create(id="u_owner:other", user=house.owner, name="other", role="OWNER", secrets={})
    for name, given in (
        ("transferApplication", {"toOrgName": "other"}),
        ("acceptApplication", {}),
    ):
        kind = name[0].upper() + name[1:]
        query = f"mutation ($input: {kind}Input!) {{ {name}(input: $input) {{ __typename }} }}"
        whole = {"applicationId": house.application.id, **given}
        answer = await house.api.execute(query, house.owner, input=whole)
        assert answer[name]["__typename"] == f"{kind}Payload"

    assert (await house.call(url)).status_code == 404
    assert not await DeployHook.all().exists()
    assert await Environment.all().count() == 2


async def test_a_repository_that_cannot_be_reached(house):
    """The task is there and will say so, as for any deploy."""
    url, _ = await house.hook()
    await Application.all().update(repo_url="http://127.0.0.1:1/x.git")
    answer = await house.call(url, ref="main")
    assert answer.status_code == 202
    task = await Task.get(id=answer.json()["taskId"])
    assert (task.ref, task.commit, task.status) == ("main", None, TaskStatus.PENDING)


async def test_the_address_is_kept_nowhere(house):
    """Its hash is, and its beginning; what a task and the audit log keep does not lead to it."""
    url, hook_id = await house.hook()
    rotated = await house.api.execute(ROTATE, house.owner, id=hook_id)
    new = rotated["rotateDeployHook"]["url"]
    for each in (url, new):
        await house.call(each, message="Go", idempotencyKey=str(uuid4()))

    rows = [str(await model.all().values()) for model in Tortoise.apps["rollway"].values()]

    for token in (url.rpartition("/")[2], new.rpartition("/")[2]):
        assert token.startswith(HOOK_PREFIX)
        assert not [row for row in rows if token in row or token[12:] in row]
    assert (await DeployHook.get(id=hook_id)).token_hash == hash_token(token)
    tasks = str(await Task.all().values())
    assert hash_token(token) not in tasks
    assert hash_token(token) not in str(await AuditEntry.all().values())
