"""Artifacts of workers elsewhere: sent while their task runs, by the worker that runs it."""

import asyncio
from pathlib import PurePath

import pytest

from control.remote.wire import write_event
from db.machines import WorkerMachine
from db.models import Task
from engine.events import TaskChanged, now
from engine.state import TaskStatus
from engine.store import FILE_BYTES_MIN, NotKept, Store
from rollway.connections.seats import Seats
from rollway.remote import arrivals
from rollway.remote.line import Line
from rollway.remote.sending import NotSent, SendingStore
from tests.rollway import test_worker_doors as doors

house = doors.house

SHOWN = "query ($id: ID!) { task(id: $id) { artifacts { name } } }"
BYTES = bytes(range(256)) * 4096


def put(house, worker, task, content, name="site"):
    """Return the answer to an artifact."""
    headers = {"Authorization": f"Bearer {worker[0]}", "Rollway-Session": worker[1]}
    query = {"task": task, "name": name}
    return house.http.put("/worker/artifact", params=query, content=content, headers=headers)


def kept(house, task, name="site"):
    """Return what the server has of an artifact."""
    return house.api.server.services.store.artifact(task, name).read_bytes()


async def test_an_artifact_is_taken_from_who_runs_the_task(house):
    """Not from another worker, not for another task, and not when it has ended."""
    worker, thief = await house.worker("acme"), await house.worker("acme", "thief")
    task = await house.deploy("acme")
    given = await house.claim(worker)
    taken = await put(house, worker, task, BYTES)
    refused = [
        await put(house, thief, task, b"forged"),
        await put(house, worker, "t_none", b"forged"),
        await put(house, worker, "../cache", b"forged"),
        await put(house, worker, task, b"", "x" * 101),
        await put(house, ("rww_" + "x" * 43, worker[1]), task, b"forged"),
        await put(house, (worker[0], "w_old"), task, b"forged"),
    ]
    end = {"taskId": task, "epoch": given["epoch"]}
    assert (await house.post("abandon", end, *worker))[0] == 200
    late = await put(house, worker, task, b"forged")

    assert (taken.status_code, taken.json()) == (200, {"bytes": len(BYTES)})
    assert [answer.status_code for answer in (*refused, late)] == [
        403,
        403,
        403,
        400,
        401,
        410,
        403,
    ]
    assert kept(house, task) == BYTES


async def test_artifacts_have_bounds(house, monkeypatch, tmp_path):
    """Too large a one is not kept, nor is one that comes while many do; nothing is left behind."""
    store = Store(tmp_path, entry_bytes_max=1000)
    monkeypatch.setattr(house.api.server.doors._arrivals, "_store", store)
    worker = await house.worker("acme")
    task = await house.deploy("acme")
    await house.claim(worker)
    large = await put(house, worker, task, bytes(1001))
    fits = await put(house, worker, task, bytes(1000), "fits")
    monkeypatch.setattr(house.api.server.doors._arrivals, "_seats", Seats(1, 0))
    busy = await put(house, worker, task, b"", "busy")

    assert [each.status_code for each in (large, fits, busy)] == [413, 200, 503]
    assert [each.name for each in store.artifacts(task)] == ["fits"]
    assert not list((tmp_path / "incoming").iterdir())


async def test_a_worker_sends_what_it_keeps(house, tmp_path):
    """It is the step's fault to name what it cannot send; without the lease nothing is sent."""
    worker = await house.worker("acme")
    task = await house.deploy("acme")
    await house.claim(worker)
    line = Line(["http://door"], worker[0])
    line.session = worker[1]
    line._http._transport = house.http._transport
    store = SendingStore(tmp_path / "data", line)
    workspace = tmp_path / "workspace"
    workspace.mkdir()
    await asyncio.to_thread((workspace / "a.tar").write_bytes, BYTES)
    size = await store.keep_artifact("acme", task, "site", workspace, PurePath("a.tar"))

    assert size == len(BYTES)
    assert kept(house, task) == BYTES
    with pytest.raises(NotSent, match="not this worker's"):
        await store.keep_artifact("acme", "t_none", "site", workspace, PurePath("a.tar"))
    with pytest.raises(NotKept):
        kept(house, "t_none")
    await line.close()


async def halves(between):
    """Yield an artifact in two halves, and do something between them."""
    yield BYTES
    await between()
    yield BYTES


def left(house):
    """Return the files of uploads that are under way."""
    return list((house.api.server.services.store._incoming).iterdir())


async def _ended(house, worker, given):
    end = write_event(TaskChanged(time=now(), status=TaskStatus.SUCCESS))
    lease = {"taskId": given["taskId"], "epoch": given["epoch"]}
    assert (await house.post("finish", {**lease, "event": end}, *worker))[0] == 200


