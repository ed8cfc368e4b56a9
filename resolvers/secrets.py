"""Secrets of teams and environments: set, remove, and what may be seen of them."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from auth import teams
from auth.permissions import Action, NotFound
from db import audit, documents
from db.audit import Act, Entry, org_chain
from db.models import Application, Environment
from db.sealed import ENVIRONMENT_SECRETS, TEAM_SECRETS
from db.vault import Seal
from resolvers.arguments import Input
from resolvers.changing import changing
from resolvers.context import Context, Info
from resolvers.inputs import SetSecretsInput
from resolvers.validation import SECRETS_BYTES_MAX, SECRETS_MAX, Check, Rule


@dataclass(frozen=True, slots=True)
class SecretKey:
    """What may be seen of a secret."""

    key: str
    version: int
    updated_time: datetime


async def set_secrets(info: Info, input: Input[SetSecretsInput]) -> list[SecretKey]:  # noqa: A002
    """Change the secrets of a team or of an environment; return what is there now."""
    context = info.context
    context.signed_in()
    input.check()
    changes: dict[str, str | None] = dict.fromkeys(input.remove)
    changes |= {secret.key: secret.value for secret in input.set}
    if input.org_name is not None:
        return await _set_org_secrets(context, input.org_name, changes)
    application = await context.application(
        str(input.application_id), Action.SET_SECRETS, input.env_name
    )
    return await _set_environment_secrets(context, application, str(input.env_name), changes)


async def _set_org_secrets(
    context: Context, name: str, changes: dict[str, str | None]
) -> list[SecretKey]:
    mine = await context.require(name, Action.SET_SECRETS, what="team")
    async with teams.changing(mine, Action.SET_SECRETS) as db:
        row = await teams.owner_of(name, db)
        before = row.secrets or {}
        row.secrets = context.services.vault.change(before, changes, place=TEAM_SECRETS.place(name))
        _check_count(row.secrets)
        await row.save(using_db=db, update_fields=["secrets"])
        entry = _entry(context, name, before, row.secrets)
        await audit.write(org_chain(name), entry, db)
    return secret_keys(row.secrets)


async def _set_environment_secrets(
    context: Context, application: Application, env_name: str, changes: dict[str, str | None]
) -> list[SecretKey]:
    async with changing(context, application, Action.SET_SECRETS) as (_, chain, db):
        found = Environment.filter(id=f"{application.id}:{env_name}").using_db(db)
        row = await found.select_for_update(no_key=True).first()
        if row is None:
            raise NotFound("environment")
        before = row.secrets
        place = ENVIRONMENT_SECRETS.place(row.id)
        row.secrets = context.services.vault.change(before, changes, place=place)
        _check_count(row.secrets)
        row.version += 1
        await row.save(using_db=db, update_fields=["secrets", "version"])
        await documents.write_environments(row.application_id, db)
        await audit.write(chain, _entry(context, row.id, before, row.secrets), db)
    return secret_keys(row.secrets)


def _entry(
    context: Context, target: str, before: Mapping[str, str], after: Mapping[str, str]
) -> Entry:
    """Return what the audit log tells: names and versions of what changed, never a value."""
    was, now = (
        {key: Seal.parse(text).version for key, text in each.items()} for each in (before, after)
    )
    touched = {key for key in was.keys() | now.keys() if was.get(key) != now.get(key)}
    return context.entry(
        Act.SECRETS_CHANGED,
        target,
        before={key: was[key] for key in sorted(touched & was.keys())},
        after={key: now[key] for key in sorted(touched & now.keys())},
    )


def _check_count(secrets: dict[str, str]) -> None:
    check = Check()
    check.that(len(secrets) <= SECRETS_MAX, Rule.SECRETS, "set")
    size = sum(len(value) for value in secrets.values())
    check.that(size <= SECRETS_BYTES_MAX, Rule.SECRETS_SIZE, "set")
    check.done()


def secret_keys(secrets: dict[str, str] | None) -> list[SecretKey]:
    """Return what may be seen of sealed secrets, by name."""
    seals = {key: Seal.parse(value) for key, value in (secrets or {}).items()}
    return [SecretKey(key, seals[key].version, seals[key].updated_time) for key in sorted(seals)]
