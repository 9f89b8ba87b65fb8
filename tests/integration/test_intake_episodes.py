"""A stay in the program goes through its states, by staff and by what others tell."""

import asyncio
import json
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest

from services.intake.enrolment.commands import (
    UnknownStay,
    begin_service,
    hold,
    step_down,
    step_up,
)
from services.intake.enrolment.schemas import Hold
from shared.contracts.scheduling import PartnerSeatReleased, SessionAttended
from shared.messaging.envelope import Received
from tests.conftest import MONDAY
from tests.support.consents import consented
from tests.support.flow import Intake, accepted, created

SITE = UUID(int=7)
Found = dict[str, Any]


async def enrolled(intake: Intake) -> Found:
    client = await intake.refer()
    await intake.screen(client)
    return created(await intake.enrol(client, await intake.determine(client)))


async def ask(
    intake: Intake, stay: Found, what: str, body: Found | None = None, *, role: str = "counselor"
) -> httpx.Response:
    staff = intake.system.client("intake", role, [SITE])
    return await staff.post(
        f"/enrolments/{stay['id']}/{what}", body or {}, etag=f'"{stay["version"]}"'
    )


async def changed(intake: Intake, stay: Found, what: str, body: Found | None = None) -> Found:
    answer = await ask(intake, stay, what, body)
    assert answer.status_code == 200, answer.text
    made: Found = answer.json()
    assert answer.headers["etag"] == f'"{made["version"]}"'
    return made


