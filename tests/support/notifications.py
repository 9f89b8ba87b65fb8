"""The notifications service on a real database and a real mail server, on a clock of its own."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4
from zoneinfo import ZoneInfo

import pytest
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from services.notifications.delivery.jobs import messages
from services.notifications.delivery.queries import Wanted, list_notifications
from services.notifications.delivery.schemas import Notification
from services.notifications.rulebook.policy import rulebook
from services.notifications.service import service
from shared import clock
from shared.contracts.base import Event
from shared.contracts.intake import (
    ClientEnrolled,
    ClientSteppedDown,
    ConsentGranted,
    ContactDetailsChanged,
    EpisodeStateChanged,
    PreferencesChanged,
)
from shared.contracts.scheduling import (
    SessionAttended,
    SessionCancelled,
    SessionMissed,
    SessionNotHeld,
    SessionScheduled,
)
from shared.contracts.topics import BY_TYPE
from shared.database import ALL_SITES, Database, Sites
from shared.jobs import JobContext
from shared.messaging.envelope import Received
from shared.messaging.handlers import Registry
from shared.settings import Settings
from shared.web import Paging
from stepwell.runtime.disposable import Stack
from tests.support.data import read_anew
from tests.support.mailbox import Mailbox

DENVER = ZoneInfo("America/Denver")
DENVER_SITE = UUID(int=1)
MONDAY_NOON = datetime(2026, 6, 1, 12, 0, tzinfo=DENVER)
TOLD_ONCE = Path(__file__).parent / "told_once"
CAUSE = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


@dataclass
class Desk:
    """One test's service: tell it events, move its clock, look at what went out."""

    database: Database
    settings: Settings
    mailbox: Mailbox
    clock_file: Path
    exporter: InMemorySpanExporter
    registry: Registry = field(default_factory=lambda: Registry("notifications", service.consumers))

    @property
    def now(self) -> datetime:
        return clock.read(self.clock_file)

    def set_clock(self, instant: datetime) -> None:
        clock.write(self.clock_file, instant)

    async def tell(self, *events: Event, traceparent: str | None = None) -> None:
        """Apply events of one type in one transaction."""
        received: list[Received[Any]] = [
            Received(
                e, str(uuid4()), "/t", e.type_name(), e.stream, e.key, 1, self.now, traceparent
            )
            for e in events
        ]
        async with self.database.transaction(ALL_SITES) as tx:
            await self.registry.handle(tx, events[0].type_name(), received)

    async def introduce(self, *details: ContactDetailsChanged) -> None:
        """Tell how clients want to be reached, and that they agreed to all of it."""
        await self.tell(*details)
        await self.tell(*(agreement(one.client_id, one.site_id) for one in details))

    def telling(self, *events: Event) -> Callable[[], Awaitable[None]]:
        """Tells each event by itself, once; what comes in while a message goes out."""
        left = list(events)

        async def tell() -> None:
            while left:
                await self.tell(left.pop(0))

        return tell

    async def dispatch(self) -> int:
        """Run the job until nothing more is due; how many messages it dealt with."""
        return await messages.dispatch(JobContext(self.database, self.settings))

    async def next_due(self) -> datetime | None:
        async with self.database.transaction(ALL_SITES) as tx:
            return await messages.next_due(tx)

    async def sending(self) -> int:
        """How many messages somebody is at work on."""
        async with self.database.transaction(ALL_SITES) as tx:
            return int(await tx.fetchval(messages.sending) or 0)

    async def until_next_due(self) -> datetime:
        """Move the clock to the next attempt and dispatch; the instant of it."""
        due = await self.next_due()
        assert due is not None
        self.set_clock(max(due, self.now))
        await self.dispatch()
        return due

    async def withdrawals(self) -> int:
        """How many messages are withdrawn and not cancelled yet."""
        async with self.database.transaction(ALL_SITES) as tx:
            count: int = await tx.fetchval("SELECT count(*) FROM withdrawals")
            return count

    async def until_unlocked(self) -> None:
        """Wait until the database has let go of what a killed process held."""
        async with asyncio.timeout(10), self.database.transaction(ALL_SITES) as tx:
            await tx.fetch("SELECT id FROM notifications FOR UPDATE")

    async def messages(self, sites: Sites = ALL_SITES, **wanted: Any) -> list[Notification]:
        async with self.database.transaction(sites) as tx:
            page = await list_notifications(tx, Wanted(**wanted), Paging(limit=1_000))
            return page.items

    async def message(self, **wanted: Any) -> Notification:
        """The only message."""
        (found,) = await self.messages(**wanted)
        return found

    async def published(self) -> list[tuple[Event, str | None]]:
        """What the service published, in order, each with its trace."""
        async with self.database.transaction(ALL_SITES) as tx:
            rows = await tx.fetch(
                "SELECT type, payload, traceparent FROM platform.outbox ORDER BY id"
            )
        return [
            (BY_TYPE[r["type"]].model_validate_json(r["payload"]), r["traceparent"]) for r in rows
        ]

    @property
    def spans(self) -> Sequence[ReadableSpan]:
        return self.exporter.get_finished_spans()


