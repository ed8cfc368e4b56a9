"""What Rollway adds to a deploy: a task of 8 steps, and of 50, against the same commands alone.

Prints JSON: medians over interleaved rounds, seconds and ratios. The floor is one shell script that
starts each command in a shell of its own. `make bench name=deploy`.
"""

import argparse
import json
import re
import subprocess
import sys
import tempfile
import time
import urllib.request
from datetime import datetime
from pathlib import Path
from statistics import median

COMMAND = "echo hi"
READY_SECONDS = 30
TASK_SECONDS = 60
IDENTITY = ["-c", "user.name=bench", "-c", "user.email=bench@example.com"]
DURATION = "query ($id: ID!) { task(id: $id) { duration } }"
TASK = """query ($id: ID!) { task(id: $id) {
  status finishedTime steps { index startedTime finishedTime } } }"""


class Server:
    """A `rollway up` of its own, and a signed-in client of it."""

    def __init__(self, folder: Path) -> None:
        command = [sys.executable, "-m", "rollway", "up", "--port", "0", "--data", str(folder)]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        text = ""
        while "Ctrl-C" not in text:
            text += self.process.stdout.readline()
        self.url = re.search(r"http://\S+/graphql", text)[0]
        self.token = None
        password = re.search(r"password (\S+)", text)[1]
        answer = self.ask(
            """mutation ($p: String!) { signIn(input: {login: "demo", password: $p}) {
              ... on SignInPayload { token } } }""",
            p=password,
        )
        self.token = answer["signIn"]["token"]

    def ask(self, query: str, **variables: str) -> dict:
        """Return the data of an operation."""
        headers = {"content-type": "application/json"}
        if self.token:
            headers["authorization"] = f"Bearer {self.token}"
        body = json.dumps({"query": query, "variables": variables}).encode()
        request = urllib.request.Request(self.url, body, headers)
        with urllib.request.urlopen(request, timeout=READY_SECONDS) as answer:
            return json.load(answer)["data"]

    def application(self, name: str, steps: int, folder: Path, command: str = COMMAND) -> str:
        """Return the id of an application whose pipeline has *steps* steps."""
        folder.mkdir()
        pipeline = "steps:\n" + f"  - run: {json.dumps(command)}\n" * steps
        (folder / "serverless-pipeline.yaml").write_text(pipeline)
        for arguments in (["init", "-q"], ["add", "."], ["commit", "-qm", "bench"]):
            subprocess.run(["git", *IDENTITY, *arguments], cwd=folder, check=True)
        answer = self.ask(
            """mutation ($n: String!, $u: String!) { createApplication(input: {
              orgName: "demo", name: $n, provider: GIT, repoUrl: $u}) {
              ... on CreateApplicationPayload { application { id } } } }""",
            n=name,
            u=folder.as_uri(),
        )
        return answer["createApplication"]["application"]["id"]

    def deploy(self, application: str, poll_seconds: float = 0.02) -> dict:
        """Deploy and return the finished task, with the seconds from the request to its end."""
        begin = time.perf_counter()
        answer = self.ask(
            """mutation ($a: ID!) { deploy(input: {applicationId: $a}) {
              ... on DeployPayload { task { id } } } }""",
            a=application,
        )
        task_id = answer["deploy"]["task"]["id"]
        while time.perf_counter() - begin < TASK_SECONDS:
            if self.ask(DURATION, id=task_id)["task"]["duration"] is not None:
                whole = time.perf_counter() - begin
                return {**self.ask(TASK, id=task_id)["task"], "id": task_id, "whole": whole}
            time.sleep(poll_seconds)
        raise TimeoutError(task_id)


def floor(steps: int) -> float:
    """Return the seconds a shell script takes for the same commands."""
    script = f"sh -c '{COMMAND}'\n" * steps
    begin = time.perf_counter()
    subprocess.run(["sh", "-ec", script], check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - begin


def steps_seconds(task: dict) -> float:
    """Return the seconds from the first step's start to the task's end."""
    begin = datetime.fromisoformat(task["steps"][1]["startedTime"])
    return (datetime.fromisoformat(task["finishedTime"]) - begin).total_seconds()


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=7)
    rounds = parser.parse_args().rounds
    with tempfile.TemporaryDirectory() as folder:
        server = Server(Path(folder) / "data")
        try:
            result = {"rounds": rounds, "tasks": {}}
            for steps in (8, 50):
                name = f"steps-{steps}"
                application = server.application(name, steps, Path(folder) / name)
                server.deploy(application)
                pairs = [(floor(steps), server.deploy(application)) for _ in range(rounds)]
                script = median(seconds for seconds, _ in pairs)
                in_steps = median(steps_seconds(task) for _, task in pairs)
                whole = median(task["whole"] for _, task in pairs)
                result["tasks"][name] = {
                    "script_seconds": round(script, 4),
                    "steps_seconds": round(in_steps, 4),
                    "whole_task_seconds": round(whole, 4),
                    "added_seconds": round(whole - script, 4),
                    "steps_to_script_ratio": round(in_steps / script, 2),
                }
            print(json.dumps(result, indent=2))
        finally:
            server.process.terminate()
            server.process.wait(READY_SECONDS)


if __name__ == "__main__":
    main()
