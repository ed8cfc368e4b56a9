"""Secrets are put in wherever one goes in, and looked for wherever something comes out."""

import asyncio
import base64
import json
import secrets
import sqlite3
import sys
from collections import Counter
from contextlib import closing
from urllib.parse import quote, quote_plus

import pytest
from gql.transport.exceptions import TransportError

from rollway.keyfile import NAME

PRINT = """
import base64, json, os, sys, time
from urllib.parse import quote, quote_plus

def put(text, out=sys.stdout):
    out.write(text)
    out.flush()

for name in sys.argv[1:]:
    text = os.environ[name]
    raw = text.encode()
    forms = [text, raw.hex(), raw.hex().upper(), quote(text), quote_plus(text)]
    forms += [quote(text, safe=""), json.dumps(text), json.dumps({name: [text]})]
    forms += [json.dumps(text, ensure_ascii=False)]
    for pad in ("", "a", "ab"):
        forms.append(base64.b64encode(pad.encode() + raw + b"~").decode())
        forms.append(base64.urlsafe_b64encode(pad.encode() + raw).decode())
    for form in forms:
        put(form + "\\n")
        put("(" + form + ")\\n", sys.stderr)
        for cut in (1, len(form) // 2, len(form) - 1):
            put("x" + form[:cut])
            time.sleep(0.02)
            put(form[cut:] + "x\\n")
    for letter in text:
        put(letter)
    put("\\n")
sys.exit(3)
"""
NAMES = ("TEAM", "CREATED", "ADDED", "SET")
GIVEN = "".join(f"      {name}: ${{{{ secrets.{name} }}}}\n" for name in NAMES)
PIPELINE = f"""
steps:
  - name: Print
    env:
{GIVEN}      INPUT: ${{{{ inputs.word }}}}
    run: |
      printf '%s\\n' "$TEAM" "$INPUT"
      echo "$SET" > left-behind
      exec {sys.executable} print.py {" ".join(NAMES)}
"""


def _canary():
    """Return a secret that looks different in each encoding."""
    return f'Zq{secrets.token_hex(8)} "+/ü%&\\{secrets.token_hex(8)}'


def _forms(secret):
    """Return the secret and its usual encodings, as bytes; base64 wherever it may begin."""
    raw = secret.encode()
    found = {raw, raw.hex().encode(), raw.hex().upper().encode()}
    for text in (quote(secret), quote(secret, safe=""), quote_plus(secret)):
        found.add(text.encode())
    for ascii_only in (True, False):
        found.add(json.dumps(secret, ensure_ascii=ascii_only)[1:-1].encode())
    for before in range(3):
        whole = base64.b64encode(b"\0" * before + raw).rstrip(b"=")
        found.add(whole[4:-4])
        found.add(whole[4:-4].translate(bytes.maketrans(b"+/", b"-_")))
    parts = secret.replace('"', " ").split()  # what is left when half of it is masked
    return found | {part.encode() for part in parts if len(part) > 12}


class Search:
    """Looks for secrets in whatever it is shown, and collects where they were."""

    def __init__(self):
        self.forms = {}
        self.found = Counter()
        self.bytes_seen = 0

    def canary(self, name):
        """Return a new secret to look for."""
        return self.add(name, _canary())

    def add(self, name, secret):
        """Look for *secret* too."""
        self.forms[name] = _forms(secret)
        return secret

    def look(self, where, content):
        """Look through bytes or text."""
        content = content if isinstance(content, bytes) else content.encode()
        self.bytes_seen += len(content)
        for name, forms in self.forms.items():
            for form in forms:
                if form in content:
                    at = content.index(form)
                    around = content[max(0, at - 80) : at + len(form) + 20]
                    self.found[f"{name} in {where}: {around!r}"] += 1

    def columns(self, path):
        """Look through every column of every table; long values are cut in the file itself."""
        with closing(sqlite3.connect(path)) as connection:
            tables = connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")
            for (table,) in tables.fetchall():
                rows = connection.execute(f'SELECT * FROM "{table}"')
                names = [each[0] for each in rows.description]
                for row in rows:
                    for name, value in zip(names, row, strict=True):
                        content = value if isinstance(value, bytes) else str(value)
                        self.look(f"{table}.{name}", content)

    def folder(self, data):
        """Look through the files of a data folder, but the key and what `up` made for itself."""
        for path in data.rglob("*"):
            within = path.relative_to(data)
            if path.is_file() and within.parts[0] not in {NAME, "demo-password", "sample"}:
                self.look(str(within), path.read_bytes())


