"""Topics and access lists, created from `shared.contracts.topics` against any broker."""

import asyncio
import ssl
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from shared.contracts.topics import TOPICS, Topic
from shared.settings import SERVICES
from stepwell.runtime.problem import Problem

Access = tuple[str, str, str, str, str]
"""Who may do what: principal, operation, resource, name, pattern."""


@dataclass(frozen=True)
class Broker:
    """How to reach a broker as somebody who may create topics and access lists."""

    bootstrap_servers: str
    security_protocol: str = "PLAINTEXT"
    username: str | None = None
    password: str | None = None
    mechanism: str = "PLAIN"
    ca_file: str | None = None
    """The authorities whose certificates are believed; those of the machine when absent."""

    def arguments(self) -> dict[str, Any]:
        known: dict[str, Any] = {
            "bootstrap_servers": self.bootstrap_servers,
            "security_protocol": self.security_protocol,
        }
        if self.security_protocol.startswith("SASL"):
            known |= {
                "sasl_mechanism": self.mechanism,
                "sasl_plain_username": self.username,
                "sasl_plain_password": self.password,
            }
        if self.security_protocol.endswith("SSL"):
            known["ssl_context"] = ssl.create_default_context(cafile=self.ca_file)
        return known


def create_topics(
    broker: Broker, prefix: str = "", *, replication: int = 1, within: float = 20.0
) -> int:
    """Create the topics that are missing and the access lists; returns how many topics were new.

    Every topic's name, and every consumer group of a service, starts with `prefix`.

    Raises:
        Problem: the broker cannot be reached, or refuses.
    """
    created: int = with_client(broker, lambda c: _create(c, prefix, replication), within)
    return created


def change_access(
    broker: Broker, *, grant: Sequence[Access] = (), revoke: Sequence[Access] = ()
) -> None:
    """Add and remove access lists, and wait until the broker applies those added.

    Raises:
        Problem: the broker cannot be reached, or refuses.
    """

    def change(client: Any) -> None:
        if revoke:
            client.delete_acls([_list(one, named=True) for one in revoke])
        if grant:
            _grant(client, grant)

    with_client(broker, change)


def topics_stamp(broker: Broker, prefix: str) -> str:
    """Names the broker, all topics that are declared today and who may do what, to tell when they
    change."""
    topics = [f"{prefix}{topic.name} {settings_of(topic, 1)}" for topic in TOPICS]
    return "\n".join([broker.bootstrap_servers, *topics, *map(" ".join, access(prefix))])


def delete_topics(broker: Broker, prefix: str, *, streams: tuple[str, ...] = ()) -> None:
    """Delete the topics of `prefix`, or of some `streams` only; for tests."""
    names = [prefix + topic.name for topic in TOPICS if not streams or topic.stream in streams]
    with_client(broker, lambda client: client.delete_topics(names, raise_errors=False))


def access(prefix: str) -> Iterator[Access]:
    """What each service may do.

    A producer writes, and reads back what it wrote only when it is named as a reader. Consumer
    groups of a service start with its name.
    """
    for topic in TOPICS:
        name = prefix + topic.name
        yield topic.producer, "WRITE", "TOPIC", name, "LITERAL"
        yield topic.producer, "DESCRIBE", "TOPIC", name, "LITERAL"
        for reader in topic.readers:
            yield reader, "READ", "TOPIC", name, "LITERAL"
            yield reader, "DESCRIBE", "TOPIC", name, "LITERAL"
    for service in SERVICES:
        yield service, "READ", "GROUP", prefix + service, "PREFIXED"


def with_client(broker: Broker, work: Callable[[Any], Any], within: float = 20.0) -> Any:
    """Do something as the platform at the broker.

    Raises:
        Problem: the broker cannot be reached, or refuses.
    """
    import logging

    from kafka import KafkaAdminClient
    from kafka.errors import KafkaError

    logging.getLogger("kafka").setLevel(logging.CRITICAL)
    try:
        client = KafkaAdminClient(
            **broker.arguments(),
            client_id="stepwell-platform",
            bootstrap_timeout_ms=int(within * 1000),
            request_timeout_ms=int(within * 1000),
        )
        try:
            return work(client)
        finally:
            client.close()
    except KafkaError as error:
        from shared.peers import broker_for

        peer = broker_for(broker.arguments(), "KAFKA_USERNAME_PLATFORM", "KAFKA_PASSWORD_PLATFORM")
        raise Problem(
            asyncio.run(peer.refusal())
            or f"Kafka at {broker.bootstrap_servers} did not do what it was asked "
            f"({type(error).__name__}): check the address, KAFKA_SECURITY_PROTOCOL, "
            "KAFKA_USERNAME_PLATFORM and KAFKA_PASSWORD_PLATFORM."
        ) from None


def _create(client: Any, prefix: str, replication: int) -> int:
    from kafka.errors import for_code

    existing = set(client.list_topics())
    missing = {
        prefix + topic.name: settings_of(topic, replication)
        for topic in TOPICS
        if prefix + topic.name not in existing
    }
    created = 0
    if missing:
        answer = client.create_topics(missing, raise_errors=False)
        for topic in answer["topics"]:
            error = for_code(topic["error_code"])
            if error.__name__ not in ("NoError", "TopicAlreadyExistsError"):
                raise error(topic.get("error_message"))
            created += error.__name__ == "NoError"
    _grant(client, list(access(prefix)))
    if missing:
        client.wait_for_topics(list(missing))
    return created


def settings_of(topic: Topic, replication: int) -> dict[str, Any]:
    """How a topic is kept, with `replication` copies of which one may be away while it is written.

    `configs` are the broker's own names.
    """
    kept = (
        {"cleanup.policy": "compact"}
        if topic.compacted
        else {"cleanup.policy": "delete", "retention.ms": str(topic.retention_ms)}
    )
    safe = {"min.insync.replicas": str(max(1, replication - 1))}
    return {
        "num_partitions": topic.partitions,
        "replication_factor": replication,
        "configs": kept | safe,
    }


def _grant(client: Any, wanted: Sequence[Access]) -> None:
    from kafka.errors import SecurityDisabledError

    lists = [_list(one) for one in wanted]
    failed = client.create_acls(lists)["failed"]
    for error in failed:
        if error is not SecurityDisabledError:
            raise error
    if not failed:
        _await_grant(client, lists[-1])


def _list(wanted: Access, *, named: bool = False) -> Any:
    """An access list as the client library has it; `named` as a filter that finds just this."""
    from kafka.admin import (
        ACL,
        ACLFilter,
        ACLOperation,
        ACLPermissionType,
        ACLResourcePatternType,
        ResourcePattern,
        ResourcePatternFilter,
        ResourceType,
    )

    principal, operation, resource, name, pattern = wanted
    list_, pattern_ = (ACLFilter, ResourcePatternFilter) if named else (ACL, ResourcePattern)
    return list_(
        principal=f"User:{principal}",
        host="*",
        operation=ACLOperation[operation],
        permission_type=ACLPermissionType.ALLOW,
        resource_pattern=pattern_(ResourceType[resource], name, ACLResourcePatternType[pattern]),
    )


def _await_grant(client: Any, last: Any) -> None:
    """Wait until the broker applies the lists: it learns of them after they were accepted.

    All lists of one request come to it together, so the last one stands for all.
    """
    deadline = time.monotonic() + 10.0
    while time.monotonic() < deadline:
        if client.describe_acls(last)[0]:
            return
        time.sleep(0.01)
