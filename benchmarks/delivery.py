"""Reminders handed to a fast provider of text messages, the query that claims what is due beside
millions that are not, and the way of an event to the provider.

The provider runs in a process of its own and answers at once; two workers share the machine with
it and the database. BENCH_REMINDERS and BENCH_FUTURE make the runs larger: 100,000 and 5,000,000
are what the goals are about, 20,000 and 1,000,000 what a run takes by itself.
"""

import asyncio
import contextlib
import os
import resource
import statistics
import sys
import tempfile
import time
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import ClassVar, cast
from uuid import UUID, uuid4

import orjson
import uvloop

from benchmarks.ground import Ground, connection, ground
from benchmarks.measure import Row
from services.notifications.delivery.jobs import dispatch_job, messages
from services.notifications.delivery.queue import BATCH, DUE
from services.notifications.service import service
from shared.contracts.scheduling import SessionMissed
from shared.database import ALL_SITES, Database
from shared.jobs import JobContext, Jobs
from shared.messaging.envelope import Received
from shared.messaging.handlers import Registry
from shared.settings import Settings
from stepwell.runtime.disposable import Stack, free_ports
from stepwell.runtime.roles import owner

REMINDERS = int(os.environ.get("BENCH_REMINDERS", "20000"))
FUTURE = int(os.environ.get("BENCH_FUTURE", "1000000"))
WORKERS = 2
CLAIMS = 200
EVENTS = 100
SITE = UUID(int=1)
CLIENT = "('2' || lpad(n::text, 31, '0'))::uuid"
PEOPLE = f"""
INSERT INTO contacts (client_id, site_id, channel, phone, preferred, changed_at)
SELECT {CLIENT}, '{SITE}', 'log', '+1303555' || lpad((n % 10000)::text, 4, '0'), 'sms', $1
FROM generate_series($2::integer, $3::integer) AS n;
"""
AGREED = f"""
INSERT INTO contact_consents (client_id, site_id, consent_id, channels, uses, safe_times,
  granted_at)
SELECT {CLIENT}, '{SITE}', {CLIENT}, '{{sms}}', '{{appointments,missed_sessions}}', '[]', $1
FROM generate_series($2::integer, $3::integer) AS n;
"""
PLANNED = f"""
INSERT INTO notifications (id, site_id, client_id, session_id, kind, session_starts_at,
  site_time_zone, state, planned_at, due_at, next_at, expires_at, due_on)
SELECT ('5' || lpad(n::text, 31, '0'))::uuid, '{SITE}', {CLIENT}, {CLIENT}, 'session_reminder', $4,
  $5, 'planned', $1, t, t, $4, t::date
FROM generate_series($2::integer, $3::integer) AS n,
  LATERAL (SELECT $6::timestamptz + n * interval '10 milliseconds') AS at(t);
"""
ANSWER = b'{"sid":"SM%032d"}'


async def run(stack: Stack) -> list[Row]:
    """The three claims, each on a database of its own."""
    with tempfile.TemporaryDirectory() as folder:
        return [
            *await handed_over(stack, Path(folder)),
            await claimed(stack),
            await reacted(stack, Path(folder)),
        ]


def zone_at_noon() -> str:
    """A zone where it is about noon now, so that quiet hours end no run."""
    return f"Etc/GMT{datetime.now(UTC).hour - 12:+d}"


async def plan(on: Ground, first: int, last: int, due_at: datetime) -> None:
    """People and their reminders, due from `due_at` on."""
    now = datetime.now(UTC)
    starts = max(due_at, now) + timedelta(days=3)
    async with connection(on.stack.url(on.database, owner(on.service))) as own:
        await own.execute("SET stepwell.sites = '*'")
        await own.execute(PEOPLE, now, first, last, timeout=900)
        await own.execute(AGREED, now, first, last, timeout=900)
        await own.execute(PLANNED, now, first, last, starts, zone_at_noon(), due_at, timeout=900)
        await own.execute("VACUUM ANALYZE", timeout=900)


