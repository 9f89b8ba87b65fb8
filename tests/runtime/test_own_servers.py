"""With servers of one's own named in the environment, the system uses those and starts none."""

from pathlib import Path
from urllib.parse import urlsplit

import asyncpg
import pytest
from rich.console import Console

from shared.settings import SERVICES
from stepwell.runtime import environment, system
from stepwell.runtime.disposable import Stack, free_ports
from stepwell.runtime.environment import External
from stepwell.runtime.ports import Ports
from stepwell.runtime.roles import app, create_database, owner
from stepwell.runtime.state import State
from stepwell.runtime.steps import Steps
from stepwell.runtime.topics import create_topics


@pytest.fixture
async def own_servers(stack: Stack, monkeypatch: pytest.MonkeyPatch) -> str:
    """Empty databases and a topic prefix on servers that run already, named as a person would."""
    for service in SERVICES:
        name = f"own_{service}"
        await create_database(stack.postgres.url(), service, name)
        monkeypatch.setenv(f"DATABASE_URL_{service.upper()}", stack.url(name, app(service)))
        monkeypatch.setenv(f"DATABASE_OWNER_URL_{service.upper()}", stack.url(name, owner(service)))
    kafka = environment.local_kafka(stack.kafka.bootstrap_servers, stack.kafka_passwords)
    for name, value in kafka.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("KAFKA_TOPIC_PREFIX", "own.")
    monkeypatch.setenv("TRACES", "off")
    return "own."


async def test_the_system_uses_servers_of_your_own(
    stack: Stack, own_servers: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[dict[str, str]] = []
    monkeypatch.setattr(system, "start_services", lambda _, known, *rest: asked.append(known))
    monkeypatch.setattr(system, "start_streams", lambda *given: None)
    monkeypatch.setattr(system, "await_services", lambda *given: None)
    (base,) = free_ports(1)
    state = State(tmp_path / "state")
    state.create()
    started = system.System(state, Ports(base), External.from_environment())
    try:
        with Steps(Console(quiet=True)) as steps:
            started.start(steps)
        assert started.processes.get("postgres") is None
        assert started.processes.get("kafka") is None
        assert started.processes.get("zipkin") is None
        (known,) = asked
        assert known["KAFKA_BOOTSTRAP_SERVERS"] == stack.kafka.bootstrap_servers
        assert urlsplit(known["DATABASE_URL_INTAKE"]).path == "/own_intake"
        assert create_topics(stack.broker, own_servers) == 0
        connection = await asyncpg.connect(known["DATABASE_URL_INTAKE"])
        assert await connection.fetchval("SELECT count(*) FROM platform.outbox") == 0
        await connection.close()
    finally:
        started.stop()
