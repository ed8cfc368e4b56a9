"""The funnel: what is asked for, what is kept of it, what the worker gets."""

import asyncio
import subprocess

import pytest

from control.deploys import Dispatch, InvalidCommit, NotEarlierSuccess, TriggerType
from control.port import IdempotencyKeyReused
from db.audit import Actor
from db.models import Application, Environment, Task
from db.sealed import ENVIRONMENT_SECRETS
from engine.git import RefNotFound
from engine.state import TaskStatus
from providers.repository import AddressNotAllowed
from tests.hosting import deploying


@pytest.fixture
def request_of(application):
    """Return requests for deploys of the application."""

    async def make(**more):
        values = {"env_name": "test", "trigger_type": TriggerType.MANUAL, "by": None, **more}
        values.setdefault("actor", Actor(None, "ann", "s_test"))
        return Dispatch(application=await Application.get(id=application.id), **values)

    return make


async def test_a_ref_is_resolved_before_the_task_is_there(repository, deploys, request_of):
    """The task names commit, full ref and branch; an unknown ref makes no task."""
    task = await deploys.dispatch(await request_of())

    assert (task.ref, task.branch, task.tag) == ("refs/heads/main", "main", None)
    assert len(task.commit) == 40
    assert task.status == "pending"
    with pytest.raises(RefNotFound):
        await deploys.dispatch(await request_of(ref="nosuch"))
    assert await Task.all().count() == 1


async def test_an_unreachable_host_makes_a_task_that_will_say_so(repository, deploys, request_of):
    """The worker's attempt is the one that counts."""
    await Application.all().update(repo_url="http://127.0.0.1:1/x.git")

    task = await deploys.dispatch(await request_of(ref="main"))

    assert (task.commit, task.ref) == (None, "main")


@pytest.mark.parametrize("commit", ["abc", "A" * 40, "-" * 40, "a" * 41, "HEAD"])
async def test_a_commit_is_a_full_hash(repository, deploys, request_of, commit):
    """Nothing else reaches git."""
    with pytest.raises(InvalidCommit):
        await deploys.dispatch(await request_of(commit=commit))


async def test_an_address_that_is_not_allowed_any_more_is_refused(
    repository, queue, vault, request_of
):
    """Settings may have changed since the application was made."""
    with pytest.raises(AddressNotAllowed):
        await deploying(queue, vault).dispatch(await request_of())


async def test_secrets_are_masked_in_what_is_kept_and_whole_for_the_worker(
    repository, deploys, queue, vault, request_of
):
    """A secret typed into message, reason or inputs is stored sealed or not at all."""
    sealed = vault.change({}, {"TOKEN": "hunter2!"}, place="environment/a_acme_web:test/secrets")
    await Environment.filter(id="a_acme_web:test").update(secrets=sealed)
    request = await request_of(
        message="with hunter2!", reason="hunter2!", inputs={"password": "hunter2!", "plain": "x"}
    )

    task = await deploys.dispatch(request)
    assignment = await queue.claim("w")

    assert task.message == "with ***"
    assert task.trigger_payload["inputs"] == {"password": "***", "plain": "***"}
    assert "hunter2!" not in str(await Task.all().values())
    assert assignment.contexts["inputs"] == {"password": "hunter2!", "plain": "x"}
    assert assignment.contexts["secrets"] == {"TOKEN": "hunter2!"}
    assert (await Task.get(id=task.id)).secret_versions == {"TOKEN": 1}
    assert "hunter2!" not in repr(assignment)
    assert "hunter2!" not in repr(request)


async def test_one_secret_that_does_not_open_leaves_the_others_masked(
    repository, deploys, vault, request_of
):
    """What is known is kept out of what is stored, whatever else is broken."""
    place = ENVIRONMENT_SECRETS.place("a_acme_web:test")
    sealed = vault.change({}, {"TOKEN": "hunter2!"}, place=place)
    broken = {"BROKEN": "rw1:00000000:1:0:AAAA:AAAA", **sealed}
    await Environment.filter(id="a_acme_web:test").update(secrets=broken)

    task = await deploys.dispatch(await request_of(message="with hunter2!"))
    assert task.message == "with ***"


async def test_a_redeploy_takes_the_commit_and_the_inputs(repository, deploys, queue, request_of):
    """Sealed for the new task again."""
    first = await deploys.dispatch(await request_of(inputs={"a": "b"}))
    again = await deploys.redeploy(
        await request_of(trigger_type=TriggerType.REDEPLOY, source=first)
    )
    await queue.cancel(first.id, "out of the way")

    assert (again.commit, again.source_task_id) == (first.commit, first.id)
    assert (await queue.claim("w")).contexts["inputs"] == {"a": "b"}


async def test_a_secret_sealed_with_another_key_ends_the_task_in_words(
    repository, deploys, queue, request_of
):
    """The queue goes on; step 0 says which secret does not open."""
    await Environment.filter(id="a_acme_web:test").update(
        secrets={"TOKEN": "rw1:00000000:1:0:AAAA:AAAA"}
    )
    task = await deploys.dispatch(await request_of())

    assert await queue.claim("w") is None
    task = await Task.get(id=task.id)
    assert task.status == "failure"
    assert "TOKEN" in task.steps[0]["error"]


async def test_only_an_earlier_success_is_rolled_back_to(repository, deploys, request_of):
    """Not a failure, not what runs now."""
    first = await deploys.dispatch(await request_of())

    async def rollback():
        source = await Task.get(id=first.id)
        request = await request_of(trigger_type=TriggerType.ROLLBACK, source=source)
        return await deploys.rollback(request)

    with pytest.raises(NotEarlierSuccess) as pending:
        await rollback()
    await Task.filter(id=first.id).update(status=TaskStatus.SUCCESS.value, pipeline="steps: []")
    with pytest.raises(NotEarlierSuccess) as latest:
        await rollback()
    await deploys.dispatch(await request_of())
    assert "PENDING" in pending.value.reason
    assert "latest" in latest.value.reason
    assert (await rollback()).source_task_id == first.id


async def test_an_idempotency_key_stands_for_one_request(repository, deploys, request_of):
    """Every part of the request counts."""
    same = {"idempotency_key": "k", "message": "m"}
    first = await deploys.dispatch(await request_of(**same))
    again = await deploys.dispatch(await request_of(**same))

    assert first.id == again.id
    for change in ({"message": "n"}, {"inputs": {"a": "b"}}, {"debug": True}, {"env_name": "live"}):
        with pytest.raises(IdempotencyKeyReused):
            await deploys.dispatch(await request_of(**{**same, **change}))


async def test_an_idempotency_key_outlives_the_ref(repository, deploys, request_of):
    """The same request gives the first task, whatever became of the branch meanwhile."""
    branch = ["git", "-C", str(repository), "branch", "work"]
    await asyncio.to_thread(subprocess.run, branch, check=True)
    first = await deploys.dispatch(await request_of(ref="work", idempotency_key="k"))
    await asyncio.to_thread(subprocess.run, [*branch[:-1], "-D", "work"], check=True)

    assert (
        await deploys.dispatch(await request_of(ref="work", idempotency_key="k"))
    ).id == first.id