def settings_of(on: Ground, folder: Path, port: int) -> Settings:
    """Settings of a service that knows the provider."""
    account = {
        "name": "fast",
        "base_url": f"http://127.0.0.1:{port}",
        "account": "AC1",
        "token": "a-token-for-benchmarks",
        "sender": "+13035550199",
        "per_second": 10_000,
    }
    file = folder / "channels.json"
    file.write_bytes(orjson.dumps({"public_url": "https://n.example.test", "sms": [account]}))
    return on.settings.model_copy(update={"channels_file": str(file)})


async def handed_over(stack: Stack, folder: Path) -> list[Row]:
    """Messages a second with two workers, and how much memory a worker gains in its second half."""
    on = await ground(stack, "notifications")
    await plan(on, 1, REMINDERS, datetime.now(UTC) - timedelta(hours=1))
    (port,) = free_ports(1)
    settings = settings_of(on, folder, port)
    env = {**os.environ, "BENCH_SETTINGS": settings.model_dump_json(by_alias=True)}

    def begin(*role: str) -> "asyncio.Future[asyncio.subprocess.Process]":
        return asyncio.ensure_future(
            asyncio.create_subprocess_exec(
                *(sys.executable, "-m", "benchmarks.delivery", *role),
                env=env,
                stdout=asyncio.subprocess.PIPE,
            )
        )

    provider = await begin("provider", str(port))
    assert provider.stdout is not None
    await provider.stdout.readline()
    workers = [await begin("worker") for _ in range(WORKERS)]
    told = [orjson.loads((await worker.communicate())[0]) for worker in workers]
    provider.terminate()
    await provider.wait()
    took = max(one["ended"] for one in told) - min(one["began"] for one in told)
    sent = sum(one["sent"] for one in told)
    grown = max(one["end_mb"] / one["half_mb"] for one in told)
    rate = round(sent / took, 1)
    return [
        Row("reminders handed to a provider", rate, "messages/s", None, None, 1_500, "higher"),
        Row(
            "memory of a worker, whole to half", round(grown, 3), "of it", None, None, 1.1, "lower"
        ),
    ]


