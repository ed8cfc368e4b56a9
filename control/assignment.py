"""What a worker is given: secrets and inputs, opened for one task."""

from collections.abc import Mapping
from contextlib import suppress
from json import dumps, loads

from control.integrations.accounts import account_for
from control.port import Assignment, EnvironmentGone, Lease
from db import rows
from db.models import Application, Environment, Org, Task
from db.sealed import ENVIRONMENT_SECRETS, TASK_INPUTS, TEAM_SECRETS
from db.vault import NotSealedHere, Seal, Vault
from engine.repository.credentials import Credential

NOTHING = frozenset[str]()
DOCUMENT = frozenset({"environment"})


def seal_inputs(inputs: Mapping[str, str], task_id: str, vault: Vault) -> str | None:
    """Return the inputs of a task sealed for it: somebody may have typed a secret into them."""
    if not inputs:
        return None
    place = TASK_INPUTS.place(task_id)
    return vault.seal(dumps(dict(inputs)), place=place, name=TASK_INPUTS.column, version=1)


def open_inputs(task: Task, vault: Vault) -> dict[str, str]:
    """Return the inputs of *task*; NotSealedHere when they do not open."""
    if task.inputs is None:
        return {}
    place = TASK_INPUTS.place(task.id)
    inputs: dict[str, str] = loads(vault.open(task.inputs, place=place, name=TASK_INPUTS.column))
    return inputs


async def environment_of(task: Task) -> Environment | None:
    """Return where *task* goes, with its application and that one's team, by one statement."""
    dialect = rows.dialect()
    environments = rows.acted_on(Environment, NOTHING, dialect)
    applications = rows.acted_on(Application, DOCUMENT, dialect)
    orgs = rows.acted_on(Org, NOTHING, dialect)
    columns = (
        *(environments.columns("e"), applications.columns("a", "application.")),
        orgs.columns("o", "org."),
    )
    sql = (
        f"SELECT {', '.join(columns)} FROM environment e"  # noqa: S608 (of our own texts)
        " JOIN application a ON a.id = e.application_id JOIN org o ON o.id = a.owner_org_id"
        f" WHERE e.id = {rows.mark(1)}"
    )
    for row in await rows.fetch(sql, [f"{task.app_id}:{task.env_name}"]):
        org = orgs.of({name: row.pop(f"org.{name}") for name in orgs.fields})
        application = applications.of(
            {name: row.pop(f"application.{name}") for name in applications.fields}
        )
        environment = environments.of(row)
        application.owner_org, environment.application = org, application
        return environment
    return None


def versions_of(task: Task, environment: Environment | None) -> dict[str, int]:
    """Return the versions of the secrets that *task* is given."""
    if environment is None or not task.with_secrets:
        return {}
    team = environment.application.owner_org.secrets or {}
    sealed = {**team, **environment.secrets}
    return {name: Seal.parse(value).version for name, value in sealed.items()}


def build(task: Task, environment: Environment | None, vault: Vault) -> Assignment:
    """Return what *task* needs to run in *environment*, which was read by `environment_of`.

    NotSealedHere when a secret does not open, EnvironmentGone without an environment.
    """
    if environment is None:
        raise EnvironmentGone(task.env_name)
    application = environment.application
    owner = application.owner_org
    secrets = secrets_of(owner, environment, vault) if task.with_secrets else {}
    return Assignment(
        lease=Lease(task.id, task.epoch),
        repo_url=application.repo_url,
        ref=task.ref,
        commit=task.commit,
        pipeline_path=environment.cd_pipeline_yaml,
        pipeline=task.pipeline if task.exact or task.epoch > 1 else None,
        contexts=_contexts(task, application, secrets, open_inputs(task, vault)),
        debug=bool((task.trigger_payload or {}).get("debug")),
        team=owner.name,
        credential=credential_of(owner, application, vault),
        trusted=task.with_secrets,
        trace_parent=task.trace_parent,
        created_time=task.created_time,
    )


def credential_of(owner: Org, application: Application, vault: Vault) -> Credential | None:
    """Return what opens the repository: the token of the team's account with its provider.

    None where there is no such account, or the repository is not on that provider's server; an
    account may name another `url` for its own. NotSealedHere when the token does not open.
    """
    account = account_for(owner, application, vault)
    return account.credential if account else None


def secrets_of(owner: Org, environment: Environment, vault: Vault) -> dict[str, str]:
    """Return the secrets of *environment* over those of its team, in clear."""
    opened = vault.open_all(owner.secrets or {}, place=TEAM_SECRETS.place(owner.name))
    opened |= vault.open_all(environment.secrets, place=ENVIRONMENT_SECRETS.place(environment.id))
    return opened


def openable(owner: Org, environment: Environment, vault: Vault) -> list[str]:
    """Return in clear what opens of the secrets of *environment* and its team."""
    opened = []
    for column, key, stored in (
        (TEAM_SECRETS, owner.name, owner.secrets or {}),
        (ENVIRONMENT_SECRETS, environment.id, environment.secrets),
    ):
        for name, sealed in stored.items():
            with suppress(NotSealedHere):
                opened.append(vault.open(sealed, place=column.place(key), name=name))
    return opened


def _contexts(
    task: Task, application: Application, secrets: Mapping[str, str], inputs: Mapping[str, str]
) -> Mapping[str, Mapping[str, str]]:
    payload = task.trigger_payload or {}
    pusher = payload.get("pusher")
    git = {
        **{f"pusher.{name}": str(value) for name, value in (pusher or {}).items()},
        "provider": application.provider,
        "repo_owner": application.repo_owner,
        "repo_name": application.repo_name,
        "clone_url": application.repo_url,
        "ref": task.ref or "",
        "branch": task.branch or "",
        "tag": task.tag or "",
        "commit": task.commit or "",
        "message": task.message or "",
        "event_name": str(payload.get("event") or task.trigger_type),
    }
    return {
        "secrets": secrets,
        "git": git,
        "task": {"id": task.id},
        "app": {
            "id": application.id,
            "name": application.name,
            "environment": task.env_name,
            "dispatch_org_id": task.dispatch_org_id or "",
        },
        "inputs": inputs,
    }
