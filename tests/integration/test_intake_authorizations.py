"""Units of authorizations move with attendance, and alarms come before they run out."""

from collections.abc import AsyncIterator
from datetime import date, timedelta
from uuid import UUID

import pytest

from tests.support.coverage import Payments
from tests.support.flow import Intake
from tests.support.outcomes import opened
from tests.support.system import System

SITE = UUID(int=7)
OTHER_SITE = UUID(int=8)
MON, TUE, WED = date(2026, 2, 16), date(2026, 2, 17), date(2026, 2, 18)


@pytest.fixture
async def payments(system: System) -> AsyncIterator[Payments]:
    await system.start("intake", roles=("api",))
    flow = Intake(system, SITE)
    await flow.open_site()
    async with opened(system, "intake") as database:
        yield Payments(flow, database, system.client("intake", "front_desk", [SITE]))


async def test_a_day_takes_one_unit_however_many_sessions_it_has(payments: Payments) -> None:
    client, coverage = await payments.covered()
    authorization = await payments.granted(coverage)
    await payments.tell(payments.attended(client, MON, 60))
    assert await payments.units(authorization) == (0, 10, 0)
    await payments.tell(payments.attended(client, MON, 60), payments.attended(client, TUE))
    assert await payments.units(authorization) == (2, 8, 0)
    days = (await payments.desk.get(f"/authorizations/{authorization['id']}/days")).json()
    assert [(day["service_date"], day["units"]) for day in days["items"]] == [
        ("2026-02-16", 1),
        ("2026-02-17", 1),
    ]
    shown = (await payments.desk.get(f"/clients/{client}/service-days")).json()["items"]
    assert {(day["services"], day["minutes"], day["standing"]) for day in shown} == {
        (2, 120, "authorized"),
        (1, 165, "authorized"),
    }


async def test_a_correction_gives_the_unit_back_and_takes_it_again(payments: Payments) -> None:
    client, coverage = await payments.covered()
    authorization = await payments.granted(coverage)
    came = payments.attended(client, MON)
    for told, used in ((came, 1), (payments.missed(came), 0), (came, 1)):
        await payments.tell(told)
        assert (await payments.units(authorization))[0] == used
    shorter = came.model_copy(update={"status": "partial", "attended_minutes": 30})
    await payments.tell(shorter)
    assert await payments.units(authorization) == (0, 10, 0)
    (day,) = (await payments.desk.get(f"/clients/{client}/service-days")).json()["items"]
    assert day["standing"] == "below_minimum"


async def test_alarms_are_told_once_for_each_cause(payments: Payments) -> None:
    client, coverage = await payments.covered()
    authorization = await payments.granted(coverage, units_granted=5)
    days = [payments.attended(client, MON + timedelta(days=n)) for n in range(6)]
    await payments.tell(*days[:4])
    assert (await payments.shown(authorization))["alarms"] == ["units"]
    await payments.tell(*days[4:])
    assert await payments.units(authorization) == (5, 0, 1)
    assert await payments.alarms() == ["exhausted"]
    for event in days[3:]:
        await payments.tell(payments.missed(event))
    assert await payments.alarms() == []
    await payments.tell(*days[3:])
    assert await payments.alarms() == ["exhausted"]
    assert await payments.published() == ["units", "exhausted"]
