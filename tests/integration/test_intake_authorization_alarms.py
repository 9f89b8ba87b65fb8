"""Alarms before an authorization runs out, by units and by date, and recertification."""

import asyncio
from datetime import UTC, date, datetime, timedelta
from uuid import UUID

from services.intake.authorizations.jobs import authorization_job
from shared.database import ALL_SITES
from shared.jobs import JobContext
from tests.support.coverage import Payments, grant
from tests.support.flow import created, problem

SITE = UUID(int=7)
OTHER_SITE = UUID(int=8)
MON, TUE, WED = date(2026, 2, 16), date(2026, 2, 17), date(2026, 2, 18)


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


async def test_a_grant_that_was_extended_is_told_anew_when_it_runs_out(payments: Payments) -> None:
    client, coverage = await payments.covered()
    authorization = await payments.granted(coverage, units_granted=5)
    days = [payments.attended(client, MON + timedelta(days=n)) for n in range(8)]
    await payments.tell(*days[:4])
    address = f"/authorizations/{authorization['id']}"
    extended = await payments.desk.put(address, grant(units_granted=10), etag='"1"')
    assert (extended.status_code, extended.json()["alarms"]) == (200, [])
    await payments.tell(*days[4:])
    assert await payments.alarms() == ["units"]
    assert await payments.published() == ["units", "units"]


async def test_dates_raise_alarms_at_the_sites_midnight_once(payments: Payments) -> None:
    client, coverage = await payments.covered()
    authorization = await payments.granted(coverage, valid_until="2026-03-06")
    context = JobContext(payments.database, payments.intake.system.settings("intake"))
    seen = []
    for instant in (
        datetime(2026, 2, 27, 6, 59, tzinfo=UTC),
        datetime(2026, 2, 27, 7, 0, tzinfo=UTC),
        datetime(2026, 3, 7, 6, 59, tzinfo=UTC),
        datetime(2026, 3, 7, 7, 0, tzinfo=UTC),
    ):
        payments.intake.system.set_clock(instant)
        done = await asyncio.gather(*(authorization_job.run(context) for _ in range(2)))
        seen.append((sum(done), (await payments.shown(authorization))["alarms"]))
    assert seen == [(0, []), (1, ["days"]), (0, ["days"]), (1, ["expired"])]
    await payments.tell(payments.attended(client, MON))
    assert await payments.published() == ["days", "expired"]
    async with payments.database.transaction(ALL_SITES) as tx:
        assert await authorization_job.next_due(tx) is None


async def test_what_is_over_is_listed_until_a_later_grant_or_the_end_of_the_stay(
    payments: Payments,
) -> None:
    intake = payments.intake
    regional = intake.system.client("intake", "regional_operations")

    async def counted() -> dict[str, int]:
        return dict((await regional.get("/coverage-summary")).json()["items"][0]["alarms"])

    client, coverage = await payments.covered(kind="medicare", payer="medicare")
    certified = f"/coverages/{coverage['id']}/certifications"
    created(await payments.desk.post(certified, {"certified_on": "2026-01-05"}))
    await payments.granted(coverage, valid_until="2026-03-06")
    await intake.screen(client)
    stay = created(await intake.enrol(client, await intake.determine(client)))
    intake.system.set_clock(datetime(2026, 3, 7, 12, tzinfo=UTC))
    await authorization_job.run(JobContext(payments.database, intake.system.settings("intake")))
    assert sorted(await payments.alarms()) == ["expired", "recertification_overdue"]
    later = {"number": "A-2", "valid_from": "2026-03-07", "valid_until": "2026-06-30"}
    await payments.granted(coverage, **later)
    assert await payments.alarms() == ["recertification_overdue"]
    assert await counted() == {"recertification_overdue": 1}
    await intake.end(stay)
    assert await payments.alarms() == []
    assert await counted() == {}


async def test_recertification_is_asked_for_until_it_is_there(payments: Payments) -> None:
    _, coverage = await payments.covered(kind="medicare", payer="medicare")
    path = f"/coverages/{coverage['id']}/certifications"
    made = created(await payments.desk.post(path, {"certified_on": "2026-01-05"}))
    assert made["recertify_by"] == "2026-03-06"
    context = JobContext(payments.database, payments.intake.system.settings("intake"))
    for day, causes in ((26, []), (27, ["recertification_due"])):
        payments.intake.system.set_clock(datetime(2026, 2, day, 12, tzinfo=UTC))
        await authorization_job.run(context)
        assert await payments.alarms() == causes
    payments.intake.system.set_clock(datetime(2026, 3, 7, 12, tzinfo=UTC))
    await authorization_job.run(context)
    (alarm,) = (await payments.desk.get("/authorization-alarms")).json()["items"]
    assert (alarm["cause"], alarm["certification_id"]) == ("recertification_overdue", made["id"])
    created(await payments.desk.post(path, {"certified_on": "2026-03-07"}))
    assert await payments.alarms() == []
    older = created(await payments.desk.post(path, {"certified_on": "2025-11-05"}))
    assert older["recertify_by"] == "2026-01-04"
    assert await payments.alarms() == []
    again = await payments.desk.post(path, {"certified_on": "2026-03-07"})
    assert problem(again) == (409, "already-certified", "/certified_on")
    ahead = await payments.desk.post(path, {"certified_on": "2026-03-08"})
    assert problem(ahead) == (422, "impossible-certification", "/certified_on")
    assert len((await payments.desk.get(path)).json()["items"]) == 3
    assert await payments.published() == []
    _, other = await payments.covered()
    refused = await payments.desk.post(
        f"/coverages/{other['id']}/certifications", {"certified_on": "2026-03-07"}
    )
    assert problem(refused) == (409, "not-certified", None)
