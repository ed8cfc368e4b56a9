"""A worker by a server's address, without a database."""

import asyncio
import logging
from contextlib import suppress
from importlib.metadata import version

from control.port import Dismissed
from control.working.link import Link
from rollway.observing.health import Health
from rollway.observing.metered import MeteredWorker
from rollway.observing.metrics import WorkerFigures
from rollway.refused import Refused
from rollway.remote import enrolment
from rollway.remote.enrolment import Enrolment, NotEnrolled, token_of
from rollway.remote.line import Line
from rollway.remote.queue import CLAIM_WAIT_SECONDS, FINISH_SECONDS, RemoteQueue
from rollway.remote.sending import SendingStore
from rollway.settings import Settings
from rollway.starting import data_folder, isolation_of
from rollway.working.machine import Working, work_until_told
from rollway.working.page import shown

log = logging.getLogger("rollway.worker")


def run(settings: Settings) -> int:
    """Work until told to stop; return the exit code."""
    if settings.log_level != "debug":
        logging.getLogger("httpx2").setLevel(logging.WARNING)  # it tells of every request
    if settings.database_url or settings.master_keys:
        raise Refused(
            "a worker that is given a server's address needs no ROLLWAY_DATABASE_URL and no"
            " ROLLWAY_MASTER_KEY, and must not have them"
        )
    if settings.worker_labels:
        log.warning("ROLLWAY_WORKER_LABELS is not used: the server knows this worker's labels")
    working = Working(settings, isolation_of(settings))
    with data_folder(settings), suppress(asyncio.CancelledError):
        try:
            asyncio.run(_work(settings, working))
        except NotEnrolled as reason:
            raise Refused(str(reason)) from reason
        except Dismissed as dismissed:
            raise Refused(f"this worker may not work: {dismissed.reason}") from dismissed
    return 0


async def _work(settings: Settings, working: Working) -> None:
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
        link = Link(
            session.name,
            CLAIM_WAIT_SECONDS,
            FINISH_SECONDS,
            settings.spool_bytes_max,
            machine=session.machine,
        )
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
