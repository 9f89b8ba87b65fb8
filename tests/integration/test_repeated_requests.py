"""Requests to a real service that come at once, from others, or with values no column holds."""

import asyncio
from datetime import timedelta
from uuid import UUID

import httpx
import pytest

from shared.database import ALL_SITES, Database
from shared.web.writes import forget_answers
from tests.conftest import MONDAY
from tests.support.system import Client, System

SITE = UUID(int=7)
TOO_LARGE = 2**70
PERSON = {
    "given_name": "Client 01",
    "family_name": "Example",
    "birth_date": "1988-04-17",
    "gender": "man",
    "sex_at_birth": "male",
}


@pytest.fixture
async def desk(system: System) -> Client:
    """The front desk of a site, calling an intake that only answers requests."""
    await system.start("intake", roles=("api",))
    await system.execute_as_owner(
        "intake",
        "SET stepwell.sites = '*';"
        f"INSERT INTO sites VALUES ('{SITE}', 'America/Denver', '2026-02-23T14:00:00Z')",
    )
    return system.client("intake", "front_desk", [SITE], subject="desk")


def referral(source: str = "self") -> dict[str, object]:
    return {
        "site_id": str(SITE),
        "source": source,
        "person": PERSON,
        "contact": {"channel": "log"},
    }


async def clients(system: System) -> int:
    count: int = (await system.fetch("intake", "SELECT count(*) FROM clients"))[0][0]
    return count


def slug(answer: httpx.Response) -> str:
    return str(answer.json()["type"]).rpartition("/")[2]


async def test_one_key_for_two_bodies_at_once_serves_one_of_them(
    system: System, desk: Client
) -> None:
    answers = await asyncio.gather(
        *(
            desk.post("/referrals", referral(source), key="once")
            for source in ("self", "residential") * 5
        )
    )
    served = [a for a in answers if a.status_code == 201]
    refused = [a for a in answers if a.status_code != 201]
    assert len({(a.text, a.headers["location"]) for a in served}) == 1
    assert sum("idempotency-replayed" in a.headers for a in served) == 4
    assert [(a.status_code, slug(a)) for a in refused] == [(422, "idempotency-key-reused")] * 5
    assert await clients(system) == 1
    assert len(await system.published("intake")) == 2


async def test_a_key_belongs_to_the_caller_who_sent_it(system: System, desk: Client) -> None:
    other = system.client("intake", "front_desk", [SITE], subject="other desk")
    first = await desk.post("/referrals", referral(), key="once")
    second = await other.post("/referrals", referral(), key="once")
    assert first.json()["id"] != second.json()["id"]
    assert await clients(system) == 2


async def test_one_of_many_changes_to_the_same_state_wins(system: System, desk: Client) -> None:
    client = (await desk.post("/referrals", referral())).json()["client_id"]
    path = f"/clients/{client}/contact"
    tag = (await desk.get(path)).headers["etag"]
    answers = await asyncio.gather(
        *(
            desk.put(path, {"channel": "log", "phone": f"+1303555010{n}"}, etag=tag)
            for n in range(8)
        )
    )
    assert sorted(a.status_code for a in answers) == [200] + [412] * 7
    (winner,) = (a for a in answers if a.status_code == 200)
    shown = await desk.get(path)
    assert shown.json() == winner.json()
    assert shown.headers["etag"] == winner.headers["etag"] != tag


async def test_numbers_that_no_column_holds_are_refused_and_not_a_defect(
    system: System, desk: Client
) -> None:
    service = system.client("intake", "service", subject="outcomes")
    operator = system.client("intake", "operator")
    held = {"stream": "intake", "key": "k", "up_to_sequence": TOO_LARGE}
    for answer in (
        await service.get("/events", topic="intake", key="k", after=TOO_LARGE),
        await operator.post("/operations/dead-letters/skip", held),
    ):
        assert answer.status_code == 422, answer.text
        assert answer.headers["content-type"] == "application/problem+json"


async def test_answers_are_forgotten_when_nobody_repeats_the_request_any_more(
    system: System, desk: Client
) -> None:
    await desk.post("/referrals", referral(), key="once")
    database = Database(system.databases["intake"])
    await database.open()
    left = {}
    for days in (29, 31):
        system.set_clock(MONDAY + timedelta(days=days))
        async with database.transaction(ALL_SITES) as tx:
            await forget_answers(tx, 10)
        (row,) = await system.fetch("intake", "SELECT count(*) FROM platform.idempotency_keys")
        left[days] = row["count"]
    await database.close()
    assert left == {29: 1, 31: 0}


async def test_a_repetition_shows_nothing_of_a_site_that_the_caller_may_see_no_more(
    system: System, desk: Client
) -> None:
    first = await desk.post("/referrals", referral(), key="once")
    moved = system.client("intake", "front_desk", [UUID(int=8)], subject="desk")
    elsewhere = await moved.post("/referrals", referral(), key="once")
    assert (elsewhere.status_code, slug(elsewhere)) == (404, "not-found")
    assert first.json()["client_id"] not in elsewhere.text
    again = await desk.post("/referrals", referral(), key="once")
    assert (again.text, again.headers["idempotency-replayed"]) == (first.text, "true")
