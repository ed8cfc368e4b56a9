"""A hostile worker at the doors: what it says is bounded, and it stands in nobody else's way."""

import asyncio
import json
from time import monotonic

import pytest

from auth import machines
from control.port import LogFull
from control.queue.log_room import LogRoom
from control.working.outbox import Report
from db.machines import WorkerMachine
from db.models import LogChunk, Step, Task
from engine.events import Output, Planned, StepChanged, now
from engine.state import StepStatus
from rollway.body import BodiesFull, Room
from rollway.connections.seats import Seats
from rollway.remote.pace import Pace
from rollway.working import roster
from tests.rollway import test_worker_doors as doors

house = doors.house

TIME = now().isoformat()
LINE = {"kind": "output", "time": TIME, "index": 0, "firstLine": 1, "text": "x\n"}
LINE |= {"stream": "output"}
STEP = {"kind": "step", "time": TIME, "index": 0, "status": "running", "truncated": False}
STEP |= {"logBytes": 0}
PLAN = {"kind": "planned", "time": TIME, "steps": ["s"], "pipeline": "steps: []"}
PLAN |= {"commit": "0" * 40}


async def running(house, team="acme"):
    """Return a worker, and the lease of a task that it was given."""
    worker = await house.worker(team)
    await house.deploy(team)
    given = await house.claim(worker)
    return worker, {"taskId": given["taskId"], "epoch": given["epoch"]}


async def append(house, worker, lease, events, position=0):
    """Return status and code of what an append is answered."""
    body = json.dumps({**lease, "position": position, "events": events})
    headers = {"Authorization": f"Bearer {worker[0]}", "Rollway-Session": worker[1]}
    answer = await house.http.post("/worker/append", content=body, headers=headers)
    return answer.status_code, answer.json().get("code")


async def test_of_many_that_register_by_one_token_one_does(house):
    """At the same moment; and nobody by a credential that is another worker's."""
    token, _ = await house.token("acme")
    mine = [machines.new_credential() for _ in range(20)]
    answers = await asyncio.gather(
        *(house.post("register", {"token": token, "credential": each}) for each in mine)
    )
    winner = mine[[status for status, _ in answers].index(200)]
    other, _ = await house.token("beta", "other")
    doubled = await house.post("register", {"token": other, "credential": winner})

    assert sorted(status for status, _ in answers) == [200, *[401] * 19]
    assert (doubled[0], doubled[1]["code"]) == (401, "REGISTRATION_REFUSED")
    assert (await house.post("session", {"version": "1", "slots": 1}, winner))[0] == 200


async def test_a_guessed_token_writes_nothing(house, statements):
    """Strangers may guess as often as they like; the database has one writer where it is SQLite."""
    guess = {"token": "rwr_" + "x" * 43, "credential": machines.new_credential()}
    statements.clear()
    refused = await house.post("register", guess)
    written = [each for each in statements if not each.startswith("SELECT")]

    assert refused[0] == 401
    assert statements
    assert written == []


BAD = [
    {**LINE, "time": "0001-01-01T00:00:00+14:00"},
    {**LINE, "index": 100_000},
    {**STEP, "outputs": {"a\0": "x"}},
    {**STEP, "outputs": {"\ud800": "x"}},
    {**STEP, "outputs": {str(at): "" for at in range(1001)}},
    {**STEP, "logBytes": 2**31},
    {**PLAN, "commit": "--upload-pack=touch /tmp/x"},
    {**PLAN, "commit": "0" * 39},
    {**PLAN, "steps": ["s"] * 1001},
]


@pytest.mark.parametrize("event", BAD)
async def test_what_no_worker_reports_is_refused(house, event):
    """What the database or the API could not take, or could not bear."""
    worker, lease = await running(house)

    assert await append(house, worker, lease, [event]) == (400, "INVALID")
    assert (await Task.get(id=lease["taskId"])).received == 0


async def test_events_leave_no_hole(house):
    """What comes before its turn is refused, and a line whose number no column holds."""
    worker, lease = await running(house)
    last = {**LINE, "firstLine": 2**31 - 1}

    assert await append(house, worker, lease, [LINE], 1) == (422, "EVENTS_REFUSED")
    assert await append(house, worker, lease, [last | {"text": "a\nb\n"}]) == (
        422,
        "EVENTS_REFUSED",
    )
    assert await append(house, worker, lease, [LINE]) == (200, None)
    assert (await Task.get(id=lease["taskId"])).received == 1
    assert await LogChunk.filter(task_id=lease["taskId"]).count() == 1


