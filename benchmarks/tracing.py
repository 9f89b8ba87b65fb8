"""What tracing costs an API write with its event, when one trace in ten is kept.

The spans go to an address that takes them and does nothing, so that the service's own work is
measured and not a trace viewer's beside it.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator

from benchmarks.api_write import sites
from benchmarks.measure import Row, against_floor, in_turn
from benchmarks.servers import issuer
from stepwell.runtime.disposable import Stack

TAKEN = b"HTTP/1.1 202 Accepted\r\nContent-Length: 0\r\n\r\n"


PAIRS = 4
ROUNDS = 3
"""Two processes of the same program differ by some percent for as long as they live, by where
things lie in memory; so several pairs are started, and each is measured a few times."""


async def run(stack: Stack) -> list[Row]:
    """Requests a second, with traces and without, in turn."""
    values: list[float] = []
    floors: list[float] = []
    async with issuer(stack) as signing, sink() as endpoint:
        kept = {
            "TRACES": "zipkin",
            "TRACES_SAMPLE_RATIO": "0.1",
            "ZIPKIN_ENDPOINT": endpoint,
        }
        for number in range(PAIRS):
            async with (
                sites(stack, signing, f"untraced-{number}") as untraced,
                sites(stack, signing, f"traced-{number}", **kept) as traced,
            ):
                of_traced, of_untraced = await in_turn(traced, untraced, ROUNDS)
                values += of_traced
                floors += of_untraced
    return [
        against_floor("API write, traced at 10 %", values, floors, "requests/s", 0.95, "higher")
    ]


@contextlib.asynccontextmanager
async def sink() -> AsyncIterator[str]:
    """An address that takes spans."""

    async def take(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).lower()
                length = head.partition(b"content-length:")[2].partition(b"\r\n")[0]
                await reader.readexactly(int(length))
                writer.write(TAKEN)

    server = await asyncio.start_server(take, "127.0.0.1", 0)
    try:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/api/v2/spans"
    finally:
        server.close()
