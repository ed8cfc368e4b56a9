"""A newer version takes the place of an older one, while people deploy, cancel and watch."""

import asyncio

from tests.faults.chaos import Chaos
from tests.faults.rig import ledger

DEEDS = ("cancel", "cancel_at_once", "redeploy")
DEEDS_EACH = 3  # between one replacement and the next


class Replacing(Chaos):
    """Migrates the database of a house of an older version, then renews each of its processes.

    Servers and workers take turns, so that new workers ask old servers and old workers new ones.
    """

    beats = (3, 20)

    def __init__(self, house, seed):
        turns = [each for pair in zip(house.servers, house.workers, strict=True) for each in pair]
        super().__init__(house, seed, (1 + len(turns)) * (1 + DEEDS_EACH))
        self._turns = iter(turns)
        self._did = 0
        self.applied = []  # migrations

    async def _fault(self):
        """Do what people do, and every now and then the next step of the replacement."""
        self._did += 1
        if self._did % (1 + DEEDS_EACH):
            await getattr(self, f"_{self.random.choice(DEEDS)}")()
        elif self.applied:
            await self._renew(next(self._turns))
        else:
            fault = self._note("migrate", "database")
            self.applied = await asyncio.to_thread(self.house.migrate)
            fault.end = ledger.clock()
        return True

    async def _renew(self, process):
        fault = self._note("renew", process.name)
        await asyncio.to_thread(process.terminate)
        process.renew()
        await asyncio.to_thread(process.start)
        fault.end = ledger.clock()
