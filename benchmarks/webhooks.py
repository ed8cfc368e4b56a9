"""How fast deliveries are taken in: at 200 a second, and as many as a few senders can.

Prints JSON: how long an answer took, seconds, and how long until all were worked on; none of them
deploys. The floor is a request to /healthz of the same server. `make bench name=webhooks`.
"""

import argparse
import asyncio
import hashlib
import hmac
import json
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path
from statistics import median, quantiles
from uuid import uuid4

import httpx2

from deploy import READY_SECONDS, Server

ACCEPTED = 202
RATE = 200
SENDERS = 16
CREATE = """mutation ($u: String!) { createApplication(input: {
  orgName: "demo", name: "hooked", provider: GITHUB, repoId: "1", repoUrl: $u,
  environments: [{name: "default", triggerSpec: {github: {push: {branches: {precise: ["main"]}}}}}]
}) { ... on CreateApplicationPayload { application { id } } } }"""
ROTATE = """mutation ($a: ID!) { rotateWebhookSecret(input: {applicationId: $a}) {
  ... on RotateWebhookSecretPayload { secret application { webhook { url } } } } }"""
NEWEST = """query ($a: ID!) { application(id: $a) { deliveries(first: 1) {
  totalCount nodes { status } } } }"""
SIZE_BYTES = 8 * 1024  # as a push of a few commits has


def body_of(url: str) -> bytes:
    """Return a push to a branch that nobody asked for."""
    commit = {"id": "2" * 40, "message": "feat: " + "x" * SIZE_BYTES}
    push = {
        "ref": "refs/heads/dev",
        "before": "1" * 40,
        "after": "2" * 40,
        "head_commit": commit,
        "commits": [],
        "pusher": {"name": "ann"},
        "repository": {"id": 1, "name": "b", "owner": {"login": "a"}, "clone_url": url},
    }
    return json.dumps(push).encode()


class Sender:
    """Delivers, and notes how long each answer takes."""

    def __init__(self, url: str, secret: str, body: bytes) -> None:
        self.url = url
        self.secret = secret.encode()
        self.body = body
        self.took: list[float] = []

    async def send(self, http: httpx2.AsyncClient) -> None:
        """Deliver once."""
        name = str(uuid4())
        body = self.body.replace(b"{", b'{"nonce": "%s", ' % name.encode(), 1)
        digest = hmac.new(self.secret, body, hashlib.sha256).hexdigest()
        headers = {
            "Content-Type": "application/json",
            "X-GitHub-Event": "push",
            "X-GitHub-Delivery": name,
            "X-Hub-Signature-256": f"sha256={digest}",
        }
        begin = time.perf_counter()
        answer = await http.post(self.url, content=body, headers=headers)
        self.took.append(time.perf_counter() - begin)
        if answer.status_code != ACCEPTED:
            raise AssertionError(answer.text)

    async def steadily(self, seconds: float) -> None:
        """Deliver 200 a second, whether or not the last was answered."""
        async with httpx2.AsyncClient(timeout=60) as http, asyncio.TaskGroup() as group:
            begin = time.perf_counter()
            for number in range(int(seconds * RATE)):
                await asyncio.sleep(max(0.0, begin + number / RATE - time.perf_counter()))
                group.create_task(self.send(http))

    async def burst(self, count: int) -> None:
        """Deliver *count*, each sender the next as soon as the last is answered."""
        left = iter(range(count))

        async def sender() -> None:
            for _ in left:
                await self.send(http)

        async with httpx2.AsyncClient(timeout=60) as http, asyncio.TaskGroup() as group:
            for _ in range(SENDERS):
                group.create_task(sender())


async def floor(url: str, count: int) -> list[float]:
    """Return how long requests take that do nothing, one after the other."""
    took = []
    async with httpx2.AsyncClient(timeout=60) as http:
        for _ in range(count):
            begin = time.perf_counter()
            await http.get(url)
            took.append(time.perf_counter() - begin)
    return took


def until_done(server: Server, application: str, begin: float) -> float:
    """Return the seconds until the newest delivery is worked on."""
    while True:
        newest = server.ask(NEWEST, a=application)["application"]["deliveries"]["nodes"]
        if newest[0]["status"] == "DONE":
            return time.perf_counter() - begin
        time.sleep(0.2)


def shown(took: list[float]) -> dict[str, float]:
    """Return the median and the 99th percentile."""
    return {
        "p50_seconds": round(median(took), 4),
        "p99_seconds": round(quantiles(took, n=100)[98], 4),
    }


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=10.0)
    parser.add_argument("--burst", type=int, default=2000)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        server = Server(Path(folder) / "data")
        try:
            url = (Path(folder) / "repo").as_uri()
            made = server.ask(CREATE, u=url)["createApplication"]["application"]["id"]
            hook = server.ask(ROTATE, a=made)["rotateWebhookSecret"]
            address = hook["application"]["webhook"]["url"]
            result = {"time": datetime.now(UTC).isoformat(), "body_bytes": len(body_of(url))}
            health = server.url.replace("/graphql", "/healthz")
            result["healthz"] = shown(asyncio.run(floor(health, 500)))
            begin = time.perf_counter()
            steady = Sender(address, hook["secret"], body_of(url))
            asyncio.run(steady.steadily(given.seconds))
            done = until_done(server, made, begin)
            result[f"{RATE} a second"] = {**shown(steady.took), "all_done_seconds": round(done, 1)}
            begin = time.perf_counter()
            burst = Sender(address, hook["secret"], body_of(url))
            asyncio.run(burst.burst(given.burst))
            seconds = time.perf_counter() - begin
            result[f"{given.burst} at once"] = {
                **shown(burst.took),
                "per_second": round(given.burst / seconds),
                "all_done_seconds": round(until_done(server, made, begin), 1),
            }
            print(json.dumps(result, indent=2))
        finally:
            server.process.terminate()
            server.process.wait(READY_SECONDS)


if __name__ == "__main__":
    main()
