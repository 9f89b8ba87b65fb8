"""Who looked: after every read and change of a client's record there is a row that says so."""

from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import asyncpg

from services.notifications.service import service as notifications
from shared.database import ALL_SITES
from shared.messaging.envelope import Received
from shared.messaging.handlers import Registry
from tests.conftest import MONDAY
from tests.support.attendance import SITE as OUTCOMES_SITE
from tests.support.flow import Intake, created, person
from tests.support.mailbox import Mailbox
from tests.support.notifications import Client as Recipient
from tests.support.outcomes import ACCEPT, Outcomes, opened
from tests.support.scheduling import EVENING, Enrolled, open_clinic
from tests.support.system import Client, System

SITE, OTHER = UUID(int=7), UUID(int=8)
WHY = {"Break-Glass": "Found unconscious, needs the list of medicines."}


async def noted(system: System, service: str = "intake") -> list[asyncpg.Record]:
    return await system.fetch(service, "SELECT * FROM platform.audit")


async def operations(system: System, service: str) -> set[tuple[str, str]]:
    """What was noted, with its kind; every row tells who, in which role, of whom and where."""
    rows = await noted(system, service)
    for row in rows:
        assert row["subject"]
        assert row["role"]
        assert row["site_id"] is not None, row["operation"]
        assert row["reason"] is None
    return {(row["operation"], row["kind"]) for row in rows}


async def looked_at(system: System, client: Client, path: str, service: str, **params: Any) -> Any:
    """The answer to a read that added a row."""
    before = len(await noted(system, service))
    answer = await client.get(path, **params)
    assert answer.status_code == 200, answer.text
    assert len(await noted(system, service)) > before, path
    return answer.json()


async def test_every_read_and_change_in_intake_is_noted(intake: Intake) -> None:
    system = intake.system
    desk = system.client("intake", "front_desk", [SITE], subject="desk-1")
    counselor = system.client("intake", "counselor", [SITE], subject="counselor-1")
    body = {
        "site_id": str(SITE),
        "source": "self",
        "person": person(),
        "contact": {"channel": "email", "email": "client-01@example.test"},
    }
    referral = created(await desk.post("/referrals", body))
    client = referral["client_id"]
    await intake.screen(client)
    determination = await intake.determine(client)
    enrolment = created(await intake.enrol(client, determination))
    screening = (await counselor.get(f"/clients/{client}/screenings")).json()["items"][0]
    contact = await desk.get(f"/clients/{client}/contact")
    changed = await desk.put(
        f"/clients/{client}/contact", {"channel": "log"}, etag=contact.headers["etag"]
    )
    assert changed.status_code == 200, changed.text
    of_client = f"/clients/{client}"
    for path in (
        f"/referrals/{referral['id']}",
        "/clients",
        of_client,
        f"{of_client}/screenings",
        f"{of_client}/screenings/{screening['id']}",
        f"{of_client}/level-of-care-determinations",
        f"{of_client}/level-of-care-determinations/{determination['id']}",
        f"{of_client}/enrolments",
        f"/enrolments/{enrolment['id']}",
    ):
        reader = desk if path in ("/clients", of_client) or "referrals" in path else counselor
        await looked_at(system, reader, path, "intake")
    auditor = system.client("intake", "auditor", [SITE], subject="auditor-1")
    await looked_at(system, auditor, f"{of_client}/accesses", "intake")
    found = await operations(system, "intake")
    assert found >= {
        ("receive_referral", "change"),
        ("complete_screening", "change"),
        ("determine_level_of_care", "change"),
        ("enrol_client", "change"),
        ("change_contact", "change"),
        ("show_referral", "read"),
        ("list_clients", "read"),
        ("show_client", "read"),
        ("show_contact", "read"),
        ("list_screenings", "read"),
        ("show_screening", "read"),
        ("list_level_of_care_determinations", "read"),
        ("show_level_of_care_determination", "read"),
        ("list_enrolments", "read"),
        ("show_enrolment", "read"),
        ("list_accesses", "read"),
    }
    assert {row["client_id"] for row in await noted(system)} == {UUID(client)}
    assert {row["site_id"] for row in await noted(system)} == {SITE}


