"""What is wrong is refused or reported in clear words, and the server stays well."""

import asyncio
import json
import secrets
import socket
from contextlib import suppress
from urllib.parse import urlsplit

import httpx2
import pytest
import websockets
from gql.transport.exceptions import TransportQueryError
from websockets.exceptions import ConnectionClosed, InvalidStatus

COUNT = "query N($id: ID!) { application(id: $id) { tasks { totalCount } } }"
MADE_UP = {
    "application": "a_" + "0" * 32,
    "task": "t_" + "0" * 32,
    "team": "team-nowhere",
}
GREETING = {"type": "connection_init", "payload": {}}


async def test_unknown_ref(member, repository):
    """An unknown ref or an ill-formed commit is an InvalidProblem, and no task is made."""
    application = await member.create_application(repository("steps: [{run: 'true'}]").url)
    for given, field in (
        ({"ref": "no-such-branch"}, ["ref"]),
        ({"ref": "refs/tags/no-such-tag"}, ["ref"]),
        ({"commit": "12345"}, ["commit"]),
    ):
        answer = await member.mutate("deploy", "task { id }", applicationId=application, **given)
        assert answer["__typename"] == "InvalidProblem", answer
        assert answer["field"] == field
        assert next(iter(given.values())) in answer["message"]
    data = await member.query(COUNT, id=application)
    assert data["application"]["tasks"]["totalCount"] == 0


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("http://127.0.0.1:1/x.git", "http://127.0.0.1:1/x.git"),
        ("file:///nowhere/at-all", "file:///nowhere/at-all"),
    ],
)
async def test_unreachable_repository(member, told, url, reason):
    """A repository that cannot be reached ends the task with FAILURE at step 0, which names it."""
    application = await member.create_application(url)
    task_id, events = await member.run(application)
    assert events[-1]["status"] == "FAILURE"
    assert told.statuses(events) == {0: "FAILURE"}
    assert reason in told.error(events, 0)
    assert reason in told.text(events, 0)
    task = await member.task(task_id)
    assert task["commit"] is None
    assert task["steps"][0]["error"] == told.error(events, 0)


@pytest.mark.parametrize(
    ("files", "reasons"),
    [
        ({"README": "hello\n"}, ["serverless-pipeline.yaml", "does not exist"]),
        (
            {"serverless-pipeline.yaml": "steps:\n  - run: echo a\n  - runn: echo b\n"},
            ["serverless-pipeline.yaml:3:", "runn", "did you mean 'run'"],
        ),
        (
            {"serverless-pipeline.yaml": "steps:\n  - run: echo a\n  - [\n"},
            ["serverless-pipeline.yaml:"],
        ),
        ({"serverless-pipeline.yaml": ""}, ["serverless-pipeline.yaml:1:", "empty"]),
        (
            {"serverless-pipeline.yaml": "steps:\n  - run: echo a\n    approval: true\n"},
            ["serverless-pipeline.yaml:3:", "'approval'"],
        ),
        (
            {"serverless-pipeline.yaml": "steps:\n  - run: echo ${{ git.message }}\n"},
            ["serverless-pipeline.yaml:2:", "git.message"],
        ),
    ],
    ids=["missing", "unknown key", "not YAML", "empty", "not supported", "injection"],
)
async def test_bad_pipeline(member, repository, told, files, reasons):
    """A pipeline that is missing or malformed ends the task at step 0, with file and line."""
    application = await member.create_application(repository(files).url)
    _, events = await member.run(application)
    assert events[-1]["status"] == "FAILURE"
    assert told.statuses(events) == {0: "FAILURE"}
    for reason in reasons:
        assert reason in told.error(events, 0)
        assert reason in told.text(events, 0)


