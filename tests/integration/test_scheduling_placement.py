"""Seats are given, freed and offered; who waits, waits in order; nobody gets a seat twice."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from datetime import UTC, datetime

import asyncpg
import pytest

from shared.contracts.intake import EpisodeState
from shared.contracts.scheduling import ClientPlaced, ClientWaitlisted, SessionScheduled, StayOver
from tests.support.scheduling import CAUSE, EVENING, Clinic, Enrolled, open_clinic
from tests.support.system import System

FIRST_SESSION = datetime(2026, 3, 3, 0, 30, tzinfo=UTC)


@pytest.fixture
async def clinic(system: System) -> AsyncIterator[Clinic]:
    async with open_clinic(system) as opened:
        yield opened


async def test_an_enrolled_client_is_placed_and_expected_at_every_session_to_come(
    clinic: Clinic,
) -> None:
    site = await clinic.site()
    evening = await clinic.cohort(site)
    await clinic.curriculum(evening, starts_on="2026-02-16", weeks=4)
    ana = Enrolled("ana", site)
    await clinic.tell(ana.enrolment)

    published = await clinic.published_with_traces()
    placed, *sessions = [event for event, _ in published]
    assert isinstance(placed, ClientPlaced)
    assert (placed.enrolment_id, placed.cohort_id) == (ana.enrolment_id, evening)
    assert all(isinstance(event, SessionScheduled) for event in sessions)
    starts = [event.starts_at for event in sessions if isinstance(event, SessionScheduled)]
    assert starts == [
        datetime(2026, 2, 24, 0, 30, tzinfo=UTC),
        datetime(2026, 3, 3, 0, 30, tzinfo=UTC),
        datetime(2026, 3, 9, 23, 30, tzinfo=UTC),
    ]
    assert {trace for _, trace in published} == {CAUSE}

    (shown,) = (await clinic.desk.get("/placements", client_id=ana.id)).json()["items"]
    assert (shown["state"], shown["cohort_id"]) == ("active", str(evening))
    assert [c["name"] for c in shown["criteria"]][-1] == "preference"
    alone = (await clinic.desk.get(f"/placements/{shown['id']}")).json()
    assert [c["cohort_id"] for c in alone.pop("considered")] == [str(evening)]
    assert alone == shown


async def test_a_client_with_a_dual_diagnosis_waits_rather_than_join_a_general_cohort(
    clinic: Clinic,
) -> None:
    site = await clinic.site()
    await clinic.cohort(site)
    ben = Enrolled("ben", site, dual_diagnosis=True)
    await clinic.tell(ben.enrolment)
    (event,) = await clinic.published()
    assert isinstance(event, ClientWaitlisted)
    assert [(c.name, c.met) for c in event.criteria] == [("track", False)]
    (waiting,) = (await clinic.desk.get("/waitlist", site_id=site)).json()["items"]
    assert (waiting["client_id"], waiting["dual_diagnosis"]) == (str(ben.id), True)

    trained = await clinic.cohort(site, "Both", track="dual_diagnosis", dual_diagnosis_trained=True)
    assert await clinic.names_for(ben) == ["ClientWaitlisted", "ClientPlaced"]
    assert (await clinic.desk.get("/waitlist", site_id=site)).json()["items"] == []
    shown = (await clinic.desk.get(f"/cohorts/{trained}")).json()
    assert (shown["seats_taken"], shown["seats_free"]) == (1, 9)


async def test_a_batch_fills_the_seats_in_the_order_of_enrolment_and_the_rest_wait_in_it(
    clinic: Clinic,
) -> None:
    site = await clinic.site()
    evening = await clinic.cohort(site, capacity=3)
    await clinic.curriculum(evening)
    clients = [Enrolled(str(n), site) for n in range(6)]
    await clinic.tell(*(client.enrolment for client in clients))
    assert [await clinic.names_for(c) for c in clients] == [
        *([["ClientPlaced", "SessionScheduled", "SessionScheduled"]] * 3),
        *([["ClientWaitlisted"]] * 3),
    ]
    first = (await clinic.desk.get("/waitlist", limit=2)).json()
    rest = (await clinic.desk.get("/waitlist", limit=2, cursor=first["next"])).json()
    waiting = [item["client_id"] for item in first["items"] + rest["items"]]
    assert waiting == [str(c.id) for c in clients[3:]]
    assert rest["next"] is None


async def test_a_freed_seat_goes_to_the_client_who_waits_longest_and_fits(
    clinic: Clinic,
) -> None:
    site = await clinic.site()
    women = await clinic.cohort(site, gender_group="women", capacity=1)
    await clinic.curriculum(women, weeks=3)
    ana = Enrolled("ana", site, gender_group="women")
    ben = Enrolled("ben", site, gender_group="men")
    cleo = Enrolled("cleo", site, gender_group="women")
    dora = Enrolled("dora", site, gender_group="women")
    for client in (ana, ben, cleo, dora):
        await clinic.tell(client.enrolment)
    clinic.at(FIRST_SESSION)
    await clinic.tell(ana.step_down)
    assert await clinic.names_for(ana) == [
        "ClientPlaced",
        *["SessionScheduled"] * 3,
        "PlacementEnded",
        *["SessionCancelled"] * 2,
    ]
    assert await clinic.names_for(ben) == ["ClientWaitlisted"]
    assert await clinic.names_for(cleo) == [
        "ClientWaitlisted",
        "ClientPlaced",
        *["SessionScheduled"] * 2,
    ]
    assert await clinic.names_for(dora) == ["ClientWaitlisted"]
    (former,) = (await clinic.desk.get("/placements", client_id=ana.id)).json()["items"]
    assert (former["state"], former["end_reason"]) == ("ended", "stepped_down")


@pytest.mark.parametrize(
    "end",
    ["stepped_up", "completed", "left_against_advice", "transferred", "lost", "died"],
)
async def test_a_seat_is_free_again_however_a_stay_ends(clinic: Clinic, end: EpisodeState) -> None:
    site = await clinic.site()
    evening = await clinic.cohort(site, capacity=1)
    await clinic.curriculum(evening)
    ana, ben, cleo = (Enrolled(name, site) for name in ("ana", "ben", "cleo"))
    await clinic.tell(ana.enrolment, ben.enrolment, cleo.enrolment)
    await clinic.tell(ana.changed(end), cleo.changed(end))
    assert await clinic.names_for(ben) == [
        "ClientWaitlisted",
        "ClientPlaced",
        *["SessionScheduled"] * 2,
    ]
    over = [e for e in await clinic.published() if isinstance(e, StayOver)]
    assert [(type(e).__name__, e.ended_as) for e in over] == [
        ("PlacementEnded", end),
        *[("SessionCancelled", end)] * 2,
    ]
    (former,) = (await clinic.desk.get("/placements", client_id=ana.id)).json()["items"]
    assert (former["state"], former["end_reason"]) == ("ended", end)
    assert (await clinic.desk.get("/waitlist")).json()["items"] == []


@pytest.mark.parametrize("state", ["enrolled", "active", "on_hold", "stepped_down"])
async def test_a_stay_that_goes_on_keeps_its_seat_and_a_step_down_is_told_apart(
    clinic: Clinic, state: EpisodeState
) -> None:
    site = await clinic.site()
    await clinic.cohort(site)
    ana = Enrolled("ana", site)
    await clinic.tell(ana.enrolment)
    await clinic.tell(ana.changed(state))
    assert await clinic.names_for(ana) == ["ClientPlaced"]


async def test_priority_populations_wait_in_front(clinic: Clinic) -> None:
    site = await clinic.site()
    await clinic.cohort(site, capacity=1)
    seated, ana = Enrolled("seated", site), Enrolled("ana", site)
    ben = Enrolled("ben", site, priority=("injecting",))
    cleo = Enrolled("cleo", site, priority=("recent_overdose", "pregnant"))
    dora = Enrolled("dora", site, priority=("parenting",))
    for client in (seated, ana, ben, cleo, dora):
        await clinic.tell(client.enrolment)
    first = (await clinic.desk.get("/waitlist", limit=1)).json()
    rest = (await clinic.desk.get("/waitlist", cursor=first["next"])).json()
    waiting = [*first["items"], *rest["items"]]
    assert [(w["client_id"], w["priority"]) for w in waiting] == [
        (str(cleo.id), True),
        (str(ben.id), True),
        (str(ana.id), False),
        (str(dora.id), False),
    ]
    await clinic.tell(seated.changed("completed"))
    assert await clinic.names_for(cleo) == ["ClientWaitlisted", "ClientPlaced"]
    assert await clinic.names_for(ana) == ["ClientWaitlisted"]


async def test_who_steps_down_while_waiting_leaves_the_waitlist(clinic: Clinic) -> None:
    site = await clinic.site()
    ana = Enrolled("ana", site)
    await clinic.tell(ana.enrolment)
    await clinic.tell(ana.step_down)
    await clinic.cohort(site)
    assert await clinic.names_for(ana) == ["ClientWaitlisted"]


async def test_an_enrolment_that_ended_and_was_never_known_changes_nothing(
    clinic: Clinic,
) -> None:
    site = await clinic.site()
    await clinic.tell(Enrolled("ana", site).step_down)
    assert await clinic.published() == []


async def test_a_client_who_comes_back_is_expected_again_at_the_sessions_that_were_cancelled(
    clinic: Clinic,
) -> None:
    site = await clinic.site()
    evening = await clinic.cohort(site)
    await clinic.curriculum(evening)
    ana = Enrolled("ana", site)
    back = Enrolled("ana", site, id=ana.id)
    await clinic.tell(ana.enrolment)
    await clinic.tell(ana.step_down)
    await clinic.tell(back.enrolment)
    assert Counter(await clinic.names_for(ana)) == {
        "ClientPlaced": 2,
        "SessionScheduled": 4,
        "PlacementEnded": 1,
        "SessionCancelled": 2,
    }


async def test_a_curriculum_added_later_expects_the_clients_who_have_seats(
    clinic: Clinic,
) -> None:
    site = await clinic.site()
    evening = await clinic.cohort(site)
    ana, ben = Enrolled("ana", site), Enrolled("ben", site)
    await clinic.tell(ana.enrolment, ben.enrolment)
    await clinic.curriculum(evening)
    await clinic.curriculum(evening, weeks=1, slots=[{**EVENING, "weekday": 2}])
    for client in (ana, ben):
        assert await clinic.names_for(client) == ["ClientPlaced", *["SessionScheduled"] * 3]


async def test_many_workers_never_give_more_seats_than_there_are(clinic: Clinic) -> None:
    site = await clinic.site()
    evening = await clinic.cohort(site, capacity=7)
    await clinic.curriculum(evening, weeks=1)
    clients = [Enrolled(str(n), site) for n in range(24)]
    await asyncio.gather(*(clinic.tell(client.enrolment) for client in clients))
    names = Counter([tuple(await clinic.names_for(client)) for client in clients])
    assert names == {("ClientPlaced", "SessionScheduled"): 7, ("ClientWaitlisted",): 17}
    await asyncio.gather(
        *(clinic.tell(client.step_down) for client in clients[:12]),
        clinic.cohort(site, "Morning", capacity=2),
    )
    shown = (await clinic.desk.get("/cohorts", site_id=site)).json()["items"]
    waiting = (await clinic.desk.get("/waitlist")).json()["items"]
    taken = {cohort["name"]: cohort["seats_taken"] for cohort in shown}
    assert sum(taken.values()) + len(waiting) == 12
    assert taken == {"Evening": 7, "Morning": 2}


async def test_a_client_has_at_most_one_seat(clinic: Clinic) -> None:
    site = await clinic.site()
    await clinic.cohort(site)
    ana = Enrolled("ana", site)
    await clinic.tell(ana.enrolment)
    with pytest.raises(asyncpg.UniqueViolationError):
        await clinic.tell(Enrolled("ana", site, id=ana.id).enrolment)
    assert await clinic.names_for(ana) == ["ClientPlaced"]


async def test_seats_of_other_sites_do_not_exist_for_a_caller(clinic: Clinic) -> None:
    here, there = await clinic.site("Here"), await clinic.site("There")
    await clinic.cohort(here)
    ana, ben = Enrolled("ana", here), Enrolled("ben", there)
    await clinic.tell(ana.enrolment, ben.enrolment)
    elsewhere = clinic.system.client("scheduling", "counselor", [there])
    assert (await elsewhere.get("/placements")).json()["items"] == []
    assert len((await elsewhere.get("/waitlist")).json()["items"]) == 1
    assert [s["name"] for s in (await elsewhere.get("/sites")).json()["items"]] == ["There"]
    assert (await elsewhere.get(f"/sites/{here}")).status_code == 404
    assert (
        await elsewhere.get(f"/clients/{ana.id}/weekly-hours", week="2026-W10")
    ).status_code == 404


async def test_a_cohort_whose_sessions_are_over_takes_nobody(clinic: Clinic) -> None:
    site = await clinic.site()
    over = await clinic.cohort(site, "Last spring")
    await clinic.curriculum(over, starts_on="2026-02-02", weeks=2)
    await clinic.cohort(site, "Not planned yet", capacity=1)
    ana, ben = Enrolled("ana", site), Enrolled("ben", site)
    await clinic.tell(ana.enrolment)
    await clinic.tell(ben.enrolment)
    assert await clinic.names_for(ana) == ["ClientPlaced"]
    assert await clinic.names_for(ben) == ["ClientWaitlisted"]
    (shown,) = (await clinic.desk.get("/placements", client_id=ana.id)).json()["items"]
    assert shown["cohort_id"] != str(over)


async def test_sessions_that_are_added_to_a_cohort_open_its_seats_to_those_who_wait(
    clinic: Clinic,
) -> None:
    site = await clinic.site()
    evening = await clinic.cohort(site)
    await clinic.curriculum(evening, starts_on="2026-02-02", weeks=2)
    ana, ben = Enrolled("ana", site), Enrolled("ben", site)
    await clinic.tell(ana.enrolment)
    await clinic.curriculum(evening, weeks=1)
    await clinic.tell(ben.enrolment)
    assert await clinic.names_for(ana) == ["ClientWaitlisted", "ClientPlaced", "SessionScheduled"]
    assert await clinic.names_for(ben) == ["ClientPlaced", "SessionScheduled"]
    assert (await clinic.desk.get("/waitlist")).json()["items"] == []
