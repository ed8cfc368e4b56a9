"""What Rollway's writes cost: deliveries that are taken in, and tasks that are queued.

Each is asked for at a rate, as it comes, and as fast as it is answered. No worker runs. A deploy of
a ref asks the repository: over HTTP, of a server here whose answers cost nothing (`repository.py`),
or of a folder, by a process of Git. One more of a task's commit asks nobody.
"""

import hashlib
import hmac
import itertools
import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from uuid import uuid4

from contenders import Contender, Figures
from load import Plan
from progress import tell
from questions import posted, raw
from targets import Target, spent

HERE = Path(__file__).parent
RATE = 100.0
CONNECTIONS = 16
STEADY_CONNECTIONS = 64  # as many as wait for their answers at most
ACCEPTED = 202
IDLE_SECONDS_MAX = 60.0
LOOK_SECONDS = 1.0
IDLE_PART = 0.1  # of a processor
ENVIRONMENTS = 20
PUSH_BYTES = 8 * 1024  # as a push of a few commits has
SPREAD_BYTES = 128
IDENTITY = ("-c", "user.name=bench", "-c", "user.email=bench@example.com")

CREATE = """mutation Create($input: CreateApplicationInput!) { createApplication(input: $input) {
  ... on CreateApplicationPayload { application { id } } } }"""
ROTATE = """mutation Rotate($id: ID!) { rotateWebhookSecret(input: {applicationId: $id}) {
  ... on RotateWebhookSecretPayload { secret application { webhook { url } } } } }"""
QUEUED = "{ task { id status createdTime } } __typename }"
DEPLOY = f"""mutation Deploy($id: ID!, $env: String!) {{ deploy(input: {{
  applicationId: $id, envName: $env, ref: "main"}}) {{ ... on DeployPayload {QUEUED} }}"""
REDEPLOY = f"""mutation Redeploy($id: ID!) {{ redeploy(input: {{taskId: $id}}) {{
  ... on RedeployPayload {QUEUED} }}"""

Requests = Callable[[], Iterator[bytes]]


class Writer:
    """Makes what is written to, and the requests; *git* is the port that repositories are at."""

    def __init__(self, rollway: Contender, folder: Path, git: int) -> None:
        self.rollway = rollway
        self.headers = {"Authorization": f"Bearer {rollway.asked.token}"}
        self.repository = folder / "repository"
        self.url = f"http://127.0.0.1:{git}/repository/.git"

    def requests(self) -> dict[str, tuple[int, Requests]]:
        """Return how each write is asked for, and by what status it is answered."""
        self._make_repository()
        environments = [f"e{number}" for number in range(ENVIRONMENTS)]
        application = self._application("written", environments, provider="GIT")
        local = self._application("local", environments, self.repository.as_uri(), provider="GIT")
        deploys = [self._deploy(application, each) for each in environments]
        by_process = [self._deploy(local, each) for each in environments]
        tasks = [self.rollway.answer(each)["deploy"]["task"]["id"] for each in deploys]
        redeploys = [self._asked(REDEPLOY, id=task) for task in tasks]
        hooked = self._application("hooked", ["default"], provider="GITHUB", repoId="1")
        return {
            "webhook": (ACCEPTED, self._deliveries(hooked)),
            "deploy": (200, lambda: itertools.cycle(deploys)),
            "deploy_by_process": (200, lambda: itertools.cycle(by_process)),
            "redeploy": (200, lambda: itertools.cycle(redeploys)),
        }

    def _asked(self, document: str, **variables: object) -> bytes:
        return posted("/graphql", {"query": document, "variables": variables}, self.headers)

    def _deploy(self, application: str, environment: str) -> bytes:
        return self._asked(DEPLOY, id=application, env=environment)

    def _application(
        self, name: str, environments: list[str], url: str | None = None, **given: str
    ) -> str:
        spec = {"github": {"push": {"branches": {"precise": ["main"]}}}}
        asked = {
            "orgName": "acme",
            "name": name,
            "repoUrl": url or self.url,
            "environments": [{"name": each, "triggerSpec": spec} for each in environments],
            **given,
        }
        made = self.rollway.answer(self._asked(CREATE, input=asked))["createApplication"]
        return made["application"]["id"]

    def _deliveries(self, application: str) -> Requests:
        rotated = self.rollway.answer(self._asked(ROTATE, id=application))["rotateWebhookSecret"]
        path = "/" + rotated["application"]["webhook"]["url"].split("/", 3)[3]
        push = json.dumps(_push(self.url)).encode()
        secret = rotated["secret"].encode()
        return lambda: (_signed(path, push, secret) for _ in itertools.count())

    def _make_repository(self) -> None:
        self.repository.mkdir()
        (self.repository / "serverless-pipeline.yaml").write_text("steps: [{run: 'true'}]\n")
        for arguments in (["init", "-q", "-b", "main"], ["add", "."], ["commit", "-qm", "bench"]):
            subprocess.run(["git", *IDENTITY, *arguments], cwd=self.repository, check=True)


