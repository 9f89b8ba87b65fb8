"""All instruments over HTTP: what is scored, shown and told, and what is refused."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID

import orjson
import pytest

from services.intake.risk.rules import Finding
from services.intake.screening import commands
from services.intake.screening.schemas import InstrumentResponse, NewScreening
from shared.contracts.intake import ScreeningCompleted
from shared.database import Transaction
from tests.conftest import MONDAY
from tests.support.flow import CALM_PHQ9, Intake, created
from tests.support.system import Client

SITE = UUID(int=7)
SKIP = "not_asked"
BATTERY: dict[str, list[Any]] = {
    "phq-9": [2, 2, 1, 1, 1, 1, 1, 0, 2],
    "gad-7": [2, 2, 2, 2, 2, 1, 1],
    "audit": [3, 0, 0, *[SKIP] * 5, 0, 4],
    "dast-10": [1, 1, 1, 0, 1, 0, 0, 0, 0, 0],
    "pc-ptsd-5": [1, 1, 1, 1, 0, 0],
    "c-ssrs": [1, 1, 1, 0, 0, 0, SKIP],
    "bam": [2, 2, 2, 0, SKIP, 0, *[SKIP] * 7, 1, 3, 2, 1, 2, 3, 4, 1, 3, 3],
    "barc-10": [5, 5, 5, 5, 5, 5, 5, 4, 4, 4],
}


@pytest.fixture
def counselor(intake: Intake) -> Client:
    return intake.system.client("intake", "counselor", [SITE])


def given(answers: dict[str, list[Any]], occasion: str = "intake", **more: object) -> Any:
    return {
        "occasion": occasion,
        "responses": [
            {"instrument": name, "version": "1.0", "answers": row} | more
            for name, row in answers.items()
        ],
    }


async def told(intake: Intake) -> ScreeningCompleted:
    (row,) = await intake.system.fetch(
        "intake", "SELECT payload FROM platform.journal WHERE type LIKE '%ScreeningCompleted%'"
    )
    return ScreeningCompleted.model_validate_json(row["payload"])


async def test_a_full_battery_is_scored_kept_and_told(intake: Intake, counselor: Client):
    client = await intake.refer(sex_at_birth="female")
    made = created(await counselor.post(f"/clients/{client}/screenings", given(BATTERY)))
    shown = (await counselor.get(f"/clients/{client}/screenings/{made['id']}")).json()
    results = {result["instrument"]: result for result in shown["results"]}
    assert {result["instrument"]: result for result in made["results"]} == results
    assert {response["instrument"]: response["answers"] for response in shown["responses"]} == (
        BATTERY
    )
    assert {name: result["total"] for name, result in results.items()} == {
        "phq-9": 11,
        "gad-7": 12,
        "audit": 7,
        "dast-10": 3,
        "pc-ptsd-5": 3,
        "c-ssrs": None,
        "bam": None,
        "barc-10": 47,
    }
    assert results["pc-ptsd-5"]["positive"] is True
    assert (results["c-ssrs"]["level"], results["c-ssrs"]["expected"]) == ("moderate", 6)
    assert results["bam"]["subscores"] == [
        {"key": "use", "total": 0, "flagged": False},
        {"key": "risk", "total": 9, "flagged": False},
        {"key": "protective", "total": 17, "flagged": False},
    ]
    assert results["phq-9"]["alerts"] == [{"kind": "suicide_risk", "severity": "high"}]
    event = await told(intake)
    assert [score.instrument for score in event.scores] == ["phq-9", "gad-7", "audit", "dast-10"]
    assert [score.band for score in event.scores] == ["moderate", "moderate", "zone I", "moderate"]
    assert [one.instrument for one in event.results] == list(BATTERY)
    assert {one.instrument: one.band for one in event.results} == {
        "phq-9": "moderate",
        "gad-7": "moderate",
        "audit": "zone_1",
        "dast-10": "moderate",
        "pc-ptsd-5": None,
        "c-ssrs": "moderate",
        "bam": None,
        "barc-10": "benchmark_reached",
    }
    bam = next(one for one in event.results if one.instrument == "bam")
    assert [(part.subscale, part.total) for part in bam.subscores] == [
        ("use", 0),
        ("risk", 9),
        ("protective", 17),
    ]


@pytest.mark.parametrize(
    ("answers", "occasion", "more", "pointer", "kind", "words"),
    [
        (
            {"phq-10": [0]},
            "intake",
            {},
            "/responses/0/instrument",
            "unknown-instrument-version",
            "Known instruments: audit, audit-c, bam, bam-r, ",
        ),
        (
            {"bam": [0] * 23},
            "intake",
            {"version": "0.9"},
            "/responses/0/version",
            "unknown-instrument-version",
            "Known versions: 1.0.",
        ),
        ({"dast-10": [0] * 10}, "follow_up", {}, "/responses/0/instrument", "wrong-occasion", "y"),
        (
            {"craving-vas": [50]},
            "follow_up",
            {"mode": "phone"},
            "/responses/0/mode",
            "wrong-mode",
            "given by self or interviewer",
        ),
        (
            {"pc-ptsd-5": [0, 1, SKIP, SKIP, SKIP, SKIP]},
            "intake",
            {},
            "/responses/0/answers/1",
            "impossible-answer",
            "not asked after these answers",
        ),
        (
            {"c-ssrs": [0, 1, SKIP, 0, 0, 0, SKIP]},
            "intake",
            {},
            "/responses/0/answers/2",
            "impossible-answer",
            "may not be skipped",
        ),
        (
            {"bam-r": [0, 0, 0, 3, 5, 0, *[0] * 17]},
            "follow_up",
            {},
            "/responses/0/answers/4",
            "impossible-answer",
            "Days of heavy drinking",
        ),
        (
            {"barc-10": [0] * 10},
            "follow_up",
            {},
            "/responses/0/answers/0",
            "impossible-answer",
            "1",
        ),
        ({"PHQ 9": [0]}, "intake", {}, "/responses/0/instrument", "invalid-request", ""),
    ],
)
async def test_what_an_instrument_does_not_know_is_refused_and_leaves_nothing(
    intake: Intake,
    counselor: Client,
    answers: dict[str, list[Any]],
    occasion: str,
    more: dict[str, object],
    pointer: str,
    kind: str,
    words: str,
):
    client = await intake.refer()
    before = await intake.system.published("intake")
    body = given(answers, occasion, **more)
    refused = await counselor.post(f"/clients/{client}/screenings", body)
    assert (refused.status_code, refused.json()["type"]) == (422, f"/problems/{kind}")
    assert refused.json()["errors"][0]["pointer"] == pointer
    assert words in refused.text
    assert await intake.system.published("intake") == before
    assert await intake.system.fetch("intake", "SELECT id FROM screenings") == []


@pytest.mark.parametrize(
    ("answers", "found"),
    [
        ({"phq-9": [None] * 8 + [1]}, [Finding("suicide_risk", "moderate", "phq-9")]),
        (
            {"c-ssrs": [0, 0, SKIP, SKIP, SKIP, 1, None], "phq-9": [0] * 8 + [3]},
            [
                Finding("suicide_risk", "high", "c-ssrs"),
                Finding("suicide_risk", "high", "phq-9"),
            ],
        ),
        ({"phq-9": CALM_PHQ9, "craving-nrs": [9]}, []),
    ],
)
async def test_alerts_become_findings_in_the_same_transaction_of_an_incomplete_form_too(
    intake: Intake,
    monkeypatch: pytest.MonkeyPatch,
    answers: dict[str, list[Any]],
    found: list[Finding],
):
    client = UUID(await intake.refer())
    raised: list[Finding] = []

    async def noted(
        tx: Transaction, client_id: UUID, site_id: UUID, findings: Sequence[Finding]
    ) -> list[UUID]:
        assert (client_id, site_id) == (client, SITE)
        raised.extend(findings)
        return []

    monkeypatch.setattr(commands, "raise_flags", noted)
    new = NewScreening(
        occasion="intake",
        responses=[
            InstrumentResponse(instrument=name, version="1.0", answers=row)
            for name, row in answers.items()
        ],
    )
    async with intake.transaction() as tx:
        await commands.complete_screening(tx, client, new, entered_by="counselor-1")
    assert raised == found


async def test_every_definition_is_listed_in_full(counselor: Client):
    listed = {one["id"]: one for one in (await counselor.get("/instruments")).json()}
    assert len(listed) == 15
    assert listed["c-ssrs"]["levels"]["undetermined"] == "undetermined"
    assert listed["c-ssrs"]["wording"] == "from_site"
    assert [item["text"] for item in listed["c-ssrs"]["items"]] == [None] * 7
    assert listed["phq-9"]["bands"][3] == {
        "from": 15,
        "name": "moderately_severe",
        "label": "moderately severe",
    }
    assert listed["phq-9"]["items"][0]["labels"]["3"] == "Nearly every day"
    assert listed["craving-nrs"]["scale"] == {"name": "craving_0_100", "factor": 10}


async def test_a_result_of_the_first_scoring_version_is_still_shown(
    intake: Intake, counselor: Client
):
    client = await intake.refer()
    body = given({"phq-9": CALM_PHQ9})
    made = created(await counselor.post(f"/clients/{client}/screenings", body))
    former = {
        "instrument": "phq-9",
        "instrument_version": "1.0",
        "scoring_version": "1",
        "status": "complete",
        "total": 17,
        "band": "moderately severe",
        "positive": True,
        "answered": 9,
        "raw": 17,
        "safety_item": "negative",
        "syndrome": "none",
        "notes": [],
    }
    await intake.system.execute_as_owner(
        "intake",
        "SET stepwell.sites = '*';"
        f"UPDATE responses SET result = '{orjson.dumps(former).decode()}', scoring_version = '1'",
    )
    shown = await counselor.get(f"/clients/{client}/screenings/{made['id']}")
    assert shown.status_code == 200
    (result,) = shown.json()["results"]
    assert former.items() <= result.items()
    assert (result["expected"], result["subscores"], result["alerts"]) == (None, [], [])


async def test_craving_is_held_against_the_clients_own_median_of_both_forms(
    intake: Intake, counselor: Client
):
    client = await intake.refer()
    other = await intake.refer(birth_date="1990-01-01")

    async def rate(whom: str, name: str, answer: int, days_ago: int) -> list[str]:
        at = (MONDAY - timedelta(days=days_ago)).isoformat()
        body = given({name: [answer]}, answered_at=at)
        made = created(await counselor.post(f"/clients/{whom}/screenings", body))
        notes: list[str] = made["results"][0]["notes"]
        return notes

    assert await rate(client, "craving-nrs", 9, 20) == ["strong_craving"]
    assert await rate(client, "craving-nrs", 3, 10) == []
    assert await rate(client, "craving-vas", 30, 5) == []
    assert await rate(client, "craving-vas", 49, 0) == []
    assert await rate(client, "craving-nrs", 5, 1) == ["risen_craving"]
    assert await rate(other, "craving-nrs", 5, 0) == []
