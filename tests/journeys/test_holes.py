"""Holes that a system like this one once had, each tried again on a real server."""

import asyncio
import json
import re
import secrets
from hashlib import sha256

import pytest
import websockets
from websockets.exceptions import ConnectionClosed, InvalidStatus

from schema import schema

PASSWORD = "correct horse battery"
ME = "{ viewer { username } }"
SHOWN = """query ($id: ID!, $task: ID!) { application(id: $id) { id
    environments { name secrets { key version } triggerSpec resource } tasks { nodes { id } } }
  task(id: $task) { id triggerPayload steps { log { lines { text } } } events { cursor } } }"""
PRINTS = """
steps:
  - env:
      KEY: ${{ secrets.KEY }}
    run: printf '%s' "$KEY" | sha256sum
"""


@pytest.fixture
async def watched(member, member_of, rollway_up, repository, gate):
    """A team's application with a running task, and somebody who is in no way a part of it."""
    code = repository(f'steps: [{{run: echo one}}, {{run: "{gate.wait}"}}]')
    application = await member.create_application(code.url, name="watched")
    task = await member.deploy(application)
    await member.until(task, "one\n")
    yield member, await member_of(rollway_up), application, task
    gate.open()


async def joined(client, by, role):
    """Have *client* join the team of *by*; return their name."""
    answer = await by.done("inviteMember", "link", orgName=by.team, role=role)
    token = answer["link"].partition("#")[2]
    await client.done("acceptInvitation", "org { id }", token=token)
    return (await client.query(ME))["viewer"]["username"]


# ---------------------------------------------------------------- 1: one door


@pytest.mark.parametrize(
    "headers",
    [
        {"X-Forwarded-User": "demo"},
        {"X-Remote-User": "demo"},
        {"X-User-Id": "1"},
        {"Cookie": "rollway_session=1; user=demo"},
        {"Cookie": "rollway_session="},
        {"Authorization": ""},
        {"Authorization": "Bearer"},
        {"Authorization": "Bearer null"},
        {"Authorization": "Bearer %00"},
        {"Authorization": "Bearer rws_" + "0" * 43},
        {"Authorization": "Bearer rwt_" + "0" * 43},
        {"Authorization": "Bearer rwi_" + "0" * 43},
        {"Authorization": "Basic ZGVtbzpkZW1v"},
        {"Authorization": "Token demo"},
        {"Authorization": "Bearer " + "x" * 6000},
        {"Authorization": "Bearer é漢".encode()},
        {"token": "anything", "worker-token": "anything"},
    ],
    ids=str,
)
async def test_no_header_opens_the_door(rollway_up, connect, headers):
    """Hole 1: any value in one header skipped authentication."""
    client = connect(rollway_up)
    given = headers
    if isinstance(headers.get("Authorization"), bytes):
        given = [(b"Authorization", headers["Authorization"])]
    response = await client.http.post(client.url, json={"query": ME}, headers=given)
    assert response.json()["data"] == {"viewer": None}
    mutation = 'mutation { createOrg(input: {name: "x"}) { ... on Problem { code } } }'
    response = await client.http.post(client.url, json={"query": mutation}, headers=given)
    assert response.json()["data"] == {"createOrg": {"code": "UNAUTHENTICATED"}}


async def test_the_bearer_is_read_as_the_standard_says(rollway_up, connect):
    """The scheme in any case, blanks around the token; a part of a token is none."""
    client = connect(rollway_up)
    username = await client.sign_up()
    token, client.token = client.token, None
    for value in (f"Bearer {token}", f"bearer {token}", f"BEARER   {token}"):
        response = await client.post(ME, headers={"Authorization": value})
        assert response.json()["data"]["viewer"] == {"username": username}, value
    for value in (
        token,
        f"Bearer{token}",
        f"Bearer {token[:-1]}",
        f"Bearer {token}x",
        f"Bearer {token.upper()}",
        f"Bearer {token}, Bearer {token}",
        f'Bearer "{token}"',
        f"Bearer, Bearer {token}",
    ):
        response = await client.post(ME, headers={"Authorization": value})
        assert response.json()["data"]["viewer"] is None, value


