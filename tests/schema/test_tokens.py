"""API tokens: never more than their user, their scopes and their bounds allow."""

import asyncio
from datetime import UTC, datetime, timedelta
from itertools import combinations, product

import pytest
from graphql import get_named_type, is_composite_type, is_required_argument
from tortoise import Tortoise

from auth import viewer as viewers
from auth.permissions import MAY, SCOPE_MAY, Role, Scope
from auth.sessions import hash_token
from auth.tokens import TOKEN_PREFIX, TOKENS_PER_USER_MAX
from db.models import ApiToken, Org, User
from schema import schema
from tests.schema import test_access as access

acme = access.acme

# What needs a person, and what anybody may do; the others are a matter of scope.
IN_PERSON = {
    "signOut",
    "createOrg",
    "endSession",
    "createApiToken",
    "revokeApiToken",
    "acceptInvitation",
    "declineInvitation",
    "changePassword",
    "updateUser",
    "linkLogin",
    "unlinkLogin",
    "linkAccountByOAuth",
    "createWorker",
}
OPEN = {"signUp", "signIn"}
INPUTS = {
    "signOut": {},
    "createOrg": {"name": "new"},
    "changePassword": {"newPassword": "unrelated gravel teapot"},
    "updateUser": {"avatar": None},
    "linkLogin": {"service": "GITHUB"},
    "unlinkLogin": {"service": "GITHUB"},
    "signUp": {"username": "new", "password": "correct horse battery"},
    "signIn": {"login": "owner", "password": "correct horse battery"},
}
ACTIONS = {name: each for name, each in access.ROLES.items() if name not in IN_PERSON}
COMBINATIONS = [tuple(each) for size in (1, 2, 3) for each in combinations(Scope, size)]
CREATE = """mutation ($input: CreateApiTokenInput!) { createApiToken(input: $input) {
  __typename ... on CreateApiTokenPayload { value apiToken { id name prefix scopes } }
  ... on Problem { code field message } ... on InvalidProblem { issues { field } } } }"""
REVOKE = """mutation ($id: ID!) { revokeApiToken(input: {apiTokenId: $id}) {
  ... on RevokeApiTokenPayload { apiToken { id } } ... on Problem { code } } }"""
VIEWER = "{ viewer { id } }"


async def token_of(user, *scopes, org_name=None, application_id=None, env_name=None):
    """Return the viewer of a new token, made where no rule is asked."""
    number = await ApiToken.all().count()
    row = await ApiToken.create(
        id=f"k_{number}",
        user=user,
        name=f"token {number}",
        scopes=[scope.value for scope in scopes],
        org_name=org_name,
        application_id=application_id,
        env_name=env_name,
        token_hash=hash_token(f"rwt_{number}"),
        prefix="rwt_",
    )
    return viewers.Viewer(user, token=row)


def given(name, ids):
    """Return the input of a mutation's first case."""
    cases = access.MUTATIONS[name]
    return access.filled(cases[0], ids) if cases else INPUTS[name]


def test_every_mutation_says_whether_a_token_may():
    """Whoever adds a mutation says here whether it is a person's, anybody's, or a scope's."""
    parts = (IN_PERSON, OPEN, set(ACTIONS))
    assert sum(map(len, parts)) == len(set().union(*parts))
    assert set().union(*parts) == set(schema._schema.mutation_type.fields)


@pytest.mark.parametrize("name", sorted(ACTIONS))
async def test_scopes_allow_what_the_table_says(acme, name):
    """An OWNER's token: FORBIDDEN and nothing changed, or done, for every set of scopes."""
    world, there, _ = acme
    owner = await User.get(id=there["USER"])
    may = {
        scopes: any(ACTIONS[name] in SCOPE_MAY[scope] for scope in scopes)
        for scopes in COMBINATIONS
    }
    tokens = {scopes: await token_of(owner, *scopes) for scopes in COMBINATIONS}
    before = await access.everything()

    async def asked(scopes):
        answer = await world.api.execute(
            access.operation(name), tokens[scopes], input=given(name, there)
        )
        return answer[name]

    for scopes in (each for each in COMBINATIONS if not may[each]):
        answer = await asked(scopes)
        assert answer["code"] == "FORBIDDEN", scopes
        assert "This API token may not" in answer["message"]
    assert await access.everything() == before
    answers = [await asked(scopes) for scopes in COMBINATIONS if may[scopes]]
    assert answers[0].get("code") not in {"FORBIDDEN", "UNAUTHENTICATED"}
    for answer in answers:  # of those behind the first, some find it done
        assert "This API token may not" not in answer.get("message", "")


