"""Accounts through the API: refusals in words, what may be changed, who is found."""

from dataclasses import replace

import pytest

from auth import sessions
from db.models import User
from resolvers import users
from resolvers.enums import SessionKind

PASSWORD = "correct horse battery"
REFUSED = """__typename ... on Problem { code message remedy field retryable }
  ... on InvalidProblem { issues { field message } }"""
SIGN_UP = f"""mutation ($input: SignUpInput!) {{ signUp(input: $input) {{
  ... on SignUpPayload {{ token user {{ id email }} }} {REFUSED}
  ... on LimitExceededProblem {{ retryAfter }} }} }}"""
SIGN_IN = """mutation ($input: SignInInput!) { signIn(input: $input) {
  __typename ... on SignInPayload { token } ... on Problem { code message remedy field retryable }
  ... on LimitExceededProblem { retryAfter } } }"""
CHANGE = f"""mutation ($input: ChangePasswordInput!) {{ changePassword(input: $input) {{
  ... on ChangePasswordPayload {{ user {{ username }} endedSessions }} {REFUSED}
  ... on LimitExceededProblem {{ retryAfter }} }} }}"""
UPDATE = f"""mutation ($input: UpdateUserInput!) {{ updateUser(input: $input) {{
  ... on UpdateUserPayload {{ user {{ email avatar }} }} {REFUSED} }} }}"""
INVITE = """mutation ($input: InviteMemberInput!) { inviteMember(input: $input) {
  ... on Problem { code } } }"""
SEARCH = """query ($search: String!, $first: Int! = 10) {
  users(search: $search, first: $first) { id username avatar email } }"""


async def sign_up(api, name="ann", **given):
    """Return what `signUp` answers."""
    wanted = {"username": name, "password": PASSWORD, **given}
    return (await api.execute(SIGN_UP, input=wanted))["signUp"]


async def sign_in(api, login, password=PASSWORD, language="en"):
    """Return what `signIn` answers."""
    given = {"login": login, "password": password}
    return (await api.execute(SIGN_IN, language=language, input=given))["signIn"]


@pytest.mark.parametrize(
    ("given", "field", "words"),
    [
        ({"password": "short"}, "password", "must have 8 to 256 characters"),
        ({"password": "x" * 257}, "password", "must have 8 to 256 characters"),
        ({"password": "Password2024"}, "password", "take several unrelated words"),
        ({"username": "lovelace", "password": "lovelace1"}, "password", "your name"),
        ({"email": "ada@x.org", "password": "ada@x.org"}, "password", "your name"),
        ({"username": "ann@example.com"}, "username", "must be 1 to 63 letters"),
        ({"username": "аnn"}, "username", "must be 1 to 63 letters"),  # noqa: RUF001
        ({"email": "ann"}, "email", "must be an e-mail address"),
        ({"email": "a b@x"}, "email", "must be an e-mail address"),
        ({"email": "a@" + "İ" * 150}, "email", "must be an e-mail address"),
        ({"email": ""}, "email", "must be an e-mail address"),
    ],
)
async def test_what_is_wrong_with_an_account_is_said(sqlite_api, given, field, words):
    """In words that say what to do, and nothing is stored."""
    answer = await sign_up(sqlite_api, **given)

    assert answer["__typename"] == "InvalidProblem"
    assert [issue["field"] for issue in answer["issues"]] == [[field]]
    assert words in answer["issues"][0]["message"]
    assert not await User.exists()


async def test_an_address_is_kept_and_shown_in_small_letters(sqlite_api):
    """To the user themself, from the first answer on."""
    answer = await sign_up(sqlite_api, email="Ann@Example.COM")

    assert answer["user"]["email"] == "ann@example.com"
    for login in ("ANN", "ann@EXAMPLE.com"):
        assert (await sign_in(sqlite_api, login))["token"]


