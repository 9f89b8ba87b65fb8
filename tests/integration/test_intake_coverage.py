"""Insurances, self-pay agreements and estimates over HTTP."""

import asyncio
from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID, uuid4

import pytest

from services.intake.coverage.queries import is_covered
from shared.database import ALL_SITES
from tests.support.coverage import Payments, card
from tests.support.flow import created, problem

SITE = UUID(int=7)
OTHER_SITE = UUID(int=8)
AGREED = {"household_size": 1, "yearly_income_cents": 1_596_001, "signed_on": "2026-02-23"}
ASKED: dict[str, Any] = {"site_id": str(SITE), "program": "iop-3x3", "weeks": 2}


async def rows(payments: Payments, table: str) -> int:
    query = f"SELECT count(*) AS n FROM {table}"
    (row,) = await payments.intake.system.fetch("intake", query)
    return int(row["n"])


async def covered(payments: Payments, client: str, on: date) -> bool:
    async with payments.database.transaction(ALL_SITES) as tx:
        return await is_covered(tx, UUID(client), on)


async def test_an_insurance_is_entered_once_however_often_it_is_sent(payments: Payments) -> None:
    client = await payments.intake.refer()
    path = f"/clients/{client}/coverages"
    first = await payments.desk.post(path, card(), key="one")
    again = await payments.desk.post(path, card(), key="one")
    assert created(first) == created(again)
    assert first.headers["location"] == f"/coverages/{first.json()['id']}"
    assert await rows(payments, "coverages") == 1
    (shown,) = (await payments.desk.get(path)).json()["items"]
    assert shown == first.json() | {"member_id": "W123456789"}
    assert shown["requires_authorization"] is True


async def test_the_member_id_is_in_no_event_no_created_answer_and_shown_to_few(
    payments: Payments,
) -> None:
    client, coverage = await payments.covered()
    assert coverage["member_id"] == "******6789"
    for role, seen in (
        ("front_desk", "W123456789"),
        ("site_manager", "W123456789"),
        ("counselor", "******6789"),
        ("clinical_lead", "******6789"),
        ("auditor", "******6789"),
    ):
        caller = payments.intake.system.client("intake", role, [SITE])
        shown = (await caller.get(f"/coverages/{coverage['id']}")).json()
        assert shown["member_id"] == seen
        (listed,) = (await caller.get(f"/clients/{client}/coverages")).json()["items"]
        assert listed["member_id"] == seen
    kept = await payments.intake.system.fetch(
        "intake", "SELECT convert_from(body, 'UTF8') AS body FROM platform.idempotency_keys"
    )
    assert not any("W123456789" in row["body"] for row in kept)


@pytest.mark.parametrize(
    ("changed", "pointer"),
    [
        ({"payer": None}, ""),
        ({"payer_name": "Another Plan"}, ""),
        ({"member_id": "W 12\n34"}, "/member_id"),
        ({"member_id": "W" * 41}, "/member_id"),
        ({"plan": "x" * 101}, "/plan"),
        ({"effective_from": "20260101"}, "/effective_from"),
        ({"effective_from": "0026-01-01"}, "/effective_from"),
        ({"effective_until": "2025-12-31"}, ""),
        ({"kind": "hmo"}, "/kind"),
        ({"group_number": "1"}, "/group_number"),
        ({"payer": "medicaid"}, "/payer"),
        ({"payer": "nobody-knows"}, "/payer"),
    ],
)
async def test_what_is_no_insurance_leaves_nothing(
    payments: Payments, changed: dict[str, object], pointer: str
) -> None:
    client = await payments.intake.refer()
    told = len(await payments.intake.system.published("intake"))
    refused = await payments.desk.post(f"/clients/{client}/coverages", card(**changed))
    assert refused.status_code == 422
    assert refused.json()["errors"][0]["pointer"] == pointer
    assert await rows(payments, "coverages") == 0
    assert len(await payments.intake.system.published("intake")) == told


async def test_a_payer_that_is_not_listed_goes_by_its_kind(payments: Payments) -> None:
    _, coverage = await payments.covered(kind="medicare", payer=None, payer_name="Plan 01 Example")
    assert (coverage["payer_name"], coverage["requires_authorization"]) == (
        "Plan 01 Example",
        False,
    )


async def test_no_two_coverages_are_first_on_one_day(payments: Payments) -> None:
    client, first = await payments.covered(effective_until="2026-03-31")
    path = f"/clients/{client}/coverages"
    for when in ("2026-03-31", "2025-06-01"):
        refused = await payments.desk.post(path, card(effective_from=when))
        assert problem(refused) == (409, "overlapping-coverage", "/effective_from")
    created(await payments.desk.post(path, card(priority="secondary")))
    created(await payments.desk.post(path, card(effective_from="2026-04-01")))
    longer = card(effective_until="2026-04-01") | {"member_id": None}
    refused = await payments.desk.put(f"/coverages/{first['id']}", longer, etag='"1"')
    assert problem(refused) == (409, "overlapping-coverage", "/effective_from")


