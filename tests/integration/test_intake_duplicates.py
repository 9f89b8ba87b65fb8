"""Likely duplicates over HTTP: found with reasons, merged by a person, and undone."""

import asyncio
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest

from services.intake.duplicates import commands
from services.intake.duplicates.jobs import next_due
from services.intake.matching.policy import matching
from services.intake.risk.queries import priority_populations
from tests.support.flow import FITS_IOP, Intake, created, person, problem, rated, responses
from tests.support.system import System

SITE = UUID(int=7)
OTHER_SITE = UUID(int=8)
BOTH = (SITE, OTHER_SITE)
WHY = {"reason": "Same papers shown."}


@pytest.fixture
async def intake(system: System) -> Intake:
    await system.start("intake")
    flow = Intake(system, SITE)
    await flow.open_site()
    await system.execute_as_owner(
        "intake",
        "SET stepwell.sites = '*';"
        f"INSERT INTO sites VALUES ('{OTHER_SITE}', 'America/Denver', '2026-02-23T14:00:00Z')",
    )
    return flow


async def refer(
    intake: Intake, site: UUID = SITE, phone: str | None = None, **changed: object
) -> str:
    desk = intake.system.client("intake", "front_desk", [site])
    body = {
        "site_id": str(site),
        "source": "self",
        "person": person(**changed),
        "contact": {"channel": "log", "phone": phone},
    }
    return str(created(await desk.post("/referrals", body))["client_id"])


async def alike(intake: Intake, client: str, *sites: UUID) -> list[dict[str, Any]]:
    desk = intake.system.client("intake", "front_desk", sites or [SITE])
    answer = await desk.get(f"/clients/{client}/likely-duplicates")
    assert answer.status_code == 200, answer.text
    items: list[dict[str, Any]] = answer.json()["items"]
    return items


async def merge(
    intake: Intake, survivor: str, merged: str, *sites: UUID, key: str | None = None
) -> httpx.Response:
    lead = intake.system.client("intake", "clinical_lead", sites or [SITE], subject="lead-1")
    return await lead.post(
        "/client-merges", {"survivor_id": survivor, "merged_id": merged} | WHY, key=key
    )


async def undo(intake: Intake, merged: dict[str, Any], etag: str = '"1"') -> httpx.Response:
    lead = intake.system.client("intake", "clinical_lead", BOTH, subject="lead-2")
    return await lead.post(
        f"/client-merges/{merged['id']}/undo", {"reason": "Two siblings."}, etag=etag
    )


async def snapshot(intake: Intake) -> list[dict[str, Any]]:
    """What is known of all clients; that a merge came and went counts as a change of the client."""
    found = []
    for table in ("clients", "contacts", "referrals", "match_keys"):
        rows = await intake.system.fetch("intake", f"SELECT * FROM {table} ORDER BY 1, 2")
        found += [dict(row) for row in rows]
        if table == "clients":
            for one in found:
                del one["version"]
    return found


async def test_a_likely_duplicate_is_shown_with_its_reasons(intake: Intake):
    client = await refer(intake, birth_date="1988-04-07", family_name="Example")
    other = await refer(intake, birth_date="1988-07-04", family_name="Exampel")
    await refer(intake, given_name="Somebody", family_name="Else", birth_date="1971-11-23")
    (found,) = await alike(intake, client)
    assert (found["client_id"], found["family_name"]) == (other, "Exampel")
    assert [reason["words"] for reason in found["reasons"]] == [
        "birth date day and month swapped",
        "family name alike 0.97",
        "same given name",
    ]
    assert 0.8 <= found["score"] < 1


async def test_a_search_before_entering_stores_nothing_and_is_noted(intake: Intake):
    client = await refer(intake, phone="+13035550100")
    before = await snapshot(intake)
    desk = intake.system.client("intake", "front_desk", [SITE], subject="desk-9")
    sought = {"given_name": "EXAMPLE", "family_name": "Client 01", "phone": "+13035550100"}
    found = (await desk.http.post("/client-searches", json={"person": sought})).json()
    assert [one["client_id"] for one in found["items"]] == [client]
    assert [one["kind"] for one in found["items"][0]["reasons"]] == ["names_swapped", "same_phone"]
    assert found["matching_version"] == matching().version
    nobody = {"given_name": "No", "family_name": "Body", "birth_date": "1999-09-09"}
    assert (await desk.post("/client-searches", {"person": nobody})).json()["items"] == []
    assert await snapshot(intake) == before
    auditor = intake.system.client("intake", "auditor", [SITE])
    noted = (await auditor.get(f"/clients/{client}/accesses")).json()["items"]
    assert ("desk-9", "list_clients_alike", "read") in [
        (one["subject"], one["operation"], one["kind"]) for one in noted
    ]


