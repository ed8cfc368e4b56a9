"""Speaks to Git hosting services: repositories' addresses, deliveries, and their APIs."""

from enum import StrEnum


class Provider(StrEnum):
    """A Git hosting service, or GIT for any clone URL."""

    GITHUB = "github"
    GITEE = "gitee"
    GITLAB = "gitlab"
    CODEUP = "codeup"
    GIT = "git"
