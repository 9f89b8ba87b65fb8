"""A process that is asked to stop answers what it was asked before, as it runs in a cluster."""

import asyncio
import os
import sys
from uuid import uuid4

import asyncpg
import httpx

from shared.probe import answers
from stepwell.runtime.processes import python
from stepwell.runtime.roles import owner
from tests.support.system import System

WAITS_FOR_A_LOCK = "SELECT EXISTS (SELECT FROM pg_locks WHERE NOT granted)"
HELD_SECONDS = 3.5
"""Less than a process waits for answers, and more than a proxy needs to hear of its end."""


async def test_a_request_that_takes_seconds_is_answered_by_a_process_that_was_told_to_stop(
    system: System,
) -> None:
    settings = system.settings("scheduling", topics=False)
    port = settings.port
    environment = {
        **os.environ,
        "PYTHONPATH": os.pathsep.join(p for p in sys.path if p),
        "STEPWELL_PORT": str(port),
        "DATABASE_URL_SCHEDULING": settings.database_url,
        "KAFKA_BOOTSTRAP_SERVERS": "127.0.0.1:9",
        "OIDC_ISSUER": system.issuer.url,
    }
    processes = system.stack.processes
    child = processes.start(
        f"api-{port}", python("-m", "services.scheduling", "api"), environment=environment
    )
    await asyncio.to_thread(processes.wait, child, lambda: answers(port), 60)
    name = settings.database_url.rpartition("/")[2].partition("?")[0]
    holder = await asyncpg.connect(system.stack.url(name, owner("scheduling")))
    token = system.issuer.token("regional_operations", ["*"])
    headers = {"Authorization": f"Bearer {token}", "Idempotency-Key": str(uuid4())}
    body = {"name": "Site", "time_zone": "America/Denver"}
    try:
        async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", timeout=15) as http:
            async with holder.transaction():
                await holder.execute("LOCK TABLE sites IN ACCESS EXCLUSIVE MODE")
                asked = asyncio.create_task(http.post("/sites", json=body, headers=headers))
                async with asyncio.timeout(10):
                    while not await holder.fetchval(WAITS_FOR_A_LOCK):  # noqa: ASYNC110 - no event
                        await asyncio.sleep(0.02)
                child.popen.terminate()
                await asyncio.sleep(HELD_SECONDS)
                assert not asked.done()
            assert (await asked).status_code == 201
        assert await asyncio.to_thread(child.popen.wait, 10) in (0, -15, 143)
    finally:
        await holder.close()
        await asyncio.to_thread(processes.stop, child.name)