@pytest.mark.parametrize(
    ("sought", "pointer"),
    [
        ({}, "/person"),
        ({"given_name": "", "family_name": " "}, "/person"),
        ({"given_name": "\u200b", "family_name": "Example"}, "/person/given_name"),
        ({"given_name": "A", "family_name": "B", "phone": "1"}, "/person/phone"),
        ({"given_name": "A", "family_name": "B", "birth_date": 1}, "/person/birth_date"),
        ({"given_name": "A", "family_name": "B", "ssn": "1"}, "/person/ssn"),
    ],
)
async def test_a_search_for_what_is_no_person_is_refused(
    intake: Intake, sought: dict[str, Any], pointer: str
):
    desk = intake.system.client("intake", "front_desk", [SITE])
    refused = await desk.post("/client-searches", {"person": sought})
    assert problem(refused) == (422, "invalid-request", pointer)


@pytest.mark.parametrize(
    ("known", "sought"),
    [
        ("O Neill", "ONeil"),
        ("O'Neill", "O Niell"),
        ("De La Cruz", "Delacrus"),
        ("Delacruz", "De La Curz"),
        ("Smith-Jones", "SmithJone"),
        ("Vanderberg", "van der Bergg"),
        ("Al-Hassan", "Hasan"),
    ],
)
async def test_names_apart_and_together_are_found_by_name_alone_with_a_slip(
    intake: Intake, known: str, sought: str
):
    client = await refer(intake, family_name=known)
    await refer(intake, family_name="Somebody Else", given_name="Other")
    desk = intake.system.client("intake", "front_desk", [SITE])
    person = {"given_name": "Client 01", "family_name": sought}
    found = (await desk.post("/client-searches", {"person": person})).json()["items"]
    assert [one["client_id"] for one in found] == [client]


async def test_who_has_one_name_is_taken_and_found_by_it_wherever_it_was_entered(intake: Intake):
    client = await refer(intake, given_name=None, family_name="Suharto")
    other = await refer(intake, given_name="Suharto", family_name=" ")
    full = await refer(intake, given_name="Ahmad", family_name="Suharto", birth_date="1971-11-23")
    desk = intake.system.client("intake", "front_desk", [SITE])
    shown = (await desk.get(f"/clients/{other}")).json()
    assert (shown["given_name"], shown["family_name"]) == ("Suharto", None)
    for sought in ({"family_name": "Suharto"}, {"given_name": "Suhrato"}):
        found = (await desk.post("/client-searches", {"person": sought})).json()["items"]
        assert {one["client_id"] for one in found} == {client, other, full}
    assert [one["client_id"] for one in await alike(intake, client)] == [other]
    events = await intake.system.fetch(
        "intake", "SELECT convert_from(payload, 'UTF8') AS told FROM platform.journal"
    )
    assert events
    assert not any("Suharto" in one["told"] for one in events)


async def test_a_referral_of_somebody_without_a_name_is_refused_and_leaves_nothing(intake: Intake):
    desk = intake.system.client("intake", "front_desk", [SITE])
    before = await snapshot(intake)
    body = {
        "site_id": str(SITE),
        "source": "self",
        "person": person(given_name=" ", family_name=None),
        "contact": {"channel": "log"},
    }
    assert problem(await desk.post("/referrals", body)) == (422, "invalid-request", "/person")
    assert await snapshot(intake) == before


async def test_people_are_looked_for_at_the_callers_sites_only(intake: Intake):
    client = await refer(intake)
    other = await refer(intake, OTHER_SITE)
    assert await alike(intake, client) == []
    assert [one["client_id"] for one in await alike(intake, client, *BOTH)] == [other]
    desk = intake.system.client("intake", "front_desk", [OTHER_SITE])
    assert (await desk.get(f"/clients/{client}/likely-duplicates")).status_code == 404
    known = {"given_name": "Client 01", "family_name": "Example", "birth_date": "1988-04-17"}
    found = (await desk.post("/client-searches", {"person": known})).json()["items"]
    assert [one["client_id"] for one in found] == [other]


