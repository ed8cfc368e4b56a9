"""Settings of a server: where it is reached, and who may come in."""

from dataclasses import dataclass
from pathlib import Path

from auth.accounts import Attempts
from auth.passwords import Cost
from rollway.setting import setting
from rollway.variables import database, networks, one_of, origins, path, seconds, text, url, whole


@dataclass(frozen=True, slots=True, kw_only=True)
class Serving:
    """What an operator can set of it. None: derived from the others."""

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
