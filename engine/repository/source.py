"""Where a deploy's files come from, and what can be in the way of having them."""

import re
from dataclasses import dataclass

from engine.refusal import Reason, Refusal
from engine.repository.credentials import Credential

COMMIT = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")
_CREDENTIALS = re.compile(r"(?<=://)[^/@\s]+@")
_NO_REF = re.compile(r"[\x00-\x20\x7f~^:?*\[\\]|\.\.|@\{|^[-/]|/$|//")


class Cause(Reason):
    """Why git is not asked, or does not answer."""

    OPTION = "an address cannot begin with '-'"
    CONTROL = "an address has no line breaks or control characters"
    NO_COMMIT = "'{commit}' is not the full hash of a commit"
    NO_REF = "'{ref}' cannot be the name of a ref"
    SLOW = "no answer within {seconds:g} s"
    STRANGERS = "the repository belongs to another user of this machine, whom git does not trust"
    NO_LOGIN = "it asks for a login, and there is no credential for it"
    LOGIN_REFUSED = "it did not accept the credential"
    SILENT = "git gave no reason"
    NO_PROGRAM = "there is no {program} here"
    HOLES = "git {version} has known holes; install {least} or newer"
    NO_VERSION = "this is no git whose version is known"


@dataclass(frozen=True, slots=True)
class Source:
    """What to deploy: a *commit* of the repository at *url*, to be found on *ref*.

    Without a commit the tip of the ref is meant, without a ref that of the default branch. *pin*
    is the `host:port:address` that the URL's host stands for; None leaves that to a look-up.
    *credential* is for a repository that is not public; its token has to be masked. Not *trusted*
    is a commit that a stranger wrote.
    """

    url: str
    ref: str | None
    commit: str | None
    pin: str | None = None
    credential: Credential | None = None
    trusted: bool = True

    @property
    def shown(self) -> str:
        """The address without user and password."""
        return redacted(self.url)

    def refused(self) -> str | None:
        """Return why git is not given this; None when it is."""
        if self.url.startswith("-"):
            return Cause.OPTION
        if not self.url or not self.url.isprintable():
            return Cause.CONTROL
        if self.commit and not COMMIT.fullmatch(self.commit):
            return Cause.NO_COMMIT.of(commit=self.commit)
        if self.ref and not is_ref(self.ref):
            return Cause.NO_REF.of(ref=self.ref)
        return self.credential.refused(self.url) if self.credential else None


@dataclass(eq=False)
class RefNotFound(Refusal):
    """The repository {url} has no branch, tag or ref '{ref}'."""

    url: str
    ref: str


@dataclass(eq=False)
class RepositoryUnreachable(Refusal):
    """The repository {url} could not be reached: {reason}."""

    url: str
    reason: str


@dataclass(eq=False)
class CheckoutFailed(Refusal):
    """The repository {url} could not be checked out: {reason}."""

    url: str
    reason: str


@dataclass(eq=False)
class CommitNotFound(Refusal):
    """The repository {url} has no commit {commit} (any more)."""

    url: str
    commit: str


@dataclass(eq=False)
class SubmoduleRefused(Refusal):
    """The submodule {path} of {url} is not fetched: {reason}."""

    url: str
    path: str
    reason: str


@dataclass(eq=False)
class LfsMissing(Refusal):
    """The LFS files of {url} are asked for, and there is no git-lfs on this worker."""

    url: str


def is_ref(text: str) -> bool:
    """Tell whether *text* could be a ref: no pattern, no option, nothing git would calculate."""
    return bool(text) and not _NO_REF.search(text)


def candidates(ref: str | None) -> list[str]:
    """Return the full names *ref* may stand for, the likeliest first.

    Git itself would also take `pull/1/head`, which a stranger wrote, for a name.
    """
    if ref is None or ref == "HEAD":
        return ["HEAD"]
    if ref.startswith("refs/") or COMMIT.fullmatch(ref):
        return [ref]
    return [f"refs/heads/{ref}", f"refs/tags/{ref}"]


def redacted(text: str) -> str:
    """Return *text* without the user and password of the addresses in it."""
    return _CREDENTIALS.sub("***@", text)