def test_the_search_finds_what_it_looks_for(tmp_path):
    """A canary that sings."""
    search = Search()
    secret = search.canary("one")
    text = f"x{base64.b64encode(('ab' + secret + 'c').encode()).decode()}"
    for content in (secret, text, secret.encode().hex(), quote_plus(secret), json.dumps([secret])):
        before = sum(search.found.values())
        search.look("here", content)
        assert sum(search.found.values()) > before
    with closing(sqlite3.connect(tmp_path / "file")) as connection:
        connection.execute("CREATE TABLE a (b)")
        connection.execute("INSERT INTO a VALUES (?)", [secret])
        connection.commit()
    search.columns(tmp_path / "file")
    assert any("a.b" in where for where in search.found)


@pytest.fixture
def search():
    """Return the search of a test."""
    return Search()


async def _accounts(server, connect, search):
    """Sign up, and sign in rightly and wrongly; return a client with a team."""
    client = connect(server)
    password = search.canary("password")
    given = {"username": "ann", "password": password}
    answer = await client.done("signUp", "token", **given)
    client.token = search.add("token of sign-up", answer["token"])
    answer = await client.done("signIn", "token", login="ann", password=password)
    client.token = search.add("token of sign-in", answer["token"])
    given = {"login": "ann", "password": password, "session": "COOKIE"}
    await client.done("signIn", "user { id }", **given)
    search.add("token of the cookie", next(iter(client.http.cookies.values())))
    client.http.cookies.clear()
    await client.create_org()
    for login in ("ann", "nobody"):
        await client.mutate("signIn", "token", login=login, password=search.canary("wrong"))
    await client.mutate("signUp", "token", username="ann", password=search.canary("taken"))
    short = search.canary("long") * 9
    await client.mutate("signUp", "token", username="bob", password=short)
    return client


async def _store(client, search, url):
    """Store a secret in every place that takes one; return the application and the values."""
    values = {name: search.canary(name) for name in NAMES}

    def of(name):
        return [{"key": name, "value": values[name]}]

    await client.done("setSecrets", "secrets { key }", orgName=client.team, set=of("TEAM"))
    live = {"name": "live", "secrets": of("CREATED")}
    application = await client.create_application(url, environments=[live])
    more = {"name": "more", "secrets": of("ADDED")}
    await client.done(
        "createEnvironment", "environment { id }", applicationId=application, environment=more
    )
    for name in ("ADDED", "SET"):
        place = {"applicationId": application, "envName": "live"}
        await client.done("setSecrets", "secrets { key version }", **place, set=of(name))
    return application, values


async def _mistakes(client, search, application):
    """Put secrets where they do not belong; whatever is answered must not repeat them."""
    wrong = search.canary("mistake")
    sign_in = "mutation($input: SignInInput!) { signIn(input: $input) { __typename } }"
    set_ = "mutation($input: SetSecretsInput!) { setSecrets(input: $input) { __typename } }"
    deploy = "mutation($input: DeployInput!) { deploy(input: $input) { __typename } }"
    for query, given in (
        (sign_in, {"login": "ann", "password": {"value": wrong}}),
        (sign_in, {"login": "ann", "passwort": wrong}),
        (sign_in, {"login": "ann", "password": [wrong]}),
        (sign_in, {"login": "ann", "password": "x", "session": wrong}),
        (sign_in, wrong),
        (set_, {"orgName": client.team, "set": [wrong]}),
        (set_, {"orgName": client.team, "set": [{"key": wrong, "value": wrong}]}),
        (set_, {"orgName": client.team, "set": [{"key": "A", "value": wrong * 2000}]}),
        (set_, {"orgName": client.team, "set": [{"key": "A", "value": wrong}], "envName": wrong}),
        (set_, {"orgName": "nowhere", "set": [{"key": "A", "value": wrong}]}),
        (deploy, {"applicationId": application, "inputs": {"a": {"b": wrong}}}),
        (deploy, {"applicationId": application, "inputs": [wrong]}),
        (deploy, {"applicationId": application, "debug": wrong}),
        (deploy, {"applicationId": application, "envName": "nowhere", "message": wrong}),
    ):
        await client.post(query, {"input": given})
    text = json.dumps(wrong)
    for document in (
        f'mutation {{ signIn(input: {{login: "a", passwort: {text}}}) {{ __typename }} }}',
        f"mutation {{ signIn(input: {text}) {{ __typename }} }}",
        f'mutation {{ signIn(input: {{login: "a", password: {text} {text}}}) {{ __typename }} }}',
        f"{{ viewer {text} }}",
    ):
        await client.post(document)
    for url in (f"https://ann:{quote(wrong)}@example.com/a.git", f"https://{quote(wrong)}@x.y/a"):
        given = {"orgName": client.team, "name": "x", "provider": "GIT", "repoUrl": url}
        answer = await client.mutate("createApplication", "application { id }", **given)
        assert answer["__typename"] == "InvalidProblem"
        given = {"applicationId": application, "repoUrl": url}
        answer = await client.mutate("updateApplication", "application { id }", **given)
        assert answer["__typename"] == "InvalidProblem"
    response = await client.http.get(client.url, params={"query": f"{{ viewer {text} }}"})
    client.responses.append(response.text)


