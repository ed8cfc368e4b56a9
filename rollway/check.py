"""`rollway check`: what is configured, what is missing, how steps are isolated."""

import shutil
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass, fields

from auth.logins import TRAITS, Service
from db import connect
from db.rotation import tally
from db.trouble import reason
from db.vault import key_id
from engine.executors import NotStarted
from engine.executors.isolation import Level, Unavailable, choose
from engine.git import caution, outdated
from rollway import migrations
from rollway.keyfile import BadKeyFile, KeyFile
from rollway.process import tracing_of
from rollway.remote.enrolment import Enrolment, NotEnrolled, token_of
from rollway.setting import BadSetting
from rollway.settings import Settings
from rollway.working.machine import containers_of

COMMAND_SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of the report; *fine* is False for what keeps Rollway from working."""

    subject: str
    text: str
    fine: bool = True

    def __str__(self) -> str:
        """Return the line."""
        return f"{'ok     ' if self.fine else 'MISSING'}  {self.subject:<14} {self.text}"


async def findings(settings: Settings) -> Sequence[Finding]:
    """Look at everything Rollway needs."""
    return [
        _mode(),
        Finding("python", sys.version.split()[0]),
        _git(),
        _command("sh", "-c", "echo /bin/sh"),
        Finding("data", str(settings.data)),
        *([_servers(settings)] if settings.worker_urls else await _stores(settings)),
        Finding("public url", settings.url),
        Finding("sign-up", settings.sign_up),
        *(_login(settings, service) for service in Service),
        Finding("repositories", ", ".join(sorted(settings.repositories))),
        Finding("worker", f"{settings.worker_slots} tasks at a time in the server's process"),
        _isolation(settings),
        await _containers(settings),
        _metrics(settings),
        _tracing(settings),
    ]


def _mode() -> Finding:
    given = ((each.metadata["env"], each.metadata) for each in fields(Settings))
    others = [f"{name}={of['up']}" for name, of in given if of["up"] != of["default"]]
    return Finding("settings", f"as for `rollway serve`; `rollway up` has {', '.join(others)}")


def _isolation(settings: Settings) -> Finding:
    try:
        found = choose(settings.isolation, settings.workspaces)
    except Unavailable as reason:
        return Finding("isolation", f"{settings.isolation}, but {reason}", fine=False)
    text = found.note.removeprefix("isolation: ") if found.note else found.summary
    reasons = f" ({'; '.join(found.reasons)})" if found.reasons else ""
    advice = "" if found.level is Level.BWRAP else "; let nobody deploy who may not have a shell"
    return Finding("isolation", f"{found.level}: {text}{advice}{reasons}")


async def _containers(settings: Settings) -> Finding:
    try:
        executor = containers_of(settings)
        if executor is None:
            text = "none: ROLLWAY_CONTAINER_ENGINE is not set, pipelines with `image` fail"
            return Finding("containers", text)
        return Finding("containers", await executor.probe())
    except (BadSetting, NotStarted) as fault:
        return Finding("containers", str(fault), fine=False)


async def _stores(settings: Settings) -> Sequence[Finding]:
    database = await _database(settings)
    return [_master_key(settings), database, *([await _sealed(settings)] if database.fine else [])]


async def _sealed(settings: Settings) -> Finding:
    """Tell whether what is stored opens with the keys that are here."""
    try:
        keys = settings.master_keys or KeyFile(settings.data).read()
    except BadKeyFile:
        keys = ()
    async with connect(settings.database):
        found = await tally()
    missing = sorted(found.values.keys() - {key_id(each) for each in keys})
    count = sum(found.values.values())
    if not missing:
        return Finding("secrets", f"{count}, sealed with keys that are here")
    text = f"sealed with {', '.join(missing)}, not here: give all servers the same master key"
    return Finding("secrets", text, fine=False)


def _servers(settings: Settings) -> Finding:
    """Tell whether a worker elsewhere can work: it has neither keys nor a database."""
    urls = ", ".join(settings.worker_urls or ())
    if settings.database_url or settings.master_keys:
        text = "ROLLWAY_DATABASE_URL and ROLLWAY_MASTER_KEY are not for a worker elsewhere"
        return Finding("server", text, fine=False)
    try:
        _, fresh = Enrolment(settings.data).look(token_of(settings))
    except NotEnrolled as reason:
        return Finding("server", str(reason), fine=False)
    return Finding("server", f"{urls}, {'to be registered' if fresh else 'registered'}")


def _metrics(settings: Settings) -> Finding:
    if settings.worker_urls:
        shown = settings.worker_metrics
        where = f"http://{shown[0]}:{shown[1]}/metrics" if shown else "no page"
        return Finding("metrics", f"{where}: ROLLWAY_WORKER_METRICS")
    if settings.metrics_token is None:
        return Finding("metrics", "no page: ROLLWAY_METRICS_TOKEN is not set")
    return Finding("metrics", f"{settings.url}/metrics, for who sends the token")


def _tracing(settings: Settings) -> Finding:
    try:
        sends = tracing_of(settings) is not None
    except BadSetting as fault:
        return Finding("traces", str(fault), fine=False)
    if not sends:
        return Finding("traces", "none: ROLLWAY_OTLP_URL is not set")
    return Finding("traces", f"sent to {settings.otlp_url}")


def _master_key(settings: Settings) -> Finding:
    file = KeyFile(settings.data)
    if not settings.master_keys and not file.path.exists():
        return Finding("master key", f"made on the first start: {file.path}")
    try:
        keys = settings.master_keys or file.read()
    except BadKeyFile as fault:
        return Finding("master key", str(fault), fine=False)
    source = "ROLLWAY_MASTER_KEY" if settings.master_keys else f"{file.path}, mode 600"
    return Finding("master key", f"{key_id(keys[0])}, number of keys: {len(keys)}, in {source}")


def _login(settings: Settings, service: Service) -> Finding:
    name = TRAITS[service].name
    for client in settings.logins:
        if client.service is service:
            plain = "" if client.url.startswith("https://") else ", without TLS"
            back = f"{settings.url}/oauth/{service}/callback"
            return Finding(
                service, f"sign-in by {name} at {client.url}{plain}; it returns to {back}"
            )
    variable = f"ROLLWAY_{service.upper()}_CLIENT_ID"
    return Finding(service, f"no sign-in by {name}: {variable} is not set")


def _git() -> Finding:
    found = _command("git", "--version")
    reason = outdated(found.text) if found.fine else None
    if reason:
        return Finding("git", reason, fine=False)
    note = caution(found.text)
    return Finding("git", f"{found.text}; {note}" if note else found.text, found.fine)


def _command(name: str, *arguments: str) -> Finding:
    path = shutil.which(name)
    if path is None:
        return Finding(name, "install it", fine=False)
    try:
        answer = subprocess.run(  # noqa: S603 (found on the PATH, fixed arguments)
            [path, *arguments],
            capture_output=True,
            check=True,
            stdin=subprocess.DEVNULL,
            text=True,
            timeout=COMMAND_SECONDS,
        )
    except (OSError, subprocess.SubprocessError) as fault:
        return Finding(name, f"{path} does not answer: {fault}", fine=False)
    return Finding(name, answer.stdout.partition("\n")[0])


async def _database(settings: Settings) -> Finding:
    shown = settings.database.partition("://")[0]
    try:
        missing = await migrations.pending(settings.database)
    except Exception as fault:  # noqa: BLE001 (the driver's own, the ORM's, the system's)
        return Finding("database", f"{shown}: {reason(fault)}", fine=False)
    if missing:
        return Finding("database", f"{shown}: run `rollway migrate`", fine=False)
    return Finding("database", f"{shown}, up to date")