async def test_a_bearer_wins_over_a_cookie(rollway_up, connect):
    """Also one that is nobody's: a request is never somebody else's than it says."""
    ann, bob = connect(rollway_up), connect(rollway_up)
    name, other = await ann.sign_up(), await bob.sign_up()
    cookie = f"rollway_session={ann.token}"
    for value, viewer in (
        (f"Bearer {bob.token}", {"username": other}),
        ("Bearer nobody", None),
        ("Bearer", None),
        (None, {"username": name}),
    ):
        headers = {"Cookie": cookie} | ({"Authorization": value} if value else {})
        response = await connect(rollway_up).post(ME, headers=headers)
        assert response.json()["data"]["viewer"] == viewer, value


async def test_an_api_token_is_no_cookie(member, rollway_up, connect):
    """A machine's token does not pass for a browser's session."""
    made = await member.done("createApiToken", "value", name=secrets.token_hex(4), scopes=["READ"])
    headers = {"Cookie": f"rollway_session={made['value']}"}
    response = await connect(rollway_up).post(ME, headers=headers)
    assert response.json()["data"]["viewer"] is None


def test_no_field_shows_what_is_only_kept():
    """Hole 1, 8: password hashes came back. A new field of such a name is looked at here."""
    allowed = {
        ("Org", "secrets"),  # names
        ("Environment", "secrets"),
        ("SetSecretsPayload", "secrets"),
        ("WebhookStatus", "secretSet"),
        ("OrgPermissions", "setSecrets"),
        ("ApplicationPermissions", "setSecrets"),
        ("SignUpPayload", "token"),  # shown once, to whom it is given
        ("SignInPayload", "token"),
        ("RotateWebhookSecretPayload", "secret"),  # too
        ("CreateWorkerPayload", "token"),  # too
        ("CreateApiTokenPayload", "apiToken"),
        ("RevokeApiTokenPayload", "apiToken"),
        ("User", "apiTokens"),
        ("AuditEntry", "hash"),
        ("Task", "planHash"),
    }
    suspicious = re.compile("password|hash|secret|token|key|union", re.IGNORECASE)
    found = {
        (name, field)
        for name, type_ in schema._schema.type_map.items()
        if hasattr(type_, "fields") and not name.endswith("Input") and not name.startswith("__")
        if name not in {"Mutation", "Query"}
        for field in type_.fields
        if suspicious.search(field)
    }
    assert found - {("SecretKey", "key")} == allowed


# ---------------------------------------------------------------- 2: who says who somebody is


def test_no_input_says_who_somebody_is():
    """Hole 2: signing in by a public id that the client sent."""
    inputs = {
        name: set(type_.fields)
        for name, type_ in schema._schema.type_map.items()
        if name in {"SignInInput", "SignUpInput", "UpdateUserInput", "LinkLoginInput"}
    }
    assert inputs == {
        "SignInInput": {"login", "password", "session"},
        "SignUpInput": {"username", "password", "email", "session"},
        "UpdateUserInput": {"email", "avatar"},
        "LinkLoginInput": {"service", "next"},
    }


# ---------------------------------------------------------------- 3: applications that are given


@pytest.mark.slow
async def test_a_given_application_runs_with_nothing_of_the_giver(
    member, member_of, rollway_up, repository, told
):
    """Hole 3: an application moved into another team without consent, secrets with it.

    It needs the other team's word, and then runs with that team's secrets alone.
    """
    taker = await member_of(rollway_up)
    for client, value in ((member, "the giver's"), (taker, "the taker's")):
        secret = [{"key": "KEY", "value": value}]
        await client.done("setSecrets", "secrets { key }", orgName=client.team, set=secret)
    application = await member.create_application(repository(PRINTS).url)
    scope = {"applicationId": application, "envName": "default"}
    own = [{"key": "KEY", "value": "the environment's"}]
    await member.done("setSecrets", "secrets { key }", **scope, set=own)
    _, events = await member.run(application)
    assert told.text(events, 1).startswith(sha256(b"the environment's").hexdigest())
    offer = {"applicationId": application, "toOrgName": taker.team}
    assert (await member.mutate("transferApplication", "pending", **offer))["code"] == "NOT_FOUND"
    await joined(taker, member, "ADMIN")
    assert (await taker.done("transferApplication", "pending", **offer))["pending"]
    assert (await member.query(SHOWN, id=application, task="t"))["application"]

    await taker.done("acceptApplication", "application { id }", applicationId=application)
    await taker.done("removeMember", "deletedId", orgName=member.team, username=await name(taker))
    _, events = await taker.run(application)

    assert events[-1]["status"] == "SUCCESS"
    assert told.text(events, 1).startswith(sha256(b"the taker's").hexdigest())
    assert (await member.query(SHOWN, id=application, task="t"))["application"] is None
    text = json.dumps(await taker.query(SHOWN, id=application, task="t"))
    assert '"secrets": []' in text


