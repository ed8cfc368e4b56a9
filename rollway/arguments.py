"""The command line: every command, and what may stand behind it.

Declared without what the commands need, so that help comes at once and each command, a worker
above all, loads its own part of Rollway and no other.
"""

import argparse
from pathlib import Path

from providers import Provider

WORKER = "Run tasks of a server's queue: by its database, or elsewhere by its address."
PORT = "port to listen on; 0: a free one"


def parser() -> argparse.ArgumentParser:
    """Return what reads the command line; `command` is the name of one in `rollway.commands`."""
    made = argparse.ArgumentParser(
        prog="rollway",
        description="Self-hosted continuous deployment with a GraphQL API.",
        epilog="Every setting is a ROLLWAY_* variable: docs/settings.md lists them.",
    )
    commands = made.add_subparsers(dest="command", required=True, metavar="COMMAND")
    place = argparse.ArgumentParser(add_help=False)
    place.add_argument("--data", dest="ROLLWAY_DATA", metavar="DIR", help="data folder")
    address = argparse.ArgumentParser(add_help=False, parents=[place])
    address.add_argument("--host", dest="ROLLWAY_HOST", help="address to listen on")
    address.add_argument("--port", dest="ROLLWAY_PORT", help=PORT)

    def add(
        name: str, text: str, parent: argparse.ArgumentParser = place
    ) -> argparse.ArgumentParser:
        return commands.add_parser(name, help=text, description=text, parents=[parent])

    add("up", "Everything for one person: migrate, make a sample, serve and work.", address)
    add("serve", "Serve the API, and work unless ROLLWAY_WORKER_SLOTS is 0.", address)
    _add_worker(add("worker", WORKER))
    add("migrate", "Bring the database to this version.")
    moved = add("move", "Copy all from SQLite to PostgreSQL, while no server runs.")
    moved.add_argument("--to", required=True, metavar="URL", help="postgres://, migrated and empty")
    old = add("schema", "Print the schema (SDL), or who uses what is deprecated.")
    old.add_argument("what", nargs="?", choices=["uses"], help="who uses what is deprecated")
    add("check", "Say what is configured, what is missing, how steps are isolated.")
    said = "Check a pipeline file, or print the JSON Schema of such files."
    _add_pipeline(add("pipeline", said))
    played = add("provider-double", "Play GitHub and Gitee, to try the sign-in with them.")
    played.add_argument("--port", default=8001, type=int, help=PORT)
    _add_forge(add("forge", "Play a Git hosting service on a folder, for tests."))
    user = add("user", "Create an account, or set its password, which is asked for.")
    user.add_argument("action", choices=["create", "password"])
    user.add_argument("username")
    key = add("key", "Show, rotate or retire the master keys that seal secrets.")
    key.add_argument("action", choices=["status", "rotate", "retire"])
    log = add("audit", "Verify the audit log, or list what the operator did to the server.")
    log.add_argument("action", choices=["verify", "list"])
    log.add_argument(
        "--expect", metavar="FILE", type=Path, help="what an earlier run printed, kept elsewhere"
    )
    return made


def _add_worker(command: argparse.ArgumentParser) -> None:
    command.add_argument("--url", dest="ROLLWAY_WORKER_URL", help="of the server, or several: a,b")
    command.add_argument("--token", dest="ROLLWAY_WORKER_TOKEN", help="for the first start")
    actions = command.add_subparsers(dest="action", metavar="ACTION")
    place = argparse.ArgumentParser(add_help=False)
    kept = argparse.SUPPRESS  # what stands before the action
    place.add_argument("--data", dest="ROLLWAY_DATA", metavar="DIR", default=kept)

    def add(name: str, text: str) -> argparse.ArgumentParser:
        return actions.add_parser(name, help=text, description=text, parents=[place])

    invited = add("invite", "On the server: print a registration token.")
    invited.add_argument("name", metavar="NAME", help="of a worker for all teams")
    invited.add_argument("--labels", default="", help="what it is good for: linux,gpu")
    invited.add_argument(
        "--file", metavar="FILE", type=Path, help="write the token there, unless it is registered"
    )
    add("list", "On the server: list the workers elsewhere.")
    removed = add("remove", "On the server: let a worker work no more.")
    removed.add_argument("id", metavar="ID")


def _add_pipeline(written: argparse.ArgumentParser) -> None:
    actions = written.add_subparsers(dest="action", required=True, metavar="ACTION")
    actions.add_parser("schema", help="print the JSON Schema of pipeline files, for editors")
    checked = actions.add_parser("check", help="say what is wrong with FILE, with --json as JSON")
    checked.add_argument("file", metavar="FILE", help="-: standard input")
    checked.add_argument("--json", action="store_true", help="print the findings as JSON")


def _add_forge(imitated: argparse.ArgumentParser) -> None:
    services = [each.value for each in Provider if each is not Provider.GIT]
    imitated.add_argument("--provider", choices=services, required=True)
    imitated.add_argument("--folder", type=Path, required=True, help="of OWNER/NAME.git in it")
    imitated.add_argument("--port", default=8002, type=int, help=PORT)
    imitated.add_argument("--token", help="the one token it accepts")
