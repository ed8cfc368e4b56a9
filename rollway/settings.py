"""Every setting: its variable, its meaning, its default. Nothing else reads the environment."""

import difflib
import os
from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import db
from auth.logins import Client, Service
from control.queue.log_room import TASK_LOG_BYTES_MAX
from engine.executors.isolation import Level
from engine.job import Limits
from engine.store import ARTIFACT_BYTES_MAX
from providers.repository import Policy
from resolvers.operations.reads import Reads
from rollway.fitting import check
from rollway.serving import Serving
from rollway.setting import BadSetting, registration, setting
from rollway.variables import (
    address,
    addresses,
    engine,
    keys,
    labels,
    one_of,
    path,
    repositories,
    seconds,
    url,
    visible,
    whole,
)

UP, SERVE = "up", "serve"
PREFIX = "ROLLWAY_"
OF_A_STEP = frozenset(
    f"ROLLWAY_{name}" for name in ("TASK_ID", "EPOCH", "STEP_OF", "OUTPUT", "ENV", "INPUTS")
)
OF_THE_TESTS = frozenset({"ROLLWAY_TEST_DATABASE_URL"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings(Serving):
    """What an operator can set. None: derived from the others."""

    repositories: frozenset[str] = setting(
        "ROLLWAY_REPOSITORIES",
        repositories,
        "https",
        "Repository addresses allowed, a list of https, http, file (this machine's folders) and"
        " private (private and loopback addresses).",
        up="https,http,file,private",
    )
    master_keys: tuple[bytes, ...] | None = setting(
        "ROLLWAY_MASTER_KEY",
        keys,
        None,
        "Keys for secrets, each 32 bytes in base64, separated by commas: the first seals, all"
        " open. Default: the file master.key in the data folder, made on first start.",
        secret=True,
    )
    github_client_id: str | None
    github_client_secret: str | None
    github_url: str
    github_client_id, github_client_secret, github_url = registration(Service.GITHUB)
    gitee_client_id: str | None
    gitee_client_secret: str | None
    gitee_url: str
    gitee_client_id, gitee_client_secret, gitee_url = registration(Service.GITEE)
    worker_slots: int = setting(
        "ROLLWAY_WORKER_SLOTS",
        whole(0, 64),
        "4",
        "Tasks that run at the same time in this process; 0 leaves them to `rollway worker`.",
    )
    worker_labels: tuple[str, ...] | None = setting(
        "ROLLWAY_WORKER_LABELS",
        labels,
        None,
        "What this process is good for, a list; one with ROLLWAY_WORKER_URL is told by the server.",
    )
    lease_seconds: float = setting(
        "ROLLWAY_LEASE_SECONDS",
        seconds(1, 600),
        "9",
        "How long a worker may be silent before its tasks count as lost.",
    )
    task_runs_max: int = setting(
        "ROLLWAY_TASK_RUNS_MAX",
        whole(1, 100),
        "3",
        "How often a task is run where its environment's `onLost` is REQUEUE; then it is LOST.",
    )
    worker_urls: tuple[str, ...] | None = setting(
        "ROLLWAY_WORKER_URL",
        addresses,
        None,
        "With `rollway worker`: the server's address, or those of several, a list; then no"
        " database is needed.",
    )
    worker_token: str | None = setting(
        "ROLLWAY_WORKER_TOKEN",
        visible,
        None,
        "The registration token of a worker that works by ROLLWAY_WORKER_URL, for its first start.",
        secret=True,
    )
    worker_token_file: Path | None = setting(
        "ROLLWAY_WORKER_TOKEN_FILE",
        path,
        None,
        "The file that `rollway worker invite --file` wrote, instead of ROLLWAY_WORKER_TOKEN.",
    )
    worker_http: str = setting(
        "ROLLWAY_WORKER_HTTP",
        one_of("loopback", "anywhere"),
        "loopback",
        "Where ROLLWAY_WORKER_URL may be http: on this machine, or anywhere; then whoever listens"
        " on the way reads secrets.",
    )
    worker_metrics: tuple[str, int] | None = setting(
        "ROLLWAY_WORKER_METRICS",
        address,
        None,
        "Where a `rollway worker` shows its /metrics: 127.0.0.1:9464; default: nowhere.",
    )
    drain_seconds: float = setting(
        "ROLLWAY_DRAIN_SECONDS",
        seconds(0, 86400),
        "600",
        "How long a `rollway worker` that got SIGTERM lets its tasks go on; it takes no new ones.",
    )
    spool_bytes_max: int = setting(
        "ROLLWAY_SPOOL_BYTES_MAX",
        whole(1024**2, 2**40),
        str(64 * 1024**2),
        "What a task may print onto this disk while the server of ROLLWAY_WORKER_URL is away.",
    )
    step_seconds: float = setting(
        "ROLLWAY_STEP_SECONDS", seconds(1, 86400), "1800", "How long a step may take."
    )
    job_seconds: float = setting(
        "ROLLWAY_JOB_SECONDS",
        seconds(1, 7 * 86400),
        "3600",
        "How long all steps of a task may take together.",
    )
    parallel_steps: int = setting(
        "ROLLWAY_PARALLEL_STEPS",
        whole(1, 64),
        "4",
        "Steps of one task that run at the same time, where `needs` lets them.",
    )
    isolation: str = setting(
        "ROLLWAY_ISOLATION",
        one_of("auto", *Level),
        "auto",
        "How steps are kept apart from the server: bwrap, user (one of its own for each task),"
        " plain (not at all), or auto, the first of these that works.",
    )
    step_uid: int = setting(
        "ROLLWAY_STEP_UID",
        whole(1000, 2**31),
        "61000",
        "With `user`: the first of the 1,000 user numbers that tasks run as, in turn.",
    )
    processes_max: int = setting(
        "ROLLWAY_PROCESSES_MAX",
        whole(16, 2**22),
        "4096",
        "Processes a task may have at a time, where its control group can be set up.",
    )
    memory_bytes_max: int | None = setting(
        "ROLLWAY_MEMORY_BYTES_MAX",
        whole(16 * 1024**2, 2**50),
        None,
        "Memory a task may take, where its control group can be set up.",
    )
    workspace_bytes_max: int = setting(
        "ROLLWAY_WORKSPACE_BYTES_MAX",
        whole(1024**2, 2**50),
        str(10 * 1024**3),
        "Space a task's files may take; beyond it the task fails.",
    )
    container_engine: str | None = setting(
        "ROLLWAY_CONTAINER_ENGINE",
        engine,
        None,
        "Socket of Docker or Podman on this machine, for pipelines with `image`:"
        " unix:///run/podman/podman.sock.",
    )
    runtimes: Path | None = setting(
        "ROLLWAY_RUNTIMES",
        path,
        None,
        "Folder with the runtimes that pipelines may name, each with a `bin`: nodejs16/bin.",
    )
    cancel_grace_seconds: float = setting(
        "ROLLWAY_CANCEL_GRACE_SECONDS",
        seconds(0, 600),
        "10",
        "How long a cancelled step may clean up between SIGTERM and SIGKILL.",
    )
    output_bytes_max: int = setting(
        "ROLLWAY_OUTPUT_BYTES_MAX",
        whole(64 * 1024, 2**31 - 2**20),
        str(64 * 1024 * 1024),
        "How much of a step's output is kept; what comes after is left out but for its end.",
    )
    artifact_bytes_per_team: int = setting(
        "ROLLWAY_ARTIFACT_BYTES_PER_TEAM",
        whole(1024**2, 2**50),
        str(ARTIFACT_BYTES_MAX),
        "Space that one team's artifacts take here; beyond it its oldest ones go.",
    )
    task_log_bytes_max: int = setting(
        "ROLLWAY_TASK_LOG_BYTES_MAX",
        whole(64 * 1024, 2**50),
        str(TASK_LOG_BYTES_MAX),
        "What a server stores of all that a task reports; then the task fails.",
    )
    logs_kept_days: int = setting(
        "ROLLWAY_LOGS_KEPT_DAYS",
        whole(0, 36500),
        "0",
        "Days after a task's end for which its logs are kept; 0: for ever.",
    )
    cost_max: int = setting(
        "ROLLWAY_COST_MAX",
        whole(100, 10_000_000),
        "50000",
        "What one GraphQL operation may cost; a plain field costs 1.",
    )
    cost_per_minute: int = setting(
        "ROLLWAY_COST_PER_MINUTE",
        whole(100, 1_000_000_000),
        "60000000",
        "What the operations of one user, or of one address's guests, may cost in a minute.",
    )
    checks_per_minute: int = setting(
        "ROLLWAY_CHECKS_PER_MINUTE",
        whole(100, 1_000_000_000),
        "600000",
        "What reading, checking and refusing what they send may cost besides; a unit is 10 µs.",
    )
    query_seconds: float = setting(
        "ROLLWAY_QUERY_SECONDS",
        seconds(1, 600),
        "30",
        "How long a query may take; then it is stopped.",
    )
    reads: Reads = setting(
        "ROLLWAY_READS",
        lambda text: Reads(one_of(*Reads)(text)),
        Reads.PLANNED.value,
        "Who answers queries first: planned (the database, in one statement), compiled (functions"
        " made of the document), stock (the GraphQL library); the next takes what one cannot.",
    )
    reads_shown: str = setting(
        "ROLLWAY_READS_SHOWN",
        one_of("on", "off"),
        "off",
        "Whether `extensions.reads` of an answer says which of these made it.",
    )
    introspection: str = setting(
        "ROLLWAY_INTROSPECTION",
        one_of("on", "off"),
        "on",
        "Whether the API tells its schema.",
    )
    playground: str = setting(
        "ROLLWAY_PLAYGROUND",
        one_of("on", "off"),
        "on",
        "Whether browsers get the playground at /graphql.",
    )
    documents: Path | None = setting(
        "ROLLWAY_DOCUMENTS",
        path,
        None,
        "File of the documents that are run, by hash; then no others are. Default: any.",
    )
    metrics_token: str | None = setting(
        "ROLLWAY_METRICS_TOKEN",
        visible,
        None,
        "What Prometheus sends as a Bearer token to read /metrics; default: nobody reads it.",
        secret=True,
    )
    otlp_url: str | None = setting(
        "ROLLWAY_OTLP_URL",
        url,
        None,
        "Collector that traces are sent to, by OTLP over HTTP: http://127.0.0.1:4318.",
    )
    log_format: str = setting(
        "ROLLWAY_LOG_FORMAT",
        one_of("text", "json"),
        "text",
        "Log lines as text for people, or as JSON objects for programs.",
    )
    log_level: str = setting(
        "ROLLWAY_LOG_LEVEL",
        one_of("debug", "info", "warning", "error"),
        "info",
        "What the server itself logs.",
    )

    @property
    def database(self) -> str:
        """Return the database's address."""
        return self.database_url or f"sqlite://{self.data / 'rollway.sqlite3'}"

    @property
    def embedded(self) -> bool:
        """Tell whether the database is a file that belongs to one process."""
        return self.database.startswith("sqlite://")

    @property
    def workspaces(self) -> Path:
        """Return the folder with a workspace for each running task."""
        return self.data / "workspaces"

    @property
    def mirrors(self) -> Path:
        """Return the folder with copies of repositories, so that only news is fetched."""
        return self.data / "mirrors"

    @property
    def spools(self) -> Path:
        """Return the folder for what tasks print while the server is away."""
        return self.data / "spool"

    @property
    def limits(self) -> Limits:
        """Return what a task may take."""
        return Limits(
            step_seconds=self.step_seconds,
            job_seconds=self.job_seconds,
            cancel_grace_seconds=self.cancel_grace_seconds,
            output_bytes_max=self.output_bytes_max,
            parallel_max=self.parallel_steps,
            workspace_bytes_max=self.workspace_bytes_max,
        )

    @property
    def policy(self) -> Policy:
        """Return where repositories may be."""
        schemes = tuple(sorted(self.repositories - {"private"}))
        return Policy(schemes=schemes, private_addresses="private" in self.repositories)

    @property
    def logins(self) -> list[Client]:
        """Return this server's registrations with other services."""
        return [
            Client(
                service=service,
                url=getattr(self, f"{service}_url"),
                id=getattr(self, f"{service}_client_id"),
                secret=getattr(self, f"{service}_client_secret"),
            )
            for service in Service
            if getattr(self, f"{service}_client_id")
        ]


def load(
    mode: str, given: Mapping[str, str], environment: Mapping[str, str] | None = None
) -> Settings:
    """Return the settings: *given* (by variable name) over *environment* over the defaults.

    BadSetting says which variable is wrong, or unknown, and what it may be.
    """
    environ = os.environ if environment is None else environment
    known = {each.metadata["env"]: each for each in fields(Settings)}
    for name in environ:
        if name.startswith(PREFIX) and name not in known.keys() | OF_A_STEP | OF_THE_TESTS:
            close = difflib.get_close_matches(name, known, n=1)
            hint = f"; did you mean {close[0]}?" if close else ""
            raise BadSetting(name, f"there is no such setting{hint}")
    values: dict[str, Any] = {}
    for name, each in known.items():
        default = each.metadata["up" if mode == UP else "default"]
        text = given.get(name, environ.get(name) or default)
        try:
            values[each.name] = None if text is None else each.metadata["parse"](text)
        except ValueError as fault:
            raise BadSetting(name, str(fault)) from fault
    settings = Settings(**values)
    check(settings)
    return settings


def __getattr__(name: str) -> Any:
    if name == "TORTOISE_ORM":  # what aerich.ini names
        return db.config(load(SERVE, {}).database)
    raise AttributeError(name)
