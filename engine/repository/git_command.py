"""The git command, told to trust nothing: no hooks, no configuration, no prompts, no redirects."""

import os
import re
import shutil
import tempfile
from collections.abc import Callable, Collection, Mapping
from pathlib import Path
from typing import IO

from engine.executors import PATH
from engine.executors.child import Child
from engine.repository.source import (
    COMMIT,
    Cause,
    CheckoutFailed,
    CommitNotFound,
    Source,
    candidates,
    redacted,
)

LINES_MAX = 1000  # of what git says
LINE_BYTES_MAX = 4096
ANSWER_BYTES_MAX = 1024 * 1024
HISTORY = "--depth=2147483647"

# Runs a command that ends with the worker, however that ends: a pipe of the worker's is our stdin,
# and the end of that is the end of the whole group, with what git has started to talk to a server.
_BOUND = """exec 3<&0 < /dev/null
(read -r _ <&3; kill -9 0) > /dev/null 2>&1 &
code=0
"$@" 3<&- || code=$?
kill -9 $! && wait $! 2> /dev/null
exit $code
"""

_SETTINGS = {
    "advice.detachedHead": "false",
    "checkout.workers": "4",
    "core.fsmonitor": "false",
    "core.hooksPath": "/dev/null",
    "credential.helper": "",
    "fetch.unpackLimit": "1",  # packs, never thousands of loose files
    "gc.auto": "0",
    "http.followRedirects": "false",
    "init.defaultBranch": "main",
    "init.templateDir": "",
    "maintenance.auto": "false",
    "protocol.allow": "never",
    "submodule.recurse": "false",
    "transfer.bundleURI": "false",
    "transfer.fsckObjects": "true",
}
_NO_SETTINGS: Mapping[str, str] = {}
_REASONS = {
    "dubious ownership": Cause.STRANGERS,
    "could not read Username": Cause.NO_LOGIN,
    "Authentication failed": Cause.LOGIN_REFUSED,
}
_VERSION = re.compile(r"git version (\d+)\.(\d+)(?:\.(\d+))?")
_VERSION_MIN = (2, 39, 5)
# Releases since which CVE-2025-48384 and CVE-2025-48385 are fixed, by release line.
_FIXED = {
    (2, 43): 7,
    (2, 44): 4,
    (2, 45): 4,
    (2, 46): 4,
    (2, 47): 3,
    (2, 48): 2,
    (2, 49): 1,
    (2, 50): 1,
}


