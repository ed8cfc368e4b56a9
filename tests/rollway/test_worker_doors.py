"""The doors for workers elsewhere: each reaches the tasks it was given, and nothing else."""

import asyncio
from contextlib import aclosing
from datetime import UTC, datetime, timedelta

import httpx2
import pytest

from auth import machines
from control.port import Dismissed, EventsRefused, Lease, LeaseLost
from control.pubsub import MemoryPubSub
from control.queue.presence import Stranded, Workers
from control.remote.wire import write_event
from db.audit import Act
from db.chains import AuditEntry
from db.machines import WorkerMachine
from db.models import LogChunk, Org, Task
from engine.events import Output, Planned, StepChanged, TaskChanged, now
from engine.state import StepStatus, TaskStatus
from rollway.remote.line import Line
from rollway.remote.queue import RemoteQueue

SECRET = "hunter2-the-canary"
DEPLOY = """mutation ($id: ID!, $env: String!) { deploy(input: {
  applicationId: $id, envName: $env, commit: "0123456789012345678901234567890123456789"}) {
  ... on DeployPayload { task { id } } ... on Problem { code message } } }"""
SET = """mutation ($id: ID!, $value: String!) { setSecrets(input: {
  applicationId: $id, envName: "test", set: [{key: "KEY", value: $value}]}) { __typename } }"""
CREATE = """mutation ($org: String!, $name: String!) { createWorker(input: {
  orgName: $org, name: $name, labels: ["linux", "gpu"]}) {
  ... on CreateWorkerPayload { token worker { id registered } } ... on Problem { code } } }"""
LIST = """query ($name: String!) { org(name: $name) { workers {
  id name labels shared registered version slots running online lastContactTime } } }"""
REMOVE = """mutation ($id: ID!) { removeWorker(input: {workerId: $id}) {
  ... on RemoveWorkerPayload { deletedId } ... on Problem { code } } }"""


class House:
    """A server in this process, two teams with an application each, and workers of theirs."""

    def __init__(self, api, http, teams):
        self.api = api
        self.http = http
        self.teams = teams

    async def post(self, path, body, credential=None, session=None):
        """Return status and document of an answer."""
        headers = {"Authorization": f"Bearer {credential}"} if credential else {}
        headers |= {"Rollway-Session": session} if session else {}
        answer = await self.http.post(f"/worker/{path}", json=body, headers=headers)
        return answer.status_code, answer.json()

    async def token(self, team, name="box"):
        """Return the registration token and the id of a new worker; no team: of all teams."""
        if team is None:
            row, token = await machines.create(name, [], None, None)
            return token, row.id
        made = await self.api.execute(CREATE, self.teams[team][0], org=team, name=name)
        return made["createWorker"]["token"], made["createWorker"]["worker"]["id"]

    async def worker(self, team, name="box"):
        """Return credential and session of a worker that has begun to work."""
        token, _ = await self.token(team, name)
        credential = machines.new_credential()
        assert (await self.post("register", {"token": token, "credential": credential}))[0] == 200
        return credential, await self.session(credential)

    async def session(self, credential):
        """Return a new session."""
        status, begun = await self.post("session", {"version": "1", "slots": 2}, credential)
        assert status == 200
        return begun["session"]

    async def deploy(self, team, env="test"):
        """Queue a task; return its id."""
        owner, application = self.teams[team]
        answer = await self.api.execute(DEPLOY, owner, id=application.id, env=env)
        return answer["deploy"]["task"]["id"]

    async def claim(self, worker, held=(), *, only_lost=False, wait=0):
        """Return what a claim is given."""
        body = {"waitSeconds": wait, "held": list(held), "onlyLost": only_lost}
        status, answer = await self.post("claim", body, *worker)
        assert status == 200, answer
        return answer["assignment"]

    def queue(self, worker, lease_seconds=10.0):
        """Return the queue as a worker elsewhere has it."""
        line = Line(["http://door"], worker[0])
        line.session = worker[1]
        line._http._transport = self.http._transport
        return RemoteQueue(line, lease_seconds)


