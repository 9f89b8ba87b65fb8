"""What is due, what a client's course says, and what both tell others."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest

from services.outcomes.measures.commands import refresh_due
from shared import clock
from shared.contracts.base import Event
from shared.contracts.intake import ScreeningCompleted
from shared.database import ALL_SITES
from tests.conftest import MONDAY
from tests.support.attendance import SITE
from tests.support.outcomes import Outcomes, opened
from tests.support.scheduling import Enrolled
from tests.support.system import System

DAY = timedelta(days=1)


@dataclass
class Measured(Outcomes):
    """The outcomes service, with its job of measures run after each event."""

    async def tell(self, *events: Event) -> None:
        await super().tell(*events)
        await self.look()

    async def look(self, at: datetime | None = None) -> None:
        """Let the job do what is due, at a later instant if one is given."""
        if at is not None:
            self.system.set_clock(at)
        async with self.database.transaction(ALL_SITES) as tx:
            while await refresh_due(tx):
                pass

    async def open(self, **wanted: Any) -> list[tuple[str, str]]:
        found = (await self.lead.get("/measures", limit=200, **wanted)).json()
        assert found["count"] == len(found["items"])
        return sorted((one["instrument"], one["state"]) for one in found["items"])

    async def course(self, client: Enrolled, **wanted: Any) -> dict[str, Any]:
        found = (await self.lead.get(f"/clients/{client.id}/measures", **wanted)).json()
        return {f"{one['instrument']}/{one['series']}": one for one in found["measures"]}


@pytest.fixture
async def outcomes(system: System) -> AsyncIterator[Measured]:
    await system.start("outcomes", roles=("api",))
    async with opened(system, "outcomes") as database:
        yield Measured(system, database, system.client("outcomes", "clinical_lead", [SITE]))


def answered(
    client: Enrolled, at: datetime, **totals: int | dict[str, int | None] | None
) -> ScreeningCompleted:
    """Answers to instruments (`phq_9=12`), the totals of some or the subscales of others."""
    results = []
    for name, total in totals.items():
        parts = total if isinstance(total, dict) else {}
        results.append(
            {
                "instrument": name.replace("_", "-"),
                "instrument_version": "1.0",
                "status": "incomplete" if total is None else "complete",
                "total": None if isinstance(total, dict) else total,
                "band": None,
                "positive": None,
                "subscores": [{"subscale": key, "total": part} for key, part in parts.items()],
                "answered_at": at,
            }
        )
    old = [r for r in results if r["instrument"] in ("phq-9", "gad-7")]
    return ScreeningCompleted.model_validate(
        {
            "client_id": client.id,
            "site_id": client.site_id,
            "screening_id": uuid4(),
            "occasion": "follow_up",
            "completed_at": clock.now(),
            "scores": old,
            "results": results,
        }
    )


async def test_what_is_due_becomes_overdue_and_is_told_once_each(outcomes: Measured) -> None:
    ana = Enrolled("ana", SITE)
    await outcomes.tell(answered(ana, MONDAY - DAY, phq_9=18, gad_7=9))
    await outcomes.tell(ana.enrolment)
    due = [("bam", "due"), ("barc-10", "due"), ("craving-nrs", "due")]
    assert await outcomes.open() == due
    assert await outcomes.published() == ["MeasureDue"] * 3
    await outcomes.look(MONDAY + 3 * DAY)
    assert await outcomes.open(state="overdue") == [("craving-nrs", "overdue")]
    assert await outcomes.open(site_id=str(SITE)) == [*due[:2], ("craving-nrs", "overdue")]
    await outcomes.look()
    assert (await outcomes.published())[3:] == ["MeasureOverdue"]
    await outcomes.tell(answered(ana, MONDAY + 3 * DAY, craving_nrs=4))
    assert await outcomes.open(client_id=str(ana.id)) == due[:2]
    assert await outcomes.open(client_id=str(uuid4())) == []
