"""Cohorts say whom they take; clients get the seat that suits them, never one too many, and every
choice and refusal says why."""

import asyncio
import json
from collections.abc import AsyncIterator
from datetime import time, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import asyncpg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from services.scheduling.placement.jobs import proposals_job
from services.scheduling.placement.policy import placement_policy
from shared.contracts.intake import (
    AvailableTime,
    DualDiagnosisChanged,
    PreferencesChanged,
    ReferralReceived,
)
from shared.contracts.scheduling import ClientPlaced, PlacementProposed
from shared.jobs import JobContext
from stepwell.runtime.state import PROJECT
from tests.conftest import MONDAY
from tests.support.data import read_anew
from tests.support.scheduling import EVENING, Clinic, Enrolled, created, open_clinic, refused
from tests.support.system import System

MORNING = {**EVENING, "starts": "09:00"}
PHASES = [
    {
        "name": f"Phase {n}",
        "weeks": 4,
        "minimum_minutes": minutes,
        "maximum_minutes": 720,
        "minimum_days": 3,
    }
    for n, minutes in ((1, 540), (2, 360))
]
POLICY = PROJECT / "services/scheduling/placement/data/placement.json"


@pytest.fixture
async def clinic(system: System) -> AsyncIterator[Clinic]:
    async with open_clinic(system) as opened:
        yield opened