@pytest.mark.parametrize(
    ("end", "code", "reason"),
    [
        ("exit 3", 3, "exit code 3"),
        ("kill -KILL $$", -9, "SIGKILL"),
        ("no-such-command", 127, "exit code 127"),
        ("cd nowhere", 2, "exit code 2"),
    ],
)
async def test_failing_step(member, repository, told, end, code, reason):
    """A step that fails ends the task: with exit code, step and line in its error.

    What was printed before stays readable, and what comes behind is skipped.
    """
    code_of = repository(f"""steps:
  - run: echo before
  - name: Breaks
    run: |
      echo last words
      {end}
  - run: echo behind
""")
    application = await member.create_application(code_of.url)
    task_id, events = await member.run(application)
    assert events[-1]["status"] == "FAILURE"
    assert told.statuses(events) == {0: "SUCCESS", 1: "SUCCESS", 2: "FAILURE", 3: "SKIPPED"}
    for part in (reason, "Breaks", "serverless-pipeline.yaml:3"):
        assert part in told.error(events, 2)
    step = (await member.task(task_id))["steps"][2]
    assert (step["exitCode"], step["error"]) == (code, told.error(events, 2))
    assert told.text(events, 1) == "before\n"
    assert told.text(events, 2).startswith("last words\n")
    assert told.text(events, 3) == ""


async def test_bad_cursors(member, repository):
    """A cursor of nobody's making, or a page of a wrong size, is an error with code INVALID."""
    application = await member.create_application(repository("steps: [{run: 'true'}]").url)
    task_id, events = await member.run(application)
    lists = "query P($id: ID!) { application(id: $id) { tasks(%s) { nodes { id } } } }"
    journal = "query P($id: ID!) { task(id: $id) { events(%s) { cursor } } }"
    log = "query P($id: ID!) { task(id: $id) { steps { log(%s) { cursor } } } }"
    wrong = [
        *((lists, application, text) for text in ('after: "x"', 'after: ""', 'before: "4pyT"')),
        *((lists, application, text) for text in ("first: -1", "first: 101")),
        (lists, application, "first: 1, last: 1"),
        *((journal, task_id, text) for text in ("first: -1", "first: 201")),
        *((log, task_id, text) for text in ("first: -1", "first: 1001")),
    ]
    for query, node_id, text in wrong:
        answer = (await member.post(query % text, {"id": node_id})).json()
        codes = [error["extensions"]["code"] for error in answer.get("errors", [])]
        assert codes, (text, answer)
        assert set(codes) == {"INVALID"}, (text, answer)
    for text in (f"after: {len(events)}", "after: 2147483647", "after: -5"):
        await member.query(journal % text, id=task_id)
    for after in (len(events), 2147483647):
        assert await member.events(task_id, after) == []
    assert await member.events(task_id, -5) == events


async def _refusal(client, query, **variables):
    """Return the errors a subscription is refused with."""
    with pytest.raises(TransportQueryError) as refused:
        async with client.subscribe(query, **variables) as received:
            await anext(received)
    return [
        (error["message"], error["extensions"]["code"], error.get("path"))
        for error in refused.value.errors
    ]


WATCHES = {
    "task": "subscription ($id: ID!) { taskEvents(taskId: $id) { seq } }",
    "application": "subscription ($id: ID!) { applicationTasks(applicationId: $id) { id } }",
    "team": "subscription ($id: String!) { orgTasks(orgName: $id) { id } }",
    "tasks": "subscription ($id: ID!) { tasksEvents(tasks: [{taskId: $id}]) { seq } }",
}
TASK_WATCHED = {"tasks": "task"}


def _answer(response):
    """Return an answer without what the budget has left."""
    answer = response.json()
    del answer["extensions"]["cost"]
    return answer


