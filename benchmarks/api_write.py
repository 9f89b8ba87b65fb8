"""An API write of one row with its event against bare FastAPI with one INSERT of that row.

Each runs in its own process. Ours is to open a site: token, role, row-level security, the answer
remembered for its Idempotency-Key, one row, and one event in outbox and journal.
"""

import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable

from benchmarks import bare
from benchmarks.ground import ground
from benchmarks.measure import Row, against_floor, in_turn
from benchmarks.servers import environment_of, issuer, load, process, site_requests
from stepwell.runtime.disposable import Stack, free_ports
from stepwell.runtime.keys import Issuer

REQUESTS = 4_000
WARM_UP = 400


async def run(stack: Stack) -> list[Row]:
    """Requests a second, both ways, in turn. The relay runs beside in neither."""
    async with (
        issuer(stack) as signing,
        sites(stack, signing, "scheduling") as ours,
        bare_inserts(stack) as floor,
    ):
        values, floors = await in_turn(ours, floor)
    return [against_floor("API write with event", values, floors, "requests/s", 0.8, "higher")]


@contextlib.asynccontextmanager
async def sites(
    stack: Stack, signing: Issuer, name: str, **environment: str
) -> AsyncIterator[Callable[[], Awaitable[float]]]:
    """Scheduling's API on a database of its own; measures requests to open a site a second."""
    token = signing.token("regional_operations", ["*"], seconds=3_600)
    async with site_process(stack, signing, name, **environment) as port:

        async def measure() -> float:
            return await load(port, site_requests(REQUESTS, token), warm_up=WARM_UP)

        yield measure


@contextlib.asynccontextmanager
async def site_process(
    stack: Stack, signing: Issuer, name: str, **environment: str
) -> AsyncIterator[int]:
    """Scheduling's API as a process on a database of its own, for the block; its port."""
    at = await ground(stack, "scheduling")
    (port,) = free_ports(1)
    async with process(
        stack,
        f"bench-{name}",
        ["services.scheduling", "api"],
        environment_of(at, signing.url, port, **environment),
        f"http://127.0.0.1:{port}/health/ready",
    ):
        yield port


@contextlib.asynccontextmanager
async def bare_inserts(stack: Stack) -> AsyncIterator[Callable[[], Awaitable[float]]]:
    """Bare FastAPI on a database of its own, sent the same requests."""
    at = await ground(stack, "intake")
    await at.as_owner(bare.TABLE)
    (port,) = free_ports(1)

    async def measure() -> float:
        return await load(port, site_requests(REQUESTS, None), warm_up=WARM_UP)

    async with process(
        stack,
        "bench-bare",
        ["benchmarks.bare"],
        {"BARE_DATABASE_URL": at.database_url, "BARE_PORT": str(port)},
        f"http://127.0.0.1:{port}/openapi.json",
    ):
        yield measure
