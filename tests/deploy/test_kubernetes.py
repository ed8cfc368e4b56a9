"""The manifests: valid by Kubernetes' own schemas, and about things that exist."""

import re

import kubernetes_validate
import pytest

from rollway.arguments import parser
from rollway.listen import SHUTDOWN_SECONDS
from rollway.settings import SERVE, load
from tests.deploy.installation import DEPLOY, image_environment, make_secrets, manifests, variables

OBJECTS, CHOSEN = manifests()
VERSION = "1.37"
DATABASE = "postgres://rollway:hush@db.example.com/rollway"
WORKLOADS = [each for each in OBJECTS if "template" in each.get("spec", ())]


def named(kind, name):
    """Return the object of a kind and a name."""
    (found,) = [
        each for each in OBJECTS if (each["kind"], each["metadata"]["name"]) == (kind, name)
    ]
    return found


def pod_of(workload):
    return workload["spec"]["template"]["spec"]


def containers():
    """Yield the containers of all pods, with their pod."""
    for workload in WORKLOADS:
        pod = pod_of(workload)
        for each in (*pod.get("initContainers", ()), *pod["containers"]):
            yield pod, each


@pytest.fixture
def secrets(tmp_path):
    """Return the generated secrets, by name."""
    assert make_secrets(tmp_path, DATABASE).returncode == 0
    return {
        each["name"]: {
            key: value for file in each["envs"] for key, value in variables(tmp_path / file).items()
        }
        for each in CHOSEN["secretGenerator"]
    }


@pytest.mark.parametrize(
    "each", OBJECTS, ids=lambda each: f"{each['kind']}-{each['metadata']['name']}"
)
def test_an_object_is_valid(each):
    """Fields that the schema does not know are refused too."""
    kubernetes_validate.validate(each, VERSION, strict=True)


def test_all_files_are_chosen():
    """Kustomize applies each of them."""
    files = {file.name for file in (DEPLOY / "kubernetes").glob("*.yaml")} - {"kustomization.yaml"}

    assert set(CHOSEN["resources"]) == files


def test_commands_and_settings_exist(secrets):
    """Every container parses its arguments, and its variables are settings that fit."""
    for _, container in containers():
        assert container["image"] == CHOSEN["images"][0]["name"]
        parser().parse_args(container["args"])
        environment = image_environment()
        for source in container["envFrom"]:
            ((kind, reference),) = source.items()
            known = secrets if kind == "secretRef" else None
            name = reference["name"]
            environment |= known[name] if known else named("ConfigMap", name)["data"]
        for given in container.get("env", ()):
            if given["name"].startswith("ROLLWAY_"):
                environment[given["name"]] = given["value"]
        load(SERVE, {}, environment)


def test_the_worker_itself_has_no_database_and_no_keys(secrets):
    """Only the container before it, which ends."""
    pod = pod_of(named("StatefulSet", "rollway-worker"))
    (invite,), (worker,) = pod["initContainers"], pod["containers"]

    def sources(container):
        return {reference["name"] for each in container["envFrom"] for reference in each.values()}

    assert "rollway-server" in sources(invite)
    assert "ROLLWAY_MASTER_KEY" in secrets["rollway-server"]
    assert sources(worker) == {"rollway-worker", "rollway-metrics"}


def test_pods_may_end_in_peace():
    """A worker has longer than its drain, a server longer than its last answers."""
    worker, server = (
        pod_of(named(*each))
        for each in (("StatefulSet", "rollway-worker"), ("Deployment", "rollway-server"))
    )
    drain = float(named("ConfigMap", "rollway-worker")["data"]["ROLLWAY_DRAIN_SECONDS"])
    sleeps = float(server["containers"][0]["lifecycle"]["preStop"]["exec"]["command"][1])

    assert worker["terminationGracePeriodSeconds"] >= drain + 30
    assert server["terminationGracePeriodSeconds"] > sleeps + SHUTDOWN_SECONDS


def test_ports_and_paths_exist():
    """Probes ask a port that is open for a page that is there; services lead to such ports."""
    open_ports = {
        port["name"]: port["containerPort"]
        for _, each in containers()
        for port in each.get("ports", ())
    }
    worker = named("ConfigMap", "rollway-worker")["data"]["ROLLWAY_WORKER_METRICS"]

    assert open_ports == {
        "http": int(image_environment()["ROLLWAY_PORT"]),
        "metrics": int(worker.rpartition(":")[2]),
    }
    for _, each in containers():
        for name, probe in each.items():
            if name.endswith("Probe"):
                assert probe["httpGet"]["port"] in {port["name"] for port in each["ports"]}
                assert probe["httpGet"]["path"] in {"/healthz", "/readyz"}
    for service in (each for each in OBJECTS if each["kind"] == "Service"):
        assert {port["targetPort"] for port in service["spec"]["ports"]} <= set(open_ports)


def test_labels_and_volumes_fit():
    """A selector that selects nothing, and a mount of nothing, are valid and useless."""
    labels = [each["spec"]["template"]["metadata"]["labels"] for each in WORKLOADS]
    selectors = [
        *(each["spec"]["selector"] for each in OBJECTS if each["kind"] == "Service"),
        *(
            each["spec"]["podSelector"]["matchLabels"]
            for each in OBJECTS
            if each["kind"] == "NetworkPolicy"
        ),
        *(
            each["spec"]["selector"]["matchLabels"]
            for each in OBJECTS
            if each["kind"] in {"Deployment", "StatefulSet", "PodDisruptionBudget"}
        ),
    ]
    for selector in selectors:
        assert any(selector.items() <= each.items() for each in labels), selector
    for workload in WORKLOADS:
        claimed = workload["spec"].get("volumeClaimTemplates", ())
        volumes = {each["name"] for each in pod_of(workload)["volumes"]}
        volumes |= {each["metadata"]["name"] for each in claimed}
        for each in pod_of(workload)["volumes"]:
            if "persistentVolumeClaim" in each:
                assert named("PersistentVolumeClaim", each["persistentVolumeClaim"]["claimName"])
        for pod, each in containers():
            if pod is pod_of(workload):
                assert {mount["name"] for mount in each["volumeMounts"]} <= volumes


def test_nothing_runs_as_root_or_gets_more_rights():
    """As the namespace's pod security standard, restricted, asks for."""
    dockerfile = (DEPLOY.parent / "Dockerfile").read_text()
    number = int(re.search(r"^USER (\d+)", dockerfile, re.MULTILINE)[1])
    for pod, each in containers():
        assert pod["securityContext"]["runAsUser"] == number
        assert pod["securityContext"]["runAsNonRoot"] is True
        assert pod["securityContext"]["seccompProfile"]["type"] == "RuntimeDefault"
        assert each["securityContext"]["allowPrivilegeEscalation"] is False
        assert each["securityContext"]["capabilities"]["drop"] == ["ALL"]
