"""Teams: one OWNER whatever happens, and members who come by an invitation alone."""

import asyncio
from collections import Counter
from datetime import UTC, datetime, timedelta

import pytest

from control import assignment
from control.journal import new_step
from db.models import (
    ApiToken,
    Application,
    Environment,
    Invitation,
    LogChunk,
    Org,
    Step,
    Task,
    TaskEvent,
)

PARALLEL = 20
COMMIT = "c" * 40


@pytest.fixture
async def acme(world):
    """A team with an OWNER, an ADMIN and a MEMBER; returns the world and the users by role."""
    users = {role: await world.api.user(role.lower()) for role in ("OWNER", "ADMIN", "MEMBER")}
    await world.done("createOrg", users["OWNER"], name="acme", alias="Acme", logo="l.png")
    for role in ("ADMIN", "MEMBER"):
        await world.team("acme", users[role], role)
    return world, users


async def invited(world, by, user=None, role="MEMBER"):
    """Return an invitation's id and the token of its link."""
    given = {"username": user.username} if user else {}
    answer = await world.done(
        "inviteMember", by, "link invitation { id }", orgName="acme", role=role, **given
    )
    return answer["invitation"]["id"], answer["link"].partition("#")[2]


# ---------------------------------------------------------------- the OWNER stays


async def test_nobody_removes_or_demotes_the_owner(acme):
    """Neither an ADMIN nor the OWNER: CONFLICT, and the row is what it was."""
    world, users = acme
    before = await Org.all().order_by("id").values()
    for by in (users["OWNER"], users["ADMIN"]):
        for name in ("owner", "OWNER"):
            target = {"orgName": "acme", "username": name}
            assert await world.code("removeMember", by, **target) == "CONFLICT"
            for role in ("ADMIN", "MEMBER", "VIEWER"):
                change = {**target, "role": role}
                assert await world.code("updateMemberRole", by, **change) == "CONFLICT"
    assert await Org.all().order_by("id").values() == before


async def test_nobody_makes_a_second_owner(acme):
    """OWNER is no role to invite to or to give; only a transfer makes one."""
    world, users = acme
    for by in (users["OWNER"], users["ADMIN"]):
        for name in ("admin", "member", "owner"):
            given = {"orgName": "acme", "username": name, "role": "OWNER"}
            assert await world.code("updateMemberRole", by, **given) == "INVALID"
        given = {"orgName": "acme", "role": "OWNER"}
        assert await world.code("inviteMember", by, **given) == "INVALID"
    assert not await Invitation.all().exists()
    await world.check()


@pytest.mark.parametrize("role", ["ADMIN", "MEMBER"])
async def test_others_may_leave(acme, role):
    """Whoever is not the OWNER; their name in any case is theirs."""
    world, users = acme
    await world.done(
        "removeMember", users[role], "deletedId", orgName="acme", username=role.title()
    )
    assert not await Org.exists(user_id=users[role].id)
    assert await world.code("updateOrg", users[role], orgName="acme") == "NOT_FOUND"
    await world.check()


async def test_a_member_removes_nobody(acme):
    """Not even by a name that looks like their own."""
    world, users = acme
    for name in ("admin", "owner", "nobody"):
        given = {"orgName": "acme", "username": name}
        assert await world.code("removeMember", users["MEMBER"], **given) == "FORBIDDEN"
    assert (
        await world.code("removeMember", users["ADMIN"], orgName="acme", username="nobody")
        == "NOT_FOUND"
    )