async def test_who_breaks_the_glass_for_one_client_sees_no_others(intake: Intake):
    client = await refer(intake)
    await refer(intake)
    own = await refer(intake, OTHER_SITE)
    stranger = intake.system.client("intake", "counselor", [OTHER_SITE])
    path = f"/clients/{client}/likely-duplicates"
    assert (await stranger.get(path)).status_code == 404
    seen = await stranger.http.get(path, headers={"Break-Glass": "Asked for in an emergency."})
    assert [one["client_id"] for one in seen.json()["items"]] == [own]


async def test_a_client_is_found_by_a_new_phone_number_and_not_by_the_former(intake: Intake):
    client = await refer(intake, phone="+13035550100")
    desk = intake.system.client("intake", "front_desk", [SITE])
    path = f"/clients/{client}/contact"
    answer = await desk.put(path, {"channel": "log", "phone": "+13035550199"}, etag='"1"')
    assert answer.status_code == 200

    async def found_by(phone: str) -> list[str]:
        sought = {"given_name": "Client 01", "family_name": "Other", "birth_date": "1988-04-18"}
        answer = await desk.post("/client-searches", {"person": sought | {"phone": phone}})
        return [one["client_id"] for one in answer.json()["items"]]

    assert await found_by("+13035550199") == [client]
    assert await found_by("+13035550100") == []
    (keys,) = await intake.system.fetch("intake", "SELECT count(*) FROM match_keys")
    assert keys["count"] == 16


async def test_a_merged_client_gives_way_and_comes_back_exactly_by_an_undo(intake: Intake):
    survivor, merged = await refer(intake), await refer(intake, phone="+13035550100")
    before = await snapshot(intake)
    answer = await merge(intake, survivor, merged, key="once")
    made = created(answer)
    assert made == (await merge(intake, survivor, merged, key="once")).json()
    assert (made["survivor"]["client_id"], made["merged"]["client_id"]) == (survivor, merged)
    assert (made["merged_by"], made["undone_at"]) == ("lead-1", None)

    desk = intake.system.client("intake", "front_desk", [SITE])
    shown = await desk.get(answer.headers["location"])
    assert (shown.json(), shown.headers["etag"]) == (made, '"1"')
    assert [one["id"] for one in (await desk.get("/clients")).json()["items"]] == [survivor]
    everybody = (await desk.get("/clients", merged=True)).json()["items"]
    assert {one["id"]: one["merged_into"] for one in everybody} == {
        survivor: None,
        merged: survivor,
    }
    assert (await desk.get(f"/clients/{merged}")).json()["merged_into"] == survivor
    assert await alike(intake, survivor) == await alike(intake, merged) == []
    sought = {"given_name": "Client 01", "family_name": "Other", "birth_date": "1988-04-17"}
    by_phone = await desk.post("/client-searches", {"person": sought | {"phone": "+13035550100"}})
    assert [(one["client_id"], one["found_by"]) for one in by_phone.json()["items"]] == [
        (survivor, merged)
    ]
    counselor = intake.system.client("intake", "counselor", [SITE])
    both = [(await desk.get(f"/clients/{one}/referrals")).json() for one in (survivor, merged)]
    assert both[0] == both[1]
    assert {one["client_id"] for one in both[0]["items"]} == {survivor, merged}
    for refused in (
        await desk.post(f"/clients/{merged}/referrals", {"source": "self"}),
        await desk.post(f"/clients/{merged}/enrolments", {"determination_id": str(uuid4())}),
        await counselor.post(
            f"/clients/{merged}/level-of-care-determinations",
            {"edition": "3", "ratings": rated(FITS_IOP)},
        ),
        await desk.put(f"/clients/{merged}/contact", {"channel": "log"}, etag='"2"'),
        await desk.post(
            f"/clients/{merged}/questionnaires",
            {"occasion": "follow_up", "instruments": [{"instrument": "phq-9", "version": "1.0"}]},
        ),
        await counselor.post(f"/clients/{merged}/diagnoses", {"code": "F33.1", "status": "active"}),
        await counselor.post(
            f"/clients/{merged}/screenings",
            {"occasion": "follow_up", "responses": responses()},
        ),
    ):
        assert problem(refused)[:2] == (409, "client-merged"), refused.text

    undone = await undo(intake, made)
    assert (undone.status_code, undone.headers["etag"]) == (200, '"2"')
    assert (undone.json()["undone_by"], undone.json()["undone_because"]) == (
        "lead-2",
        "Two siblings.",
    )
    assert await snapshot(intake) == before
    assert (await desk.get(f"/clients/{merged}")).headers["etag"] == '"3"'
    assert (await desk.get(f"/clients/{survivor}")).headers["etag"] == '"1"'
    assert [one["client_id"] for one in await alike(intake, survivor)] == [merged]
    history = (await desk.get(f"/clients/{merged}/merges")).json()["items"]
    assert history == [undone.json()]
    told = await intake.system.published("intake")
    assert [one for one in told if "Merge" in one[2]] == [
        (survivor, 2, "ClientsMerged"),
        (survivor, 3, "ClientMergeUndone"),
    ]


