"""What `rollway up` finds or makes: an account, a team, and a sample application to deploy."""

import secrets
import subprocess
from dataclasses import dataclass
from pathlib import Path
from shutil import copytree, rmtree, which

from tortoise.transactions import in_transaction

from auth.passwords import Passwords
from auth.permissions import Role
from db import audit, documents
from db.audit import Act, Actor, Entry, org_chain
from db.ids import new_id
from db.models import Application, Org, User
from db.vault import Vault
from engine.executors import PATH
from providers import Provider
from resolvers import environments
from resolvers.inputs import DEFAULT_ENVIRONMENT, EnvironmentInput
from rollway.refused import Refused

USERNAME = "demo"
TEAM = "demo"
APPLICATION = "hello"
SOURCE = Path(__file__).parent / "sample"
GIT_SECONDS = 30
GIT_ENV = {
    "GIT_CONFIG_GLOBAL": "/dev/null",
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_TEMPLATE_DIR": "",
    "HOME": "/nonexistent",
    "PATH": PATH,
}
IDENTITY = (
    "-c",
    "user.name=Rollway",
    "-c",
    "user.email=rollway@localhost",
    "-c",
    "init.defaultBranch=main",
)


class NoGit(Refused):
    """git is not installed; `rollway check` lists what is needed."""

    def __str__(self) -> str:
        """Return the sentence."""
        return str(self.__doc__)


@dataclass(frozen=True, slots=True)
class Sample:
    """What there is to sign in with and to deploy."""

    username: str
    password: str
    application_id: str
    repository: Path


async def find_or_make(data: Path, vault: Vault, passwords: Passwords) -> Sample | None:
    """Return the sample; None when somebody else's accounts are here and it is not."""
    note = data / "demo-password"
    user = await User.filter(username=USERNAME).first()
    if user is None:
        if await User.exists():
            return None
        await _make(data, vault, note, passwords)
    elif not note.exists():
        return None
    application = await Application.filter(name=APPLICATION, owner_org__name=TEAM).first()
    if application is None:
        return None
    return Sample(USERNAME, note.read_text(), application.id, data / "sample")


async def _make(data: Path, vault: Vault, note: Path, passwords: Passwords) -> None:
    password = secrets.token_urlsafe(9)
    write_private(note, password.encode())
    repository = make_repository(data / "sample")
    hashed = await passwords.hash(password)
    async with in_transaction() as db:
        user = await User.create(id=new_id("u"), username=USERNAME, password=hashed, using_db=db)
        org = await Org.create(
            id=f"{user.id}:{TEAM}",
            user=user,
            name=TEAM,
            role=Role.OWNER.value,
            alias="Demo team",
            using_db=db,
        )
        application = await Application.create(
            id=new_id("a"),
            name=APPLICATION,
            org_id=org.id,
            owner_org=org,
            description="Made by `rollway up`",
            environment={},
            provider=Provider.GIT.value,
            repo_owner="",
            repo_id=new_id("r"),
            repo_name="sample",
            repo_url=repository.as_uri(),
            using_db=db,
        )
        wanted = EnvironmentInput(name=DEFAULT_ENVIRONMENT)
        environment = environments.new(application.id, wanted, vault)
        await environment.save(using_db=db, force_create=True)
        await documents.write_environments(application.id, db)
        operator = Actor(None, "operator", "rollway up")
        await audit.write(org_chain(TEAM), Entry(operator, Act.ORG_CREATED, TEAM), db)


def make_repository(folder: Path) -> Path:
    """Copy the sample that ships with Rollway to *folder* and make it a Git repository.

    In an environment of its own: whoever signs commits or has hooks does not mean this one.
    """
    git = which("git")
    if git is None:
        raise NoGit
    rmtree(folder, ignore_errors=True)
    copytree(SOURCE, folder)
    for arguments in (["init", "-q"], ["add", "."], ["commit", "-q", "-m", "Sample"]):
        command = [git, *IDENTITY, *arguments]
        subprocess.run(command, cwd=folder, check=True, env=GIT_ENV, timeout=GIT_SECONDS)  # noqa: S603
    return folder


def write_private(path: Path, content: bytes) -> None:
    """Write a file that only its owner can read; it is there whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    begun = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    begun.touch(mode=0o600, exist_ok=False)
    begun.write_bytes(content)
    begun.rename(path)
