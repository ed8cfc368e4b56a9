"""The files through which a step is given what it runs, and gives back outputs and variables.

`ROLLWAY_OUTPUT` and `ROLLWAY_ENV` name files of lines `name=value`, or

    name<<END
    several
    lines
    END

What stands between marks that begin with `json:` is a value, as plugins return them.
"""

import json
import os
import re
import stat
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from engine.language.functions import FUNCTIONS, TEXT_CHARACTERS_MAX, Inapplicable
from engine.refusal import Refusal

FILE_BYTES_MAX = 1024 * 1024
NAMES_MAX = 200
OUTPUT, ENV, INPUTS = "ROLLWAY_OUTPUT", "ROLLWAY_ENV", "ROLLWAY_INPUTS"
SCRIPT = "script"
NAMES = {OUTPUT: "output", ENV: "env", SCRIPT: "script"}

_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_NEW = os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
_FOLDER_MODE, _FILE_MODE = stat.S_IFDIR | 0o700, stat.S_IFREG | 0o600
_NAME = re.compile(r"[A-Za-z_][\w.-]{0,199}", re.ASCII)
_VARIABLE = re.compile(r"[A-Za-z_]\w{0,199}", re.ASCII)
_JSON = "json:"
_KEPT = re.compile(r"ROLLWAY|LD_|PATH$|HOME$|BASH_ENV$|ENV$|IFS$")


@dataclass(eq=False)
class InvalidFile(Refusal):
    """The file {variable} cannot be used: {reason}."""

    variable: str
    reason: str


class Handover:
    """The folder of one try of a step, with the files in it.

    The files are opened before the step begins and read from our own descriptors when it has
    ended: whatever a step puts in their place is never opened.
    """

    def __init__(self, folder: Path) -> None:
        os.mkdir(folder, 0o700)  # noqa: PTH102 - half the time
        self.folder = folder
        self.given = False  # to the user of the commands
        self._descriptors: dict[str, int] = {}
        try:
            self._descriptors[""] = os.open(folder, _FOLDER)
            for variable in (OUTPUT, ENV):
                self._descriptors[variable] = self._create(NAMES[variable])
        except BaseException:
            self.close()
            raise

    @property
    def env(self) -> Mapping[str, str]:
        """The variables that tell a step where its files are."""
        return {OUTPUT: str(self.folder / "output"), ENV: str(self.folder / "env")}

    def script(self, text: str) -> Path:
        """Write what a shell is to run: arguments of a process can be read by everybody."""
        if SCRIPT not in self._descriptors:
            self._descriptors[SCRIPT] = self._create(NAMES[SCRIPT])
        file, data = self._descriptors[SCRIPT], os.fsencode(text)
        _write(file, data)
        if os.fstat(file).st_size > len(data):
            os.ftruncate(file, len(data))
        return self.folder / NAMES[SCRIPT]

    def inputs(self, document: object) -> Path:
        """Write what a plugin is given, as JSON."""
        text = json.dumps(document, ensure_ascii=False)
        file = self._create("inputs.json")
        try:
            _write(file, text.encode(errors="replace"))
        finally:
            os.close(file)
        return self.folder / "inputs.json"

    def outputs(self) -> dict[str, object]:
        """Return what the step wrote to ROLLWAY_OUTPUT. Raises InvalidFile."""
        entries = _entries(OUTPUT, self._read(OUTPUT), _NAME)
        return {name: _value(text) if is_json else text for name, text, is_json in entries}

    def exported(self) -> dict[str, str]:
        """Return the variables the step sets for those that wait for it. Raises InvalidFile."""
        entries = _entries(ENV, self._read(ENV), _VARIABLE)
        found = {name: text for name, text, _ in entries}
        for name in found:
            if _KEPT.match(name):
                raise InvalidFile(ENV, f"{name} cannot be set for other steps")
        return found

    def renew(self) -> bool:
        """Empty the files for another step; False where the last one left them otherwise.

        It may have put something else in their place, or beside them.
        """
        try:
            if not self._intact():
                return False
            for variable in (OUTPUT, ENV):
                if os.fstat(self._descriptors[variable]).st_size:
                    os.ftruncate(self._descriptors[variable], 0)
        except OSError:
            return False
        return True

    def _intact(self) -> bool:
        """Tell whether the folder holds our files and nothing else. Raises OSError."""
        folder = self._descriptors[""]
        files = {NAMES[key]: file for key, file in self._descriptors.items() if key}
        if set(os.listdir(folder)) != files.keys():  # noqa: PTH208 - a descriptor
            return False
        found = {name: os.stat(name, dir_fd=folder, follow_symlinks=False) for name in files}
        alike = [(os.lstat(self.folder), os.fstat(folder), _FOLDER_MODE)]
        alike += [(found[name], os.fstat(file), _FILE_MODE) for name, file in files.items()]
        return all(
            os.path.samestat(there, ours) and ours.st_mode == mode for there, ours, mode in alike
        ) and all(there.st_nlink == 1 for there in found.values())

    def close(self) -> None:
        """Close the files."""
        while self._descriptors:
            os.close(self._descriptors.popitem()[1])

    def _create(self, name: str) -> int:
        """Create a file in the folder that is ours, whatever its name leads to by now."""
        self.given = False
        return os.open(name, _NEW, 0o600, dir_fd=self._descriptors[""])

    def _read(self, variable: str) -> str:
        data = os.pread(self._descriptors[variable], FILE_BYTES_MAX + 1, 0)
        if len(data) > FILE_BYTES_MAX:
            raise InvalidFile(variable, f"it is larger than {FILE_BYTES_MAX} bytes")
        return data.decode(errors="replace").replace("\0", "\ufffd")


