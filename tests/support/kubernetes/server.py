"""A Kubernetes API server with its store, on this machine and for the tests alone."""

import json
import secrets
import ssl
import subprocess
import time
from base64 import b64encode
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from stepwell.runtime.disposable import free_ports
from tests.support.kubernetes.programs import Programs

Object = dict[str, Any]
WITHIN_SECONDS = 60.0


@dataclass
class Answer:
    """What the server said to one object."""

    status: int
    body: Object
    warnings: list[str] = field(default_factory=list)

    @property
    def reason(self) -> str:
        """Why it was refused."""
        return str(self.body.get("message", ""))


class Client:
    """Applies objects as `kubectl apply --server-side --validate=strict` does."""

    def __init__(self, http: httpx.Client) -> None:
        self.http = http
        self._places: dict[tuple[str, str], tuple[str, bool]] = {}

    def apply(self, given: Object) -> Answer:
        """Make the object as given; it may be there already. Unknown fields are refused."""
        address, name = self._address(given), given["metadata"]["name"]
        return self._told(
            self.http.patch(
                f"{address}/{name}",
                params={"fieldManager": "stepwell", "fieldValidation": "Strict"},
                headers={"Content-Type": "application/apply-patch+yaml"},
                json=given,
            )
        )

    def try_out(self, given: Object) -> Answer:
        """Create the object and keep nothing of it."""
        query = {"dryRun": "All", "fieldValidation": "Strict"}
        return self._told(self.http.post(self._address(given), params=query, json=given))

    def get(self, path: str) -> Any:
        return self.http.get(path).raise_for_status().json()

    def _told(self, answer: httpx.Response) -> Answer:
        return Answer(answer.status_code, answer.json(), answer.headers.get_list("warning"))

    def _address(self, given: Object) -> str:
        group, kind = given["apiVersion"], given["kind"]
        base = f"/apis/{group}" if "/" in group else f"/api/{group}"
        if (group, kind) not in self._places:
            for one in self.get(base)["resources"]:
                if "/" not in one["name"]:
                    self._places[group, one["kind"]] = one["name"], one["namespaced"]
        plural, namespaced = self._places[group, kind]
        space = f"/namespaces/{given['metadata']['namespace']}" if namespaced else ""
        return f"{base}{space}/{plural}"


@contextmanager
def running(programs: Programs, folder: Path) -> Iterator[Client]:
    """An API server that keeps its things in `folder`."""
    store, peers, port = free_ports(3)
    token = secrets.token_urlsafe(24)
    (folder / "tokens.csv").write_text(f'{token},tests,tests,"system:masters"\n')
    _write_key(folder / "accounts.pem")
    etcd = [
        programs.etcd,
        f"--data-dir={folder / 'etcd'}",
        f"--listen-client-urls=http://127.0.0.1:{store}",
        f"--advertise-client-urls=http://127.0.0.1:{store}",
        f"--listen-peer-urls=http://127.0.0.1:{peers}",
        "--unsafe-no-fsync",
    ]
    apiserver = [
        programs.apiserver,
        f"--etcd-servers=http://127.0.0.1:{store}",
        "--bind-address=127.0.0.1",
        f"--secure-port={port}",
        f"--cert-dir={folder / 'certificates'}",
        f"--token-auth-file={folder / 'tokens.csv'}",
        "--authorization-mode=RBAC",
        "--service-account-issuer=https://kubernetes.default.svc",
        f"--service-account-key-file={folder / 'accounts.pem'}",
        f"--service-account-signing-key-file={folder / 'accounts.pem'}",
        "--service-cluster-ip-range=10.96.0.0/16",
        "--endpoint-reconciler-type=none",
    ]
    with process(etcd, folder / "etcd.log"), process(apiserver, folder / "server.log") as server:
        certificate = folder / "certificates" / "apiserver.crt"
        _until(certificate.exists, server, folder / "server.log")
        with httpx.Client(
            base_url=f"https://127.0.0.1:{port}",
            headers={"Authorization": f"Bearer {token}"},
            verify=ssl.create_default_context(cafile=certificate),
            timeout=30,
        ) as http:
            _until(lambda: _ready(http), server, folder / "server.log")
            _write_access(folder, http, token)
            yield Client(http)


def define(client: Client, definitions: list[Object]) -> None:
    """Install definitions, and wait until the server serves what they define."""
    for definition in definitions:
        answer = client.apply(definition)
        assert answer.status in (200, 201), answer.reason
    deadline = time.monotonic() + WITHIN_SECONDS
    for definition in definitions:
        while not _served(client, definition):
            assert time.monotonic() < deadline, f"{definition['metadata']['name']} is not served"
            time.sleep(0.05)


def _served(client: Client, definition: Object) -> bool:
    name, group = definition["metadata"]["name"], definition["spec"]["group"]
    found = client.get(f"/apis/apiextensions.k8s.io/v1/customresourcedefinitions/{name}")
    conditions = found["status"].get("conditions") or []
    if ("Established", "True") not in [(one["type"], one["status"]) for one in conditions]:
        return False
    versions = [one["name"] for one in definition["spec"]["versions"] if one["served"]]
    listed = [client.http.get(f"/apis/{group}/{version}").json() for version in versions]
    kind = definition["spec"]["names"]["kind"]
    return all(kind in [one["kind"] for one in told.get("resources", [])] for told in listed)


def _ready(http: httpx.Client) -> bool:
    try:
        return http.get("/readyz").status_code == 200
    except httpx.TransportError:
        return False


def _until(true: Callable[[], bool], process: "subprocess.Popen[bytes]", log: Path) -> None:
    deadline = time.monotonic() + WITHIN_SECONDS
    while not true():
        told = f"the API server is not ready: {log.read_text()[-3000:]}"
        assert process.poll() is None, told
        assert time.monotonic() < deadline, told
        time.sleep(0.05)


@contextmanager
def process(command: list[str | Path], log: Path) -> Iterator["subprocess.Popen[bytes]"]:
    with log.open("wb") as out:
        process = subprocess.Popen(list(map(str, command)), stdout=out, stderr=out)
    try:
        yield process
    finally:
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait(10)


def _write_access(folder: Path, http: httpx.Client, token: str) -> None:
    """How another program reaches the server: a `kubeconfig`."""
    authority = b64encode((folder / "certificates" / "apiserver.crt").read_bytes()).decode()
    address = {"server": str(http.base_url), "certificate-authority-data": authority}
    told = {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": "tests",
        "clusters": [{"name": "tests", "cluster": address}],
        "users": [{"name": "tests", "user": {"token": token}}],
        "contexts": [{"name": "tests", "context": {"cluster": "tests", "user": "tests"}}],
    }
    (folder / "kubeconfig").write_text(json.dumps(told))


def _write_key(path: Path) -> None:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    path.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
