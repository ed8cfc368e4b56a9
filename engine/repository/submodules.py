"""Submodules as plain checkouts of their own: `git submodule` is not asked.

What a repository says of its submodules is text from outside. A submodule is fetched when its
path is one of the commit's and its address is on the repository's own server.
"""

from collections import defaultdict
from dataclasses import replace
from pathlib import Path
from urllib.parse import urljoin, urlsplit

from engine.repository.credentials import origin_of
from engine.repository.git_command import Git
from engine.repository.source import CheckoutFailed, Source, SubmoduleRefused

SUBMODULES_MAX = 50
_KEYS = r"^submodule\..*\.(path|url)$"


async def submodules(
    git: Git, source: Source, folder: Path, commit: str
) -> list[tuple[Path, Source]]:
    """Return the folder and the source of each submodule of *commit*, which lies in *folder*.

    A stranger's commit may name any repository there: its submodules are fetched without the
    credential. Raises SubmoduleRefused, and CheckoutFailed when there are too many.
    """
    listed = await git.answer(
        "config", "--blob", f"{commit}:.gitmodules", "-z", "--get-regexp", _KEYS
    )
    entries: dict[str, dict[str, str]] = defaultdict(dict)
    for item in (listed or b"").decode(errors="replace").split("\0"):
        key, _, value = item.partition("\n")
        name, _, which = key.removeprefix("submodule.").rpartition(".")
        entries[name][which] = value
    found = [entry for entry in entries.values() if "path" in entry and "url" in entry]
    if len(found) > SUBMODULES_MAX:
        raise CheckoutFailed(source.shown, f"it has more than {SUBMODULES_MAX} submodules")
    return [
        (folder / entry["path"], await _source(git, source, folder, commit, **entry))
        for entry in found
    ]


async def _source(
    git: Git, source: Source, folder: Path, commit: str, *, path: str, url: str
) -> Source:
    def refuse(reason: str) -> SubmoduleRefused:
        return SubmoduleRefused(source.shown, ascii(path)[1:-1], reason)

    parts = path.split("/")
    if not path.isprintable() or {"", ".", "..", ".git"} & {part.lower() for part in parts}:
        raise refuse("its path is no plain path")
    if (folder / path).resolve() != folder.resolve() / path:  # noqa: ASYNC240 - at once
        raise refuse("its path leads elsewhere")
    listed = await git.answer("ls-tree", "-z", commit, "--", path)
    mode, _, rest = (listed or b"").decode(errors="replace").partition(" commit ")
    pinned, _, name = rest.rstrip("\0").partition("\t")
    if mode != "160000" or name != path:
        raise refuse("the commit has no submodule there")
    address = urljoin(f"{source.url.rstrip('/')}/", url) if url.startswith(("./", "../")) else url
    origin = origin_of(address)
    if origin is None or origin != origin_of(source.url):
        raise refuse("its address is not on the server of the repository")
    if "@" in urlsplit(address).netloc or ".." in urlsplit(address).path.split("/"):
        raise refuse("its address holds a login or climbs with ..")
    credential = source.credential if source.trusted else None
    return replace(source, url=address, ref=None, commit=pinned, credential=credential)
