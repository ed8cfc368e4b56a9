"""compose.yaml and the image: valid, and about commands, settings, ports and paths that exist."""

import json
import re
import shutil
import subprocess
import tomllib

import pytest
from compose_spec import PyCompose

from rollway.arguments import parser
from rollway.listen import SHUTDOWN_SECONDS
from rollway.settings import SERVE, load
from tests.deploy.installation import ROOT, Compose, image_environment, make_secrets, seconds

SECRET = {"ROLLWAY_DATABASE_URL", "ROLLWAY_MASTER_KEY"}
DOCKERFILE = (ROOT / "Dockerfile").read_text()


@pytest.fixture
def compose(tmp_path):
    """Return compose.yaml with secrets made for it."""
    assert make_secrets(tmp_path).returncode == 0
    return Compose(tmp_path)


def test_the_file_is_valid(compose):
    """By the published specification; what it names is declared."""
    parsed = PyCompose.from_json(json.dumps(compose.document))

    assert set(parsed.service_names()) == set(compose.services)
    for service in compose.services.values():
        assert set(service["networks"]) <= set(compose.document["networks"])
        assert set(service.get("depends_on", ())) <= set(compose.services)
        for volume in service.get("volumes", ()):
            source = volume.split(":")[0]
            assert source in compose.document["volumes"] or (ROOT / source).is_file(), source
    compose.services["migrate"]["stop_grace_period"] = "soon"
    with pytest.raises(ValueError, match="soon"):
        PyCompose.from_json(json.dumps(compose.document))


def test_commands_and_settings_exist(compose):
    """Every service of ours parses its arguments, and its variables are settings that fit."""
    for name, service in compose.ours.items():
        parser().parse_args(service["command"])
        environment = compose.environment(name)
        settings = load(SERVE, {}, environment)
        assert settings.host == "0.0.0.0"
        assert str(settings.data) == "/data"


def test_a_worker_cannot_reach_the_database_nor_the_keys(compose):
    """Steps run there."""
    for name in ("worker-1", "worker-2"):
        assert not SECRET & set(compose.environment(name))
        assert not set(compose.services[name]["networks"]) & set(
            compose.services["postgres"]["networks"]
        )


def test_services_may_end_in_peace(compose):
    """A worker has longer than its drain, a server longer than its last answers."""
    for name, service in compose.ours.items():
        if service["command"] == ["worker"]:
            drain = float(compose.environment(name)["ROLLWAY_DRAIN_SECONDS"])
            assert seconds(service["stop_grace_period"]) >= drain + 30
        if service["command"] == ["serve"]:
            assert seconds(service["stop_grace_period"]) > SHUTDOWN_SECONDS


def test_callers_are_believed_from_the_balancer_alone(compose):
    """Its network is that of the trusted addresses, and workers are not in it."""
    front = compose.document["networks"]["front"]["ipam"]["config"][0]["subnet"]
    inside = {name for name, each in compose.services.items() if "front" in each["networks"]}

    assert compose.environment("server-1")["ROLLWAY_TRUSTED_PROXIES"] == front
    assert inside == {"balancer", "server-1", "server-2"}


def test_secrets_are_made_once(tmp_path):
    """For their owner alone, and never over those that have sealed something."""
    made = make_secrets(tmp_path)
    before = {file.name: file.read_text() for file in tmp_path.iterdir()}
    again = make_secrets(tmp_path)

    assert (made.returncode, again.returncode) == (0, 1)
    assert "already" in again.stderr
    assert {file.name: file.read_text() for file in tmp_path.iterdir()} == before
    assert set(before) == {"server.env", "metrics.env", "postgres.env"}
    assert not [file for file in tmp_path.iterdir() if file.stat().st_mode & 0o77]


def test_the_image_is_small_and_safe():
    """A pinned base, no registry, not root, only what it is built from."""
    bases = re.findall(r"^FROM (\S+)", DOCKERFILE, re.MULTILINE)
    packages = tomllib.loads((ROOT / "pyproject.toml").read_text())
    rooms = packages["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"]
    taken = {
        line[1:] for line in (ROOT / ".dockerignore").read_text().splitlines() if line[0] == "!"
    }

    assert all(re.fullmatch(r"python:\d+\.\d+\.\d+-slim-\w+", base) for base in bases)
    assert "index" not in DOCKERFILE
    assert re.search(r"^USER ([1-9]\d*):\1$", DOCKERFILE, re.MULTILINE)
    assert f"EXPOSE {image_environment()['ROLLWAY_PORT']}" in DOCKERFILE
    assert f"127.0.0.1:{image_environment()['ROLLWAY_PORT']}/healthz" in DOCKERFILE
    assert taken == {*rooms, "requirements", "README.md", "pyproject.toml"}


def test_the_balancer_knows_the_servers(compose, tmp_path):
    """And HAProxy reads its configuration, where it is installed."""
    text = (ROOT / "deploy" / "compose" / "haproxy.cfg").read_text()
    servers = {name for name, each in compose.ours.items() if each["command"] == ["serve"]}
    port = image_environment()["ROLLWAY_PORT"]

    assert set(re.findall(r"^ +server (\S+) \1:(\d+)$", text, re.MULTILINE)) == {
        (name, port) for name in servers
    }
    if haproxy := shutil.which("haproxy"):
        local = tmp_path / "haproxy.cfg"
        local.write_text(re.sub(r"\bserver-\d:8000", "127.0.0.1:8000", text))
        done = subprocess.run(
            [haproxy, "-c", "-f", local], capture_output=True, text=True, check=False, timeout=30
        )
        assert done.returncode == 0, done.stderr
