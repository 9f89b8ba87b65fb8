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


async def run(stack: Stack) -> list[Row]:
    """Requests a second, with traces and without, in turn."""
    async with (
        issuer(stack) as signing,
        sink() as endpoint,
        sites(stack, signing, "untraced") as untraced,
        sites(
            stack,
            signing,
            "traced",
            TRACES="zipkin",
            TRACES_SAMPLE_RATIO="0.1",
            ZIPKIN_ENDPOINT=endpoint,
        ) as traced,
    ):
        values, floors = await in_turn(traced, untraced)
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
