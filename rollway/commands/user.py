"""`rollway user`: creates an account, or sets its password."""

import argparse
import asyncio
import getpass
import sys

from tortoise.transactions import in_transaction

from auth import accounts
from auth.accounts import AccountExists, Accounts
from auth.passwords import Passwords
from db import connect
from db.audit import Act, Actor, Entry, Told, user_chain
from db.models import User
from resolvers.inputs import SignUpInput
from resolvers.validation import Check, InvalidInput
from rollway.refused import Refused
from rollway.settings import Settings
from rollway.starting import require_head


def run(parsed: argparse.Namespace, settings: Settings) -> int:
    """Ask for the password, or read it from standard input; say what was done."""
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