async def _given_again(_house, _worker, given):
    await Task.filter(id=given["taskId"]).update(epoch=2)


async def _begun_anew(house, worker, _given):
    await house.session(worker[0])


async def _removed(_house, _worker, _given):
    await WorkerMachine.all().delete()


@pytest.mark.parametrize(
    ("happens", "code"),
    [
        (_ended, "TASK_OF_ANOTHER"),
        (_given_again, "TASK_OF_ANOTHER"),
        (_begun_anew, "SESSION_GONE"),
        (_removed, "WORKER_UNKNOWN"),
    ],
)
@pytest.mark.parametrize("look_seconds", [0.0, arrivals.LOOK_SECONDS])
async def test_an_artifact_is_taken_from_who_runs_the_task_to_the_last_byte(
    house, monkeypatch, happens, code, look_seconds
):
    """What happens in the middle is seen before the file has its name."""
    monkeypatch.setattr(arrivals, "LOOK_SECONDS", look_seconds)
    worker = await house.worker("acme")
    await house.deploy("acme")
    given = await house.claim(worker)
    content = halves(lambda: happens(house, worker, given))
    answer = await put(house, worker, given["taskId"], content)

    assert answer.json()["code"] == code
    assert left(house) == []
    with pytest.raises(NotKept):
        kept(house, given["taskId"])


async def test_an_artifact_that_is_cut_off_is_not_kept(house):
    """The connection ends in the middle, whatever length was declared."""
    worker = await house.worker("acme")
    task = await house.deploy("acme")
    await house.claim(worker)
    named = {"authorization": f"Bearer {worker[0]}", "rollway-session": worker[1]}
    messages = asyncio.Queue()
    messages.put_nowait({"type": "http.request", "body": BYTES, "more_body": True})
    messages.put_nowait({"type": "http.disconnect"})
    sent = []

    async def send(message):
        sent.append(message)

    scope = {
        "type": "http",
        "http_version": "1.1",
        "method": "PUT",
        "path": "/worker/artifact",
        "raw_path": b"/worker/artifact",
        "query_string": f"task={task}&name=site".encode(),
        "root_path": "",
        "scheme": "http",
        "headers": [(name.encode(), value.encode()) for name, value in named.items()],
        "client": ("192.0.2.9", 1),
        "server": ("door", 80),
        "state": {},
    }
    await house.api.server.app()(scope, messages.get, send)

    assert sent[0]["status"] == 400
    assert left(house) == []
    with pytest.raises(NotKept):
        kept(house, task)


@pytest.mark.parametrize("name", ["", "../x", "a/b", "a\0", 'a"\r\nX: y', ".x", "ä"])
async def test_an_artifact_has_a_name_that_pipelines_may_give(house, name):
    """It is one of a download, and of a file."""
    worker = await house.worker("acme")
    task = await house.deploy("acme")
    await house.claim(worker)
    refused = [
        await put(house, worker, task, b"", name),
        await put(house, worker, f"{task}\0", b""),
    ]

    assert [each.status_code for each in refused] == [400, 400]
    assert house.api.server.services.store.artifacts(task) == []


async def artifacts_of(house, team, task):
    """Return what the API shows of a task's artifacts."""
    shown = await house.api.execute(SHOWN, house.teams[team][0], id=task)
    return {each["name"] for each in shown["task"]["artifacts"]}


async def test_a_team_pushes_out_its_own_artifacts_alone(house, monkeypatch):
    """Whoever sends them: a shared worker's belong to the team whose task it runs."""
    store = house.api.server.services.store
    for bound in ("_artifact_bytes_max", "_one_artifact_bytes_max"):
        monkeypatch.setattr(store, bound, FILE_BYTES_MIN * 3)
    shared, tasks, held = await house.worker(None), {}, []
    for team in ("beta", "acme"):
        tasks[team] = await house.deploy(team)
        given = await house.claim(shared, held)
        held.append({"taskId": given["taskId"], "epoch": given["epoch"]})
    size = FILE_BYTES_MIN * 3 // 2
    for name in ("first", "second"):
        assert (await put(house, shared, tasks["beta"], bytes(size), name)).status_code == 200
    for name in "abcdefgh":
        assert (await put(house, shared, tasks["acme"], bytes(size), name)).status_code == 200
        await asyncio.sleep(0.01)  # a file system may count time in steps
    large = await put(house, shared, tasks["acme"], bytes(FILE_BYTES_MIN * 3 + 1), "large")

    assert await artifacts_of(house, "beta", tasks["beta"]) == {"first", "second"}
    assert await artifacts_of(house, "acme", tasks["acme"]) == {"g", "h"}
    assert large.status_code == 413


