"""Apache Kafka: one KRaft node that is broker and controller, with SASL and access lists."""

import signal
import struct
import uuid
from base64 import urlsafe_b64encode
from collections.abc import Mapping
from pathlib import Path

from shared.settings import SERVICES
from stepwell.runtime import jars, sharing
from stepwell.runtime.problem import Problem
from stepwell.runtime.processes import STORES, Child, Processes, inherited
from stepwell.runtime.programs import first_line, run
from stepwell.runtime.state import write_private

PLATFORM = "platform"
PRINCIPALS = (PLATFORM, *SERVICES)
HEAP = ("-Xms128m", "-Xmx512m")
JVM = (*HEAP, sharing.GARBAGE_COLLECTOR, "-XX:TieredStopAtLevel=1", "-Djava.awt.headless=true")
"""The first compiler only: the second one takes longer to make code fast than a story runs."""
LOGIN = "org.apache.kafka.common.security.plain.PlainLoginModule required"
SCRAM_LOGIN = "org.apache.kafka.common.security.scram.ScramLoginModule required"
"""Subscribers log in by SCRAM: the broker learns of them while it runs."""
LOGGING = """\
Configuration:
  status: error
  Appenders:
    Console:
      name: out
      PatternLayout:
        pattern: "%d{ISO8601} %p %m (%c{1})%n"
  Loggers:
    Root:
      level: WARN
      AppenderRef:
        ref: out
    Logger:
      - name: kafka.server.KafkaRaftServer
        level: INFO
"""