async def test_strangers(rollway_up, member, member_of, repository):
    """What belongs to a team of others answers exactly as what does not exist."""
    application = await member.create_application(repository("steps: [{run: 'true'}]").url)
    task_id, _ = await member.run(application)
    theirs = {"application": application, "task": task_id, "team": member.team}
    stranger = await member_of(rollway_up)

    async def ask(ids):
        told = {}
        queries = {
            "application": "query ($id: ID!) { application(id: $id) { id } }",
            "task": "query ($id: ID!) { task(id: $id) { id } }",
            "team": "query ($id: String!) { org(name: $id) { id } }",
        }
        for kind, query in queries.items():
            told[f"query {kind}"] = _answer(await stranger.post(query, {"id": ids[kind]}))
        nodes = [ids["application"], ids["task"]]
        nodes += [f"{ids['application']}:default", f"{ids['task']}:0"]
        for number, node in enumerate(nodes):
            query = "query ($id: ID!) { node(id: $id) { id } }"
            told[f"node {number}"] = _answer(await stranger.post(query, {"id": node}))
        for name in ("redeploy", "rollback", "cancelTask"):
            answer = await stranger.mutate(name, "__typename", taskId=ids["task"])
            assert answer["__typename"] == "NotFoundProblem"
            told[name] = answer
        for name, given in (
            ("deploy", {}),
            ("updateApplication", {"name": "mine"}),
            ("updateEnvironment", {"name": "default"}),
            ("createEnvironment", {"environment": {"name": "mine"}}),
            ("setSecrets", {"envName": "default"}),
        ):
            answer = await stranger.mutate(
                name, "__typename", applicationId=ids["application"], **given
            )
            assert answer["__typename"] == "NotFoundProblem"
            told[name] = answer
        told["setSecrets of a team"] = await stranger.mutate(
            "setSecrets", "__typename", orgName=ids["team"]
        )
        told["createApplication"] = await stranger.mutate(
            "createApplication",
            "__typename",
            orgName=ids["team"],
            name="x",
            provider="GIT",
            repoUrl="https://example.com/x.git",
        )
        for kind, query in WATCHES.items():
            told[f"watch {kind}"] = await _refusal(
                stranger, query, id=ids[TASK_WATCHED.get(kind, kind)]
            )
        return told

    of_theirs, of_nothing = await ask(theirs), await ask(MADE_UP)
    assert of_theirs == of_nothing
    assert [code for _, code, _ in of_theirs["watch task"]] == ["NOT_FOUND"]
    assert of_theirs["query task"]["data"] == {"task": None}
    assert of_theirs["node 3"]["data"] == {"node": None}


async def test_guest(rollway_up, connect, member, repository):
    """A guest's mutations are UnauthenticatedProblems, queries null, subscriptions one error."""
    application = await member.create_application(repository("steps: [{run: 'true'}]").url)
    task_id, _ = await member.run(application)
    guest = connect(rollway_up)
    given = {
        "createOrg": {"name": "guests"},
        "createApplication": {
            "orgName": member.team,
            "name": "x",
            "provider": "GIT",
            "repoUrl": "https://example.com/x.git",
        },
        "updateApplication": {"applicationId": application},
        "createEnvironment": {"applicationId": application, "environment": {"name": "x"}},
        "updateEnvironment": {"applicationId": application, "name": "default"},
        "setSecrets": {"orgName": member.team},
        "deploy": {"applicationId": application},
        "redeploy": {"taskId": task_id},
        "rollback": {"taskId": task_id},
        "cancelTask": {"taskId": task_id},
    }
    for name, values in given.items():
        answer = await guest.mutate(name, "__typename", **values)
        assert answer["__typename"] == "UnauthenticatedProblem", name
        assert answer["code"] == "UNAUTHENTICATED"
    data = await guest.query(
        "query ($a: ID!, $t: ID!, $o: String!) { viewer { id } org(name: $o) { id }"
        " application(id: $a) { id } applicationByName(orgName: $o, name: $o) { id }"
        " task(id: $t) { id } node(id: $t) { id } }",
        a=application,
        t=task_id,
        o=member.team,
    )
    assert set(data.values()) == {None}
    ids = {"task": task_id, "application": application, "team": member.team}
    for kind, query in WATCHES.items():
        refusals = await _refusal(guest, query, id=ids[TASK_WATCHED.get(kind, kind)])
        assert [code for _, code, _ in refusals] == ["UNAUTHENTICATED"], kind


