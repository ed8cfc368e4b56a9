"""What must be true after faults, by the ledger, the API and the journals."""

import asyncio
from collections import Counter, defaultdict
from itertools import pairwise

from tests.faults.rig import ledger

FINAL = {"SUCCESS", "FAILURE", "CANCELLED", "LOST", "SKIPPED"}
CLOCK_SECONDS = 0.02  # two steps of the ledger's clock
SLACK_SECONDS = 1.0  # a step writes five times a second, where the machine lets it
AT_ONCE = 4


class Judge:
    """Judges a run of `Chaos` that is over."""

    def __init__(self, chaos):
        self._chaos = chaos
        self.found = defaultdict(list)  # what is wrong, by kind
        self.tasks = []
        self.runs = []

    async def judge(self):
        """Return a summary; `wrong` in it is empty if everything is as it must be."""
        self.tasks = await self._chaos.client.tasks()
        self.runs = ledger.read(self._chaos.house.ledger)
        by_task = defaultdict(list)
        for run in self.runs:
            by_task[run.task].append(run)
        self._accepted()
        for task in self.tasks:
            self._task(task, by_task[task["id"]])
        for application in {task["application"]["id"] for task in self.tasks}:
            self._environment(application, by_task)
        if self._chaos.orphans:
            self.found["orphans"] += self._chaos.orphans
        free = asyncio.Semaphore(AT_ONCE)
        lines = sum(await asyncio.gather(*(self._journal(task, free) for task in self.tasks)))
        return self._summary(lines)

    def _accepted(self):
        known = Counter(task["id"] for task in self.tasks)
        self.found["missing"] += [task for task in self._chaos.accepted if known[task] != 1]
        self.found["doubled"] += [task for task in known if task not in self._chaos.accepted]
        self.found["doubled"] += ["by key"] * self._chaos.doubled

    def _task(self, task, runs):
        task_id, status = task["id"], task["status"]
        if status not in FINAL:
            self.found["stuck"].append((task_id, status))
        if len(runs) > 1 or any(len(run.times("begin")) != 1 for run in runs):
            self.found["ran_twice"].append((task_id, status, [run.marks[:1] for run in runs]))
        ended = sum(len(run.times("end")) for run in runs)
        if status == "SUCCESS" and ended != 1:
            self.found["false_success"].append((task_id, ended))
        if status in {"FAILURE", "SKIPPED"}:
            self.found["failed"].append((task_id, status))
        if status == "CANCELLED" and task_id not in self._chaos.cancelled:
            self.found["cancelled_by_nobody"].append(task_id)
        if status == "CANCELLED" and task["startedTime"] is None and runs:
            self.found["ran_though_cancelled"].append(task_id)
        if status == "LOST" and not self._excused(task, runs):
            last = runs[0].marks[-1] if runs else None
            self.found["lost"].append((task_id, last, task["startedTime"], task["finishedTime"]))

    def _excused(self, task, runs):
        """Tell whether something was done to the worker that had the task, and while it had it.

        A task that wrote nothing was on its way to a worker, which nobody knows but the faults.
        """
        begin, end = (ledger.moment(task[each]) for each in ("startedTime", "finishedTime"))
        house = self._chaos.house
        names = {worker.name for worker in house.workers}
        if not house.postgres:
            names |= {server.name for server in house.servers}  # it works too
        if runs:
            names, begin = {runs[0].worker}, runs[0].begin
            kind, last = runs[0].marks[-1]
            end = end if kind == "end" else last  # an end may wait long for its database
        return any(
            fault.target in names
            and fault.begin < end + SLACK_SECONDS
            and fault.end > begin - SLACK_SECONDS
            and (fault.kind.startswith("kill") or fault.end - fault.begin > self._still_seconds)
            for fault in self._chaos.faults
        ) or self._nobody_answered(begin, end + house.lease_seconds)

    @property
    def _still_seconds(self):
        """For how long a worker may stand still and keep its tasks."""
        return self._chaos.house.lease_seconds / 2

    def _nobody_answered(self, begin, end):
        """Tell whether all servers, or the whole machine, stood still at one time within these."""
        times = [(begin, end)]
        for server in self._chaos.house.servers:
            faults = [each for each in self._chaos.faults if each.target == server.name]
            times = _common(times, [(fault.begin, fault.end) for fault in faults])
        return bool(times or _common([(begin, end)], self._chaos.still))

    def _environment(self, application, by_task):
        """One at a time, in the order in which they were accepted."""
        runs = [
            run
            for task in self.tasks
            if task["application"]["id"] == application
            for run in by_task[task["id"]]
        ]
        for before, after in pairwise(runs):
            if after.begin < before.begin:
                self.found["out_of_order"].append((before.task, after.task))
        runs.sort(key=lambda run: run.begin)
        for before, after in pairwise(runs):
            if after.begin < before.last - CLOCK_SECONDS:
                seconds = round(before.last - after.begin, 2)
                self.found["overlaps"].append((before.task, after.task, seconds))

    async def _journal(self, task, free):
        """Events and lines are 1 to n; who watched has seen what is stored. Return the lines."""
        task_id = task["id"]
        async with free:
            events = await self._chaos.client.journal(task_id)
        if [event["seq"] for event in events] != list(range(1, len(events) + 1)):
            self.found["gaps"].append((task_id, "events"))
        texts = [event for event in events if event.get("stepIndex") == 1 and event.get("text")]
        numbers = [
            int(each) for each in ledger.LINE.findall("".join(each["text"] for each in texts))
        ]
        if numbers != list(range(1, len(numbers) + 1)):
            self.found["gaps"].append((task_id, "lines", numbers[:20]))
        at = 1
        for each in texts:
            if each["firstLine"] != at:
                self.found["gaps"].append((task_id, "first line", each["seq"]))
            at = each["firstLine"] + each["text"].count("\n")
        if task["status"] == "SUCCESS" and not self._whole(task_id, len(numbers)):
            self.found["gaps"].append((task_id, "lines of a success", len(numbers)))
        watcher = self._chaos.watchers.get(task_id)
        if watcher and watcher.events != events:
            short = events[: len(watcher.events)] == watcher.events  # seen well, but not to the end
            kind = "not_seen_to_the_end" if short else "seen_otherwise"
            self.found[kind].append((task_id, len(watcher.events), len(events), watcher.said))
        return len(numbers)

    def _whole(self, task_id, lines):
        return any(
            lines == len(run.times("beat")) * ledger.LINES_A_BEAT
            for run in self.runs
            if run.task == task_id
        )

    def _summary(self, lines):
        chaos = self._chaos
        gone = sorted(chaos.gone_seconds)
        return {
            "faults": len(chaos.faults),
            "of": dict(Counter(fault.kind for fault in chaos.faults)),
            "tasks": len(self.tasks),
            "ended": dict(Counter(task["status"] for task in self.tasks)),
            "runs_in_the_ledger": len(self.runs),
            "lines": lines,
            "watchers_connections": sum(each.connections for each in chaos.watchers.values()),
            "requests_repeated": chaos.client.repeats,
            "machine_still_seconds": round(sum(end - begin for begin, end in chaos.still), 1),
            "steps_dead_after_their_worker_seconds_max": round(gone[-1], 2) if gone else None,
            "wrong": {kind: found for kind, found in self.found.items() if found},
            "logged": chaos.house.complaints(),
        }


def _common(ones, others):
    """Return the times, each from when to when, that are in one of both."""
    both = [(max(one[0], two[0]), min(one[1], two[1])) for one in ones for two in others]
    return [(begin, end) for begin, end in both if begin < end]