async def work() -> None:
    """A worker: sends all that is due, and tells when, how much, and with how much memory."""
    settings = Settings.model_validate_json(os.environ["BENCH_SETTINGS"])
    database = Database(settings.database_url, size=4)
    await database.open()
    began, memory = time.time(), [resident_mb()]
    work = asyncio.create_task(messages.dispatch(JobContext(database, settings)))
    while not work.done():
        memory.append(resident_mb())
        await asyncio.wait([work], timeout=0.25)
    half, end = max(memory[: len(memory) // 2 + 1]), max(memory)
    told = {
        "began": began,
        "ended": time.time(),
        "sent": await work,
        "half_mb": half,
        "end_mb": end,
    }
    print(orjson.dumps(told).decode())
    await database.close()


def resident_mb() -> float:
    """The most memory that this process had so far."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


class FastProvider(asyncio.Protocol):
    """Answers 201 to every request as soon as its last byte is there."""

    heard = 0
    at: ClassVar[list[float]] = []
    once: ClassVar[asyncio.Event] = asyncio.Event()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        self._left = b""

    def data_received(self, data: bytes) -> None:
        self._left += data
        while (head := self._left.find(b"\r\n\r\n")) >= 0:
            lower = self._left[:head].lower()
            at = lower.find(b"content-length: ")
            length = int(lower[at + 16 :].partition(b"\r\n")[0]) if at >= 0 else 0
            if len(self._left) < head + 4 + length:
                return
            self._left = self._left[head + 4 + length :]
            FastProvider.heard += 1
            FastProvider.at.append(time.perf_counter())
            FastProvider.once.set()
            body = ANSWER % (time.time_ns() + FastProvider.heard)
            self._transport.write(
                b"HTTP/1.1 201 Created\r\nContent-Type: application/json\r\n"
                b"Content-Length: %d\r\n\r\n%b" % (len(body), body)
            )


async def provide(port: int) -> None:
    """The provider as a process of its own."""
    server = await asyncio.get_running_loop().create_server(FastProvider, "127.0.0.1", port)
    print("ready", flush=True)
    await server.serve_forever()


async def claimed(stack: Stack) -> Row:
    """The claim of a batch beside 10,000 future reminders and beside `FUTURE` of them."""
    on = await ground(stack, "notifications")
    later = datetime.now(UTC) + timedelta(days=1)
    await plan(on, 1, BATCH, datetime.now(UTC) - timedelta(hours=1))
    await plan(on, 1_001, 11_000, later)
    few = await claim_ms(on)
    await plan(on, 11_001, FUTURE, later)
    many = await claim_ms(on)
    return Row(
        f"claim beside {FUTURE:,} future reminders, p50",
        *(round(many, 3), "ms", round(few, 3), round(many / few, 3), 1.2, "lower"),
    )


async def claim_ms(on: Ground) -> float:
    """Median milliseconds of the query that claims a batch; nothing is kept."""
    taken = []
    query = DUE.format(kinds=messages.kinds)
    async with connection(on.database_url) as own:
        await own.execute("SET stepwell.sites = '*'")
        for _ in range(CLAIMS):
            claim = own.transaction()
            await claim.start()
            began = time.perf_counter()
            rows = await own.fetch(query, datetime.now(UTC), BATCH)
            taken.append(time.perf_counter() - began)
            assert len(rows) == BATCH
            await claim.rollback()
    return statistics.median(taken) * 1_000


@contextlib.asynccontextmanager
async def working(on: Ground, settings: Settings) -> AsyncIterator[Database]:
    """The service's job, as a worker runs it."""
    database = Database(settings.database_url, size=6)
    await database.open()
    job = asyncio.create_task(Jobs([dispatch_job], JobContext(database, settings)).run())
    try:
        yield database
    finally:
        job.cancel()
        await asyncio.gather(job, return_exceptions=True)
        await database.close()


async def reacted(stack: Stack, folder: Path) -> Row:
    """From an event that is handled until its message is at the provider."""
    on = await ground(stack, "notifications")
    await plan(on, 1, EVENTS, datetime.now(UTC) + timedelta(days=2))
    (port,) = free_ports(1)
    server = await asyncio.get_running_loop().create_server(FastProvider, "127.0.0.1", port)
    registry, taken = Registry("notifications", service.consumers), []
    async with server, working(on, settings_of(on, folder, port)) as database:
        for n in range(1, EVENTS + 1):
            FastProvider.at.clear()
            FastProvider.once.clear()
            began = time.perf_counter()
            event = missed(UUID(f"2{n:031d}"))
            async with database.transaction(ALL_SITES) as tx:
                received = Received(
                    *(event, str(uuid4()), "/b", event.type_name(), event.stream, event.key),
                    *(n, datetime.now(UTC), None),
                )
                await registry.handle(tx, event.type_name(), [received])
            async with asyncio.timeout(10):
                await FastProvider.once.wait()
            taken.append(FastProvider.at[0] - began)
    value = round(statistics.median(taken) * 1_000, 2)
    return Row("event to message at the provider, p50", value, "ms", None, None, 50, "lower")


def missed(client_id: UUID) -> SessionMissed:
    """A session that somebody missed, of which they are told at once."""
    began = datetime.now(UTC) - timedelta(hours=2)
    return SessionMissed(
        client_id=client_id,
        site_id=SITE,
        enrolment_id=uuid4(),
        session_id=uuid4(),
        cohort_id=uuid4(),
        starts_at=began,
        scheduled_minutes=165,
        time_zone=zone_at_noon(),
        recorded_at=began,
        status="no_show",
        excused=False,
        on_hold=False,
    )


if __name__ == "__main__":
    uvloop.run(work() if sys.argv[1] == "worker" else provide(int(sys.argv[2])))