async def test_a_transfer_moves_all_that_the_team_shares(acme):
    """Secrets, profile and applications stand with the new OWNER; the old one is an ADMIN."""
    world, users = acme
    owner, member = users["OWNER"], users["MEMBER"]
    await world.done(
        "setSecrets", owner, orgName="acme", set=[{"key": "TEAM", "value": "team's own"}]
    )
    await Org.filter(user_id=owner.id).update(third_part={"github": {"owner": "octo"}})
    application = await world.created(owner, "acme")
    wrong = {"orgName": "acme", "toUsername": "member", "confirmName": "Acme"}
    assert await world.code("transferOrg", owner, **wrong) == "INVALID"
    for by in ("ADMIN", "MEMBER"):
        given = {"orgName": "acme", "toUsername": "member", "confirmName": "acme"}
        assert await world.code("transferOrg", users[by], **given) == "FORBIDDEN"
    stranger = {"orgName": "acme", "toUsername": "nobody", "confirmName": "acme"}
    assert await world.code("transferOrg", owner, **stranger) == "NOT_FOUND"

    answer = await world.done(
        "transferOrg",
        owner,
        "org { role alias logo owner { user { username } } viewerCan { transfer } }",
        orgName="acme",
        toUsername="member",
        confirmName="acme",
    )

    assert answer["org"] == {
        "role": "ADMIN",
        "alias": "Acme",
        "logo": "l.png",
        "owner": {"user": {"username": "member"}},
        "viewerCan": {"transfer": False},
    }
    new, old = await Org.get(user_id=member.id), await Org.get(user_id=owner.id)
    assert (new.role, old.role) == ("OWNER", "ADMIN")
    assert new.third_part == {"github": {"owner": "octo"}}
    assert (old.secrets, old.third_part, old.alias) == ({}, {}, None)
    assert (await Application.get(id=application)).owner_org_id == new.id
    await world.check()


async def test_secrets_open_for_a_deploy_after_a_transfer(acme):
    """They are sealed for the team's name and the environment, not for a person."""
    world, users = acme
    owner = users["OWNER"]
    application = await world.created(owner, "acme")
    scope = {"applicationId": application, "envName": "default"}
    await world.done("setSecrets", owner, orgName="acme", set=[{"key": "A", "value": "team's"}])
    await world.done("setSecrets", owner, **scope, set=[{"key": "B", "value": "environment's"}])
    for to, by in (("member", "OWNER"), ("admin", "MEMBER")):
        await world.done(
            "transferOrg", users[by], orgName="acme", toUsername=to, confirmName="acme"
        )
    answer = await world.done(
        "deploy", users["ADMIN"], "task { id }", applicationId=application, commit=COMMIT
    )

    given = await world.api.server.queue.claim("w_1")

    assert given.lease.task_id == answer["task"]["id"]
    assert given.contexts["secrets"] == {"A": "team's", "B": "environment's"}
    task = await Task.get()
    environment = await assignment.environment_of(task)
    assert assignment.build(task, environment, world.api.server.services.vault)


# ---------------------------------------------------------------- invitations


async def test_an_invitation_by_name_is_for_that_user_alone(acme):
    """By its id or its link; to others it does not exist."""
    world, users = acme
    ann, bob = await world.api.user("Ann"), await world.api.user("bob")
    invitation, token = await invited(world, users["ADMIN"], ann, "VIEWER")
    for given in ({"invitationId": invitation}, {"token": token}):
        assert await world.code("acceptInvitation", bob, **given) == "NOT_FOUND"
        assert await world.code("declineInvitation", bob, **given) == "NOT_FOUND"
        assert await world.code("acceptInvitation", users["OWNER"], **given) == "NOT_FOUND"

    answer = await world.done("acceptInvitation", ann, "org { role }", invitationId=invitation)

    assert answer["org"] == {"role": "VIEWER"}
    assert await world.code("acceptInvitation", ann, token=token) == "NOT_FOUND"
    assert not await Invitation.all().exists()
    again = {"orgName": "acme", "username": "ann"}
    assert await world.code("inviteMember", users["ADMIN"], **again) == "ALREADY_EXISTS"


