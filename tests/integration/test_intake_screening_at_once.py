"""Screenings while something else is done for the same client."""

import asyncio
from typing import Any
from uuid import UUID, uuid4

import pytest

from services.intake.dual_diagnosis.queries import standing
from services.intake.referrals.queries import lock_client
from services.intake.screening.commands import complete_screening
from services.intake.screening.schemas import NewScreening
from tests.support.flow import Intake, created, responses
from tests.support.system import Client

SITE = UUID(int=7)
ENROL = """
INSERT INTO enrolments
  (id, client_id, site_id, determination_id, level_of_care, dual_diagnosis, state, enrolled_at)
SELECT $1, client_id, site_id, id, '2.1', false, 'enrolled', determined_at
FROM determinations WHERE id = $2
"""


@pytest.fixture
def counselor(intake: Intake) -> Client:
    return intake.system.client("intake", "counselor", [SITE])


def sitting(occasion: str) -> dict[str, Any]:
    return {"occasion": occasion, "responses": responses()}


async def ready(intake: Intake) -> tuple[str, UUID]:
    """A client who was screened, and the decision on the level of care."""
    client = await intake.refer()
    await intake.screen(client)
    return client, UUID((await intake.determine(client))["id"])


async def screenings(intake: Intake, client: str) -> tuple[int, int]:
    """Screenings of the client, and how many of them were told."""
    kept = await intake.system.fetch(
        "intake", "SELECT FROM screenings WHERE client_id = $1", UUID(client)
    )
    told = [name for _, _, name in await intake.system.published("intake")]
    return len(kept), told.count("ScreeningCompleted")


@pytest.mark.parametrize("occasion", ["intake", "follow_up"])
async def test_nothing_of_many_screenings_at_once_is_lost(
    intake: Intake, counselor: Client, occasion: str
):
    client = await intake.refer()
    path = f"/clients/{client}/screenings"
    phq9, gad7 = responses()
    bodies: list[dict[str, Any]] = [{"occasion": occasion, "responses": [gad7]} for _ in range(8)]
    bodies[3]["responses"] = [phq9]
    answers = await asyncio.gather(*(counselor.post(path, body) for body in bodies))
    assert [answer.status_code for answer in answers] == [201] * 8
    assert await screenings(intake, client) == (8, 8)
    async with intake.transaction() as tx:
        kept = await standing(tx, UUID(client))
    assert set(kept.screens) == {"phq-9", "gad-7"}
    told = [name for _, _, name in await intake.system.published("intake")]
    assert told.count("ReferralStateChanged") == (1 if occasion == "intake" else 0)


async def test_an_intake_waits_for_an_admission_and_is_refused_after_it(
    intake: Intake, counselor: Client
):
    client, determination = await ready(intake)
    path = f"/clients/{client}/screenings"
    async with intake.transaction() as tx:
        await lock_client(tx, UUID(client))
        screening = asyncio.create_task(counselor.post(path, sitting("intake")))
        await intake.until_somebody_waits()
        await tx.execute(ENROL, uuid4(), determination)
    refused = await screening
    assert (refused.status_code, refused.json()["type"]) == (409, "/problems/intake-is-over")
    assert refused.json()["errors"][0]["pointer"] == "/occasion"
    assert await screenings(intake, client) == (1, 1)


async def test_a_further_referral_waits_for_a_screening_and_is_refused_while_one_is_open(
    intake: Intake, counselor: Client
):
    client = await intake.refer()
    new = NewScreening.model_validate(sitting("intake"))
    async with intake.transaction() as tx:
        await complete_screening(tx, UUID(client), new, entered_by="counselor-1")
        referring = asyncio.create_task(
            counselor.post(f"/clients/{client}/referrals", {"source": "self"})
        )
        await intake.until_somebody_waits()
    assert (await referring).status_code == 409
    assert await screenings(intake, client) == (1, 1)


@pytest.mark.parametrize("known", [True, False])
async def test_a_diagnosis_waits_for_a_screening_and_neither_is_lost(
    intake: Intake, counselor: Client, known: bool
):
    client = await intake.refer()
    if known:
        await intake.screen(client, "follow_up")
    new = NewScreening.model_validate(sitting("follow_up"))
    async with intake.transaction() as tx:
        await complete_screening(tx, UUID(client), new, entered_by="counselor-1")
        diagnosing = asyncio.create_task(
            counselor.post(f"/clients/{client}/diagnoses", {"code": "F10.20"})
        )
        await intake.until_somebody_waits()
    created(await diagnosing)
    assert await screenings(intake, client) == (int(known) + 1, int(known) + 1)
    async with intake.transaction() as tx:
        kept = await standing(tx, UUID(client))
    assert (set(kept.screens), set(kept.diagnoses)) == ({"phq-9", "gad-7"}, {"F10.20"})


async def test_a_screening_waits_for_whoever_holds_the_client_and_loses_nothing(
    intake: Intake, counselor: Client
):
    client = await intake.refer()
    body = sitting("intake")
    async with intake.transaction() as tx:
        await complete_screening(
            tx, UUID(client), NewScreening.model_validate(body), entered_by="counselor-1"
        )
        screening = asyncio.create_task(counselor.post(f"/clients/{client}/screenings", body))
        await intake.until_somebody_waits()
    created(await screening)
    assert await screenings(intake, client) == (2, 2)