@pytest.fixture
async def house(api, application_of):
    """Both teams have a secret."""
    teams = {}
    for name in ("acme", "beta"):
        owner = await api.user(f"{name}-owner")
        org = await Org.create(
            id=f"{owner.id}:{name}", user=owner, name=name, role="OWNER", secrets={}
        )
        teams[name] = owner, await application_of(org, "web")
        await api.execute(SET, owner, id=teams[name][1].id, value=f"{SECRET}-{name}")
    transport = httpx2.ASGITransport(api.server.app())
    async with httpx2.AsyncClient(transport=transport, base_url="http://door") as http:
        yield House(api, http, teams)


async def test_a_registration_token_is_good_once(house):
    """A second worker gets nothing by it; the first one may ask again, its answer may be lost."""
    token, _ = await house.token("acme")
    mine, thief = machines.new_credential(), machines.new_credential()
    answers = [
        await house.post("register", {"token": token, "credential": each})
        for each in (mine, thief, mine, "guessed")
    ]
    late, late_id = await house.token("acme", "late")
    past = datetime.now(UTC) - timedelta(seconds=1)
    await WorkerMachine.filter(id=late_id).update(token_expires_time=past)
    expired = await house.post("register", {"token": late, "credential": thief})

    assert [status for status, _ in answers] == [200, 401, 200, 401]
    assert expired[0] == 401
    assert expired[1]["code"] == "REGISTRATION_REFUSED"
    assert (await house.post("session", {"version": "1", "slots": 1}, thief))[0] == 401


async def test_a_worker_of_a_team_is_given_its_tasks_alone(house):
    """Secrets come with them; a shared worker is given those of all teams, the oldest first."""
    theirs = await house.worker("acme")
    foreign = await house.deploy("beta")
    assert await house.claim(theirs) is None
    own = await house.deploy("acme")
    given = await house.claim(theirs)
    shared = await house.claim(await house.worker(None))

    assert (given["taskId"], given["team"]) == (own, "acme")
    assert given["contexts"]["secrets"] == {"KEY": f"{SECRET}-acme"}
    assert (shared["taskId"], shared["team"]) == (foreign, "beta")


async def test_a_stolen_credential_reads_nothing_but_its_tasks(house):
    """Whatever is asked about the task of another worker is answered as for one that is not."""
    await house.deploy("acme")
    given = await house.claim(await house.worker("acme"))
    thief = await house.worker("acme", "thief")
    before = await Task.get(id=given["taskId"]).values()
    lines = [write_event(Output(time=now(), index=0, first_line=1, text="forged\n"))]
    end = write_event(TaskChanged(time=now(), status=TaskStatus.SUCCESS))
    for path, more in (
        ("append", {"position": 0, "events": lines}),
        ("finish", {"event": end}),
        ("abandon", {}),
    ):
        answers = [
            await house.post(path, {"taskId": task_id, "epoch": given["epoch"], **more}, *thief)
            for task_id in (given["taskId"], "t_none")
        ]
        assert answers[0] == answers[1]
        assert answers[0][0] == 403
        assert SECRET not in str(answers)
    lease = {"taskId": given["taskId"], "epoch": given["epoch"]}
    beat = await house.post("beat", {"leases": [lease]}, *thief)

    assert beat == (200, {"cancel": {}, "lost": [given["taskId"]]})
    assert await house.claim(thief) is None
    assert await house.claim(thief, only_lost=True) is None
    assert await Task.get(id=given["taskId"]).values() == before