async def _strangers(server, connect, search):
    """Come with tokens that are none: in the header, the cookie and the socket's greeting."""
    stranger = connect(server, token=search.add("made-up token", secrets.token_urlsafe(32)))
    await stranger.query("{ viewer { id } }")
    with pytest.raises(TransportError) as refused:
        await stranger.events("t_1")
    stranger.responses.append(str(refused.value))
    cookie = {"Cookie": f"rollway_session={search.add('made-up cookie', secrets.token_hex(32))}"}
    stranger.token = None
    await stranger.post("{ viewer { id } }", headers=cookie)
    return stranger


async def _deploys(client, application, values):
    """Run deploys that print all secrets, one with the shell's own trace; look at them again."""
    inputs = {"word": values["TEAM"]}
    for debug in (False, True):
        given = {"envName": "live", "inputs": inputs, "message": f"with {values['SET']}"}
        task_id = await client.deploy(application, **given, debug=debug)
        events = await client.events(task_id, seconds=60)
        assert events[-1]["status"] == "FAILURE"
        printed = "".join(event.get("text", "") for event in events)
        assert printed.count("***") > 200
        for index in (0, 1):
            client.responses.append(json.dumps(await client.log(task_id, index)))
        await client.pages(task_id)
        await client.post("query($id: ID!) { task(id: $id) { triggerPayload } }", {"id": task_id})
    answer = await client.done("redeploy", "task { id }", taskId=task_id)
    await client.events(answer["task"]["id"], seconds=60)
    waiting = await client.deploy(application, envName="live")
    reason = f"because of {values['CREATED']}"
    await client.done("cancelTask", "task { id }", taskId=waiting, reason=reason)
    await client.events(waiting)
    await client.query(
        "query($name: String!) { org(name: $name) { secrets { key version } applications { nodes {"
        " name environments { name secrets { key version } tasks: queue { totalCount } } } } } }",
        name=client.team,
    )


def _commands(server):
    """Run the commands that speak of keys; return what they say."""
    said = []
    for command in (["check"], ["key", "status"], ["key", "rotate"], ["key", "status"], ["check"]):
        done = server.run(*command, "--data", str(server.data))
        assert done.returncode == 0, done
        said.append(done.stdout + done.stderr)
    return "".join(said)


@pytest.mark.slow
@pytest.mark.timeout(180)
async def test_no_secret_comes_out_anywhere(rollway_of, connect, repository, search):
    """Not in the database, the data folder, the log, an answer, an event or a command's output.

    Neither in clear nor in a usual encoding, before and after a rotation of the keys and a restart.
    """
    server = rollway_of(settings={"ROLLWAY_LOG_LEVEL": "debug"})
    server.start()
    code = repository({"serverless-pipeline.yaml": PIPELINE, "print.py": PRINT})
    client = await _accounts(server, connect, search)
    application, values = await _store(client, search, code.url)
    await _mistakes(client, search, application)
    stranger = await _strangers(server, connect, search)
    await _deploys(client, application, values)
    said = await asyncio.to_thread(_commands, server)
    await _deploys(client, application, values)

    for key in (server.data / NAME).read_text().splitlines():
        if text := key.partition("#")[0].strip():
            search.add("a master key", base64.b64decode(text).decode("latin-1"))
            search.forms["a master key"] |= {text.encode(), base64.b64decode(text)}
    granted = [text for text in client.responses if '"token": "' in text or '"token":"' in text]
    assert len(granted) == 2  # sign-up and sign-in: there the token is the answer
    for text in (*set(client.responses) - set(granted), *stranger.responses):
        search.look("an answer", text)
    search.look("a command's output", said)
    for _ in range(2):
        search.folder(server.data)
        search.columns(server.data / "rollway.sqlite3")
        search.look("the log", server.log)
        server.restart()
    assert search.bytes_seen > 100_000
    assert not search.found, "\n".join(search.found)