@pytest.mark.parametrize("name", sorted(IN_PERSON))
async def test_what_needs_a_person_refuses_every_token(acme, name):
    """FORBIDDEN whatever the scopes, and nothing is changed."""
    world, there, _ = acme
    users = await User.filter(username__in=["owner", "named"])
    tokens = [await token_of(*each) for each in product(users, Scope)]
    tokens += [await token_of(user, *Scope) for user in users]
    before = await access.everything()

    for token, case in product(tokens, access.MUTATIONS[name] or [INPUTS[name]]):
        answer = await world.api.execute(
            access.operation(name), token, input=access.filled(case, there)
        )
        assert answer[name]["code"] == "FORBIDDEN"
    assert await access.everything() == before


async def test_leaving_needs_a_person(acme):
    """A MEMBER's token, of whatever scope, does not take its user out of the team."""
    world, _, _ = acme
    member = await world.api.user("member")
    await world.team("acme", member, "MEMBER")
    token = await token_of(member, *Scope)

    answer = await world.api.execute(
        access.operation("removeMember"),
        token,
        input={"orgName": "acme", "username": "Member"},
    )

    assert answer["removeMember"]["code"] == "FORBIDDEN"
    assert await Org.exists(id="u_member:acme")


@pytest.mark.parametrize("role", [role for role in Role if role is not Role.OWNER])
async def test_a_token_may_not_do_more_than_its_user(acme, role):
    """ADMIN is a scope, no role: what the role forbids, it forbids the token."""
    world, there, _ = acme
    member = await world.api.user("member")
    await world.team("acme", member, role.value)
    token = await token_of(member, *Scope)
    before = await access.everything()

    for name in (name for name, action in ACTIONS.items() if action not in MAY[role]):
        answer = await world.api.execute(access.operation(name), token, input=given(name, there))
        assert answer[name]["code"] == "FORBIDDEN", name
    assert await access.everything() == before


@pytest.mark.parametrize(
    ("change", "code"),
    [
        (lambda rows: rows.update(role="VIEWER"), "FORBIDDEN"),
        (lambda rows: rows.delete(), "NOT_FOUND"),
    ],
    ids=["demoted", "removed"],
)
async def test_a_token_does_not_outlive_a_role(acme, change, code):
    """What its user may not do any more, the token may not from the next request on."""
    world, there, _ = acme
    member = await world.api.user("member")
    await world.team("acme", member, "ADMIN")
    token = await token_of(member, *Scope)
    query = "query ($id: ID!) { application(id: $id) { id } }"
    assert (await world.api.execute(query, token, id=there["APP"]))["application"]

    await change(Org.filter(id="u_member:acme"))
    answer = await world.api.execute(
        access.operation("setSecrets"), token, input=given("setSecrets", there)
    )

    assert answer["setSecrets"]["code"] == code
    seen = (await world.api.execute(query, token, id=there["APP"]))["application"]
    assert (seen is None) == (code == "NOT_FOUND")


REMOVE = """mutation { removeMember(input: {orgName: "acme", username: "member"}) {
  __typename } }"""


async def test_a_token_of_a_team_is_gone_with_the_membership(acme):
    """Whoever comes back makes new ones; their tokens of other teams stay."""
    world, there, _ = acme
    owner = await User.get(id=there["USER"])
    member = await world.api.user("member")
    await world.team("acme", member, "ADMIN")
    await world.team("own", member)
    await token_of(member, Scope.READ, org_name="acme")
    await token_of(member, Scope.READ, org_name="acme", application_id=there["APP"])
    kept = await token_of(member, Scope.READ, org_name="own")

    await world.api.execute(REMOVE, owner)

    assert await ApiToken.filter(user_id=member.id).values_list("id", flat=True) == [kept.token.id]


