"""The command `rollway`."""

import sys
from collections.abc import Sequence
from importlib import import_module

from rollway.arguments import parser


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command; return its exit code."""
    parsed = parser().parse_args(arguments)
    code: int = import_module("rollway.commands").run(parsed)  # nothing is loaded to give help
    return code


if __name__ == "__main__":
    sys.exit(main())