async def test_chinese(rollway_up, connect, member_of):
    """With Accept-Language: zh, people read Chinese."""
    guest = connect(rollway_up, language="zh-CN,zh;q=0.9,en;q=0.8")
    member = await member_of(rollway_up, language="zh")
    answers = [
        await guest.mutate("deploy", "__typename", applicationId=MADE_UP["application"]),
        await guest.mutate("signIn", "token", login="nobody", password="wrong password"),
        await guest.mutate("signUp", "token", username="no blanks", password="short"),
        await member.mutate("deploy", "__typename", applicationId=MADE_UP["application"]),
        await member.mutate("createOrg", "__typename", name=member.team),
    ]
    texts = [answer["message"] for answer in answers]
    texts += [issue["message"] for issue in answers[2]["issues"]]
    texts += [text for text, _, _ in await _refusal(member, WATCHES["task"], id=MADE_UP["task"])]
    for text in texts:
        assert any("\u4e00" <= character <= "\u9fff" for character in text), text


async def test_mutation_over_websocket(member, connect, rollway_up):
    """A mutation over WebSocket is refused, and nothing is changed."""
    name = f"team-{secrets.token_hex(6)}"
    mutation = "mutation ($name: String!) { createOrg(input: {name: $name}) { __typename } }"
    (refusal,) = await _refusal(member, mutation, name=name)
    assert refusal[1] == "INVALID"
    data = await member.query("query ($n: String!) { org(name: $n) { id } }", n=name)
    assert data["org"] is None
    answer = await member.mutate("createOrg", "org { id }", name=name)
    assert answer["__typename"] == "CreateOrgPayload"


@pytest.mark.parametrize(
    "kind",
    ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", ""],
)
async def test_content_type(rollway_up, connect, kind):
    """What a page of another site could send without asking, a server does not run."""
    client = connect(rollway_up)
    username = f"user-{secrets.token_hex(6)}"
    body = json.dumps(
        {
            "query": "mutation ($u: String!) { signUp(input: {username: $u,"
            ' password: "correct horse battery"}) { __typename } }',
            "variables": {"u": username},
        }
    )
    headers = {"Content-Type": kind} if kind else {}
    response = await client.http.post(client.url, content=body.encode(), headers=headers)
    assert response.status_code == 415
    given = {"username": username, "password": "correct horse battery"}
    assert (await client.mutate("signUp", "token", **given))["__typename"] == "SignUpPayload"


async def test_get_changes_nothing(rollway_up, connect):
    """A mutation in a GET request is refused; a query is answered."""
    client = connect(rollway_up)
    mutation = 'mutation { signUp(input: {username: "got", password: "12345678"}) { __typename } }'
    response = await client.http.get(client.url, params={"query": mutation})
    assert (response.status_code, response.headers["allow"]) == (405, "POST")
    response = await client.http.get(client.url, params={"query": "{ viewer { id } }"})
    assert response.json()["data"] == {"viewer": None}


async def test_cross_origin_cookie(rollway_up, connect):
    """The session cookie counts only where the page is ours: by POST as by WebSocket."""
    client = connect(rollway_up)
    username = await client.sign_up()
    client.token = None
    password = "correct horse battery"
    await client.done("signIn", "token", login=username, password=password, session="COOKIE")
    cookie = client.http.cookies["rollway_session"]
    query = "{ viewer { username } }"
    for origin in (None, rollway_up.url):
        headers = {"Origin": origin} if origin else {}
        response = await client.post(query, headers=headers)
        assert response.json()["data"] == {"viewer": {"username": username}}
    for origin in ("https://evil.example", "null", rollway_up.url + "0", "http://127.0.0.1:1"):
        response = await client.post(query, headers={"Origin": origin})
        assert response.status_code == 403, origin
        assert username not in response.text
        with pytest.raises(InvalidStatus) as refused:
            await websockets.connect(
                client.url.replace("http", "ws", 1),
                subprotocols=["graphql-transport-ws"],
                origin=origin,
                additional_headers={"Cookie": f"rollway_session={cookie}"},
            )
        assert refused.value.response.status_code == 403


