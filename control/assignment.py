"""What a worker is given: secrets and inputs, opened for one task."""

from collections.abc import Mapping
from contextlib import suppress
from json import dumps, loads

from control.integrations.accounts import account_for
from control.port import Assignment, Lease
from db.models import Application, Environment, Org, Task
from db.sealed import ENVIRONMENT_SECRETS, TASK_INPUTS, TEAM_SECRETS
from db.vault import NotSealedHere, Seal, Vault
from engine.repository.credentials import Credential


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


async def build(task: Task, vault: Vault) -> Assignment:
    """Return what *task* needs to run; NotSealedHere when a secret does not open."""
    application = await Application.filter(id=task.app_id).select_related("owner_org").get()
    environment = await Environment.filter(id=f"{task.app_id}:{task.env_name}").get()
    owner = application.owner_org
    secrets, versions = secrets_of(owner, environment, vault) if task.with_secrets else ({}, {})
    await Task.filter(id=task.id, epoch=task.epoch).update(secret_versions=versions)
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
    )


def credential_of(owner: Org, application: Application, vault: Vault) -> Credential | None:
    """Return what opens the repository: the token of the team's account with its provider.

    None where there is no such account, or the repository is not on that provider's server; an
    account may name another `url` for its own. NotSealedHere when the token does not open.
    """
    account = account_for(owner, application, vault)
    return account.credential if account else None


def secrets_of(
    owner: Org, environment: Environment, vault: Vault
) -> tuple[dict[str, str], dict[str, int]]:
    """Return the secrets of *environment* over those of its team, in clear, and their versions."""
    team = owner.secrets or {}
    opened = vault.open_all(team, place=TEAM_SECRETS.place(owner.name))
    opened |= vault.open_all(environment.secrets, place=ENVIRONMENT_SECRETS.place(environment.id))
    sealed = {**team, **environment.secrets}
    return opened, {name: Seal.parse(value).version for name, value in sealed.items()}


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
