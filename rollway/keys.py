"""`rollway key`: which master keys seal what, a new one, and the end of old ones."""

import asyncio
from collections.abc import Callable, Sequence

from db import connect
from db.rotation import Tally, rewrap, tally
from db.sealed import Sealed
from db.vault import Vault, key_id
from rollway.keyfile import KeyFile
from rollway.setting import BadSetting
from rollway.settings import Settings

RETIRE_AFTER_SECONDS = 60  # a server stores within it what it sealed under the key before
FAULTS_SHOWN_MAX = 20

Say = Callable[[str], None]


class Keys:
    """The master keys of an installation: those of the setting, or else of the data folder.

    *say* prints a line, *progress* one that the next may overwrite.
    """

    def __init__(self, settings: Settings, say: Say, progress: Say) -> None:
        self._settings = settings
        self._file = None if settings.master_keys else KeyFile(settings.data)
        self._say = say
        self._progress = progress

    def status(self) -> int:
        """Print what each key seals; return 1 when something is sealed with none of them."""
        return self._report(self._keys(), asyncio.run(self._tally()))

    def rotate(self) -> int:
        """Make a new current key, unless the setting gives one, and wrap all with it."""
        if self._file:
            self._say(f"The current key is {self._file.add()} from now on.")
        keys = self._keys()
        done: dict[str, int] = {}

        def told(column: Sealed, count: int) -> None:
            done[str(column)] = done.get(str(column), 0) + count
            self._progress(", ".join(f"{count} in {name}" for name, count in done.items()))

        async def work() -> list[str]:
            async with connect(self._settings.database):
                return await rewrap(Vault(*keys), told)

        failed = asyncio.run(work())
        self._say(f"Values wrapped anew: {sum(done.values())}")
        return self._report(keys, asyncio.run(self._tally()), failed)

    def retire(self) -> int:
        """Take the keys that seal nothing out of the file."""
        if not self._file:
            raise BadSetting("ROLLWAY_MASTER_KEY", "take the keys that seal nothing out of it")
        self._keys()
        self._wait(self._file)
        found = asyncio.run(self._tally())
        _, *others = map(key_id, self._keys())
        unused = [name for name in others if not found.values[name]]
        if not unused:
            self._say("No key can be retired: each is the current one, or seals something.")
        else:
            self._file.drop(unused)
            self._say(f"Retired: {', '.join(unused)}.")
            self._say("A backup from before the rotation opens with a copy of its own keys only.")
        return self._report(self._keys(), found)

    def _wait(self, file: KeyFile) -> None:
        seconds = RETIRE_AFTER_SECONDS - file.age_seconds()
        if seconds > 0:
            self._say(
                f"Waiting {seconds:.0f} s: a server may be about to store what it sealed before"
                " the keys changed."
            )
            asyncio.run(asyncio.sleep(seconds))

    def _keys(self) -> Sequence[bytes]:
        if self._settings.master_keys:
            return self._settings.master_keys
        assert self._file  # noqa: S101 (there is one where no setting is)
        return self._file.read()

    async def _tally(self) -> Tally:
        async with connect(self._settings.database):
            return await tally()

    def _report(self, keys: Sequence[bytes], found: Tally, failed: Sequence[str] = ()) -> int:
        ids = [key_id(key) for key in keys]
        for name in ids:
            state = "current" if name == ids[0] else "retired"
            self._say(f"{name}  {state}  values: {found.values[name]}")
        missing = sorted(found.values.keys() - set(ids))
        for name in missing:
            self._say(f"{name}  MISSING  values: {found.values[name]}, which nobody can open")
        closed = [*found.faults, *failed]
        for where in closed[:FAULTS_SHOWN_MAX]:
            self._say(f"does not open: {where}")
        if len(closed) > FAULTS_SHOWN_MAX:
            self._say(f"and {len(closed) - FAULTS_SHOWN_MAX} more")
        return 1 if missing or closed else 0
