"""The file of registered documents: what production runs, and nothing else."""

import json
from pathlib import Path

from rollway.setting import BadSetting
from schema import schema

SETTING = "ROLLWAY_DOCUMENTS"
BYTES_MAX = 10 * 1024 * 1024
APOLLO = "apollo-persisted-query-manifest"


def registered(path: Path | None) -> dict[str, str] | None:
    """Return the documents of the file at *path*, by hash; None where none is set.

    It is a JSON object of texts by hash, as Relay's compiler writes it, or a manifest of Apollo's.
    BadSetting says what is wrong with it, or which of its documents this server cannot run.
    """
    if path is None:
        return None
    try:
        if path.stat().st_size > BYTES_MAX:
            raise BadSetting(SETTING, f"the file is longer than {BYTES_MAX} bytes")
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as fault:
        raise BadSetting(SETTING, f"cannot be read as JSON: {fault}") from fault
    texts = _texts(content)
    for name, text in texts.items():
        if not schema.fits(text):
            raise BadSetting(SETTING, f"document {name} does not fit this server's schema")
    return texts


def _texts(content: object) -> dict[str, str]:
    found = content
    if isinstance(content, dict) and content.get("format") == APOLLO:
        operations = content.get("operations")
        listed = operations if isinstance(operations, list) else [None]
        rows = [each if isinstance(each, dict) else {} for each in listed]
        found = {each.get("id"): each.get("body") for each in rows}
    if not isinstance(found, dict):
        raise BadSetting(SETTING, "must hold a JSON object of documents by hash")
    wrong = [name for name, text in found.items() if not isinstance(name, str) or not text]
    wrong += [name for name, text in found.items() if not isinstance(text, str)]
    if wrong:
        raise BadSetting(SETTING, f"document {wrong[0]} must be a text")
    return {str(name): str(text) for name, text in found.items()}