async def test_a_heartbeat_names_as_many_leases_as_may_be(house):
    """Each of another epoch, too."""
    worker, lease = await running(house)
    others = [{"taskId": f"t_{at}", "epoch": at} for at in range(199)]
    status, beat = await house.post("beat", {"leases": [lease, *others]}, *worker)
    many = await house.post("beat", {"leases": [lease] * 201}, *worker)

    assert status == 200
    assert beat["lost"] == sorted(each["taskId"] for each in others)
    assert many[0] == 400


@pytest.mark.parametrize("part", ["[],", "{},", '"ab",', "1,"])
async def test_millions_of_small_things_are_not_even_read(house, part):
    """They would keep the server for seconds, and take a hundred times their size."""
    worker = await house.worker("acme")
    count = 15_000_000 // len(part)
    body = b'{"events":[' + part.encode() * count + b"0]}"
    headers = {"Authorization": f"Bearer {worker[0]}", "Rollway-Session": worker[1]}
    answer = await house.http.post("/worker/append", content=body, headers=headers)

    assert (answer.status_code, answer.json()["error"]) == (400, "the body has too many parts")


async def test_a_log_of_brackets_and_quotes_is_read(house):
    """What stands in a text is no part, whatever it looks like."""
    worker, lease = await running(house)
    text = '[{"\\": [[' * 12_000
    events = [{**LINE, "firstLine": at + 1, "text": f"{text}\n"} for at in range(20)]
    begun = monotonic()

    assert len(json.dumps(events)) > 2_000_000
    assert await append(house, worker, lease, events) == (200, None)
    assert monotonic() - begun < 30
    chunk = await LogChunk.filter(task_id=lease["taskId"]).order_by("seq").first()
    assert chunk.text == f"{text}\n"


async def test_large_outputs_of_many_steps_arrive(house):
    """A worker that was alone for a while sends them in several portions."""
    worker, lease = await running(house)
    queue = house.queue(worker)
    outputs = {str(at): "x" * 100_000 for at in range(10)}
    names = tuple(f"step {at}" for at in range(20))
    time = now()
    events = [
        StepChanged(time=time, index=0, status=StepStatus.RUNNING),
        Planned(time=time, steps=names, pipeline="steps: []", commit="0" * 40),
        Output(time=time, index=0, first_line=1, text="x\n"),
    ]
    for at in range(1, 21):
        ends = {"status": StepStatus.SUCCESS, "exit_code": 0, "outputs": outputs}
        events.append(StepChanged(time=time, index=at, status=StepStatus.RUNNING))
        events.append(StepChanged(time=time, index=at, **ends))
    await queue.append(doors.Lease(lease["taskId"], lease["epoch"]), 0, events)

    assert (await Task.get(id=lease["taskId"])).received == len(events)
    assert await Step.filter(task_id=lease["taskId"], status="success").count() == 20


async def test_a_log_without_end_is_refused(house, monkeypatch):
    """An append is told how much of it is stored; what comes later is refused whole."""
    monkeypatch.setattr(house.api.server.queue._queue, "_log_room", LogRoom(100_000))
    worker, lease = await running(house)
    lines = [{**LINE, "firstLine": at + 1, "text": f"{at:0>999}\n"} for at in range(100)]
    body = {**lease, "position": 0, "events": lines}
    first = await house.post("append", body, *worker)
    again = await house.post("append", {**body, "position": 79}, *worker)
    ends = await append(house, worker, lease, [STEP], 79)

    error = "the task's log takes more than 100000 bytes"
    assert first == (413, {"code": "LOG_FULL", "error": error, "stored": 79})
    assert again == (413, {"code": "LOG_FULL", "error": error, "stored": 0})
    assert ends == (200, None)
    assert await LogChunk.filter(task_id=lease["taskId"]).count() == 79


