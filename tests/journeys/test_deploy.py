"""From a new account to a finished deploy, and all that can be done with a task."""

import asyncio
import hashlib
import secrets
import subprocess
import threading
from http.server import BaseHTTPRequestHandler, SimpleHTTPRequestHandler, ThreadingHTTPServer
from itertools import pairwise
from urllib.parse import urlsplit

import pytest

HELLO = """
steps:
  - name: Greet
    run: |
      echo hello
      echo to you >&2
  - name: Part
    run: printf 'no line break'
"""


class _Quiet:
    def log_message(self, *_):
        """Say nothing."""


class _Files(_Quiet, SimpleHTTPRequestHandler):
    """Serves a repository as plain files: what Git calls the dumb protocol."""


class _Backend(_Quiet, BaseHTTPRequestHandler):
    """Serves repositories through `git http-backend`."""

    folder = None

    def do_GET(self):
        """Answer through the backend."""
        parts = urlsplit(self.path)
        length = self.headers.get("Content-Length", "0")
        env = {
            "PATH": "/usr/local/bin:/usr/bin:/bin",
            "GIT_PROJECT_ROOT": str(self.folder),
            "GIT_HTTP_EXPORT_ALL": "1",
            "REQUEST_METHOD": self.command,
            "PATH_INFO": parts.path,
            "QUERY_STRING": parts.query,
            "CONTENT_TYPE": self.headers.get("Content-Type", ""),
            "CONTENT_LENGTH": length,
            "HTTP_CONTENT_ENCODING": self.headers.get("Content-Encoding", ""),
            "GIT_PROTOCOL": self.headers.get("Git-Protocol", ""),
            "REMOTE_ADDR": "127.0.0.1",
        }
        body = self.rfile.read(int(length))
        done = subprocess.run(
            ["git", "http-backend"], env=env, input=body, stdout=subprocess.PIPE, check=True
        )
        head, _, content = done.stdout.partition(b"\r\n\r\n")
        headers = dict(line.split(": ", 1) for line in head.decode().splitlines())
        self.send_response(int(headers.pop("Status", "200").split()[0]))
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(content)

    do_POST = do_GET  # noqa: N815 (as http.server looks for it)


@pytest.fixture
def served(tmp_path):
    """Return a function that serves a bare copy of a repository over HTTP; return its address."""
    servers = []

    def serve(repository, protocol):
        bare = tmp_path / "served" / "code.git"
        repository.git("clone", "--quiet", "--bare", str(repository.folder), str(bare))
        if protocol == "dumb":
            repository.git("-C", str(bare), "update-server-info")

            def handler(*given):
                return _Files(*given, directory=str(bare.parent))

        else:
            handler = type("Backend", (_Backend,), {"folder": bare.parent})
        server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        servers.append(server)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        return f"http://127.0.0.1:{server.server_port}/code.git"

    yield serve
    for server in servers:
        server.shutdown()
        server.server_close()


def _check_journal(events):
    """Check what holds for every finished task's journal."""
    assert [event["seq"] for event in events] == list(range(1, len(events) + 1))
    assert events[0]["__typename"] == "TaskStatusChanged"
    assert events[0]["status"] == "PENDING"
    assert [e["__typename"] for e in events].count("StreamEnd") == 1
    assert events[-1]["__typename"] == "StreamEnd"
    assert events[-2]["status"] == events[-1]["status"]
    times = [event["time"] for event in events]
    assert times == sorted(times)


