"""Those who wait are asked in their order; a held seat is taken, and each offer ends once."""

import json
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest

from services.scheduling.placement.commands import reconsider
from services.scheduling.placement.policy import placement_policy
from shared import clock
from shared.contracts.intake import LevelOfCareSigned, RiskFlagRaised
from shared.contracts.scheduling import SeatOffered
from shared.database import ALL_SITES
from shared.ids import new_id
from tests.support.data import read_anew
from tests.support.scheduling import Clinic, Enrolled, open_clinic, refused, told
from tests.support.system import System
from tests.support.waiting import SCHEDULING, Line, ask_first


@pytest.fixture
async def clinic(system: System) -> AsyncIterator[Clinic]:
    async with open_clinic(system) as opened:
        yield opened


@pytest.fixture
async def line(clinic: Clinic, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Line:
    """A site that asks first."""
    site = await clinic.site()
    ask_first(monkeypatch, tmp_path, site)
    return Line(clinic, site)


def flag(client: Enrolled, severity: str = "high") -> RiskFlagRaised:
    return RiskFlagRaised(
        client_id=client.id,
        site_id=client.site_id,
        flag_id=new_id(),
        kind="suicide_risk",
        severity=severity,
        found_in="phq-9",
        acknowledge_by=clock.now(),
        raised_at=clock.now(),
    )


async def test_a_freed_seat_is_held_for_the_next_and_taken_when_accepted(
    clinic: Clinic, line: Line
) -> None:
    evening = await clinic.cohort(line.site, capacity=1)
    await clinic.curriculum(evening, weeks=1)
    ana, ben, cleo = (Enrolled(name, line.site) for name in ("ana", "ben", "cleo"))
    await clinic.tell(ana.enrolment, ben.enrolment, cleo.enrolment)
    assert (await clinic.names_for(ana))[0] == "ClientPlaced"
    await clinic.tell(ana.changed("completed"))
    assert await clinic.names_for(ben) == ["ClientWaitlisted", "SeatOffered"]
    assert await clinic.names_for(cleo) == ["ClientWaitlisted"]
    shown = (await line.desk.get(f"/cohorts/{evening}")).json()
    assert (shown["seats_taken"], shown["seats_free"]) == (1, 0)
    assert [w["asked"] for w in await line.waiting()] == [True, False]

    offer = await line.open_offer(ben)
    taken = await line.answer(offer, "accept")
    assert (taken.status_code, taken.json()["state"]) == (200, "accepted")
    assert (await clinic.names_for(ben))[2:] == [
        "SeatAccepted",
        "ClientPlaced",
        "SessionScheduled",
    ]
    assert [w["client_id"] for w in await line.waiting()] == [str(cleo.id)]
    again = {**offer, "version": taken.json()["version"]}
    refused(await line.answer(again, "decline", {}), 409, "offer-over")
    refused(await line.answer(offer, "accept"), 412, "stale-version")


async def test_a_seat_that_is_held_keeps_out_whom_its_client_must_not_meet(
    clinic: Clinic, line: Line
) -> None:
    ana, ben = Enrolled("ana", line.site), Enrolled("ben", line.site)
    await clinic.tell(ana.enrolment, ben.enrolment)
    async with clinic.database.transaction(ALL_SITES) as tx:
        apart = "INSERT INTO no_contacts (id, site_id, client_id, other_client_id, entered_by,"
        apart += " entered_at) VALUES ($1, $2, $3, $4, 'lead', now())"
        await tx.execute(apart, new_id(), line.site, *sorted((ana.id, ben.id)))
    await clinic.cohort(line.site, capacity=2)
    assert (await clinic.names_for(ana))[1:] == ["SeatOffered"]
    async with clinic.database.transaction(ALL_SITES) as tx:
        await reconsider(tx, told(flag(ben)))
    assert await clinic.names_for(ben) == ["ClientWaitlisted"]


async def test_a_seat_that_was_accepted_needs_nobody_to_confirm_it(
    clinic: Clinic, line: Line, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    evening = await clinic.cohort(line.site, capacity=1)
    await clinic.curriculum(evening, weeks=1)
    ana, ben = (Enrolled(name, line.site) for name in ("ana", "ben"))
    await clinic.tell(ana.enrolment, ben.enrolment)
    policy = json.loads((SCHEDULING / "placement/data/placement.json").read_text())
    policy["confirmation"]["by"] = "person"
    own = tmp_path / "scheduling/placement/placement.json"
    own.parent.mkdir(parents=True)
    own.write_text(json.dumps(policy))
    read_anew(monkeypatch, placement_policy, folder=tmp_path)
    await clinic.tell(ana.changed("completed"))
    taken = await line.answer(await line.open_offer(ben), "accept")
    assert taken.json()["state"] == "accepted"
    assert (await clinic.names_for(ben))[-2:] == ["ClientPlaced", "SessionScheduled"]


async def test_who_declines_or_does_not_answer_is_passed_over_for_a_while(
    clinic: Clinic, line: Line
) -> None:
    ana, ben = Enrolled("ana", line.site), Enrolled("ben", line.site)
    await clinic.tell(ana.enrolment, ben.enrolment)
    await clinic.cohort(line.site, capacity=1)
    offer = await line.open_offer(ana)
    refused(
        await line.answer(offer, "decline", {"reason": "moody"}), 422, "unknown-reason", "/reason"
    )
    declined = await line.answer(offer, "decline", {"reason": "time_does_not_fit"})
    assert declined.json()["decline_reason"] == "time_does_not_fit"
    assert await clinic.names_for(ben) == ["ClientWaitlisted", "SeatOffered"]
    assert await line.run_out() == 0
    clinic.at(clock.now() + timedelta(hours=24))
    assert await line.run_out() == 1
    assert (await clinic.names_for(ben))[2:] == ["SeatOfferExpired"]
    assert all(w["offer_again_at"] is not None for w in await line.waiting())
    clinic.at(clock.now() + timedelta(days=6))
    assert await line.run_out() == 1
    assert (await clinic.names_for(ana))[2:] == ["SeatDeclined", "SeatOffered"]
    figures = (await line.desk.get("/waitlist/figures", site_id=line.site)).json()
    assert [figures[n] for n in ("waiting", "longest_days", "declined", "expired", "seated")] == [
        *(2, 7, 1, 1, 0)
    ]
    assert figures["families"] == [{"family": "general", "waiting": 2}]


async def test_each_need_has_a_family_of_its_own(clinic: Clinic, line: Line) -> None:
    needs = [(dual, group) for dual in (False, True) for group in (None, "men", "women")]
    clients = [
        Enrolled(f"{dual} {group}", line.site, dual_diagnosis=dual, gender_group=group)
        for dual, group in needs
    ]
    await clinic.tell(*(client.enrolment for client in clients))
    families = [one["family"] for one in await line.waiting()]
    assert families == [
        *("general", "general_men", "general_women"),
        *("dual_diagnosis", "dual_diagnosis_men", "dual_diagnosis_women"),
    ]
    for client, family in zip(clients, families, strict=True):
        (one,) = (await line.desk.get("/waitlist", family=family)).json()["items"]
        assert one["client_id"] == str(client.id)
    figures = (await line.desk.get("/waitlist/figures", site_id=line.site)).json()
    assert figures["families"] == [{"family": one, "waiting": 1} for one in sorted(families)]


async def test_a_jump_of_the_order_needs_a_reason_and_is_shown(
    clinic: Clinic, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    site = await clinic.site()
    ask_first(monkeypatch, tmp_path, site, seats="by_hand")
    line = Line(clinic, site)
    general = await clinic.cohort(site, capacity=2)
    women = await clinic.cohort(site, "Women", gender_group="women")
    ana, ben = Enrolled("ana", site), Enrolled("ben", site)
    cleo, dora = Enrolled("cleo", site), Enrolled("dora", site, gender_group="women")
    await clinic.tell(ana.enrolment, ben.enrolment, cleo.enrolment, dora.enrolment)
    assert [await clinic.names_for(one) for one in (ana, dora)] == [["ClientWaitlisted"]] * 2

    refused(await line.choose(ben, women), 409, "no-fitting-seat", "/cohort_id")
    refused(await line.choose(ben, general), 422, "jump-reason-needed", "/reason")
    refused(await line.choose(ben, general, "a_friend"), 422, "unknown-reason", "/reason")
    refused(await line.choose(ana, general, "court_order"), 422, "nobody-passed-over", "/reason")
    jumped = await line.chosen(ben, general, "court_order")
    assert (jumped["passed_over"], jumped["jump_reason"]) == (1, "court_order")
    refused(await line.choose(ben, general, "court_order"), 409, "already-asked", "/waiting_id")
    assert (await line.chosen(dora, women))["passed_over"] == 0  # the others do not fit
    assert (await line.chosen(ana, general))["passed_over"] == 0  # ben is being asked
    refused(await line.choose(cleo, general), 409, "no-fitting-seat", "/cohort_id")
    (shown,) = await line.offers(jumped="true")
    assert (shown["client_id"], shown["offered_by"] is not None) == (str(ben.id), True)
    figures = (await line.desk.get("/waitlist/figures", site_id=site)).json()
    assert (figures["jumps"], figures["waiting"]) == (1, 4)
    (event,) = [e for e in await clinic.published() if isinstance(e, SeatOffered) and e.passed_over]
    assert (event.client_id, event.jump_reason) == (ben.id, "court_order")


async def test_who_is_urgent_goes_before_those_who_wait_longer(clinic: Clinic, line: Line) -> None:
    ana, ben, cleo = (Enrolled(name, line.site) for name in ("ana", "ben", "cleo"))
    dora = Enrolled("dora", line.site, priority=("injecting",))
    await clinic.tell(flag(ben))
    await clinic.tell(ana.enrolment, ben.enrolment, cleo.enrolment, dora.enrolment)
    signed = LevelOfCareSigned(
        client_id=cleo.id,
        site_id=line.site,
        determination_id=new_id(),
        recommended_level="2.5",
        final_level="2.1",
        final_level_kind="intensive_outpatient",
        override_reason="client_preference",
        second_signature=True,
        signed_at=clock.now(),
    )
    await clinic.tell(signed)
    await clinic.tell(flag(ana, "moderate"))
    waiting = await line.waiting()
    assert [(w["client_id"], w["urgent"]) for w in waiting] == [
        (str(dora.id), False),
        (str(ben.id), True),
        (str(cleo.id), True),
        (str(ana.id), False),
    ]
    await clinic.tell(signed.model_copy(update={"recommended_level": "2.1"}))
    assert [w["client_id"] for w in await line.waiting()] == [
        str(one.id) for one in (dora, ben, ana, cleo)
    ]
    women = (await line.desk.get("/waitlist", site_id=line.site, family="general_women")).json()
    assert (women["count"], women["items"]) == (0, [])
    general = (await line.desk.get("/waitlist", family="general", limit=3)).json()
    rest = (await line.desk.get("/waitlist", family="general", cursor=general["next"])).json()
    assert [w["client_id"] for w in general["items"] + rest["items"]] == [
        str(one.id) for one in (dora, ben, ana, cleo)
    ]
    await clinic.cohort(line.site, capacity=2)
    assert {o["client_id"] for o in await line.offers()} == {str(dora.id), str(ben.id)}


async def test_the_end_of_a_stay_withdraws_the_offer_and_the_next_is_asked(
    clinic: Clinic, line: Line
) -> None:
    ana, ben = Enrolled("ana", line.site), Enrolled("ben", line.site)
    await clinic.tell(ana.enrolment, ben.enrolment)
    await clinic.cohort(line.site, capacity=1)
    await clinic.tell(ana.changed("died"))
    assert (await clinic.names_for(ana))[1:] == ["SeatOffered", "SeatOfferWithdrawn"]
    assert (await clinic.names_for(ben))[1:] == ["SeatOffered"]


async def test_a_client_answers_by_a_link_of_which_only_the_hash_is_kept(
    clinic: Clinic, line: Line
) -> None:
    ana = Enrolled("ana", line.site)
    await clinic.tell(ana.enrolment)
    await clinic.cohort(line.site, capacity=1)
    offer = await line.open_offer(ana)
    link = (await line.answer(offer, "link")).json()
    secret = link["address"].partition("#")[2]
    own = clinic.system.client("scheduling", "auditor", [])
    auth = {"Authorization": f"Link {secret}"}
    page = await own.http.get("/seat-offer")
    assert (page.status_code, secret in page.text) == (200, False)
    assert (await own.http.get("/seat-offer/page.js")).status_code == 200
    shown = await own.http.get("/seat-offer/own", headers=auth)
    assert set(shown.json()) == {"state", "expires_at", "time_zone"}
    for table in ("seat_offers", "platform.outbox", "platform.audit"):
        rows = await clinic.system.fetch("scheduling", f"SELECT * FROM {table}")
        assert secret not in str([dict(row) for row in rows])
    bad = await own.http.post("/seat-offer/own", headers=auth, json={"answer": "perhaps"})
    assert bad.status_code == 422
    taken = await own.http.post("/seat-offer/own", headers=auth, json={"answer": "accept"})
    assert taken.json()["state"] == "accepted"
    assert (await clinic.names_for(ana))[-1] == "ClientPlaced"
    refused(await own.http.get("/seat-offer/own", headers=auth), 401, "link-not-valid")
    (event,) = [e for e in await clinic.published() if isinstance(e, SeatOffered)]
    assert (event.passed_over, event.jump_reason) == (0, None)
