"""Artifacts of workers elsewhere: sent while their task runs, by the worker that runs it."""

import asyncio
from pathlib import PurePath

import pytest

from engine.store import NotKept, Store
from rollway.remote import arrivals
from rollway.remote.line import Line
from rollway.remote.sending import NotSent, SendingStore
from tests.rollway import test_worker_doors as doors

house = doors.house

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
    monkeypatch.setattr(arrivals, "AT_ONCE_MAX", 0)
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
    size = await store.keep_artifact(task, "site", workspace, PurePath("a.tar"))

    assert size == len(BYTES)
    assert kept(house, task) == BYTES
    with pytest.raises(NotSent, match="not this worker's"):
        await store.keep_artifact("t_none", "site", workspace, PurePath("a.tar"))
    with pytest.raises(NotKept):
        kept(house, "t_none")
    await line.close()