async def test_two_primary_coverages_at_the_same_time_make_one(payments: Payments) -> None:
    client = await payments.intake.refer()
    answers = await asyncio.gather(
        *(payments.desk.post(f"/clients/{client}/coverages", card()) for _ in range(4))
    )
    assert sorted(answer.status_code for answer in answers) == [201, 409, 409, 409]


async def test_a_coverage_is_changed_by_who_has_read_it(payments: Payments) -> None:
    _, coverage = await payments.covered()
    path = f"/coverages/{coverage['id']}"
    changed = card(plan="HMO 100")
    del changed["member_id"]
    answer = await payments.desk.put(path, changed, etag='"1"')
    assert (answer.status_code, answer.headers["etag"]) == (200, '"2"')
    assert (answer.json()["plan"], answer.json()["member_id"]) == ("HMO 100", "W123456789")
    assert problem(await payments.desk.put(path, changed, etag='"1"'))[:2] == (412, "stale-version")
    assert (await payments.desk.put(path, changed)).status_code == 428


async def test_who_is_insured_or_agreed_to_pay_is_covered_on_these_days_only(
    payments: Payments,
) -> None:
    client, coverage = await payments.covered()
    days = [date(2025, 12, 31), date(2026, 1, 1), date(2026, 6, 30), date(2026, 7, 1)]
    assert [await covered(payments, client, on) for on in days] == [False, True, True, True]
    path = f"/coverages/{coverage['id']}/end"
    refused = await payments.end(path, {"last_day": "2025-12-31"})
    assert problem(refused) == (422, "impossible-end", "/last_day")
    assert (await payments.end(path, {"last_day": "2026-06-30"})).status_code == 200
    refused = await payments.end(path, {"last_day": "2026-07-01"}, '"2"')
    assert problem(refused) == (422, "impossible-end", "/last_day")
    assert [await covered(payments, client, on) for on in days] == [False, True, True, False]
    both = {"last_day": "2026-03-01", "entered_in_error": True}
    assert (await payments.end(path, both, '"2"')).status_code == 422
    assert (await payments.end(path, {"entered_in_error": True}, '"2"')).status_code == 200
    assert [await covered(payments, client, on) for on in days] == [False] * 4
    again = await payments.end(path, {"entered_in_error": True}, '"3"')
    assert problem(again)[:2] == (409, "entered-in-error")
    assert await covered(payments, str(uuid4()), days[1]) is False


async def test_an_agreement_keeps_the_share_of_the_day_of_signing(payments: Payments) -> None:
    client = await payments.intake.refer()
    path = f"/clients/{client}/self-pay-agreements"
    made = created(await payments.desk.post(path, AGREED))
    kept = {
        "region": "contiguous",
        "guideline": "hhs-2026",
        "guideline_cents": 1_596_000,
        "percent_of_guideline": 101,
        "scale": "illustrative",
        "scale_version": "1",
        "band": "quarter",
        "share_percent": 25,
        "nominal_fee_cents": None,
        "valid_until": "2027-02-22",
    }
    assert made.items() >= kept.items()
    assert (await payments.desk.get(f"/self-pay-agreements/{made['id']}")).json() == made
    assert (await payments.desk.get(path)).json()["items"] == [made]
    for on, is_ in (("2026-02-22", False), ("2026-02-23", True), ("2027-02-23", False)):
        assert await covered(payments, client, date.fromisoformat(on)) is is_
    end = f"/self-pay-agreements/{made['id']}/end"
    assert problem(await payments.end(end, {"last_day": "2027-02-23"}))[1] == "impossible-end"
    assert (await payments.end(end, {"last_day": "2026-05-31"})).json()["version"] == 2
    assert await covered(payments, client, date(2026, 6, 1)) is False
    assert (await payments.end(end, {"entered_in_error": True}, '"2"')).status_code == 200
    assert await covered(payments, client, date(2026, 2, 23)) is False
    assert problem(await payments.end(end, {"entered_in_error": True}, '"3"'))[:2] == (
        409,
        "entered-in-error",
    )


async def test_the_table_of_the_year_goes_by_the_sites_calendar(payments: Payments) -> None:
    client = await payments.intake.refer()
    path = f"/clients/{client}/self-pay-agreements"
    payments.intake.system.set_clock(datetime(2026, 1, 13, 6, 59, tzinfo=UTC))
    ahead = await payments.desk.post(path, AGREED | {"signed_on": "2026-01-13"})
    assert problem(ahead) == (422, "impossible-signature", "/signed_on")
    made = created(await payments.desk.post(path, AGREED | {"signed_on": "2026-01-12"}))
    assert (made["guideline"], made["guideline_cents"]) == ("hhs-2025", 1_565_000)
    payments.intake.system.set_clock(datetime(2026, 1, 13, 7, 0, tzinfo=UTC))
    made = created(await payments.desk.post(path, AGREED | {"signed_on": "2026-01-13"}))
    assert made["guideline"] == "hhs-2026"