@pytest.mark.parametrize("host", ["evil.example", "evil.example:8000", "127.0.0.1.evil.example"])
async def test_foreign_host(rollway_up, connect, host):
    """A page elsewhere cannot reach the server by a name of its own that leads here."""
    client = connect(rollway_up)
    response = await client.post("{ viewer { id } }", headers={"Host": host})
    assert response.status_code == 400
    assert "data" not in response.text


@pytest.mark.parametrize("path", ["/graphql/", "/invitation/", "/healthz/", "/static/graphiql"])
async def test_no_redirect_to_a_foreign_host(rollway_up, connect, path):
    """A slash too many, or one missing, sends nobody to the host that the request names."""
    client = connect(rollway_up)
    answer = await client.http.get(rollway_up.url + path, headers={"Host": "evil.example"})
    assert answer.status_code in {400, 404}
    assert "location" not in answer.headers


async def test_answers_are_kept_nowhere(rollway_up, connect):
    """An answer is one person's, by POST and by GET: no cache may keep it, no page guess at it."""
    client = connect(rollway_up)
    await client.sign_up()
    query = {"query": "{ viewer { username } }"}
    for answer in (
        await client.post(query["query"]),
        await client.http.get(client.url, params=query, headers={"Accept": "application/json"}),
    ):
        assert answer.status_code == 200
        assert answer.headers["cache-control"] == "no-store"
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert "server" not in answer.headers


async def test_too_many_environments_are_not_all_looked_at(rollway_up, connect):
    """What is too long is refused for that: the rest of it costs nothing."""
    client = connect(rollway_up)
    await client.sign_up()
    given = {
        "orgName": await client.create_org(),
        "name": "x",
        "provider": "GIT",
        "repoUrl": "https://example.com/a/b",
        "environments": [{"name": "?"}] * 200,
    }
    answer = await client.query(
        "mutation($input: CreateApplicationInput!) { createApplication(input: $input)"
        " { ... on InvalidProblem { issues { field } } } }",
        input=given,
    )
    issues = answer["createApplication"]["issues"]
    looked_at = {issue["field"][1] for issue in issues if len(issue["field"]) > 1}
    assert looked_at == {str(number) for number in range(50)}


