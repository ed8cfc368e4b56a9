"""The keys of a trigger spec: where each stands, and what it means. Pure."""

from dataclasses import dataclass
from enum import StrEnum

from providers import Provider
from providers.hooks import PullRequestAction

PATTERNS_MAX = 100
MARKERS_MAX = 20
MARKER_CHARACTERS_MAX = 64
SCHEDULES_MAX = 20
BRANCH_CHARACTERS_MAX = 255

SERVICES = (Provider.GITHUB, Provider.GITEE, Provider.GITLAB, Provider.CODEUP)
SKIP_MARKERS = ("[skip cd]", "[skip ci]")
TYPES = {
    **{action.value: action for action in PullRequestAction},
    "update": PullRequestAction.SYNCHRONIZE,
}
PROOFS = ("secret", "password")  # once stood here in clear


class Forks(StrEnum):
    """What a pull request from another repository may do."""

    WITHOUT_SECRETS = "without-secrets"
    ALLOW = "allow"
    REFUSE = "refuse"


class Place(StrEnum):
    """Where in the document a key stands."""

    DOCUMENT = "the document"
    SERVICE = "a service"
    PUSH = "`push`"
    PULL_REQUEST = "`pull_request`"
    RULES = "`branches`, `tags`"
    PAIR = "an entry of `pull_request.branches`"
    SCHEDULE = "an entry of `schedule`"


@dataclass(frozen=True, slots=True)
class Key:
    """A key and its meaning."""

    place: Place
    name: str
    meaning: str


KEYS = (
    *(
        Key(Place.DOCUMENT, each.value, f"Rules for deliveries of {each.value}.")
        for each in SERVICES
    ),
    Key(Place.DOCUMENT, "schedule", "Times to deploy at."),
    Key(Place.SERVICE, "push", "Which pushed branches and tags deploy."),
    Key(Place.SERVICE, "pull_request", "Which pull requests (merge requests) deploy."),
    Key(
        Place.SERVICE,
        "skip-markers",
        "Texts in a commit message, or the title of a pull request, that keep it from deploying, "
        "in capital or small letters; without this key `[skip cd]` and `[skip ci]`.",
    ),
    Key(Place.PUSH, "branches", "Rules for the branch."),
    Key(Place.PUSH, "tags", "Rules for the tag."),
    Key(Place.PUSH, "paths", "Globs; a file that the push to a branch changed must match."),
    Key(
        Place.PUSH,
        "paths-ignore",
        "Globs; a file that the push to a branch changed must not match.",
    ),
    Key(Place.PUSH, "authors", "Globs; an author's name or e-mail address must match."),
    Key(Place.PUSH, "messages", "Globs; the first line of the commit message must match."),
    Key(
        Place.PULL_REQUEST,
        "types",
        "What has to happen to it: " + ", ".join(f"`{each}`" for each in TYPES) + ".",
    ),
    Key(Place.PULL_REQUEST, "branches", "Rules for its branches; entries are pairs."),
    Key(
        Place.PULL_REQUEST,
        "forks",
        "Pull requests from other repositories: `without-secrets` (as without this key), "
        "`allow` or `refuse`.",
    ),
    Key(
        Place.PULL_REQUEST, "authors", "Globs; the name or e-mail address of who did it must match."
    ),
    Key(Place.PULL_REQUEST, "messages", "Globs; the title must match."),
    Key(Place.RULES, "precise", "Globs; the whole name."),
    Key(Place.RULES, "prefix", "Globs; what the name begins with."),
    Key(Place.RULES, "include", "Globs; the whole name."),
    Key(Place.RULES, "exclude", "Globs; names that do not deploy, whatever the others say."),
    Key(Place.PAIR, "target", "A glob for the branch it is merged into."),
    Key(Place.PAIR, "source", "A glob for the branch it comes from; empty, or left out: any."),
    Key(Place.SCHEDULE, "cron", "Minute, hour, day of the month, month, day of the week."),
    Key(
        Place.SCHEDULE, "timezone", "The time zone of `cron`, such as `Asia/Shanghai`; else `UTC`."
    ),
    Key(Place.SCHEDULE, "branch", "The branch to deploy; else the repository's default branch."),
)


def names(place: Place) -> list[str]:
    """Return the keys of a place."""
    return [key.name for key in KEYS if key.place is place]
