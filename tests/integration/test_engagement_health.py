"""What the engagement worker says of itself over HTTP."""

import asyncio
import os
import sys
from collections.abc import AsyncIterator

import httpx
import pytest

from stepwell.runtime.disposable import Stack, free_ports
from stepwell.runtime.processes import Child, python
from tests.support.logs import logged


@pytest.fixture
async def worker(stack: Stack) -> AsyncIterator[tuple[Child, httpx.AsyncClient]]:
    """A worker on topics of its own, and a client of its health."""
    prefix, (port,) = await stack.topics(), free_ports(1)
    child = stack.processes.start(
        f"{prefix}worker",
        python("-m", "services.outcomes", "stream"),
        environment={
            **os.environ,
            "PYTHONPATH": os.pathsep.join(p for p in sys.path if p),
            "STEPWELL_ENVIRONMENT": "local",
            "STEPWELL_PORT": str(port),
            "DATABASE_URL_OUTCOMES": "postgresql://unused",
            "KAFKA_BOOTSTRAP_SERVERS": stack.kafka.bootstrap_servers,
            "KAFKA_SECURITY_PROTOCOL": "SASL_PLAINTEXT",
            "KAFKA_USERNAME_OUTCOMES": "outcomes",
            "KAFKA_PASSWORD_OUTCOMES": stack.kafka_passwords["outcomes"],
            "KAFKA_TOPIC_PREFIX": prefix,
            "OIDC_ISSUER": "http://127.0.0.1:9",
        },
    )
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", timeout=5) as http:
        yield child, http
    await asyncio.to_thread(stack.processes.stop, f"{prefix}worker")


async def test_a_worker_lives_at_once_and_is_ready_when_it_has_its_partitions(
    worker: tuple[Child, httpx.AsyncClient],
) -> None:
    child, http = worker
    seen: list[int] = []
    async with asyncio.timeout(60):
        while seen[-1:] != [200]:
            try:
                assert (await http.get("/health/live")).status_code == 200
                seen.append((await http.get("/health/ready")).status_code)
            except httpx.ConnectError:
                await asyncio.sleep(0.02)
    assert seen[0] == 503
    assert await logged("engagement_partitions", child)
    assert "stepwell_dead_letters_total" in (await http.get("/metrics")).text


async def test_a_worker_that_is_asked_to_stop_ends_at_once_and_well(
    worker: tuple[Child, httpx.AsyncClient],
) -> None:
    child, _ = worker
    await logged("engagement_partitions", child)
    child.popen.terminate()
    assert await asyncio.to_thread(child.popen.wait, 15) == 0
