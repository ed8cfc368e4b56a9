"""The plugins that come with Rollway, and the hosts that run people's own: programs for a sandbox.

Nothing here runs within the server. The Python ones run as `python -I -S -B <this folder> NAME`,
those around Node's tools in Node, so that they run in a step's container image too.
"""

from pathlib import Path

FOLDER = Path(__file__).resolve().parent

__all__ = ["FOLDER"]
