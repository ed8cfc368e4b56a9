"""The variables a command sees: an allow-list, then what is declared for it."""

from collections.abc import Mapping

from engine.executors import Place


def environment(
    place: Place, declared: Mapping[str, str], *, path: str, timezone: str | None = None
) -> dict[str, str]:
    """Return the environment of a command of *place*; *path* is its PATH, *timezone* its TZ.

    The task's own marks come last: nothing that is declared can change them.
    """
    env = {
        "PATH": path,
        "HOME": str(place.workspace / "home"),
        "TMPDIR": str(place.workspace / "tmp"),
        "LANG": "C.UTF-8",
        "CI": "true",
        "PYTHONUNBUFFERED": "1",
        "TERM": "dumb",
        "SERVERLESS_CD": "serverless_cd",
        "ROLLWAY": "true",
        "serverless_devs_daemon_enable": "false",  # the vendor's tool starts no daemons then
    }
    if timezone is not None:
        env["TZ"] = timezone
    marks = {"ROLLWAY_TASK_ID": place.task_id, "ROLLWAY_EPOCH": str(place.epoch)}
    return {**env, **declared, **marks}