async def test_who_is_not_known_is_told_so(house):
    """No credential, a wrong one, one of a removed worker, another process's session."""
    worker = await house.worker("acme")
    body = {"leases": []}
    wrong = [
        await house.post("beat", body),
        await house.post("beat", body, machines.new_credential(), worker[1]),
    ]
    newer = await house.session(worker[0])
    old = await house.post("beat", body, *worker)
    fine = await house.post("beat", body, worker[0], newer)
    (listed,) = (await house.api.execute(LIST, house.teams["acme"][0], name="acme"))["org"][
        "workers"
    ]
    removed = await house.api.execute(REMOVE, house.teams["acme"][0], id=listed["id"])
    gone = await house.post("beat", body, worker[0], newer)

    assert [status for status, _ in wrong] == [401, 401]
    assert (old[0], old[1]["code"], fine[0]) == (410, "SESSION_GONE", 200)
    assert removed["removeWorker"]["deletedId"] == listed["id"]
    assert (gone[0], gone[1]["code"]) == (401, "WORKER_UNKNOWN")
    assert listed["lastContactTime"]
    assert {**listed, "id": "", "lastContactTime": ""} == {
        "id": "",
        "name": "box",
        "labels": ["gpu", "linux"],
        "shared": False,
        "registered": True,
        "version": "1",
        "slots": 2,
        "running": 0,
        "online": True,
        "lastContactTime": "",
    }


BAD = [
    ("claim", {"waitSeconds": 99, "held": [], "onlyLost": False}),
    ("claim", {"waitSeconds": 0, "held": "all", "onlyLost": False}),
    ("claim", []),
    ("beat", {"leases": [{"taskId": "t", "epoch": "1"}]}),
    ("beat", {"leases": [{"taskId": "t\0", "epoch": 1}]}),
    ("append", {"position": -1, "events": []}),
    ("append", {"position": 0, "events": [{"kind": "x", "time": "2026-01-01T00:00:00+00:00"}]}),
    ("append", {"position": 0, "events": [{"kind": "output", "time": "2026-01-01T00:00:00"}]}),
    ("append", {"position": 0, "events": [{"kind": "task", "time": "now", "status": "success"}]}),
    ("finish", {"event": write_event(TaskChanged(time=now(), status=TaskStatus.PENDING))}),
    ("finish", {"event": write_event(TaskChanged(time=now(), status=TaskStatus.LOST))}),
]


@pytest.mark.parametrize(("path", "body"), BAD)
async def test_what_is_not_right_is_refused_whole(house, path, body):
    """400 that says where, and nothing is written."""
    worker = await house.worker("acme")
    await house.deploy("acme")
    given = await house.claim(worker)
    if path in {"append", "finish"}:
        body = {"taskId": given["taskId"], "epoch": given["epoch"], **body}
    before = await Task.get(id=given["taskId"]).values()
    status, answer = await house.post(path, body, *worker)

    assert (status, answer["code"]) == (400, "INVALID")
    assert answer["error"]
    assert await Task.get(id=given["taskId"]).values() == before


async def test_a_task_is_reported_through_the_doors(house):
    """Events come in order and once, whatever is sent again; how it ended wins once."""
    queue = house.queue(await house.worker("acme"))
    task_id = await house.deploy("acme")
    given = await queue.claim("", 0.0)
    time = now()
    long = [Output(time=time, index=0, first_line=at + 1, text="x" * 60_000) for at in range(20)]
    events = [
        StepChanged(time=time, index=0, status=StepStatus.RUNNING),
        *long,
        Planned(time=time, steps=("one",), pipeline="steps: []", commit="0" * 40),
    ]
    await queue.append(given.lease, 0, events)
    await queue.append(given.lease, 0, events)
    await queue.append(given.lease, 5, events[5:])
    with pytest.raises(EventsRefused):
        await queue.append(given.lease, len(events), [events[-1]])
    task = await Task.get(id=task_id)
    await house.api.server.queue.cancel(task_id, "enough")
    beat = await queue.beat("", [given.lease])
    await queue.finish(given.lease, TaskChanged(time=time, status=TaskStatus.SUCCESS))
    with pytest.raises(LeaseLost):
        await queue.finish(given.lease, TaskChanged(time=time, status=TaskStatus.SUCCESS))

    assert given.lease == Lease(task_id, 1)
    assert task.received == len(events)
    assert await LogChunk.filter(task_id=task_id).count() == len(long)
    assert dict(beat.cancel) == {task_id: "enough"}
    assert (await Task.get(id=task_id)).status == "cancelled"


