"""What a single-page application asks for: its dashboard, an application, a task."""

from pathlib import Path

HERE = Path(__file__).parent


def pages(application: str, task: str) -> dict[str, tuple[str, dict]]:
    """Return each page's document and variables."""
    variables = {
        "dashboard": {},
        "application": {"id": application, "first": 5},
        "task": {"id": task},
    }
    return {
        name: ((HERE / f"{name}.graphql").read_text(), given) for name, given in variables.items()
    }
