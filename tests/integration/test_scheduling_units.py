"""Units of a week, what is authorized, and certifications that have to be renewed."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest

from services.scheduling.units.commands import (
    Planned,
    UnitsExceeded,
    require_authorized,
    tell_recertifications,
)
from shared.contracts.intake import AuthorizationChanged, AuthorizedUnit, ClientCertified
from shared.contracts.scheduling import RecertificationDue
from shared.database import ALL_SITES
from shared.errors import UnknownReason
from tests.support.scheduling import EVENING, Clinic, Enrolled, created, open_clinic
from tests.support.system import System

DAYS = AuthorizedUnit(
    unit="per_diem", minimum_minutes=120, counts_from=None, adds_up="day", session_kinds=None
)
TUESDAY = datetime(2026, 3, 3, 15, tzinfo=UTC)


@dataclass
class Stay:
    """One client of a cohort of three evenings a week in Denver, for two weeks from 2 March on."""

    clinic: Clinic
    site: UUID
    ana: Enrolled
    sessions: list[str]
    authorization: UUID = field(default_factory=uuid4)

    async def grant(self, granted: int, used: int = 0, **other: Any) -> None:
        told = AuthorizationChanged(
            client_id=self.ana.id,
            site_id=self.site,
            authorization_id=self.authorization,
            code="H0015",
            unit=DAYS,
            units_granted=granted,
            units_used=used,
            changed_at=TUESDAY,
            **{
                "valid_from": date(2026, 2, 23),
                "valid_until": date(2026, 3, 31),
                "withdrawn": False,
                **other,
            },
        )
        await self.clinic.tell(told)

    async def left(self) -> int:
        (found,) = (await self.units())["authorized"]
        return int(found["left"])

    async def book(self, *days: int, reason: str | None = None, kind: str = "group") -> None:
        planned = [
            Planned(self.ana.id, self.site, kind, at, 165, "America/Denver")
            for at in (datetime(2026, 3, day, 1, tzinfo=UTC) for day in days)
        ]
        async with self.clinic.database.transaction(frozenset({self.site})) as tx:
            await require_authorized(tx, planned, reason=reason, by="desk")

    async def units(self, **params: Any) -> dict[str, Any]:
        path = f"/clients/{self.ana.id}/units"
        return dict((await self.clinic.desk.get(path, week="2026-W10", **params)).json())

    async def due(self) -> list[tuple[date, date]]:
        async with self.clinic.database.transaction(ALL_SITES) as tx:
            await tell_recertifications(tx)
        return [
            (event.certified_on, event.due_on)
            for event in await self.clinic.published()
            if isinstance(event, RecertificationDue)
        ]


def certified(client: Enrolled, on: date, by: date) -> ClientCertified:
    return ClientCertified(
        client_id=client.id,
        site_id=client.site_id,
        certification_id=uuid4(),
        certified_on=on,
        recertify_by=by,
        noted_at=TUESDAY,
    )


@pytest.fixture
async def stay(system: System) -> AsyncIterator[Stay]:
    async with open_clinic(system) as clinic:
        site = await clinic.site()
        cohort = await clinic.cohort(site)
        slots = [{**EVENING, "weekday": day} for day in (0, 2, 3)]
        await clinic.curriculum(cohort, weeks=2, slots=slots)
        ana = Enrolled("ana", site)
        await clinic.tell(ana.enrolment)
        yield Stay(clinic, site, ana, [one["id"] for one in await clinic.sessions(cohort)])


async def test_a_week_is_worth_its_attended_days_by_code_and_payer(stay: Stay) -> None:
    stay.clinic.at(TUESDAY)
    body = {"client_id": str(stay.ana.id), "status": "present"}
    created(await stay.clinic.desk.post(f"/sessions/{stay.sessions[0]}/attendance", body))
    await stay.grant(12, 1)
    shown = await stay.units()
    (monday,) = shown["days"]
    assert (monday["day"], monday["services"], monday["minutes"]) == ("2026-03-02", 1, 165)
    worth = {one["id"]: (one["units"], one["rate"]) for one in monday["units"]}
    assert worth == {
        "h0005": (1, None),
        "h0015": (1, None),
        "medicare-iop-day": (1, "below_three_services"),
        "s9480": (1, None),
    }
    assert shown["authorized"] == [
        {
            "code": "H0015",
            "granted": 12,
            "used": 1,
            "booked": 5,
            "left": 6,
            "valid_until": "2026-03-31",
        }
    ]
    assert shown["recertification"]["due_on"] == "2026-04-24"
    (by_the_hour,) = (await stay.units(payer="commercial-hourly"))["days"]
    assert {"id": "h0015", "code": "H0015", "units": 2, "rate": None} in by_the_hour["units"]


async def test_what_exceeds_an_authorization_is_shown_and_needs_a_reason(stay: Stay) -> None:
    await stay.book(7)
    await stay.grant(8, 1)
    assert await stay.left() == 1
    await stay.book(5, 6, kind="individual")
    await stay.book(7)
    with pytest.raises(UnitsExceeded) as refused:
        await stay.book(7, 14)
    for figure in ("H0015: 1 more", "2026-03-13", "1 of 8", "2026-03-31"):
        assert figure in refused.value.detail
    with pytest.raises(UnknownReason):
        await stay.book(7, 14, reason="because")
    rows = "SELECT code, service_date, units, reason, entered_by FROM unit_excesses"
    assert await stay.clinic.system.fetch("scheduling", rows) == []
    await stay.book(7, 14, reason="authorization_requested")
    (kept,) = await stay.clinic.system.fetch("scheduling", rows)
    assert tuple(kept) == ("H0015", date(2026, 3, 13), 1, "authorization_requested", "desk")
    await stay.grant(12, 1)
    await stay.book(7, 14)


async def test_a_day_after_the_authorization_exceeds_it_and_a_withdrawn_one_asks_nothing(
    stay: Stay,
) -> None:
    await stay.grant(20, valid_until=date(2026, 3, 12))
    with pytest.raises(UnitsExceeded):
        await stay.book(14)
    await stay.grant(20, withdrawn=True)
    await stay.book(14)


@pytest.mark.parametrize(("signed", "counts"), [(9, True), (23, True), (8, False)])
async def test_a_stay_that_begins_goes_by_the_certification_shortly_before_it(
    stay: Stay, signed: int, counts: bool
) -> None:
    ben = Enrolled("ben", stay.site)
    on, by = date(2026, 2, signed), date(2026, 4, signed)
    await stay.clinic.tell(certified(ben, on, by))
    await stay.clinic.tell(ben.enrolment)
    stay.ana = ben
    due = by if counts else date(2026, 4, 24)
    assert (await stay.units())["recertification"]["due_on"] == str(due)


async def test_a_certification_is_due_once_and_a_new_one_moves_the_day(stay: Stay) -> None:
    enrolled = date(2026, 2, 23)
    assert await stay.due() == []
    stay.clinic.at(datetime(2026, 4, 10, 5, 59, tzinfo=UTC))
    assert await stay.due() == []
    stay.clinic.at(datetime(2026, 4, 10, 6, tzinfo=UTC))
    first = [(enrolled, enrolled + timedelta(days=60))]
    assert await stay.due() == await stay.due() == first
    signed, by = date(2026, 4, 20), date(2026, 6, 19)
    await stay.clinic.tell(certified(stay.ana, signed, by))
    assert (await stay.units())["recertification"]["due_on"] == str(by)
    stay.clinic.at(datetime(2026, 6, 6, tzinfo=UTC))
    assert await stay.due() == [*first, (signed, by)]
    await stay.clinic.tell(stay.ana.changed("completed"))
    assert (await stay.units())["recertification"] is None
