"""Users of tasks, which no two Rollways share."""

import os
import subprocess
import sys

import pytest

from engine import workspace
from engine.executors import Command, NotStarted, Place
from engine.executors.isolation import Isolation, Level
from engine.executors.process import ProcessExecutor
from engine.executors.uids import UIDS, Uids
from tests.engine.commands import run

pytestmark = pytest.mark.skipif(os.getuid() != 0, reason="only root can run steps as other users")


@pytest.fixture
def first(worker_id):
    """Return the first of numbers that no other test uses."""
    number = int(worker_id.removeprefix("gw")) if worker_id != "master" else 0
    return 261_000 + UIDS * number


async def test_two_rollways_run_steps_as_different_users(root, first):
    """Both begin at the same number; that is free again once its task is over."""
    workspace.create(root / "work")
    users = []
    for names in (("one", "two"), ("three",)):
        sandboxes = []
        for name in names:
            executor = ProcessExecutor(
                root / name, isolation=Isolation(Level.USER), uid_first=first
            )
            place = Place(task_id=name, epoch=1, workspace=root / "work")
            sandboxes.append(await executor.open(place))
        command = Command(arguments=("id", "-u"), env={}, working_directory=root)
        users += [int((await run(sandbox, command))[1]) for sandbox in sandboxes]
        for sandbox in sandboxes:
            await sandbox.close()
    assert users == [first, first + 1, first]


def test_a_number_is_free_when_its_process_was_killed(first):
    """It needs nobody to clear it away."""
    program = (
        "from engine.executors.uids import Uids\n"
        f"uid = Uids({first}).take()\nprint(uid.number, flush=True)\ninput()"
    )
    arguments = [sys.executable, "-c", program]
    with subprocess.Popen(arguments, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as other:
        assert int(other.stdout.readline()) == first
        assert taken(first) == first + 1
        other.kill()
    assert taken(first) == first


def taken(first):
    """Take a number, give it back and return it."""
    uid = Uids(first).take()
    uid.release()
    return uid.number


def test_when_all_numbers_are_in_use_nothing_starts(first):
    """No number is given out twice."""
    uids = Uids(first, 3)
    held = [uids.take() for _ in range(3)]
    with pytest.raises(NotStarted, match=f"all 3 users from {first} on are in use"):
        uids.take()
    held[1].release()
    held.append(uids.take())
    assert held[3].number == held[1].number
    for uid in held:
        uid.release()
