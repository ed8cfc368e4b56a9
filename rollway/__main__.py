"""The command `rollway`."""

import argparse
import asyncio
import getpass
import logging
import sys
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import uvicorn
from tortoise.transactions import in_transaction

from auth import accounts
from auth.accounts import AccountExists, Accounts
from auth.passwords import Passwords
from db import audit, connect
from db.audit import Act, Actor, Entry, Told, user_chain
from db.models import User
from db.vault import Vault
from engine.executors.isolation import Isolation
from resolvers.inputs import SignUpInput
from resolvers.validation import Check, InvalidInput
from rollway import acts, check, double, forge, heads, migrations, pipeline, sample, uses
from rollway.app import Server
from rollway.connections.cutting import cuttable
from rollway.connections.listening import Announcing, CannotListen, allow, bind
from rollway.keyfile import BadKeyFile
from rollway.keys import Keys
from rollway.moving import move
from rollway.observing import logs
from rollway.setting import BadSetting
from rollway.settings import SERVE, UP, Settings, load
from rollway.sockets.frames import Protocol
from rollway.starting import (
    Refused,
    data_folder,
    isolation_of,
    make_folder,
    reaching,
    require_head,
    vault_of,
)
from rollway.working import command as working
from schema import schema

SHUTDOWN_SECONDS = 15
FRAME_BYTES_MAX = 1024 * 1024
CHATTY = ("tortoise", "uvicorn.error")  # every connection, opened and closed
QUOTING = (  # passwords, tokens
    "tortoise.db_client",
    "aiosqlite",
    "websockets",
    "uvicorn.error",
    "httpx2",
    "httpcore2",
)