class Handovers:
    """The handovers of one task, in *folder*.

    A step that leaves its folder as it was is followed by another in the same one: files that are
    created and deleted all the time make a file system slow (ext4 looks for room among those
    deleted within the last minute).
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._count = 0
        self._free: list[Handover] = []

    def take(self, *, fresh: bool) -> Handover:
        """Return one with empty files; *fresh*: in a folder that no step has had. OSError."""
        if self._free and not fresh:
            return self._free.pop()
        self._count += 1
        return Handover(self._folder / str(self._count))

    def put_back(self, handover: Handover) -> None:
        """Take one whose step has ended."""
        if handover.renew():
            self._free.append(handover)
        else:
            handover.close()

    def close(self) -> None:
        """Close the files of all that were put back."""
        while self._free:
            self._free.pop().close()


def _write(file: int, data: bytes) -> None:
    at = 0
    while at < len(data):
        at += os.pwrite(file, data[at:], at)


def _entries(variable: str, text: str, names: re.Pattern[str]) -> Iterator[tuple[str, str, bool]]:
    """Read name, text, and whether that is JSON."""
    lines = iter(enumerate(text.split("\n"), start=1))
    count = 0
    for number, line in lines:
        if not line.strip():
            continue
        count += 1
        if count > NAMES_MAX:
            raise InvalidFile(variable, f"it sets more than {NAMES_MAX} names")
        name, value, end = line, "", ""
        if "<<" in line and "=" not in line.partition("<<")[0]:
            name, _, end = line.partition("<<")
            value = _until(variable, number, end, lines)
        elif "=" in line:
            name, _, value = line.partition("=")
        else:
            raise InvalidFile(variable, f"line {number} is not 'name=value'")
        if not names.fullmatch(name):
            raise InvalidFile(variable, f"line {number}: '{name[:60]}' is not a name")
        if len(value) > TEXT_CHARACTERS_MAX:
            text = f"line {number}: the value is longer than {TEXT_CHARACTERS_MAX} characters"
            raise InvalidFile(variable, text)
        yield name, value, end.startswith(_JSON)


def _value(written: str) -> object:
    try:
        return FUNCTIONS["fromJSON"](written)
    except Inapplicable:
        return written


def _until(variable: str, begin: int, end: str, lines: Iterator[tuple[int, str]]) -> str:
    found: list[str] = []
    for _, line in lines:
        if line == end:
            return "\n".join(found)
        found.append(line)
    raise InvalidFile(variable, f"line {begin}: no line '{end[:60]}' ends the value")
