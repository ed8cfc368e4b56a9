"""`rollway provider-double`: plays GitHub and Gitee, to try the sign-in with them."""

import argparse

from rollway import double
from rollway.connections.listening import bind, play
from rollway.settings import Settings


def run(parsed: argparse.Namespace, _: Settings) -> int:
    """Play until told to stop."""
    listening = bind("127.0.0.1", parsed.port)
    url = f"http://127.0.0.1:{listening.getsockname()[1]}"
    said = f"GitHub and Gitee are played at {url}. Give Rollway:\n\n{double.variables(url)}\n"
    return play(double.Double().app(), listening, f"{said}\nCtrl-C ends it.")