async def test_a_token_is_not_made_for_a_team_that_was_left_meanwhile(world):
    """Twenty tokens asked for while their user is removed: none is left."""
    owner, member = await world.api.user("owner"), await world.api.user("member")
    await world.team("acme", owner)
    await world.team("acme", member, "ADMIN")

    def create(number):
        wanted = {"name": f"ci {number}", "scopes": ["READ"], "orgName": "acme"}
        return world.api.execute(CREATE, member, input=wanted)

    answers = await asyncio.gather(
        *(create(number) for number in range(10)),
        world.api.execute(REMOVE, owner),
        *(create(number) for number in range(10, 20)),
    )

    assert not await Org.exists(user_id=member.id)
    assert not await ApiToken.filter(user_id=member.id).exists()
    types = {answer.get("createApiToken", {}).get("__typename") for answer in answers}
    assert types <= {None, "CreateApiTokenPayload", "NotFoundProblem"}


@pytest.mark.parametrize("round_", range(5))
async def test_revoking_does_not_meet_a_removal(world, round_):
    """Ten tokens revoked while the membership goes that they hang on: nobody waits for ever."""
    owner, member = await world.api.user("owner"), await world.api.user("member")
    await world.team("acme", owner)
    await world.team("acme", member, "ADMIN")
    rows = [(await token_of(member, Scope.READ, org_name="acme")).token for _ in range(10)]

    revoking = [world.api.execute(REVOKE, member, id=row.id) for row in rows]
    await asyncio.gather(*revoking[:round_], world.api.execute(REMOVE, owner), *revoking[round_:])

    assert not await ApiToken.filter(user_id=member.id).exists()


async def test_the_value_is_shown_once(acme):
    """The answer has it; the database has its hash, and nothing shows more than its beginning."""
    world, there, _ = acme
    owner = await User.get(id=there["USER"])
    wanted = {"name": "once", "scopes": ["READ"], "orgName": "acme"}

    made = (await world.api.execute(CREATE, owner, input=wanted))["createApiToken"]
    value = made["value"]
    rows = [str(await model.all().values()) for model in Tortoise.apps["rollway"].values()]

    assert value.startswith(TOKEN_PREFIX)
    assert value.startswith(made["apiToken"]["prefix"])
    assert len(value) - len(made["apiToken"]["prefix"]) >= 30
    assert not [row for row in rows if value in row or value[len(TOKEN_PREFIX) + 10 :] in row]
    assert (await ApiToken.get(id=made["apiToken"]["id"])).token_hash == hash_token(value)


async def test_a_token_is_found_by_its_value_until_it_expires(sqlite_api):
    """Its last use is kept, to a minute; a session's token and a part of the value find nothing."""
    user = await sqlite_api.user("ann")
    wanted = {
        "name": "ci",
        "scopes": ["READ"],
        "expiresTime": (datetime.now(UTC) + timedelta(hours=1)).isoformat(),
    }
    made = (await sqlite_api.execute(CREATE, user, input=wanted))["createApiToken"]
    value, same = made["value"], ApiToken.filter(id=made["apiToken"]["id"])
    assert (await same.get()).last_used_time is None

    found = await viewers.find(value)
    used = (await same.get()).last_used_time
    again = await viewers.find(value)

    assert found.user == user
    assert found.session is None
    assert await viewers.alive(found)
    assert abs(datetime.now(UTC) - used) < timedelta(seconds=10)
    assert again
    assert (await same.get()).last_used_time == used
    await same.update(last_used_time=used - timedelta(minutes=2))
    await viewers.find(value)
    assert (await same.get()).last_used_time >= used
    for other in (value[:-1], value.upper(), value[len(TOKEN_PREFIX) :], f" {value}", ""):
        assert await viewers.find(other) is None
    await same.update(expires_time=datetime.now(UTC) - timedelta(seconds=1))
    assert await viewers.find(value) is None
    assert not await viewers.alive(found)