REFUSALS = (
    BadSetting,
    BadKeyFile,
    CannotListen,
    Refused,
    heads.Unreadable,
    pipeline.Unreadable,
    sample.NoGit,
)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command; return its exit code."""
    parsed = _parser().parse_args(arguments)
    given = {
        name: str(value)
        for name, value in vars(parsed).items()
        if name.startswith("ROLLWAY_") and value is not None
    }
    command: Callable[[argparse.Namespace, Settings], int] = parsed.run
    try:
        settings = load(UP if parsed.command == UP else SERVE, given)
        logs.set_up(settings.log_level, settings.log_format)
        for quoting in QUOTING:
            logging.getLogger(quoting).setLevel(max(logging.INFO, logging.root.level))
        if settings.log_level != "debug":
            for chatty in CHATTY:
                logging.getLogger(chatty).setLevel(logging.WARNING)
        return command(parsed, settings)
    except REFUSALS as refusal:
        print(f"rollway: {refusal}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        return 130


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="rollway",
        description="Self-hosted continuous deployment with a GraphQL API.",
        epilog="Every setting is a ROLLWAY_* variable: docs/settings.md lists them.",
    )
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    place = argparse.ArgumentParser(add_help=False)
    place.add_argument("--data", dest="ROLLWAY_DATA", metavar="DIR", help="data folder")
    address = argparse.ArgumentParser(add_help=False, parents=[place])
    address.add_argument("--host", dest="ROLLWAY_HOST", help="address to listen on")
    address.add_argument("--port", dest="ROLLWAY_PORT", help="port to listen on; 0: a free one")

    def add(
        name: str,
        run: Callable[[argparse.Namespace, Settings], int],
        text: str,
        parent: argparse.ArgumentParser,
    ) -> argparse.ArgumentParser:
        command = commands.add_parser(name, help=text, description=text, parents=[parent])
        command.set_defaults(run=run)
        return command

    add(UP, _up, "Everything for one person: migrate, make a sample, serve and work.", address)
    add(SERVE, _serve, "Serve the API, and work unless ROLLWAY_WORKER_SLOTS is 0.", address)
    working.declare(add("worker", working.run, working.HELP, place))
    add("migrate", _migrate, "Bring the database to this version.", place)
    moved = add("move", _move, "Copy all from SQLite to PostgreSQL, while no server runs.", place)
    moved.add_argument("--to", required=True, metavar="URL", help="postgres://, migrated and empty")
    old = add("schema", _schema, "Print the schema (SDL), or who uses what is deprecated.", place)
    old.add_argument("what", nargs="?", choices=["uses"], help="who uses what is deprecated")
    add("check", _check, "Say what is configured, what is missing, how steps are isolated.", place)
    said = "Check a pipeline file, or print the JSON Schema of such files."
    written = add("pipeline", _pipeline, said, place)
    _add_pipeline_actions(written)
    played = add(
        "provider-double", _double, "Play GitHub and Gitee, to try the sign-in with them.", place
    )
    played.add_argument("--port", default=8001, type=int, help="port to listen on; 0: a free one")
    imitated = add("forge", _forge, "Play a Git hosting service on a folder, for tests.", place)
    imitated.add_argument("--provider", choices=list(forge.DIALECTS), required=True)
    imitated.add_argument("--folder", type=Path, required=True, help="of OWNER/NAME.git in it")
    imitated.add_argument("--port", default=8002, type=int, help="port to listen on; 0: a free one")
    imitated.add_argument("--token", default=forge.TOKEN, help="the one token it accepts")
    user = add("user", _user, "Create an account, or set its password, which is asked for.", place)
    user.add_argument("action", choices=["create", "password"])
    user.add_argument("username")
    key = add("key", _key, "Show, rotate or retire the master keys that seal secrets.", place)
    key.add_argument("action", choices=["status", "rotate", "retire"])
    log = add(
        "audit", _audit, "Verify the audit log, or list what the operator did to the server.", place
    )
    log.add_argument("action", choices=["verify", "list"])
    log.add_argument(
        "--expect", metavar="FILE", type=Path, help="what an earlier run printed, kept elsewhere"
    )
    return parser


def _add_pipeline_actions(written: argparse.ArgumentParser) -> None:
    actions = written.add_subparsers(dest="action", required=True, metavar="ACTION")
    actions.add_parser("schema", help="print the JSON Schema of pipeline files, for editors")
    checked = actions.add_parser("check", help="say what is wrong with FILE, with --json as JSON")
    checked.add_argument("file", metavar="FILE", help="-: standard input")
    checked.add_argument("--json", action="store_true", help="print the findings as JSON")


def _up(_: argparse.Namespace, settings: Settings) -> int:
    with data_folder(settings):
        _migrate_to_head(settings)
        vault = vault_of(settings)

        async def make() -> sample.Sample | None:
            async with connect(settings.database):
                passwords = Passwords(settings.password_cost)
                return await sample.find_or_make(settings.data, vault, passwords)

        found = asyncio.run(make())
        isolation = isolation_of(settings)
        return _listen(
            settings, vault, isolation, lambda url: _welcome(url, settings, isolation, found)
        )


def _serve(_: argparse.Namespace, settings: Settings) -> int:
    with data_folder(settings):
        require_head(settings)
        vault = vault_of(settings)
        isolation = isolation_of(settings)
        return _listen(
            settings, vault, isolation, lambda url: print(f"Rollway serves {url}", flush=True)
        )


def _listen(
    settings: Settings, vault: Vault, isolation: Isolation, ready: Callable[[str], None]
) -> int:
    allow(settings.sockets_max + settings.streams_max)
    listening = bind(settings.host, settings.port)
    bound = replace(settings, port=listening.getsockname()[1])
    parts = Server(bound, vault, isolation)
    config = uvicorn.Config(
        parts.app(),
        http=cuttable(),
        log_config=None,
        access_log=False,
        ws=Protocol,
        ws_per_message_deflate=False,
        ws_max_size=FRAME_BYTES_MAX,
        proxy_headers=bool(settings.trusted_proxies),
        forwarded_allow_ips=list(settings.trusted_proxies or ()),
        timeout_graceful_shutdown=SHUTDOWN_SECONDS,
    )
    server = Announcing(config, lambda: ready(bound.url), parts.leave)
    server.run(sockets=[listening])
    return 0 if server.started else 1


def _welcome(
    url: str, settings: Settings, isolation: Isolation, found: sample.Sample | None
) -> None:
    lines = [
        "",
        "  Rollway is up.",
        "",
        f"  Playground    {url}/graphql",
        f"  Subscriptions {url.replace('http', 'ws', 1)}/graphql (graphql-transport-ws)",
        f"  Data          {settings.data}",
    ]
    if found:
        lines += [
            "",
            f"  Sign in as    {found.username}   password {found.password}",
            f"  Application   {sample.APPLICATION} of team {sample.TEAM}",
            f"                id {found.application_id}",
            f"  Repository    {found.repository}",
        ]
    lines += [
        "",
        "  This is one person's machine: anybody who reaches this address may sign up,",
        f"  and repositories may be {', '.join(sorted(settings.repositories))}.",
        f"  {isolation.summary}",
        "  Ctrl-C ends it.",
        "",
    ]
    print("\n".join(lines), flush=True)


def _migrate(_: argparse.Namespace, settings: Settings) -> int:
    make_folder(settings)
    applied = _migrate_to_head(settings)
    print("\n".join(applied) or "The database is up to date.")
    return 0


def _migrate_to_head(settings: Settings) -> list[str]:
    with reaching(settings):
        if settings.embedded:  # its journal gets the same mode
            file = Path(settings.database.partition("://")[2].partition("?")[0])
            file.touch(mode=0o600)
            file.chmod(0o600)
        return asyncio.run(migrations.upgrade(settings.database))


def _schema(parsed: argparse.Namespace, settings: Settings) -> int:
    if parsed.what is None:
        print(schema.as_str())
        return 0
    require_head(settings)
    print("\n".join(asyncio.run(uses.report(settings.database))))
    return 0


def _check(_: argparse.Namespace, settings: Settings) -> int:
    findings = asyncio.run(check.findings(settings))
    print("\n".join(str(finding) for finding in findings))
    return 0 if all(finding.fine for finding in findings) else 1


def _pipeline(parsed: argparse.Namespace, _: Settings) -> int:
    if parsed.action == "schema":
        print(pipeline.schema_text())
        return 0
    said, valid = pipeline.check(parsed.file, as_json=parsed.json)
    print(said)
    return 0 if valid else 1


def _double(parsed: argparse.Namespace, _: Settings) -> int:
    listening = bind("127.0.0.1", parsed.port)
    url = f"http://127.0.0.1:{listening.getsockname()[1]}"
    config = uvicorn.Config(
        double.Double().app(),
        log_config=None,
        access_log=False,
        timeout_graceful_shutdown=1,
    )
    said = f"GitHub and Gitee are played at {url}. Give Rollway:\n\n{double.variables(url)}\n"
    server = Announcing(config, lambda: print(f"{said}\nCtrl-C ends it.", flush=True))
    server.run(sockets=[listening])
    return 0


def _forge(parsed: argparse.Namespace, _: Settings) -> int:
    if not parsed.folder.is_dir():
        raise Refused(f"{parsed.folder} is no folder")
    listening = bind("127.0.0.1", parsed.port)
    url = f"http://127.0.0.1:{listening.getsockname()[1]}"
    played = forge.Forge(parsed.provider, forge.State(parsed.folder.resolve(), url, parsed.token))
    config = uvicorn.Config(
        played.app(), log_config=None, access_log=False, timeout_graceful_shutdown=1
    )
    said = f"{parsed.provider} is played at {url}, its API at {played.api_url}."
    server = Announcing(config, lambda: print(f"{said}\nCtrl-C ends it.", flush=True))
    server.run(sockets=[listening])
    return 0


def _user(parsed: argparse.Namespace, settings: Settings) -> int:
    interactive = sys.stdin.isatty()
    password = getpass.getpass() if interactive else sys.stdin.readline().rstrip("\n")
    command = _create_user if parsed.action == "create" else _set_password

    async def run() -> str:
        made = Accounts(Passwords(settings.password_cost), settings.attempts)
        async with connect(settings.database):
            return await command(made, parsed.username, password)

    require_head(settings)
    try:
        print(asyncio.run(run()))
    except InvalidInput as invalid:
        broken = [f"the {issue.path[0]} {issue.english}" for issue in invalid.issues]
        raise Refused("; ".join(broken)) from invalid
    except AccountExists as exists:
        raise Refused(f"there is a user {parsed.username} already") from exists
    return 0


async def _create_user(made: Accounts, username: str, password: str) -> str:
    SignUpInput(username=username, password=password).check()
    user = await made.create(username, password)
    async with in_transaction() as db:
        await _told(user, Act.SIGNED_UP).write(db)
    return f"Created {username}."


async def _set_password(made: Accounts, username: str, password: str) -> str:
    user = await accounts.find(username)
    if user is None:
        raise Refused(f"there is no user {username}")
    check = Check()
    check.password(password, "password", personal=(user.username, user.email))
    check.done()
    ended = await made.set_password(user, password, _told(user, Act.PASSWORD_CHANGED))
    return f"Changed the password of {user.username}; {ended} sessions ended."


def _told(user: User, act: Act) -> Told:
    """Return what the audit log is told of the operator's own commands."""
    operator = Actor(None, "operator", "rollway user")
    return Told(user_chain(user.id), Entry(operator, act, user.id))


