"""Runs one of our plugins: its name is the first argument, more depend on the plugin."""

import sys
from importlib import import_module
from pathlib import Path

sys.path[0] = str(Path(__file__).resolve().parent.parent)  # the room's parent, whatever `-I` says

from plugins.inputs import Problem, read  # noqa: E402

PLUGINS = ("checkout", "mail", "notify")


def main(name: str, *given: str) -> int:
    """Run the plugin; return its exit code. The others' modules are not even loaded."""
    assert name in PLUGINS  # noqa: S101 - engine.plugins knows the same names
    try:
        import_module(f"plugins.{name}").run(read(name), *given)
    except Problem as problem:
        print(f"{name}: {problem}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
