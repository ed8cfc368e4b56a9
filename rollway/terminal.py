"""What long work shows of itself."""

import sys


def progress(line: str) -> None:
    """Write over the last line of a terminal; in a file it would be noise."""
    if sys.stdout.isatty():
        print(f"\r\x1b[K{line}", end="", flush=True)


def say(line: str) -> None:
    """Write a line that stays."""
    progress("")
    print(line, flush=True)
