"""Twenty at once: the database decides, and says it in words."""

import asyncio
from collections import Counter
from dataclasses import replace

import pytest

from db.models import Application, Environment, Org, User

PARALLEL = 20

CREATE_ORG = """mutation ($name: String!) {
  createOrg(input: {name: $name}) { __typename ... on Problem { code field } } }"""
CREATE_APPLICATION = """mutation (
  $org: String!, $name: String!, $repoId: String, $provider: Provider!
) {
  createApplication(input: {
    orgName: $org, name: $name, provider: $provider, repoId: $repoId, repoUrl: "https://example.com/a/b"
  }) { __typename ... on Problem { code field } } }"""
SIGN_UP = """mutation ($name: String!, $email: String) {
  signUp(input: {username: $name, email: $email, password: "long enough"}) {
    __typename ... on Problem { code field } } }"""
CREATE_ENVIRONMENT = """mutation ($id: ID!, $name: String!) {
  createEnvironment(input: {applicationId: $id, environment: {name: $name}}) {
    __typename ... on Problem { code field } } }"""


async def at_once(calls, field):
    """Return how often each type was answered."""
    answers = await asyncio.gather(*calls)
    return Counter(answer[field]["__typename"] for answer in answers), answers


async def test_a_team_name_has_one_owner(api):
    """Twenty users want one name: one row, nineteen typed problems."""
    users = [await api.user(f"user{number}") for number in range(PARALLEL)]

    types, answers = await at_once(
        [api.execute(CREATE_ORG, user, name="acme") for user in users], "createOrg"
    )

    assert types == {"CreateOrgPayload": 1, "AlreadyExistsProblem": PARALLEL - 1}
    assert await Org.filter(name="acme").count() == 1
    problem = next(a["createOrg"] for a in answers if "code" in a["createOrg"])
    assert problem["code"] == "ALREADY_EXISTS"
    assert problem["field"] == ["name"]


async def test_one_user_has_one_row_in_a_team(api):
    """The same user twenty times: still one row."""
    user = await api.user("ann")

    types, _ = await at_once(
        [api.execute(CREATE_ORG, user, name="acme") for _ in range(PARALLEL)], "createOrg"
    )

    assert types["CreateOrgPayload"] == 1
    assert await Org.all().count() == 1


@pytest.mark.parametrize(
    ("variables", "field"),
    [
        (lambda _: {"name": "ann"}, "username"),
        (lambda number: {"name": f"ann{number}", "email": "ann@example.com"}, "email"),
    ],
    ids=["username", "email"],
)
async def test_user_names_and_addresses_are_unique(api, variables, field):
    """Twenty sign-ups: one account, and the problem names the field."""
    types, answers = await at_once(
        [api.execute(SIGN_UP, **variables(number)) for number in range(5)], "signUp"
    )

    assert types == {"SignUpPayload": 1, "AlreadyExistsProblem": 4}
    assert {tuple(a["signUp"].get("field", [field])) for a in answers} == {(field,)}
    assert await User.all().count() == 1


async def test_names_and_addresses_are_unique_in_capital_and_small_letters(api):
    """Twenty of Ann, ann, ANN: one account, and every problem names the field."""
    for variables, field in (
        (lambda name, _: {"name": name}, "username"),
        (lambda name, number: {"name": f"n{number}", "email": f"{name}@Example.com"}, "email"),
        (
            lambda name, number: {"name": f"m{number}", "email": f"\u00e9{name}\u00c4@x.org"},
            "email",
        ),
    ):
        before = await User.all().count()
        names = [("Ann", "ann", "ANN", "aNN")[number % 4] for number in range(PARALLEL)]
        types, answers = await at_once(
            [api.execute(SIGN_UP, **variables(name, n)) for n, name in enumerate(names)], "signUp"
        )

        assert types == {"SignUpPayload": 1, "AlreadyExistsProblem": PARALLEL - 1}
        assert {tuple(a["signUp"].get("field", [field])) for a in answers} == {(field,)}
        assert await User.all().count() == before + 1