class Kafka:
    """One broker with its data in `folder`.

    Args:
        passwords: of each name in PRINCIPALS; `platform` may do everything.
        settings: more of the broker's, or others in place of ours.
    """

    name = "kafka"

    def __init__(
        self,
        folder: Path,
        port: int,
        controller_port: int,
        passwords: dict[str, str],
        processes: Processes,
        settings: Mapping[str, str] | None = None,
    ) -> None:
        self._settings = settings or {}
        self._folder = folder
        self.port = port
        self._controller_port = controller_port
        self._passwords = passwords
        self._processes = processes

    @property
    def bootstrap_servers(self) -> str:
        return f"127.0.0.1:{self.port}"

    def start(self, within: float = 60.0) -> Child:
        """Format the storage the first time, start, and wait until it listens.

        The jars are fetched first when they are not in the cache.
        """
        if "," in str(self._folder):
            raise Problem(
                f"Kafka takes the comma in {self._folder} for the end of a path: "
                "set STEPWELL_STATE to a folder without one."
            )
        jars.kafka().ensure(stopping=lambda: self._processes.stopping)
        self._folder.mkdir(parents=True, exist_ok=True)
        (self._folder / "log4j2.yaml").write_text(LOGGING)
        write_private(self._folder / "server.properties", self._properties())
        if not (self._folder / "data" / "meta.properties").exists():
            self._format()
        child = self._processes.start(
            self.name,
            self._java("kafka.Kafka", str(self._folder / "server.properties"), shared=True),
            environment=inherited(**jars.LOCALE),
            layer=STORES,
            stop_signal=signal.SIGTERM,
        )
        self._processes.wait(child, lambda: True, within, port=self.port)
        return child

    def stop(self) -> None:
        self._processes.stop(self.name)

    def _java(self, main: str, *arguments: str, shared: bool = False) -> list[str | Path]:
        folder = jars.kafka().folder
        return [
            jars.java(),
            *JVM,
            *(sharing.arguments(folder) if shared else ()),
            f"-Dlog4j2.configurationFile={self._folder / 'log4j2.yaml'}",
            f"-Dkafka.logs.dir={self._folder}",
            "-cp",
            folder / "*",
            main,
            *arguments,
        ]

    def _format(self) -> None:
        code, told = run(
            self._java(
                "kafka.tools.StorageTool",
                "format",
                "--cluster-id",
                cluster_id(),
                "--config",
                str(self._folder / "server.properties"),
            ),
            stopping=lambda: self._processes.stopping,
            env=inherited(**jars.LOCALE),
        )
        if code != 0:
            raise Problem(f"Kafka could not format {self._folder / 'data'}: {first_line(told)}")

    def _properties(self) -> str:
        users = " ".join(f'user_{name}="{self._passwords[name]}"' for name in PRINCIPALS)
        own = f'username="{PLATFORM}" password="{self._passwords[PLATFORM]}"'
        login = f"{LOGIN} {own} {users};"
        settings = {
            "process.roles": "broker,controller",
            "node.id": "1",
            "controller.quorum.voters": f"1@127.0.0.1:{self._controller_port}",
            "listeners": f"CLIENTS://127.0.0.1:{self.port},"
            f"CONTROLLER://127.0.0.1:{self._controller_port}",
            "advertised.listeners": f"CLIENTS://127.0.0.1:{self.port}",
            "listener.security.protocol.map": "CLIENTS:SASL_PLAINTEXT,CONTROLLER:SASL_PLAINTEXT",
            "inter.broker.listener.name": "CLIENTS",
            "controller.listener.names": "CONTROLLER",
            "sasl.enabled.mechanisms": "PLAIN",
            "listener.name.clients.sasl.enabled.mechanisms": "PLAIN,SCRAM-SHA-512",
            "sasl.mechanism.inter.broker.protocol": "PLAIN",
            "sasl.mechanism.controller.protocol": "PLAIN",
            "listener.name.clients.plain.sasl.jaas.config": login,
            "listener.name.clients.scram-sha-512.sasl.jaas.config": f"{SCRAM_LOGIN};",
            "listener.name.controller.plain.sasl.jaas.config": login,
            "authorizer.class.name": "org.apache.kafka.metadata.authorizer.StandardAuthorizer",
            "super.users": f"User:{PLATFORM}",
            "allow.everyone.if.no.acl.found": "false",
            "log.dirs": str(self._folder / "data"),
            "auto.create.topics.enable": "false",
            "group.initial.rebalance.delay.ms": "0",
            "group.min.session.timeout.ms": "3000",
            # Members assign, by range: the broker's own way tears a client's streams apart.
            "group.consumer.migration.policy": "disabled",
            "group.consumer.assignors": "range",
            "offsets.topic.replication.factor": "1",
            "offsets.topic.num.partitions": "4",
            "transaction.state.log.replication.factor": "1",
            "transaction.state.log.min.isr": "1",
            "transaction.state.log.num.partitions": "4",
            "share.coordinator.state.topic.replication.factor": "1",
            "share.coordinator.state.topic.min.isr": "1",
            "share.coordinator.state.topic.num.partitions": "1",
            "min.insync.replicas": "1",
            "num.network.threads": "2",
            "num.io.threads": "4",
            "num.recovery.threads.per.data.dir": "1",
            "log.cleaner.dedupe.buffer.size": str(16 * 1024 * 1024),
            "log.segment.bytes": str(64 * 1024 * 1024),
            "log.index.size.max.bytes": str(1024 * 1024),
            "broker.heartbeat.interval.ms": "500",
            "broker.session.timeout.ms": "4000",
            **self._settings,
        }
        return "".join(f"{name}={escaped(value)}\n" for name, value in settings.items())


def escaped(value: str) -> str:
    """A value as a Java properties file, which is read as Latin-1, must have it."""
    units = struct.iter_unpack(">H", value.replace("\\", "\\\\").encode("utf-16-be"))
    return "".join(chr(unit) if unit < 0x80 else f"\\u{unit:04x}" for (unit,) in units)


def cluster_id() -> str:
    """A new id as Kafka makes them: a UUID in base 64 that cannot be taken for an option."""
    while (made := urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("=")).startswith("-"):
        pass
    return made
