"""The peers on Node: their packages, installed by npm into a folder that is kept between runs."""

import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

NODE = Path(__file__).parent / "node"
INSTALL_SECONDS = 900
INSTALL = ("ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error")


class NotInstalled(Exception):
    """The peers on Node cannot be had; the text says why."""


def installed(folder: Path | None) -> Path:
    """Return a folder with the packages and programs, below *folder* or the temporary one.

    It is named for what the lock file says, so that another one is installed anew.
    """
    digest = hashlib.sha256((NODE / "package-lock.json").read_bytes()).hexdigest()[:12]
    wanted = (folder or _own_folder()) / f"packages-{digest}"
    if not wanted.exists():
        with tempfile.TemporaryDirectory(dir=wanted.parent) as name:
            made = shutil.copytree(NODE, Path(name) / "made")
            _install(made)
            made.rename(wanted)
    return shutil.copytree(NODE, wanted, dirs_exist_ok=True)


def _install(folder: Path) -> None:
    npm = shutil.which("npm")
    if npm is None:
        raise NotInstalled("there is no npm")
    try:
        subprocess.run(
            [npm, *INSTALL], cwd=folder, check=True, timeout=INSTALL_SECONDS, stdout=sys.stderr
        )
    except (subprocess.CalledProcessError, subprocess.TimeoutExpired) as fault:
        raise NotInstalled(str(fault)) from fault


def _own_folder() -> Path:
    """Return a folder that is this user's alone: what is in it will be run."""
    folder = Path(tempfile.gettempdir()) / f"rollway-peers-{os.getuid()}"
    folder.mkdir(mode=0o700, exist_ok=True)
    found = folder.lstat()
    if folder.is_symlink() or found.st_uid != os.getuid() or found.st_mode & 0o077:
        raise NotInstalled(f"{folder} is not this user's alone; name another by --folder")
    return folder