async def test_closed_sign_up_lets_exactly_one_in(api):
    """Of a dozen at once on an empty server, one gets the first account."""
    api.server.services = replace(api.server.services, sign_up="closed")

    types, _ = await at_once(
        [api.execute(SIGN_UP, name=f"ann{number}") for number in range(12)], "signUp"
    )

    assert types == {"SignUpPayload": 1, "ForbiddenProblem": 11}
    assert await User.all().count() == 1


async def test_application_names_are_unique_in_a_team(api):
    """Twenty creations: one row; the name is free in another team."""
    user = await api.user("ann")
    await api.execute(CREATE_ORG, user, name="acme")
    await api.execute(CREATE_ORG, user, name="other")

    def create(org):
        return api.execute(CREATE_APPLICATION, user, org=org, name="web", provider="GIT")

    types, _ = await at_once([create("acme") for _ in range(PARALLEL)], "createApplication")
    elsewhere = await create("other")

    assert types == {"CreateApplicationPayload": 1, "AlreadyExistsProblem": PARALLEL - 1}
    assert elsewhere["createApplication"]["__typename"] == "CreateApplicationPayload"
    assert await Environment.all().count() == 2


async def test_a_hosted_repository_has_one_application(api):
    """A repository held by another team is refused, and the problem names nobody."""
    ann, bob = await api.user("ann"), await api.user("bob")
    await api.execute(CREATE_ORG, ann, name="acme")
    await api.execute(CREATE_ORG, bob, name="other")

    calls = [
        api.execute(
            CREATE_APPLICATION, user, org=org, name=f"web{number}", provider="GITHUB", repoId="42"
        )
        for number in range(PARALLEL // 2)
        for user, org in ((ann, "acme"), (bob, "other"))
    ]
    types, _ = await at_once(calls, "createApplication")

    assert types == {"CreateApplicationPayload": 1, "ConflictProblem": PARALLEL - 1}
    assert await Application.all().count() == 1


async def test_environment_names_are_unique_and_none_is_lost(api):
    """Parallel writers of one application never lose each other's change."""
    user = await api.user("ann")
    await api.execute(CREATE_ORG, user, name="acme")
    await api.execute(CREATE_APPLICATION, user, org="acme", name="web", provider="GIT")
    application = await Application.get()

    names = [f"env{number % 10}" for number in range(PARALLEL)]
    types, _ = await at_once(
        [api.execute(CREATE_ENVIRONMENT, user, id=application.id, name=name) for name in names],
        "createEnvironment",
    )
    fresh = await Application.get()

    assert types == {"CreateEnvironmentPayload": 10, "AlreadyExistsProblem": 10}
    assert set(fresh.environment) == {"default", *names}


async def test_updates_with_a_version_exclude_each_other(api):
    """Twenty updates of version 1: one wins, the others learn the version there is."""
    user = await api.user("ann")
    await api.execute(CREATE_ORG, user, name="acme")
    await api.execute(CREATE_APPLICATION, user, org="acme", name="web", provider="GIT")
    application = await Application.get()
    update = """mutation ($id: ID!, $path: String!) {
      updateEnvironment(input: {
        applicationId: $id, name: "default", expectedVersion: 1, cdPipelineYaml: $path
      }) { __typename ... on ConflictProblem { currentVersion } } }"""

    types, answers = await at_once(
        [
            api.execute(update, user, id=application.id, path=f"p{number}.yaml")
            for number in range(PARALLEL)
        ],
        "updateEnvironment",
    )
    row, fresh = await Environment.get(), await Application.get()

    assert types == {"UpdateEnvironmentPayload": 1, "ConflictProblem": PARALLEL - 1}
    assert {a["updateEnvironment"].get("currentVersion", 2) for a in answers} == {2}
    assert fresh.environment["default"]["cd_pipeline_yaml"] == row.cd_pipeline_yaml
