"""The judge of the random faults finds what is wrong, and nothing where all is well."""

from datetime import UTC, datetime
from types import SimpleNamespace

import pytest

from tests.faults.chaos import Fault
from tests.faults.judge import Judge
from tests.faults.rig.ledger import LINES_A_BEAT

ONE, TWO = "t_1", "t_2"
WELL = f"""begin {ONE} 1 10.00 /w/worker-0/data
beat {ONE} 1 10.00 /w/worker-0/data
end {ONE} 1 10.20 /w/worker-0/data
begin {TWO} 1 11.00 /w/worker-1/data
beat {TWO} 1 11.00 /w/worker-1/data
end {TWO} 1 11.20 /w/worker-1/data
"""
TEXT = "".join(f"line {number}\n" for number in range(1, LINES_A_BEAT + 1))


def journal(text=TEXT):
    """Return the events of a task that printed *text*."""
    return [
        {"__typename": "StepOutput", "seq": 1, "stepIndex": 1, "text": text, "firstLine": 1},
        {"__typename": "StreamEnd", "seq": 2, "status": "SUCCESS"},
    ]


class Told:
    """What a run of faults leaves behind: two tasks of one environment that went well."""

    def __init__(self, folder):
        self.house = SimpleNamespace(
            ledger=folder / "ledger",
            lease_seconds=5,
            servers=[SimpleNamespace(name="server-0"), SimpleNamespace(name="server-1")],
            workers=[SimpleNamespace(name="worker-0"), SimpleNamespace(name="worker-1")],
            postgres=True,
            complaints=dict,
        )
        self.house.ledger.write_text(WELL)
        then = datetime.now(UTC).isoformat()
        times = {"startedTime": then, "finishedTime": then, "application": {"id": "a"}}
        self.told = [{"id": each, "status": "SUCCESS", **times} for each in (ONE, TWO)]
        self.journals = {ONE: journal(), TWO: journal()}
        self.client = self
        self.repeats = self.doubled = 0
        self.accepted = {ONE: "a", TWO: "a"}
        self.watchers = {ONE: SimpleNamespace(events=journal(), connections=1, said="")}
        self.cancelled, self.orphans, self.faults, self.gone_seconds = set(), [], [], []
        self.still = []

    def rewrite(self, old, new):
        """Have the ledger say something else."""
        self.house.ledger.write_text(WELL.replace(old, new))

    async def tasks(self):
        """Return the tasks."""
        return self.told

    async def journal(self, task_id):
        """Return a task's events."""
        return self.journals[task_id]


WRONG = {
    "overlaps": lambda told: told.rewrite(f"end {ONE} 1 10.20", f"end {ONE} 1 11.10"),
    "out_of_order": lambda told: told.told.reverse(),
    "ran_twice": lambda told: told.rewrite(f"end {ONE} 1 10.20", f"begin {ONE} 2 10.10"),
    "false_success": lambda told: told.rewrite(f"end {TWO}", f"beat {TWO}"),
    "stuck": lambda told: told.told[1].update(status="RUNNING"),
    "missing": lambda told: told.accepted.update(t_3="a"),
    "doubled": lambda told: told.accepted.pop(TWO),
    "lost": lambda told: told.told[1].update(status="LOST"),
    "failed": lambda told: told.told[1].update(status="FAILURE"),
    "cancelled_by_nobody": lambda told: told.told[1].update(status="CANCELLED"),
    "gaps": lambda told: told.journals.update({TWO: journal(TEXT.replace("line 2\n", ""))}),
    "seen_otherwise": lambda told: told.watchers[ONE].events.reverse(),
    "not_seen_to_the_end": lambda told: told.watchers[ONE].events.pop(),
    "orphans": lambda told: told.orphans.append(1),
}


EXCUSED = {  # of the second task, whose step wrote from 11.0 to 11.2
    "its worker was killed": [Fault("kill_worker", "worker-1", 11.15, 14)],
    "its worker stood still": [Fault("freeze_worker", "worker-1", 11.15, 18)],
    "no server was there": [
        Fault("kill_server", "server-0", 10, 14),
        Fault("freeze_server", "server-1", 12, 16),
    ],
}
UNEXCUSED = {
    "another worker was killed": [Fault("kill_worker", "worker-0", 11.1, 14)],
    "it stood still for a moment": [Fault("freeze_worker", "worker-1", 11.1, 12.1)],
    "it was killed before": [Fault("kill_worker", "worker-1", 5, 9.5)],
    "one server was there": [
        Fault("kill_server", "server-0", 10, 12),
        Fault("freeze_server", "server-1", 12.5, 16),
    ],
    "a person asked": [Fault("cancel", TWO, 11, 11.1)],
}


@pytest.mark.parametrize("why", EXCUSED)
async def test_who_lost_its_worker_may_be_lost(tmp_path, why):
    told = Told(tmp_path)
    told.told[1].update(status="LOST")
    told.faults = EXCUSED[why]

    assert (await Judge(told).judge())["wrong"] == {}


@pytest.mark.parametrize("why", UNEXCUSED)
async def test_nothing_else_excuses_a_loss(tmp_path, why):
    told = Told(tmp_path)
    told.told[1].update(status="LOST")
    told.faults = UNEXCUSED[why]

    assert "lost" in (await Judge(told).judge())["wrong"]


async def test_a_machine_that_stood_still_may_lose_what_ran(tmp_path):
    told = Told(tmp_path)
    told.told[1].update(status="LOST")
    told.still = [(11.5, 14.5)]

    summary = await Judge(told).judge()

    assert summary["wrong"] == {}
    assert summary["machine_still_seconds"] == 3.0


async def test_nothing_is_wrong_where_all_is_well(tmp_path):
    summary = await Judge(Told(tmp_path)).judge()

    assert summary["wrong"] == {}
    assert summary["runs_in_the_ledger"] == 2


@pytest.mark.parametrize("kind", WRONG)
async def test_what_is_wrong_is_found(tmp_path, kind):
    told = Told(tmp_path)
    WRONG[kind](told)

    assert kind in (await Judge(told).judge())["wrong"]
