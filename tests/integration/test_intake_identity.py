"""Correcting who a client is: by whoever sees the mistake, with what was known before kept."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import httpx
import pytest

from services.intake.matching.keys import phone_keys
from tests.conftest import MONDAY
from tests.support.flow import Intake, problem

SITE = UUID(int=7)
RIGHT = {
    "given_name": "Client",
    "family_name": "Righted",
    "birth_date": "1988-07-14",
    "sex_at_birth": "female",
    "reason": "entered_wrongly",
}


async def correct(
    intake: Intake, client: str, etag: str | None = '"1"', **changed: object
) -> httpx.Response:
    desk = intake.system.client("intake", "front_desk", [intake.site], subject="desk-7")
    return await desk.put(f"/clients/{client}/identity", RIGHT | changed, etag=etag)


async def corrections(intake: Intake, client: str) -> list[dict[str, Any]]:
    lead = intake.system.client("intake", "clinical_lead", [intake.site])
    answer = await lead.get(f"/clients/{client}/identity-corrections")
    assert answer.status_code == 200, answer.text
    items: list[dict[str, Any]] = answer.json()["items"]
    return items


async def found(intake: Intake, **person: object) -> list[str]:
    desk = intake.system.client("intake", "front_desk", [intake.site])
    answer = await desk.post("/client-searches", {"person": person})
    assert answer.status_code == 200, answer.text
    return [one["client_id"] for one in answer.json()["items"]]


async def rows(intake: Intake, client: str) -> list[tuple[Any, ...]]:
    told = []
    for query in (
        "SELECT given_name, family_name, birth_date, sex_at_birth, version FROM clients"
        " WHERE id = $1",
        "SELECT key FROM match_keys WHERE client_id = $1 ORDER BY key",
        "SELECT id FROM identity_corrections WHERE client_id = $1",
    ):
        told += [tuple(row) for row in await intake.system.fetch("intake", query, UUID(client))]
    return told


async def test_a_client_is_known_and_found_by_what_was_corrected(intake: Intake):
    wrong = {"given_name": "Cleint", "family_name": "Wronged", "birth_date": "1990-01-31"}
    client = await intake.refer(**wrong)
    events = await intake.system.published("intake")
    assert await found(intake, **wrong) == [client]
    answer = await correct(intake, client)
    assert (answer.status_code, answer.headers["etag"]) == (200, '"2"')
    desk = intake.system.client("intake", "front_desk", [intake.site])
    shown = await desk.get(f"/clients/{client}")
    assert (shown.json(), shown.headers["etag"]) == (answer.json(), '"2"')
    known = {name: shown.json()[name] for name in RIGHT if name != "reason"}
    assert known | {"reason": "entered_wrongly"} == RIGHT
    right = {name: RIGHT[name] for name in ("given_name", "family_name", "birth_date")}
    assert await found(intake, **right) == [client]
    assert await found(intake, **wrong) == []
    assert await intake.system.published("intake") == events


async def test_a_name_that_somebody_does_not_have_is_taken_away_and_given_back(intake: Intake):
    client = await intake.refer()
    answer = await correct(intake, client, given_name="", family_name="Righted", reason="changed")
    assert answer.status_code == 200, answer.text
    assert (answer.json()["given_name"], answer.json()["family_name"]) == (None, "Righted")
    desk = intake.system.client("intake", "front_desk", [intake.site])
    shown = await desk.get(f"/clients/{client}")
    assert shown.json() == answer.json()
    assert await found(intake, family_name="Righted") == [client]
    assert await found(intake, given_name="Righted") == [client]
    assert await found(intake, given_name="Client 01", family_name="Example") == []
    again = await correct(intake, client, '"2"', given_name=None, reason="changed")
    assert problem(again)[:2] == (409, "nothing-to-correct")
    intake.system.set_clock(MONDAY + timedelta(minutes=1))
    assert (await correct(intake, client, '"2"')).status_code == 200
    first, second = await corrections(intake, client)
    assert (first["given_name"], first["family_name"]) == ("Client 01", "Example")
    assert (second["given_name"], second["family_name"]) == (None, "Righted")


async def test_what_was_known_before_is_kept_with_who_corrected_it(intake: Intake):
    client = await intake.refer(given_name="Cleint", birth_date="1990-01-31")
    await correct(intake, client)
    intake.system.set_clock(MONDAY + timedelta(minutes=1))
    await correct(intake, client, '"2"', family_name="Renamed", reason="changed")
    first, second = await corrections(intake, client)
    assert (first["given_name"], first["birth_date"]) == ("Cleint", "1990-01-31")
    assert (first["reason"], first["corrected_by"]) == ("entered_wrongly", "desk-7")
    assert (second["family_name"], second["reason"]) == ("Righted", "changed")
    assert first["corrected_at"] == "2026-02-23T14:00:00Z"


async def test_corrections_can_be_read_in_pages_and_of_nobody_elsewhere(intake: Intake):
    client = await intake.refer()
    assert await corrections(intake, client) == []
    await correct(intake, client)
    elsewhere = intake.system.client("intake", "front_desk", [UUID(int=8)])
    for answer in (
        await elsewhere.get(f"/clients/{client}/identity-corrections"),
        await elsewhere.put(f"/clients/{client}/identity", RIGHT, etag='"2"'),
    ):
        assert problem(answer)[0] == 404


@pytest.mark.parametrize(
    ("etag", "changed", "status", "kind", "pointer"),
    [
        ('"7"', {}, 412, "stale-version", None),
        (None, {}, 428, "precondition-required", None),
        ('"1"', {"birth_date": "2026-02-24"}, 422, "impossible-birth-date", "/birth_date"),
        ('"1"', {"birth_date": "1880-01-01"}, 422, "impossible-birth-date", "/birth_date"),
        ('"1"', {"given_name": " ", "family_name": None}, 422, "invalid-request", ""),
        ('"1"', {"given_name": "\u200b"}, 422, "invalid-request", "/given_name"),
        ('"1"', {"reason": "because"}, 422, "invalid-request", "/reason"),
        ('"1"', {"gender": "man"}, 422, "invalid-request", "/gender"),
    ],
)
async def test_a_refused_correction_changes_nothing(
    intake: Intake,
    etag: str | None,
    changed: dict[str, object],
    status: int,
    kind: str,
    pointer: str | None,
):
    client = await intake.refer()
    before = await rows(intake, client)
    answer = await correct(intake, client, etag, **changed)
    assert problem(answer) == (status, kind, pointer)
    assert await rows(intake, client) == before


async def test_a_correction_that_corrects_nothing_is_told(intake: Intake):
    client = await intake.refer()
    await correct(intake, client)
    before = await rows(intake, client)
    answer = await correct(intake, client, '"2"')
    assert problem(answer)[:2] == (409, "nothing-to-correct")
    assert await rows(intake, client) == before


async def test_who_was_merged_is_corrected_as_the_client_that_goes_on(intake: Intake):
    survivor, merged = await intake.refer(), await intake.refer()
    lead = intake.system.client("intake", "clinical_lead", [intake.site])
    answer = await lead.post(
        "/client-merges",
        {"survivor_id": survivor, "merged_id": merged, "reason": "Same papers shown."},
    )
    assert answer.status_code == 201
    assert problem(await correct(intake, merged))[:2] == (409, "client-merged")
    assert (await correct(intake, survivor)).status_code == 200


async def test_the_key_of_the_phone_number_stays(intake: Intake):
    client = await intake.refer()
    desk = intake.system.client("intake", "front_desk", [intake.site])
    contact = {"channel": "log", "phone": "+13035550123"}
    await desk.put(f"/clients/{client}/contact", contact, etag='"1"')
    await correct(intake, client)
    kept = await intake.system.fetch(
        "intake", "SELECT key FROM match_keys WHERE key = ANY ($1)", phone_keys("+13035550123")
    )
    assert len(kept) == 1
