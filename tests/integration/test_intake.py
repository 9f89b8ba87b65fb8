"""Intake over HTTP: from a referral to an enrolment, and everything that is refused on the way."""

from uuid import UUID

import pytest

from shared.database import ALL_SITES, Database
from shared.messaging.outbox import publish
from tests.support.flow import Intake, accepted, person, responses

SITE = UUID(int=7)
OTHER_SITE = UUID(int=8)


def referral(**changed: object) -> dict[str, object]:
    return {
        "site_id": str(SITE),
        "source": "residential",
        "person": person(),
        "contact": {"channel": "log"},
    } | changed


async def test_a_client_walks_from_referral_to_enrolment(intake: Intake):
    client = await intake.refer()
    await intake.screen(client)
    determination = await intake.determine(client)
    assert determination["recommended_level"] == "2.1"
    assert (await intake.enrol(client, determination)).status_code == 201
    assert await intake.system.published("intake") == [
        (client, 1, "ContactDetailsChanged"),
        (client, 1, "ReferralReceived"),
        (client, 2, "ScreeningCompleted"),
        (client, 3, "ReferralStateChanged"),
        (client, 4, "LevelOfCareDetermined"),
        (client, 5, "LevelOfCareSigned"),
        (client, 6, "ReferralStateChanged"),
        (client, 7, "ConsentGranted"),
        (client, 8, "ReferralStateChanged"),
        (client, 9, "ClientEnrolled"),
    ]


async def test_a_second_enrolment_of_an_active_client_is_refused(intake: Intake):
    client = await intake.refer()
    await intake.screen(client)
    determination = await intake.determine(client)
    await intake.enrol(client, determination)
    before = await intake.system.published("intake")
    again = await intake.enrol(client, determination)
    assert (again.status_code, again.json()["type"]) == (409, "/problems/already-enrolled")
    assert await intake.system.published("intake") == before


async def test_a_higher_level_than_the_program_is_explained_and_not_enrolled(intake: Intake):
    client = await intake.refer()
    await intake.screen(client)
    determination = await intake.determine(client, {"1": 0, "2": 0, "3": 1, "4": 2, "5": 2, "6": 4})
    assert determination["recommended_level"] == "3.1"
    unmet = [c["name"] for c in determination["criteria"] if not c["met"]]
    assert "dimension 6: recovery environment" in unmet
    refused = await intake.enrol(client, determination)
    assert (refused.status_code, refused.json()["type"]) == (409, "/problems/level-does-not-fit")


async def test_an_accepted_step_down_ends_the_enrolment(working_intake: Intake):
    system = working_intake.system
    client = await working_intake.refer()
    await working_intake.screen(client)
    enrolment = (await working_intake.enrol(client, await working_intake.determine(client))).json()
    outcomes = Database(system.databases["outcomes"])
    await outcomes.open()
    async with outcomes.transaction(ALL_SITES) as tx:
        publish(tx, accepted(tx, enrolment))
    await outcomes.close()
    await system.start("outcomes")
    await system.until("intake", "SELECT state FROM enrolments", is_="stepped_down")
    assert (await system.published("intake"))[-1] == (client, 11, "ClientSteppedDown")


async def test_an_impossible_item_value_is_named_and_nothing_is_told(intake: Intake):
    client = await intake.refer()
    before = await intake.system.published("intake")
    counselor = intake.system.client("intake", "counselor", [SITE])
    refused = await counselor.post(
        f"/clients/{client}/screenings",
        {"occasion": "intake", "responses": responses(phq9=[0, 0, 0, 0, 0, 0, 0, 0, 4])},
    )
    assert refused.status_code == 422
    assert refused.json()["errors"][0]["pointer"] == "/responses/0/answers/8"
    assert await intake.system.published("intake") == before


@pytest.mark.parametrize(
    ("change", "pointer", "kind"),
    [
        ({"version": "9.9"}, "/responses/0/version", "unknown-instrument-version"),
        ({"answers": [0, 0, 0]}, "/responses/0/answers/0", "impossible-answer"),
        ({"instrument": "gad-7"}, "/responses/0/answers/0", "impossible-answer"),
        ({"answers": ["2", *[0] * 8]}, "/responses/0/answers/0", "invalid-request"),
        ({"answers": [*[0] * 8, True]}, "/responses/0/answers/8", "invalid-request"),
        ({"language": "en" + "-abcdefgh" * 4}, "/responses/0/language", "invalid-request"),
    ],
)
async def test_what_cannot_be_scored_is_refused(
    intake: Intake, change: dict[str, object], pointer: str, kind: str
):
    client = await intake.refer()
    counselor = intake.system.client("intake", "counselor", [SITE])
    body = {"occasion": "intake", "responses": [responses()[0] | change]}
    refused = await counselor.post(f"/clients/{client}/screenings", body)
    assert (refused.status_code, refused.json()["type"]) == (422, f"/problems/{kind}")
    assert [error["pointer"] for error in refused.json()["errors"]] == [pointer]