async def test_long_body(rollway_up, connect):
    """A body of more than 1 MiB is refused with 413, announced or not; one below is read."""
    client = connect(rollway_up)
    mib = 1024 * 1024
    for length, status in ((mib - 1000, 200), (mib + 1, 413), (20 * mib, 413)):
        body = {"query": "{ viewer { id } }", "variables": {"x": "a" * length}}
        response = await client.http.post(client.url, json=body)
        assert response.status_code == status, length

    async def pieces():
        for _ in range(32):
            yield b" " * (mib // 16)

    headers = {"Content-Type": "application/json"}
    response = await client.http.post(client.url, content=pieces(), headers=headers)
    assert response.status_code == 413
    assert (await client.query("{ viewer { id } }")) == {"viewer": None}


BAD_BODIES = [
    b"",
    b"{",
    b"null",
    b"[]",
    b'"query"',
    b"42",
    b"\xff\xfe",
    b'{"query": 42}',
    b'{"query": null}',
    b'{"query": "{"}',
    b'{"query": "{ viewer { id } }", "variables": [1]}',
    b'{"query": "{ viewer { id } }", "variables": "x"}',
    b'{"query": "{ viewer { id } }", "operationName": 42}',
    b'{"query": "{ viewer { id } }", "operationName": "Nowhere"}',
    b'{"query": "{ viewer { id } }", "extensions": []}',
    b"[" * 100_000,
    b'{"query": "' + b"{a" * 5_000 + b'"}',
    b'{"query": "query ($i: Int) { viewer { id } }", "variables": {"i": ' + b"9" * 5_000 + b"}}",
    b'{"query": "{ viewer { id } }", "variables": {"x": NaN}}',
]


@pytest.mark.parametrize("number", range(len(BAD_BODIES)))
async def test_bad_body(rollway_up, connect, number):
    """A body that is no GraphQL request is answered with 4xx or with errors, and never a fault."""
    client = connect(rollway_up)
    headers = {"Content-Type": "application/json"}
    response = await client.http.post(client.url, content=BAD_BODIES[number], headers=headers)
    assert response.status_code < 500, response.text
    assert "Internal error" not in response.text


@pytest.mark.parametrize(
    "text", ["\ud800", "a\0b", "\U0010ffff", "x" * 70_000, "%s{}${{ }}", "' OR 1=1 --"]
)
async def test_odd_texts(member, text):
    """Texts no name has are refused, and found nowhere: without a fault."""
    answers = []
    for name, given in (
        ("signIn", {"login": text, "password": text}),
        ("signUp", {"username": text, "password": text}),
        ("signUp", {"username": secrets.token_hex(8), "password": text, "email": text}),
        ("createOrg", {"name": text}),
        ("createOrg", {"name": secrets.token_hex(8), "alias": text, "logo": text}),
        ("deploy", {"applicationId": text}),
        ("cancelTask", {"taskId": text, "reason": text}),
        ("setSecrets", {"orgName": text}),
        ("setSecrets", {"orgName": member.team, "set": [{"key": "KEY", "value": text}]}),
        ("setSecrets", {"orgName": member.team, "remove": [text]}),
    ):
        query = f"mutation ($input: {name[0].upper()}{name[1:]}Input!) {{ {name}(input: $input)"
        body = json.dumps({"query": query + " { __typename } }", "variables": {"input": given}})
        headers = {"Content-Type": "application/json", "Authorization": f"Bearer {member.token}"}
        response = await member.http.post(member.url, content=body, headers=headers)
        assert response.status_code < 500, (name, response.text)
        answers.append((name, given.keys(), response.text))
    body = json.dumps(
        {
            "query": "query ($id: ID!, $n: String!) { node(id: $id) { id } task(id: $id) { id }"
            " application(id: $id) { id } org(name: $n) { id } }",
            "variables": {"id": text, "n": text},
        }
    )
    response = await member.http.post(member.url, content=body, headers=headers)
    answers.append(("queries", (), response.text))
    faults = [answer for answer in answers if "Internal error" in answer[2]]
    assert not faults


BAD_FRAMES = [
    ["{"],
    ["null"],
    ["[]"],
    ['"connection_init"'],
    [b"\x00\x01"],
    ["[" * 50_000],
    [{"type": 42}],
    [{"type": "nonsense"}],
    [{"type": "connection_init", "payload": 42}],
    [{"type": "connection_init", "payload": {"Authorization": 42}}],
    [{"type": "connection_init", "payload": {"Authorization": "Bearer wrong"}}],
    [{"type": "connection_init", "payload": {"Authorization": "Bearer \ud800"}}],
    [GREETING, GREETING],
    [{"type": "subscribe", "id": "1", "payload": {"query": "{ viewer { id } }"}}],
    [GREETING, {"type": "subscribe", "id": "1"}],
    [GREETING, {"type": "subscribe", "payload": {"query": "{ viewer { id } }"}}],
    [GREETING, {"type": "subscribe", "id": 1, "payload": {"query": "{ viewer { id } }"}}],
    [GREETING, {"type": "subscribe", "id": "1", "payload": {"query": 42}}],
    [GREETING, {"type": "subscribe", "id": "1", "payload": {"query": "{"}}],
    [GREETING, {"type": "subscribe", "id": "1", "payload": {"query": ""}}],
    [GREETING, {"type": "subscribe", "id": "1", "payload": {"query": "{a" * 5_000}}],
    [GREETING, {"type": "subscribe", "id": "1", "payload": {"query": "{ no }", "variables": []}}],
    [
        GREETING,
        {
            "type": "subscribe",
            "id": "1",
            "payload": {"query": WATCHES["task"], "variables": {"id": "\ud800"}},
        },
    ],
    [GREETING, {"type": "subscribe", "id": "1", "payload": {"query": WATCHES["task"]}}],
    [GREETING, {"type": "complete", "id": "nobody"}],
    [GREETING, {"type": "complete"}],
    [{"type": "ping", "payload": 42}],
    [GREETING, {"type": "pong", "payload": []}],
    ["x" * (1024 * 1024 + 1)],
]


@pytest.mark.parametrize("number", range(len(BAD_FRAMES)))
async def test_bad_frames(rollway_up, connect, number):
    """Frames that are no messages end their connection or their operation, and nothing else."""
    address = rollway_up.url.replace("http", "ws", 1) + "/graphql"
    async with asyncio.timeout(40):
        socket = await websockets.connect(address, subprotocols=["graphql-transport-ws"])
        try:
            for frame in BAD_FRAMES[number]:
                await socket.send(frame if isinstance(frame, str | bytes) else json.dumps(frame))
            while True:
                async with asyncio.timeout(0.3):
                    said = await socket.recv()
                assert "Internal error" not in said
        except (ConnectionClosed, TimeoutError):
            pass
        finally:
            await socket.close()
    assert socket.close_code != 1011
    assert (await connect(rollway_up).query("{ viewer { id } }")) == {"viewer": None}


async def test_bad_document_on_a_shared_socket(rollway_up):
    """A document that does not parse gets an error of its own; others on the socket go on."""
    address = rollway_up.url.replace("http", "ws", 1) + "/graphql"
    async with (
        asyncio.timeout(40),
        websockets.connect(address, subprotocols=["graphql-transport-ws"]) as socket,
    ):
        await socket.send(json.dumps(GREETING))
        assert json.loads(await socket.recv())["type"] == "connection_ack"
        for number, query in (("1", "{"), ("2", "{ no }"), ("3", "{ viewer { id } }")):
            frame = {"type": "subscribe", "id": number, "payload": {"query": query}}
            await socket.send(json.dumps(frame))
        answers = {}
        while set(answers) < {"1", "2", "3"}:
            answer = json.loads(await socket.recv())
            answers.setdefault(answer["id"], answer)
    assert answers["3"]["payload"]["data"] == {"viewer": None}
    assert answers["2"]["type"] == "error"
    assert answers["1"]["type"] == "error"
    assert "Syntax Error" in answers["1"]["payload"][0]["message"]


async def test_half_a_body(rollway_up):
    """Whoever goes away while sending is no fault: the log, looked at afterwards, is quiet."""
    host, port = urlsplit(rollway_up.url).hostname, urlsplit(rollway_up.url).port
    _, writer = await asyncio.open_connection(host, port)
    writer.write(
        f"POST /graphql HTTP/1.1\r\nHost: {host}:{port}\r\nContent-Type: application/json\r\n"
        'Content-Length: 100\r\n\r\n{"query"'.encode()
    )
    await writer.drain()
    await asyncio.sleep(0.2)
    writer.close()
    await writer.wait_closed()
    await asyncio.sleep(0.2)
    assert httpx2.get(f"{rollway_up.url}/healthz").status_code == 200


async def test_silent_socket(rollway_up):
    """A connection that does not introduce itself within 5 s is closed with 4408."""
    address = rollway_up.url.replace("http", "ws", 1) + "/graphql"
    async with websockets.connect(address, subprotocols=["graphql-transport-ws"]) as socket:
        async with asyncio.timeout(20):
            await socket.wait_closed()
        assert socket.close_code == 4408


async def test_commands_without_data(rollway_of):
    """Before `rollway migrate`, commands say that it is missing, whatever the data folder holds."""
    nowhere = rollway_of()
    folder = str(nowhere.data)
    for _ in range(2):
        done = await asyncio.to_thread(nowhere.run, "check", "--data", folder)
        assert done.returncode == 1
        assert "run `rollway migrate`" in done.stdout
        nowhere.data.mkdir(exist_ok=True)
    done = await asyncio.to_thread(nowhere.run, "serve", "--data", folder, "--port", "0")
    assert done.returncode == 2
    assert "run `rollway migrate` first" in done.stderr


async def test_bad_setting(rollway_of):
    """A setting that does not exist or cannot be is named in one sentence; nothing is started."""
    for name, value, hint in (
        ("ROLLWAY_PROT", "80", "ROLLWAY_PORT"),
        ("ROLLWAY_WORKER_SLOTS", "many", "0 to 64"),
    ):
        wrong = rollway_of(settings={name: value})
        done = await asyncio.to_thread(wrong.run, "up", "--data", str(wrong.data), "--port", "0")
        assert done.returncode == 2
        assert done.stderr.count("\n") == 1
        assert name in done.stderr
        assert hint in done.stderr
        assert not wrong.data.exists()


@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_a_subscription_needs_a_socket(rollway_up, connect, method):
    """By a plain request it is refused as a mistake of the client's, and is no fault of ours."""
    client = connect(rollway_up)
    asked = {"query": 'subscription { orgTasks(orgName: "acme") { id } }'}
    given = {"params": asked} if method == "GET" else {"json": asked}

    answer = await client.http.request(method, client.url, **given)

    said = "A subscription needs a WebSocket, or a media type of streams in `Accept`."
    streams = "`text/event-stream` or `multipart/mixed; subscriptionSpec=1.0`"
    remedy = f"Ask by WebSocket, or accept {streams}."
    more = {"code": "INVALID", "remedy": remedy, "retryable": False}
    entry = {"message": said, "extensions": more}
    assert (answer.status_code, answer.json()) == (400, {"errors": [entry]})


@pytest.mark.parametrize(
    ("query", "name"),
    [
        ("query A { viewer { id } }", "B"),
        ("{ viewer { id } }", ""),
        ('subscription A { orgTasks(orgName: "acme") { id } }', "B"),
        ('mutation A { createOrg(input: {name: "acme"}) { __typename } }', ""),
        ("fragment F on Query { viewer { id } }", None),
    ],
)
async def test_no_such_operation_on_a_socket(rollway_up, query, name):
    """A name that no operation has is a mistake of the client's, as by HTTP."""
    address = rollway_up.url.replace("http", "ws", 1) + "/graphql"
    frame = {"type": "subscribe", "id": "1", "payload": {"query": query, "operationName": name}}
    async with (
        asyncio.timeout(10),
        websockets.connect(address, subprotocols=["graphql-transport-ws"]) as socket,
    ):
        await socket.send(json.dumps(GREETING))
        await socket.recv()
        await socket.send(json.dumps(frame))
        answer = json.loads(await socket.recv())

    assert answer["type"] == "error"
    assert answer["payload"][0]["extensions"]["code"] == "INVALID"


POURED_BYTES = 256 * 1024 * 1024
READ_BYTES_MAX = 32 * 1024 * 1024  # what the systems of both ends hold in between, and some more


def pour(url, head):
    """Send a large body whatever is answered; return the answer and the bytes that went."""
    host = urlsplit(url)
    chunk, sent = bytes(64 * 1024), 0
    with socket.create_connection((host.hostname, host.port), timeout=15) as client:
        asked = f"{head} HTTP/1.1\r\nHost: {host.netloc}\r\nContent-Length: {POURED_BYTES}\r\n"
        client.sendall(asked.encode() + b"Content-Type: application/json\r\n\r\n")
        answer = client.recv(4096)
        with suppress(ConnectionError):
            while sent < POURED_BYTES:
                sent += client.send(chunk)
    return answer, sent


@pytest.mark.parametrize(
    ("head", "status"),
    [
        ("POST /worker/append", 401),
        ("PUT /worker/artifact?task=t_1&name=site", 401),
        ("POST /worker/register", 413),
        ("POST /graphql", 413),
        ("POST /nowhere", 404),
    ],
)
async def test_a_refused_body_is_answered_at_once_and_not_read(rollway_up, head, status):
    """Gigabytes that a stranger sends cost nothing but the answer."""
    answer, sent = await asyncio.to_thread(pour, rollway_up.url, head)

    assert answer.startswith(f"HTTP/1.1 {status} ".encode())
    assert sent < READ_BYTES_MAX
