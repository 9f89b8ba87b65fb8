"""Units of authorizations move with attendance, and alarms come before they run out."""

import asyncio
import json
from datetime import UTC, date, datetime, timedelta
from random import Random
from uuid import UUID

import pytest

from services.intake.authorizations.commands import add_authorization
from services.intake.authorizations.rules.allocation import Grant, allocate
from services.intake.authorizations.rules.units import Day, Service
from services.intake.authorizations.schemas import AuthorizationDetails
from services.intake.payers.policy import UnitRule
from shared.calendar import day_at
from tests.support.coverage import ZONE, Payments, card, grant, start
from tests.support.flow import Intake, created, problem
from tests.support.outcomes import opened, publish_from
from tests.support.system import System

SITE = UUID(int=7)
OTHER_SITE = UUID(int=8)
MON, TUE, WED = date(2026, 2, 16), date(2026, 2, 17), date(2026, 2, 18)


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


async def test_whoever_books_is_told_of_each_change_of_an_authorization(payments: Payments) -> None:
    client, coverage = await payments.covered()
    authorization = await payments.granted(coverage)
    came = payments.attended(client, MON)
    await payments.tell(came, payments.attended(client, MON))
    await payments.tell(payments.missed(came))
    path = f"/authorizations/{authorization['id']}/withdrawal"
    answer = await payments.end(path, {"reason": "replaced"})
    assert answer.status_code == 200, answer.text
    rows = await payments.intake.system.fetch(
        "intake",
        "SELECT convert_from(payload, 'UTF8')::jsonb AS told FROM platform.journal"
        " WHERE type LIKE '%AuthorizationChanged%' ORDER BY sequence",
    )
    told = [json.loads(row["told"]) for row in rows]
    assert [(one["units_granted"], one["units_used"], one["withdrawn"]) for one in told] == [
        (10, 0, False),
        (10, 1, False),
        (10, 0, True),
    ]
    assert (told[0]["code"], told[0]["unit"]["unit"]) == ("H0015", "per_diem")
    assert (told[0]["client_id"], told[0]["authorization_id"]) == (client, authorization["id"])


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


async def test_late_and_repeated_facts_change_nothing(payments: Payments) -> None:
    client, coverage = await payments.covered()
    authorization = await payments.granted(coverage)
    came = payments.attended(client, MON)
    await payments.tell(came, sequence=5)
    await payments.tell(came, sequence=5)
    await payments.tell(payments.missed(came), sequence=4)
    assert await payments.units(authorization) == (1, 9, 0)
    await payments.tell(payments.missed(came), sequence=6)
    assert await payments.units(authorization) == (0, 10, 0)


async def test_facts_in_any_order_end_as_the_final_ones_from_the_beginning(
    payments: Payments,
) -> None:
    client, coverage = await payments.covered()
    made = [
        await payments.granted(coverage, number="A-1", units_granted=3, valid_until="2026-02-10"),
        await payments.granted(coverage, number="A-2", units_granted=4, valid_from="2026-02-08"),
        await payments.granted(
            coverage,
            number="A-3",
            units_granted=2,
            valid_from="2026-04-05",
            valid_until="2026-04-09",
        ),
    ]
    chance = Random(20260223)
    sessions = [
        payments.attended(client, date(2026, 2, 2) + timedelta(days=3 * n), session=UUID(int=n + 1))
        for n in range(22)
    ]
    facts: dict[UUID, dict[int, int]] = {}
    for _ in range(60):
        session, number = chance.choice(sessions), chance.randrange(1, 200)
        minutes = chance.choice([0, 60, 165])
        if number in facts.setdefault(session.session_id, {}):
            continue
        facts[session.session_id][number] = minutes
        told = session.model_copy(update={"attended_minutes": minutes})
        await payments.tell(told if minutes else payments.missed(session), sequence=number)
    days = [
        Day(day_at(one.starts_at, ZONE), (Service(None, of[max(of)]),))
        for one in sessions
        if (of := facts.get(one.session_id)) and of[max(of)]
    ]
    rule = UnitRule(unit="per_diem", minimum_minutes=120)
    grants = [
        Grant(
            UUID(one["id"]),
            "H0015",
            rule,
            one["units_granted"],
            date.fromisoformat(one["valid_from"]),
            date.fromisoformat(one["valid_until"]),
        )
        for one in made
    ]
    scratch = allocate(grants, days)
    for one in made:
        of = scratch.of(UUID(one["id"]))
        assert (await payments.units(one))[::2] == (of.units, of.overrun)
    rows = await payments.intake.system.fetch(
        "intake", "SELECT service_date, units, overrun, authorized FROM service_days"
    )
    assert {row[0]: tuple(row)[1:] for row in rows} == {
        on: (of.units, of.overrun, of.authorized) for on, of in scratch.days.items()
    }


