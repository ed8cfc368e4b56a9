"""Seals secrets for storage: each under a data key of its own, which a master key wraps.

A sealed value is text that says by itself which master key opens it, which version it is and when
it was set: `rw1:<key id>:<version>:<unix seconds>:<wrapped data key>:<body>`, the last two base64
of a nonce and an AES-GCM ciphertext. Place, name and version are authenticated with both, so
neither opens in another row. With another master key only the data key is wrapped anew: the value
itself stays closed.
"""

import base64
import json
import re
import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from hashlib import sha256

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

FORMAT = "rw1"
KEY_BYTES = 32
NONCE_BYTES = 12
_BASE64 = "([A-Za-z0-9+/]+={0,2})"
_SEALED = re.compile(f"{FORMAT}:([0-9a-f]{{8}}):([0-9]{{1,9}}):([0-9]{{1,11}}):{_BASE64}:{_BASE64}")


@dataclass(eq=False)
class NotSealedHere(Exception):
    """The stored secret {where} does not open: {reason}."""

    where: str
    reason: str

    def __str__(self) -> str:
        """Return the sentence above; it names the place and never holds a value."""
        return str(self.__doc__).format(where=self.where, reason=self.reason)


@dataclass(frozen=True, slots=True)
class Seal:
    """What can be read of a sealed value without opening it; `str` gives the value back."""

    key_id: str
    version: int
    updated_time: datetime
    wrapped: str
    body: str

    @classmethod
    def parse(cls, sealed: str, where: str = "of this row") -> "Seal":
        """Read the parts; NotSealedHere, which names *where*, when the text is none of ours."""
        match = _SEALED.fullmatch(sealed)
        if match is None:
            raise NotSealedHere(where, "it is no sealed value")
        key_id, version, updated, wrapped, body = match.groups()
        return cls(key_id, int(version), datetime.fromtimestamp(int(updated), UTC), wrapped, body)

    def __str__(self) -> str:
        """Return the sealed value."""
        updated = int(self.updated_time.timestamp())
        return f"{FORMAT}:{self.key_id}:{self.version}:{updated}:{self.wrapped}:{self.body}"


def key_id(master_key: bytes) -> str:
    """Return the eight hexadecimal digits by which a master key is called; they do not tell it."""
    return sha256(b"rollway key id" + master_key).hexdigest()[:8]


def _unchanged() -> None:
    return None


class Vault:
    """Seals with the first of its master keys, opens with any.

    *newer* is asked before a value is sealed, and when one comes under a key that is not known
    here: it returns the keys if they have changed since it was last asked, else None. So a
    running server takes part in a rotation. ValueError: no key, one of another length, or two
    that go by one id.
    """

    def __init__(
        self, *keys: bytes, newer: Callable[[], Sequence[bytes] | None] = _unchanged
    ) -> None:
        self._ciphers = _ciphers(keys)
        self._newer = newer

    def __repr__(self) -> str:
        """Return the ids of the keys, never a key."""
        return f"Vault({', '.join(self._ciphers)})"

    @property
    def key_ids(self) -> tuple[str, ...]:
        """The ids of the master keys, the current one first."""
        return tuple(self._ciphers)

    def seal(self, value: str, *, place: str, name: str, version: int) -> str:
        """Return *value* sealed for *place* (see `db.sealed`) under *name*."""
        self._look()
        current = self.key_ids[0]
        data_key = secrets.token_bytes(KEY_BYTES)
        wrapped = _encrypt(self._ciphers[current], data_key, _bound("key", place, name, version))
        body = _encrypt(AESGCM(data_key), value.encode(), _bound("value", place, name, version))
        return str(Seal(current, version, datetime.now(UTC), wrapped, body))

    def open(self, sealed: str, *, place: str, name: str) -> str:
        """Return the value; NotSealedHere when key, place, name or version are others."""
        where = f"{place} {name}"
        seal = Seal.parse(sealed, where)
        data_key = AESGCM(self._data_key(seal, place, name))
        bound = _bound("value", place, name, seal.version)
        return _decrypt(data_key, seal.body, bound, where).decode()

    def rewrap(self, sealed: str, *, place: str, name: str) -> str:
        """Return the same value under the current master key, its body as it was.

        NotSealedHere as for `open`, as far as the data key tells.
        """
        seal = Seal.parse(sealed, f"{place} {name}")
        self._look()
        current = self.key_ids[0]
        if seal.key_id == current:
            return sealed
        data_key = self._data_key(seal, place, name)
        bound = _bound("key", place, name, seal.version)
        wrapped = _encrypt(self._ciphers[current], data_key, bound)
        return str(replace(seal, key_id=current, wrapped=wrapped))

    def change(
        self, stored: Mapping[str, str], changes: Mapping[str, str | None], *, place: str
    ) -> dict[str, str]:
        """Return *stored* with *changes*: a value sets, None removes; versions go up by one."""
        result = dict(stored)
        for name, value in changes.items():
            before = result.pop(name, None)
            if value is not None:
                version = Seal.parse(before, f"{place} {name}").version + 1 if before else 1
                result[name] = self.seal(value, place=place, name=name, version=version)
        return result

    def open_all(self, stored: Mapping[str, str], *, place: str) -> dict[str, str]:
        """Return every value of *stored* in clear."""
        return {name: self.open(value, place=place, name=name) for name, value in stored.items()}

    def _data_key(self, seal: Seal, place: str, name: str) -> bytes:
        where = f"{place} {name}"
        if seal.key_id not in self._ciphers:
            self._look()
        if seal.key_id not in self._ciphers:
            known = ", ".join(self._ciphers)
            reason = f"it is sealed with key {seal.key_id}, and the master keys here are {known}"
            raise NotSealedHere(where, reason)
        bound = _bound("key", place, name, seal.version)
        return _decrypt(self._ciphers[seal.key_id], seal.wrapped, bound, where)

    def _look(self) -> None:
        keys = self._newer()
        if keys is not None:
            self._ciphers = _ciphers(keys)


def _ciphers(keys: Sequence[bytes]) -> dict[str, AESGCM]:
    for key in keys:
        if len(key) != KEY_BYTES:
            raise ValueError(f"a master key has {KEY_BYTES} bytes, this one {len(key)}")
    ciphers = {key_id(key): AESGCM(key) for key in keys}
    if not keys or len(ciphers) < len(keys):
        raise ValueError("a vault needs a master key, and each only once")
    return ciphers


def _bound(what: str, place: str, name: str, version: int) -> bytes:
    return json.dumps([FORMAT, what, place, name, version]).encode()


def _encrypt(cipher: AESGCM, content: bytes, bound: bytes) -> str:
    nonce = secrets.token_bytes(NONCE_BYTES)
    return base64.b64encode(nonce + cipher.encrypt(nonce, content, bound)).decode()


def _decrypt(cipher: AESGCM, text: str, bound: bytes, where: str) -> bytes:
    try:
        content = base64.b64decode(text, validate=True)
        return cipher.decrypt(content[:NONCE_BYTES], content[NONCE_BYTES:], bound)
    except (InvalidTag, ValueError) as fault:  # not its tag, its base64, its length
        raise NotSealedHere(where, "it was altered, or moved here from another place") from fault
