"""Random faults while people deploy, cancel and watch; the same seed has the same faults."""

import asyncio
import random
import signal
import time
from contextlib import suppress
from dataclasses import dataclass
from itertools import count

from tests.faults.rig import ledger
from tests.faults.rig.client import Refused
from tests.faults.rig.house import Ended
from tests.faults.rig.watcher import Watcher

APPLICATIONS = 5
UNENDED_MAX = 12
TROUBLES_MAX = 3  # processes that are away at the same time
BEATS = (3, 60)
QUIET_SECONDS = 120.0
STILL_SECONDS = 1.0  # so late, we got no processor; nor, it may be, did who beats or answers
FAULTS = {  # how often each, of all
    "kill_worker": 6,
    "freeze_worker": 4,
    "kill_server": 5,
    "freeze_server": 4,
    "restart_database": 2,
    "crash_database": 1,
    "cut_connections": 3,
    "cut_wires": 3,
    "lose_answers": 3,
    "cancel": 5,
    "cancel_at_once": 3,
    "redeploy": 3,
}
DATABASE = {"restart_database", "crash_database", "cut_connections"}
WIRES = {"cut_wires", "lose_answers"}


@dataclass
class Fault:
    """What was done to whom, and from when to when, in the ledger's time."""

    kind: str
    target: str
    begin: float
    end: float = float("inf")


