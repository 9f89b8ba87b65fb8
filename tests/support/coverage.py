"""Coverage of clients over HTTP, and attendance as scheduling tells of it."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4
from zoneinfo import ZoneInfo

import httpx

from services.intake.authorizations.consumers import consumers
from shared import clock
from shared.contracts.base import Event
from shared.contracts.scheduling import (
    SessionAttended,
    SessionMissed,
    SessionNotHeld,
    SessionScheduled,
)
from shared.database import ALL_SITES, Database, Transaction
from shared.messaging.envelope import Received
from shared.messaging.handlers import Registry
from tests.support.flow import Intake, created
from tests.support.system import Client

ZONE = "America/Denver"
TRACEPARENT = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
COHORT = UUID(int=77)


def card(**changed: object) -> dict[str, object]:
    """An insurance as somebody enters it."""
    return {
        "kind": "commercial",
        "payer": "commercial",
        "plan": "PPO 500",
        "member_id": "W123456789",
        "priority": "primary",
        "effective_from": "2026-01-01",
    } | changed


def grant(**changed: object) -> dict[str, object]:
    """An authorization as somebody enters it."""
    return {
        "number": "A-1",
        "code": "H0015",
        "units_granted": 10,
        "valid_from": "2026-02-02",
        "valid_until": "2026-03-31",
    } | changed


def start(on: date, hour: int = 17, zone: str = ZONE) -> datetime:
    """An hour of a local day, as an instant."""
    return datetime(on.year, on.month, on.day, hour, tzinfo=ZoneInfo(zone)).astimezone(UTC)


@dataclass
class Payments:
    """One test's clients with their coverage; events of scheduling are told directly."""

    intake: Intake
    database: Database
    desk: Client
    sequence: int = 0

    async def covered(self, **changed: object) -> tuple[str, dict[str, Any]]:
        client = await self.intake.refer()
        return client, created(
            await self.desk.post(f"/clients/{client}/coverages", card(**changed))
        )

    async def granted(self, coverage: dict[str, Any], **changed: object) -> dict[str, Any]:
        path = f"/coverages/{coverage['id']}/authorizations"
        return created(await self.desk.post(path, grant(**changed)))

    async def shown(self, authorization: dict[str, Any]) -> dict[str, Any]:
        return dict((await self.desk.get(f"/authorizations/{authorization['id']}")).json())

    async def units(self, authorization: dict[str, Any]) -> tuple[int, int, int]:
        """Used, left, overrun."""
        now = await self.shown(authorization)
        return now["units_used"], now["units_left"], now["units_overrun"]

    async def alarms(self) -> list[str]:
        answer = await self.desk.get("/authorization-alarms")
        return [one["cause"] for one in answer.json()["items"]]

    async def published(self) -> list[str]:
        """The causes that were told, in order."""
        rows = await self.intake.system.fetch(
            "intake",
            "SELECT convert_from(payload, 'UTF8')::jsonb->>'cause' AS cause"
            " FROM platform.journal WHERE type LIKE '%AuthorizationRunningOut%'"
            " ORDER BY sequence",
        )
        return [row["cause"] for row in rows]

    async def end(self, path: str, body: dict[str, object], etag: str = '"1"') -> httpx.Response:
        return await self.desk.post(path, body, etag=etag)

    def attended(
        self,
        client: str,
        on: date | datetime,
        minutes: int = 165,
        *,
        session: UUID | None = None,
        zone: str = ZONE,
    ) -> SessionAttended:
        return SessionAttended(
            client_id=UUID(client),
            site_id=self.intake.site,
            session_id=session or uuid4(),
            cohort_id=COHORT,
            starts_at=on if isinstance(on, datetime) else start(on, zone=zone),
            scheduled_minutes=165,
            time_zone=zone,
            recorded_at=clock.now(),
            status="present",
            attended_minutes=minutes,
        )

    def missed(self, event: SessionAttended) -> SessionMissed:
        values = event.model_dump(exclude={"status", "attended_minutes"})
        return SessionMissed(**values, status="no_show", excused=False)

    def not_held(self, event: SessionAttended) -> SessionNotHeld:
        return SessionNotHeld(
            client_id=event.client_id,
            site_id=event.site_id,
            enrolment_id=uuid4(),
            session_id=event.session_id,
            cohort_id=COHORT,
            kind="group",
            starts_at=event.starts_at,
            time_zone=event.time_zone,
            reason="weather",
            not_held_at=clock.now(),
        )

    def scheduled(self, event: SessionAttended, kind: Any) -> SessionScheduled:
        return SessionScheduled(
            client_id=event.client_id,
            site_id=event.site_id,
            session_id=event.session_id,
            cohort_id=COHORT,
            kind=kind,
            starts_at=event.starts_at,
            ends_at=event.starts_at + timedelta(minutes=180),
            break_minutes=15,
            time_zone=event.time_zone,
        )

    def received(self, event: Event, sequence: int | None = None) -> Received[Any]:
        self.sequence += 1
        number = sequence or self.sequence
        name = event.type_name()
        return Received(
            event,
            str(uuid4()),
            "/t",
            name,
            event.stream,
            event.key,
            number,
            clock.now(),
            TRACEPARENT,
        )

    async def tell(self, *events: Event, sequence: int | None = None) -> None:
        """Apply events of one type in one transaction."""
        async with self.database.transaction(ALL_SITES) as tx:
            await self.tell_in(tx, *(self.received(event, sequence) for event in events))

    async def tell_in(self, tx: Transaction, *received: Received[Any]) -> None:
        registry = Registry("intake", [consumers])
        await registry.handle(tx, received[0].event.type_name(), list(received))
