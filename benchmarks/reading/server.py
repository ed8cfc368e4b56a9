"""A server that is measured: Rollway, with a trap if one is named, or the same pages by hand."""

import argparse
import asyncio
import json
import secrets
import socket
import sys
import tempfile
from pathlib import Path

import uvicorn
from starlette.applications import Starlette

import db
from db.vault import KEY_BYTES, Vault
from engine.executors.isolation import Isolation, Level
from resolvers.operations.reads import Reads
from rollway import migrations
from rollway.app import Server
from rollway.connections.cutting import cuttable
from rollway.settings import UP, load

sys.path.insert(0, str(Path(__file__).parent))
import data
import floor
import large
import traps


async def seed(url: str, tasks: int, grown: int) -> None:
    """Make the tables, fill them, and say what is in them."""
    await migrations.upgrade(url)
    async with db.connect(url):
        made = await data.furnish(tasks)
        if grown:
            await large.grow(grown, tasks)
        print(json.dumps(made), flush=True)


def rollway(url: str, folder: str, reads: str) -> Starlette:
    """Return Rollway's application; nothing but requests keeps it busy."""
    given = {
        "READS": reads,
        "DATA": folder,
        "DATABASE_URL": url,
        "COST_PER_MINUTE": "1000000000",
        "CHECKS_PER_MINUTE": "1000000000",
    }
    settings = load(UP, {f"ROLLWAY_{name}": value for name, value in given.items()}, {})
    server = Server(settings, Vault(secrets.token_bytes(KEY_BYTES)), Isolation(Level.PLAIN))
    return server.app()


def main() -> None:
    """Seed, or serve until killed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("what", choices=("seed", "floor", "rollway"))
    parser.add_argument("url")
    parser.add_argument("--tasks", type=int, default=5000)
    parser.add_argument("--grown", type=int, default=0, help="tasks, large ones among them")
    parser.add_argument("--trap")
    parser.add_argument("--reads", default=Reads.PLANNED, help="who is asked first for an answer")
    parser.add_argument("--json", choices=("text", "bytes"))
    parsed = parser.parse_args()
    if parsed.what == "seed":
        asyncio.run(seed(parsed.url, parsed.tasks, parsed.grown))
        return
    listening = socket.create_server(("127.0.0.1", 0), backlog=256)
    listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    print(listening.getsockname()[1], flush=True)
    with tempfile.TemporaryDirectory() as folder:
        if parsed.what == "floor":
            whole = {"text": floor.AS_TEXT, "bytes": floor.AS_BYTES}
            app = floor.app(parsed.url, whole.get(parsed.json))
        else:
            if parsed.trap:
                traps.set_up(parsed.trap)
            app = rollway(parsed.url, folder, parsed.reads)
        config = uvicorn.Config(app, http=cuttable(), log_config=None, access_log=False)
        uvicorn.Server(config).run(sockets=[listening])


if __name__ == "__main__":
    main()
