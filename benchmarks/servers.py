"""Processes that a benchmark loads over HTTP, and the load itself."""

import asyncio
import contextlib
import json
import os
import statistics
import sys
from collections.abc import AsyncIterator, Mapping
from typing import Any
from uuid import uuid4

import httpx
import uvicorn

from benchmarks.ground import Ground
from stepwell.runtime.disposable import Stack, free_ports
from stepwell.runtime.issuer import application
from stepwell.runtime.keys import Issuer
from stepwell.runtime.processes import python

CONNECTIONS = 16
LONGEST_SECONDS = 60


@contextlib.asynccontextmanager
async def process(
    stack: Stack, name: str, module: list[str], environment: Mapping[str, str], ready: str | None
) -> AsyncIterator[None]:
    """A process for the block; it is ready when the address `ready` answers, if it has one."""
    stack.processes.start(
        name,
        python("-m", *module),
        environment={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path), **environment},
    )
    try:
        async with httpx.AsyncClient() as http, asyncio.timeout(30):
            while ready:
                with contextlib.suppress(httpx.TransportError):
                    if (await http.get(ready)).status_code < 500:
                        break
                await asyncio.sleep(0.05)
        yield
    finally:
        await asyncio.to_thread(stack.processes.stop, name)


@contextlib.asynccontextmanager
async def issuer(stack: Stack) -> AsyncIterator[Issuer]:
    """The local issuer over HTTP, for the block."""
    (port,) = free_ports(1)
    made = Issuer(f"http://127.0.0.1:{port}", stack.folder / "issuer-key.json")
    server = uvicorn.Server(
        uvicorn.Config(application(made, {}), port=port, log_config=None, lifespan="off")
    )
    task = asyncio.create_task(server.serve())
    while not server.started:  # noqa: ASYNC110 - the server gives no event
        await asyncio.sleep(0.01)
    try:
        yield made
    finally:
        server.should_exit = True
        await task


def environment_of(at: Ground, issuer_url: str, port: int, **more: str) -> dict[str, str]:
    """The environment of a service process on this ground."""
    own = at.service.upper()
    return {
        "STEPWELL_ENVIRONMENT": "production",
        "STEPWELL_PORT": str(port),
        f"DATABASE_URL_{own}": at.database_url,
        "KAFKA_BOOTSTRAP_SERVERS": at.stack.kafka.bootstrap_servers,
        "KAFKA_SECURITY_PROTOCOL": "SASL_PLAINTEXT",
        f"KAFKA_USERNAME_{own}": at.service,
        f"KAFKA_PASSWORD_{own}": at.stack.kafka_passwords[at.service],
        "KAFKA_TOPIC_PREFIX": at.prefix,
        "OIDC_ISSUER": issuer_url,
        "TRACES": "off",
        **more,
    }


def site_requests(count: int, token: str | None) -> list[dict[str, Any]]:
    """Requests to open sites, each a creation of its own."""
    headers = {} if token is None else {"Authorization": f"Bearer {token}"}
    return [
        {
            "path": "/sites",
            "headers": {**headers, "Idempotency-Key": str(uuid4())},
            "body": {"name": f"Site {uuid4()}", "time_zone": "America/Denver"},
        }
        for _ in range(count)
    ]


async def load(port: int, requests: list[dict[str, Any]], *, warm_up: int) -> float:
    """Requests answered a second, by a load generator in a process of its own.

    Raises:
        RuntimeError: an answer was not 201.
    """
    result = await sent(port, requests, warm_up=warm_up, connections=CONNECTIONS)
    return (len(requests) - warm_up) / float(result["seconds"])


async def p50_ms(port: int, requests: list[dict[str, Any]], *, warm_up: int) -> float:
    """Median milliseconds of one request after the other, as somebody who waits for each.

    Raises:
        RuntimeError: an answer was not 201.
    """
    result = await sent(port, requests, warm_up=warm_up, connections=1)
    return statistics.median(result["latencies"]) * 1_000


async def sent(
    port: int, requests: list[dict[str, Any]], *, warm_up: int, connections: int
) -> dict[str, Any]:
    """What the load generator measured: `seconds`, `statuses` and `latencies` after the warm-up."""
    child = await asyncio.create_subprocess_exec(
        *python("-m", "benchmarks.load"),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    plan = {
        "port": port,
        "connections": connections,
        "requests": requests,
        "warm_up": warm_up,
    }
    async with asyncio.timeout(LONGEST_SECONDS):
        output, _ = await child.communicate(json.dumps(plan).encode())
    result: dict[str, Any] = json.loads(output)
    if set(result["statuses"]) != {"201"}:
        raise RuntimeError(f"The server answered {result['statuses']}.")
    return result
