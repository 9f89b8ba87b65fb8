"""Making read models anew: from Kafka from the beginning, in tables beside the live ones.

A read model is a table that follows from events alone. Its handlers are run again, as they are, on
empty tables of the same form in the schema `rebuilding`, while the service applies, answers and
serves the live ones. What the live tables hold is told by the service's positions: no event beyond
them is applied, so that none is applied twice after the swap. What a topic does not hold any more
is fetched from the publisher's journal.

At the end writers wait for a moment: what they applied meanwhile is applied here too, rows and sums
of both are compared, and the new tables take the place of the live ones in one commit. Whatever
goes wrong before leaves the live tables as they are.

Longer than other files, as reading, writing and swapping hold the same state.
"""

import asyncio
import gc
import multiprocessing
import os
from collections import defaultdict
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import asynccontextmanager, contextmanager
from datetime import datetime
from typing import Any

import asyncpg
from aiokafka import AIOKafkaConsumer, TopicPartition

from shared.contracts.topics import BY_STREAM
from shared.database import ALL_SITES, Database
from shared.database.transaction import Connection
from shared.messaging import records
from shared.messaging.applier import FETCHES, describe
from shared.messaging.envelope import Envelope, Received, Undecodable, read_again
from shared.messaging.feed import Feed, FeedUnavailable
from shared.messaging.handlers import Registry
from shared.messaging.plan import StreamKey, waves
from shared.messaging.read_models import (
    Done,
    Progress,
    ReadModels,
    RebuildFailed,
    Share,
    Tell,
    read_share,
    share,
)
from shared.settings import Settings

READ = 2_000
"""Records looked at before others have a turn: what was written before goes out meanwhile."""
BATCH = 16_000
"""Events applied in one transaction."""
MOST_PARTS, WORTH_A_PART = 4, 50_000
"""Processes that read at once, and the records for which another one is worth its start."""
KEYS_AT_ONCE = 500
"""Of keys whose events are fetched, so that not all of them are in memory."""
LONG = 6 * 3600.0
SWAP_SECONDS = 300.0
"""How long writers may wait until the new tables are where the live ones are."""
SWAPS = 5
SKIPPED = """
SELECT stream, key, sequence FROM platform.dead_letters
WHERE consumer = $1 AND resolution = 'skipped' AND sequence IS NOT NULL
"""
POSITIONS = """
SELECT stream, key, sequence FROM platform.positions
WHERE consumer = $1 AND stream = ANY ($2::text[])
"""
FIGURES = """
SELECT count(*) AS rows, coalesce(sum(hash_record_extended(t, 0)), 0)::text AS sum
FROM {schema}.{table} t
"""
DIFFERENT = """
SELECT (SELECT count(*) FROM (TABLE public.{table} EXCEPT TABLE rebuilding.{table}) a) AS gone,
  (SELECT count(*) FROM (TABLE rebuilding.{table} EXCEPT TABLE public.{table}) b) AS new
"""
ALONE = "SELECT pg_try_advisory_lock(hashtextextended('rebuilding', 0))"
BESIDE = (
    "SET LOCAL search_path = rebuilding, public; SET LOCAL synchronous_commit = off;"
    " SET LOCAL stepwell.sites = '*'"
)