async def test_the_risks_of_who_was_merged_are_those_of_the_client_that_goes_on(intake: Intake):
    survivor, merged = await refer(intake), await refer(intake, phone="+13035550100")
    stranger = await refer(intake, family_name="Elsewhere", birth_date="1961-01-02")
    desk = intake.system.client("intake", "front_desk", [SITE])
    created(await desk.post(f"/clients/{merged}/risk-reports", {"pregnant": "yes"}))
    made = created(await merge(intake, survivor, merged))
    created(await desk.post(f"/clients/{merged}/risk-reports", {"withdrawal": "severe"}))
    created(await desk.post(f"/clients/{survivor}/risk-reports", {"injects_drugs": "yes"}))

    async def found(client: str) -> tuple[list[str], list[str]]:
        counselor = intake.system.client("intake", "counselor", [SITE])
        flags = (await counselor.get(f"/clients/{client}/risk-flags")).json()["items"]
        async with intake.transaction() as tx:
            populations = await priority_populations(tx, UUID(client))
        return [flag["kind"] for flag in flags], list(populations)

    assert await found(survivor) == (["withdrawal_risk", "pregnancy"], ["pregnant_injecting"])
    assert await found(stranger) == ([], [])
    assert (await undo(intake, made)).status_code == 200
    assert await found(survivor) == ([], ["injecting"])


async def test_both_clients_of_a_merge_are_noted_as_changed(intake: Intake):
    survivor, merged = await refer(intake), await refer(intake)
    created(await merge(intake, survivor, merged))
    auditor = intake.system.client("intake", "auditor", [SITE])
    for client in (survivor, merged):
        noted = (await auditor.get(f"/clients/{client}/accesses")).json()["items"]
        assert ("merge_clients", "change") in [(one["operation"], one["kind"]) for one in noted]


async def test_a_merge_that_cannot_be_is_refused_and_leaves_nothing(intake: Intake):
    one, other, third = [await refer(intake) for _ in range(3)]
    created(await merge(intake, one, other))
    before = await intake.system.published("intake")
    for survivor, merged, found in (
        (one, one, (422, "same-client", "/merged_id")),
        (other, third, (409, "clients-not-mergeable", "/survivor_id")),
        (third, other, (409, "clients-not-mergeable", "/merged_id")),
        (third, one, (409, "clients-not-mergeable", "/merged_id")),
        (str(uuid4()), third, (404, "not-found", "/survivor_id")),
        (third, str(uuid4()), (404, "not-found", "/merged_id")),
    ):
        assert problem(await merge(intake, survivor, merged)) == found
    (count,) = await intake.system.fetch("intake", "SELECT count(*) FROM client_merges")
    assert count["count"] == 1
    assert await intake.system.published("intake") == before


async def test_whoever_is_in_the_program_goes_on(intake: Intake):
    enrolled = []
    for _ in range(2):
        client = await intake.refer()
        await intake.screen(client)
        created(await intake.enrol(client, await intake.determine(client)))
        enrolled.append(client)
    waiting = await refer(intake)
    for survivor, merged in (enrolled, (waiting, enrolled[0])):
        refused = await merge(intake, survivor, merged)
        assert problem(refused) == (409, "clients-not-mergeable", "/merged_id")
    created(await merge(intake, enrolled[0], waiting))


