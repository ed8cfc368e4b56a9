"""The wheel holds all that is needed: it works far from the checkout, with its pins alone."""

import asyncio
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest

CHECKOUT = Path(__file__).parents[2]


def _do(*command, folder):
    """Run a command of the installation; what it printed is shown when it fails."""
    done = subprocess.run(
        [str(each) for each in command],
        cwd=folder,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=150,
        check=False,
    )
    assert done.returncode == 0, f"{command}:\n{done.stdout}\n{done.stderr}"
    return done.stdout


@pytest.fixture
def installed(tmp_path):
    """Build the wheel, install it with its pins into an empty environment; return its folder."""
    built = tmp_path / "built"
    hatchling = Path(sysconfig.get_path("scripts")) / "hatchling"
    _do(hatchling, "build", "--target", "wheel", "--directory", built, folder=CHECKOUT)
    (wheel,) = built.glob("rollway-*.whl")
    place = tmp_path / "installed"
    _do(sys.executable, "-I", "-m", "venv", place, folder=tmp_path)
    pip = [place / "bin" / "python", "-I", "-m", "pip", "--disable-pip-version-check", "install"]
    pins = CHECKOUT / "requirements" / "app.txt"
    _do(*pip, "--quiet", "--no-compile", "--require-hashes", "--requirement", pins, folder=tmp_path)
    _do(*pip, "--quiet", "--no-deps", "--no-index", wheel, folder=tmp_path)
    return place


@pytest.mark.slow
@pytest.mark.timeout(180)
async def test_wheel(tmp_path, installed, rollway_of, connect, member_of, repository, told):
    """Installed from the wheel, every command works and the sample and a deploy succeed.

    Nothing is imported from the checkout, and nothing is missing, the playground included.
    """
    away = tmp_path / "away"
    away.mkdir()
    server = rollway_of(str(installed / "bin" / "rollway"), away)

    where = "import rollway, schema, db; print(rollway.__file__, schema.__file__, db.__file__)"
    paths = _do(installed / "bin" / "python", "-I", "-c", where, folder=away).split()
    assert all(Path(path).is_relative_to(installed) for path in paths), paths

    done = await asyncio.to_thread(server.run, "schema")
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == (CHECKOUT / "schema.graphql").read_text().strip()
    data = str(server.data)
    done = await asyncio.to_thread(server.run, "migrate", "--data", data)
    assert done.returncode == 0, done.stderr
    done = await asyncio.to_thread(server.run, "check", "--data", data)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "up to date" in done.stdout

    await asyncio.to_thread(server.start)
    client = connect(server)
    for path in ("invitation", "static/invitation/invitation.js", "static/graphiql/playground.js"):
        assert (await client.http.get(f"{server.url}/{path}")).status_code == 200
    demo = server.demo
    answer = await client.done("signIn", "token", login=demo["login"], password=demo["password"])
    client.token = answer["token"]
    _, events = await client.run(demo["application"])
    assert events[-1]["status"] == "SUCCESS"
    member = await member_of(server)
    application = await member.create_application(repository("steps: [{run: echo hello}]").url)
    _, events = await member.run(application)
    assert events[-1]["status"] == "SUCCESS"
    assert told.text(events, 1) == "hello\n"
    page = await client.http.get(client.url, headers={"Accept": "text/html"})
    assert page.status_code == 200
    assert "playground" in page.text
