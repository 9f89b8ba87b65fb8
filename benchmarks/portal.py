"""The region board as a page, of 40 sites after five years: the server's time, and its size.

A site manager of all 40 sites, whose page has a link on each figure. The floor is the answer of
outcomes that the page is made of; names of sites are those that the session remembers.
"""

import contextlib
import statistics
import time
from collections.abc import AsyncIterator, Awaitable, Callable

import httpx

from benchmarks.board import region
from benchmarks.ground import ground
from benchmarks.measure import Row, in_turn
from benchmarks.servers import environment_of, issuer, process
from portal.app import application
from portal.settings import Settings
from stepwell.runtime.disposable import Stack, free_ports

PAGES = 20
GOAL_MS = 150.0
GOAL_KB = 150.0


async def run(stack: Stack) -> list[Row]:
    """Median milliseconds of the page, with the floor beside it, and its kilobytes."""
    at = await ground(stack, "outcomes")
    sites = await region(at)
    (port,) = free_ports(1)
    async with issuer(stack) as signing:
        token = signing.token("site_manager", [str(one) for one in sites], seconds=3_600)
        own = environment_of(at, signing.url, port)
        base = f"http://127.0.0.1:{port}"
        ready = f"{base}/health/ready"
        async with process(stack, "bench-outcomes", ["services.outcomes", "api"], own, ready):
            names = {
                str(one): {"id": str(one), "name": f"Clinic {n}", "time_zone": "America/Denver"}
                for n, one in enumerate(sites)
            }
            api = httpx.AsyncClient(base_url=base, headers={"Authorization": f"Bearer {token}"})
            async with api, portal(signing.url, base, token, names) as browser:
                size = len((await got(browser)).content) / 1_000
                values, floors = await in_turn(asked(browser), asked(api), rounds=3)
    board = "portal: board of 40 sites after five years"
    value, floor = (round(statistics.median(one), 2) for one in (values, floors))
    return [
        Row(f"{board}, p50", value, "ms", floor, None, GOAL_MS, "lower"),
        Row(f"{board}, page", round(size, 1), "KB", None, None, GOAL_KB, "lower"),
    ]


@contextlib.asynccontextmanager
async def portal(
    issuer_url: str, outcomes: str, token: str, names: dict[str, dict[str, str]]
) -> AsyncIterator[httpx.AsyncClient]:
    """The portal with somebody logged in, who looked at the names of their sites just now."""
    app = application(Settings(issuer=issuer_url, outcomes=outcomes))
    later = time.time() + 3_600
    person = {"role": "site_manager", "name": "Site manager", "csrf": "form", "access": token}
    known = {"until": later, "sites": names}
    secret = app.state.sessions.begin({**person, "good_until": later, "known_sites": known})
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(app),
        base_url="http://127.0.0.1:8000",
        cookies={"stepwell-8000": secret},
    ) as browser:
        yield browser


async def got(client: httpx.AsyncClient) -> httpx.Response:
    """The board, as a page or as outcomes tells it."""
    return (await client.get("/board")).raise_for_status()


def asked(client: httpx.AsyncClient) -> Callable[[], Awaitable[float]]:
    """Median milliseconds of the board, one after the other."""

    async def measured() -> float:
        times = []
        for _ in range(PAGES):
            began = time.perf_counter()
            await got(client)
            times.append((time.perf_counter() - began) * 1_000)
        return statistics.median(times)

    return measured