async def test_every_read_and_change_in_scheduling_is_noted(system: System) -> None:
    async with open_clinic(system) as clinic:
        site = await clinic.site()
        cohort = await clinic.cohort(site, capacity=1)
        await clinic.curriculum(cohort, slots=(EVENING,))
        ana, ben = Enrolled("ana", site), Enrolled("ben", site)
        await clinic.tell(ana.enrolment, ben.enrolment)
        session, _ = await clinic.sessions(cohort)
        clinic.at(MONDAY + timedelta(days=8))
        path = f"/sessions/{session['id']}"
        entry = {"client_id": str(ana.id), "status": "present"}
        attendance = created(await clinic.desk.post(f"{path}/attendance", entry))
        one = f"/attendance/{attendance['id']}"
        corrected = await clinic.desk.put(one, {"status": "no_show"}, etag='"1"')
        assert corrected.status_code == 200, corrected.text
        counselor = system.client("scheduling", "counselor", [site])
        placements = await looked_at(system, counselor, "/placements", "scheduling")
        for read, params in (
            (f"/placements/{placements['items'][0]['id']}", {}),
            ("/waitlist", {"site_id": str(site)}),
            (f"{path}/roster", {}),
            (one, {}),
            (f"/clients/{ana.id}/attendance-summary", {}),
            (f"/clients/{ana.id}/weekly-hours", {"week": "2026-W10"}),
        ):
            await looked_at(system, counselor, read, "scheduling", **params)
        found = await operations(system, "scheduling")
    assert found >= {
        ("record_attendance", "change"),
        ("correct_attendance", "change"),
        ("list_placements", "read"),
        ("show_placement", "read"),
        ("list_waiting_clients", "read"),
        ("show_roster", "read"),
        ("show_attendance", "read"),
        ("summarize_attendance", "read"),
        ("show_weekly_hours", "read"),
    }
    by_client = {row["client_id"] for row in await noted(system, "scheduling")}
    assert by_client == {ana.id, ben.id}


async def test_a_roll_of_a_group_is_noted_for_every_client_on_it(system: System) -> None:
    async with open_clinic(system) as clinic:
        site = await clinic.site()
        cohort = await clinic.cohort(site)
        await clinic.curriculum(cohort)
        group = [Enrolled(name, site) for name in ("ana", "ben", "cleo")]
        await clinic.tell(*(one.enrolment for one in group))
        session, _ = await clinic.sessions(cohort)
        clinic.at(MONDAY + timedelta(days=8))
        entries = [{"client_id": str(one.id), "status": "present"} for one in group]
        created(await clinic.desk.post(f"/sessions/{session['id']}/roster", {"entries": entries}))
    rows = [r for r in await noted(system, "scheduling") if r["operation"] == "record_roll"]
    assert {(row["client_id"], row["kind"]) for row in rows} == {(c.id, "change") for c in group}
    assert len(rows) == 3


async def test_every_read_and_change_in_outcomes_is_noted(system: System) -> None:
    await system.start("outcomes", roles=("api",))
    async with opened(system, "outcomes") as database:
        lead = system.client("outcomes", "clinical_lead", [OUTCOMES_SITE])
        outcomes = Outcomes(system, database, lead)
        known = await outcomes.recommend()
        for path in (f"/clients/{known['client_id']}/progress", f"/recommendations/{known['id']}"):
            await looked_at(system, lead, path, "outcomes")
        assert (await outcomes.decide(known, ACCEPT)).status_code == 200
    assert await operations(system, "outcomes") >= {
        ("show_progress", "read"),
        ("list_recommendations", "read"),
        ("show_recommendation", "read"),
        ("decide_recommendation", "change"),
    }


async def test_every_read_in_notifications_is_noted(system: System) -> None:
    async with Mailbox().listening() as mailbox:
        system.smtp_port = mailbox.port
        await system.start("notifications", roles=("api",))
        ana = Recipient("ana")
        counselor = system.client("notifications", "counselor", [ana.site_id])
        empty = await counselor.get("/notifications", client_id=str(ana.id))
        assert empty.json()["items"] == []
        assert await noted(system, "notifications") == [], "nothing was seen of anybody"
        await looked_at_a_message(system, counselor, ana)
    found = await operations(system, "notifications")
    assert found == {("list_notifications", "read"), ("show_notification", "read")}


