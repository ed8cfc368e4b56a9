"""Signs in, deploys, watches the deploy to its end and lists the tasks, with gql.

Takes aiohttp and websockets: `gql[aiohttp,websockets]`.
"""

import asyncio
import json
import os
import random
from collections.abc import AsyncIterator
from typing import Any

from gql import Client, gql
from gql.transport.aiohttp import AIOHTTPTransport
from gql.transport.exceptions import TransportError, TransportQueryError
from gql.transport.websockets import WebsocketsTransport
from websockets.exceptions import ConnectionClosed

SIGN_IN = gql("""mutation SignIn($input: SignInInput!) {
  signIn(input: $input) {
    __typename
    ... on SignInPayload { token }
    ... on Problem { code message }
  }
}""")
DEPLOY = gql("""mutation Deploy($input: DeployInput!) {
  deploy(input: $input) {
    __typename
    ... on DeployPayload { task { id status } }
    ... on Problem { code message field }
    ... on InvalidProblem { issues { field message } }
  }
}""")
TASKS = gql("""query Tasks($applicationId: ID!, $first: Int!, $after: String) {
  application(id: $applicationId) {
    tasks(first: $first, after: $after) {
      nodes { id status createdTime }
      pageInfo { endCursor hasNextPage }
    }
  }
}""")
WATCH = """subscription Watch($taskId: ID!, $after: Int!) {
  taskEvents(taskId: $taskId, after: $after) {
    __typename
    seq
    ... on StepStatusChanged { stepIndex name stepStatus: status }
    ... on StepOutput { text }
    ... on TaskStatusChanged { status }
    ... on StreamEnd { status }
  }
}"""

GIVEN = ("URL", "LOGIN", "PASSWORD", "APPLICATION")  # as DEPLOYS_URL and so on
TRIES_MAX = 10  # in a row without news
WAIT_SECONDS = 0.25
WAIT_SECONDS_MAX = 30.0
FINAL_CLOSES = {4400, 4401, 4403, 4406, 4409, 4429}
PASSING_CODES = {"UNAVAILABLE", "INTERNAL"}


class Refused(Exception):
    """A mutation changed nothing; says why."""


class Rollway:
    """A server, by its address `/graphql`."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._token = ""

    @property
    def _headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self._token}"} if self._token else {}

    async def sign_in(self, login: str, password: str) -> None:
        """Sign in for what follows."""
        variables = {"input": {"login": login, "password": password}}
        self._token = (await self._done(SIGN_IN, variables))["token"]

    async def deploy(self, application_id: str) -> str:
        """Deploy; return the task's id."""
        answer = await self._done(DEPLOY, {"input": {"applicationId": application_id}})
        return str(answer["task"]["id"])

    async def tasks(self, application_id: str, page_size: int) -> list[str]:
        """Return the ids of an application's tasks, the newest first."""
        found: list[str] = []
        variables = {"applicationId": application_id, "first": page_size, "after": None}
        while True:
            application = (await self._ask(TASKS, variables))["application"]
            if application is None:  # not there, or not yours
                return found
            found += [task["id"] for task in application["tasks"]["nodes"]]
            page = application["tasks"]["pageInfo"]
            if not page["hasNextPage"]:
                return found
            variables["after"] = page["endCursor"]

    async def watch(self, task_id: str) -> AsyncIterator[dict[str, Any]]:
        """Yield each event of a task once, in order, whatever happens to connections meanwhile."""
        after = tries = 0
        while True:
            try:
                async for event in self._events(task_id, after):
                    after, tries = event["seq"], 0
                    yield event
            except (TransportError, OSError, TimeoutError) as fault:
                tries += 1
                if tries > TRIES_MAX or _is_final(fault):
                    raise
            else:
                return
            wait = min(WAIT_SECONDS_MAX, WAIT_SECONDS * 2 ** (tries - 1))
            await asyncio.sleep(wait * random.uniform(0.5, 1))

    async def _events(self, task_id: str, after: int) -> AsyncIterator[dict[str, Any]]:
        transport = WebsocketsTransport(
            url=self._url.replace("http", "ws", 1),
            init_payload=self._headers,
            subprotocols=["graphql-transport-ws"],  # gql offers an older one first
            ping_interval=15,
            pong_timeout=15,
        )
        query = gql(WATCH)
        query.variable_values = {"taskId": task_id, "after": after}
        async with Client(transport=transport) as session:
            async for data in session.subscribe(query):
                yield data["taskEvents"]

    async def _done(self, query: Any, variables: dict[str, Any]) -> dict[str, Any]:
        answer: dict[str, Any]
        (answer,) = (await self._ask(query, variables)).values()
        if "code" in answer:
            raise Refused(f"{answer['code']}: {answer['message']}")
        return answer

    async def _ask(self, query: Any, variables: dict[str, Any]) -> dict[str, Any]:
        query.variable_values = variables
        transport = AIOHTTPTransport(url=self._url, headers=self._headers)
        async with Client(transport=transport) as session:
            data: dict[str, Any] = await session.execute(query)
            return data


def _is_final(fault: Exception) -> bool:
    """Tell whether asking again would only be refused again."""
    if isinstance(fault, TransportQueryError):
        said = [error.get("extensions") or {} for error in fault.errors or []]
        return not all(each.get("code") in PASSING_CODES or "retryAfter" in each for each in said)
    closed = fault.__cause__
    return isinstance(closed, ConnectionClosed) and closed.code in FINAL_CLOSES


async def main() -> None:
    """Print events as lines of JSON, then the tasks."""
    given = {name: os.environ[f"DEPLOYS_{name}"] for name in GIVEN}
    rollway = Rollway(given["URL"])
    await rollway.sign_in(given["LOGIN"], given["PASSWORD"])
    async for event in rollway.watch(await rollway.deploy(given["APPLICATION"])):
        print(json.dumps(event), flush=True)
    print(json.dumps({"tasks": await rollway.tasks(given["APPLICATION"], 2)}))


if __name__ == "__main__":
    asyncio.run(main())
