"""Speaks to Git hosting services; so far: what a repository's address may be."""

from enum import StrEnum


class Provider(StrEnum):
    """A Git hosting service, or GIT for any clone URL."""

    GITHUB = "github"
    GITEE = "gitee"
    GITLAB = "gitlab"
    CODEUP = "codeup"
    GIT = "git"