async def test_an_instrument_that_looks_back_a_year_is_for_intake_only(intake: Intake):
    client = await intake.refer()
    counselor = intake.system.client("intake", "counselor", [SITE])
    refused = await counselor.post(
        f"/clients/{client}/screenings",
        {
            "occasion": "follow_up",
            "responses": [{"instrument": "audit-c", "version": "1.0", "answers": [1, 1, 1]}],
        },
    )
    assert refused.json()["type"] == "/problems/wrong-occasion"


async def test_unknown_fields_are_refused_by_pointer(intake: Intake):
    desk = intake.system.client("intake", "front_desk", [SITE])
    refused = await desk.post("/referrals", referral(person=person(nickname="Ace")))
    assert refused.status_code == 422
    assert refused.json()["errors"][0]["pointer"] == "/person/nickname"
    assert "Ace" not in refused.text


async def test_a_birth_date_in_the_future_is_refused(intake: Intake):
    desk = intake.system.client("intake", "front_desk", [SITE])
    refused = await desk.post("/referrals", referral(person=person(birth_date="2026-02-24")))
    assert refused.json()["errors"][0]["pointer"] == "/person/birth_date"


async def test_a_repeated_request_gets_the_same_answer_and_happens_once(intake: Intake):
    desk = intake.system.client("intake", "front_desk", [SITE])
    first = await desk.post("/referrals", referral(), key="once")
    again = await desk.post("/referrals", referral(), key="once")
    assert again.json() == first.json()
    assert again.headers["idempotency-replayed"] == "true"
    assert again.headers["location"] == first.headers["location"]
    other = await desk.post("/referrals", referral(source="court"), key="once")
    assert (other.status_code, other.json()["type"]) == (422, "/problems/idempotency-key-reused")
    assert len(await intake.system.published("intake")) == 2


async def test_a_creation_needs_an_idempotency_key(intake: Intake):
    desk = intake.system.client("intake", "front_desk", [SITE])
    refused = await desk.http.post("/referrals", json=referral())
    assert (refused.status_code, refused.json()["type"]) == (
        400,
        "/problems/idempotency-key-needed",
    )


async def test_contact_details_change_only_from_the_state_that_was_read(intake: Intake):
    client = await intake.refer()
    desk = intake.system.client("intake", "front_desk", [SITE])
    path = f"/clients/{client}/contact"
    etag = (await desk.get(path)).headers["etag"]
    new = {"channel": "email", "email": "new@example.test", "time_zone": "America/Denver"}
    assert (await desk.put(path, new)).status_code == 428
    changed = await desk.put(path, new, etag=etag)
    assert (changed.status_code, changed.headers["etag"]) == (200, '"2"')
    stale = await desk.put(path, new, etag=etag)
    assert (stale.status_code, stale.json()["type"]) == (412, "/problems/stale-version")
    told = [e for e in await intake.system.published("intake") if e[2] == "ContactDetailsChanged"]
    assert [sequence for _, sequence, _ in told] == [1, 2]


async def test_clients_of_other_sites_do_not_exist(intake: Intake):
    client = await intake.refer()
    stranger = intake.system.client("intake", "counselor", [OTHER_SITE])
    assert (await stranger.get(f"/clients/{client}")).status_code == 404
    assert (await stranger.get("/clients")).json()["items"] == []
    refused = await stranger.post("/referrals", referral())
    assert (refused.status_code, refused.json()["errors"][0]["pointer"]) == (404, "/site_id")
    nobody = intake.system.client("intake", "counselor", [])
    assert (await nobody.get("/clients")).json()["items"] == []


async def test_the_front_desk_does_not_see_scores(intake: Intake):
    client = await intake.refer()
    desk = intake.system.client("intake", "front_desk", [SITE])
    assert (await desk.get(f"/clients/{client}/screenings")).status_code == 403


async def test_clients_come_in_pages(intake: Intake):
    made = [await intake.refer() for _ in range(5)]
    desk = intake.system.client("intake", "front_desk", [SITE])
    seen: list[str] = []
    cursor: dict[str, str] = {}
    while True:
        page = (await desk.get("/clients", limit=2, **cursor)).json()
        seen += [item["id"] for item in page["items"]]
        if page["next"] is None:
            break
        cursor = {"cursor": page["next"]}
    assert sorted(seen) == sorted(made)
    assert (await desk.get("/clients", cursor="rubbish")).status_code == 422


async def test_a_body_that_is_too_large_or_no_json_is_refused(intake: Intake):
    desk = intake.system.client("intake", "front_desk", [SITE])
    headers = {"Idempotency-Key": "k", "Content-Type": "application/json"}
    large = await desk.http.post("/referrals", content=b"x" * 300_000, headers=headers)
    assert (large.status_code, large.json()["type"]) == (413, "/problems/body-too-large")
    broken = await desk.http.post("/referrals", content=b"{", headers=headers)
    assert (broken.status_code, broken.json()["type"]) == (400, "/problems/malformed-json")