async def test_a_link_lets_one_in(acme):
    """Its id alone opens nothing; a member who tries it does not use it up."""
    world, users = acme
    ann, bob = await world.api.user("ann"), await world.api.user("bob")
    invitation, token = await invited(world, users["ADMIN"])
    assert await world.code("acceptInvitation", ann, invitationId=invitation) == "NOT_FOUND"
    assert await world.code("declineInvitation", ann, token=token) == "NOT_FOUND"
    assert await world.code("acceptInvitation", users["MEMBER"], token=token) == "ALREADY_EXISTS"
    assert await world.code("acceptInvitation", ann, token=token) is None
    assert await world.code("acceptInvitation", bob, token=token) == "NOT_FOUND"
    assert not await Org.exists(user_id=bob.id)


@pytest.mark.parametrize("end", ["expired", "revoked", "declined", "replaced", "team deleted"])
async def test_an_invitation_that_is_over_opens_nothing(acme, end):
    """Neither by id nor by link, nor is it listed."""
    world, users = acme
    ann = await world.api.user("ann")
    invitation, token = await invited(world, users["ADMIN"], ann)
    past = datetime.now(UTC) - timedelta(seconds=1)
    if end == "expired":
        await Invitation.all().update(expires_time=past)
    elif end == "revoked":
        await world.done("revokeInvitation", users["ADMIN"], invitationId=invitation)
    elif end == "declined":
        await world.done("declineInvitation", ann, invitationId=invitation)
    elif end == "replaced":
        await invited(world, users["ADMIN"], ann)
    else:
        await world.done("deleteOrg", users["OWNER"], orgName="acme", confirmName="acme")

    for given in ({"invitationId": invitation}, {"token": token}):
        assert await world.code("acceptInvitation", ann, **given) == "NOT_FOUND"
    listed = await world.api.execute("{ viewer { invitations { id } } }", ann)
    assert invitation not in {each["id"] for each in listed["viewer"]["invitations"]}
    assert not await Org.exists(user_id=ann.id)


async def test_who_may_invite_no_more_takes_no_invitation_back(acme):
    """A role that was lost does not work on, and a team's invitation is not another team's."""
    world, users = acme
    ann = await world.api.user("ann")
    await world.team("other", ann)
    invitation, _ = await invited(world, users["ADMIN"])
    assert await world.code("revokeInvitation", ann, invitationId=invitation) == "NOT_FOUND"
    assert (
        await world.code("revokeInvitation", users["MEMBER"], invitationId=invitation)
        == "FORBIDDEN"
    )


LOSSES = {
    "removed": ("removeMember", {}),
    "left": ("removeMember", {}),
    "demoted": ("updateMemberRole", {"role": "MEMBER"}),
}


@pytest.mark.parametrize("loss", LOSSES)
async def test_what_an_admin_gave_out_is_void_when_they_are_none_any_more(acme, loss):
    """Their links, with which they would be back; offers to a team of theirs. Others' stay."""
    world, users = acme
    admin, owner = users["ADMIN"], users["OWNER"]
    ann, bob = await world.api.user("ann"), await world.api.user("bob")
    await world.done("createOrg", admin, name="theirs")
    _, link = await invited(world, admin, role="ADMIN")
    invitation, _ = await invited(world, admin, ann)
    kept, _ = await invited(world, owner, bob)
    taken = await world.created(owner, "acme")
    offer = {"applicationId": taken, "toOrgName": "theirs"}
    await world.done("transferApplication", admin, **offer)
    name, more = LOSSES[loss]

    by = admin if loss == "left" else owner
    await world.done(name, by, orgName="acme", username="admin", **more)

    assert await world.code("acceptInvitation", admin, token=link) == "NOT_FOUND"
    assert await world.code("acceptInvitation", bob, token=link) == "NOT_FOUND"
    assert await world.code("acceptInvitation", ann, invitationId=invitation) == "NOT_FOUND"
    assert await world.code("acceptApplication", admin, applicationId=taken) == "NOT_FOUND"
    assert await world.code("acceptInvitation", bob, invitationId=kept) is None
    await world.check()