@pytest.mark.parametrize(
    ("changed", "pointer"),
    [
        ({"household_size": 0}, "/household_size"),
        ({"household_size": 31}, "/household_size"),
        ({"household_size": True}, "/household_size"),
        ({"yearly_income_cents": -1}, "/yearly_income_cents"),
        ({"yearly_income_cents": 10.5}, "/yearly_income_cents"),
        ({"signed_on": "2026-02-24"}, "/signed_on"),
        ({"signed_on": "2026-01-23"}, "/signed_on"),
        ({"note": "x"}, "/note"),
    ],
)
async def test_what_is_no_agreement_leaves_nothing(
    payments: Payments, changed: dict[str, object], pointer: str
) -> None:
    client = await payments.intake.refer()
    refused = await payments.desk.post(f"/clients/{client}/self-pay-agreements", AGREED | changed)
    assert refused.status_code == 422
    assert refused.json()["errors"][0]["pointer"] == pointer
    assert await rows(payments, "self_pay_agreements") == 0


async def test_others_sites_and_other_roles_see_and_change_nothing(payments: Payments) -> None:
    client, coverage = await payments.covered()
    agreement = created(await payments.desk.post(f"/clients/{client}/self-pay-agreements", AGREED))
    shown = (
        f"/coverages/{coverage['id']}",
        f"/clients/{client}/coverages",
        f"/self-pay-agreements/{agreement['id']}",
        f"/clients/{client}/self-pay-agreements",
    )
    stranger = payments.intake.system.client("intake", "front_desk", [OTHER_SITE])
    regional = payments.intake.system.client("intake", "regional_operations")
    for path in shown:
        assert (await stranger.get(path)).status_code == 404
        assert (await regional.get(path)).status_code == 403
    entered = ((f"/clients/{client}/coverages", card()), (shown[3], AGREED))
    for path, body in entered:
        assert (await stranger.post(path, body)).status_code == 404
        for role in ("counselor", "clinical_lead", "auditor", "regional_operations"):
            caller = payments.intake.system.client("intake", role, [SITE])
            assert (await caller.post(path, body)).status_code == 403
    for path in (shown[0], shown[2]):
        ended = await stranger.post(f"{path}/end", {"entered_in_error": True}, etag='"1"')
        assert ended.status_code == 404
    for table in ("coverages", "self_pay_agreements"):
        assert await rows(payments, table) == 1


async def test_payers_are_listed_with_what_a_unit_is(payments: Payments) -> None:
    listed = {one["id"]: one for one in (await payments.desk.get("/payers")).json()["items"]}
    assert listed["commercial-hourly"]["units"]["H0015"] == "hour"
    assert listed["commercial"]["units"]["H0015"] == "per_diem"
    assert listed["medicare"]["requires_authorization"] is False


async def test_an_estimate_explains_every_line_and_keeps_nothing(payments: Payments) -> None:
    plan = {"copay_per_day_cents": 2_500, "authorized_days": 4}
    household = {"household_size": 1, "yearly_income_cents": 1_596_001}
    body = ASKED | {"plan": plan, "household": household, "starts_on": "2026-03-02"}
    answer = await payments.desk.post("/cost-estimates", body)
    assert answer.status_code == 200
    told = answer.json()
    assert [(line["kind"], line["cents"]) for line in told["lines"]] == [
        ("charge", 195_000),
        ("charge", 7_000),
        ("copay", 10_000),
        ("plan_pays", -127_000),
        ("not_covered", 65_000),
        ("sliding_scale", -48_750),
    ]
    assert told["charged_cents"] == 202_000
    assert told["client_pays_cents"] == 26_250
    reference = told["residential_reference"]
    assert (reference["total_cents"], reference["verified"]) == (1_680_000, False)
    assert "outcome" not in answer.text
    assert "comparable" not in answer.text
    assert await rows(payments, "platform.idempotency_keys") == 0


@pytest.mark.parametrize(
    ("changed", "found"),
    [
        ({"site_id": str(OTHER_SITE)}, (404, "not-found", "/site_id")),
        ({"program": "spa-days"}, (422, "unknown-program", "/program")),
        ({"starts_on": "2024-12-30"}, (422, "no-price-known", "/starts_on")),
        ({"weeks": 53}, (422, "invalid-request", "/weeks")),
        ({"client_id": str(OTHER_SITE)}, (422, "invalid-request", "/client_id")),
    ],
)
async def test_what_cannot_be_estimated_is_refused(
    payments: Payments, changed: dict[str, object], found: tuple[int, str, str]
) -> None:
    answer = await payments.desk.post("/cost-estimates", ASKED | changed)
    assert answer.status_code == found[0]
    if found[1] != "invalid-request":
        assert problem(answer) == found
    assert answer.json()["errors"][0]["pointer"] == found[2]


@pytest.mark.parametrize("role", ["regional_operations", "auditor", "service"])
async def test_estimates_are_for_who_talks_with_clients(payments: Payments, role: str) -> None:
    caller = payments.intake.system.client("intake", role)
    assert (await caller.post("/cost-estimates", ASKED)).status_code == 403