async def test_a_worker_whose_log_is_full_says_how_its_steps_ended(house, monkeypatch):
    """In whichever of the portions that it sends the bound was met."""
    monkeypatch.setattr(house.api.server.queue._queue, "_log_room", LogRoom(700_000))
    worker, lease = await running(house)
    report = Report(house.queue(worker), doors.Lease(lease["taskId"], lease["epoch"]))
    ended = {"status": StepStatus.SUCCESS, "exit_code": 0, "log_bytes": 1_000_000}
    await report.add(StepChanged(time=now(), index=0, status=StepStatus.RUNNING))
    for at in range(100):
        await report.add(Output(time=now(), index=0, first_line=at + 1, text="x" * 9_999 + "\n"))
    await report.add(StepChanged(time=now(), index=0, **ended))
    report.close()
    await report.send()

    step, chunks = await Step.get(), await LogChunk.all().order_by("seq")
    assert report.overflow.reason == "the task's log takes more than 700000 bytes"
    assert [each.first_line for each in chunks] == [*range(1, 69)]
    assert (step.status, step.truncated, step.log_bytes) == ("success", True, 680_000)
    assert (await Task.get(id=lease["taskId"])).received == 70
    with pytest.raises(LogFull):
        await house.queue(worker).append(
            report.lease, 70, [Output(time=now(), index=0, first_line=69, text="x" * 20_000)]
        )


async def test_the_newest_control_of_a_process_ends_an_older_one(house):
    """So who asks for thousands holds one."""
    worker = await house.worker("acme")
    older = asyncio.create_task(house.post("control", {}, *worker))
    await asyncio.sleep(0.3)
    begun = monotonic()
    newer = asyncio.create_task(house.post("control", {}, *worker))
    answer = await older

    assert answer == (200, {})
    assert monotonic() - begun < 1.0
    assert not newer.done()
    assert await newer == (200, {})


async def test_a_worker_that_floods_is_told_so(house, monkeypatch):
    """Nobody else is."""
    monkeypatch.setattr(house.api.server.doors, "_seats", Seats(2, 100))
    flood, other = await house.worker("acme"), await house.worker("acme", "other")
    held = [asyncio.create_task(house.claim(flood, wait=5))]
    held.append(asyncio.create_task(house.post("control", {}, *flood)))
    await asyncio.sleep(0.3)
    refused = await house.post("beat", {"leases": []}, *flood)
    fine = await house.post("beat", {"leases": []}, *other)
    house.api.server.leave()
    await asyncio.gather(*held)

    assert (refused[0], refused[1]["code"], fine[0]) == (503, "BUSY", 200)
    assert (await house.post("beat", {"leases": []}, *flood))[0] == 200


def test_no_team_has_all_the_memory():
    """What one may have is given back, and then it may again."""
    room = Room(10_000_000, 5_000_000)
    with room.place("acme") as mine, room.place("beta") as theirs:
        mine.grow(5_000_000)
        with room.place("acme") as more, pytest.raises(BodiesFull):
            more.grow(1_000_000)
        theirs.grow(5_000_000)
    with room.place("acme") as again:
        again.grow(5_000_000)


async def test_who_has_much_to_say_is_heard_in_turn():
    """Others do not wait behind what one team has in line."""
    pace, inside, go_on = Pace(2), [], asyncio.Event()

    async def say(team):
        async with pace.turn(team):
            inside.append(team)
            await go_on.wait()

    saying = [asyncio.create_task(say(team)) for team in ("acme", "acme", "acme", "beta")]
    await asyncio.sleep(0.05)
    first = list(inside)
    go_on.set()
    await asyncio.gather(*saying)

    assert first == ["acme", "acme", "beta"]
    assert inside == [*first, "acme"]


async def test_only_events_may_be_long(house):
    """What asks for a task, or says that a worker is there, is short."""
    worker, lease = await running(house)
    long = {"more": "x" * 70_000}
    refused = [
        await house.post("beat", {"leases": [], **long}, *worker),
        await house.post("finish", {**lease, **long}, *worker),
    ]
    append = {**lease, "position": 0, "events": [], **long}

    assert [status for status, _ in refused] == [413, 413]
    assert (await house.post("append", append, *worker))[0] == 200


async def test_what_a_worker_is_called_does_nothing_to_a_terminal(house):
    """An operator lists the workers of all teams."""
    await house.token("acme", "box\x1b]0;mine\x07\nm_forged\tacme")
    token, _ = await house.token("acme", "fine")
    credential = machines.new_credential()
    await house.post("register", {"token": token, "credential": credential})
    bad = await house.post("session", {"version": "1\x1b[2J", "slots": 1}, credential)
    listed = await roster.listed()

    assert bad[0] == 400
    assert len(listed.splitlines()) == await WorkerMachine.all().count() == 2
    assert all(each.isprintable() or each in "\t\n" for each in listed)
    assert {line.count("\t") for line in listed.splitlines()} == {6}