async def looked_at_a_message(system: System, counselor: Client, ana: Recipient) -> None:
    event = ana.expected(MONDAY + timedelta(days=9))
    registry = Registry("notifications", notifications.consumers)
    async with opened(system, "notifications") as database:
        for one in (ana.details(), event):
            async with database.transaction(ALL_SITES) as tx:
                received = Received(
                    one, str(uuid4()), "/t", one.type_name(), one.stream, one.key, 1, MONDAY, None
                )
                await registry.handle(tx, one.type_name(), [received])
    listed = await looked_at(system, counselor, "/notifications", "notifications")
    message = listed["items"][0]["id"]
    await looked_at(system, counselor, f"/notifications/{message}", "notifications")


async def test_what_is_refused_or_not_there_leaves_no_row(intake: Intake) -> None:
    client = await intake.refer()
    before = len(await noted(intake.system))
    counselor = intake.system.client("intake", "counselor", [SITE])
    elsewhere = intake.system.client("intake", "counselor", [OTHER])
    desk = intake.system.client("intake", "front_desk", [SITE])
    stale = {"channel": "log"}
    for answer, status in (
        (await elsewhere.get(f"/clients/{client}"), 404),
        (await elsewhere.get(f"/clients/{client}/screenings"), 404),
        (await counselor.get(f"/clients/{uuid4()}"), 404),
        (await desk.get(f"/clients/{client}/screenings"), 403),
        (await desk.put(f"/clients/{client}/contact", stale, etag='"9"'), 412),
        (await desk.put(f"/clients/{client}/contact", stale), 428),
        (await desk.post("/referrals", {}), 422),
        (await intake.admit(client, {"id": str(uuid4())}), 409),
    ):
        assert answer.status_code == status, answer.text
    assert len(await noted(intake.system)) == before


async def test_a_change_that_is_rolled_back_leaves_no_row(intake: Intake) -> None:
    client = await intake.refer()
    before = len(await noted(intake.system))
    await intake.system.execute_as_owner(
        "intake",
        "CREATE FUNCTION fail() RETURNS trigger LANGUAGE plpgsql AS"
        " $$ BEGIN RAISE EXCEPTION 'full'; END $$;"
        "CREATE TRIGGER fail BEFORE INSERT ON screenings FOR EACH ROW EXECUTE FUNCTION fail()",
    )
    counselor = intake.system.client("intake", "counselor", [SITE])
    body = {
        "occasion": "intake",
        "responses": [{"instrument": "gad-7", "version": "1.0", "answers": [0] * 7}],
    }
    answer = await counselor.post(f"/clients/{client}/screenings", body)
    assert answer.status_code == 500
    assert len(await noted(intake.system)) == before


async def test_an_answer_from_memory_shows_the_record_again_and_is_a_read(intake: Intake) -> None:
    desk = intake.system.client("intake", "front_desk", [SITE], subject="desk-1")
    body = {
        "site_id": str(SITE),
        "source": "self",
        "person": person(),
        "contact": {"channel": "log"},
    }
    first = await desk.post("/referrals", body, key="once")
    client = UUID(created(first)["client_id"])
    for _ in range(2):
        again = await desk.post("/referrals", body, key="once")
        assert (again.status_code, again.text) == (201, first.text)
        assert again.headers["idempotency-replayed"] == "true"
    rows = await noted(intake.system)
    assert sorted((r["kind"], r["operation"]) for r in rows) == [
        ("change", "receive_referral"),
        ("read", "receive_referral"),
        ("read", "receive_referral"),
    ]
    assert {(r["client_id"], r["site_id"], r["subject"]) for r in rows} == {
        (client, SITE, "desk-1")
    }
    other = body | {"source": "court"}
    assert (await desk.post("/referrals", other, key="once")).status_code == 422
    assert len(await noted(intake.system)) == 3, "who sends another body is shown nothing"


