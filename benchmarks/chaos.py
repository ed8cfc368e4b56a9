"""Random faults against two servers and three workers on one PostgreSQL, judged by a ledger.

With --sqlite: against one server, which works too, and three workers elsewhere.

The steps themselves write who ran when. Prints JSON: what was done, what became of the tasks, and
what was `wrong`: overlaps within an environment, losses, doubles, tasks that are stuck, gaps in a
journal, who watched and saw something else. Ends with 1 if anything was.
`make bench name=chaos`, or with `ARGS="--faults 20 --seed 3"`.
"""

import argparse
import asyncio
import json
import secrets
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))
from tests.faults.chaos import Chaos
from tests.faults.judge import Judge
from tests.faults.rig.house import House


async def measure(faults: int, seed: int, *, sqlite: bool) -> dict[str, object]:
    """Return what so many faults did."""
    begin = time.monotonic()
    house = House(postgres=not sqlite, wired=True)
    try:
        await house.up()
        chaos = Chaos(house, seed, faults)
        await chaos.run()
        summary = await Judge(chaos).judge()
    finally:
        await house.down()
    return {"seed": seed, "seconds": round(time.monotonic() - begin), **summary}


def main() -> None:
    """Do the faults and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--faults", type=int, default=200)
    parser.add_argument("--seed", type=int, default=secrets.randbelow(1_000_000))
    parser.add_argument("--sqlite", action="store_true", help="one server, with workers elsewhere")
    parsed = parser.parse_args()
    summary = asyncio.run(measure(parsed.faults, parsed.seed, sqlite=parsed.sqlite))
    print(json.dumps(summary, indent=2))
    sys.exit(bool(summary["wrong"]))


if __name__ == "__main__":
    main()