async def test_a_worker_asks_before_it_sends(house, monkeypatch):
    """An answer to a large file is lost where the connection ends before all of it was sent."""
    worker, thief = await house.worker("acme"), await house.worker("acme", "thief")
    task = await house.deploy("acme")
    await house.claim(worker)
    offer = {"task": task, "name": "site", "bytes": 1000}
    answers = [
        await house.post("offer", offer, *worker),
        await house.post("offer", offer, *thief),
        await house.post("offer", {**offer, "bytes": 3 * 1024**3}, *worker),
        await house.post("offer", {**offer, "name": "../x"}, *worker),
    ]
    monkeypatch.setattr("engine.store.FREE_BYTES_MIN", 2**60)
    full = await house.post("offer", offer, *worker)

    assert answers[0] == (200, {})
    assert [status for status, _ in answers[1:]] == [403, 413, 400]
    assert (full[0], full[1]["code"]) == (503, "DISK_FULL")


async def never():
    """Yield what must not be asked for."""
    raise AssertionError
    yield b""


async def test_an_artifact_that_says_it_is_too_large_is_not_read(house):
    """Nor one for which the disk has no room."""
    worker = await house.worker("acme")
    task = await house.deploy("acme")
    await house.claim(worker)
    headers = {"Authorization": f"Bearer {worker[0]}", "Rollway-Session": worker[1]}
    query = {"task": task, "name": "site"}
    headers["Content-Length"] = str(3 * 1024**3)
    refused = await house.http.put(
        "/worker/artifact", params=query, content=never(), headers=headers
    )

    assert (refused.status_code, refused.json()["code"]) == (413, "INVALID")


async def test_artifacts_leave_room_on_the_disk(house, monkeypatch):
    """The database may be on it; the worker is told to try again."""
    worker = await house.worker("acme")
    task = await house.deploy("acme")
    await house.claim(worker)
    monkeypatch.setattr("engine.store.FREE_BYTES_MIN", 2**60)
    refused = await put(house, worker, task, BYTES)

    assert (refused.status_code, refused.json()["code"]) == (503, "DISK_FULL")
    assert left(house) == []


async def test_a_task_has_so_many_artifacts(house, monkeypatch, tmp_path):
    """One of them may be replaced; empty ones count, so that nobody's files are without end."""
    store = Store(tmp_path, artifacts_max=2, artifact_bytes_max=FILE_BYTES_MIN * 2)
    monkeypatch.setattr(house.api.server.doors._arrivals, "_store", store)
    worker = await house.worker("acme")
    task = await house.deploy("acme")
    given = await house.claim(worker)
    names = ["a", "b", "a", "c"]
    answers = [(await put(house, worker, task, b"", name)).status_code for name in names]
    assert (answers, len(store.artifacts(task))) == ([200, 200, 200, 413], 2)
    await _ended(house, worker, given)
    second = await house.deploy("acme")
    await house.claim(worker)
    assert (await put(house, worker, second, b"", "d")).status_code == 200
    assert len(store.artifacts(task) + store.artifacts(second)) == 2


async def test_a_slow_artifact_is_ended(house, monkeypatch):
    """A byte now and then does not hold a place for an hour."""
    monkeypatch.setattr(arrivals, "SILENCE_SECONDS", 0.5)

    async def drip():
        for _ in range(100):
            await asyncio.sleep(0.1)
            yield b"x"

    async def steady():
        for _ in range(10):
            await asyncio.sleep(0.1)
            yield b"x" * arrivals.BYTES_PER_SECOND_MIN

    worker = await house.worker("acme")
    task = await house.deploy("acme")
    await house.claim(worker)
    slow = await put(house, worker, task, drip(), "slow")
    fine = await put(house, worker, task, steady(), "fine")

    assert (slow.status_code, fine.status_code) == (408, 200)
    assert [each.name for each in house.api.server.services.store.artifacts(task)] == ["fine"]


async def test_no_team_has_all_the_places_for_artifacts(house):
    """Four of a team at once, and the fifth comes again."""
    sending = asyncio.Event()
    places = []
    for team, names in (("acme", "abcde"), ("beta", "f")):
        worker = await house.worker(team)
        task = await house.deploy(team)
        await house.claim(worker)
        for name in names:
            content = halves(sending.wait)
            places.append(asyncio.create_task(put(house, worker, task, content, name)))
            await asyncio.sleep(0.1)
    refused = await asyncio.wait(places, timeout=2, return_when=asyncio.FIRST_COMPLETED)
    sending.set()
    codes = [(await each).status_code for each in places]

    assert len(refused[0]) == 1
    assert codes == [200, 200, 200, 200, 503, 200]