class Chaos:
    """Does *faults* faults of *kinds* to a house, and keeps what was promised meanwhile."""

    beats = BEATS  # of a task, the fewest and the most

    def __init__(self, house, seed, faults, kinds=FAULTS):
        self.house = house
        self.client = house.client
        self.random = random.Random(seed)
        self.planned = faults
        self._kinds = kinds
        self.faults = []
        self.accepted = {}  # task: the application it is of
        self.cancelled = set()  # tasks that were asked to be
        self.doubled = 0  # requests with one key that made two tasks
        self.still = []  # from when to when this process itself did not come to run
        self.orphans = []  # processes of steps that outlived their worker by a lease
        self.gone_seconds = []  # from a worker's death to that of its last step's process
        self.watchers = {}
        self._watching = set()
        self._busy = set()  # processes to which something is being done
        self._applications = []
        self._keys = count(1)
        self._mending = set()
        self._deploying = asyncio.Event()

    async def run(self):
        """Do all of it; return once nothing runs any more, or QUIET_SECONDS are over."""
        self._applications = await self.house.applications(APPLICATIONS)
        looking = asyncio.create_task(self._look_at_the_clock())
        self._deploying.set()
        deploying = asyncio.create_task(self._deploy_on())
        done = 0
        while done < self.planned:
            assert not deploying.done(), deploying.result()
            await asyncio.sleep(self.random.uniform(0.1, 0.9))
            done += bool(await self._fault())
        self._deploying.clear()
        await deploying
        if self._mending:
            await asyncio.wait(self._mending)
        for each in self._mending:
            each.result()
        await self._all_seen()
        looking.cancel()

    async def _look_at_the_clock(self):
        while True:
            before = ledger.clock()
            await asyncio.sleep(0.1)
            if ledger.clock() - before > STILL_SECONDS:
                self.still.append((before, ledger.clock()))

    async def _all_seen(self):
        """Return once all tasks were seen to end, or none was for QUIET_SECONDS."""
        seen = True
        while seen and self._watching:
            seen, _ = await asyncio.wait(
                self._watching, timeout=QUIET_SECONDS, return_when=asyncio.FIRST_COMPLETED
            )
        for each in self._watching:
            each.cancel()

    # ------------------------------------------------------------ people
    def _many(self):
        return len(self._watching) >= UNENDED_MAX

    async def _deploy_on(self):
        while self._deploying.is_set():
            if not self._many():
                await self._deploy()
            await asyncio.sleep(0.2)

    async def _deploy(self):
        """Deploy under a key; one in five times twice at the same time."""
        application = self.random.choice(self._applications)
        given = {
            "inputs": {"beats": self.random.randint(*self.beats)},
            "idempotencyKey": f"k-{next(self._keys)}",
        }
        times = 2 if self.random.random() < 0.2 else 1
        made = await asyncio.gather(
            *(self.client.deploy(application, **given) for _ in range(times))
        )
        self.doubled += len(set(made)) - 1
        for task_id in set(made):
            self._accept(task_id, application)
        return made[0]

    def _accept(self, task_id, application):
        self.accepted[task_id] = application
        watcher = Watcher(self.client, task_id, random.Random(self.random.random()))
        self.watchers[task_id] = watcher
        watching = asyncio.create_task(self._watch(watcher))
        self._watching.add(watching)
        watching.add_done_callback(self._watching.discard)

    async def _watch(self, watcher):
        try:
            await watcher.watch()
        except Exception as fault:  # noqa: BLE001 (the judge tells)
            watcher.said = repr(fault)

    # ------------------------------------------------------------ faults
    async def _fault(self):
        """Do a random fault; tell whether there was anything to do it to."""
        if len(self._busy) >= TROUBLES_MAX:
            return False
        kinds = [
            each
            for each in self._kinds
            if (each not in DATABASE or self.house.postgres)
            and (each not in WIRES or self.house.wires)
        ]
        kind = self.random.choices(kinds, [self._kinds[each] for each in kinds])[0]
        return await getattr(self, f"_{kind}")()

    def _free(self, processes):
        free = [each for each in processes if each.name not in self._busy]
        return self.random.choice(free) if free else None

    def _mend(self, work, target=None):
        """Have *work* done beside other faults; nothing else is done to *target* meanwhile."""
        if target:
            self._busy.add(target)
        mending = asyncio.create_task(work)
        self._mending.add(mending)
        mending.add_done_callback(lambda _: self._busy.discard(target))
        return True

    def _note(self, kind, target):
        self.faults.append(Fault(kind, target, ledger.clock()))
        return self.faults[-1]

    async def _kill_worker(self):
        worker = self._free(self.house.workers)
        return worker and self._mend(self._dies("kill_worker", worker), worker.name)

    async def _kill_server(self):
        server = self._free(self.house.servers)
        return server and self._mend(self._dies("kill_server", server), server.name)

    async def _dies(self, kind, process):
        """Kill it and start it again; see how long the steps live that it has begun."""
        rest = self.random.uniform(0, 3)
        fault = self._note(kind, process.name)
        had = await asyncio.to_thread(process.steps)
        await asyncio.to_thread(process.kill9)
        begin = time.monotonic()
        while (left := await asyncio.to_thread(process.steps)) and (
            time.monotonic() - begin < self.house.lease_seconds
        ):
            await asyncio.sleep(0.05)
        if had:
            self.gone_seconds.append(time.monotonic() - begin)
        self.orphans += left
        await asyncio.sleep(rest)
        await self._start(process)
        fault.end = ledger.clock()

    async def _start(self, process):
        """Start it as a service manager does: again, until it stays; the database may be away."""
        while True:
            with suppress(Ended):
                return await asyncio.to_thread(process.start)
            await asyncio.sleep(0.5)

    async def _freeze_worker(self):
        worker = self._free(self.house.workers)
        seconds = self.random.choice([1.0, self.house.lease_seconds + self.random.uniform(0.5, 4)])
        return worker and self._mend(self._frozen("freeze_worker", worker, seconds), worker.name)

    async def _freeze_server(self):
        server = self._free(self.house.servers)
        seconds = self.random.uniform(0.5, self.house.lease_seconds + 3)
        return server and self._mend(self._frozen("freeze_server", server, seconds), server.name)

    async def _frozen(self, kind, process, seconds):
        fault = self._note(kind, process.name)
        process.freeze()
        await asyncio.sleep(seconds)
        process.thaw()
        fault.end = ledger.clock()

    async def _restart_database(self):
        return self._database_ends("restart_database", signal.SIGQUIT)

    async def _crash_database(self):
        return self._database_ends("crash_database", signal.SIGKILL)

    def _database_ends(self, kind, how):
        name = "database"
        return name not in self._busy and self._mend(self._database_away(kind, how), name)

    async def _database_away(self, kind, how):
        rest = self.random.choice([0.0, 1.0, self.house.lease_seconds + 1.0])
        fault = self._note(kind, "database")
        await asyncio.to_thread(self.house.postgres.end, how)
        await asyncio.sleep(rest)
        await asyncio.to_thread(self.house.postgres.start)
        fault.end = ledger.clock()

    async def _cut_connections(self):
        if "database" in self._busy:
            return False
        fault = self._note("cut_connections", "database")
        await asyncio.to_thread(self.house.postgres.cut_all)
        fault.end = ledger.clock()
        return True

    async def _cut_wires(self):
        fault = self._note("cut_wires", "wires")
        for wire in self.house.wires:
            wire.cut()
        fault.end = ledger.clock()
        return True

    async def _lose_answers(self):
        name = "wires"
        return name not in self._busy and self._mend(self._losing(), name)

    async def _losing(self):
        seconds = self.random.uniform(0.5, 2)
        fault = self._note("lose_answers", "wires")
        self.house.losing = 0.5
        await asyncio.sleep(seconds)
        self.house.losing = 0.0
        fault.end = ledger.clock()

    # ------------------------------------------------------------ people who change their mind
    def _unended(self):
        """Return a task whose end was not seen yet, the older ones more often."""
        ended = {
            task_id
            for task_id, watcher in self.watchers.items()
            if watcher.events and watcher.events[-1]["__typename"] == "StreamEnd"
        }
        left = [task_id for task_id in self.accepted if task_id not in ended]
        return self.random.choice(left) if left else None

    async def _cancel(self):
        task_id = self._unended()
        return task_id and self._mend(self._ask_cancel(task_id))

    async def _cancel_at_once(self):
        return not self._many() and self._mend(self._deploy_and_cancel())

    async def _deploy_and_cancel(self):
        await self._ask_cancel(await self._deploy())

    async def _ask_cancel(self, task_id):
        self.cancelled.add(task_id)
        fault = self._note("cancel", task_id)
        with suppress(Refused):  # it has ended
            await self.client.done("cancelTask", "task { id }", taskId=task_id)
        fault.end = ledger.clock()

    async def _redeploy(self):
        if not self.accepted or self._many():
            return False
        return self._mend(self._repeat(self.random.choice(list(self.accepted))))

    async def _repeat(self, task_id):
        fault = self._note("redeploy", task_id)
        key = f"r-{next(self._keys)}"
        answer = await self.client.done(
            "redeploy", "task { id }", taskId=task_id, idempotencyKey=key
        )
        self._accept(answer["task"]["id"], self.accepted[task_id])
        fault.end = ledger.clock()