@pytest.mark.parametrize("login", ["ann", "nobody"])
async def test_too_many_guesses_are_answered_alike(api, login):
    """With seconds to wait, in both languages; known or unknown name, right or wrong password."""
    await sign_up(api)
    api.address = "198.51.100.7"
    wrong = [await sign_in(api, login, f"wrong {number}") for number in range(10)]
    refused = [await sign_in(api, login), await sign_in(api, login, "wrong", "zh")]

    assert {answer["code"] for answer in wrong} == {"UNAUTHENTICATED"}
    for answer in refused:
        seconds = int(answer.pop("retryAfter"))
        remedy = answer.pop("remedy")
        assert answer.pop("message")
        assert 0 < seconds <= 300
        assert str(seconds) in remedy
        assert answer == {
            "__typename": "LimitExceededProblem",
            "code": "LIMIT_EXCEEDED",
            "field": None,
            "retryable": True,
        }


async def test_sign_ups_from_one_address_are_limited(sqlite_api):
    """The next is told to wait; somebody elsewhere is not."""
    accounts = sqlite_api.server.services.accounts
    accounts._attempts = replace(accounts._attempts, sign_ups=2)
    answers = [await sign_up(sqlite_api, f"user{number}") for number in range(3)]
    sqlite_api.address = "198.51.100.7"
    elsewhere = await sign_up(sqlite_api, "user3")

    assert [answer["__typename"] for answer in answers] == [
        "SignUpPayload",
        "SignUpPayload",
        "LimitExceededProblem",
    ]
    assert elsewhere["__typename"] == "SignUpPayload"


async def test_a_password_is_changed_by_who_knows_it(api):
    """The current one is asked for and checked, the new one is held to the rules."""
    await sign_up(api)
    ann = await User.get(username="ann")

    async def change(**given):
        return (await api.execute(CHANGE, ann, input=given))["changePassword"]

    wrong = await change(currentPassword="wrong", newPassword="another long one")
    missing = await change(newPassword="another long one")
    weak = await change(currentPassword=PASSWORD, newPassword="ann12345")
    right = await change(currentPassword=PASSWORD, newPassword="another long one")

    for answer in (wrong, missing):
        assert answer["__typename"] == "InvalidProblem"
        assert answer["field"] == ["currentPassword"]
    assert weak["issues"][0]["field"] == ["newPassword"]
    assert right["endedSessions"] == 1  # that of signing up; `ann` is not in it here
    assert (await sign_in(api, "ann"))["code"] == "UNAUTHENTICATED"
    assert (await sign_in(api, "ann", "another long one"))["token"]


async def test_an_account_is_changed_in_parts(api):
    """What is left out stays; null or nothing removes; an address that is taken is said."""
    await sign_up(api, "bob", email="bob@example.com")
    await sign_up(api, "ann", email="ann@example.com")
    ann = await User.get(username="ann")

    async def update(**given):
        return (await api.execute(UPDATE, ann, input=given))["updateUser"]

    picture = "https://example.com/a.png"
    assert (await update(avatar=picture))["user"] == {"email": "ann@example.com", "avatar": picture}
    assert (await update(email="Ann@X.org"))["user"] == {"email": "ann@x.org", "avatar": picture}
    taken = await update(email="BOB@example.com", avatar=None)
    assert (taken["code"], taken["field"]) == ("ALREADY_EXISTS", ["email"])
    assert (await update())["user"] == {"email": "ann@x.org", "avatar": picture}
    assert (await update(email=None, avatar=""))["user"] == {"email": None, "avatar": None}
    for given in ({"email": "none"}, {"avatar": "javascript:alert(1)"}, {"avatar": "http://x/y"}):
        answer = await update(**given)
        assert [issue["field"] for issue in answer["issues"]] == [list(given)]