async def test_a_role_that_still_allows_it_keeps_what_was_given_out(acme):
    """Somebody who becomes OWNER, or stays ADMIN, or was neither before."""
    world, users = acme
    ann = await world.api.user("ann")
    invitation, _ = await invited(world, users["ADMIN"], ann)
    change = {"orgName": "acme", "username": "admin"}
    await world.done("updateMemberRole", users["OWNER"], **change, role="ADMIN")
    await world.done(
        "transferOrg", users["OWNER"], orgName="acme", toUsername="admin", confirmName="acme"
    )
    change["username"] = "member"
    await world.done("updateMemberRole", users["ADMIN"], **change, role="VIEWER")
    assert await world.code("acceptInvitation", ann, invitationId=invitation) is None


# ---------------------------------------------------------------- names, and the end of a team


async def test_a_name_is_never_given_again(acme):
    """In no case, to nobody, while the team is there and after it is gone."""
    world, users = acme
    ann = await world.api.user("ann")
    for _ in range(2):
        for name in ("acme", "ACME", "Acme"):
            for user in (ann, users["OWNER"]):
                assert await world.code("createOrg", user, name=name) == "ALREADY_EXISTS"
        if await Org.filter(name="acme").exists():
            wrong = {"orgName": "acme", "confirmName": "ACME"}
            assert await world.code("deleteOrg", users["OWNER"], **wrong) == "INVALID"
            await world.done("deleteOrg", users["OWNER"], orgName="acme", confirmName="acme")
    assert not await Org.all().exists()


async def test_a_deleted_team_leaves_nothing_but_its_log(acme):
    """Applications, environments, tasks, logs, tokens, invitations and offers go with it."""
    world, users = acme
    owner, ann = users["OWNER"], await world.api.user("ann")
    application = await world.created(owner, "acme")
    await world.done("createOrg", ann, name="other")
    gift = await world.created(ann, "other")
    await Application.filter(id=gift).update(transfer_org_name="acme")
    kept = await world.created(ann, "other", "kept")
    await world.done("deploy", owner, applicationId=application, commit=COMMIT)
    task = await Task.get()
    await LogChunk.create(
        task_id=task.id,
        seq=9,
        step_index=0,
        first_line=1,
        last_line=1,
        stream="output",
        time=datetime.now(UTC),
        text="hello\n",
    )
    await new_step(task.id, 1, "more").save(force_create=True)
    await invited(world, owner)
    for name in ("ADMIN", "OWNER"):
        wanted = {"name": "ci", "scopes": ["READ"], "orgName": "acme"}
        await world.done("createApiToken", users[name], **wanted)
    for name in ("ADMIN", "MEMBER"):
        given = {"orgName": "acme", "confirmName": "acme"}
        assert await world.code("deleteOrg", users[name], **given) == "FORBIDDEN"

    await world.done("deleteOrg", owner, orgName="acme", confirmName="acme")

    for model in (Task, Step, TaskEvent, LogChunk, Invitation, ApiToken):
        assert not await model.all().exists(), model
    assert await Org.all().values_list("name", flat=True) == ["other"]
    ids = set(await Application.all().values_list("id", flat=True))
    assert ids == {gift, kept}
    assert not await Application.exclude(transfer_org_name=None).exists()
    assert await Environment.all().count() == 2
    assert (await world.acts("org:acme"))[-1] == "org.deleted"
    await world.check()


# ---------------------------------------------------------------- at once


async def together(*calls):
    """Return how often each code, or None for a payload, was answered."""
    return Counter(await asyncio.gather(*calls))


async def test_twenty_accept_one_link(acme):
    """One joins, nineteen are told that it is used."""
    world, users = acme
    _, token = await invited(world, users["OWNER"])
    people = [await world.api.user(f"user{number}") for number in range(PARALLEL)]

    codes = await together(*(world.code("acceptInvitation", each, token=token) for each in people))

    assert codes == {None: 1, "NOT_FOUND": PARALLEL - 1}
    assert await Org.filter(name="acme").count() == 4
    await world.check()


