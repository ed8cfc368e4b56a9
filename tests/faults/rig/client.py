"""Somebody who uses the API of several servers and does not give up when one is away."""

import asyncio
import json
import random
import secrets
from collections import Counter

import httpx2
import websockets

ANSWER_SECONDS = 4.0
GIVE_UP_SECONDS = 90.0
PROBLEM = "... on Problem { code message }"
EVENT = """__typename seq
  ... on TaskStatusChanged { status }
  ... on StepStatusChanged { stepIndex stepStatus: status error }
  ... on StepOutput { stepIndex text firstLine }
  ... on StreamEnd { status }"""
WATCH = f"""subscription Watch($id: ID!, $after: Int!) {{
  taskEvents(taskId: $id, after: $after) {{ {EVENT} }} }}"""
PAGE = f"""query Page($id: ID!, $after: Int!) {{ task(id: $id) {{
  events(after: $after, first: 100) {{ cursor hasMore events {{ {EVENT} }} }} }} }}"""
TASKS = """query Tasks($org: String!, $after: String) { org(name: $org) {
  tasks(first: 100, after: $after) { pageInfo { hasNextPage endCursor }
    nodes { id status envName createdTime startedTime finishedTime application { id } } } } }"""


class Refused(Exception):
    """A mutation answered with a problem; *code* says which."""

    def __init__(self, answer):
        super().__init__(answer)
        self.code = answer["code"]


class Client:
    """Asks one server after the other, until one answers."""

    def __init__(self, urls):
        self.urls = urls
        self.token = self.team = None
        self.repeats = 0  # of requests that got no answer
        self.final = Counter()  # codes of errors that did not say `retryable`
        self.http = httpx2.AsyncClient(timeout=ANSWER_SECONDS, trust_env=False)

    async def begin(self):
        """Make an account and a team."""
        name = secrets.token_hex(6)
        answer = await self.done(
            "signUp", "token", username=f"u-{name}", password="correct horse battery"
        )
        self.token, self.team = answer["token"], f"t-{name}"
        await self.done("createOrg", "org { id }", name=self.team)

    async def end(self):
        """Close the connections."""
        await self.http.aclose()

    @property
    def headers(self):
        """Return what a request says of who asks."""
        return {"Authorization": f"Bearer {self.token}"} if self.token else {}

    async def query(self, query, **variables):
        """Return the data of an operation that is safe to repeat, from whichever server."""
        body = {"query": query, "variables": variables}
        urls = random.sample(self.urls, len(self.urls))
        said = None
        async with asyncio.timeout(GIVE_UP_SECONDS):
            while True:
                for url in urls:
                    try:
                        answer = await self.http.post(
                            f"{url}/graphql", json=body, headers=self.headers
                        )
                        said = answer.json()
                        if "errors" not in said:
                            return said["data"]
                        self._count(said["errors"])
                    except (httpx2.TransportError, ValueError) as fault:
                        said = fault
                    self.repeats += 1
                await asyncio.sleep(0.2)

    def _count(self, errors):
        for each in errors:
            more = each.get("extensions", {})
            if not more.get("retryable"):
                self.final[more.get("code", each["message"])] += 1

    async def done(self, name, selection, /, **given):
        """Return the payload of a mutation; Refused where it is a problem."""
        kind = name[0].upper() + name[1:]
        query = f"mutation M($input: {kind}Input!) {{ {name}(input: $input) {{ __typename"
        query += f" ... on {kind}Payload {{ {selection} }} {PROBLEM} }} }}"
        answer = (await self.query(query, input=given))[name]
        if not answer["__typename"].endswith("Payload"):
            raise Refused(answer)
        return answer

    async def application(self, name, url, **given):
        """Return the id of a new application, which has the environment `default` by default."""
        answer = await self.done(
            "createApplication",
            "application { id }",
            orgName=self.team,
            name=name,
            provider="GIT",
            repoUrl=url,
            **given,
        )
        return answer["application"]["id"]

    async def deploy(self, application, **given):
        """Deploy; return the task's id."""
        answer = await self.done("deploy", "task { id }", applicationId=application, **given)
        return answer["task"]["id"]

    async def tasks(self):
        """Return all tasks of the team, oldest first."""
        found, after, more = [], None, True
        while more:
            page = (await self.query(TASKS, org=self.team, after=after))["org"]["tasks"]
            found += page["nodes"]
            after, more = page["pageInfo"]["endCursor"], page["pageInfo"]["hasNextPage"]
        return found[::-1]

    async def journal(self, task_id):
        """Return a task's events as they are stored."""
        found, after, more = [], 0, True
        while more:
            page = (await self.query(PAGE, id=task_id, after=after))["task"]["events"]
            found += page["events"]
            after, more = page["cursor"], page["hasMore"]
        return found

    async def watch(self, url, task_id, after):
        """Yield a task's events behind *after* by a WebSocket of its own."""
        async with websockets.connect(
            f"ws{url.removeprefix('http')}/graphql",
            subprotocols=["graphql-transport-ws"],
            max_size=None,
            open_timeout=ANSWER_SECONDS,
            close_timeout=0.1,
            ping_interval=None,
            proxy=None,
        ) as socket:
            await socket.send(json.dumps({"type": "connection_init", "payload": self.headers}))
            async for text in socket:
                said = json.loads(text)
                match said["type"]:
                    case "connection_ack":
                        payload = {"query": WATCH, "variables": {"id": task_id, "after": after}}
                        wish = {"id": "1", "type": "subscribe", "payload": payload}
                        await socket.send(json.dumps(wish))
                    case "ping":
                        await socket.send(json.dumps({"type": "pong"}))
                    case "next":
                        if said["payload"].get("errors"):
                            return
                        yield said["payload"]["data"]["taskEvents"]
                    case "error" | "complete":
                        return

    async def stream(self, url, task_id, after):
        """Yield the same by server-sent events."""
        body = {"query": WATCH, "variables": {"id": task_id, "after": after}}
        headers = {**self.headers, "Accept": "text/event-stream"}
        timeout = httpx2.Timeout(ANSWER_SECONDS, read=None)
        async with self.http.stream(
            "POST", f"{url}/graphql", json=body, headers=headers, timeout=timeout
        ) as answer:
            async for line in answer.aiter_lines():
                if line.startswith("data:") and (text := line.removeprefix("data:").strip()):
                    said = json.loads(text)
                    if said.get("errors") or "data" not in said:
                        return
                    yield said["data"]["taskEvents"]