def _progress(line: str) -> None:
    """Write over the last line of a terminal; in a file it would be noise."""
    if sys.stdout.isatty():
        print(f"\r\x1b[K{line}", end="", flush=True)


def _say(line: str) -> None:
    _progress("")
    print(line, flush=True)


def _move(parsed: argparse.Namespace, settings: Settings) -> int:
    move(settings, parsed.to, _say, _progress)
    return 0


def _key(parsed: argparse.Namespace, settings: Settings) -> int:
    """Run beside a server: what it changes is locked row by row, and the file replaced whole."""
    require_head(settings)
    keys = Keys(settings, _say, _progress)
    with reaching(settings):
        return {"status": keys.status, "rotate": keys.rotate, "retire": keys.retire}[
            parsed.action
        ]()


def _audit(parsed: argparse.Namespace, settings: Settings) -> int:
    if parsed.action == "list":
        return _list_acts(settings)
    kept = heads.read(parsed.expect) if parsed.expect else {}

    async def verify() -> list[audit.Verdict]:
        async with connect(settings.database):
            verdicts = []
            async for verdict in audit.verify(kept):
                print(heads.line(verdict), flush=True)
                verdicts.append(verdict)
            return verdicts

    require_head(settings)
    verdicts = asyncio.run(verify())
    broken = sum(verdict.fault is not None for verdict in verdicts)
    entries = sum(verdict.entries for verdict in verdicts)
    print(f"{len(verdicts)} chains, {entries} entries: {broken} broken", file=sys.stderr)
    return 1 if broken else 0


def _list_acts(settings: Settings) -> int:
    async def told() -> None:
        async for line in acts.lines(settings.database):
            print(line, flush=True)

    require_head(settings)
    asyncio.run(told())
    return 0


if __name__ == "__main__":
    sys.exit(main())