async def name(client):
    """Return a client's user name."""
    return (await client.query(ME))["viewer"]["username"]


# ---------------------------------------------------------------- 5, 7: the wall


async def test_a_strangers_hand_on_a_task(watched, gate):
    """Hole 5: upsert, cancel and redeploy of any team's task by its id."""
    member, stranger, application, task = watched
    for what, selection, given in (
        ("cancelTask", "task { id }", {"taskId": task}),
        ("redeploy", "task { id }", {"taskId": task}),
        ("rollback", "task { id }", {"taskId": task}),
        ("deploy", "task { id }", {"applicationId": application}),
        (
            "deleteApplication",
            "deletedId",
            {"applicationId": application, "confirmName": "watched"},
        ),
    ):
        answer = await stranger.mutate(what, selection, **given)
        assert answer["code"] == "NOT_FOUND", what
    gate.open()
    assert (await member.events(task))[-1]["status"] == "SUCCESS"
    data = await member.query(SHOWN, id=application, task=task)
    assert [each["id"] for each in data["application"]["tasks"]["nodes"]] == [task]


async def test_who_is_no_member_reads_nothing(watched, connect, rollway_up):
    """Hole 7: task list, detail and log needed no membership."""
    member, stranger, application, task = watched
    for client in (stranger, connect(rollway_up)):
        data = await client.query(SHOWN, id=application, task=task)
        assert data == {"application": None, "task": None}
        step = await client.query("query ($id: ID!) { node(id: $id) { id } }", id=f"{task}:1")
        assert step == {"node": None}
    assert (await member.query(SHOWN, id=application, task=task))["task"]["id"] == task


async def test_a_viewer_reads_no_secret(watched):
    """Hole 7: VIEWERs read the secrets of environments."""
    member, viewer, application, task = watched
    value = f"canary-{secrets.token_hex(8)}"
    scope = {"applicationId": application, "envName": "default"}
    for given in (scope, {"orgName": member.team}):
        secret = [{"key": "CANARY", "value": value}]
        await member.done("setSecrets", "secrets { key version }", **given, set=secret)
    await joined(viewer, member, "VIEWER")
    data = await viewer.query(SHOWN, id=application, task=task)
    assert data["application"]["environments"][0]["secrets"] == [{"key": "CANARY", "version": 1}]
    await viewer.query("query ($n: String!) { org(name: $n) { secrets { key } } }", n=member.team)
    assert not [text for text in (*viewer.responses, *member.responses) if value in text]
    refused = await viewer.mutate("setSecrets", "secrets { key }", **scope, remove=["CANARY"])
    assert refused["code"] == "FORBIDDEN"


# ---------------------------------------------------------------- 6: the OWNER


