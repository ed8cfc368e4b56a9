"""Teams, applications and tasks to look at."""

from datetime import UTC, datetime, timedelta

import pytest

from control.journal import new_step
from db import audit, documents
from db.chains import AuditEntry
from db.machines import WorkerMachine
from db.models import (
    ApiToken,
    Application,
    Delivery,
    DeployHook,
    Environment,
    Invitation,
    Org,
    Step,
    Task,
)
from providers import Provider
from schema import schema
from tests.hosting import bare, played


class World:
    """Fills a database with what a test asks for."""

    def __init__(self, api, application_of):
        self.api = api
        self._application_of = application_of

    async def team(self, name, user, role="OWNER"):
        """Return a user's row in a team."""
        return await Org.create(
            id=f"{user.id}:{name}", user=user, name=name, role=role, secrets={}, third_part={}
        )

    async def application(self, owner, name):
        """Return an application of a team with two environments."""
        return await self._application_of(owner, name)

    async def tasks(self, application, count, *, env_name="test", status="success"):
        """Return finished tasks of an application, the newest last."""
        start = datetime(2026, 1, 1, tzinfo=UTC)
        rows = []
        for number in range(count):
            time = start + timedelta(minutes=number)
            task = Task(
                id=f"t_{application.id}_{env_name}_{number:03}",
                env_name=env_name,
                app=application,
                status=status,
                trigger_type="manual",
                trigger_payload={},
                dispatch_org_id=application.org_id,
                created_time=time,
                updated_time=time,
                started_time=time,
                finished_time=time + timedelta(seconds=5),
                steps=[],
            )
            steps = [new_step(task.id, index, f"step {index}") for index in range(3)]
            task.steps = documents.steps_document([], steps)
            await task.save(force_create=True)
            await Step.bulk_create(steps)
            rows.append(task)
        environment = Environment.filter(id=f"{application.id}:{env_name}")
        await environment.update(latest_task_id=rows[-1].id)
        return rows

    async def delivery(self, application, number=0, verdicts=()):
        """Return a delivery that was worked on."""
        time = datetime(2026, 1, 1, tzinfo=UTC) + timedelta(minutes=number)
        return await Delivery.create(
            id=f"d_{application.id}_{number:03}",
            application=application,
            delivery_id=f"{number}",
            event="push",
            headers={},
            body=b"",
            status="done",
            verdicts=list(verdicts),
            reason="There was nothing to ask.",
            received_time=time,
            finished_time=time,
        )

    async def deploy_hook(self, environment_id, by, name="ci"):
        """Return a hook of an environment; nobody knows its address."""
        return await DeployHook.create(
            id=f"h_{environment_id.replace(':', '_')}",
            environment_id=environment_id,
            name=name,
            token_hash=environment_id,
            prefix="rwh_",
            created_by_id=by.id,
            last_used_time=datetime(2026, 1, 1, tzinfo=UTC),
        )

    async def mutate(self, name, user, selection="", /, **given):
        """Return what a mutation answers *user*: payload or problem, with its `__typename`."""
        kind = schema._schema.mutation_type.fields[name].args["input"].type
        payload = name[0].upper() + name[1:] + "Payload"
        shown = f"... on {payload} {{ {selection} }}" if selection else ""
        query = f"""mutation ($input: {kind}) {{ {name}(input: $input) {{ __typename {shown}
          ... on Problem {{ code message field }} }} }}"""
        return (await self.api.execute(query, user, input=given))[name]

    async def done(self, name, user, selection="", /, **given):
        """Return the payload of a mutation that is not refused."""
        answer = await self.mutate(name, user, selection, **given)
        assert answer["__typename"].endswith("Payload"), answer
        return answer

    async def created(self, by, org, name="web"):
        """Return the id of an application that *by* makes in a team."""
        answer = await self.done(
            "createApplication",
            by,
            "application { id }",
            orgName=org,
            name=name,
            provider="GIT",
            repoUrl="https://example.com/a/b",
        )
        return answer["application"]["id"]

    async def code(self, name, user, /, **given):
        """Return the code of the problem that a mutation answers; None for its payload."""
        return (await self.mutate(name, user, **given)).get("code")

    async def check(self):
        """Check what must hold whatever happened: nobody and nothing is in two places, or lost."""
        rows = await Org.all()
        owners = {row.id: row.name for row in rows if row.role == "OWNER"}
        teams = {row.name for row in rows}
        assert sorted(owners.values()) == sorted(teams), "a team has exactly one OWNER"
        assert len({name.lower() for name in teams}) == len(teams)
        assert not [row.id for row in rows if row.role != "OWNER" and (row.secrets or row.alias)]
        applications = {row.id: row for row in await Application.all()}
        assert {row.owner_org_id for row in applications.values()} <= set(owners)
        environments = {row.id for row in await Environment.all()}
        for row in applications.values():
            mine = {each.partition(":")[2] for each in environments if each.startswith(row.id)}
            assert set(row.environment) in (set(), mine)
        for task in await Task.filter(finished_time=None):
            assert f"{task.app_id}:{task.env_name}" in environments
            by = task.dispatch_org_id.partition(":")[2]
            assert by == owners[applications[task.app_id].owner_org_id]
        assert {row.org_name for row in await Invitation.all()} <= teams
        assert {row.org_name for row in await WorkerMachine.all()} <= {*teams, None}
        members = {(row.user_id, row.name) for row in rows}
        for token in await ApiToken.exclude(org_name=None):
            assert (token.user_id, token.org_name) in members
        for row in await Application.exclude(transfer_org_name=None):
            assert row.transfer_org_name in teams
        async for verdict in audit.verify():
            assert verdict.fault is None, verdict

    async def acts(self, chain):
        """Return what a chain of the audit log tells, in order."""
        rows = await AuditEntry.filter(chain=chain).order_by("seq")
        return [row.action for row in rows]


@pytest.fixture(scope="session")
def forge_url(tmp_path_factory):
    """A played GitLab with one repository, acme/shop; yields its address."""
    folder = bare(tmp_path_factory.mktemp("forge"), "shop")
    with played(Provider.GITLAB, folder) as (url, _):
        yield url


@pytest.fixture
def world(api, application_of):
    """A world on each database."""
    return World(api, application_of)


@pytest.fixture
def sqlite_world(sqlite_api, application_of):
    """A world on SQLite."""
    return World(sqlite_api, application_of)
