"""An API write with its event against bare FastAPI with one INSERT, each in a process of its own."""

from benchmarks import bare
from benchmarks.ground import SITE, ground
from benchmarks.measure import Row, against_floor, in_turn
from benchmarks.servers import environment_of, issuer, load, process, referral_requests
from stepwell.runtime.disposable import Stack, free_ports

REQUESTS = 4_000
WARM_UP = 400
OPEN_SITE = (
    "SET stepwell.sites = '*';"
    f"INSERT INTO sites VALUES ('{SITE}', 'America/Denver', '2026-01-01T00:00:00Z')"
)


async def run(stack: Stack) -> list[Row]:
    """Requests a second, both ways, in turn. The relay runs beside in neither."""
    at = await ground(stack, "intake")
    await at.as_owner(OPEN_SITE)
    await at.as_owner(bare.TABLE)
    own_port, bare_port = free_ports(2)
    async with (
        issuer(stack) as signing,
        process(
            stack,
            "bench-intake",
            ["services.intake", "api"],
            environment_of(at, signing.url, own_port),
            f"http://127.0.0.1:{own_port}/health/ready",
        ),
        process(
            stack,
            "bench-bare",
            ["benchmarks.bare"],
            {"BARE_DATABASE_URL": at.database_url, "BARE_PORT": str(bare_port)},
            f"http://127.0.0.1:{bare_port}/openapi.json",
        ),
    ):
        token = signing.token("front_desk", [str(SITE)], seconds=3_600)

        async def ours() -> float:
            return await load(own_port, referral_requests(REQUESTS, token), warm_up=WARM_UP)

        async def floor() -> float:
            return await load(bare_port, referral_requests(REQUESTS, None), warm_up=WARM_UP)

        values, floors = await in_turn(ours, floor)
    return [against_floor("API write with event", values, floors, "requests/s", 0.8, "higher")]
