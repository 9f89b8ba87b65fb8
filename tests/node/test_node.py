"""The pods of `deploy/k8s` on a real node: let in, scheduled, started, ready, replaced when killed.

Brokers and databases, which operators would make, are real servers on this machine, reached over
TLS by the names that operators would give them.
"""

import asyncio
import copy
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import httpx
import pytest
from kafka.admin import ScramMechanism, UserScramCredentialUpsertion

from shared.settings import SERVICES
from stepwell.runtime import roles
from stepwell.runtime.disposable import Stack
from stepwell.runtime.topics import create_topics, with_client
from tests.support.compose_engine import BASE, Engine, require_tools
from tests.support.debian import refusal_of
from tests.support.encrypted import Certificates, EncryptedKafka, postgres_over_tls
from tests.support.kubernetes.node import (
    ADDRESS,
    NAMESPACE,
    PACKAGES,
    PAUSE,
    SOCKET,
    joined,
    load,
    names,
    until,
)
from tests.support.kubernetes.programs import OF_A_NODE, programs
from tests.support.kubernetes.rendered import Object, name_of, objects, of_kind
from tests.support.kubernetes.server import Client, running

BROKER = "stepwell-kafka-bootstrap"
DATABASES = {service: f"{service}-database-rw" for service in SERVICES}
IMAGES = ("stepwell", *(f"stepwell-{service}" for service in SERVICES), "stepwell-portal")
WORD = "correct-horse"
NATIVE = ("v1", "apps/v1", "batch/v1", "policy/v1", "autoscaling/v2", "networking.k8s.io/v1")
PODS = f"/api/v1/namespaces/{NAMESPACE}/pods"


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Client]:
    """An API server with one node that has the images."""
    require_tools()
    if (reason := refusal_of(PACKAGES)) is not None:
        pytest.skip(reason)
    folder = tmp_path_factory.mktemp("node")
    server, node = programs(), programs(OF_A_NODE)
    with running(server, folder) as client, joined(node, folder, client):
        engine = Engine.in_cache()
        with engine.alone():
            engine.make()
            _load_images(engine, folder)
        yield client


def _load_images(engine: Engine, folder: Path) -> None:
    (folder / "Containerfile").write_text(
        f'FROM {BASE}\nENTRYPOINT ["/bin/sh", "-c", "trap exit TERM; sleep infinity & wait"]\n'
    )
    engine.run("buildah", "build", "--quiet", f"--tag={PAUSE}", folder)
    archive = folder / "image.tar"
    for made, known in [(PAUSE, PAUSE)] + [
        (f"localhost/{name}", f"docker.io/library/{name}:0.1.0") for name in IMAGES
    ]:
        engine.run("podman", "tag", made, known)
        engine.run("podman", "save", "--output", archive, known)
        load(archive)
        archive.unlink()


@pytest.fixture(scope="module")
def told(
    stack: Stack, cluster: Client, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Client]:
    """The cluster with all that the small overlay makes, beside brokers and databases."""
    made = Certificates.make(tmp_path_factory.mktemp("certificates"), BROKER, *DATABASES.values())
    kafka = EncryptedKafka.at(
        stack, tmp_path_factory.mktemp("kafka"), made, name=BROKER, address=ADDRESS
    )
    kafka.start()
    _let_in(replace(stack, kafka=kafka))
    with postgres_over_tls(stack, made, ADDRESS) as postgres:
        _make_databases(postgres.url(mode="require", host=ADDRESS))
        apply(cluster, *of_kind("small", "Namespace"))
        apply(cluster, *secrets(Path(made.authority).read_text(), stack.kafka_passwords))
        for name in DATABASES.values():
            apply(cluster, *outside(name, {5432: postgres.port}))
        apply(cluster, *outside(BROKER, {9093: kafka.encrypted, kafka.encrypted: kafka.encrypted}))
        apply(cluster, *of_kind("small", "Service"))
        with names(addresses(cluster)):
            for stage in ("data", "migrations", "services"):
                apply(cluster, *natives(stage))
                if stage == "migrations":
                    until(lambda: not unfinished(cluster), lambda: states(cluster))
            yield cluster
    kafka.stop()


def apply(cluster: Client, *given: Object) -> None:
    for one in given:
        answer = cluster.apply(one)
        assert answer.status in (200, 201), answer.reason


def natives(stage: str) -> Iterator[Object]:
    """What Kubernetes itself knows; pods ask for less, as this node is smaller than any other."""
    for one in objects("small"):
        if one["apiVersion"] in NATIVE and one["metadata"]["labels"].get("stage") == stage:
            made = copy.deepcopy(one)
            if "template" in made.get("spec", {}):
                for container in made["spec"]["template"]["spec"]["containers"]:
                    container["resources"]["requests"]["cpu"] = "20m"
            yield made


