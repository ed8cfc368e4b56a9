"""Benchmarks are run by people, now and then: what they use of us is still there."""

import json
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import repeat
from pathlib import Path

import pytest

BENCHMARKS = Path(__file__).parent.parent / "benchmarks"
sys.path.append(str(BENCHMARKS / "comparing"))
import agreement  # noqa: E402 - lies there
import figures  # noqa: E402
import goals  # noqa: E402
import packages  # noqa: E402
from load import BadAnswer, Plan, load  # noqa: E402

LOAD = """
import runpy, sys
for each in sys.argv[1:]:
    sys.path[0] = each.rpartition("/")[0]
    runpy.run_path(each, run_name="looked_at")
"""
ANSWER = b"HTTP/1.1 %d OK\r\nX-Said: no\r\ncontent-length: %d\r\n\r\n%s"


def test_each_can_be_loaded():
    """In one process, for what they import is mostly the same."""
    paths = sorted(map(str, BENCHMARKS.glob("*.py")))
    loaded = subprocess.run(
        [sys.executable, "-c", LOAD, *paths], stderr=subprocess.PIPE, text=True, check=False
    )
    assert loaded.returncode == 0, loaded.stderr


@pytest.fixture
def peers(tmp_path) -> Iterator[Callable[..., dict]]:
    """Compare some servers, quickly; of what was started nothing may be left."""

    def run(*arguments: str) -> dict:
        out = tmp_path / "out.json"
        command = [sys.executable, str(BENCHMARKS / "peers.py"), "--quick", "--out", str(out)]
        running = subprocess.Popen(
            [*command, *arguments],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env={"TMPDIR": str(tmp_path), "PATH": "/usr/sbin:/usr/bin:/bin"},
        )
        try:
            said, log = running.communicate()
        except BaseException:
            running.terminate()  # it ends what it started
            running.communicate()
            raise
        assert running.returncode == 0, log
        found = json.loads(out.read_text())
        assert json.loads(said) == found
        return found

    yield run
    assert list(tmp_path.glob("tmp*")) == []
    assert [each for each in Path("/proc").glob("[0-9]*/cmdline") if _names(each, tmp_path)] == []


@pytest.mark.slow
@pytest.mark.timeout(180)
def test_python_servers_agree_and_are_compared(peers):
    """All pages, and the writes."""
    servers = ["floor-json", "floor-h11", "floor-rows", "rollway", "strawberry"]

    found = peers("--servers", *servers)["postgres"]

    assert list(found["pages"]) == ["dashboard", "application", "task", "tasks"]
    for page in found["pages"].values():
        assert list(page) == servers
        assert page["floor-rows"]["cpu_to_floor_json"] > 0
        assert page["rollway"]["database_cpu_ms"] > 0
    assert found["pages"]["dashboard"]["rollway"]["answer_bytes"] > 280_000  # 1,600 steps
    writes = ["webhook", "deploy", "deploy_by_process", "redeploy"]
    assert list(found["writing"]["writes"]) == writes


@pytest.mark.slow
@pytest.mark.timeout(180)
def test_growth_and_sqlite_are_measured(peers):
    found = peers("--growth", "--sqlite", "--pages", "tasks")

    for server in ("floor-json", "rollway"):
        assert found["growth"][server]["tasks"]["1000"]["cpu_ms_to_least"] > 0
    assert found["sqlite"]["pages"]["dashboard"]["rollway"]["cpu_to_floor_json"] > 1
    assert [each["figure"] for each in found["goals"]] == [
        "sqlite.pages.dashboard.rollway.cpu_to_floor_json"
    ]


def _names(cmdline: Path, folder: Path) -> bool:
    try:
        return str(folder).encode() in cmdline.read_bytes()
    except OSError:  # it has ended meanwhile
        return False


@pytest.fixture
def serve() -> Iterator[Callable[[list[bytes]], int]]:
    """Start a server that gives these answers, then the last one again and again."""
    listening = socket.create_server(("127.0.0.1", 0))
    threads = []

    def start(answers: list[bytes]) -> int:
        left = iter(answers)

        def answer() -> None:
            connection, _ = listening.accept()
            with connection:
                while connection.recv(4096):
                    said = next(left, answers[-1])
                    if not said:
                        return
                    connection.sendall(said[:10])
                    connection.sendall(said[10:])

        threads.append(threading.Thread(target=answer))
        threads[0].start()
        return listening.getsockname()[1]

    yield start
    threads[0].join()
    listening.close()


def said(body: bytes, status: int = 200) -> bytes:
    return ANSWER % (status, len(body), body)


def asked(port: int, **plan: float | None) -> int:
    made = load(port, repeat(b"GET / HTTP/1.1\r\n\r\n"), Plan(connections=1, **plan))
    assert made.quantile_ms(1) >= made.quantile_ms(0.5) > 0
    return len(made.latencies)


def test_load_asks_as_often_as_planned(serve):
    """A rate is kept by asking more often later, however slow the server is."""
    port = serve([said(b"x" * 100_000), said(b""), said(b"y")])

    assert asked(port, seconds=0.2, rate=100.0) == 20


