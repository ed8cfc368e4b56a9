"""Whether an account exists cannot be told by the clock: sign-ins for a name that is there and not.

Prints JSON: medians in milliseconds over interleaved rounds, their difference, and how often the
slower one of a round was the known name (0.5: nothing can be told). `make bench name=sign_in`.
"""

import argparse
import json
import os
import re
import secrets
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path
from statistics import median

SECONDS = 30
SIGN_IN = """mutation ($l: String!) { signIn(input: {login: $l, password: "wrong password"}) {
  __typename } }"""
UNLIMITED = {
    "ROLLWAY_SIGN_IN_ATTEMPTS": "1000000",
    "ROLLWAY_SIGN_IN_ATTEMPTS_PER_ACCOUNT": "1000000",
    "ROLLWAY_SIGN_IN_ATTEMPTS_PER_ADDRESS": "1000000",
    "ROLLWAY_COST_PER_MINUTE": "1000000000",
    "ROLLWAY_CHECKS_PER_MINUTE": "1000000000",
}
WARMING_ROUNDS = 5


def sign_in(url: str, login: str) -> float:
    """Return how long a wrong password takes, milliseconds."""
    body = json.dumps({"query": SIGN_IN, "variables": {"l": login}}).encode()
    request = urllib.request.Request(url, body, {"content-type": "application/json"})
    begin = time.perf_counter()
    with urllib.request.urlopen(request, timeout=SECONDS) as answer:
        refused = json.load(answer)["data"]["signIn"]["__typename"]
    if refused != "UnauthenticatedProblem":
        raise AssertionError(refused)
    return (time.perf_counter() - begin) * 1000


def measure(url: str, rounds: int) -> dict:
    """Return what the sign-ins took."""
    known, unknown, slower = [], [], 0.0
    for number in range(rounds + WARMING_ROUNDS):
        pair = ["demo", "none"] if number % 2 else ["none", "demo"]
        took = {login: sign_in(url, login) for login in pair}
        if number < WARMING_ROUNDS:
            continue
        known.append(took["demo"])
        unknown.append(took["none"])
        slower += took["demo"] > took["none"]
    return {
        "known_ms": round(median(known), 2),
        "unknown_ms": round(median(unknown), 2),
        "difference_ms": round(median(known) - median(unknown), 2),
        "known_slower": round(slower / rounds, 3),
        "rounds": rounds,
    }


def main() -> None:
    """Start a server, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=200)
    rounds = parser.parse_args().rounds
    with tempfile.TemporaryDirectory() as folder:
        data = Path(folder) / secrets.token_hex(4)
        command = [sys.executable, "-m", "rollway", "up", "--port", "0", "--data", str(data)]
        environment = {**os.environ, **UNLIMITED}  # noqa: TID251 (the server's, not ours)
        process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment)
        try:
            text = ""
            while "Ctrl-C" not in text:
                text += process.stdout.readline()
            print(json.dumps(measure(re.search(r"http://\S+/graphql", text)[0], rounds), indent=1))
        finally:
            process.terminate()
            process.wait(SECONDS)


if __name__ == "__main__":
    main()
