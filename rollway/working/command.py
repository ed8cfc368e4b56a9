"""`rollway worker`: works by the database, or elsewhere by a server's address; invites workers."""

import argparse
import asyncio
import logging
from collections.abc import Coroutine
from contextlib import suppress
from importlib.metadata import version
from pathlib import Path
from typing import Any

from control.port import Dismissed
from control.queue import presence
from control.working.link import Link
from db import connect
from resolvers.validation import InvalidInput
from rollway.app import Server
from rollway.observing.health import Health
from rollway.observing.metered import MeteredWorker
from rollway.observing.metrics import WorkerFigures
from rollway.remote import enrolment
from rollway.remote.enrolment import Enrolment, NotEnrolled, token_of
from rollway.remote.line import Line
from rollway.remote.queue import CLAIM_WAIT_SECONDS, FINISH_SECONDS, RemoteQueue
from rollway.remote.sending import SendingStore
from rollway.settings import Settings
from rollway.starting import Refused, data_folder, isolation_of, require_head, vault_of
from rollway.working import roster
from rollway.working.machine import Working, work_until_told
from rollway.working.page import shown

HELP = "Run tasks of a server's queue: by its database, or elsewhere by its address."
INVITE, LIST, REMOVE = "invite", "list", "remove"


def declare(command: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    command.add_argument("--url", dest="ROLLWAY_WORKER_URL", help="of the server, or several: a,b")
    command.add_argument("--token", dest="ROLLWAY_WORKER_TOKEN", help="for the first start")
    actions = command.add_subparsers(dest="action", metavar="ACTION")
    place = argparse.ArgumentParser(add_help=False)
    kept = argparse.SUPPRESS  # what stands before the action
    place.add_argument("--data", dest="ROLLWAY_DATA", metavar="DIR", default=kept)

    def add(name: str, text: str) -> argparse.ArgumentParser:
        return actions.add_parser(name, help=text, description=text, parents=[place])

    invited = add(INVITE, "On the server: print a registration token.")
    invited.add_argument("name", metavar="NAME", help="of a worker for all teams")
    invited.add_argument("--labels", default="", help="what it is good for: linux,gpu")
    invited.add_argument(
        "--file", metavar="FILE", type=Path, help="write the token there, unless it is registered"
    )
    add(LIST, "On the server: list the workers elsewhere.")
    removed = add(REMOVE, "On the server: let a worker work no more.")
    removed.add_argument("id", metavar="ID")


def run(parsed: argparse.Namespace, settings: Settings) -> int:
    """Do what the arguments say; return the exit code."""
    match parsed.action:
        case "invite":
            labels = [each.strip() for each in parsed.labels.split(",") if each.strip()]
            invited = roster.invite(parsed.name, labels, parsed.file)
            return _operate(settings, invited)
        case "list":
            return _operate(settings, roster.listed())
        case "remove":
            return _operate(settings, roster.remove(parsed.id))
    if not settings.worker_slots:
        raise Refused("ROLLWAY_WORKER_SLOTS is 0: this worker would do nothing")
    if settings.worker_urls:
        return _elsewhere(settings)
    return _beside(settings)


def _beside(settings: Settings) -> int:
    """Work by the database."""
    if settings.embedded:
        raise Refused(
            "SQLite belongs to one process, and `rollway serve` works already; for workers of"
            " their own set ROLLWAY_DATABASE_URL to a PostgreSQL database, or give the server's"
            " address by --url"
        )
    require_head(settings)
    server = Server(settings, vault_of(settings), isolation_of(settings))

    async def work() -> None:
        async with connect(settings.database):
            print(f"Rollway works on up to {settings.worker_slots} tasks", flush=True)
            try:
                await server.working.clear()
                worker = server.working.worker(server.queue)
                known = presence.known(worker.name, settings.worker_labels or ())
                page = shown(settings, server.metrics, server.health)
                async with server.carrying(), page, known:
                    await work_until_told(worker, settings.drain_seconds)
            finally:
                await server.flush()

    with data_folder(settings), suppress(asyncio.CancelledError):
        asyncio.run(work())
    return 0


def _elsewhere(settings: Settings) -> int:
    """Work by a server's address, without a database."""
    if settings.log_level != "debug":
        logging.getLogger("httpx2").setLevel(logging.WARNING)  # it tells of every request
    if settings.database_url or settings.master_keys:
        raise Refused(
            "a worker that is given a server's address needs no ROLLWAY_DATABASE_URL and no"
            " ROLLWAY_MASTER_KEY, and must not have them"
        )
    working = Working(settings, isolation_of(settings))
    with data_folder(settings), suppress(asyncio.CancelledError):
        try:
            asyncio.run(_work_elsewhere(settings, working))
        except NotEnrolled as reason:
            raise Refused(str(reason)) from reason
        except Dismissed as dismissed:
            raise Refused(f"this worker may not work: {dismissed.reason}") from dismissed
    return 0


async def _work_elsewhere(settings: Settings, working: Working) -> None:
    enrolled = Enrolment(settings.data)
    token = token_of(settings)
    credential, fresh = enrolled.credential(token)
    line = Line(settings.worker_urls or (), credential)
    try:
        if fresh:
            await enrolment.register(line, token or "", credential)
            enrolled.registered()
        await working.clear()
        session = await enrolment.begin(line, version("rollway"), settings.worker_slots)
        queue = RemoteQueue(line, session.lease_seconds)
        figures = WorkerFigures(settings.worker_slots)
        link = Link(session.name, CLAIM_WAIT_SECONDS, FINISH_SECONDS, settings.spool_bytes_max)
        print(
            f"Rollway works as {session.machine} on up to {settings.worker_slots} tasks", flush=True
        )
        metered = MeteredWorker(queue, figures)
        store = SendingStore(settings.data, line, settings.artifact_bytes_per_team)
        worker = working.worker(metered, link, session.lease_seconds, store)
        try:
            async with shown(settings, figures, Health()):
                await work_until_told(worker, settings.drain_seconds, queue.leave)
        finally:
            await queue.end()
    finally:
        await line.close()


def _operate(settings: Settings, work: Coroutine[Any, Any, str]) -> int:
    require_head(settings)

    async def connected() -> str:
        async with connect(settings.database):
            return await work

    try:
        print(asyncio.run(connected()))
    except InvalidInput as invalid:
        broken = [f"the {issue.path[0]} {issue.english}" for issue in invalid.issues]
        raise Refused("; ".join(broken)) from invalid
    return 0
