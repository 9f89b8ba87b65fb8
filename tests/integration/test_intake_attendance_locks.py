"""Whoever takes attendance holds the client before anything of the client, as everybody does."""

import asyncio
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

from services.intake.referrals.queries import lock_client
from services.intake.service import service
from shared.contracts.scheduling import SessionAttended
from shared.messaging.envelope import Received
from shared.messaging.handlers import Registry
from tests.conftest import MONDAY
from tests.support.flow import Intake, created
from tests.support.system import System

SITE = UUID(int=7)
ROWS = """
SELECT FROM referrals r, enrolments e
WHERE r.client_id = $1 AND e.client_id = $1 FOR NO KEY UPDATE OF r, e NOWAIT
"""


def attended(client: UUID) -> Received[Any]:
    event = SessionAttended(
        client_id=client,
        site_id=SITE,
        session_id=uuid4(),
        cohort_id=uuid4(),
        starts_at=MONDAY + timedelta(hours=2),
        scheduled_minutes=165,
        time_zone="America/Denver",
        status="present",
        attended_minutes=165,
        recorded_at=MONDAY + timedelta(hours=5),
    )
    return Received(
        event,
        str(uuid4()),
        "/t",
        SessionAttended.type_name(),
        "scheduling",
        str(client),
        1,
        MONDAY,
        None,
    )


async def test_attendance_waits_for_the_client_with_nothing_of_the_client_in_its_hands(
    system: System,
) -> None:
    await system.start("intake", roles=("api",))
    intake = Intake(system, SITE)
    await intake.open_site()
    client = await intake.refer()
    await intake.screen(client)
    created(await intake.enrol(client, await intake.determine(client)))
    registry = Registry("intake", service.consumers)
    told = attended(UUID(client))

    async def take() -> None:
        async with intake.transaction() as tx:
            await registry.handle(tx, told.type, [told])

    async with intake.transaction() as staff:
        await lock_client(staff, UUID(client))
        taking = asyncio.create_task(take())
        await intake.until_somebody_waits()
        assert len(await staff.fetch(ROWS, UUID(client))) == 1
    await taking
    rows = await system.fetch("intake", "SELECT state FROM enrolments")
    assert [row["state"] for row in rows] == ["active"]