class Git:
    """Git in a repository of our own making, with an environment of its own making.

    *log* is called with what git says, without any credential. *git_dir* is seen from *folder*;
    it is named so that git never looks for a repository in the folders above.
    """

    def __init__(
        self,
        folder: Path,
        protocols: Collection[str],
        log: Callable[[str], None],
        source: Source,
        *,
        git_dir: str = ".git",
        settings: Mapping[str, str] = _NO_SETTINGS,
    ) -> None:
        self._folder = folder
        self._git_dir = git_dir
        self._log = log
        self._credential = source.credential
        self._env = _environment(protocols, source, settings) | {"GIT_DIR": git_dir}
        self._said: list[str] = []

    async def __call__(self, *arguments: str, stdout: IO[bytes] | None = None) -> int:
        """Run a git command and return its exit code; its group dies when we are cancelled."""
        return await self.run("git", *arguments, stdout=stdout)

    async def run(self, *arguments: str, stdout: IO[bytes] | None = None) -> int:
        """Run any command as git is run. Raises OSError, where there is no such program too."""
        self._said = []
        if shutil.which(arguments[0], path=PATH) is None:
            raise FileNotFoundError(Cause.NO_PROGRAM.of(program=arguments[0]))
        theirs, ours = os.pipe2(os.O_CLOEXEC)
        try:
            bound = ("/bin/sh", "-c", _BOUND, "sh", *arguments)
            child = Child(bound, self._env, self._folder, stdout, stdin=theirs)
        except BaseException:
            os.close(ours)
            raise
        finally:
            os.close(theirs)
        try:
            text, lines = b"", 0
            while chunk := await child.read():
                *whole, text = (text + chunk).replace(b"\r", b"\n").split(b"\n")
                for line in whole[: LINES_MAX - lines]:
                    self._tell(line)
                lines = min(LINES_MAX, lines + len(whole))
                text = text[: 2 * LINE_BYTES_MAX]  # what is cut off later may be half a token
            self._tell(text)
            return await child.exited
        finally:
            child.close()
            os.close(ours)

    async def answer(self, *arguments: str) -> bytes | None:
        """Return what a command prints, the first megabyte; None when it fails."""
        with tempfile.TemporaryFile() as file:
            if await self(*arguments, stdout=file):
                return None
            file.seek(0)
            return file.read(ANSWER_BYTES_MAX)

    async def has(self, commit: str) -> bool:
        """Tell whether the commit is in the repository."""
        return not await self("cat-file", "-e", f"{commit}^{{commit}}")

    async def fetch(self, source: Source) -> str:
        """Fetch what *source* names and return the commit.

        One commit without its history where the server allows that, else its ref with all of it.
        Raises CheckoutFailed and CommitNotFound.
        """
        wanted = source.commit or source.ref or "HEAD"
        self._log(f"Fetching {wanted} of {source.shown}")
        fetch = ("fetch", "--quiet", "--no-tags")
        for name in [source.commit] if source.commit else candidates(source.ref):
            if await self(*fetch, "--depth=1", "--", source.url, name) == 0:
                said = await self.answer("rev-parse", "--verify", "FETCH_HEAD^{commit}")
                if said is None:
                    raise CheckoutFailed(source.shown, f"'{wanted}' is no commit")
                return said.decode().strip()
        if source.commit is None:
            raise CheckoutFailed(source.shown, self.reason)
        refs = [source.ref] if source.ref and not COMMIT.fullmatch(source.ref) else []
        if not refs:
            refs = ["+refs/heads/*:refs/remotes/origin/*", "+refs/tags/*:refs/tags/*"]
        shallow = (self._folder / self._git_dir / "shallow").exists()
        depth = [HISTORY] if shallow else []  # a server of plain files knows no depth
        if await self(*fetch, *depth, "--", source.url, *refs):
            raise CheckoutFailed(source.shown, self.reason)
        if not await self.has(source.commit):
            raise CommitNotFound(source.shown, source.commit)
        return source.commit

    @property
    def reason(self) -> str:
        """What the last command gave as the cause of its failure, seldom the last it said."""
        for sign, reason in _REASONS.items():
            if any(sign in line for line in self._said):
                return reason
        fatal = next((line for line in self._said if line.startswith(("fatal: ", "error: "))), None)
        if not self._said:
            return Cause.SILENT
        last = fatal or self._said[-1]
        return last.partition(": ")[2].rstrip(".") if fatal else last.rstrip(".")

    def _tell(self, line: bytes) -> None:
        text = redacted(line.decode(errors="replace"))
        if self._credential:
            text = self._credential.hide(text)
        text = text[:LINE_BYTES_MAX].rstrip()
        if text:
            self._said.append(text)
            self._log(text)


def outdated(version: str) -> str | None:
    """Return why git with this `git --version` is not used; None when it is."""
    found = _VERSION.match(version)
    if found and _numbers(found) < _VERSION_MIN:
        least = ".".join(map(str, _VERSION_MIN))
        return Cause.HOLES.of(version=".".join(map(str, _numbers(found))), least=least)
    return None if found else Cause.NO_VERSION


def caution(version: str) -> str | None:
    """Return what an operator should look at: a git whose fixes its version does not show."""
    found = _VERSION.match(version)
    if found is None:
        return None
    major, minor, patch = _numbers(found)
    line = (major, minor)
    if line > max(_FIXED) or patch >= _FIXED.get(line, patch + 1):
        return None
    return (
        f"git {major}.{minor}.{patch} has the fixes of July 2025 (CVE-2025-48384, CVE-2025-48385)"
        " only if its distribution added them, as Debian did in 2.39.5-0+deb12u3"
    )


def _numbers(found: re.Match[str]) -> tuple[int, int, int]:
    major, minor, patch = found.groups(default="0")
    return int(major), int(minor), int(patch)


def _environment(
    protocols: Collection[str], source: Source, more: Mapping[str, str]
) -> dict[str, str]:
    allowed = {f"protocol.{name}.allow": "always" for name in protocols}
    settings = {**_SETTINGS, **allowed, **more}
    env = {
        "PATH": PATH,
        "HOME": "/nonexistent",
        "LC_ALL": "C.UTF-8",
        "GIT_ASKPASS": "/bin/false",
        "GIT_CONFIG_GLOBAL": "/dev/null",
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_LFS_SKIP_SMUDGE": "1",
        "GIT_LITERAL_PATHSPECS": "1",
        "GIT_TERMINAL_PROMPT": "0",
    }
    if source.pin is not None:
        settings["http.curloptResolve"] = source.pin
    if source.credential is not None:
        settings.update(source.credential.settings)
        env |= source.credential.env
    env["GIT_CONFIG_COUNT"] = str(len(settings))
    for number, (key, value) in enumerate(settings.items()):
        env |= {f"GIT_CONFIG_KEY_{number}": key, f"GIT_CONFIG_VALUE_{number}": value}
    return env
