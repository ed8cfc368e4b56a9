"""A played Git hosting service, in this process or in its own, and the account that opens it."""

import asyncio
import re
import subprocess
import sysconfig
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path

from control.deploys import Deploys
from control.integrations import Integrations
from db.models import Application, Org
from db.sealed import TEAM_ACCOUNTS
from providers import Provider
from providers.repository import Policy
from rollway.forge import TOKEN, Forge, State
from tests.providers.conftest import serving

HOSTED = [each for each in Provider if each is not Provider.GIT]
PROGRAM = Path(sysconfig.get_path("scripts")) / "rollway"
OWNERS = {Provider.GITLAB: "acme/web", Provider.CODEUP: "5f0c/web"}
HTTPS = Policy()
AUTHOR = ("-c", "user.name=Ada", "-c", "user.email=ada@acme.example")


@dataclass
class Hosted:
    """A repository with a checkout; *state* is what the service remembers."""

    provider: Provider
    state: State
    clone_url: str
    bare: Path
    work: Path

    def git(self, *arguments):
        """Run git in the checkout; return what it prints."""
        command = ["git", *AUTHOR, *arguments]
        done = subprocess.run(command, cwd=self.work, check=True, capture_output=True, text=True)
        return done.stdout.strip()

    def commit(self, message="one", **files):
        """Commit files and bring all branches and tags to the service; return the commit."""
        for name, text in files.items():
            (self.work / name).write_text(text)
        self.git("add", "--all")
        self.git("commit", "--quiet", "--allow-empty", "--message", message)
        self.bring()
        return self.git("rev-parse", "HEAD")

    def bring(self):
        """Make the service's branches and tags those of the checkout."""
        self.git("push", "--quiet", "--mirror", str(self.bare))

    async def connect(self, application, vault=None):
        """Make it the application's repository; with *vault*, link an account that opens it."""
        values = {"provider": self.provider.value, "repo_url": self.clone_url}
        await Application.filter(id=application.id).update(**values)
        found = await Application.get(id=application.id).select_related("owner_org")
        if vault is not None:
            await self.link(found.owner_org, vault)
            found = await Application.get(id=application.id).select_related("owner_org")
        return found

    async def link(self, owner, vault, token=TOKEN, url=None):
        """Link an account to the team of *owner*; *url* may be where no service is."""
        await link(owner, vault, self.provider, url or self.state.url, token)


async def link(owner, vault, provider, url, token=TOKEN):
    """Link an account at a played service to the team of *owner*, beside what is linked."""
    place, name = TEAM_ACCOUNTS.place(owner.name), f"{provider.value}.access_token"
    sealed = vault.seal(token, place=place, name=name, version=1)
    account = {"access_token": sealed, "owner": "ada", "url": url}
    linked = (await Org.get(id=owner.id)).third_part or {}
    await Org.filter(id=owner.id).update(third_part={**linked, provider.value: account})


async def _unrenewed(*_):
    raise AssertionError("the tokens of these tests do not end")


def asking(vault, policy):
    """Return what asks services in the names of teams."""
    return Integrations(vault, policy, _unrenewed)


def deploying(queue, vault, policy=HTTPS):
    """Return what dispatches."""
    return Deploys(queue, vault, policy, asking(vault, policy))


@asynccontextmanager
async def hosting(provider, folder, wrap=lambda app: app):
    """Play a service with an empty repository; *wrap* may stand before it."""
    owner, work = OWNERS.get(provider, "acme"), folder / "work"
    bare = folder / "forge" / owner / "shop.git"
    work.mkdir(parents=True)
    for each in (["--bare", bare], [work]):
        command = ["git", "init", "--quiet", "--initial-branch=main", *map(str, each)]
        await asyncio.to_thread(subprocess.run, command, check=True)
    state = State(folder / "forge", "")
    async with serving(wrap(Forge(provider.value, state).app())) as url:
        state.url = url
        yield Hosted(provider, state, f"{url}/{owner}/shop.git", bare, work)


def bare(folder, *names):
    """Make empty repositories of acme in *folder*; return it."""
    command = ["git", "init", "--quiet", "--bare", "--initial-branch=main"]
    for name in names:
        subprocess.run([*command, folder / "acme" / f"{name}.git"], check=True)
    return folder


@contextmanager
def played(provider, folder, token=TOKEN, port=0):
    """Have `rollway forge` play a service on *folder*; yields its address and its API's."""
    command = [PROGRAM, "forge", "--provider", provider, "--folder", folder]
    command += ["--port", str(port), "--token", token]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            url, api = re.findall(r"http://[\d.:]+[\w/]*", process.stdout.readline())
            yield url, api
        finally:
            process.terminate()
