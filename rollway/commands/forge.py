"""`rollway forge`: plays a Git hosting service on a folder, for tests."""

import argparse

from rollway import forge
from rollway.connections.listening import bind, play
from rollway.refused import Refused
from rollway.settings import Settings


def run(parsed: argparse.Namespace, _: Settings) -> int:
    """Play until told to stop."""
    if not parsed.folder.is_dir():
        raise Refused(f"{parsed.folder} is no folder")
    listening = bind("127.0.0.1", parsed.port)
    url = f"http://127.0.0.1:{listening.getsockname()[1]}"
    state = forge.State(parsed.folder.resolve(), url, parsed.token or forge.TOKEN)
    played = forge.Forge(parsed.provider, state)
    said = f"{parsed.provider} is played at {url}, its API at {played.api_url}."
    return play(played.app(), listening, f"{said}\nCtrl-C ends it.")