async def test_one_user_accepts_twice(acme):
    """By name and by twenty links: one row."""
    world, users = acme
    ann = await world.api.user("ann")
    tokens = [(await invited(world, users["OWNER"]))[1] for _ in range(PARALLEL - 1)]
    invitation, _ = await invited(world, users["OWNER"], ann)

    codes = await together(
        world.code("acceptInvitation", ann, invitationId=invitation),
        *(world.code("acceptInvitation", ann, token=token) for token in tokens),
    )

    assert codes == {None: 1, "ALREADY_EXISTS": PARALLEL - 1}
    assert await Org.filter(user_id=ann.id).count() == 1


async def test_twenty_invitations_of_one_user(acme):
    """One is pending: the last; nobody meets a fault."""
    world, users = acme
    ann = await world.api.user("ann")

    codes = await together(
        *(
            world.code("inviteMember", users[role], orgName="acme", username=ann.username)
            for role in ("OWNER", "ADMIN") * (PARALLEL // 2)
        )
    )

    assert codes == {None: PARALLEL}
    assert await Invitation.filter(user_id=ann.id).count() == 1
    await world.check()


async def test_twenty_transfers_to_different_members(acme):
    """One goes through; exactly one is OWNER, with all that the team shares."""
    world, users = acme
    owner = users["OWNER"]
    people = [await world.api.user(f"user{number}") for number in range(PARALLEL)]
    for each in people:
        await world.team("acme", each, "MEMBER")
    await world.done("setSecrets", owner, orgName="acme", set=[{"key": "A", "value": "value"}])
    await world.created(owner, "acme")

    codes = await together(
        *(
            world.code(
                "transferOrg", owner, orgName="acme", toUsername=each.username, confirmName="acme"
            )
            for each in people
        )
    )

    assert codes == {None: 1, "FORBIDDEN": PARALLEL - 1}
    row = await Org.get(name="acme", role="OWNER")
    assert set(row.secrets) == {"A"}
    assert row.alias == "Acme"
    assert await Application.filter(owner_org_id=row.id).count() == 1
    await world.check()


async def test_a_role_changes_while_its_member_goes(acme):
    """Whoever is gone has no role; whoever stays has one of those that were given."""
    world, users = acme
    roles = ("VIEWER", "ADMIN") * (PARALLEL // 4)
    target = {"orgName": "acme", "username": "member"}

    def change(role):
        return world.code("updateMemberRole", users["OWNER"], **target, role=role)

    codes = await together(
        *(change(role) for role in roles),
        world.code("removeMember", users["ADMIN"], **target),
        world.code("removeMember", users["MEMBER"], **target),
        *(change(role) for role in roles),
    )

    assert set(codes) <= {None, "NOT_FOUND"}
    assert not await Org.exists(user_id=users["MEMBER"].id)
    await world.check()


async def test_two_admins_remove_each_other(acme):
    """The one who is gone first does not remove the other."""
    world, users = acme
    other = await world.api.user("other")
    await world.team("acme", other, "ADMIN")

    def remove(by, who):
        return world.code("removeMember", by, orgName="acme", username=who)

    codes = await together(remove(users["ADMIN"], "other"), remove(other, "admin"))

    assert codes == {None: 1, "NOT_FOUND": 1}
    assert await Org.filter(role="ADMIN").count() == 1


async def test_the_new_owner_is_removed_while_they_become_it(acme):
    """Removed first, they do not become OWNER; OWNER first, they cannot be removed."""
    world, users = acme

    codes = await together(
        world.code(
            "transferOrg",
            users["OWNER"],
            orgName="acme",
            toUsername="member",
            confirmName="acme",
        ),
        world.code("removeMember", users["ADMIN"], orgName="acme", username="member"),
        world.code("removeMember", users["MEMBER"], orgName="acme", username="member"),
    )

    assert set(codes) <= {None, "NOT_FOUND", "CONFLICT"}
    await world.check()


async def test_a_transfer_meets_everything_that_the_owner_row_holds(acme):
    """Applications and secrets that are made meanwhile stand with the one who is OWNER then."""
    world, users = acme
    people = [users["OWNER"], users["ADMIN"], users["MEMBER"]]

    async def pass_on():
        for number, each in enumerate(people * 2):
            to = people[(number + 1) % 3].username
            given = {"orgName": "acme", "toUsername": to, "confirmName": "acme"}
            assert await world.code("transferOrg", each, **given) is None

    def create(number):
        return world.code(
            "createApplication",
            users["ADMIN"],
            orgName="acme",
            name=f"web{number}",
            provider="GIT",
            repoUrl="https://example.com/a/b",
        )

    def secret(number):
        given = {"orgName": "acme", "set": [{"key": f"K{number}", "value": "value"}]}
        return world.code("setSecrets", users["ADMIN"], **given)

    work = asyncio.create_task(pass_on())
    codes = await together(
        *(each(number) for number in range(PARALLEL) for each in (create, secret))
    )
    await work

    row = await Org.get(name="acme", role="OWNER")
    assert codes == {None: 2 * PARALLEL}
    assert row.user_id == users["OWNER"].id
    assert set(row.secrets) == {f"K{number}" for number in range(PARALLEL)}
    assert await Application.filter(owner_org_id=row.id).count() == PARALLEL
    await world.check()


async def test_names_that_differ_in_case(world):
    """Twenty users want one name in many spellings: one gets it."""
    people = [await world.api.user(f"user{number}") for number in range(PARALLEL)]
    names = [f"{number:04b}" for number in range(16)] * 2

    def spelt(bits):
        return "".join(
            letter.upper() if bit == "1" else letter
            for letter, bit in zip("acme", bits, strict=True)
        )

    codes = await together(
        *(
            world.code("createOrg", user, name=spelt(bits))
            for user, bits in zip(people, names, strict=False)
        )
    )

    assert codes == {None: 1, "ALREADY_EXISTS": PARALLEL - 1}
    assert await Org.all().count() == 1
    await world.check()


@pytest.mark.parametrize("round_", range(3))
async def test_a_team_is_deleted_while_it_is_used(acme, round_):
    """Whatever else happens at that time happens before, or is told that there is nothing."""
    world, users = acme
    owner = users["OWNER"]
    applications = [await world.created(owner, "acme", name=f"web{number}") for number in range(4)]
    tokens = [(await invited(world, owner))[1] for _ in range(4)]
    people = [await world.api.user(f"user{number}") for number in range(4)]
    calls = [
        call
        for number in range(4)
        for call in (
            world.code(
                "createApplication",
                users["MEMBER"],
                orgName="acme",
                name=f"new{number}",
                provider="GIT",
                repoUrl="https://example.com/a/b",
            ),
            world.code(
                "deploy", users["MEMBER"], applicationId=applications[number], commit=COMMIT
            ),
            world.code("acceptInvitation", people[number], token=tokens[number]),
            world.code(
                "createEnvironment",
                users["MEMBER"],
                applicationId=applications[number],
                environment={"name": "new"},
            ),
            world.code("inviteMember", users["ADMIN"], orgName="acme"),
        )
    ]
    at = round_ * len(calls) // 3

    codes = await together(
        *calls[:at],
        world.code("deleteOrg", owner, orgName="acme", confirmName="acme"),
        *calls[at:],
    )

    assert set(codes) <= {None, "NOT_FOUND"}
    for model in (Org, Application, Environment, Task, Invitation):
        assert not await model.all().exists(), model
    await world.check()
