"""What Dockerfile, compose.yaml and the manifests say, read as the tools that run them would."""

import re
import subprocess
from pathlib import Path

import yaml

ROOT = Path(__file__).parent.parent.parent
DEPLOY = ROOT / "deploy"
IMAGE = re.compile(r"^rollway(:|$)")


def variables(file):
    """Return what a file of variables holds."""
    lines = file.read_text().splitlines()
    return dict(line.split("=", 1) for line in lines if line and not line.startswith("#"))


def make_secrets(folder, *more):
    """Make the files of secrets in *folder*, as the page of containers says."""
    command = ["sh", str(DEPLOY / "secrets.sh"), str(folder), *more]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=30)


def image_environment():
    """Return the variables that the image sets."""
    text = (ROOT / "Dockerfile").read_text().replace("\\\n", " ")
    lines = re.findall(r"^ENV (.+)$", text, re.MULTILINE)
    return dict(pair.split("=", 1) for line in lines for pair in line.split())


class Compose:
    """compose.yaml with its defaults and the files of variables that lie in *secrets*."""

    def __init__(self, secrets):
        text = re.sub(r"\$\{\w+:-([^}]*)\}", r"\1", (ROOT / "compose.yaml").read_text())
        self.document = yaml.safe_load(text)
        self.services = self.document["services"]
        self.secrets = secrets

    @property
    def ours(self):
        """The services that run this project's image, by name."""
        return {name: each for name, each in self.services.items() if IMAGE.match(each["image"])}

    def environment(self, name):
        """Return all variables of a service, those of the image among them."""
        service = self.services[name]
        found = image_environment() if name in self.ours else {}
        for file in service.get("env_file", ()):
            found |= variables(self.secrets / Path(file).name)
        return found | service.get("environment", {})


def manifests():
    """Return the objects of deploy/kubernetes, and its kustomization."""
    found = [
        each
        for file in sorted((DEPLOY / "kubernetes").glob("*.yaml"))
        for each in yaml.safe_load_all(file.read_text())
    ]
    (chosen,) = [each for each in found if each["kind"] == "Kustomization"]
    return [each for each in found if each is not chosen], chosen


def seconds(text):
    """Return a duration as compose writes it."""
    number, unit = re.fullmatch(r"(\d+)(s|m)", text).groups()
    return int(number) * {"s": 1, "m": 60}[unit]