@contextlib.asynccontextmanager
async def open_desk(
    stack: Stack,
    clock_file: Path,
    monkeypatch: pytest.MonkeyPatch,
    rules: Path | None = TOLD_ONCE,
) -> AsyncIterator[Desk]:
    """A service with an empty database on Monday, 2026-06-01 12:00 in Denver, of an organization
    that tells each thing once, unless `rules` is another folder of data; None: as shipped."""
    if rules is not None:
        read_anew(monkeypatch, rulebook, folder=rules)
    clock.write(clock_file, MONDAY_NOON)
    exporter = InMemorySpanExporter()
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    monkeypatch.setattr("services.notifications.delivery.sending.chance", lambda: 0.0)
    monkeypatch.setattr("shared.telemetry.tracing.tracer", provider.get_tracer("tests"))
    async with Mailbox().listening() as mailbox:
        settings = Settings(
            service="notifications",
            environment="local",
            database_url=await stack.database("notifications"),
            kafka_bootstrap_servers="127.0.0.1:9",
            oidc_issuer="http://127.0.0.1:9",
            smtp_host=mailbox.host,
            smtp_port=mailbox.port,
        )
        database = Database(settings.database_url, size=6)
        await database.open()
        try:
            yield Desk(database, settings, mailbox, clock_file, exporter)
        finally:
            await database.close()


def agreement(client_id: UUID, site_id: UUID = DENVER_SITE, **changed: Any) -> ConsentGranted:
    """A consent to be reached by e-mail at any time for all that there is, but for what is changed
    of it."""
    return ConsentGranted(
        **{
            "client_id": client_id,
            "site_id": site_id,
            "consent_id": uuid4(),
            "form": "contact_channels",
            "channels": ["email"],
            "voicemail": "none",
            "uses": ["appointments", "missed_sessions", "program_news"],
            "safe_times": [],
            "time_zone": None,
            "expires_on": None,
            "granted_at": MONDAY_NOON,
            **changed,
        }
    )


@dataclass(frozen=True)
class Client:
    """A client by name, and the events about them."""

    name: str
    id: UUID = field(default_factory=uuid4)
    site_id: UUID = DENVER_SITE
    stay: UUID = field(default_factory=uuid4)

    @property
    def about(self) -> dict[str, Any]:
        return {"client_id": self.id, "site_id": self.site_id, "enrolment_id": self.stay}

    def enrolled(self, stay: UUID | None = None) -> ClientEnrolled:
        return ClientEnrolled(
            **self.about | {"enrolment_id": stay or self.stay},
            level_of_care="2.1",
            dual_diagnosis=False,
            gender_group=None,
            enrolled_at=MONDAY_NOON,
        )

    def becomes(self, state: str, *, was: str = "active") -> EpisodeStateChanged:
        """The stay goes on; states other than those of a stay that goes on end it."""
        return EpisodeStateChanged(
            **self.about,
            from_state=was,
            to_state=state,
            reason=None,
            ended=state not in ("enrolled", "active", "on_hold"),
            changed_at=MONDAY_NOON,
        )

    def stepped_down(self) -> ClientSteppedDown:
        return ClientSteppedDown(
            **self.about,
            recommendation_id=uuid4(),
            from_level="2.1",
            to_level="1.5",
            stepped_down_at=MONDAY_NOON,
        )

    def not_held(self, session: SessionScheduled | SessionMissed) -> SessionNotHeld:
        return SessionNotHeld(
            **self.about,
            session_id=session.session_id,
            cohort_id=session.cohort_id,
            kind="group",
            starts_at=session.starts_at,
            time_zone=session.time_zone,
            reason="weather",
            not_held_at=MONDAY_NOON,
        )

    def details(
        self, *, channel: str = "email", email: str | None = "", time_zone: str | None = None
    ) -> ContactDetailsChanged:
        return ContactDetailsChanged(
            client_id=self.id,
            site_id=self.site_id,
            channel=channel,
            email=f"{self.name}@example.test" if email == "" else email,
            phone=None,
            time_zone=time_zone,
            changed_at=MONDAY_NOON,
        )

    def agrees(self, **changed: Any) -> ConsentGranted:
        """The client signs how to be reached; see `agreement`."""
        return agreement(self.id, self.site_id, **changed)

    def reads(self, language: str) -> PreferencesChanged:
        """The client states a language."""
        return PreferencesChanged(
            client_id=self.id,
            site_id=self.site_id,
            time_zone="America/Denver",
            available=[],
            telehealth=False,
            needs_transport=False,
            needs_child_care=False,
            language=language,
            gender_group=None,
            changed_at=MONDAY_NOON,
        )

    def expected(self, starts_at: datetime, session_id: UUID | None = None) -> SessionScheduled:
        return SessionScheduled(
            **self.about,
            session_id=session_id or uuid4(),
            cohort_id=UUID(int=7),
            kind="group",
            starts_at=starts_at,
            ends_at=starts_at + timedelta(hours=3),
            break_minutes=15,
            time_zone="America/Denver",
        )

    def off_the_list(self, session: SessionScheduled) -> SessionCancelled:
        return SessionCancelled(
            client_id=self.id,
            site_id=self.site_id,
            session_id=session.session_id,
            cohort_id=session.cohort_id,
            reason="stepped_down",
            cancelled_at=MONDAY_NOON,
        )

    def missed(
        self,
        starts_at: datetime,
        session_id: UUID | None = None,
        *,
        excused: bool = False,
        on_hold: bool = False,
    ) -> SessionMissed:
        return SessionMissed(
            **self.about,
            session_id=session_id or uuid4(),
            cohort_id=UUID(int=7),
            starts_at=starts_at,
            scheduled_minutes=165,
            time_zone="America/Denver",
            recorded_at=starts_at,
            status="excused_absence" if excused else "no_show",
            excused=excused,
            on_hold=on_hold,
        )

    def attended(self, missed: SessionMissed) -> SessionAttended:
        return SessionAttended(
            **missed.model_dump(exclude={"status", "excused", "on_hold"}),
            status="present",
            attended_minutes=165,
        )