@pytest.mark.parametrize("protocol", ["file", "smart", "dumb"])
async def test_first_deploy(rollway_up, connect, repository, served, told, protocol):
    """A new account deploys a repository and sees every event in order, to the StreamEnd.

    Who comes later sees the same, who comes back the rest.
    """
    code = repository(HELLO)
    url = code.url if protocol == "file" else served(code, protocol)
    client = connect(rollway_up)
    await client.sign_up()
    await client.create_org()
    application = await client.create_application(url)
    task_id, live = await client.run(application)

    _check_journal(live)
    assert live[-1]["status"] == "SUCCESS"
    assert told.statuses(live) == {0: "SUCCESS", 1: "SUCCESS", 2: "SUCCESS"}
    assert told.text(live, 1) == "hello\nto you\n"
    assert told.text(live, 2) == "no line break"
    assert await client.events(task_id) == live
    assert await client.pages(task_id) == live
    for after in (1, len(live) // 2, len(live) - 1):
        assert await client.events(task_id, after) == live[after:]
    task = await client.task(task_id)
    assert task["status"] == "SUCCESS"
    assert (task["branch"], task["commit"]) == ("main", code.git("rev-parse", "HEAD"))
    assert [step["name"] for step in task["steps"]][1:] == ["Greet", "Part"]


async def test_sample(rollway_up, connect, told):
    """The account and the application that `rollway up` prints can be used at once."""
    demo = rollway_up.demo
    client = connect(rollway_up)
    signed_in = await client.done(
        "signIn", "token user { username }", login=demo["login"], password=demo["password"]
    )
    client.token = signed_in["token"]
    _, events = await client.run(demo["application"])
    _check_journal(events)
    assert events[-1]["status"] == "SUCCESS"
    assert "Hello from hello" in told.text(events, 1)


async def test_refs(member, repository, told):
    """A branch, a tag, a full ref and a commit each deploy what they name."""
    code = repository("steps: [{run: echo one}]")
    first = code.git("rev-parse", "HEAD")
    code.git("tag", "--annotate", "v1", "--message=One")
    code.git("checkout", "--quiet", "-b", "topic/two")
    second = code.commit({"serverless-pipeline.yaml": "steps: [{run: echo two}]"})
    code.git("checkout", "--quiet", "main")
    application = await member.create_application(code.url)
    wanted = [
        ({}, first, "main", None),
        ({"ref": "topic/two"}, second, "topic/two", None),
        ({"ref": "refs/heads/topic/two"}, second, "topic/two", None),
        ({"ref": "v1"}, first, None, "v1"),
        ({"commit": second}, second, None, None),
    ]
    for given, commit, branch, tag in wanted:
        task_id, events = await member.run(application, **given)
        assert told.text(events, 1) == ("one\n" if commit == first else "two\n"), given
        task = await member.task(task_id)
        assert (task["commit"], task["branch"], task["tag"]) == (commit, branch, tag)


@pytest.mark.slow
@pytest.mark.timeout(180)
async def test_20_000_lines(member, repository, told):
    """What a step prints arrives complete and in order: live, in its log, in the journal's pages.

    Lines are numbered from 1 without gaps, wherever a page or a frame was cut.
    """
    code = repository("steps: [{run: 'seq --format \"line %.0f\" 20000'}]")
    application = await member.create_application(code.url)
    task_id = await member.deploy(application)
    live = await member.events(task_id, seconds=60)
    wanted = [f"line {number}" for number in range(1, 20_001)]
    assert told.text(live, 1).splitlines() == wanted
    _check_journal(live)
    first_line = 1
    for event in live:
        if event.get("stepIndex") == 1 and "text" in event:
            assert event["firstLine"] == first_line
            first_line += event["text"].count("\n")

    for first in (1000, 617):
        lines = await member.log(task_id, 1, first)
        assert [line["number"] for line in lines] == list(range(1, 20_001))
        assert [line["text"] for line in lines] == wanted
    for first in (200, 7):
        assert await member.pages(task_id, first) == live


async def test_isolated(isolated_member, repository, told):
    """With the isolation of this machine a deploy runs, and its outputs are seen."""
    code = repository("""
steps:
  - id: build
    run: |
      echo "url=https://example.com" >> "$ROLLWAY_OUTPUT"
      echo "$HOME $TMPDIR" > "$HOME/here"
      ls "$(dirname "$(dirname "$HOME")")" | wc -l
  - run: test "$URL" = https://example.com
    env: {URL: "${{ steps.build.outputs.url }}"}
""")
    application = await isolated_member.create_application(code.url)
    task_id, events = await isolated_member.run(application)
    assert events[-1]["status"] == "SUCCESS", told.text(events, 1) + told.text(events, 2)
    assert "isolation:" not in told.text(events, 0) or told.text(events, 1)
    task = await isolated_member.task(task_id)
    assert [step["status"] for step in task["steps"]] == ["SUCCESS"] * 3


async def test_one_after_the_other(member, repository, tmp_path):
    """Tasks of one environment never overlap, and run in the order of their deploys."""
    folder = tmp_path / "shared"
    folder.mkdir()
    code = repository(f"""
steps:
  - run: |
      mkdir {folder}/lock
      sleep 0.2
      echo "$ROLLWAY_TASK_ID" >> {folder}/order
      rmdir {folder}/lock
""")
    application = await member.create_application(code.url)
    task_ids = [await member.deploy(application) for _ in range(3)]
    ends = await asyncio.gather(*(member.events(task_id) for task_id in task_ids))
    assert [events[-1]["status"] for events in ends] == ["SUCCESS"] * 3
    assert (folder / "order").read_text().split() == task_ids
    tasks = [await member.task(task_id) for task_id in task_ids]
    for before, behind in pairwise(tasks):
        assert before["finishedTime"] <= behind["startedTime"]


async def test_side_by_side(member, repository, tmp_path):
    """Tasks of two environments run at the same time: each waits for the other's sign of life."""
    folder = tmp_path / "shared"
    folder.mkdir()
    code = repository(f"""
steps:
  - run: |
      touch "{folder}/$HERE"
      for _ in $(seq 200); do
        [ "$(ls {folder} | wc -l)" = 2 ] && exit 0
        sleep 0.05
      done
      exit 1
    env:
      HERE: ${{{{ app.environment }}}}
""")
    environments = [{"name": "test"}, {"name": "live"}]
    application = await member.create_application(code.url, environments=environments)
    runs = (member.run(application, envName=each["name"]) for each in environments)
    for _, events in await asyncio.gather(*runs):
        assert events[-1]["status"] == "SUCCESS"


async def test_repeat(member, repository, told):
    """EXACT repeats the pipeline text of the first time, whatever the settings say today.

    REFRESH_CONFIG takes the same commit with today's settings. Both name what they repeat.
    """
    code = repository(
        {
            "serverless-pipeline.yaml": "steps: [{run: 'echo one; cat data'}]",
            "other.yaml": "steps: [{run: 'echo other; cat data'}]",
            "data": "old\n",
        }
    )
    application = await member.create_application(code.url)
    first, events = await member.run(application)
    assert told.text(events, 1) == "one\nold\n"

    code.commit({"serverless-pipeline.yaml": "steps: [{run: 'echo two'}]", "data": "new\n"})
    await member.done(
        "updateEnvironment",
        "environment { version }",
        applicationId=application,
        name="default",
        cdPipelineYaml="other.yaml",
    )
    _, events = await member.run(application)
    assert told.text(events, 1) == "other\nnew\n"

    wanted = [
        ("redeploy", {"mode": "EXACT"}, "one\nold\n"),
        ("redeploy", {"mode": "REFRESH_CONFIG"}, "other\nold\n"),
        ("redeploy", {}, "other\nold\n"),
        ("rollback", {"mode": "EXACT"}, "one\nold\n"),
        ("rollback", {}, "one\nold\n"),
        ("rollback", {"mode": "REFRESH_CONFIG"}, "other\nold\n"),
    ]
    for name, given, text in wanted:
        answer = await member.done(name, "task { id }", taskId=first, **given)
        task_id = answer["task"]["id"]
        events = await member.events(task_id)
        assert events[-1]["status"] == "SUCCESS"
        assert told.text(events, 1) == text, (name, given)
        task = await member.task(task_id)
        assert task["triggerType"] == name
        assert task["trigger"]["__typename"] == f"{name.capitalize()}Trigger"
        assert task["sourceTask"] == {"id": first}
        assert task["commit"] == (await member.task(first))["commit"]


async def test_rollback_needs_success(member, repository):
    """Only an earlier SUCCESS can be gone back to: else a ConflictProblem, and no task."""
    code = repository("steps: [{run: exit 1}]")
    application = await member.create_application(code.url)
    failed, events = await member.run(application)
    assert events[-1]["status"] == "FAILURE"
    code.commit({"serverless-pipeline.yaml": "steps: [{run: 'true'}]"})
    latest, events = await member.run(application)
    assert events[-1]["status"] == "SUCCESS"
    for task_id in (failed, latest):
        answer = await member.mutate("rollback", "task { id }", taskId=task_id)
        assert answer["__typename"] == "ConflictProblem"
        assert answer["code"] == "CONFLICT"
        assert answer["field"] == ["taskId"]
    count = "query N($id: ID!) { application(id: $id) { tasks { totalCount } } }"
    assert (await member.query(count, id=application))["application"]["tasks"]["totalCount"] == 2


async def test_cancel(member, repository, told):
    """A pending task is cancelled at once; a running one may clean up, and that is kept.

    Their subscribers get the StreamEnd; the environment is free for the next task.
    """
    code = repository("""
steps:
  - run: |
      trap 'echo cleaning up; sleep 0.3; echo clean; exit 0' TERM
      echo started
      while :; do sleep 0.05; done
  - run: echo never
""")
    application = await member.create_application(code.url)
    running = await member.deploy(application)
    pending = await member.deploy(application)
    async with asyncio.TaskGroup() as group:
        watching = [group.create_task(member.events(task)) for task in (running, pending)]
        await member.until(running, "started")
        answer = await member.done("cancelTask", "task { status }", taskId=pending)
        assert answer["task"]["status"] == "CANCELLED"
        await watching[1]
        answer = await member.done(
            "cancelTask", "task { status }", taskId=running, reason="wrong branch"
        )
        assert answer["task"]["status"] in {"RUNNING", "CANCELLED"}
    of_running, of_pending = (each.result() for each in watching)

    for events in (of_running, of_pending):
        _check_journal(events)
        assert events[-1]["status"] == "CANCELLED"
    assert "cleaning up\nclean\n" in told.text(of_running, 1)
    assert told.statuses(of_running) == {0: "SUCCESS", 1: "CANCELLED", 2: "CANCELLED"}
    assert "wrong branch" in told.error(of_running, 1)
    assert told.statuses(of_pending) == {0: "CANCELLED"}
    assert told.text(of_running, 2) == ""
    again = await member.done("cancelTask", "task { status }", taskId=running)
    assert again["task"]["status"] == "CANCELLED"

    code.commit({"serverless-pipeline.yaml": "steps: [{run: echo next}]"})
    ended, events = await member.run(application)
    assert events[-1]["status"] == "SUCCESS"
    answer = await member.mutate("cancelTask", "task { status }", taskId=ended)
    assert answer["__typename"] == "ConflictProblem"


async def test_cancel_is_told_at_once(member, repository):
    """Subscribers read at once that a step was asked to end, not only when it has ended."""
    code = repository("steps: [{run: \"trap '' TERM; echo started; sleep 8\"}]")
    application = await member.create_application(code.url)
    task_id = await member.deploy(application)
    await member.until(task_id, "started")
    await member.done("cancelTask", "task { id }", taskId=task_id, reason="wrong branch")
    await member.until(task_id, "wrong branch", seconds=5)
    assert (await member.events(task_id))[-1]["status"] == "CANCELLED"


async def test_secrets(rollway_up, member, repository, told):
    """Secrets reach the steps that name them, the environment's over the team's, and nobody else.

    Their values stand in no event, log or response, and nowhere in the data folder.
    """
    team, own, shadowed = (f"s3cr3t/{secrets.token_urlsafe(12)}" for _ in range(3))
    code = repository("""
env:
  TEAM: ${{ secrets.TEAM_KEY }}
steps:
  - name: Print them
    run: |
      echo "team $TEAM, both $BOTH" >&2
      printf '%s' "$TEAM" | cut -c 1-8 | tr -d '\\n'
      sleep 0.3
      printf '%s\\n' "$TEAM" | cut -c 9-
      printf '%s' "$TEAM" | sha256sum
      printf '%s' "$BOTH" | sha256sum
      env > everything
      cat everything
    env:
      BOTH: ${{ secrets.BOTH }}
  - name: Leave them alone
    run: env | grep -c BOTH || echo none
""")
    application = await member.create_application(code.url)
    await member.done(
        "setSecrets",
        "secrets { key version }",
        orgName=member.team,
        set=[{"key": "TEAM_KEY", "value": team}, {"key": "BOTH", "value": shadowed}],
    )
    answer = await member.done(
        "setSecrets",
        "secrets { key version updatedTime }",
        applicationId=application,
        envName="default",
        set=[{"key": "BOTH", "value": own}],
    )
    assert [each["key"] for each in answer["secrets"]] == ["BOTH"]
    task_id, events = await member.run(application, message="uses secrets", inputs={"A": "b"})
    assert events[-1]["status"] == "SUCCESS", events
    text = told.text(events, 1)
    assert text.startswith("team ***, both ***\n***\n"), text
    digests = [hashlib.sha256(value.encode()).hexdigest() for value in (team, own)]
    assert [line.split()[0] for line in text.splitlines()[2:4]] == digests
    assert told.text(events, 2) == "0\nnone\n"

    await member.log(task_id, 1)
    await member.pages(task_id)
    await member.post(
        "query All($id: ID!) { task(id: $id) { triggerPayload planHash steps { outputs error }"
        " application { environments { secrets { key } resource triggerSpec } } } }",
        {"id": task_id},
    )
    said = "\n".join([*member.responses, rollway_up.log])
    kept = await files(rollway_up.data)
    assert any(path.suffix == ".sqlite3" for path in kept)
    for value in (team, own, shadowed):
        assert value not in said
        assert not [path for path, content in kept.items() if value.encode() in content]


async def test_secret_in_message(rollway_up, member, repository):
    """A secret that somebody types into a deploy's message is masked wherever it is kept."""
    value = f"s3cr3t/{secrets.token_urlsafe(12)}"
    code = repository("steps: [{run: 'echo $MESSAGE', env: {MESSAGE: '${{ git.message }}'}}]")
    application = await member.create_application(code.url)
    await member.done(
        "setSecrets", "secrets { key }", orgName=member.team, set=[{"key": "KEY", "value": value}]
    )
    task_id, events = await member.run(application, message=f"deploy with {value}")
    assert events[-1]["status"] == "SUCCESS"
    assert value not in str(await member.task(task_id))
    kept = await files(rollway_up.data)
    assert not [path for path, content in kept.items() if value.encode() in content]


async def test_idempotency_key(member, repository):
    """One key makes one task, however often and however concurrently it is sent.

    The same key with other input is refused.
    """
    code = repository("steps: [{run: 'true'}]")
    application = await member.create_application(code.url)
    given = {"applicationId": application, "message": "once", "idempotencyKey": "k-1"}
    sent = (member.done("deploy", "task { id }", **given) for _ in range(5))
    task_ids = {answer["task"]["id"] for answer in await asyncio.gather(*sent)}
    assert len(task_ids) == 1
    await member.events(task_ids.pop())
    answer = await member.mutate("deploy", "task { id }", **{**given, "message": "twice"})
    assert answer["__typename"] == "IdempotencyKeyReusedProblem"
    assert answer["code"] == "IDEMPOTENCY_KEY_REUSED"
    assert answer["field"] == ["idempotencyKey"]
    count = "query N($id: ID!) { application(id: $id) { tasks { totalCount } } }"
    assert (await member.query(count, id=application))["application"]["tasks"]["totalCount"] == 1


async def files(data):
    """Return what is kept in a data folder, once no workspace is left that is being deleted."""
    async with asyncio.timeout(40):
        while any((data / "workspaces").iterdir()):
            await asyncio.sleep(0.05)
    return {path: path.read_bytes() for path in data.rglob("*") if path.is_file()}