async def test_a_claim_whose_answer_was_lost_is_answered_again(house):
    """The same task, until the worker says that it holds it, and never to another process."""
    worker = await house.worker("acme")
    task_id = await house.deploy("acme")
    lost, again = await house.claim(worker), await house.claim(worker, only_lost=True)
    held = [{"taskId": task_id, "epoch": again["epoch"]}]

    assert lost == again
    assert await house.claim(worker, held) is None
    assert await house.claim((worker[0], await house.session(worker[0]))) is None


async def test_a_claim_is_held_until_there_is_a_task(house):
    """And a newer one of the same process takes its place."""
    worker = await house.worker("acme")
    async with asyncio.timeout(30):
        older = asyncio.create_task(house.claim(worker, wait=30))
        await asyncio.sleep(0.2)
        newer = asyncio.create_task(house.claim(worker, wait=30))
        assert await older is None
        task_id = await house.deploy("acme")
        assert (await newer)["taskId"] == task_id
        last = asyncio.create_task(house.claim(worker, [(await newer)], wait=30))
        await asyncio.sleep(0.2)
        house.api.server.leave()
        assert await last is None


async def test_a_removed_worker_is_dismissed(house):
    """It is told in a way that makes it stop what it runs."""
    queue = house.queue(await house.worker("acme"))
    await WorkerMachine.all().delete()
    with pytest.raises(Dismissed):
        await queue.beat("", [])
    with pytest.raises(Dismissed):
        await queue.claim("", 0.0)


async def test_a_stranger_sends_no_large_bodies(house):
    """Nobody's body is read who has not shown a credential, but for what registers."""
    big = {"token": "x" * 20_000, "credential": ""}
    refused = await house.post("append", big)
    registering = await house.post("register", big)
    worker = await house.worker("acme")
    allowed = await house.post(
        "append", {"taskId": "t", "epoch": 1, "more": "x" * 300_000}, *worker
    )

    assert (refused[0], registering[0], allowed[0]) == (401, 413, 403)


async def test_a_claim_ends_with_who_asked(house):
    """The connection of a worker that died takes no task with it."""
    credential, session = await house.worker("acme")
    body = b'{"waitSeconds": 30, "held": [], "onlyLost": false}'
    messages = asyncio.Queue()
    messages.put_nowait({"type": "http.request", "body": body, "more_body": False})
    named = {"authorization": f"Bearer {credential}", "rollway-session": session}
    scope = {
        "type": "http",
        "http_version": "1.1",
        "method": "POST",
        "path": "/worker/claim",
        "raw_path": b"/worker/claim",
        "query_string": b"",
        "root_path": "",
        "scheme": "http",
        "headers": [(name.encode(), value.encode()) for name, value in named.items()],
        "client": ("192.0.2.9", 1),
        "server": ("door", 80),
        "state": {},
    }
    sent = []

    async def send(message):
        sent.append(message)

    claiming = asyncio.create_task(house.api.server.app()(scope, messages.get, send))
    await asyncio.sleep(0.3)
    assert not claiming.done()
    messages.put_nowait({"type": "http.disconnect"})
    async with asyncio.timeout(15):
        await claiming
    task_id = await house.deploy("acme")

    assert (await Task.get(id=task_id)).status == "pending"
    assert (await house.claim((credential, session)))["taskId"] == task_id


async def test_a_claim_whose_answer_is_lost_for_good_goes_to_another(house):
    """Three heartbeats do not name it; who has it after all, too late, may not begin."""
    deaf, other = await house.worker("acme"), await house.worker("acme", "other")
    task_id = await house.deploy("acme")
    swallowed = await house.claim(deaf)
    await house.api.server.queue.reap()
    early = (await Task.get(id=task_id)).status
    ago = datetime.now(UTC) + timedelta(seconds=3)  # of a lease of ten seconds
    await Task.filter(id=task_id).update(lease_expires_time=ago)
    assert (await house.post("beat", {"leases": []}, *deaf))[0] == 200
    await house.api.server.queue.reap()
    released = (await Task.get(id=task_id)).status
    given = await house.claim(other)
    begin = {"taskId": task_id, "position": 0, "events": []}
    late = await house.post("append", {**begin, "epoch": swallowed["epoch"]}, *deaf)
    again = await house.post("append", {**begin, "epoch": given["epoch"]}, *other)

    assert (early, released) == ("running", "pending")
    assert given["epoch"] > swallowed["epoch"]
    assert late == (403, {"code": "TASK_OF_ANOTHER", "error": late[1]["error"]})
    assert again == (200, {})
    assert not (await Task.get(id=task_id)).unconfirmed


