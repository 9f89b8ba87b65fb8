"""What the bytes of a client decode to is never a defect; with the parser of the server."""

import asyncio
from collections.abc import AsyncIterator

import pytest
import uvicorn

from stepwell.runtime.disposable import bound, free_ports
from tests.support.apis import APPS

CLIENT = b"/clients/0197b0a6-0000-7000-8000-000000000001/preferences"
TOKEN = b"Authorization: Bearer counselor"
SESSION = b"GET /questionnaire/form"
BODY = b"Content-Type: application/json\r\nContent-Length: 2"


@pytest.fixture
async def port() -> AsyncIterator[int]:
    (port,) = free_ports(1)
    config = uvicorn.Config(APPS["intake"], log_config=None, lifespan="off", http="httptools")
    server = uvicorn.Server(config)
    serving = asyncio.create_task(server.serve([bound(port)]))
    async with asyncio.timeout(10):
        while not server.started:  # noqa: ASYNC110 - the server has no event for it
            await asyncio.sleep(0.01)
    yield port
    server.should_exit = True
    await serving


@pytest.mark.parametrize(
    ("line", "headers", "status"),
    [
        (b"GET /clients/%c3%a9/preferences", TOKEN, 422),
        (b"GET /clients/%ff%00/preferences", TOKEN, 422),
        (b"GET /clients/\xc3\xa9/preferences", TOKEN, 400),
        (b"GET /referrals?cursor=%ff%fe", TOKEN, 422),
        (b"GET /referrals?cursor=\xc3\xa9", TOKEN, 400),
        (b"GET /referrals?%ff=%00", TOKEN, 422),
        (b"GET " + CLIENT, b"Authorization: Bearer \xc3\xa9.\xff.\xff", 401),
        (b"GET " + CLIENT, b"Authorization: \xff", 401),
        (SESSION, b"Authorization: Session \xc3\xa9\xff", 401),
        (SESSION, b"Authorization: Session " + "\N{FULLWIDTH DIGIT ONE}".encode() * 43, 401),
        (b"GET " + CLIENT, TOKEN + b"\r\nBreak-Glass: a\xadb", 422),
        (b"GET " + CLIENT, TOKEN + b"\r\nBreak-Glass: \xa0", 422),
        (b"PUT " + CLIENT, TOKEN + b"\r\nIf-Match: \xff\xfe\r\n" + BODY, 422),
        (b"PUT " + CLIENT, TOKEN + b"\r\nContent-Length: \xb2", 400),
        (b"PUT " + CLIENT, TOKEN + b"\r\nContent-Length: " + b"9" * 30, 400),
        (b"PUT " + CLIENT, TOKEN + b"\r\n" + BODY.replace(b"json", b"\xff"), 415),
        (b"GET /nowhere", b"traceparent: \xff\xfe\r\nX-Forwarded-For: \xff\r\nCookie: \xff", 404),
    ],
)
async def test_bytes_that_mean_nothing_are_refused(
    port: int, line: bytes, headers: bytes, status: int
):
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    end = b"" if b"Content-Length: 2" not in headers else b"{}"
    writer.write(
        line + b" HTTP/1.1\r\nHost: a\r\nConnection: close\r\n" + headers + b"\r\n\r\n" + end
    )
    async with asyncio.timeout(5):
        answer = await reader.read()
    writer.close()
    assert answer.split(b" ")[1] == str(status).encode(), answer