async def test_a_revoked_token_is_nobodys(sqlite_api):
    """Only its user revokes it, or it revokes itself; others are told that there is none."""
    ann, bob = await sqlite_api.user("ann"), await sqlite_api.user("bob")
    made = (await sqlite_api.execute(CREATE, ann, input={"name": "ci", "scopes": ["READ"]}))[
        "createApiToken"
    ]
    token_id = made["apiToken"]["id"]

    foreign = await sqlite_api.execute(REVOKE, bob, id=token_id)
    assert foreign["revokeApiToken"]["code"] == "NOT_FOUND"
    itself = await viewers.find(made["value"])
    assert itself
    answer = await sqlite_api.execute(REVOKE, itself, id=token_id)

    assert answer["revokeApiToken"] == {"apiToken": {"id": token_id}}
    assert await viewers.find(made["value"]) is None
    assert not await viewers.alive(itself)
    again = await sqlite_api.execute(REVOKE, ann, id=token_id)
    assert again["revokeApiToken"]["code"] == "NOT_FOUND"


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"name": ""}, "name"),
        ({"name": "  "}, "name"),
        ({"name": "x" * 65}, "name"),
        ({"scopes": []}, "scopes"),
        ({"envName": "test"}, "envName"),
        ({"expiresTime": "2020-01-01T00:00:00Z"}, "expiresTime"),
        ({"expiresTime": "2999-01-01T00:00:00"}, "expiresTime"),
        ({"expiresTime": "9999-12-31T23:59:59-14:00"}, "expiresTime"),
    ],
)
async def test_what_cannot_be_is_refused(sqlite_api, change, field):
    """Every broken rule names its field, and no token is made."""
    user = await sqlite_api.user("ann")
    wanted = {"name": "ci", "scopes": ["READ"], **change}

    answer = (await sqlite_api.execute(CREATE, user, input=wanted))["createApiToken"]

    assert answer["code"] == "INVALID"
    assert [issue["field"] for issue in answer["issues"]] == [[field]]
    assert not await ApiToken.all().exists()


async def test_bounds_lie_within_what_the_caller_sees(acme):
    """What is another team's, or fits not together, is answered as what does not exist."""
    world, there, _ = acme
    owner = await User.get(id=there["USER"])
    await world.team("own", owner)
    for bounds in (
        {"orgName": "giver"},
        {"applicationId": there["OFFERED"]},
        {"orgName": "own", "applicationId": there["APP"]},
        {"applicationId": there["APP"], "envName": "nowhere"},
        {"orgName": "ACME"},
    ):
        wanted = {"name": "ci", "scopes": ["READ"], **bounds}
        answer = (await world.api.execute(CREATE, owner, input=wanted))["createApiToken"]
        assert answer["code"] == "NOT_FOUND", bounds


async def test_names_are_unique_to_their_user_and_there_is_a_most(world):
    """Twenty at once get one token of a name; the 101st is refused; another user has their own."""
    ann, bob = await world.api.user("ann"), await world.api.user("bob")

    def create(user, name):
        return world.api.execute(CREATE, user, input={"name": name, "scopes": ["READ"]})

    same = await asyncio.gather(*(create(ann, "ci") for _ in range(20)))
    types = sorted(answer["createApiToken"]["__typename"] for answer in same)
    assert types == ["AlreadyExistsProblem"] * 19 + ["CreateApiTokenPayload"]
    for _ in range(TOKENS_PER_USER_MAX - 3):
        await token_of(ann, Scope.READ)
    rest = await asyncio.gather(*(create(ann, f"n{number}") for number in range(20)))
    codes = [answer["createApiToken"].get("code") for answer in rest]

    assert codes.count(None) == 2
    assert codes.count("LIMIT_EXCEEDED") == 18
    assert await ApiToken.filter(user_id=ann.id).count() == TOKENS_PER_USER_MAX
    assert (await create(bob, "ci"))["createApiToken"]["__typename"] == "CreateApiTokenPayload"


# ---------------------------------------------------------------- a token that may only deploy

TASK_PARTS = "task { id status }"
DEPLOYS = {name for name, action in ACTIONS.items() if action in SCOPE_MAY[Scope.DEPLOY]}


@pytest.fixture
async def deployer(acme):
    """The owner's token that may deploy and cancel, in the team with something to cancel."""
    world, there, _ = acme
    owner = await User.get(id=there["USER"])
    return world, there, await token_of(owner, Scope.DEPLOY)


async def refused(world, token, query, **variables):
    """Check that nothing of *query* is answered, and that the error says why."""
    result = await world.api.result(query, token, **variables)
    assert result.errors, query
    assert [error.extensions["code"] for error in result.errors] == ["FORBIDDEN"]
    assert not result.data


@pytest.mark.parametrize("name", [*(name for name, case in access.QUERIES.items() if case)])
async def test_a_deploy_token_reads_nothing(deployer, name):
    """Every query is refused, also of what it may deploy."""
    world, there, token = deployer
    query, cases = access.QUERIES[name]
    for case in cases:
        await refused(world, token, query, **access.filled(case, there))