@pytest.fixture
def policy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Set parts of the placement policy for the test."""

    def write(**changed: dict[str, Any]) -> None:
        data = json.loads(POLICY.read_text())
        for part, values in changed.items():
            data[part] |= values
        own = tmp_path / "own/scheduling/placement/placement.json"
        own.parent.mkdir(parents=True, exist_ok=True)
        own.write_text(json.dumps(data))
        read_anew(monkeypatch, placement_policy, folder=tmp_path / "own")

    return write


def prefers(client: Enrolled, *, after: int = 17, **stated: Any) -> PreferencesChanged:
    """What a client says who can come on every weekday from that hour on."""
    windows = [AvailableTime(weekday=d, starts_at=time(after), ends_at=time()) for d in range(1, 6)]
    known = {
        "time_zone": "America/Denver",
        "available": windows,
        "telehealth": True,
        "needs_transport": False,
        "needs_child_care": False,
        "language": "en",
        "gender_group": None,
        "changed_at": MONDAY,
    }
    return PreferencesChanged(client_id=client.id, site_id=client.site_id, **{**known, **stated})


async def ranked(clinic: Clinic, client: Enrolled) -> list[str]:
    """The sentences of the cohorts in reach, the best first."""
    shown = await clinic.desk.get("/placements/preview", client_id=client.id)
    assert shown.status_code == 200, shown.text
    return [one["sentence"] for one in shown.json()["cohorts"]]


async def seat_of(clinic: Clinic, client: Enrolled) -> dict[str, Any]:
    (seat,) = (await clinic.desk.get("/placements", client_id=client.id)).json()["items"]
    return dict((await clinic.desk.get(f"/placements/{seat['id']}")).json())


async def test_a_cohort_is_opened_with_its_rules_and_changed_by_who_read_it(clinic: Clinic) -> None:
    site = await clinic.site()
    rules = {
        "eligibility": {"age_bands": ["young_adult"], "evening": True, "language": "es"},
        "phases": PHASES,
        "enrolment": "closed",
        "minimum_size": 3,
        "credentials": ["licensed_counselor"],
        "cofacilitated": True,
    }
    cohort = await clinic.cohort(site, **rules)
    shown = (await clinic.regional.get(f"/cohorts/{cohort}")).json()
    assert {name: shown[name] for name in rules if name != "eligibility"} == {
        name: value for name, value in rules.items() if name != "eligibility"
    }
    assert shown["eligibility"]["age_bands"] == ["young_adult"]
    assert shown["warnings"] == ["Phase 2 plans 6 h a week: level 2.1 asks for 9 h."]

    ana, ben = Enrolled("ana", site), Enrolled("ben", site)
    plain = {"name": "Evening", "track": "general", "gender_group": None, "capacity": 1}
    plain["dual_diagnosis_trained"] = False
    address = f"/cohorts/{cohort}"
    changed = await clinic.regional.put(address, plain, etag='"1"')
    assert (changed.status_code, changed.json()["phases"]) == (200, [])
    await clinic.tell(ana.enrolment, ben.enrolment)
    assert await clinic.names_for(ben) == ["ClientWaitlisted"]
    refused(await clinic.regional.put(address, plain, etag='"1"'), 412, "stale-version")
    changed = await clinic.regional.put(address, {**plain, "capacity": 2}, etag='"2"')
    assert (changed.status_code, changed.json()["seats_taken"]) == (200, 2)
    assert await clinic.names_for(ben) == ["ClientWaitlisted", "ClientPlaced"]
    fewer = await clinic.regional.put(address, plain, etag='"3"')
    refused(fewer, 409, "seats-are-taken", "/capacity")


async def test_rules_that_no_client_can_meet_are_refused_by_name(clinic: Clinic) -> None:
    site = await clinic.site()
    first, second = PHASES
    for rules, problem, pointer in (
        ({"eligibility": {"age_bands": []}}, "nobody-fits", "/eligibility/age_bands"),
        ({"eligibility": {"age_bands": ["adult"] * 2}}, "nobody-fits", "/eligibility/age_bands"),
        ({"minimum_size": 11}, "sizes-contradict", "/minimum_size"),
        ({"phases": [{**first, "maximum_minutes": 480}]}, "phase-contradicts", None),
        (
            {"eligibility": {"age_bands": ["adult"]}, "phases": [second]},
            "nobody-fits",
            "/phases/0/minimum_minutes",
        ),
    ):
        body = {"site_id": str(site), "name": "Evening", "track": "general", "gender_group": None}
        body |= {"capacity": 10, "dual_diagnosis_trained": False, **rules}
        refused(await clinic.regional.post("/cohorts", body), 422, problem, pointer)
    assert (await clinic.regional.get("/cohorts")).json()["items"] == []


async def test_the_seat_that_suits_a_client_is_chosen_and_every_refusal_is_explained(
    clinic: Clinic,
) -> None:
    site = await clinic.site("North")
    await clinic.cohort(site, "Evening men's group", gender_group="men", capacity=1, phases=PHASES)
    await clinic.tell(Enrolled("taken", site, gender_group="men").enrolment)
    evening = await clinic.cohort(site, "Evening")
    await clinic.curriculum(evening, starts_on="2026-03-02")
    morning = await clinic.cohort(site, "Morning")
    await clinic.curriculum(morning, starts_on="2026-02-23", slots=[{**MORNING, "weekday": 2}])
    await clinic.cohort(site, "Noche", eligibility={"language": "es", "evening": True})
    await clinic.cohort(site, "Court", eligibility={"court_mandated": True})
    await clinic.cohort(site, "Trauma", eligibility={"trauma_informed": True})
    await clinic.cohort(site, "Online", eligibility={"telehealth": True})
    await clinic.cohort(site, "Young", eligibility={"age_bands": ["young_adult"]})
    closed = await clinic.cohort(site, "Closed", enrolment="closed")
    await clinic.curriculum(closed, starts_on="2026-02-16", weeks=6)

    ana = Enrolled("ana", site, gender_group="men", age_band="adult")
    await clinic.tell(prefers(ana, telehealth=False))
    await clinic.tell(ana.enrolment)
    seat = await seat_of(clinic, ana)
    assert seat["cohort_id"] == str(evening)
    sentences = {one["sentence"] for one in seat["considered"]}
    assert sentences == {
        "Evening at North: from 2 Mar, 10 of 10 seats free, all of it within the client's hours",
        "Morning at North: only 0 % of its time is in the client's week",
        "Evening men's group at North: full until 20 Apr",
        "Noche at North: held in another language (es)",
        "Court at North: for clients whom a court referred",
        "Trauma at North: kept for clients who need trauma care",
        "Online at North: held by telehealth, which the client cannot use",
        "Young at North: for the ages of young adult",
        "Closed at North: takes nobody after its first session",
    }
    assert (await ranked(clinic, ana))[0].startswith("Evening at North")
    assert [one["rank"] for one in seat["considered"] if one["eligible"]] == [1]

    ben = Enrolled("ben", site, age_band="young_adult", needs=("trauma_informed",))
    referral = ReferralReceived(
        client_id=ben.id, site_id=site, referral_id=uuid4(), source="court", received_at=MONDAY
    )
    await clinic.tell(referral)
    await clinic.tell(prefers(ben, language="es-MX", after=8))
    await clinic.tell(ben.enrolment)
    joined = [line.split(" at ")[0] for line in await ranked(clinic, ben) if "free" in line]
    assert joined[:2] == ["Morning", "Evening"], "planned ones begin earlier"
    assert set(joined[2:]) == {"Noche", "Court", "Trauma", "Online", "Young"}
    assert joined[-1] == "Online", "the others are made for this client"


async def test_without_anything_known_nothing_is_held_against_a_client(clinic: Clinic) -> None:
    site = await clinic.site()
    only = await clinic.cohort(
        site, eligibility={"age_bands": ["adult"], "language": "es", "telehealth": True}
    )
    await clinic.curriculum(only, slots=[MORNING])
    ana = Enrolled("ana", site)
    await clinic.tell(ana.enrolment)
    assert (await seat_of(clinic, ana))["cohort_id"] == str(only)


async def test_what_a_waiting_client_says_opens_a_seat_at_once(clinic: Clinic) -> None:
    site = await clinic.site()
    morning = await clinic.cohort(site)
    await clinic.curriculum(morning, slots=[MORNING])
    ana = Enrolled("ana", site)
    await clinic.tell(prefers(ana))
    await clinic.tell(ana.enrolment)
    await clinic.tell(prefers(ana, after=8, changed_at=MONDAY + timedelta(hours=1)))
    assert (await clinic.names_for(ana))[:2] == ["ClientWaitlisted", "ClientPlaced"]

    ben = Enrolled("ben", site, dual_diagnosis=True)
    await clinic.tell(ben.enrolment)
    ruled_out = DualDiagnosisChanged(
        client_id=ben.id, site_id=site, status="ruled_out", needs=[], changed_at=MONDAY
    )
    await clinic.tell(ruled_out)
    assert (await clinic.names_for(ben))[:2] == ["ClientWaitlisted", "ClientPlaced"]


async def test_clients_who_must_not_meet_are_never_placed_together(clinic: Clinic) -> None:
    site = await clinic.site()
    await clinic.cohort(site, "First")
    ana, ben, cleo = (Enrolled(name, site) for name in ("ana", "ben", "cleo"))
    lead = clinic.system.client("scheduling", "clinical_lead", [site])
    both = {"site_id": str(site), "client_id": str(ben.id), "other_client_id": str(ana.id)}
    refused(await lead.post("/no-contacts", both), 404, "not-found", "/client_id")
    await clinic.tell(prefers(ben))
    made = (await lead.post("/no-contacts", both)).json()
    assert set(made["client_ids"]) == {str(ana.id), str(ben.id)}
    turned = {**both, "client_id": str(ana.id), "other_client_id": str(ben.id)}
    refused(await lead.post("/no-contacts", turned), 409, "entered-already")
    refused(
        await lead.post("/no-contacts", {**both, "other_client_id": str(ben.id)}),
        422,
        "same-client",
    )
    assert (await clinic.desk.post("/no-contacts", both)).status_code == 403
    await clinic.tell(ana.enrolment, ben.enrolment, cleo.enrolment)
    assert await clinic.names_for(ben) == ["ClientWaitlisted"]
    assert "ask a clinician" in (await ranked(clinic, ben))[0]
    told = "".join(event.model_dump_json() for event in await clinic.published())
    assert "no_contact" not in told
    second = await clinic.cohort(site, "Second")
    assert (await seat_of(clinic, ben))["cohort_id"] == str(second)
    (listed,) = (await lead.get("/no-contacts", client_id=ana.id)).json()["items"]
    assert (listed["id"], listed["together_in"]) == (made["id"], [])
    address = f"/no-contacts/{made['id']}"
    gone = await lead.http.delete(address, headers={"If-Match": '"1"'})
    assert gone.status_code == 200, gone.text
    assert (await lead.get(address)).status_code == 404
    assert not any("must not meet" in line for line in await ranked(clinic, ben))


async def test_who_may_meet_again_does_not_wait_beside_a_free_seat(clinic: Clinic) -> None:
    site = await clinic.site()
    cohort = await clinic.cohort(site)
    ana, ben = Enrolled("ana", site), Enrolled("ben", site)
    await clinic.tell(ana.enrolment)
    lead = clinic.system.client("scheduling", "clinical_lead", [site])
    both = {"site_id": str(site), "client_id": str(ana.id), "other_client_id": str(ben.id)}
    made = created(await lead.post("/no-contacts", both))
    await clinic.tell(ben.enrolment)
    assert await clinic.names_for(ben) == ["ClientWaitlisted"]
    lifted = await lead.http.delete(f"/no-contacts/{made['id']}", headers={"If-Match": '"1"'})
    assert lifted.status_code == 200, lifted.text
    assert await clinic.names_for(ben) == ["ClientWaitlisted", "ClientPlaced"]
    assert (await seat_of(clinic, ben))["cohort_id"] == str(cohort)


async def test_a_therapist_whom_the_client_knows_and_an_earlier_start_count(clinic: Clinic) -> None:
    site = await clinic.site()
    soon, known = await clinic.cohort(site, "Soon"), await clinic.cohort(site, "Known")
    former = await clinic.cohort(site, "Former", capacity=1)
    await clinic.curriculum(former, starts_on="2026-02-23", weeks=1)
    await clinic.curriculum(soon, starts_on="2026-03-02", slots=[{**EVENING, "weekday": 1}])
    await clinic.curriculum(known, starts_on="2026-03-04", slots=[{**EVENING, "weekday": 2}])
    ana = Enrolled("ana", site)
    before = Enrolled("before", site, id=ana.id)
    await clinic.tell(before.enrolment)
    assert (await seat_of(clinic, before))["cohort_id"] == str(former)
    therapist = uuid4()
    await clinic.system.execute_as_owner(
        "scheduling",
        f"""SET stepwell.sites = '*';
        INSERT INTO bookings SELECT id, '{therapist}', 'facilitator', site_id,
          tstzrange(starts_at, ends_at) FROM sessions WHERE cohort_id IN ('{former}', '{known}')""",
    )
    clinic.at(MONDAY + timedelta(days=1))
    await clinic.tell(before.changed("completed"))
    await clinic.tell(ana.enrolment)
    lines = await ranked(clinic, ana)
    assert lines[0] == (
        "Known at Cedar Ridge: from 4 Mar, 10 of 10 seats free, "
        "with a therapist whom the client knows"
    )
    other = Enrolled("other", site)
    await clinic.tell(other.enrolment)
    assert (await seat_of(clinic, other))["cohort_id"] == str(soon)


async def test_cohorts_of_the_region_are_in_reach_where_the_policy_says_so(
    clinic: Clinic, policy: Any
) -> None:
    here, near, far = [await clinic.site(name) for name in ("Here", "Near", "Far")]
    region = uuid4()
    await clinic.system.execute_as_owner(
        "scheduling",
        f"""SET stepwell.sites = '*';
        INSERT INTO regions VALUES ('{region}', 'Front Range', '{MONDAY.isoformat()}');
        UPDATE sites SET region_id = '{region}', longitude = -105, latitude =
          CASE id WHEN '{here}' THEN 39.7 WHEN '{near}' THEN 39.75 ELSE 41 END""",
    )
    there = await clinic.cohort(near, "There", capacity=1)
    online = await clinic.cohort(far, "Online", eligibility={"telehealth": True}, capacity=1)
    await clinic.cohort(far, "Too far")
    ana, ben, cleo = (Enrolled(name, here) for name in ("ana", "ben", "cleo"))
    await clinic.tell(ana.enrolment)
    assert await clinic.names_for(ana) == ["ClientWaitlisted"]
    policy(reach={"travel_minutes": 30, "telehealth_of_region": True})
    await clinic.tell(prefers(ben, available=[], needs_transport=True))
    await clinic.tell(ben.enrolment)
    assert (await seat_of(clinic, ben))["cohort_id"] == str(online)
    lines = await ranked(clinic, ana)
    assert [line.split(":")[0] for line in lines] == ["There at Near", "Online at Far"]
    assert "minutes away" in lines[0]
    await clinic.tell(cleo.enrolment)
    placed = [e for e in await clinic.published() if isinstance(e, ClientPlaced)][-1]
    assert (placed.client_id, placed.cohort_id, placed.site_id) == (cleo.id, there, near)
    await clinic.tell(cleo.step_down)
    assert (await seat_of(clinic, ana))["cohort_id"] == str(there)


async def test_a_person_confirms_another_cohort_with_a_reason_and_an_old_proposal_lapses(
    clinic: Clinic, policy: Any
) -> None:
    policy(confirmation={"by": "person"})
    site = await clinic.site()
    mixed = await clinic.cohort(site, "Mixed", capacity=1)
    await clinic.curriculum(mixed)
    women = await clinic.cohort(site, "Women", gender_group="women", capacity=1)
    ana, ben = Enrolled("ana", site), Enrolled("ben", site)
    await clinic.tell(ana.enrolment)
    await clinic.tell(ben.enrolment)
    assert await clinic.names_for(ana) == ["PlacementProposed"]
    assert await clinic.names_for(ben) == ["ClientWaitlisted"]
    seat = await seat_of(clinic, ana)
    assert (seat["state"], seat["cohort_id"]) == ("proposed", str(mixed))
    lead = clinic.system.client("scheduling", "clinical_lead", [site])
    address = f"/placements/{seat['id']}/confirm"
    chosen = {"cohort_id": str(women)}
    refused(await lead.post(address, chosen), 409, "rule-not-met", "/cohort_id")
    wrong = await lead.post(address, {**chosen, "override_reason": "because"})
    refused(wrong, 422, "unknown-reason", "/override_reason")
    refused(await lead.post(address, {"cohort_id": str(uuid4())}), 422, "not-in-reach")
    done = await lead.post(address, {**chosen, "override_reason": "client_choice"})
    assert done.status_code == 201, done.text
    assert (done.json()["state"], done.json()["cohort_id"]) == ("active", str(women))
    assert done.json()["criteria"][-1]["observed"] == "gender_group set aside: client_choice"
    assert await clinic.names_for(ana) == ["PlacementProposed", "ClientPlaced"]
    refused(await lead.post(address, chosen), 409, "nothing-proposed")

    assert await clinic.names_for(ben) == ["ClientWaitlisted", "PlacementProposed"]
    cleo = Enrolled("cleo", site)
    await clinic.tell(cleo.enrolment)
    clinic.at(MONDAY + timedelta(days=4))
    context = JobContext(clinic.database, clinic.system.settings("scheduling"))
    assert [await proposals_job.run(context) for _ in range(2)] == [1, 0]
    assert await clinic.names_for(cleo) == ["ClientWaitlisted", "PlacementProposed"]
    assert (await clinic.names_for(ben))[2:] == ["ClientWaitlisted"]
    told = [e for e in await clinic.published() if isinstance(e, PlacementProposed)]
    assert told[-1].expires_at == MONDAY + timedelta(days=7)
    await clinic.tell(cleo.changed("lost"))
    assert (await clinic.names_for(cleo))[2:] == []
    assert (await clinic.names_for(ben))[3:] == ["PlacementProposed"]
    held = await seat_of(clinic, ben)
    done = await lead.post(f"/placements/{held['id']}/confirm", {"cohort_id": str(mixed)})
    assert done.status_code == 201, done.text
    assert (await clinic.names_for(ben))[4:] == ["ClientPlaced", *["SessionScheduled"] * 2]


@pytest.mark.parametrize("diagnosed", ["while waiting", "while a seat is proposed"])
async def test_a_diagnosis_counts_for_a_proposal_and_after_it_lapsed(
    clinic: Clinic, policy: Any, diagnosed: str
) -> None:
    policy(confirmation={"by": "person", "overridable": []})
    site = await clinic.site()
    ana = Enrolled("ana", site)
    found = DualDiagnosisChanged(
        client_id=ana.id,
        site_id=site,
        status="confirmed",
        needs=["dual_diagnosis_cohort"],
        changed_at=MONDAY,
    )
    await clinic.tell(ana.enrolment)
    both = {"track": "dual_diagnosis", "dual_diagnosis_trained": True, "capacity": 1}
    if diagnosed == "while waiting":
        await clinic.tell(found)
        apart = await clinic.cohort(site, "Both", **both)
    general = await clinic.cohort(site, "General")
    if diagnosed == "while a seat is proposed":
        assert (await seat_of(clinic, ana))["cohort_id"] == str(general)
        await clinic.tell(found)
        apart = await clinic.cohort(site, "Both", **both)
        lead = clinic.system.client("scheduling", "clinical_lead", [site])
        address = f"/placements/{(await seat_of(clinic, ana))['id']}/confirm"
        refused(await lead.post(address, {"cohort_id": str(general)}), 409, "rule-not-met")
    clinic.at(MONDAY + timedelta(days=4))
    await proposals_job.run(JobContext(clinic.database, clinic.system.settings("scheduling")))
    assert await clinic.names_for(ana) == ["ClientWaitlisted", *["PlacementProposed"] * 2]
    assert (await seat_of(clinic, ana))["cohort_id"] == str(apart)


async def test_a_proposal_at_another_site_is_confirmed_by_who_may_see_both(
    clinic: Clinic, policy: Any
) -> None:
    here, there = await clinic.site("Here"), await clinic.site("There")
    region = uuid4()
    await clinic.system.execute_as_owner(
        "scheduling",
        f"""SET stepwell.sites = '*';
        INSERT INTO regions VALUES ('{region}', 'Front Range', '{MONDAY.isoformat()}');
        UPDATE sites SET region_id = '{region}'""",
    )
    policy(confirmation={"by": "person"}, reach={"telehealth_of_region": True})
    cohort = await clinic.cohort(there, "Online", eligibility={"telehealth": True})
    ana = Enrolled("ana", here)
    await clinic.tell(ana.enrolment)
    address = f"/placements/{(await seat_of(clinic, ana))['id']}/confirm"
    chosen = {"cohort_id": str(cohort)}
    leads = [
        clinic.system.client("scheduling", "clinical_lead", sites)
        for sites in ([here], [there], [here, there])
    ]
    refused(await leads[0].post(address, chosen), 404, "not-found")
    refused(await leads[1].post(address, chosen), 403, "other-site-too")
    assert created(await leads[2].post(address, chosen))["state"] == "active"


@settings(
    max_examples=4, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(steps=st.lists(st.sampled_from(["enrol", "enrol", "leave", "open", "larger"]), max_size=14))
async def test_whatever_happens_seats_are_counted_right_and_nobody_waits_beside_a_free_one(
    clinic: Clinic, steps: list[str]
) -> None:
    site = await clinic.site(f"Site {uuid4()}")
    here: list[Enrolled] = []
    for step in ["open", "enrol", "enrol", *steps]:
        cohorts = (await clinic.desk.get("/cohorts", site_id=site)).json()["items"]
        if step == "open":
            await clinic.cohort(site, f"Cohort {len(cohorts)}", capacity=1)
        elif step == "larger" and cohorts[0]["capacity"] < 12:
            names = ("name", "track", "gender_group", "dual_diagnosis_trained")
            body = {name: cohorts[0][name] for name in names}
            body["capacity"] = cohorts[0]["capacity"] + 1
            etag = f'"{cohorts[0]["version"]}"'
            answer = await clinic.regional.put(f"/cohorts/{cohorts[0]['id']}", body, etag=etag)
            assert answer.status_code == 200, answer.text
        elif step == "leave" and here:
            await clinic.tell(here.pop(0).changed("completed"))
        elif step == "enrol":
            here.append(Enrolled(f"client {len(here)}", site))
            await clinic.tell(here[-1].enrolment)
        cohorts = (await clinic.desk.get("/cohorts", site_id=site)).json()["items"]
        seats = (await clinic.desk.get("/placements", site_id=site, state="active")).json()
        waiting = (await clinic.desk.get("/waitlist", site_id=site)).json()["count"]
        assert sum(one["seats_taken"] for one in cohorts) == seats["count"]
        assert all(one["seats_taken"] <= one["capacity"] for one in cohorts)
        assert seats["count"] + waiting == len(here)
        assert not (waiting and any(one["seats_free"] for one in cohorts))


async def test_two_hundred_at_once_get_the_last_ten_seats_and_not_one_more(clinic: Clinic) -> None:
    site = await clinic.site()
    cohort = await clinic.cohort(site, capacity=12)
    await clinic.tell(*(Enrolled(f"seat {n}", site).enrolment for n in range(2)))
    clients = [Enrolled(str(n), site) for n in range(200)]
    await asyncio.gather(*(clinic.tell(client.enrolment) for client in clients))
    shown = (await clinic.desk.get(f"/cohorts/{cohort}")).json()
    assert (shown["seats_taken"], shown["seats_free"]) == (12, 0)
    waiting = (await clinic.desk.get("/waitlist", limit=1)).json()
    assert waiting["count"] == 190


async def test_the_database_refuses_one_seat_too_many_whoever_writes(clinic: Clinic) -> None:
    """Without the lock of the site, as a mistaken program would."""
    site = await clinic.site()
    cohort = await clinic.cohort(site, capacity=10)

    async def take(pool: "asyncpg.Pool[asyncpg.Record]") -> bool:
        async with pool.acquire() as connection, connection.transaction():
            await connection.execute("SELECT set_config('stepwell.sites', '*', true)")
            insert = """INSERT INTO placements (id, site_id, client_id, enrolment_id, cohort_id,
              criteria, considered, placed_at) VALUES ($1, $2, $3, $4, $5, '[]', '[]', $6)"""
            await connection.execute(insert, uuid4(), site, uuid4(), uuid4(), cohort, MONDAY)
        return True

    async with asyncpg.create_pool(clinic.system.databases["scheduling"], max_size=24) as pool:
        taken = await asyncio.gather(*(take(pool) for _ in range(200)), return_exceptions=True)
    assert taken.count(True) == 10
    assert {type(one) for one in taken if one is not True} == {asyncpg.CheckViolationError}
    assert (await clinic.desk.get(f"/cohorts/{cohort}")).json()["seats_taken"] == 10