async def test_a_worker_elsewhere_confirms_before_it_begins(house):
    """An append of nothing is sent too, and a named lease is left alone until then."""
    queue = house.queue(await house.worker("acme"))
    task_id = await house.deploy("acme")
    given = await queue.claim("", 0.0)
    await Task.filter(id=task_id).update(lease_expires_time=datetime.now(UTC))
    await queue.beat("", [given.lease])
    await house.api.server.queue.reap()
    assert (await Task.get(id=task_id)).unconfirmed
    await queue.append(given.lease, 0, ())

    task = await Task.get(id=task_id)
    assert (task.status, task.unconfirmed) == ("running", False)


async def test_a_cancel_between_two_held_requests_is_not_missed(house):
    """Its bell rings while the worker beats; it hears of it by the next request, not by its end."""
    server = house.api.server
    server.doors._lease_seconds = server.queue._queue.lease_seconds = 3600.0
    queue = house.queue(await house.worker("acme"), 3600.0)
    first, second = await house.deploy("acme"), await house.deploy("acme", "live")
    leases = [(await queue.claim("")).lease for _ in range(2)]
    async with aclosing(queue.control("")) as calls:
        await server.queue.cancel(first, "enough")
        await anext(calls)
        told = await queue.beat("", leases)
        await server.queue.cancel(second, "enough too")
        await anext(calls)

    assert told.cancel == {first: "enough"}
    assert set((await queue.beat("", leases)).cancel) == {first, second}


ROUTE = """mutation ($id: ID!, $labels: [String!]!) { updateEnvironment(input: {
  applicationId: $id, name: "test", runsOn: $labels}) {
  ... on UpdateEnvironmentPayload { environment { runsOn } }
  ... on InvalidProblem { issues { field message } } } }"""
STUCK = "query ($id: ID!) { task(id: $id) { runsOn waitingFor } }"


async def test_labels_decide_which_worker_is_given_a_task(house):
    """Those of its making, and `team`; a task keeps what it needed when it was asked for."""
    owner, application = house.teams["acme"]

    async def route(*labels):
        answer = await house.api.execute(ROUTE, owner, id=application.id, labels=labels)
        return answer["updateEnvironment"]

    stuck = {"runsOn": ["arm64"], "waitingFor": "WORKER"}
    theirs, shared = await house.worker("acme"), await house.worker(None)
    assert await route("linux", "team") == {"environment": {"runsOn": ["linux", "team"]}}
    task_id = await house.deploy("acme")
    await route("arm64")
    waiting = await house.deploy("acme")
    assert await house.claim(shared) is None
    given = await house.claim(theirs)
    await Stranded(MemoryPubSub(), Workers()).look()
    shown = [
        (await house.api.execute(STUCK, owner, id=each))["task"] for each in (task_id, waiting)
    ]
    bad = await route("a b", "x", "x", *"cdefgh")
    audit = await AuditEntry.filter(action=Act.ENVIRONMENT_UPDATED.value).order_by("-seq").first()

    assert given["taskId"] == task_id
    assert shown == [{"runsOn": ["linux", "team"], "waitingFor": None}, stuck]
    assert [issue["field"] for issue in bad["issues"]] == [
        ["runsOn"],
        ["runsOn", "0"],
        ["runsOn", "2"],
    ]
    assert (audit.before["runsOn"], audit.after["runsOn"]) == (["linux", "team"], ["arm64"])
