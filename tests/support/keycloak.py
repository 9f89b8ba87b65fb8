"""The real Keycloak on loopback, with the realm of `deploy/keycloak`, for tests."""

import os
import subprocess
import sys
import urllib.request
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from shutil import copy
from typing import Any
from uuid import uuid4

import httpx

from shared.settings import SERVICES
from stepwell.keycloak import realm
from stepwell.keycloak.admin import Admin
from stepwell.runtime import jars
from stepwell.runtime.disposable import free_ports
from stepwell.runtime.processes import Processes, inherited
from stepwell.runtime.state import PROJECT
from tests.support.identity import PORTAL

ADMIN = "stepwell-operator"
PASSWORD = "correct horse battery"
WITHIN_SECONDS = 240.0


@dataclass
class Keycloak:
    """A Keycloak that has just read the realm's file into its empty store."""

    folder: Path
    port: int
    secret: str
    processes: Processes
    admin: Admin
    _numbers: "count[int]" = field(default_factory=count)

    @classmethod
    def start(cls, folder: Path) -> "Keycloak":
        """Start it and wait until it is ready."""
        (archive,) = jars.keycloak().ensure().glob("*.zip")
        with zipfile.ZipFile(archive) as content:
            content.extractall(folder)
        (home,) = folder.glob("keycloak-*")
        (home / "data" / "import").mkdir(parents=True)
        copy(realm.FILE, home / "data" / "import")
        port, management = free_ports(2)
        secret = uuid4().hex
        processes = Processes(folder / "processes.json", folder / "logs")
        admin = Admin(f"http://127.0.0.1:{port}", "stepwell", ADMIN, secret)
        started = cls(folder, port, secret, processes, admin)
        child = processes.start(
            "keycloak",
            [
                *("sh", home / "bin" / "kc.sh", "start-dev", "--import-realm"),
                *("--http-host=127.0.0.1", f"--http-port={port}"),
                *(f"--hostname=http://localhost:{port}", "--hostname-backchannel-dynamic=true"),
                *("--health-enabled=true", f"--http-management-port={management}"),
            ],
            environment=inherited(
                JAVA=str(jars.java()),
                JAVA_OPTS_APPEND="-XX:TieredStopAtLevel=1",
                KC_BOOTSTRAP_ADMIN_CLIENT_ID=ADMIN,
                KC_BOOTSTRAP_ADMIN_CLIENT_SECRET=secret,
                STEPWELL_PORTAL_URL=PORTAL.url,
                **jars.LOCALE,
            ),
        )
        try:
            ready = f"http://127.0.0.1:{management}/health/ready"
            processes.wait(child, lambda: _answers(ready), WITHIN_SECONDS)
        except BaseException:
            processes.kill_all()
            raise
        return started

    @property
    def url(self) -> str:
        """The issuer, at the address that browsers know it by."""
        return f"http://localhost:{self.port}/realms/stepwell"

    @property
    def discovery(self) -> str:
        """The discovery document, at an address that only this machine's services use."""
        return f"http://127.0.0.1:{self.port}/realms/stepwell/.well-known/openid-configuration"

    def apply(self) -> str:
        """What `stepwell identity apply` prints."""
        secrets = self.folder / "secrets"
        secrets.mkdir(exist_ok=True)
        for service in SERVICES:
            (secrets / f"client_secret_{service}").write_text(f"secret-of-{service}\n")
        (secrets / "keycloak_admin").write_text(self.secret)
        done = subprocess.run(
            [sys.executable, "-m", "stepwell.main", "identity", "apply", "--secrets", secrets],
            cwd=PROJECT,
            env={
                **os.environ,
                "KEYCLOAK_URL": f"http://127.0.0.1:{self.port}",
                "KEYCLOAK_ADMIN_SECRET_FILE": str(secrets / "keycloak_admin"),
                "STEPWELL_PORTAL_URL": PORTAL.url,
            },
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    async def person(self, role: str, sites: Sequence[str]) -> Mapping[str, str]:
        """A new person with a role at some sites; none of either when they are empty."""
        name = f"person-{next(self._numbers)}"
        self.admin.post(
            "/users",
            {
                "username": name,
                "enabled": True,
                "firstName": "Ana",
                "lastName": "Lima",
                "attributes": {"sites": list(sites)},
                "credentials": [{"type": "password", "value": PASSWORD, "temporary": False}],
            },
        )
        for one in role.split():
            self.give(name, one)
        return {"username": name, "password": PASSWORD}

    def give(self, name: str, role: str) -> None:
        """Give a person a role besides those they have."""
        (user,) = self.admin.get("/users", username=name, exact="true")
        roles = self.client(realm.AUDIENCE)["id"]
        found = self.admin.get(f"/clients/{roles}/roles/{role}")
        self.admin.post(f"/users/{user['id']}/role-mappings/clients/{roles}", [found])

    def by_secret(self, client: str, secret: str) -> str:
        """The access token of a client's own account."""
        answer = httpx.post(
            f"{self.url}/protocol/openid-connect/token",
            data={"grant_type": "client_credentials"},
            auth=(client, secret),
        )
        return str(answer.raise_for_status().json()["access_token"])

    def client(self, name: str) -> dict[str, Any]:
        """A client as Keycloak describes it."""
        (found,) = self.admin.get("/clients", clientId=name)
        return dict(found)

    def add_key(self, name: str, priority: int) -> None:
        """Make a signing key; the one of the highest priority signs."""
        self.admin.post(
            "/components",
            {
                "name": name,
                "providerId": "rsa-generated",
                "providerType": KEYS,
                "parentId": self.admin.find()["id"],
                "config": {
                    "priority": [str(priority)],
                    "enabled": ["true"],
                    "active": ["true"],
                    "algorithm": ["RS256"],
                },
            },
        )

    def key(self, name: str) -> dict[str, Any]:
        """The component of a key."""
        (found,) = self.admin.get("/components", type=KEYS, name=name)
        return dict(found)

    def make_passive(self, name: str) -> None:
        """Let a key sign no more, while what it signed is still good."""
        found = self.key(name)
        config = {**found["config"], "active": ["false"]}
        self.admin.put(f"/components/{found['id']}", {**found, "config": config})

    def remove_key(self, name: str) -> None:
        """Publish a key no more."""
        self.admin.delete(f"/components/{self.key(name)['id']}")


KEYS = "org.keycloak.keys.KeyProvider"


def _answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=2) as answer:
            return bool(answer.status == 200)
    except OSError:
        return False