async def test_an_undo_needs_the_state_that_was_read_and_happens_once(intake: Intake):
    survivor, merged = await refer(intake), await refer(intake)
    made = created(await merge(intake, survivor, merged))
    assert problem(await undo(intake, made, '"2"'))[:2] == (412, "stale-version")
    answers = await asyncio.gather(*(undo(intake, made) for _ in range(3)))
    assert sorted(answer.status_code for answer in answers) == [200, 412, 412]
    assert problem(await undo(intake, made, '"2"'))[:2] == (409, "already-undone")
    again = created(await merge(intake, merged, survivor))
    assert again["survivor"]["client_id"] == merged


async def test_of_two_merges_at_the_same_time_that_make_a_circle_one_is_refused(intake: Intake):
    one, other = await refer(intake), await refer(intake)
    answers = await asyncio.gather(merge(intake, one, other), merge(intake, other, one))
    assert sorted(answer.status_code for answer in answers) == [201, 409]


async def test_clients_of_two_sites_are_merged_by_who_sees_both(intake: Intake):
    here, there = await refer(intake), await refer(intake, OTHER_SITE)
    assert problem(await merge(intake, here, there)) == (404, "not-found", "/merged_id")
    made = created(await merge(intake, here, there, *BOTH))
    assert made["merged"]["site_id"] == str(OTHER_SITE)
    lead = intake.system.client("intake", "clinical_lead", [SITE])
    body = {"reason": "Two siblings."}
    refused = await lead.post(f"/client-merges/{made['id']}/undo", body, etag='"1"')
    assert problem(refused)[:2] == (404, "not-found")
    stranger = intake.system.client("intake", "clinical_lead", [OTHER_SITE])
    assert (await stranger.get(f"/client-merges/{made['id']}")).status_code == 404
    assert (await undo(intake, made)).status_code == 200


@pytest.mark.parametrize("role", ["front_desk", "counselor", "regional_operations", "auditor"])
async def test_only_leads_and_managers_merge(intake: Intake, role: str):
    caller = intake.system.client("intake", role, [SITE])
    body = {"survivor_id": str(uuid4()), "merged_id": str(uuid4())} | WHY
    assert (await caller.post("/client-merges", body)).status_code == 403


async def test_two_people_who_look_alike_are_told_apart_for_good(intake: Intake):
    one, other = await refer(intake), await refer(intake)
    desk = intake.system.client("intake", "front_desk", [SITE], subject="desk-1")
    body = {"client_id": other, "other_id": one, "reason": "Twins."}
    made = created(await desk.post("/client-distinctions", body))
    assert {made["one"]["client_id"], made["other"]["client_id"]} == {one, other}
    assert made["decided_by"] == "desk-1"
    assert await alike(intake, one) == await alike(intake, other) == []
    again = await desk.post("/client-distinctions", {"client_id": one, "other_id": other})
    assert problem(again) == (409, "already-distinct", "/other_id")
    same = await desk.post("/client-distinctions", {"client_id": one, "other_id": one})
    assert problem(same) == (422, "same-client", "/other_id")
    third = await refer(intake)
    assert [found["client_id"] for found in await alike(intake, one)] == [third]


async def test_clients_from_before_get_their_keys_in_the_background(intake: Intake):
    client, other = await refer(intake), await refer(intake)
    await intake.system.execute_as_owner(
        "intake",
        "SET stepwell.sites = '*'; UPDATE clients SET keys_version = 0; DELETE FROM match_keys;"
        f"INSERT INTO match_keys VALUES ('{client}', 1, '{SITE}')",
    )
    version = matching().version
    await intake.system.until(
        "intake", "SELECT count(*) FROM clients WHERE keys_version = $1", version, is_=2
    )
    assert [one["client_id"] for one in await alike(intake, client)] == [other]
    assert await intake.system.fetch("intake", "SELECT FROM match_keys WHERE key = 1") == []
    async with intake.transaction() as tx:
        assert await next_due(tx) is None
        assert await commands.make_keys(tx) == 0
