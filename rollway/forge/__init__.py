"""A double of a Git hosting service for tests: its API and webhooks, on a folder of repositories.

It trusts whoever reaches it. `docs/forge.md` says what of the real services it leaves out.
"""

from rollway.forge.app import DIALECTS, Forge
from rollway.forge.state import LOGIN, TOKEN, State

__all__ = ["DIALECTS", "LOGIN", "TOKEN", "Forge", "State"]