async def test_a_clinician_breaks_the_glass_and_the_reason_is_kept(intake: Intake) -> None:
    client = await intake.refer()
    elsewhere = intake.system.client("intake", "counselor", [OTHER], subject="counselor-9")
    assert (await elsewhere.get(f"/clients/{client}")).status_code == 404
    seen = await elsewhere.http.get(f"/clients/{client}", headers=WHY)
    assert (seen.status_code, seen.json()["id"]) == (200, client)
    empty = await elsewhere.http.get(f"/clients/{client}/enrolments", headers=WHY)
    assert empty.status_code == 200
    rows = [r for r in await noted(intake.system) if r["subject"] == "counselor-9"]
    assert {r["reason"] for r in rows} == {WHY["Break-Glass"]}
    assert {(r["operation"], r["site_id"]) for r in rows} == {
        ("show_client", SITE),
        ("list_enrolments", None),
    }
    assert {(r["role"], r["kind"]) for r in rows} == {("counselor", "read")}


async def test_a_refused_breaking_of_the_glass_leaves_nothing(intake: Intake) -> None:
    client = await intake.refer()
    before = len(await noted(intake.system))
    desk = intake.system.client("intake", "front_desk", [OTHER])
    lead = intake.system.client("intake", "clinical_lead", [OTHER])
    for answer, status in (
        (await desk.http.get(f"/clients/{client}", headers=WHY), 403),
        (await lead.http.get("/clients", headers=WHY), 403),
        (await lead.http.get(f"/clients/{client}", headers={"Break-Glass": "x" * 501}), 422),
        (await lead.http.get(f"/clients/{uuid4()}", headers=WHY), 404),
    ):
        assert answer.status_code == status, answer.text
    assert len(await noted(intake.system)) == before


async def test_the_glass_opens_no_change(intake: Intake) -> None:
    client = await intake.refer()
    lead = intake.system.client("intake", "clinical_lead", [OTHER])
    answer = await lead.http.put(
        f"/clients/{client}/contact",
        json={"channel": "log"},
        headers=WHY | {"If-Match": '"1"'},
    )
    assert answer.status_code == 404


async def test_an_auditor_reads_who_looked_page_by_page_at_their_own_sites(intake: Intake) -> None:
    client = await intake.refer()
    counselor = intake.system.client("intake", "counselor", [SITE], subject="counselor-1")
    for _ in range(4):
        await counselor.get(f"/clients/{client}")
    elsewhere = intake.system.client("intake", "counselor", [OTHER], subject="counselor-9")
    await elsewhere.http.get(f"/clients/{client}/enrolments", headers=WHY)  # tells no site
    path = f"/clients/{client}/accesses"
    auditor = intake.system.client("intake", "auditor", [SITE], subject="auditor-1")
    listed: list[dict[str, Any]] = []
    cursor = {}
    while True:
        page = (await auditor.get(path, limit=2, **cursor)).json()
        assert len(page["items"]) <= 2
        listed += page["items"]
        if page["next"] is None or len(listed) > 20:
            break
        cursor = {"cursor": page["next"]}
    assert [one["id"] for one in listed] == sorted({one["id"] for one in listed})
    by_staff = [one for one in listed if one["role"] != "auditor"]
    told = sorted((one["operation"], one["kind"], one["subject"]) for one in by_staff)
    assert [operation for operation, _, _ in told] == ["receive_referral", *["show_client"] * 4]
    assert {kind for _, kind, _ in told[1:]} == {"read"}
    assert {one["site_id"] for one in listed} == {str(SITE)}
    away = intake.system.client("intake", "auditor", [OTHER])
    assert (await away.get(path)).json()["items"] == []
    everywhere = intake.system.client("intake", "auditor")
    all_of_it = (await everywhere.get(path, limit=200)).json()["items"]
    (broken,) = (one for one in all_of_it if one["reason"])
    assert (broken["subject"], broken["site_id"]) == ("counselor-9", None)
    assert (await counselor.get(path)).status_code == 403