async def test_an_admin_does_not_become_the_owner(watched, connect, rollway_up):
    """Hole 6: an ADMIN removed the OWNER, a stranger made the team's name anew and read it."""
    member, admin, application, _ = watched
    await joined(admin, member, "ADMIN")
    owner, mine = await name(member), await name(admin)
    team = {"orgName": member.team}
    for what, given, code in (
        ("removeMember", {"username": owner}, "CONFLICT"),
        ("removeMember", {"username": owner.upper()}, "CONFLICT"),
        ("updateMemberRole", {"username": owner, "role": "VIEWER"}, "CONFLICT"),
        ("updateMemberRole", {"username": mine, "role": "OWNER"}, "INVALID"),
        ("inviteMember", {"username": mine, "role": "OWNER"}, "INVALID"),
        ("transferOrg", {"toUsername": mine, "confirmName": member.team}, "FORBIDDEN"),
        ("deleteOrg", {"confirmName": member.team}, "FORBIDDEN"),
    ):
        selection = {"removeMember": "deletedId", "deleteOrg": "deletedId"}.get(what, "__typename")
        assert (await admin.mutate(what, selection, **team, **given))["code"] == code, what
    left = await member.mutate("removeMember", "deletedId", **team, username=owner)
    assert left["code"] == "CONFLICT"
    stranger = connect(rollway_up)
    await stranger.sign_up()
    for spelt in (member.team, member.team.upper(), member.team.title()):
        answer = await stranger.mutate("createOrg", "org { id }", name=spelt)
        assert answer["code"] == "ALREADY_EXISTS", spelt
    await member.done("deleteOrg", "deletedId", **team, confirmName=member.team)
    for spelt in (member.team, member.team.upper()):
        for client in (stranger, member, admin):
            answer = await client.mutate("createOrg", "org { id }", name=spelt)
            assert answer["code"] == "ALREADY_EXISTS", spelt
    data = await stranger.query(SHOWN, id=application, task="t")
    assert data["application"] is None


# ---------------------------------------------------------------- 8: passwords


async def test_a_password_is_a_hash_and_changes_in_person(member, connect, rollway_up):
    """Hole 8: unsalted MD5; a change tied to no session; the hash in the response."""
    ann, token = connect(rollway_up), connect(rollway_up)
    username = await ann.sign_up()
    change = {"currentPassword": PASSWORD, "newPassword": "unrelated gravel teapot"}
    guest = await connect(rollway_up).mutate("changePassword", "endedSessions", **change)
    assert guest["code"] == "UNAUTHENTICATED"
    made = await ann.done("createApiToken", "value", name="all", scopes=["READ", "ADMIN"])
    token.token = made["value"]
    refused = await token.mutate("changePassword", "endedSessions", **change)
    assert refused["code"] == "FORBIDDEN"
    wrong = {**change, "currentPassword": "not the password"}
    assert "code" in await ann.mutate("changePassword", "endedSessions", **wrong)
    await ann.done("changePassword", "endedSessions user { id }", **change)
    old = await connect(rollway_up).mutate("signIn", "token", login=username, password=PASSWORD)
    assert old["code"] == "UNAUTHENTICATED"
    texts = [*ann.responses, *token.responses]
    assert not [each for each in texts if "argon2" in each or PASSWORD in each]
    stored = b"".join(
        path.read_bytes() for path in rollway_up.data.glob("*.sqlite3*") if path.is_file()
    )
    assert b"$argon2id$" in stored
    assert PASSWORD.encode() not in stored
    for value in (made["value"], ann.token):
        assert value.encode() not in stored
        assert value[8:].encode() not in stored


# ---------------------------------------------------------------- 12, 13: at once


async def test_a_team_a_name_an_owner_at_once(member_of, rollway_up):
    """Hole 12: check, then insert: three parallel requests made three OWNERs."""
    clients = [await member_of(rollway_up) for _ in range(4)]
    spelt = f"Team-{secrets.token_hex(4)}"
    answers = await asyncio.gather(
        *(
            client.mutate("createOrg", "org { id }", name=text)
            for client in clients
            for text in (spelt, spelt.lower(), spelt.upper())
        )
    )
    codes = [answer.get("code") for answer in answers]
    assert codes.count(None) == 1
    assert codes.count("ALREADY_EXISTS") == 11


async def test_a_cancel_and_environments_at_once(member, repository, gate):
    """Hole 13: cancel wrote back an old copy of all environments."""
    code = repository(f'steps: [{{run: echo one}}, {{run: "{gate.wait}"}}]')
    application = await member.create_application(code.url)
    tasks = [await member.deploy(application) for _ in range(5)]
    await member.until(tasks[0], "one\n")
    new = [{"name": f"env{number}"} for number in range(10)]

    await asyncio.gather(
        *(member.done("cancelTask", "task { id }", taskId=task) for task in tasks),
        *(
            member.done(
                "createEnvironment", "environment { id }", applicationId=application, environment=e
            )
            for e in new
        ),
        *(
            member.done(
                "updateEnvironment",
                "environment { id }",
                applicationId=application,
                name="default",
                cdPipelineYaml=f"{number}.yaml",
            )
            for number in range(5)
        ),
    )

    for task in tasks:
        assert (await member.events(task))[-1]["status"] == "CANCELLED"
    query = "query ($id: ID!) { application(id: $id) { environments { name version } } }"
    found = (await member.query(query, id=application))["application"]["environments"]
    assert {each["name"] for each in found} == {"default", *(e["name"] for e in new)}
    assert next(each for each in found if each["name"] == "default")["version"] == 6