@pytest.mark.parametrize("name", access.SUBSCRIPTIONS)
async def test_a_deploy_token_watches_nothing(deployer, name):
    """Every subscription is refused."""
    world, there, token = deployer
    query, variables = access.SUBSCRIPTIONS[name]
    stream = await schema.stream(
        query,
        variable_values=access.filled(variables, there),
        context_value=world.api.context(token),
    )
    results = [result async for result in stream]
    assert [e.extensions["code"] for r in results for e in r.errors] == ["FORBIDDEN"]


@pytest.mark.parametrize(
    "query",
    [
        VIEWER,
        "{ me: viewer { id } }",
        "{ ... { viewer { id } } }",
        "{ ... on Query { ... on Query { viewer { id } } } }",
        "{ ...Me } fragment Me on Query { ...Again } fragment Again on Query { viewer { id } }",
        "query ($yes: Boolean = true) { __typename ... @include(if: $yes) { viewer { id } } }",
        "{ __schema { queryType { name } } viewer { id } }",
    ],
)
async def test_a_deploy_token_finds_no_way_round(deployer, query):
    """Aliases, fragments, fragments in fragments, conditions: the same field is refused."""
    world, _, token = deployer
    await refused(world, token, query)


@pytest.mark.parametrize(
    "query",
    [
        "{ __typename }",
        "{ a: __typename ... on Query { b: __typename } }",
        '{ __type(name: "Task") { fields { name type { name ofType { name } } } } }',
        "{ __schema { mutationType { fields { name } } types { name } } }",
    ],
)
async def test_a_deploy_token_may_read_the_schema(deployer, query):
    """Introspection shows what everybody may know."""
    world, _, token = deployer
    assert await world.api.execute(query, token)


def below(type_):
    """Return the fields of an object type that lead to further objects."""
    return [
        name
        for name, field in type_.fields.items()
        if is_composite_type(get_named_type(field.type))
        and not any(is_required_argument(each) for each in field.args.values())
    ]


@pytest.mark.parametrize("name", sorted(DEPLOYS))
async def test_a_deploy_token_sees_the_answer_and_nothing_behind_it(deployer, name):
    """The answer's plain fields; whatever leads on from there is refused, before it is done."""
    world, there, token = deployer
    types = schema._schema.type_map
    payload = types[name[0].upper() + name[1:] + "Payload"]
    cases = {}
    for part, field in payload.fields.items():
        shown = schema._schema.type_map[str(field.type).strip("!")]
        for further in below(shown):
            cases[part, further] = f"{part} {{ id {further} {{ __typename }} }}"
    assert cases
    before = await access.everything()
    kind = payload.name.removesuffix("Payload")
    for selection in cases.values():
        on = f"on {payload.name}"
        for text, fragment in (
            (f"... {on} {{ {selection} }}", ""),
            (f"... {on} {{ ... {{ x: {selection} }} }}", ""),
            ("...Further", f"fragment Further {on} {{ {selection} }}"),
        ):
            query = f"mutation ($input: {kind}Input!) {{ {name}(input: $input) {{ {text} }} }}"
            await refused(world, token, query + fragment, input=given(name, there))
    assert await access.everything() == before


async def test_a_deploy_token_is_told_what_became_of_its_deploy(acme):
    """Plain fields through fragments, aliases and interfaces; and every part of a problem."""
    world, there, _ = acme
    owner = await User.get(id=there["USER"])
    token = await token_of(owner, Scope.DEPLOY)
    plain = " ".join(
        name
        for name, field in schema._schema.type_map["Task"].fields.items()
        if name not in below(schema._schema.type_map["Task"])
    )
    query = f"""mutation ($input: CancelTaskInput!) {{ done: cancelTask(input: $input) {{
      __typename
      ... on CancelTaskPayload {{ task {{ {plain} ... on Node {{ same: id }} ...Brief }} }}
      ... on Problem {{ code message field retryable }}
      ... on InvalidProblem {{ issues {{ field message }} }} }} }}
    fragment Brief on Task {{ was: status }}"""
    answer = await world.api.execute(query, token, input={"taskId": there["TASK"]})
    rollback = """mutation ($id: ID!) { rollback(input: {taskId: $id}) { __typename
      ... on BlockedProblem { blockers { kind message } } } }"""
    blocked = await world.api.execute(rollback, token, id=there["TASK"])

    assert answer["done"]["code"] == "CONFLICT"
    assert blocked["rollback"]["__typename"] == "BlockedProblem"
    assert blocked["rollback"]["blockers"]
