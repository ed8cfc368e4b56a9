"""What a checkout costs against `tar x` of the same files: warm, behind, cold, without a mirror.

Prints JSON: medians over interleaved rounds, seconds and ratios. The repository has 5,000 files of
8 KiB; `git daemon` serves it. `make bench name=checkout`; `ARGS="--folder /dev/shm"` keeps all in
memory, where the disk does not count.
"""

import argparse
import asyncio
import json
import random
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median

from engine.git import Source, checkout

FILES = 5000
FILE_BYTES = 8192
CHANGED_FILES = 20
READY_SECONDS = 10
IDENTITY = ["-c", "user.name=bench", "-c", "user.email=bench@example.com"]


def git(folder: Path, *arguments: str) -> str:
    """Run git and return what it printed."""
    command = ["git", *IDENTITY, "-C", str(folder), *arguments]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()


def text(source: random.Random, words: list[str]) -> str:
    """Return a file that compresses as source code does."""
    parts: list[str] = []
    size = 0
    while size < FILE_BYTES:
        parts.append(" ".join(source.choices(words, k=9)))
        size += len(parts[-1]) + 1
    return "\n".join(parts)


def repository(folder: Path) -> tuple[str, str]:
    """Make the repository; return its last two commits."""
    source = random.Random(1)
    letters = "abcdefghijklmnopqrstuvwxyz_"
    words = ["".join(source.choices(letters, k=source.randint(3, 9))) for _ in range(3000)]
    folder.mkdir()
    git(folder, "init", "--quiet")
    commits = []
    for count in (FILES, CHANGED_FILES):
        for number in range(count):
            path = folder / f"src/{number % 70}/{number % 7}/{number}.txt"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text(source, words))
        git(folder, "add", ".")
        git(folder, "commit", "--quiet", "--message=bench")
        commits.append(git(folder, "rev-parse", "HEAD"))
    git(folder, "repack", "-a", "-d", "-q")  # as servers do
    return commits[0], commits[1]


class Daemon:
    """`git daemon` on a free port."""

    def __init__(self, folder: Path) -> None:
        with socket.create_server(("127.0.0.1", 0)) as probe:
            port = probe.getsockname()[1]
        command = ["git", "daemon", "--export-all", f"--base-path={folder}", "--listen=127.0.0.1"]
        command.append(f"--port={port}")
        self.process = subprocess.Popen(command, stderr=subprocess.DEVNULL)
        self.url = f"git://127.0.0.1:{port}/repository"
        until = time.monotonic() + READY_SECONDS
        while True:
            try:
                socket.create_connection(("127.0.0.1", port)).close()
            except ConnectionRefusedError:
                assert time.monotonic() < until
                time.sleep(0.05)
            else:
                return

    def stop(self) -> None:
        """End it."""
        self.process.terminate()
        self.process.wait(READY_SECONDS)


class Ways:
    """The ways to come by the files of a commit."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.before, self.commit = repository(folder / "repository")
        archive = ["archive", "--format=tar", f"--output={folder}/files.tar", self.commit]
        git(folder / "repository", *archive)
        self.daemon = Daemon(folder)
        self.mirrors = folder / "mirrors"

    def tar(self, target: Path) -> None:
        """Unpack an archive."""
        target.mkdir()
        command = ["tar", "x", "-f", str(self.folder / "files.tar"), "-C", str(target)]
        subprocess.run(command, check=True)

    def check_out(self, target: Path, commit: str, mirrors: Path | None) -> None:
        """Check out as a task does."""
        work = checkout(
            Source(self.daemon.url, None, commit),
            target,
            protocols={"git"},
            log=lambda _: None,
            mirrors=mirrors,
            tenant="bench",
        )
        asyncio.run(work)

    def round(self) -> dict[str, float]:
        """Return the seconds of each way."""
        shutil.rmtree(self.mirrors, ignore_errors=True)
        return {
            "tar": self.timed(self.tar),
            "cold_mirror": self.timed(lambda at: self.check_out(at, self.before, self.mirrors)),
            "mirror_behind": self.timed(lambda at: self.check_out(at, self.commit, self.mirrors)),
            "warm_mirror": self.timed(lambda at: self.check_out(at, self.commit, self.mirrors)),
            "tar_again": self.timed(self.tar),
            "no_mirror": self.timed(lambda at: self.check_out(at, self.commit, None)),
            "full_clone": self.timed(
                lambda at: git(self.folder, "clone", "--quiet", self.daemon.url, str(at))
            ),
        }

    def timed(self, way: Callable[[Path], object]) -> float:
        """Return how long *way* takes to fill a folder."""
        target = self.folder / "target"
        start = time.perf_counter()
        way(target)
        seconds = time.perf_counter() - start
        assert len(list(target.glob("src/*/*/*"))) == FILES
        shutil.rmtree(target)
        return seconds


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--folder", type=Path, help="where to work; default: the temporary folder")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=options.folder) as folder:
        ways = Ways(Path(folder))
        try:
            rounds = [ways.round() for _ in range(options.rounds)]
        finally:
            ways.daemon.stop()
    result = {"rounds": options.rounds, "files": FILES, "ways": {}}
    for name in rounds[0]:
        seconds = median(each[name] for each in rounds)
        floors = [min(each["tar"], each["tar_again"]) for each in rounds]
        ratio = median(each[name] / floor for each, floor in zip(rounds, floors, strict=True))
        result["ways"][name] = {"seconds": round(seconds, 3), "to_tar_ratio": round(ratio, 2)}
    print(json.dumps(result, indent=2))


if __name__ == "__main__":
    main()
