"""Clients who are one attendance away from a recommendation to step down."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import httpx

from benchmarks.ground import Ground, connection, ground
from shared import clock
from shared.contracts.intake import ClientEnrolled, Score, ScreeningCompleted
from shared.database import ALL_SITES, Database
from shared.messaging.outbox import publish
from shared.messaging.relay import Relay
from stepwell.runtime.disposable import Stack
from stepwell.runtime.keys import Issuer

COHORTS = 27
SEATS = 12
CLIENTS = COHORTS * SEATS
ADMISSION = datetime(2026, 2, 27, 15, 0, tzinfo=UTC)
FIRST_SESSION_OVER = ADMISSION + timedelta(days=3, hours=6)
SLOT = {
    "weekday": 0,
    "starts": "10:00",
    "minutes": 180,
    "break_minutes": 15,
    "kind": "group",
    "topic": "Coping skills",
}


@dataclass(frozen=True)
class Seat:
    """A client who steps down with the next attendance, and the session it is about."""

    client: UUID
    session: str


async def prepare(
    stack: Stack, scheduling: Ground, outcomes: Ground, signing: Issuer, url: str
) -> list[Seat]:
    """Fill cohorts with clients who came to two of three weekly sessions and are well."""
    headers = {"Authorization": f"Bearer {signing.token('regional_operations', ['*'])}"}
    async with httpx.AsyncClient(base_url=url, headers=headers, timeout=30) as regional:

        async def create(path: str, body: dict[str, Any], **more: str) -> dict[str, Any]:
            answer = await regional.post(
                path, json=body, headers={"Idempotency-Key": str(uuid4()), **more}
            )
            answer.raise_for_status()
            made: dict[str, Any] = answer.json()
            return made

        site = await create("/sites", {"name": "Cedar Ridge", "time_zone": "America/Denver"})
        for number in range(COHORTS):
            cohort = await create(
                "/cohorts",
                {
                    "site_id": site["id"],
                    "name": f"Cohort {number}",
                    "track": "general",
                    "gender_group": None,
                    "capacity": SEATS,
                    "dual_diagnosis_trained": False,
                },
            )
            await create(
                f"/cohorts/{cohort['id']}/curriculum",
                {"starts_on": "2026-03-02", "weeks": 3, "slots": [SLOT]},
            )
        clients = await admit(stack, scheduling.prefix, UUID(site["id"]))
        await until(outcomes, "SELECT count(*) FROM episodes", CLIENTS)
        await until(
            scheduling, "SELECT count(*) FROM appointments WHERE state = 'scheduled'", 3 * CLIENTS
        )
        by_week = await expected(scheduling)
        desk = {"Authorization": f"Bearer {signing.token('front_desk', ['*'])}"}
        for week in (0, 1):
            clock.write(stack.folder / "clock", FIRST_SESSION_OVER + timedelta(weeks=week))
            for session, present in by_week[week].items():
                entries = [{"client_id": str(c), "status": "present"} for c in present]
                await create(f"/sessions/{session}/roster", {"entries": entries}, **desk)
        clock.write(stack.folder / "clock", FIRST_SESSION_OVER + timedelta(weeks=2))
        await until(
            outcomes,
            "SELECT count(*) FROM engagement WHERE sessions_attended = 2",
            len(clients),
        )
    return [Seat(c, session) for session, present in by_week[2].items() for c in present]


async def admit(stack: Stack, prefix: str, site: UUID) -> list[UUID]:
    """Publish admissions and low scores as intake does; its relay sends them."""
    intake = await ground(stack, "intake", prefix=prefix)
    database = Database(intake.database_url)
    await database.open()
    relay = asyncio.create_task(Relay(database, intake.settings).run())
    clients = [uuid4() for _ in range(CLIENTS)]
    async with database.transaction(ALL_SITES) as tx:
        for client in clients:
            publish(
                tx,
                ClientEnrolled(
                    client_id=client,
                    site_id=site,
                    enrolment_id=uuid4(),
                    level_of_care="2.1",
                    dual_diagnosis=False,
                    gender_group=None,
                    enrolled_at=tx.now,
                ),
            )
            publish(
                tx,
                ScreeningCompleted(
                    client_id=client,
                    site_id=site,
                    screening_id=uuid4(),
                    occasion="follow_up",
                    scores=[low("phq-9", "negative"), low("gad-7", None)],
                    completed_at=ADMISSION + timedelta(weeks=2),
                ),
            )
    await until(intake, "SELECT count(*) FROM platform.outbox", 0)
    relay.cancel()
    await asyncio.gather(relay, return_exceptions=True)
    await database.close()
    return clients


def low(instrument: Any, safety_item: Any) -> Score:
    """A result that stands in nobody's way."""
    return Score(
        instrument=instrument,
        instrument_version="1.0",
        status="complete",
        total=4,
        band="minimal",
        positive=False,
        safety_item=safety_item,
    )


async def expected(scheduling: Ground) -> list[dict[str, list[UUID]]]:
    """Who is expected at each session, week by week."""
    weeks: dict[datetime, dict[str, list[UUID]]] = {}
    async with watching(scheduling) as own:
        for row in await own.fetch(
            "SELECT s.starts_at, s.id, a.client_id FROM appointments a"
            " JOIN sessions s ON s.id = a.session_id ORDER BY s.starts_at, s.id, a.client_id"
        ):
            week = weeks.setdefault(row["starts_at"], {})
            week.setdefault(str(row["id"]), []).append(row["client_id"])
    return [weeks[start] for start in sorted(weeks)]


@contextlib.asynccontextmanager
async def watching(at: Ground) -> AsyncIterator["asyncpg.Connection[asyncpg.Record]"]:
    """A connection that sees the rows of all sites."""
    async with connection(at.stack.postgres.url(database=at.database)) as own:
        yield own


async def until(at: Ground, query: str, value: object) -> None:
    """Wait until a query gives `value`."""
    async with asyncio.timeout(60), watching(at) as own:
        while await own.fetchval(query) != value:  # noqa: ASYNC110 - tables tell of no change
            await asyncio.sleep(0.05)
