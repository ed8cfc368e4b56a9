"""Benchmarks are run by people, now and then: what they use of us is still there."""

import subprocess
import sys
from pathlib import Path

BENCHMARKS = Path(__file__).parent.parent / "benchmarks"
LOAD = """
import runpy, sys
for each in sys.argv[1:]:
    sys.path[0] = each.rpartition("/")[0]
    runpy.run_path(each, run_name="looked_at")
"""


def test_each_can_be_loaded():
    """In one process, for what they import is mostly the same."""
    paths = sorted(map(str, BENCHMARKS.glob("*.py")))
    loaded = subprocess.run(
        [sys.executable, "-c", LOAD, *paths], stderr=subprocess.PIPE, text=True, check=False
    )
    assert loaded.returncode == 0, loaded.stderr
