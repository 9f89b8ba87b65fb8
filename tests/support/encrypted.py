"""PostgreSQL and Kafka with TLS, whose certificates are of an authority that the test makes up."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from shared.settings import Settings
from stepwell.runtime.disposable import Stack, free_ports
from stepwell.runtime.kafka import Kafka
from stepwell.runtime.processes import STORES
from stepwell.runtime.state import write_private
from stepwell.runtime.unprivileged import database_user
from tests.support.certificates import certificate, pem
from tests.support.debian import refusal_of
from tests.support.spine import Spine

HOST = "localhost"
"""The only name in the certificates: 127.0.0.1 is a wrong one."""
NEEDS_TLS = "hostssl all all all scram-sha-256\n"


@dataclass(frozen=True)
class Certificates:
    """A server's certificate with its key, its authority, and an authority of somebody else."""

    own: str
    authority: str
    other: str

    @classmethod
    def make(cls, folder: Path, *names: str) -> "Certificates":
        """For servers of these names; of HOST alone when none are given."""
        authority = certificate("Example Authority", None)
        first, *others = names or (HOST,)
        return cls(
            pem(folder, *certificate(first, authority, *others)),
            pem(folder, authority[0]),
            pem(folder, certificate("Another Authority", None)[0]),
        )


class EncryptedKafka(Kafka):
    """A broker with one more listener, for SASL over TLS."""

    name = "encrypted-kafka"

    @classmethod
    def at(
        cls,
        stack: Stack,
        folder: Path,
        certificates: Certificates,
        *,
        name: str = HOST,
        address: str = "127.0.0.1",
    ) -> "EncryptedKafka":
        port, controller, encrypted = free_ports(3)
        inner = f"CLIENTS://127.0.0.1:{port}"
        words = " ".join(f'user_{name}="{word}"' for name, word in stack.kafka_passwords.items())
        login = f"org.apache.kafka.common.security.plain.PlainLoginModule required {words};"
        scram = "org.apache.kafka.common.security.scram.ScramLoginModule required;"
        own = "listener.name.encrypted"
        settings = {
            "listeners": f"{inner},CONTROLLER://127.0.0.1:{controller},"
            f"ENCRYPTED://{address}:{encrypted}",
            "advertised.listeners": f"{inner},ENCRYPTED://{name}:{encrypted}",
            "listener.security.protocol.map": "CLIENTS:SASL_PLAINTEXT,CONTROLLER:SASL_PLAINTEXT,"
            "ENCRYPTED:SASL_SSL",
            f"{own}.sasl.enabled.mechanisms": "PLAIN,SCRAM-SHA-512",
            f"{own}.plain.sasl.jaas.config": login,
            f"{own}.scram-sha-512.sasl.jaas.config": scram,
            f"{own}.ssl.keystore.type": "PEM",
            f"{own}.ssl.keystore.location": certificates.own,
        }
        made = cls(folder, port, controller, stack.kafka_passwords, stack.processes, settings)
        made.encrypted = encrypted
        return made

    encrypted: int


@dataclass
class EncryptedSpine(Spine):
    """The spine with a broker that is reached over TLS only."""

    ca_file: str = ""

    def settings(self, service: str) -> Settings:
        kafka = self.stack.kafka
        assert isinstance(kafka, EncryptedKafka)
        changes = {
            "kafka_bootstrap_servers": f"{HOST}:{kafka.encrypted}",
            "kafka_security_protocol": "SASL_SSL",
            "kafka_ca_file": self.ca_file,
        }
        return super().settings(service).model_copy(update=changes)


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    """Of both servers."""
    return Certificates.make(tmp_path_factory.mktemp("certificates"))


@pytest.fixture(scope="module")
def encrypted_kafka(
    stack: Stack, certificates: Certificates, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Stack]:
    """The servers of the test run with another broker in place of its own."""
    kafka = EncryptedKafka.at(stack, tmp_path_factory.mktemp("kafka"), certificates)
    kafka.start()
    yield replace(stack, kafka=kafka)
    kafka.stop()


@dataclass(frozen=True)
class EncryptedPostgres:
    """A server of Debian's package: that of the wheel is built without TLS."""

    port: int
    certificates: Certificates
    password: str = "correct-horse"

    def url(self, **changes: str) -> str:
        """The address of the database with all checks of its certificate, or with `changes`."""
        known = {
            "user": "postgres",
            "password": self.password,
            "host": HOST,
            "name": "postgres",
            "mode": "verify-full",
            "ca": self.certificates.authority,
        } | changes
        return (
            f"postgresql://{known['user']}:{known['password']}@{known['host']}:{self.port}"
            f"/{known['name']}?sslmode={known['mode']}&sslrootcert={known['ca']}"
        )


OWN_CLUSTER = Path("/etc/postgresql-common/createcluster.conf")
"""Says that the package makes and starts no server of its own."""


def debian_programs() -> Path:
    """The folder of the newest PostgreSQL of the machine's packages, which is installed where there
    is none; where that cannot be, the test is skipped, and fails in continuous integration."""
    if not _installed():
        OWN_CLUSTER.parent.mkdir(parents=True, exist_ok=True)
        OWN_CLUSTER.write_text("create_main_cluster = false\n")
        if (reason := refusal_of(["postgresql"])) is not None:
            (pytest.fail if os.environ.get("CI") else pytest.skip)(reason)
    return _installed()[-1].parent


def _installed() -> list[Path]:
    found = Path("/usr/lib/postgresql").glob("*/bin/initdb")
    return sorted(found, key=lambda path: int(path.parts[4]))


@pytest.fixture(scope="module")
def encrypted_postgres(stack: Stack, certificates: Certificates) -> Iterator[EncryptedPostgres]:
    """A real PostgreSQL with ssl=on that takes no connection without it."""
    with postgres_over_tls(stack, certificates) as server:
        yield server


@contextmanager
def postgres_over_tls(
    stack: Stack, certificates: Certificates, address: str = "127.0.0.1"
) -> Iterator[EncryptedPostgres]:
    """A server of Debian's package on an address of this machine, while the block lasts."""
    programs, user = debian_programs(), database_user()
    (port,) = free_ports(1)
    server = EncryptedPostgres(port, certificates)
    data = stack.postgres.data.with_name("encrypted-postgres")
    data.mkdir(mode=0o700)
    word, key = data.with_name("word"), data.with_name("server.pem")
    write_private(word, server.password)
    write_private(key, Path(certificates.own).read_text())
    owned = (data, word, key)
    if user:
        for path in owned:
            user.own(path)
    as_user = user.arguments() if user else {}
    subprocess.run(
        [programs / "initdb", f"--pgdata={data}", "--username=postgres", f"--pwfile={word}",
         "--auth=scram-sha-256", "--encoding=UTF8", "--locale=C.UTF-8", "--no-sync"],
        check=True, capture_output=True, cwd=data, **as_user,
    )  # fmt: skip
    (data / "pg_hba.conf").write_text(NEEDS_TLS)
    settings = {
        "port": str(port),
        "listen_addresses": address,
        "unix_socket_directories": str(data),
        "ssl": "on",
        "ssl_cert_file": str(key),
        "ssl_key_file": str(key),
        "fsync": "off",
    }
    options = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
    child = stack.processes.start(
        "encrypted-postgres",
        [programs / "postgres", "-D", data, *options],
        user=user,
        folder=data,
        layer=STORES,
    )
    stack.processes.wait(child, lambda: b"is ready to accept" in child.log.read_bytes(), 30)
    yield server
    stack.processes.stop("encrypted-postgres")
    shutil.rmtree(data)