# ---------------------------------------------------------------- the browser's door


@pytest.fixture
async def browser_of(rollway_up, connect):
    """A client that has a session cookie, and its user's name."""
    client = connect(rollway_up)
    username = await client.sign_up()
    client.token = None
    await client.done("signIn", "token", login=username, password=PASSWORD, session="COOKIE")
    assert client.http.cookies["rollway_session"]
    return client, username


@pytest.mark.parametrize("origin", ["https://evil.example", "null", "", "http://localhost.evil"])
@pytest.mark.parametrize(
    "kind", ["application/json", "text/plain", "application/x-www-form-urlencoded", "multipart"]
)
async def test_another_sites_page_changes_nothing(browser_of, origin, kind):
    """A form or script elsewhere, with the browser's cookie: refused, whatever it says it sends."""
    client, _ = browser_of
    team = f"team-{secrets.token_hex(4)}"
    body = {
        "query": "mutation ($n: String!) { createOrg(input: {name: $n}) { __typename } }",
        "variables": {"n": team},
    }
    text = json.dumps(body)
    headers = {"Origin": origin, "Content-Type": kind}
    if kind == "multipart":
        headers["Content-Type"] = "multipart/form-data; boundary=x"
        text = (
            '--x\r\nContent-Disposition: form-data; name="operations"\r\n\r\n'
            + text
            + "\r\n--x\r\n"
            'Content-Disposition: form-data; name="map"\r\n\r\n{}\r\n--x--\r\n'
        )
    response = await client.http.post(client.url, content=text.encode(), headers=headers)
    assert response.status_code in {400, 403, 415}
    assert "access-control-allow-origin" not in response.headers
    assert "access-control-allow-credentials" not in response.headers
    answer = await client.mutate("createOrg", "org { id }", name=team)
    assert answer["__typename"] == "CreateOrgPayload"


async def test_another_sites_page_is_not_asked_in(browser_of):
    """A preflight is answered with no permission."""
    client, _ = browser_of
    headers = {
        "Origin": "https://evil.example",
        "Access-Control-Request-Method": "POST",
        "Access-Control-Request-Headers": "content-type",
    }
    response = await client.http.options(client.url, headers=headers)
    assert not [name for name in response.headers if name.startswith("access-control")]


@pytest.mark.parametrize("origin", [None, "https://evil.example"])
async def test_a_link_changes_nothing(browser_of, origin):
    """A mutation by GET is refused, with the cookie and from wherever."""
    client, _ = browser_of
    team = f"team-{secrets.token_hex(4)}"
    query = f'mutation {{ createOrg(input: {{name: "{team}"}}) {{ __typename }} }}'
    headers = {"Origin": origin} if origin else {}
    response = await client.http.get(client.url, params={"query": query}, headers=headers)
    assert response.status_code in {403, 405}
    answer = await client.mutate("createOrg", "org { id }", name=team)
    assert answer["__typename"] == "CreateOrgPayload"


async def test_the_cookie_is_kept_from_scripts(browser_of, rollway_up):
    """HttpOnly, same site, for the whole server, and without a token beside it."""
    client, username = browser_of
    given = {"login": username, "password": PASSWORD, "session": "COOKIE"}
    query = """mutation ($input: SignInInput!) { signIn(input: $input) {
      ... on SignInPayload { token } } }"""
    response = await client.post(query, {"input": given})
    assert response.json()["data"] == {"signIn": {"token": None}}
    parts = {part.strip().lower() for part in response.headers["set-cookie"].split(";")}
    assert {"httponly", "samesite=lax", "path=/"} <= parts


