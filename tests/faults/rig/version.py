"""An older Rollway, out of this repository's history."""

import io
import subprocess
import tarfile
import tempfile
import tomllib
from pathlib import Path

COMMIT = "ee9beb0fcee4709c7a101660dfbee4b8b8e2f3a9"  # before the last two migrations
ROOT = Path(__file__).parents[3]
FETCH_SECONDS = 60.0


class Missing(Exception):
    """The clone has not the older version, nor has the place it came from."""


def older(folder):
    """Leave the older version's rooms in *folder*, from the clone or where it was cloned from."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    rooms = project["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"]
    with tempfile.TemporaryDirectory() as other:
        try:
            repository = ROOT if _known() else _fetched(other)
            packed = _git(repository, "archive", COMMIT, *rooms)
        except (OSError, subprocess.SubprocessError) as fault:
            said = getattr(fault, "stderr", None) or str(fault).encode()
            raise Missing(f"{COMMIT}: {said.decode().strip()}") from fault
    with tarfile.open(fileobj=io.BytesIO(packed)) as archive:
        archive.extractall(folder, filter="data")


def _known():
    """Tell whether the clone has it: a shallow one may not."""
    try:
        _git(ROOT, "cat-file", "-e", f"{COMMIT}^{{commit}}")
    except subprocess.CalledProcessError:
        return False
    return True


def _fetched(folder):
    """Fetch it into a repository of its own; return that."""
    origin = _git(ROOT, "remote", "get-url", "origin").decode().strip()
    _git(folder, "init", "--quiet", "--bare")
    _git(folder, "fetch", "--quiet", "--depth=1", origin, COMMIT)
    return folder


def _git(repository, *words):
    command = ["git", "-C", repository, *words]
    return subprocess.run(command, check=True, capture_output=True, timeout=FETCH_SECONDS).stdout