async def test_where_two_authorizations_meet_the_one_that_expires_first_gives_the_unit(
    payments: Payments,
) -> None:
    client, coverage = await payments.covered()
    second = await payments.granted(coverage, number="A-2", valid_from="2026-02-16")
    await payments.tell(payments.attended(client, MON), payments.attended(client, TUE))
    assert await payments.units(second) == (2, 8, 0)
    first = await payments.granted(coverage, number="A-1", valid_until="2026-02-16")
    assert (await payments.units(first), await payments.units(second)) == ((1, 9, 0), (1, 9, 0))
    withdrawn = await payments.desk.post(
        f"/authorizations/{first['id']}/withdrawal", {"reason": "denied"}, etag='"1"'
    )
    assert (withdrawn.json()["withdrawn"], withdrawn.json()["alarms"]) == ("denied", [])
    assert (await payments.units(first), await payments.units(second)) == ((0, 10, 0), (2, 8, 0))
    path = f"/authorizations/{first['id']}/withdrawal"
    again = await payments.desk.post(path, {"reason": "denied"}, etag='"2"')
    assert problem(again) == (409, "withdrawn", None)


async def test_a_session_counts_for_the_day_on_which_it_began_at_the_site(
    payments: Payments,
) -> None:
    client, coverage = await payments.covered()
    authorization = await payments.granted(coverage)
    late = datetime(2026, 2, 17, 6, 30, tzinfo=UTC)
    summer = datetime(2026, 3, 9, 5, 30, tzinfo=UTC)
    await payments.tell(payments.attended(client, late), payments.attended(client, summer))
    days = (await payments.desk.get(f"/authorizations/{authorization['id']}/days")).json()["items"]
    assert [day["service_date"] for day in days] == ["2026-02-16", "2026-03-08"]


async def test_a_session_counts_for_the_codes_of_its_kind(payments: Payments) -> None:
    client, coverage = await payments.covered()
    group = await payments.granted(coverage)
    individual = await payments.granted(coverage, code="H0004", units_granted=40)
    one, many = payments.attended(client, MON, 52), payments.attended(client, MON)
    await payments.tell(payments.scheduled(one, "individual"), payments.scheduled(many, "group"))
    await payments.tell(one, many)
    assert await payments.units(group) == (1, 9, 0)
    assert await payments.units(individual) == (3, 37, 0)


async def test_minutes_of_counseling_are_added_over_the_local_day_and_corrected_within_it(
    payments: Payments,
) -> None:
    client, coverage = await payments.covered()
    individual = await payments.granted(coverage, code="H0004", units_granted=40)
    morning = payments.attended(client, start(MON, 9), 23)
    # 22:30 in Denver on Monday is Tuesday in UTC, and the same day at the site.
    evening = payments.attended(client, datetime(2026, 2, 17, 5, 30, tzinfo=UTC), 23)
    others = payments.attended(client, start(TUE, 9), 23)
    await payments.tell(*(payments.scheduled(x, "individual") for x in (morning, evening, others)))
    for told, used in (
        ((morning,), 2),
        ((evening,), 3),
        ((others,), 5),
        ((evening.model_copy(update={"attended_minutes": 14}),), 4),
        ((payments.missed(morning),), 3),
        ((morning.model_copy(update={"attended_minutes": 22}), evening), 5),
    ):
        await payments.tell(*told)
        assert await payments.units(individual) == (used, 40 - used, 0)
    days = (await payments.desk.get(f"/authorizations/{individual['id']}/days")).json()["items"]
    assert [(day["service_date"], day["units"]) for day in days] == [
        ("2026-02-16", 3),
        ("2026-02-17", 2),
    ]


