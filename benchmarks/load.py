"""`python -m benchmarks.load`: a load generator that costs far less than the server it loads.

It keeps connections open and sends prepared requests, each connection the next one when its answer
came. It reads a plan as JSON from standard input and prints the result as JSON:
{port, connections, requests: [{path, headers, body}], warm_up} → {seconds, statuses, latencies}.
"""

import asyncio
import json
import sys
import time
from collections import Counter
from collections.abc import Iterator
from typing import cast

import uvloop


class Connection(asyncio.Protocol):
    """One keep-alive connection; knows just enough HTTP to see where an answer ends."""

    def __init__(self, run: "Run") -> None:
        self.run = run
        self.transport: asyncio.WriteTransport | None = None
        self.buffer = b""
        self.sent_at = 0.0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.WriteTransport, transport)
        self.next()

    def next(self) -> None:
        request = next(self.run.requests, None)
        assert self.transport is not None
        if request is None:
            self.transport.close()
            return
        self.sent_at = time.perf_counter()
        self.transport.write(request)

    def data_received(self, data: bytes) -> None:
        self.buffer += data
        head = self.buffer.find(b"\r\n\r\n")
        if head < 0:
            return
        lowered = self.buffer[:head].lower()
        at = lowered.find(b"content-length:")
        end = lowered.find(b"\r\n", at)
        length = int(lowered[at + 15 : end if end > 0 else None])
        if len(self.buffer) < head + 4 + length:
            return
        self.run.statuses[int(self.buffer[9:12])] += 1
        self.run.latencies.append(time.perf_counter() - self.sent_at)
        self.buffer = b""
        self.next()

    def connection_lost(self, exc: Exception | None) -> None:
        self.run.open -= 1
        if self.run.open == 0:
            self.run.done.set_result(None)


class Run:
    """A number of requests over a number of connections."""

    def __init__(self, requests: list[bytes], connections: int) -> None:
        self.requests: Iterator[bytes] = iter(requests)
        self.statuses: Counter[int] = Counter()
        self.latencies: list[float] = []
        self.open = connections
        self.done: asyncio.Future[None] = asyncio.get_running_loop().create_future()


def encode(request: dict[str, object]) -> bytes:
    """A POST request as bytes."""
    body = json.dumps(request["body"]).encode()
    headers = request["headers"]
    assert isinstance(headers, dict)
    lines = [
        f"POST {request['path']} HTTP/1.1",
        "Host: 127.0.0.1",
        "Content-Type: application/json",
        f"Content-Length: {len(body)}",
        *(f"{name}: {value}" for name, value in headers.items()),
    ]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


async def main() -> None:
    plan = json.load(sys.stdin)
    encoded = [encode(request) for request in plan["requests"]]
    warm_up = plan["warm_up"]
    loop = asyncio.get_running_loop()

    async def send(requests: list[bytes]) -> tuple[float, Run]:
        run = Run(requests, plan["connections"])
        started = time.perf_counter()
        for _ in range(plan["connections"]):
            await loop.create_connection(lambda: Connection(run), "127.0.0.1", plan["port"])
        await run.done
        return time.perf_counter() - started, run

    await send(encoded[:warm_up])
    took, run = await send(encoded[warm_up:])
    json.dump(
        {"seconds": took, "statuses": dict(run.statuses), "latencies": run.latencies}, sys.stdout
    )


if __name__ == "__main__":
    uvloop.run(main())
