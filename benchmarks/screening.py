"""Submitting an intake screening against the spine's bare write with its event.

Both are one creation over HTTP, one after the other as at a front desk: a screening of four
instruments, checked, scored and kept with every answer; and a site with a name.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from uuid import UUID, uuid4

import httpx

from benchmarks.api_write import site_process
from benchmarks.ground import Ground, connection, ground
from benchmarks.measure import Row, against_floor, in_turn
from benchmarks.servers import environment_of, issuer, p50_ms, process, site_requests
from stepwell.runtime.disposable import Stack, free_ports
from stepwell.runtime.keys import Issuer
from stepwell.runtime.roles import owner

REQUESTS = 800
WARM_UP = 100
CLIENTS = 50
SITE = UUID(int=1)
GOAL = 1.25
RESPONSES = [
    {"instrument": "phq-9", "version": "1.0", "answers": [2, 2, 1, 1, 1, 1, 1, 0, 0]},
    {"instrument": "gad-7", "version": "1.0", "answers": [2, 2, 1, 1, 1, 1, 1]},
    {"instrument": "audit-c", "version": "1.0", "answers": [3, 2, 1]},
    {"instrument": "dast-10", "version": "1.0", "answers": [1, 0, 1, 0, 1, 0, 0, 0, 0, 0]},
]


async def run(stack: Stack) -> list[Row]:
    """Median milliseconds of both, in turn. The relay runs beside in neither."""
    async with (
        issuer(stack) as signing,
        screenings(stack, signing) as ours,
        bare_writes(stack, signing) as floor,
    ):
        values, floors = await in_turn(ours, floor)
    return [against_floor("screening submit, p50", values, floors, "ms", GOAL, "lower")]


@contextlib.asynccontextmanager
async def screenings(
    stack: Stack, signing: Issuer
) -> AsyncIterator[Callable[[], Awaitable[float]]]:
    """Intake's API on a database of its own, with clients who wait to be screened."""
    at = await ground(stack, "intake")
    await open_site(at)
    (port,) = free_ports(1)
    url = f"http://127.0.0.1:{port}"
    async with process(
        stack,
        "bench-screening",
        ["services.intake", "api"],
        environment_of(at, signing.url, port),
        f"{url}/health/ready",
    ):
        clients = await refer_clients(url, signing.token("front_desk", [str(SITE)], seconds=3_600))
        token = signing.token("counselor", [str(SITE)], seconds=3_600)

        async def measure() -> float:
            return await p50_ms(
                port,
                [
                    {
                        "path": f"/clients/{clients[n % CLIENTS]}/screenings",
                        "headers": headers(token),
                        "body": {"occasion": "intake", "responses": RESPONSES},
                    }
                    for n in range(REQUESTS)
                ],
                warm_up=WARM_UP,
            )

        yield measure


@contextlib.asynccontextmanager
async def bare_writes(
    stack: Stack, signing: Issuer
) -> AsyncIterator[Callable[[], Awaitable[float]]]:
    """Scheduling's API, asked to open sites one after the other."""
    token = signing.token("regional_operations", ["*"], seconds=3_600)
    async with site_process(stack, signing, "bare-write") as port:

        async def measure() -> float:
            return await p50_ms(port, site_requests(REQUESTS, token), warm_up=WARM_UP)

        yield measure


async def open_site(at: Ground) -> None:
    """Enter a site in intake, as SiteOpened would."""
    async with connection(at.stack.url(at.database, owner("intake"))) as own:
        await own.execute("SET stepwell.sites = '*'")
        await own.execute(
            "INSERT INTO sites (id, time_zone, opened_at) VALUES ($1, 'America/Denver', $2)",
            SITE,
            await own.fetchval("SELECT now()"),
        )


async def refer_clients(url: str, token: str) -> list[str]:
    """Clients of the site, by their pseudonymous ids."""
    async with httpx.AsyncClient(base_url=url) as http:

        async def refer(number: int) -> str:
            answer = await http.post(
                "/referrals",
                headers=headers(token),
                json={
                    "site_id": str(SITE),
                    "source": "self",
                    "person": {
                        "given_name": f"Client {number:02}",
                        "family_name": "Example",
                        "birth_date": f"19{50 + number % 50}-04-17",
                    },
                    "contact": {"channel": "log"},
                },
            )
            return str(answer.raise_for_status().json()["client_id"])

        return list(await asyncio.gather(*(refer(number) for number in range(CLIENTS))))


def headers(token: str) -> dict[str, str]:
    """The headers of a creation of its own."""
    return {"Authorization": f"Bearer {token}", "Idempotency-Key": str(uuid4())}