def secrets(authority: str, kafka: dict[str, str]) -> Iterator[Object]:
    """What operators and the store of secrets would have made."""

    def secret(name: str, **data: str) -> Object:
        about = {"name": name, "namespace": NAMESPACE}
        return {"apiVersion": "v1", "kind": "Secret", "metadata": about, "stringData": data}

    yield secret("stepwell-cluster-ca-cert", **{"ca.crt": authority})
    yield secret("notifications-mail", username="stepwell", password=WORD)
    for service in SERVICES:
        yield secret(service, password=kafka[service])
        yield secret(f"{service}-database-ca", **{"ca.crt": authority})
    for one in of_kind("small", "ExternalSecret"):
        template = one["spec"]["target"].get("template")
        if template:
            data = {k: v.replace("{{ .value }}", WORD) for k, v in template["data"].items()}
            yield secret(name_of(one), **data)


def outside(name: str, ports: dict[int, int]) -> tuple[Object, Object]:
    """A service whose server is on this machine."""
    about = {"name": name, "namespace": NAMESPACE}
    listed = [{"name": f"p{port}", "port": port, "targetPort": to} for port, to in ports.items()]
    service = {"apiVersion": "v1", "kind": "Service", "metadata": about, "spec": {"ports": listed}}
    ends = {
        "apiVersion": "discovery.k8s.io/v1",
        "kind": "EndpointSlice",
        "metadata": about | {"labels": {"kubernetes.io/service-name": name}},
        "addressType": "IPv4",
        "ports": [{"name": f"p{port}", "port": to} for port, to in ports.items()],
        "endpoints": [{"addresses": [ADDRESS]}],
    }
    return service, ends


def addresses(cluster: Client) -> dict[str, str]:
    """Of each service, where the proxy takes calls for it."""
    found = cluster.get(f"/api/v1/namespaces/{NAMESPACE}/services")["items"]
    known = {name_of(one): str(one["spec"]["clusterIP"]) for one in found}
    return {name: address for name, address in known.items() if address != "None"}


def unfinished(cluster: Client) -> list[str]:
    jobs = cluster.get(f"/apis/batch/v1/namespaces/{NAMESPACE}/jobs")["items"]
    assert len(jobs) == len(SERVICES)
    return [name_of(one) for one in jobs if not one["status"].get("succeeded")]


def states(cluster: Client) -> str:
    """Of each pod, its phase and the end of what it said."""
    return "\n".join(
        f"{name_of(one)}: {one['status'].get('phase')}\n{said(name_of(one))}"
        for one in cluster.get(PODS)["items"]
    )


def said(pod: str) -> str:
    logs = sorted(Path("/var/log/pods").glob(f"{NAMESPACE}_{pod}_*/*/*.log"))
    return logs[-1].read_text()[-500:] if logs else ""


def not_ready(cluster: Client) -> list[str]:
    """Deployments and stateful sets that lack a pod."""
    lacking = []
    for kind in ("deployments", "statefulsets"):
        for one in cluster.get(f"/apis/apps/v1/namespaces/{NAMESPACE}/{kind}")["items"]:
            if one["status"].get("readyReplicas", 0) < one["spec"]["replicas"]:
                lacking.append(name_of(one))
    return lacking


def _let_in(stack: Stack) -> None:
    """Topics, access lists, and the services' credentials by SCRAM."""
    create_topics(stack.broker)
    known = [
        UserScramCredentialUpsertion(
            service,
            ScramMechanism.SCRAM_SHA_512,
            stack.kafka_passwords[service].encode(),
            4096,
        )
        for service in SERVICES
    ]
    with_client(stack.broker, lambda client: client.alter_user_scram_credentials(known))


def _make_databases(admin: str) -> None:
    async def make() -> None:
        await roles.create_roles(admin, dict.fromkeys(roles.ROLE_NAMES, WORD))
        for service in SERVICES:
            await roles.create_database(admin, service)

    asyncio.run(make())


def test_the_databases_are_migrated_and_every_pod_gets_ready(told: Client) -> None:
    until(lambda: not not_ready(told), lambda: states(told))
    assert len(told.get(PODS)["items"]) == 14


def test_a_service_answers_at_its_address(told: Client) -> None:
    known = addresses(told)
    for service in SERVICES:
        answer = httpx.get(f"http://{known[f'{service}-api']}:8000/health/ready", timeout=10)
        assert answer.status_code == 200, answer.text


def test_a_killed_worker_is_started_again(told: Client) -> None:
    def worker() -> Object:
        chosen = "app.kubernetes.io/name=intake,app.kubernetes.io/component=worker"
        found = told.get(f"{PODS}?labelSelector={chosen}")
        return found["items"][0]["status"]["containerStatuses"][0]

    before = worker()
    container = before["containerID"].removeprefix("containerd://")
    at = ["ctr", f"--address={SOCKET}", "--namespace=k8s.io"]
    subprocess.run([*at, "tasks", "kill", "--signal=SIGKILL", container], check=True)
    count = before["restartCount"]
    until(lambda: worker()["restartCount"] > count and worker()["ready"], lambda: states(told))