async def test_units_of_a_day_beyond_those_granted_are_overrun_until_the_day_is_corrected(
    payments: Payments,
) -> None:
    client, coverage = await payments.covered()
    individual = await payments.granted(coverage, code="H0004", units_granted=2)
    first, second = (payments.attended(client, start(MON, hour), 22) for hour in (9, 15))
    await payments.tell(*(payments.scheduled(one, "individual") for one in (first, second)))
    await payments.tell(first, second)
    assert await payments.units(individual) == (2, 0, 1)
    await payments.tell(second.model_copy(update={"attended_minutes": 15}))
    assert await payments.units(individual) == (2, 0, 0)


async def test_a_payer_may_grant_hours(payments: Payments) -> None:
    client, coverage = await payments.covered(payer="commercial-hourly")
    authorization = await payments.granted(coverage, units_granted=30)
    assert authorization["unit"] == "hour"
    await payments.tell(payments.attended(client, MON, 165), payments.attended(client, TUE, 59))
    assert await payments.units(authorization) == (2, 28, 0)


async def test_a_grant_that_comes_late_takes_the_days_before_it(payments: Payments) -> None:
    client, coverage = await payments.covered()
    await payments.tell(payments.attended(client, MON), payments.attended(client, TUE))
    listed = (await payments.desk.get("/unauthorized-days")).json()["items"]
    assert {(day["service_date"], day["standing"]) for day in listed} == {
        ("2026-02-16", "no_authorization"),
        ("2026-02-17", "no_authorization"),
    }
    authorization = await payments.granted(coverage, valid_from="2026-02-17", units_granted=1)
    assert (authorization["units_used"], authorization["alarms"]) == (1, ["exhausted"])
    (left,) = (await payments.desk.get("/unauthorized-days", site_id=str(SITE))).json()["items"]
    assert left["service_date"] == "2026-02-16"
    changed = grant(valid_from="2026-02-16", units_granted=10)
    answer = await payments.desk.put(f"/authorizations/{authorization['id']}", changed, etag='"1"')
    assert (answer.json()["units_used"], answer.json()["alarms"]) == (2, [])
    assert (await payments.desk.get("/unauthorized-days")).json()["items"] == []
    stale = await payments.desk.put(f"/authorizations/{authorization['id']}", changed, etag='"1"')
    assert stale.status_code == 412


async def test_who_pays_for_a_day_is_told_by_the_coverage_of_the_day(payments: Payments) -> None:
    nobody = await payments.intake.refer()
    agreed = await payments.intake.refer()
    signed = {"household_size": 1, "yearly_income_cents": 0, "signed_on": "2026-02-16"}
    created(await payments.desk.post(f"/clients/{agreed}/self-pay-agreements", signed))
    medicare, _ = await payments.covered(kind="medicare", payer="medicare")
    for client in (nobody, agreed, medicare):
        await payments.tell(*(payments.attended(client, MON, 55) for _ in range(3)))

    async def standing(client: str) -> tuple[str, str | None]:
        (day,) = (await payments.desk.get(f"/clients/{client}/service-days")).json()["items"]
        return day["standing"], day["day_tier"]

    assert await standing(nobody) == ("no_coverage", None)
    assert await standing(agreed) == ("self_pay", None)
    assert await standing(medicare) == ("not_required", "three_services")
    (listed,) = (await payments.desk.get("/unauthorized-days")).json()["items"]
    assert listed["client_id"] == nobody


