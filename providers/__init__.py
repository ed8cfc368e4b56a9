"""Speaks to Git hosting services; so far: repositories' addresses, and deliveries."""

from enum import StrEnum


class Provider(StrEnum):
    """A Git hosting service, or GIT for any clone URL."""

    GITHUB = "github"
    GITEE = "gitee"
    GITLAB = "gitlab"
    CODEUP = "codeup"
    GIT = "git"
