"""The page on statuses is true: its tables and figures are those of the code."""

import re
from pathlib import Path

from control.hosting import statuses
from providers.api import codeup, gitee, github, gitlab

TEXT = (Path(__file__).parent.parent.parent / "docs" / "statuses.md").read_text()


def test_the_states_are_those_of_the_services():
    """Each status of a task, what is said of it, and what each service makes of that."""
    (rows,) = re.findall(r"<!-- states -->\n(.*?)\n<!-- /states -->", TEXT, re.DOTALL)
    found = [
        [cell.strip() for cell in line.strip("|").split("|")] for line in rows.splitlines()[2:]
    ]
    gitee_states = {state: end or begun for state, (begun, end) in gitee.STATES.items()}
    services = (github.STATES, gitlab.STATES, gitee_states, codeup.STATES)
    expected = [
        [status.name, said, *(states[state] for states in services)]
        for status, (state, said) in statuses.SHOWN.items()
    ]

    assert found == expected


def test_the_figures_are_those_of_the_program():
    """How often and how long it is tried, and how long a name may be."""
    waits = [statuses.RETRY_SECONDS * 4**each for each in range(statuses.TRIES_MAX - 1)]
    minutes = round(sum(waits) / 60)

    assert f"tried {statuses.TRIES_MAX} times within some {minutes} minutes" in TEXT
    assert f"room for {codeup.CONTEXT_CHARACTERS_MAX} characters" in TEXT
    assert statuses.PAUSE_SECONDS == 0.5
    assert statuses.TOLD_FOR.days == 1
