"""Caches and artifacts of a step: the commands that pack and unpack, and what is kept of it.

A tar file is read and written by `tar` in the sandbox only; the worker carries it to the store.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from hashlib import sha256
from pathlib import Path, PurePath

from engine.language.plugin_names import builtin
from engine.language.steps import Artifact, Cache, Step
from engine.output.masking import Secrets
from engine.refusal import Refusal
from engine.store import NoFile, Store

PATHS_MAX = 100
KEY_CHARACTERS_MAX = 512
NAME_CHARACTERS_MAX = 100

_CACHE = ("key", "path", "paths")
_CACHE_IGNORED = ("region", "ossConfig", "credentials")  # of the original: where it kept things
_ARTIFACT = ("name", "path", "paths")

_UNPACK = """code=0
tar -x -o -f "$2" -C "$1" || code=$?
rm -f "$2"
[ "$code" = 0 ] || echo "The cache cannot be unpacked and is made anew" >&2
exit "$code"
"""
_ANSWER = """if [ $# -gt 0 ] && "$@"; then hit=true; else hit=false; fi
echo "cache-hit=$hit" >> "$ROLLWAY_OUTPUT"
[ $hit = true ] || echo "Nothing is cached under this key"
"""
# Of what it is given it packs what is there; without any of it $3 is the exit code.
_PACK = """cd "$1"
file=$2 code=$3
shift 3
for path do
    shift
    if [ -e "$path" ] || [ -L "$path" ]; then set -- "$@" "$path"; else
        echo "There is no ${path#source/}" >&2
    fi
done
[ $# -gt 0 ] || exit "$code"
tar -c -f "$file" "$@"
"""


@dataclass(eq=False)
class InvalidKeeping(Refusal):
    """The {what} {problem}."""

    what: str
    problem: str


@dataclass(eq=False)
class NothingKept(Refusal):
    """The artifact '{name}' cannot be kept here."""

    name: str


class Keeping:
    """Caches and artifacts of one task's steps. A *folder* is that of one try of a step.

    Caches are the *owner*'s, artifacts the *team*'s.

    Without a *store* no cache is ever found.
    """

    def __init__(
        self,
        store: Store | None,
        *,
        owner: str,
        team: str,
        task: str,
        workspace: Path,
        secrets: Secrets,
    ) -> None:
        self._store = store
        self._secrets = secrets
        self._owner = owner
        self._team = team
        self._task = task
        self._workspace = workspace
        self._missed: dict[int, Cache] = {}

    async def fetch(self, cache: Cache, folder: Path) -> tuple[str, ...]:
        """Put a cache into *folder* and return the command that unpacks it; () if there is none.

        Raises InvalidKeeping, OSError.
        """
        _check_key(cache.key)
        if self._store is None:
            return ()
        file = self._file(cache, folder)
        if not await self._store.fetch_cache(self._owner, cache.key, self._workspace, file):
            return ()
        return _shell(_UNPACK, str(self._workspace), str(self._workspace / file))

    async def plugin(
        self, step: Step, inputs: Mapping[str, object], folder: Path
    ) -> tuple[tuple[str, ...], Cache | Artifact | None]:
        """Return the command of one of our two plugins, and what to keep when it succeeded.

        A cache is kept by what the plugin does after all steps. Raises InvalidKeeping, OSError.
        """
        if builtin(step.plugin or "") == "artifact":
            artifact = artifact_of(inputs)
            return self.pack(artifact, folder), artifact
        if step.post_of is None:
            cache = cache_of(inputs)
            self._missed[step.index] = cache
            return _shell(_ANSWER, *await self.fetch(cache, folder)), None
        missed = self._missed.get(step.post_of)
        if missed is None:
            return _shell("echo 'This cache was there before'"), None
        return self.pack(missed, folder), missed

    def hit(self, index: int) -> None:
        """Take note that the cache of the plugin step *index* was found and unpacked."""
        self._missed.pop(index, None)

    def pack(self, kept: Cache | Artifact, folder: Path) -> tuple[str, ...]:
        """Return the command that packs what is to be kept. Raises InvalidKeeping.

        Without any of the files a cache is not made, and an artifact fails.
        """
        if not 0 < len(kept.paths) <= PATHS_MAX:
            raise InvalidKeeping(_what(kept), f"has 1 to {PATHS_MAX} paths")
        paths = [_inside(path, self._workspace, _what(kept)) for path in kept.paths]
        file = self._workspace / self._file(kept, folder)
        code = "0" if isinstance(kept, Cache) else "1"
        return _shell(_PACK, str(self._workspace), str(file), code, *paths)

    async def keep(self, kept: Cache | Artifact, folder: Path) -> str:
        """Store what was packed, and return a sentence about it.

        A cache none of whose files was there is left out. Raises InvalidKeeping, TooLarge, NoFile,
        NothingKept, OSError.
        """
        file = self._file(kept, folder)
        if isinstance(kept, Artifact):
            check_name(kept.name)
            if self._secrets.mask(kept.name) != kept.name:
                raise InvalidKeeping("artifact", "has a secret in its name, which many can see")
            if self._store is None:
                raise NothingKept(kept.name)
            size = await self._store.keep_artifact(
                self._team, self._task, kept.name, self._workspace, file
            )
            return f"The artifact '{kept.name}' is kept, {size} bytes"
        if self._store is None:
            return "Nothing is cached here"
        try:
            size = await self._store.keep_cache(self._owner, kept.key, self._workspace, file)
        except NoFile:
            return "There is nothing to cache"
        return f"Cached for the next task, {size} bytes"

    def _file(self, kept: Cache | Artifact, folder: Path) -> PurePath:
        """Return where a tar file lies: a step may have several caches and artifacts."""
        word = "cache" if isinstance(kept, Cache) else "artifact"
        text = kept.key if isinstance(kept, Cache) else kept.name
        digest = sha256(text.encode()).hexdigest()[:16]
        return folder.relative_to(self._workspace) / f"{word}-{digest}.tar"


def cache_of(inputs: Mapping[str, object]) -> Cache:
    """Return what the plugin `cache` is asked for. Raises InvalidKeeping."""
    _check_inputs("cache", inputs, (*_CACHE, *_CACHE_IGNORED))
    key = inputs.get("key")
    if not isinstance(key, str | int) or isinstance(key, bool):
        raise InvalidKeeping("cache", "has no input 'key', a text")
    _check_key(str(key))
    return Cache(str(key), _paths("cache", inputs))


def artifact_of(inputs: Mapping[str, object]) -> Artifact:
    """Return what the plugin `artifact` is asked for. Raises InvalidKeeping."""
    _check_inputs("artifact", inputs, _ARTIFACT)
    name = inputs.get("name", "artifact")
    if not isinstance(name, str):
        raise InvalidKeeping("artifact", "has an input 'name' that is no text")
    check_name(name)
    return Artifact(name, _paths("artifact", inputs))


def _check_inputs(what: str, inputs: Mapping[str, object], known: tuple[str, ...]) -> None:
    for name in inputs:
        if name not in known:
            close = get_close_matches(name, known, n=1)
            hint = f" (did you mean '{close[0]}'?)" if close else ""
            raise InvalidKeeping(what, f"has an unknown input '{name}'{hint}")


def _paths(what: str, inputs: Mapping[str, object]) -> tuple[str, ...]:
    given = inputs.get("paths", inputs.get("path"))
    lines = given.splitlines() if isinstance(given, str) else given
    if not isinstance(lines, list) or not all(isinstance(line, str) for line in lines):
        raise InvalidKeeping(what, "has no input 'path', a text or a list of texts")
    paths = tuple(line.strip() for line in lines if line.strip())
    if not 0 < len(paths) <= PATHS_MAX:
        raise InvalidKeeping(what, f"has 1 to {PATHS_MAX} paths")
    return paths


def _check_key(key: str) -> None:
    if not key.strip() or len(key) > KEY_CHARACTERS_MAX:
        raise InvalidKeeping("key of a cache", f"has 1 to {KEY_CHARACTERS_MAX} characters")


def check_name(name: str) -> None:
    """Raise InvalidKeeping where no artifact may be called so."""
    plain = name.replace("-", "").replace("_", "").replace(".", "")
    fits = plain.isascii() and plain.isalnum() and len(name) <= NAME_CHARACTERS_MAX
    if not fits or name.startswith("."):
        raise InvalidKeeping(f"artifact '{name}'", "has no name of letters, digits, '-', '_', '.'")


def _inside(path: str, workspace: Path, what: str) -> str:
    """Return *path* as seen from the workspace, where the checkout and HOME are."""
    if path == "~" or path.startswith("~/"):
        below = PurePath("home", path[2:])
    elif path.startswith("/"):
        if not PurePath(path).is_relative_to(workspace):
            raise InvalidKeeping(what, f"names '{path}', which is not in the checkout or HOME")
        below = PurePath(path).relative_to(workspace)
    else:
        below = PurePath("source", path)
    if ".." in below.parts or "\0" in path or below.parts[:1] not in (("source",), ("home",)):
        raise InvalidKeeping(what, f"names '{path}', which is not in the checkout or HOME")
    return str(below)


def _what(kept: Cache | Artifact) -> str:
    return "cache" if isinstance(kept, Cache) else f"artifact '{kept.name}'"


def _shell(script: str, *arguments: str) -> tuple[str, ...]:
    return ("/bin/sh", "-euc", script, "keep", *arguments)
