"""Connections over TLS: to brokers and databases that prove who they are, and to no others."""

import asyncio
from collections.abc import AsyncIterator

import asyncpg
import pytest

from shared.database import ALL_SITES, Database
from shared.probe import answers
from stepwell.runtime import roles
from stepwell.runtime.disposable import Stack, free_ports
from stepwell.runtime.migrations import migrate
from stepwell.runtime.problem import Problem
from stepwell.runtime.processes import python
from stepwell.runtime.topics import Broker, create_topics
from tests.support.encrypted import (
    HOST,
    Certificates,
    EncryptedKafka,
    EncryptedPostgres,
    EncryptedSpine,
    certificates,
    encrypted_kafka,
    encrypted_postgres,
)
from tests.support.logs import logged
from tests.support.starting import PASSWORD, environment, refused

__all__ = ["certificates", "encrypted_kafka", "encrypted_postgres"]

EVENTS = 50


# Kafka


@pytest.fixture
async def spine(
    encrypted_kafka: Stack, certificates: Certificates
) -> AsyncIterator[EncryptedSpine]:
    made = await EncryptedSpine.create(encrypted_kafka)
    made.ca_file = certificates.authority
    yield made
    for name in made.names:
        await asyncio.to_thread(encrypted_kafka.processes.stop, name)


def broker_of(
    stack: Stack, certificates: Certificates, *, service: str, **changes: str
) -> dict[str, str]:
    """How a service reaches the broker, with `changes`."""
    assert isinstance(stack.kafka, EncryptedKafka)
    return {
        "KAFKA_BOOTSTRAP_SERVERS": f"{HOST}:{stack.kafka.encrypted}",
        "KAFKA_SECURITY_PROTOCOL": "SASL_SSL",
        "KAFKA_CA_FILE": certificates.authority,
        f"KAFKA_USERNAME_{service.upper()}": service,
        f"KAFKA_PASSWORD_{service.upper()}": stack.kafka_passwords[service],
        **changes,
    }


async def test_events_go_over_sasl_and_tls(spine: EncryptedSpine) -> None:
    await spine.start("relay", "relay")
    await spine.start("consumer", "consumer")
    await spine.load(facts=EVENTS)
    await spine.until_applied()
    await spine.assert_exactly_once(at_least=1)


async def test_the_engagement_worker_reads_over_sasl_and_tls(
    encrypted_kafka: Stack, certificates: Certificates
) -> None:
    prefix = await encrypted_kafka.topics()
    child = encrypted_kafka.processes.start(
        f"{prefix}engagement",
        python("-m", "services.outcomes", "stream"),
        environment=environment(
            **broker_of(encrypted_kafka, certificates, service="outcomes"),
            KAFKA_TOPIC_PREFIX=prefix,
        ),
    )
    try:
        await logged(("engagement_partitions",), child)
    finally:
        await asyncio.to_thread(encrypted_kafka.processes.stop, child.name)


def test_a_broker_that_does_not_prove_itself_ends_the_start(
    encrypted_kafka: Stack, certificates: Certificates
) -> None:
    assert isinstance(encrypted_kafka.kafka, EncryptedKafka)
    port = encrypted_kafka.kafka.encrypted

    def told(*command: str, **changes: str) -> str:
        service = command[0].removeprefix("services.")
        given = broker_of(encrypted_kafka, certificates, service=service, **changes)
        line = refused(*command, **given)
        start = f"{service}: Kafka at {given['KAFKA_BOOTSTRAP_SERVERS']}: "
        assert line.startswith(start)
        return line.removeprefix(start)

    worker = ("services.scheduling", "worker")
    line = told(*worker, KAFKA_BOOTSTRAP_SERVERS=f"127.0.0.1:{port}")
    assert line.startswith("wrong host name in its certificate (")
    assert line.endswith("Set KAFKA_BOOTSTRAP_SERVERS to a name that the certificate has.")
    for command, file in ((worker, ""), (("services.outcomes", "stream"), certificates.other)):
        line = told(*command, KAFKA_CA_FILE=file)
        assert line.startswith("unknown authority in its certificate (")
        assert line.endswith("Name the authority's file in KAFKA_CA_FILE.")
    login = "KAFKA_USERNAME_SCHEDULING and KAFKA_PASSWORD_SCHEDULING"
    for mechanism in ("PLAIN", "SCRAM-SHA-512"):
        line = told(*worker, KAFKA_PASSWORD_SCHEDULING=PASSWORD, KAFKA_SASL_MECHANISM=mechanism)
        assert line == f"it refuses the user or the password: check {login}."
    line = told(*worker, KAFKA_SASL_MECHANISM="SCRAM-SHA-256")
    assert line == "it does not take this way to log in: check KAFKA_SASL_MECHANISM."


def test_topics_are_made_over_sasl_and_tls_or_the_reason_is_told(
    encrypted_kafka: Stack, certificates: Certificates
) -> None:
    assert isinstance(encrypted_kafka.kafka, EncryptedKafka)
    port = encrypted_kafka.kafka.encrypted
    word = encrypted_kafka.kafka_passwords["platform"]

    def broker(host: str = HOST, ca: str = certificates.authority, word: str = word) -> Broker:
        return Broker(f"{host}:{port}", "SASL_SSL", "platform", word, ca_file=ca)

    assert create_topics(broker(), "over-tls.") > 0
    for wrong, reason in (
        (broker(host="127.0.0.1"), "wrong host name"),
        (broker(ca=certificates.other), "unknown authority"),
        (broker(word=PASSWORD), "check KAFKA_USERNAME_PLATFORM and KAFKA_PASSWORD_PLATFORM"),
    ):
        with pytest.raises(Problem, match=reason):
            create_topics(wrong, within=3)