def measured(
    rollway: Contender, folder: Path, rounds: int, seconds: float
) -> list[dict[str, dict[str, Figures]]]:
    """Return the rounds: what each write costs at a rate, and as fast as it is answered."""
    git = Target([sys.executable, str(HERE / "repository.py"), str(folder)], None, folder / "git")
    try:
        return _rounds(rollway, Writer(rollway, folder, git.wait()).requests(), rounds, seconds)
    finally:
        git.end()


def _rounds(
    rollway: Contender, wanted: dict[str, tuple[int, Requests]], rounds: int, seconds: float
) -> list[dict[str, dict[str, Figures]]]:
    plans = {
        f"{RATE:.0f}_a_second": {"connections": STEADY_CONNECTIONS, "rate": RATE},
        "at_full_speed": {"connections": CONNECTIONS},
    }
    found = []
    for _ in range(rounds):
        made: dict[str, dict[str, Figures]] = {}
        for name, (status, requests) in wanted.items():
            made[name] = {}
            for title, given in plans.items():
                plan = Plan(seconds=seconds, status=status, spread_bytes=SPREAD_BYTES, **given)
                made[name][title] = rollway.under(plan, requests())
                tell(name, title, made[name][title])
                _idle(rollway)  # what is done after the answers is not the next one's
        found.append(made)
    return found


def _idle(rollway: Contender) -> None:
    """Wait until the server has little left to do: thousands of deliveries take seconds."""
    end = time.monotonic() + IDLE_SECONDS_MAX
    while time.monotonic() < end:
        before = rollway.target.cpu_seconds()
        time.sleep(LOOK_SECONDS)
        if spent(before, rollway.target.cpu_seconds()) < IDLE_PART * LOOK_SECONDS:
            return


def _push(url: str) -> dict[str, object]:
    """Return a push to a branch that nobody asked for."""
    return {
        "ref": "refs/heads/dev",
        "before": "1" * 40,
        "after": "2" * 40,
        "head_commit": {"id": "2" * 40, "message": "feat: " + "x" * PUSH_BYTES},
        "commits": [],
        "pusher": {"name": "ann"},
        "repository": {"id": 1, "name": "b", "owner": {"login": "a"}, "clone_url": url},
    }


def _signed(path: str, push: bytes, secret: bytes) -> bytes:
    name = str(uuid4())
    body = push.replace(b"{", b'{"nonce": "%s", ' % name.encode(), 1)
    headers = {
        "Content-Type": "application/json",
        "X-GitHub-Event": "push",
        "X-GitHub-Delivery": name,
        "X-Hub-Signature-256": f"sha256={hmac.new(secret, body, hashlib.sha256).hexdigest()}",
    }
    return raw(path, body, headers)