@pytest.mark.parametrize(
    ("changed", "found"),
    [
        ({"code": "X9999"}, (422, "unknown-code", "/code")),
        (
            {"valid_from": "2025-11-01", "valid_until": "2025-12-31"},
            (422, "outside-coverage", "/valid_until"),
        ),
        (
            {"valid_from": "2026-07-01", "valid_until": "2026-07-31"},
            (422, "outside-coverage", "/valid_from"),
        ),
        ({"valid_until": "2026-02-01"}, (422, None, "")),
        ({"valid_until": "2027-02-03"}, (422, None, "")),
        ({"units_granted": 0}, (422, None, "/units_granted")),
        ({"units_granted": "10"}, (422, None, "/units_granted")),
        ({"number": ""}, (422, None, "/number")),
    ],
)
async def test_what_is_no_authorization_leaves_nothing(
    payments: Payments, changed: dict[str, object], found: tuple[int, str | None, str]
) -> None:
    _, coverage = await payments.covered(effective_until="2026-06-30")
    told = len(await payments.intake.system.published("intake"))
    path = f"/coverages/{coverage['id']}/authorizations"
    refused = await payments.desk.post(path, grant(**changed))
    status, kind, pointer = problem(refused)
    assert (status, pointer) == (found[0], found[2])
    assert found[1] in (None, kind)
    assert await payments.intake.system.fetch("intake", "SELECT FROM authorizations") == []
    assert len(await payments.intake.system.published("intake")) == told


async def test_a_number_is_entered_once_for_a_code(payments: Payments) -> None:
    _, coverage = await payments.covered()
    first = await payments.granted(coverage)
    path = f"/coverages/{coverage['id']}/authorizations"
    assert problem(await payments.desk.post(path, grant())) == (409, "number-known", "/number")
    second = await payments.granted(coverage, code="S9480")
    taken = await payments.desk.put(f"/authorizations/{second['id']}", grant(), etag='"1"')
    assert problem(taken) == (409, "number-known", "/number")
    listed = await payments.desk.get(f"/clients/{first['client_id']}/authorizations")
    assert {one["code"] for one in listed.json()["items"]} == {"H0015", "S9480"}


async def test_an_insurance_that_never_was_grants_nothing(payments: Payments) -> None:
    _, coverage = await payments.covered()
    await payments.end(f"/coverages/{coverage['id']}/end", {"entered_in_error": True})
    for what, body in (
        ("authorizations", grant()),
        ("certifications", {"certified_on": "2026-02-02"}),
    ):
        refused = await payments.desk.post(f"/coverages/{coverage['id']}/{what}", body)
        assert problem(refused) == (409, "entered-in-error", None)


async def test_grants_for_an_insurance_that_never_was_go_with_it(payments: Payments) -> None:
    client, wrong = await payments.covered(kind="medicare", payer="medicare")
    path = f"/coverages/{wrong['id']}"
    certified = await payments.desk.post(f"{path}/certifications", {"certified_on": "2025-12-20"})
    assert certified.status_code == 201, certified.text
    grants = [
        await payments.granted(wrong, units_granted=1, number=number) for number in ("A-1", "A-2")
    ]
    await payments.tell(payments.attended(client, MON), payments.attended(client, TUE))
    assert {"exhausted", "recertification_overdue"} <= set(await payments.alarms())
    assert (await payments.end(f"{path}/end", {"entered_in_error": True})).status_code == 200
    for one in grants:
        shown = await payments.shown(one)
        assert (shown["withdrawn"], shown["units_used"]) == ("entered_in_error", 0)
    assert await payments.alarms() == []
    right = created(await payments.desk.post(f"/clients/{client}/coverages", card()))
    grant_of_it = await payments.granted(right)
    assert await payments.units(grant_of_it) == (2, 8, 0)


