"""Every setting: its variable, its meaning, its default. Nothing else reads the environment."""

import difflib
import os
from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import db
from auth.accounts import Attempts
from auth.logins import Client, Service
from auth.passwords import Cost
from engine.executors.isolation import Level
from engine.job import Limits
from providers.repository import Policy
from rollway.fitting import check
from rollway.setting import BadSetting, registration, setting
from rollway.variables import (
    addresses,
    database,
    engine,
    keys,
    networks,
    one_of,
    origins,
    path,
    repositories,
    seconds,
    text,
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
class Settings:
    """What an operator can set. None: derived from the others."""

    host: str = setting("ROLLWAY_HOST", text, "127.0.0.1", "Address to listen on.")
    port: int = setting(
        "ROLLWAY_PORT", whole(0, 65535), "8000", "Port to listen on; 0 takes a free one."
    )
    data: Path = setting(
        "ROLLWAY_DATA", path, "data", "Folder for database, master key, workspaces and sample."
    )
    database_url: str | None = setting(
        "ROLLWAY_DATABASE_URL",
        database,
        None,
        "postgres:// for several servers, sqlite:// for one; default: SQLite in the data folder.",
        secret=True,  # it may hold a password
    )
    public_url: str | None = setting(
        "ROLLWAY_PUBLIC_URL",
        url,
        None,
        "Where people reach the server; with https, cookies are Secure. Default: host and port.",
    )
    sign_up: str = setting(
        "ROLLWAY_SIGN_UP",
        one_of("open", "closed"),
        "closed",
        "Who may sign up: open = anybody; closed = only the very first account.",
        up="open",
    )
    trusted_proxies: tuple[str, ...] | None = setting(
        "ROLLWAY_TRUSTED_PROXIES",
        networks,
        None,
        "Addresses or networks whose X-Forwarded-For and X-Forwarded-Proto are believed, a list;"
        " default: nobody's.",
    )
    cors_origins: tuple[str, ...] | None = setting(
        "ROLLWAY_CORS_ORIGINS",
        origins,
        None,
        "Other origins whose pages may use the API from a browser, cookie and all: a list such as"
        " https://deploys.example.com; default: none.",
    )
    batch_operations: int = setting(
        "ROLLWAY_BATCH_OPERATIONS",
        whole(0, 50),
        "0",
        "Operations that one request may have, as a JSON array; 0: no arrays.",
    )
    throttle_seconds: float = setting(
        "ROLLWAY_THROTTLE_SECONDS",
        seconds(1, 86400),
        "300",
        "The time in which attempts to sign in or up are counted; then the count begins anew.",
    )
    sign_in_attempts: int = setting(
        "ROLLWAY_SIGN_IN_ATTEMPTS",
        whole(1, 1_000_000),
        "10",
        "Wrong passwords for one name or e-mail address from one address in that time.",
    )
    sign_in_attempts_per_account: int = setting(
        "ROLLWAY_SIGN_IN_ATTEMPTS_PER_ACCOUNT",
        whole(1, 1_000_000),
        "100",
        "The same from all addresses but those it was signed in from in the last 30 days.",
    )
    sign_in_attempts_per_address: int = setting(
        "ROLLWAY_SIGN_IN_ATTEMPTS_PER_ADDRESS",
        whole(1, 1_000_000),
        "100",
        "Wrong passwords from one address in that time, whatever the name.",
    )
    sign_ups_per_address: int = setting(
        "ROLLWAY_SIGN_UPS_PER_ADDRESS",
        whole(1, 1_000_000),
        "300",
        "Sign-ups from one address in that time.",
    )
    sockets_per_user: int = setting(
        "ROLLWAY_SOCKETS_PER_USER",
        whole(1, 1_000_000),
        "100",
        "WebSockets that one user may have open, over all sessions and API tokens.",
    )
    sockets_max: int = setting(
        "ROLLWAY_SOCKETS_MAX",
        whole(1, 1_000_000),
        "10000",
        "WebSockets that all users together may have open on a server.",
    )
    streams_per_user: int = setting(
        "ROLLWAY_STREAMS_PER_USER",
        whole(1, 1_000_000),
        "100",
        "Streams over HTTP that one user may have open, over all sessions and API tokens.",
    )
    streams_max: int = setting(
        "ROLLWAY_STREAMS_MAX",
        whole(1, 1_000_000),
        "2000",
        "Streams over HTTP that all users together may have open on a server.",
    )
    operations_per_user: int = setting(
        "ROLLWAY_OPERATIONS_PER_USER",
        whole(1, 1_000_000),
        "1000",
        "Operations that one user may have running on all WebSockets and streams together.",
    )
    operations_max: int = setting(
        "ROLLWAY_OPERATIONS_MAX",
        whole(1, 1_000_000),
        "20000",
        "Operations that all users together may have running on them on a server.",
    )
    argon2_memory_kib: int = setting(
        "ROLLWAY_ARGON2_MEMORY_KIB",
        whole(7168, 2 * 1024 * 1024),
        "65536",
        "Memory that hashing a password takes, KiB; two are hashed at a time. RFC 9106 recommends"
        " 64 MiB, 3 passes, 4 lanes where memory is limited.",
    )
    argon2_passes: int = setting(
        "ROLLWAY_ARGON2_PASSES",
        whole(1, 20),
        "3",
        "Passes over that memory. Least by OWASP: 1 with 46 MiB, 2 with 19 MiB, 5 with 7 MiB.",
    )
    argon2_lanes: int = setting(
        "ROLLWAY_ARGON2_LANES",
        whole(1, 16),
        "4",
        "Lanes that are computed in parallel.",
    )
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
    lease_seconds: float = setting(
        "ROLLWAY_LEASE_SECONDS",
        seconds(1, 600),
        "10",
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
    def url(self) -> str:
        """Return where people reach the server."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return self.public_url or f"http://{host}:{self.port}"

    @property
    def password_cost(self) -> Cost:
        """Return what hashing a password costs."""
        return Cost(
            memory_kib=self.argon2_memory_kib, passes=self.argon2_passes, lanes=self.argon2_lanes
        )

    @property
    def attempts(self) -> Attempts:
        """Return how often people may try to sign in and up."""
        return Attempts(
            seconds=self.throttle_seconds,
            login=self.sign_in_attempts,
            login_elsewhere=self.sign_in_attempts_per_account,
            address=self.sign_in_attempts_per_address,
            sign_ups=self.sign_ups_per_address,
        )

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
