"""What a task needs of its worker: words, kept as one text, sorted and joined by commas."""

from collections.abc import Iterable

SEPARATOR = ","
TEAM = "team"  # that of every worker of a team, and of no other
CHARACTERS_MAX = 512  # of the text


def join(labels: Iterable[str]) -> str:
    """Return *labels* as they are kept."""
    return SEPARATOR.join(sorted(set(labels)))


def split(text: str) -> list[str]:
    """Return the labels that are kept as *text*."""
    return text.split(SEPARATOR) if text else []


def offers(labels: Iterable[str], org: str | None) -> list[str]:
    """Return what a worker has that was given *labels*, of the team *org* or of all teams."""
    return sorted({*labels} - {TEAM} | ({TEAM} if org else set()))
