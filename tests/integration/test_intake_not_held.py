"""A session that the program does not hold takes no units and is no day of service."""

from datetime import date
from uuid import uuid4

from services.intake.access_times.consumers import sessions_attended, sessions_not_held
from tests.support.coverage import Payments

MON, TUE = date(2026, 2, 16), date(2026, 2, 17)


async def days(payments: Payments, client: str) -> list[tuple[str, int, int]]:
    shown = (await payments.desk.get(f"/clients/{client}/service-days")).json()["items"]
    return [(day["service_date"], day["services"], day["minutes"]) for day in shown]


async def expected(payments: Payments) -> int:
    query = "SELECT count(*) FROM expected_sessions"
    (row,) = await payments.intake.system.fetch("intake", query)
    return int(row["count"])


async def test_units_of_a_session_that_was_not_held_are_free_again(payments: Payments) -> None:
    client, coverage = await payments.covered()
    authorization = await payments.granted(coverage)
    monday, tuesday = payments.attended(client, MON), payments.attended(client, TUE)
    await payments.tell(*(payments.scheduled(one, "group") for one in (monday, tuesday)))
    await payments.tell(monday, tuesday)
    assert await payments.units(authorization) == (2, 8, 0)
    await payments.tell(payments.not_held(tuesday))
    assert await payments.units(authorization) == (1, 9, 0)
    assert await days(payments, client) == [("2026-02-16", 1, 165)]
    assert await expected(payments) == 1


async def test_a_session_not_held_that_nobody_attended_moves_nothing(payments: Payments) -> None:
    client, coverage = await payments.covered()
    authorization = await payments.granted(coverage)
    planned = payments.attended(client, MON)
    await payments.tell(payments.scheduled(planned, "group"))
    await payments.tell(payments.not_held(planned))
    assert await payments.units(authorization) == (0, 10, 0)
    assert await expected(payments) == 0
    assert await days(payments, client) == []


async def test_the_other_session_of_the_day_keeps_its_unit(payments: Payments) -> None:
    client, coverage = await payments.covered()
    authorization = await payments.granted(coverage)
    morning, evening = payments.attended(client, MON, 60), payments.attended(client, MON, 120)
    await payments.tell(morning, evening)
    await payments.tell(payments.not_held(morning))
    assert (await payments.units(authorization))[0] == 1
    assert await days(payments, client) == [("2026-02-16", 1, 120)]


async def test_attendance_told_before_and_applied_again_takes_nothing(payments: Payments) -> None:
    client, coverage = await payments.covered()
    authorization = await payments.granted(coverage)
    came = payments.attended(client, MON)
    await payments.tell(came, sequence=4)
    await payments.tell(payments.not_held(came), sequence=5)
    await payments.tell(came, sequence=4)
    assert await payments.units(authorization) == (0, 10, 0)


async def test_an_exhausted_authorization_is_so_no_longer(payments: Payments) -> None:
    client, coverage = await payments.covered()
    await payments.granted(coverage, units_granted=1)
    came = payments.attended(client, MON)
    await payments.tell(came)
    assert "exhausted" in await payments.alarms()
    await payments.tell(payments.not_held(came))
    assert await payments.alarms() == []


async def test_the_clock_of_a_referral_runs_on_when_its_first_service_was_not_held(
    payments: Payments,
) -> None:
    client, _ = await payments.covered()
    intake = payments.intake
    today = date(2026, 2, 24)
    came, later = payments.attended(client, today), payments.attended(client, date(2026, 2, 26))

    async def first() -> str | None:
        (row,) = await intake.system.fetch(
            "intake",
            "SELECT first_service_on::text AS day FROM referrals WHERE client_id = $1::uuid",
            client,
        )
        day: str | None = row["day"]
        return day

    async with intake.transaction() as tx:
        await sessions_attended(tx, [payments.received(came), payments.received(later)])
    assert await first() == "2026-02-24"
    async with intake.transaction() as tx:
        await sessions_not_held(tx, [payments.received(payments.not_held(came))])
    assert await first() == "2026-02-26"
    async with intake.transaction() as tx:
        never = payments.not_held(came).model_copy(update={"session_id": uuid4()})
        await sessions_not_held(tx, [payments.received(never)])
    assert await first() == "2026-02-26"
