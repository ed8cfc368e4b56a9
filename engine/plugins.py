"""How a `plugin:` step becomes a command of the task's sandbox; no plugin runs within the worker.

Our own that touch nothing of the user's code run on the machine (`trusted`), in Python. The rest
runs where the step's commands run, in its image too: what it needs is copied beside its script.
"""

import os
import re
import shutil
import sys
from dataclasses import dataclass
from difflib import get_close_matches
from hashlib import sha256
from pathlib import Path

from engine.language.plugin_names import BUILTIN, builtin
from engine.refusal import Refusal
from plugins import FOLDER

INTERPRETER = str(Path(sys.executable).resolve())  # not the virtualenv's: it needs no packages
KEEPING = frozenset({"artifact", "cache"})  # engine.keeping makes their commands

# Of what a step declares, a trusted command is given no more: LD_PRELOAD would be the step's code.
PASSED = frozenset(
    {
        *("HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "http_proxy", "https_proxy", "no_proxy"),
        *("SSL_CERT_DIR", "SSL_CERT_FILE", "TZ"),
    }
)

_PYTHON = ("checkout", "mail", "notify")
_NODE = {
    "npm-publish": ("inputs.cjs", "tool.cjs"),
    "s-deploy": ("inputs.cjs", "tool.cjs"),
    "s-setup": ("account.cjs", "inputs.cjs"),
}
_DING_TALK = "@serverless-cd/ding-talk"
_NPM = re.compile(
    r"(?P<name>(@[a-z0-9~_-][\w.~-]*/)?[a-z0-9~_][\w.~-]*)(@[\w^~<>=*][\w.^~<>=*+ -]*)?", re.ASCII
)
_NAME_CHARACTERS_MAX = 214  # npm's own limit

# The program's name is asked for first: "not found" would not say who needs it.
_NEED = 'command -v "$1" >/dev/null || { echo "plugin $2 needs $1, not found here" >&2; exit 127; }'
_NODE_SCRIPT = f"""{_NEED}
exec node "$3" "$4"
"""
_PYTHON_SCRIPT = f"""{_NEED}
exec python3 -B "$3" "$4"
"""
# Installed once a task, under a name of its own until it is whole: steps may run side by side.
# Scripts of packages stay off unless the step's env sets npm_config_ignore_scripts.
_NPM_SCRIPT = f"""{_NEED}
place="$HOME/.rollway/plugins/$4"
if [ ! -d "$place" ]; then
    export npm_config_ignore_scripts="${{npm_config_ignore_scripts:-true}}"
    export npm_config_update_notifier="${{npm_config_update_notifier:-false}}"
    mkdir -p "$place.$$"
    echo '{{"private": true}}' > "$place.$$/package.json"
    printf 'export * as plugin from "%s";\\n' "$5" > "$place.$$/index.mjs"
    npm install --prefix "$place.$$" --no-audit --no-fund --loglevel=error -- "$2" || {{
        rm -rf "$place.$$"
        echo "plugin $2 could not be installed" >&2
        exit 1
    }}
    mv -T "$place.$$" "$place" 2>/dev/null || rm -rf "$place.$$"
fi
exec node "$3" "$place/index.mjs"
"""


@dataclass(frozen=True, slots=True)
class Program:
    """What runs a plugin: the arguments of a command; *trusted* as in `Command`."""

    arguments: tuple[str, ...]
    trusted: bool = False


@dataclass(eq=False)
class PluginMissing(Refusal):
    """The plugin '{plugin}' is no folder of the checkout."""

    plugin: str


@dataclass(eq=False)
class PluginEmpty(Refusal):
    """The folder '{plugin}' is no plugin: it has no package.json, index.js or plugin.py."""

    plugin: str


@dataclass(eq=False)
class PluginUnknown(Refusal):
    """There is no plugin '{plugin}' ({hint})."""

    plugin: str
    hint: str


def prepare(plugin: str, *, source: Path, folder: Path) -> Program:
    """Return what runs *plugin*, and put what that needs into *folder*, the step's own.

    To be called before the folder is given to the sandbox. Not for those in KEEPING. Raises
    PluginMissing, PluginEmpty, PluginUnknown, OSError.
    """
    ours = builtin(plugin)
    if ours in _PYTHON:
        default = ("dingtalk",) if plugin.startswith(_DING_TALK) else ()
        arguments = (INTERPRETER, "-I", "-S", "-B", str(FOLDER), ours, *default)
        return Program(arguments, trusted=True)
    if ours is not None:
        for name in _NODE[ours]:
            _copy(name, folder)
        main = _copy(f"{ours}.cjs", folder)
        return Program(_shell(_NODE_SCRIPT, "node", plugin, _copy("host.cjs", folder), main))
    if plugin.startswith((".", "/")):
        return _local(plugin, source, folder)
    return _package(plugin, folder)


def _local(plugin: str, source: Path, folder: Path) -> Program:
    """Find out what is in the folder: earlier steps may have made it."""
    root = source.resolve()
    try:
        place = (root / plugin).resolve(strict=True)
    except (OSError, RuntimeError, ValueError):  # RuntimeError: links in a circle
        raise PluginMissing(plugin) from None
    if not place.is_relative_to(root) or not place.is_dir():
        raise PluginMissing(plugin)
    if any(os.path.lexists(place / name) for name in ("package.json", "index.js", "index.mjs")):
        host = _copy("host.cjs", folder)
        return Program(_shell(_NODE_SCRIPT, "node", plugin, host, str(place)))
    if os.path.lexists(place / "plugin.py"):
        host = _copy("host.py", folder)
        return Program(_shell(_PYTHON_SCRIPT, "python3", plugin, host, str(place)))
    raise PluginEmpty(plugin)


def _package(plugin: str, folder: Path) -> Program:
    match = _NPM.fullmatch(plugin)
    if match is None or len(match["name"]) > _NAME_CHARACTERS_MAX:
        close = get_close_matches(plugin, BUILTIN, n=1)
        hint = f"did you mean '{close[0]}'?" if close else "it is no name of an npm package"
        raise PluginUnknown(plugin, hint)
    digest = sha256(plugin.encode()).hexdigest()[:16]
    host = _copy("host.cjs", folder)
    return Program(_shell(_NPM_SCRIPT, "node", plugin, host, digest, match["name"]))


def _shell(script: str, *arguments: str) -> tuple[str, ...]:
    return ("/bin/sh", "-euc", script, "plugin", *arguments)


def _copy(name: str, folder: Path) -> str:
    """Copy one of our files; what lies there under its name was not put there by us."""
    target = folder / name
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
    with (FOLDER / name).open("rb") as ours, open(os.open(target, flags, 0o644), "wb") as copy:  # noqa: PTH123 - of a descriptor
        shutil.copyfileobj(ours, copy)
    return str(target)