def opened(server, **headers):
    """Return a connection that is being opened."""
    return websockets.connect(
        f"{server.url.replace('http', 'ws', 1)}/graphql",
        subprotocols=["graphql-transport-ws"],
        additional_headers=headers,
    )


@pytest.mark.parametrize("origin", ["https://evil.example", "null", "http://127.0.0.1:1"])
async def test_another_sites_socket_is_refused(browser_of, rollway_up, origin):
    """With the browser's cookie, before a word is said."""
    client, _ = browser_of
    cookie = f"rollway_session={client.http.cookies['rollway_session']}"
    with pytest.raises(InvalidStatus) as refused:
        await opened(rollway_up, Origin=origin, Cookie=cookie)
    assert refused.value.response.status_code == 403


@pytest.mark.parametrize("kind", ["subscribe", "next", "start"])
async def test_nothing_before_the_introduction(watched, browser_of, rollway_up, kind):
    """An operation before connection_init closes the socket, also with a cookie that is good."""
    _, _, _, task = watched
    client, _ = browser_of
    cookie = f"rollway_session={client.http.cookies['rollway_session']}"
    query = "subscription ($id: ID!) { taskEvents(taskId: $id) { seq } }"
    payload = {"query": query, "variables": {"id": task}}
    async with opened(rollway_up, Cookie=cookie, Origin=rollway_up.url) as connection:
        await connection.send(json.dumps({"id": "1", "type": kind, "payload": payload}))
        async with asyncio.timeout(20):
            received = []
            try:
                while True:
                    received.append(json.loads(await connection.recv()))
            except ConnectionClosed:
                pass
    assert received == []
    assert connection.close_code in {4400, 4401}


@pytest.mark.parametrize(
    "payload", [{"Authorization": "Bearer nobody"}, {"authorization": "bearer rws_x"}]
)
async def test_a_socket_of_nobody_is_refused(browser_of, rollway_up, payload):
    """A token that is nobody's does not fall back to the cookie of the handshake."""
    client, _ = browser_of
    cookie = f"rollway_session={client.http.cookies['rollway_session']}"
    async with opened(rollway_up, Cookie=cookie, Origin=rollway_up.url) as connection:
        await connection.send(json.dumps({"type": "connection_init", "payload": payload}))
        async with asyncio.timeout(20):
            await connection.wait_closed()
    assert connection.close_code == 4403


async def test_a_deploy_token_over_a_socket(watched, rollway_up):
    """What a token that may only deploy is refused by POST it is refused here."""
    member, _, application, task = watched
    made = await member.done("createApiToken", "value", name="ci", scopes=["DEPLOY"])
    async with opened(rollway_up) as connection:
        hello = {"type": "connection_init", "payload": {"Authorization": f"Bearer {made['value']}"}}
        await connection.send(json.dumps(hello))
        assert json.loads(await connection.recv())["type"] == "connection_ack"
        for number, (query, variables) in enumerate(
            (
                (ME, {}),
                ("query ($id: ID!) { task(id: $id) { id } }", {"id": task}),
                ("subscription ($id: ID!) { taskEvents(taskId: $id) { seq } }", {"id": task}),
                (
                    "subscription ($id: ID!) { x: applicationTasks(applicationId: $id) { id } }",
                    {"id": application},
                ),
                ("subscription ($id: String!) { orgTasks(orgName: $id) { id } }", {"id": "x"}),
                ("subscription { viewerTasks { id } }", {}),
                (
                    "subscription ($id: ID!) { tasksEvents(tasks: [{taskId: $id}]) { seq } }",
                    {"id": task},
                ),
            )
        ):
            payload = {"query": query, "variables": variables}
            message = {"id": str(number), "type": "subscribe", "payload": payload}
            await connection.send(json.dumps(message))
            async with asyncio.timeout(20):
                answer = json.loads(await connection.recv())
                if answer["type"] == "next":
                    assert answer["payload"].get("data") is None
                    errors = answer["payload"]["errors"]
                    assert json.loads(await connection.recv())["type"] == "complete"
                else:
                    assert answer["type"] == "error"
                    errors = answer["payload"]
            assert [error["extensions"]["code"] for error in errors] == ["FORBIDDEN"], query