async def test_attendance_waits_for_a_grant_that_is_being_entered(payments: Payments) -> None:
    client, coverage = await payments.covered()
    new = AuthorizationDetails.model_validate(grant())
    async with payments.intake.transaction() as tx:
        made = await add_authorization(tx, UUID(coverage["id"]), new, entered_by="desk")
        telling = asyncio.create_task(payments.tell(payments.attended(client, MON)))
        await payments.intake.until_somebody_waits()
    await telling
    assert await payments.units({"id": made.id}) == (1, 9, 0)


async def test_attendance_over_kafka_moves_units_exactly_once(system: System) -> None:
    await system.start("scheduling", roles=("worker",))
    await system.start("intake")
    flow = Intake(system, SITE)
    await flow.open_site()
    async with opened(system, "intake") as database:
        payments = Payments(flow, database, system.client("intake", "front_desk", [SITE]))
        client, coverage = await payments.covered()
        authorization = await payments.granted(coverage, units_granted=2)
        came = [payments.attended(client, day) for day in (MON, TUE, WED)]
        for one in came:
            await publish_from(system, "scheduling", payments.scheduled(one, "group"))
        await publish_from(system, "scheduling", *came, payments.missed(came[2]), came[0])
        reached = "SELECT sequence FROM platform.positions WHERE stream = 'scheduling'"
        await system.until("intake", reached, is_=8)
        assert await payments.units(authorization) == (2, 0, 0)
        told = await payments.published()
        assert sorted(told) == sorted(set(told))
        assert "exhausted" in told


async def test_other_sites_and_other_roles_see_nothing(payments: Payments) -> None:
    client, coverage = await payments.covered()
    authorization = await payments.granted(coverage, units_granted=1)
    await payments.tell(payments.attended(client, MON), payments.attended(client, TUE))
    system = payments.intake.system
    stranger = system.client("intake", "front_desk", [OTHER_SITE])
    regional = system.client("intake", "regional_operations")
    one = f"/authorizations/{authorization['id']}"
    hidden = (
        one,
        f"{one}/days",
        f"/clients/{client}/authorizations",
        f"/clients/{client}/service-days",
        f"/coverages/{coverage['id']}/certifications",
    )
    for path in hidden:
        assert (await stranger.get(path)).status_code == 404
        assert (await regional.get(path)).status_code == 403
    for path in ("/authorization-alarms", "/unauthorized-days"):
        assert (await stranger.get(path)).json()["items"] == []
        assert (await regional.get(path)).status_code == 403
        for role in ("counselor", "clinical_lead", "auditor", "site_manager"):
            assert len((await system.client("intake", role, [SITE]).get(path)).json()["items"]) == 1
    etag = '"1"'
    assert (await stranger.put(one, grant(), etag=etag)).status_code == 404
    gone = await stranger.post(f"{one}/withdrawal", {"reason": "denied"}, etag=etag)
    assert gone.status_code == 404
    path = f"/coverages/{coverage['id']}/authorizations"
    assert (await stranger.post(path, grant(number="A-2"))).status_code == 404
    for role in ("counselor", "clinical_lead", "auditor"):
        caller = system.client("intake", role, [SITE])
        assert (await caller.post(path, grant(number="A-2"))).status_code == 403
        assert (await caller.put(one, grant(), etag=etag)).status_code == 403


async def test_regional_operations_see_sums_of_sites_and_no_client(payments: Payments) -> None:
    client, coverage = await payments.covered()
    await payments.granted(coverage, units_granted=1, valid_until="2026-03-31")
    await payments.tell(payments.attended(client, MON), payments.attended(client, TUE))
    regional = payments.intake.system.client("intake", "regional_operations")
    answer = await regional.get("/coverage-summary")
    assert answer.json()["items"] == [
        {
            "site_id": str(SITE),
            "covered_clients": {"commercial": 1},
            "self_pay_agreements": 0,
            "authorizations": 1,
            "units_granted": 1,
            "units_used": 1,
            "units_overrun": 1,
            "alarms": {"exhausted": 1},
        }
    ]
    assert client not in answer.text
    assert (await payments.desk.get("/coverage-summary")).status_code == 403