class Rebuild:
    """One rebuild of the read models of a service."""

    def __init__(
        self,
        database: Database,
        settings: Settings,
        models: ReadModels,
        feed: Feed,
        tell: Tell,
        *,
        parts: int | None = None,
    ) -> None:
        """`parts` is how many processes read at once; by default as many as are worth it."""
        self.parts = parts
        self.database = database
        self.settings = settings
        self.models = models
        self.feed = feed
        self.tell = tell
        self.registry = Registry(settings.service, models.consumers, some=True)
        self.reached: dict[StreamKey, int] = {}
        self.live: dict[StreamKey, int] = {}
        self.applied = 0
        self.read = self.total = 0
        self.others: Any = ()
        """What processes beside this one have read, each of them, in memory that they share."""
        self._skipped: set[tuple[str, str, int]] = set()
        self._ahead: dict[StreamKey, list[Envelope]] = defaultdict(list)
        self._ready: list[Received[Any]] = []
        self._mine: frozenset[TopicPartition] = frozenset()
        self._writing: asyncio.Task[None] | None = None
        self._prefix = f"{settings.kafka_topic_prefix}stepwell."
        self._streams = {
            self._prefix + stream: (stream, not BY_STREAM[stream].derived)
            for stream in self.registry.streams
        }
        """Of each topic its stream, and whether its events are numbered."""

    async def run(self, *, accept_differences: bool = False) -> None:
        """Rebuild, verify and swap.

        Raises:
            RebuildFailed: nothing was changed.
        """
        tables = list(self.models.tables)
        async with (
            self._connection() as own,
            self._connection() as beside,
            self._reader() as reader,
        ):
            if not await own.fetchval(ALONE):
                raise RebuildFailed("Another rebuild of this service is under way.")
            await own.execute("SELECT rebuilding.prepare($1)", tables, timeout=LONG)
            self.live = await self._positions(own)
            rows = await own.fetch(SKIPPED, self.settings.service)
            self._skipped = {(r["stream"], r["key"], r["sequence"]) for r in rows}
            await self._read_in_parts(reader)
            await self._fill(await self._missing_at_all())
            self.tell(Progress("indexing", {"applied": self.applied}))
            await self._finish(own, beside)
            self.live = await self._positions(own)
            await self._read_on(reader)
            for _ in range(SWAPS):
                try:
                    async with asyncio.timeout(SWAP_SECONDS):
                        await self._swap(own, beside, reader, accept_differences=accept_differences)
                except asyncpg.DeadlockDetectedError:
                    continue  # a writer and this waited for one another
                except TimeoutError:
                    break
                else:
                    return
            raise RebuildFailed("Writers and the swap stand in each other's way: try again later.")

    # Reading

    async def _read_in_parts(self, reader: AIOKafkaConsumer) -> None:
        """Read all, where there is much of it with processes beside this one, each a share of the
        partitions: one decodes while the database writes for another."""
        begins = await reader.beginning_offsets(reader.assignment())
        ends = await reader.end_offsets(reader.assignment())
        self.total = sum(ends.values()) - sum(begins.values())
        worth = min(os.cpu_count() or 1, MOST_PARTS, 1 + self.total // WORTH_A_PART)
        if (count := self.parts or worth) < 2:
            await self._read_on(reader)
            return
        context = multiprocessing.get_context("spawn")
        self.others = read = context.Array("q", count)
        loop = asyncio.get_running_loop()
        with ProcessPoolExecutor(count - 1, context, initializer=share, initargs=(read,)) as pool:
            shares = [
                Share(self.settings, n, count, self.live, self._skipped) for n in range(1, count)
            ]
            under_way = [loop.run_in_executor(pool, read_share, one) for one in shares]
            with self._sharing(reader, 0, count):
                await self._read_on(reader)
            for done in await asyncio.gather(*under_way):
                self.reached |= done.reached
                self.applied += done.applied
                for (topic, number), offset in done.offsets.items():
                    reader.seek(TopicPartition(topic, number), offset)

    @contextmanager
    def _sharing(self, reader: AIOKafkaConsumer, number: int, count: int) -> Iterator[None]:
        """Read only every `count`-th partition from `number` on."""
        others = [p for p in reader.assignment() if p.partition % count != number]
        reader.pause(*others)
        self._mine = frozenset(reader.assignment()) - frozenset(others)
        yield
        reader.resume(*others)
        self._mine = frozenset()

    async def read_share(self, one: Share) -> Done:
        """Apply the events of some partitions, as far as the live tables held them."""
        self.live, self._skipped = one.live, one.skipped
        async with self._reader() as reader:
            with self._sharing(reader, one.number, one.count):
                await self._read_on(reader)
                offsets = {(p.topic, p.partition): await reader.position(p) for p in self._mine}
        for waiting in self._ahead.values():  # to be read again by whoever goes on
            for envelope in waiting:
                place = (f"{self._prefix}{envelope.stream}", envelope.partition)
                offsets[place] = min(offsets[place], envelope.offset)
        return Done(self.reached, self.applied, offsets)

    async def _read_on(self, reader: AIOKafkaConsumer) -> None:
        """Apply all that the topics hold now, as far as the live tables hold it."""
        ends = await reader.end_offsets(self._mine or reader.assignment())
        while any([await reader.position(p) < end for p, end in ends.items()]):
            read = await reader.getmany(timeout_ms=1_000, max_records=READ)
            taken = [record for part in read.values() for record in part]
            await self._take([self._opened(record) for record in taken])
            self.read += len(taken)
            read_by_all = self.read + sum(self.others)
            self.tell(
                Progress("reading", {"read": read_by_all, "of": max(self.total, read_by_all)})
            )
        for waiting in [key for key in self._ahead if self._ahead[key]]:
            await self._take(self._ahead.pop(waiting))
        await self._write()
        await self._written()

    def _opened(self, record: Any) -> Envelope | None:
        """A record's attributes; None of one that is no event, which nobody applied either.

        Only what is asked for here is read, as whoever applied the event has looked at all of it.
        """
        stream, numbered = self._streams[record.topic]
        given = dict(record.headers)
        try:
            return Envelope(
                given["ce_id"].decode(),
                given["ce_source"].decode(),
                given["ce_type"].decode(),
                stream,
                record.key.decode(),
                int(given["ce_sequence"]) if numbered else None,
                datetime.fromisoformat(given["ce_time"].decode()),
                dataschema=None,
                traceparent=None,
                payload=record.value or b"",
                partition=record.partition,
                offset=record.offset,
            )
        except (KeyError, ValueError, AttributeError):
            return None

    async def _take(self, envelopes: Sequence[Envelope | None]) -> None:
        """Get events ready in the order of their keys; what is missing before them is fetched."""
        held: dict[StreamKey, list[Envelope]] = defaultdict(list)
        gaps: dict[StreamKey, tuple[int, int]] = {}
        for envelope in envelopes:
            if envelope is None:
                continue
            sequence = envelope.sequence
            if sequence is None:
                self._get_ready(envelope)
                continue
            key = (envelope.stream, envelope.key)
            reached = self.reached.get(key, 0)
            if key in held:
                held[key].append(envelope)
            elif sequence <= reached:
                continue
            elif sequence > self.live.get(key, 0):
                self._ahead[key].append(envelope)
            elif sequence == reached + 1:
                self.reached[key] = sequence
                self._get_ready(envelope)
            else:
                gaps[key] = (reached + 1, sequence - 1)
                held[key].append(envelope)
        if gaps:
            await self._fill(gaps)
            await self._take([envelope for waiting in held.values() for envelope in waiting])
        if len(self._ready) >= BATCH:
            await self._write()

    def _get_ready(self, envelope: Envelope) -> None:
        contract = self.registry.contract_of(envelope.type)
        numbered = (envelope.stream, envelope.key, envelope.sequence or 0)
        if contract is None or (self._skipped and numbered in self._skipped):
            return
        try:
            self._ready.append(read_again(envelope, contract))
        except Undecodable as error:
            raise RebuildFailed(f"An event that was applied cannot be read: {error}.") from None

    async def _fill(self, gaps: Mapping[StreamKey, tuple[int, int]]) -> None:
        """Take events of keys that no topic holds from their publishers' journals."""
        turns = asyncio.Semaphore(FETCHES)

        async def fetch(key: StreamKey, first: int, last: int) -> list[Envelope]:
            async with turns:
                try:
                    found = await self.feed.events(*key, first, last)
                except FeedUnavailable as error:
                    raise RebuildFailed(f"Events have to be fetched, but: {error}.") from None
            if len(found) != last - first + 1:
                raise RebuildFailed(
                    f"Events of {key[0]} are neither in its topic nor in the publisher's journal."
                )
            return found

        keys = list(gaps)
        for start in range(0, len(keys), KEYS_AT_ONCE):
            some = keys[start : start + KEYS_AT_ONCE]
            for found in await asyncio.gather(*(fetch(key, *gaps[key]) for key in some)):
                await self._take(found)

    async def _missing_at_all(self) -> dict[StreamKey, tuple[int, int]]:
        """What was applied of keys whose last events are in no topic any more."""
        return {
            key: (self.reached.get(key, 0) + 1, last)
            for key, last in self.live.items()
            if self.reached.get(key, 0) < last
        }

    # Writing

    async def _write(self) -> None:
        """Write what is ready, while others are read."""
        await self._written()
        if self._ready:
            ready, self._ready = self._ready, []
            self._writing = asyncio.create_task(self._apply(ready))
            await asyncio.sleep(0)

    async def _written(self) -> None:
        if self._writing is not None:
            await self._writing
            self._writing = None

    async def _apply(self, ready: Sequence[Received[Any]]) -> None:
        while True:
            try:
                await self._apply_once(ready)
            except asyncpg.DeadlockDetectedError:
                continue  # two processes told of the same sites
            self.applied += len(ready)
            return

    async def _apply_once(self, ready: Sequence[Received[Any]]) -> None:
        async with self.database.transaction(ALL_SITES) as tx:
            tx.rebuilding = True
            await tx.execute(BESIDE)
            for group in self._groups(ready):
                try:
                    await self.registry.handle(tx, group[0].type, group)
                except asyncpg.DeadlockDetectedError:
                    raise
                except Exception as error:
                    kind = group[0].type.split(".")[-2]
                    raise RebuildFailed(f"{kind} cannot be applied: {describe(error)}.") from error
            await tx.conclude()
            tx.outgoing.clear()  # all of it was told when it happened

    def _groups(self, ready: Sequence[Received[Any]]) -> list[list[Received[Any]]]:
        """What is applied at once: what has an order in waves, and of all else each type."""
        free = {event.type_name() for event in self.models.in_any_order}
        by_type: dict[str, list[Received[Any]]] = defaultdict(list)
        ordered: list[Received[Any]] = []
        for one in ready:
            (by_type[one.type] if one.type in free else ordered).append(one)
        return [*waves(ordered), *by_type.values()]

    # Verifying and swapping

    async def _swap(
        self,
        own: Connection,
        beside: Connection,
        reader: AIOKafkaConsumer,
        *,
        accept_differences: bool,
    ) -> None:
        tables = list(self.models.tables)
        async with own.transaction():
            listed = ", ".join(f"public.{table}" for table in tables)
            await own.execute(f"LOCK TABLE {listed} IN SHARE ROW EXCLUSIVE MODE", timeout=LONG)
            self.live = await self._positions(own)
            await self._read_on(reader)
            await self._fill(await self._missing_at_all())
            await self._write()
            await self._written()
            for statement in self.models.at_the_end:
                await own.execute(statement, timeout=LONG)
            differences = await self._verify(own, beside)
            if differences and not accept_differences:
                raise RebuildFailed(
                    f"{', '.join(differences)} would differ from the live tables: look at the "
                    "figures above; with --accept-differences the rebuilt ones take their place."
                )
            try:
                await own.execute("SELECT rebuilding.swap($1)", tables, timeout=LONG)
            except asyncpg.ForeignKeyViolationError as error:
                raise RebuildFailed(
                    f"Rows of {error.table_name}, which no event makes, would point to nothing."
                ) from None
        self.tell(Progress("swapped", {"applied": self.applied, "tables": tables}))

    async def _finish(self, *connections: Connection) -> None:
        """Give the filled tables their indexes, as many at once as there are connections."""
        tables = iter(self.models.tables)

        async def some(connection: Connection) -> None:
            for table in tables:
                await connection.execute("SELECT rebuilding.finish($1)", [table], timeout=LONG)

        await asyncio.gather(*map(some, connections))

    async def _verify(self, own: Connection, beside: Connection) -> list[str]:
        """Compare rows and sums of each table with the live one; the tables that differ."""
        differing = []
        for table in self.models.tables:
            ((live,), (made,)) = await asyncio.gather(
                beside.fetch(FIGURES.format(schema="public", table=table), timeout=LONG),
                own.fetch(FIGURES.format(schema="rebuilding", table=table), timeout=LONG),
            )
            details = {"table": table, "live_rows": live["rows"], "rebuilt_rows": made["rows"]}
            if live != made:
                row = await own.fetchrow(DIFFERENT.format(table=table), timeout=LONG)
                details |= {"only_live": row["gone"], "only_rebuilt": row["new"]} if row else {}
                differing.append(table)
            self.tell(Progress("verified", {**details, "equal": live == made}))
        return differing

    # What it works with

    async def _positions(self, own: Connection) -> dict[StreamKey, int]:
        rows = await own.fetch(
            POSITIONS, self.settings.service, self.registry.streams, timeout=LONG
        )
        return {
            (r["stream"], r["key"]): r["sequence"]
            for r in rows
            if not BY_STREAM[r["stream"]].derived
        }

    @asynccontextmanager
    async def _connection(self) -> AsyncIterator[Connection]:
        """A connection that sees all sites."""
        connection = await self.database.connect()
        try:
            await connection.execute("SET stepwell.sites = '*'")
            yield connection
        finally:
            connection.terminate()

    @asynccontextmanager
    async def _reader(self) -> AsyncIterator[AIOKafkaConsumer]:
        """A reader of all partitions from the beginning, which is no member of any group."""
        records.install()
        reader = AIOKafkaConsumer(
            *self._streams,
            **self.settings.kafka_client,
            client_id=f"{self.settings.service}-rebuild",
            enable_auto_commit=False,
            auto_offset_reset="earliest",
            max_partition_fetch_bytes=4 * 1024 * 1024,
            fetch_max_wait_ms=records.FETCH_MS,
        )
        await reader.start()
        gc.disable()  # what is read makes no cycles, and looking for them takes long
        try:
            await reader.seek_to_beginning()
            yield reader
        finally:
            gc.enable()
            await reader.stop()
