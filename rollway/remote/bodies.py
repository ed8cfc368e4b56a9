"""What a worker sends, as an object: no more of it is made than a worker has to say."""

import json

from control.remote.wire import Fields, Unreadable

QUOTES_MAX = 500_000  # two a text
STRUCTURE_BYTES_MAX = 1024 * 1024  # of all that stands in no text


def read_object(body: bytes) -> Fields:
    """Return the JSON object of a body.

    Unreadable where it is none, or has more parts than a worker sends: millions of lists in a few
    megabytes would keep everybody waiting for seconds.
    """
    if not _is_plain(body):
        raise Unreadable("the body has too many parts")
    try:
        return Fields(json.loads(body.decode()), "the body")
    except (ValueError, RecursionError) as fault:
        if isinstance(fault, Unreadable):
            raise
        raise Unreadable("the body must be JSON") from None


def _is_plain(body: bytes) -> bool:
    if len(body) <= STRUCTURE_BYTES_MAX:
        return True
    bare = body.replace(b"\\\\", b"").replace(b'\\"', b"")
    if bare.count(b'"') > QUOTES_MAX:
        return False
    return sum(map(len, bare.split(b'"')[::2])) <= STRUCTURE_BYTES_MAX