# PostgreSQL


async def test_a_whole_service_runs_on_servers_that_speak_tls_only(
    encrypted_kafka: Stack, encrypted_postgres: EncryptedPostgres, certificates: Certificates
) -> None:
    admin, name = encrypted_postgres.url(), "scheduling"
    await roles.create_roles(admin, dict.fromkeys(roles.ROLE_NAMES, PASSWORD))
    await roles.create_database(admin, name)
    owner = encrypted_postgres.url(user=roles.owner(name), name=name)
    await asyncio.to_thread(migrate, name, owner)
    with pytest.raises(Problem, match="certificate signed by unknown authority"):
        migrate(name, owner.replace(certificates.authority, certificates.other))
    prefix = await encrypted_kafka.topics()
    (port,) = free_ports(1)
    child = encrypted_kafka.processes.start(
        f"{prefix}{name}",
        python("-m", f"services.{name}"),
        environment=environment(
            **broker_of(encrypted_kafka, certificates, service=name),
            DATABASE_URL_SCHEDULING=encrypted_postgres.url(user=roles.app(name), name=name),
            KAFKA_TOPIC_PREFIX=prefix,
            STEPWELL_PORT=str(port),
        ),
    )
    try:
        await asyncio.to_thread(encrypted_kafka.processes.wait, child, lambda: answers(port), 60)
        connection = await asyncpg.connect(admin)
        query = (
            "SELECT count(*) FILTER (WHERE ssl), count(*) FROM pg_stat_ssl"
            " JOIN pg_stat_activity USING (pid) WHERE usename = $1"
        )
        encrypted, all_of_them = await connection.fetchrow(query, roles.app(name))
        await connection.close()
        assert encrypted == all_of_them > 1
    finally:
        await asyncio.to_thread(encrypted_kafka.processes.stop, child.name)


async def test_every_connection_to_the_database_is_encrypted(
    encrypted_postgres: EncryptedPostgres,
) -> None:
    database = Database(encrypted_postgres.url(), size=2)
    await database.open()
    try:
        with database.listening(lambda: None):
            async with database.transaction(ALL_SITES) as tx:
                query = "SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()"
                assert await tx.fetchval(query) is True
            own = await database.connect()
            assert await own.fetchval(query) is True
            await own.close()
    finally:
        await database.close()


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        (
            {"host": "127.0.0.1"},
            "wrong host name in its certificate (IP address mismatch, certificate is not valid for "
            "'127.0.0.1'). Set DATABASE_URL_INTAKE to a name that the certificate has.",
        ),
        (
            {"ca": "other"},
            "unknown authority in its certificate (unable to get local issuer certificate). "
            "Name the authority's file in sslrootcert of DATABASE_URL_INTAKE.",
        ),
        (
            {"password": PASSWORD[::-1]},
            "it refuses the user or the password: check DATABASE_URL_INTAKE.",
        ),
        ({"name": "nowhere"}, "it has no such database: check DATABASE_URL_INTAKE."),
        (
            {"mode": "disable"},
            "its pg_hba.conf refuses the user, the address or the missing TLS: check "
            "DATABASE_URL_INTAKE.",
        ),
    ],
)
def test_a_database_that_does_not_prove_itself_ends_the_start(
    encrypted_postgres: EncryptedPostgres, changes: dict[str, str], reason: str
) -> None:
    if changes.get("ca") == "other":
        changes = {"ca": encrypted_postgres.certificates.other}
    url = encrypted_postgres.url(**changes)
    place = f"{changes.get('host', HOST)}:{encrypted_postgres.port}"
    line = refused("services.intake", "api", DATABASE_URL_INTAKE=url)
    assert line == f"intake: PostgreSQL at {place}: {reason}"


def test_a_database_without_tls_is_refused(stack: Stack, certificates: Certificates) -> None:
    url = f"postgresql://intake_app:word@127.0.0.1:{stack.postgres.port}/intake"
    checked = f"{url}?sslmode=verify-full&sslrootcert={certificates.authority}"
    line = refused("services.intake", "api", DATABASE_URL_INTAKE=checked)
    assert line.endswith("it offers no TLS, which sslmode asks for: check DATABASE_URL_INTAKE.")


async def test_a_database_that_comes_later_has_to_prove_itself_too(
    stack: Stack, encrypted_postgres: EncryptedPostgres
) -> None:
    (port,) = free_ports(1)
    url = encrypted_postgres.url(ca=encrypted_postgres.certificates.other)
    url = url.replace(f":{encrypted_postgres.port}/", f":{port}/")
    child = stack.processes.start(
        "waits",
        python("-m", "services.intake", "api"),
        environment=environment(DATABASE_URL_INTAKE=url),
    )
    try:
        await logged(("database_awaited",), child)

        async def forward(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            there, back = await asyncio.open_connection("127.0.0.1", encrypted_postgres.port)
            await asyncio.gather(pipe(reader, back), pipe(there, writer))

        async with await asyncio.start_server(forward, "127.0.0.1", port):
            assert await asyncio.to_thread(child.popen.wait, 30) == 4
        assert "unknown authority in its certificate" in child.log.read_text().splitlines()[-1]
    finally:
        await asyncio.to_thread(stack.processes.stop, child.name)


async def pipe(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Pass on what comes until its end."""
    while data := await reader.read(65_536):
        writer.write(data)
    writer.close()