async def test_a_guest_changes_and_finds_nobody(sqlite_api):
    """They are told to sign in."""
    change = await sqlite_api.execute(CHANGE, input={"newPassword": "another long one"})
    update = await sqlite_api.execute(UPDATE, input={"email": "x@example.com"})
    search = await sqlite_api.result(SEARCH, search="an")

    assert change["changePassword"]["code"] == "UNAUTHENTICATED"
    assert update["updateUser"]["code"] == "UNAUTHENTICATED"
    assert search.data is None
    assert [error.extensions["code"] for error in search.errors] == ["UNAUTHENTICATED"]


async def test_users_are_found_by_the_beginning_of_their_name(api):
    """In capital and small letters; no pattern, no address of others, no more than asked for."""
    for name in ("Ann", "anna", "an_x", "anyx", "joan", "bob"):
        await User.create(id=f"u_{name}", username=name, email=f"{name.lower()}@example.com")
    ann = await User.get(username="Ann")

    async def found(search, **given):
        data = await api.execute(SEARCH, ann, search=search, **given)
        return {each["username"] for each in data["users"]}

    assert await found("AN") == {"Ann", "anna", "an_x", "anyx"}
    assert await found("an_") == {"an_x"}
    assert await found("an%") == await found("\\an") == await found("ann@") == set()
    assert len(await found("an", first=2)) == 2
    data = await api.execute(SEARCH, ann, search="ann")
    assert {each["username"]: each["email"] for each in data["users"]} == {
        "Ann": "ann@example.com",
        "anna": None,
    }


@pytest.mark.parametrize("given", [{"search": "a"}, {"search": ""}, {"search": "an", "first": 21}])
async def test_a_search_that_asks_for_too_much_is_refused(sqlite_api, given):
    """A letter finds too many, and so does a page of more than twenty."""
    answer = await sqlite_api.result(SEARCH, await sqlite_api.user("ann"), **given)

    assert [error.extensions["code"] for error in answer.errors] == ["INVALID"]


@pytest.mark.parametrize("search", ["\ud800an", "an\0", "x" * 100_000])
async def test_odd_searches_find_nobody(api, search):
    """Without a fault."""
    assert await api.execute(SEARCH, await api.user("ann"), search=search) == {"users": []}


async def test_names_cannot_be_collected(sqlite_api):
    """Sixty searches a minute for each user, then a refusal with its code; others go on."""
    ann, bob = await sqlite_api.user("ann"), await sqlite_api.user("bob")
    for _ in range(60):
        await sqlite_api.execute(SEARCH, ann, search="an")
    refused = await sqlite_api.result(SEARCH, ann, search="an")

    assert [error.extensions["code"] for error in refused.errors] == ["LIMIT_EXCEEDED"]
    assert refused.errors[0].extensions["remedy"].startswith("Try again in")
    await sqlite_api.execute(SEARCH, bob, search="an")


async def test_names_cannot_be_asked_for_one_by_one(sqlite_api):
    """An invitation by name tells whether there is such a user: it counts as a search."""
    ann = await sqlite_api.user("ann")
    await sqlite_api.execute('mutation { createOrg(input: {name: "acme"}) { __typename } }', ann)

    async def invite(name):
        given = {"orgName": "acme", "username": name}
        answer = await sqlite_api.execute(INVITE, ann, input=given)
        return answer["inviteMember"].get("code")

    codes = [await invite(f"nobody{number}") for number in range(61)]

    assert codes == ["NOT_FOUND"] * 60 + ["LIMIT_EXCEEDED"]
    assert await invite("ann") == "LIMIT_EXCEEDED"
    assert await invite(None) is None


async def test_sessions_that_begin_while_the_password_changes_end(api):
    """Whoever came in with the old password a moment before does not stay."""
    await sign_up(api)
    ann = await User.get(username="ann")
    await api.execute(
        CHANGE, ann, input={"currentPassword": PASSWORD, "newPassword": "another long one"}
    )
    with pytest.raises(sessions.WrongCredentials):
        await users.start(api.context(None), ann, SessionKind.BEARER)