def refused(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["type"].removeprefix("/problems/")


async def told(intake: Intake) -> list[str]:
    return [name for _, _, name in await intake.system.published("intake")]


async def told_states(intake: Intake) -> list[tuple[str, str, str | None, bool]]:
    rows = await intake.system.fetch(
        "intake",
        "SELECT convert_from(payload, 'UTF8')::jsonb AS p FROM platform.journal"
        " WHERE type LIKE '%EpisodeStateChanged%' ORDER BY sequence",
    )

    found = [json.loads(row["p"]) for row in rows]
    return [(p["from_state"], p["to_state"], p["reason"], p["ended"]) for p in found]


async def attend(intake: Intake, stay: Found, *starts: datetime) -> None:
    """Tell attended sessions as the consumer would, in one batch."""
    received: list[Received[Any]] = [
        Received(
            SessionAttended(
                client_id=UUID(stay["client_id"]),
                site_id=SITE,
                session_id=uuid4(),
                cohort_id=uuid4(),
                starts_at=at,
                scheduled_minutes=165,
                time_zone="America/Denver",
                recorded_at=at,
                status="present",
                attended_minutes=165,
            ),
            str(uuid4()),
            "/t",
            SessionAttended.type_name(),
            "scheduling",
            stay["client_id"],
            n,
            at,
            None,
        )
        for n, at in enumerate(starts, 1)
    ]
    async with intake.transaction() as tx:
        await begin_service(tx, received)


async def shown(intake: Intake, stay: Found) -> Found:
    auditor = intake.system.client("intake", "auditor", [SITE])
    found: Found = (await auditor.get(f"/enrolments/{stay['id']}")).json()
    return found


async def test_the_first_session_attended_makes_a_stay_active_once(intake: Intake):
    stay = await enrolled(intake)
    assert stay["state"] == "enrolled"
    first, second = MONDAY + timedelta(days=1), MONDAY + timedelta(days=3)
    await attend(intake, stay, second, first)
    await attend(intake, stay, second)
    found = await shown(intake, stay)
    assert (found["state"], found["version"]) == ("active", 2)
    assert datetime.fromisoformat(found["first_service_at"]) == first
    assert await told_states(intake) == [("enrolled", "active", None, False)]


async def test_a_session_from_before_the_stay_is_not_its_first_service(intake: Intake):
    stay = await enrolled(intake)
    await attend(intake, stay, MONDAY - timedelta(days=10))
    assert (await shown(intake, stay))["state"] == "enrolled"
    assert await told_states(intake) == []


async def test_a_stay_on_hold_goes_on_as_it_was_before(intake: Intake):
    stay = await enrolled(intake)
    held = await changed(intake, stay, "hold", {"reason": "travel"})
    assert (held["state"], held["reason"]) == ("on_hold", "travel")
    back = await changed(intake, held, "resumption")
    assert (back["state"], back["reason"]) == ("enrolled", None)
    await attend(intake, stay, MONDAY + timedelta(days=1))
    held = await changed(intake, await shown(intake, stay), "hold", {"reason": "medical_leave"})
    assert (await changed(intake, held, "resumption"))["state"] == "active"
    assert [(a, b) for a, b, _, _ in await told_states(intake)] == [
        ("enrolled", "on_hold"),
        ("on_hold", "enrolled"),
        ("enrolled", "active"),
        ("active", "on_hold"),
        ("on_hold", "active"),
    ]


@pytest.mark.parametrize("what", ["discharge", "hold"])
async def test_of_two_who_change_a_stay_at_once_the_second_is_told_that_it_changed(
    intake: Intake, what: str
):
    stay = await enrolled(intake)
    body = {"reason": "goals_met" if what == "discharge" else "travel"}
    async with intake.transaction() as tx:
        await hold(tx, UUID(stay["id"]), stay["version"], Hold(reason="medical_leave"))
        asking = asyncio.create_task(ask(intake, stay, what, body))
        await intake.until_somebody_waits()
    assert (await asking).status_code == 412
    assert (await shown(intake, stay))["state"] == "on_hold"
    assert [(a, b) for a, b, _, _ in await told_states(intake)] == [("enrolled", "on_hold")]


async def test_who_comes_although_the_stay_is_on_hold_is_active_again(intake: Intake):
    stay = await enrolled(intake)
    await changed(intake, stay, "hold", {"reason": "travel"})
    await attend(intake, stay, MONDAY + timedelta(days=2))
    assert (await shown(intake, stay))["state"] == "active"


async def test_attendance_from_before_a_hold_that_is_told_late_does_not_end_it(intake: Intake):
    stay = await enrolled(intake)
    tuesday = MONDAY + timedelta(days=1)
    intake.system.set_clock(tuesday + timedelta(hours=4))
    held = await changed(intake, stay, "hold", {"reason": "medical_leave"})
    await attend(intake, stay, MONDAY - timedelta(days=9), tuesday)
    found = await shown(intake, stay)
    assert (found["state"], found["reason"], found["version"]) == ("on_hold", "medical_leave", 3)
    assert datetime.fromisoformat(found["first_service_at"]) == tuesday
    await attend(intake, stay, tuesday)
    assert (await shown(intake, stay))["version"] == 3, "a correction changes nothing"
    assert await told_states(intake) == [("enrolled", "on_hold", "medical_leave", False)]
    assert (await changed(intake, held | {"version": 3}, "resumption"))["state"] == "active"


async def test_a_session_of_the_stay_counts_beside_one_from_before_it(intake: Intake):
    stay = await enrolled(intake)
    first = MONDAY + timedelta(days=1)
    await attend(intake, stay, MONDAY - timedelta(days=10), first)
    found = await shown(intake, stay)
    assert (found["state"], datetime.fromisoformat(found["first_service_at"])) == ("active", first)


@pytest.mark.parametrize(
    ("reason", "state", "teds"),
    [
        ("goals_met", "completed", 1),
        ("needs_higher_level", "stepped_up", 4),
        ("left_against_advice", "left_against_advice", 2),
        ("moved_to_other_provider", "transferred", 4),
        ("ended_by_program", "transferred", 3),
        ("no_contact", "lost", 2),
        ("incarcerated", "lost", 5),
        ("death", "died", 6),
    ],
)
async def test_a_reason_says_as_what_a_stay_ends_and_its_code(
    intake: Intake, reason: str, state: str, teds: int
):
    stay = await enrolled(intake)
    over = await changed(intake, stay, "discharge", {"reason": reason, "note": "By phone."})
    assert (over["state"], over["reason"], over["teds_reason"]) == (state, reason, teds)
    assert over["ended_at"] is not None
    assert "note" not in over
    assert await told_states(intake) == [("enrolled", state, reason, True)]


async def test_a_consent_until_the_end_of_treatment_expires_with_the_stay(intake: Intake):
    stay = await enrolled(intake)
    await consented(
        intake,
        stay["client_id"],
        "treatment_payment_operations",
        expiry={"kind": "event", "event": "end_of_treatment"},
    )
    await changed(intake, stay, "discharge", {"reason": "goals_met"})
    assert (await told(intake))[-2:] == ["EpisodeStateChanged", "ConsentExpired"]


async def test_nothing_follows_an_end_and_nothing_is_told_of_what_is_refused(intake: Intake):
    stay = await enrolled(intake)
    over = await changed(intake, stay, "discharge", {"reason": "goals_met"})
    before = await told(intake)
    for what, body in (
        ("hold", {"reason": "travel"}),
        ("resumption", {}),
        ("discharge", {"reason": "death"}),
    ):
        assert refused(await ask(intake, over, what, body)) == (409, "state-does-not-allow")
    await attend(intake, over, MONDAY + timedelta(days=1))
    assert await told(intake) == before
    assert (await shown(intake, over))["version"] == over["version"]


async def test_a_step_down_that_is_told_after_another_end_changes_nothing_and_is_shown(
    intake: Intake,
):
    stay = await enrolled(intake)
    assert (stay["late_step_down_id"], stay["late_step_down_at"]) == (None, None)
    over = await changed(intake, stay, "discharge", {"reason": "goals_met"})
    before = await told(intake)
    await intake.end(over)
    assert await told(intake) == before
    found = await shown(intake, over)
    decided = (found["late_step_down_id"], found["late_step_down_at"])
    late = dict(zip(("late_step_down_id", "late_step_down_at"), decided, strict=True))
    assert found == {**over, **late, "version": over["version"] + 1}
    assert UUID(decided[0])
    assert decided[1] == "2026-02-23T14:00:00Z"


async def test_a_step_down_that_is_in_time_is_no_late_one(intake: Intake):
    stay = await enrolled(intake)
    await intake.end(stay)
    found = await shown(intake, stay)
    assert (found["state"], found["late_step_down_id"]) == ("stepped_down", None)


@pytest.mark.parametrize("other", ["client_id", "enrolment_id"])
async def test_a_step_down_of_a_stay_that_is_not_the_clients_is_a_dead_letter(
    intake: Intake, other: str
):
    stay = await enrolled(intake)
    async with intake.transaction() as tx:
        decided = accepted(tx, stay).model_copy(update={other: uuid4()})
        with pytest.raises(UnknownStay):
            await step_down(tx, decided)
    assert (await shown(intake, stay))["state"] == "enrolled"


@pytest.mark.parametrize(
    ("what", "body", "pointer"),
    [
        ("hold", {"reason": "goals_met"}, "/reason"),
        ("hold", {"reason": "Bad Word"}, "/reason"),
        ("discharge", {"reason": "travel"}, "/reason"),
        ("discharge", {"reason": "moved_to_lower_level"}, "/reason"),
        ("discharge", {"reason": "goals_met", "note": "x" * 2_001}, "/note"),
        ("discharge", {"reason": "goals_met", "more": 1}, "/more"),
        ("discharge", {}, "/reason"),
    ],
)
async def test_what_is_no_reason_is_named(intake: Intake, what: str, body: Found, pointer: str):
    stay = await enrolled(intake)
    answer = await ask(intake, stay, what, body)
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["pointer"] == pointer
    assert await told_states(intake) == []


async def test_a_stale_version_changes_nothing(intake: Intake):
    stay = await enrolled(intake)
    await changed(intake, stay, "hold", {"reason": "travel"})
    assert refused(await ask(intake, stay, "resumption")) == (412, "stale-version")
    staff = intake.system.client("intake", "counselor", [SITE])
    missing = await staff.post(f"/enrolments/{stay['id']}/resumption", {})
    assert refused(missing) == (428, "precondition-required")


async def test_a_stay_of_another_site_does_not_exist(intake: Intake):
    stay = await enrolled(intake)
    elsewhere = intake.system.client("intake", "counselor", [UUID(int=8)])
    for what in ("hold", "discharge"):
        answer = await elsewhere.post(
            f"/enrolments/{stay['id']}/{what}", {"reason": "travel"}, etag='"1"'
        )
        assert answer.status_code in (404, 422)
    assert (await elsewhere.get(f"/enrolments/{stay['id']}")).status_code == 404
    assert await told_states(intake) == []


async def test_a_stay_is_told_with_what_the_track_must_offer_and_who_goes_first(intake: Intake):
    client = await intake.refer()
    await intake.screen(client, phq9=[2, 2, 2, 2, 2, 1, 1, 0, 0], gad7=[2, 2, 2, 2, 2, 1, 1])
    clinician = intake.system.client("intake", "counselor", [SITE])
    created(
        await clinician.post(
            f"/clients/{client}/risk-reports", {"pregnant": "yes", "injects_drugs": "yes"}
        )
    )
    created(await intake.enrol(client, await intake.determine(client)))
    (row,) = await intake.system.fetch(
        "intake",
        "SELECT convert_from(payload, 'UTF8')::jsonb->'priority' AS priority"
        " FROM platform.journal WHERE type LIKE '%ClientEnrolled%'",
    )
    assert row["priority"] == '["pregnant_injecting"]'


async def test_the_reasons_are_shown_with_their_source(intake: Intake):
    desk = intake.system.client("intake", "front_desk", [SITE])
    listed = (await desk.get("/discharge-reasons")).json()
    assert "TEDS" in listed["source"]
    assert {"reason": "goals_met", "ends_as": "completed", "teds": 1} in listed["reasons"]


async def test_a_seat_taken_at_a_higher_level_ends_the_stay_and_no_other_stay(
    intake: Intake,
) -> None:
    stay = await enrolled(intake)
    taken = PartnerSeatReleased(
        client_id=UUID(stay["client_id"]),
        site_id=SITE,
        hold_id=uuid4(),
        slot_id=uuid4(),
        level="2.5",
        outcome="taken",
        released_at=MONDAY - timedelta(days=1),
    )
    async with intake.transaction() as tx:
        await step_up(tx, taken)
    assert await told_states(intake) == []
    now = taken.model_copy(update={"released_at": MONDAY + timedelta(minutes=1)})
    for _ in range(2):
        async with intake.transaction() as tx:
            await step_up(tx, now)
    ended = ("enrolled", "stepped_up", "needs_higher_level", True)
    assert await told_states(intake) == [ended]