def test_load_asks_again_when_it_is_answered(serve):
    assert asked(serve([said(b"yes")]), seconds=0.1, spread_bytes=0) > 1


def test_load_does_not_mind_who_leaves_when_all_is_asked():
    """A server ends connections that are silent, while the last answers are still awaited."""
    listening = socket.create_server(("127.0.0.1", 0))

    def answer() -> None:
        first, second = (listening.accept()[0] for _ in range(2))
        with first, second:
            for each in (first, second):
                assert each.recv(4096)
            first.sendall(said(b"yes"))
            first.shutdown(socket.SHUT_RDWR)
            time.sleep(0.1)
            second.sendall(said(b"yes"))

    with listening, ThreadPoolExecutor(1) as pool:
        answering = pool.submit(answer)
        plan = Plan(connections=2, seconds=0.02, rate=100.0)
        done = load(listening.getsockname()[1], repeat(b"GET / HTTP/1.1\r\n\r\n"), plan)
        answering.result()

    assert len(done.latencies) == 2


@pytest.mark.parametrize(
    ("answers", "text"),
    [
        ([said(b"no", 500)], "500 OK"),
        ([said(b"yes"), said(b"wrong")], "5 bytes after 3"),
        ([b"HTTP/1.1 200 OK\r\n\r\n"], "200 OK"),
        ([said(b"yes"), b""], "the connection ended"),
    ],
)
def test_load_takes_no_wrong_answer(serve, answers, text):
    with pytest.raises(BadAnswer, match=text):
        asked(serve(answers), seconds=5, spread_bytes=1)


SAME = {"a": [{"id": 1, "createdTime": "2026-01-01T00:00:00+00:00", "endCursor": "x"}], "b": None}


def test_answers_agree_whatever_they_write_of_moments_and_cursors():
    other = [{"endCursor": "y", "createdTime": "2026-01-01T00:00:00.000000Z", "id": 1.0}]

    agreement.require(SAME, {"b": None, "a": other})


@pytest.mark.parametrize(
    ("changed", "text"),
    [
        ({"a": [], "b": None}, r"data\.a has 0 entries instead of 1"),
        ({"a": SAME["a"]}, r"data has \['a'\] instead of \['a', 'b'\]"),
        ({**SAME, "b": False}, r"data\.b is False instead of None"),
        ({**SAME, "a": [{**SAME["a"][0], "id": True}]}, r"data\.a\[0\]\.id is True"),
        ({**SAME, "a": [{**SAME["a"][0], "endCursor": None}]}, r"endCursor is False"),
        ({**SAME, "a": [{**SAME["a"][0], "createdTime": "2026-01-01T00:00:01Z"}]}, "createdTime"),
    ],
)
def test_answers_that_differ_are_told_apart(changed, text):
    with pytest.raises(agreement.Disagreement, match=text):
        agreement.require(SAME, changed)


def test_ratios_are_those_of_a_round():
    """A round that was slow for both says as much as one that was fast for both."""

    def made(floor: float, rollway: float) -> figures.Round:
        return {"page": {"floor-json": {"cpu_ms": floor}, "rollway": {"cpu_ms": rollway}}}

    found = figures.summed_up([made(1.0, 2.0), made(10.0, 30.0), made(5.0, 10.0)])

    assert found["page"] == {
        "floor-json": {"cpu_ms": 5.0},
        "rollway": {"cpu_ms": 10.0, "cpu_to_floor_json": 2.0},
    }


def test_goals_are_judged_where_there_is_a_figure():
    pages = {"task": {"rollway": {"cpu_to_floor_json": 1.5, "requests_to_mercurius": 0.59}}}

    judged = goals.judged({"postgres": {"pages": pages}})

    path = "postgres.pages.task.rollway"
    assert judged == [
        {"figure": f"{path}.cpu_to_floor_json", "most": 1.5, "found": 1.5, "held": True},
        {"figure": f"{path}.requests_to_mercurius", "least": 0.6, "found": 0.59, "held": False},
    ]


@pytest.fixture
def npm(tmp_path, monkeypatch) -> Callable[[str], None]:
    """Put a program in npm's place."""

    def put(script: str) -> None:
        program = tmp_path / "bin" / "npm"
        program.parent.mkdir(exist_ok=True)
        program.write_text(f"#!/bin/sh\n{script}\n")
        program.chmod(0o755)

    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}:/usr/bin:/bin")
    return put


def test_packages_are_installed_once(npm, tmp_path):
    npm("mkdir node_modules")
    found = packages.installed(tmp_path)
    npm("exit 1")

    assert packages.installed(tmp_path) == found
    assert (found / "node_modules").is_dir()
    assert (found / "mercurius.js").is_file()


def test_what_npm_could_not_finish_is_not_kept(npm, tmp_path):
    npm("mkdir node_modules; exit 1")

    with pytest.raises(packages.NotInstalled):
        packages.installed(tmp_path)
    assert [each.name for each in tmp_path.iterdir()] == ["bin"]
