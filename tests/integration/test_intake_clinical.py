"""What clinicians enter in intake, what is kept of it, and what decisions rest on."""

from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest

from shared.contracts.intake import LevelOfCareDetermined, ScreeningCompleted
from tests.conftest import MONDAY
from tests.support.flow import CALM_GAD7, CALM_PHQ9, FITS_IOP, Intake, created, rated, responses
from tests.support.system import Client

SITE = UUID(int=7)
LOW_PHQ9 = [2, 2, 2, 2, 2, 1, 1, 1, 0]


@pytest.fixture
def counselor(intake: Intake) -> Client:
    return intake.system.client("intake", "counselor", [SITE], subject="counselor-3")


def response(instrument: str, answers: list[Any], **more: object) -> dict[str, Any]:
    return {"instrument": instrument, "version": "1.0", "answers": answers} | more


def days_ago(days: int) -> str:
    return (MONDAY - timedelta(days=days)).isoformat()


async def screen(
    counselor: Client, client: str, *taken: dict[str, Any], occasion: str = "intake"
) -> dict[str, Any]:
    path = f"/clients/{client}/screenings"
    return created(await counselor.post(path, {"occasion": occasion, "responses": list(taken)}))


async def test_every_answer_is_kept_with_how_it_came_about(intake: Intake, counselor: Client):
    client = await intake.refer()
    answered = (MONDAY - timedelta(hours=2)).isoformat().replace("+00:00", "Z")
    path = f"/clients/{client}/screenings"
    made = await counselor.post(
        path,
        {
            "occasion": "intake",
            "responses": [
                response("phq-9", [2, 2, 2, 2, 1, 1, 1, 1, None], mode="phone", language="es"),
                response("audit", [0, *["not_asked"] * 7, 0, 4], answered_at=answered),
            ],
        },
    )
    screening = created(made)
    assert made.headers["location"] == f"{path}/{screening['id']}"
    shown = (await counselor.get(made.headers["location"])).json()
    assert shown["entered_by"] == "counselor-3"
    audit, phq9 = shown["responses"]
    assert (phq9["mode"], phq9["language"], phq9["instrument_version"]) == ("phone", "es", "1.0")
    assert phq9["answers"] == [2, 2, 2, 2, 1, 1, 1, 1, None]
    assert phq9["answered_at"] == "2026-02-23T14:00:00Z"
    assert audit["answers"] == [0, *["not_asked"] * 7, 0, 4]
    assert audit["answered_at"] == answered
    results = {result["instrument"]: result for result in shown["results"]}
    assert results["phq-9"]["total"] == 14
    assert results["phq-9"]["status"] == "prorated"
    assert results["phq-9"]["safety_item"] == "unknown"
    assert results["audit"]["total"] == 4
    assert {result["scoring_version"] for result in shown["results"]} == {"2"}


async def test_no_answer_of_a_client_leaves_intake(intake: Intake, counselor: Client):
    client = await intake.refer()
    await screen(counselor, client, response("phq-9", [0, 0, 0, 0, 0, 0, 0, 0, 1]))
    (told,) = await intake.system.fetch(
        "intake",
        "SELECT convert_from(payload, 'UTF8')::jsonb AS event FROM platform.journal"
        " WHERE type LIKE '%ScreeningCompleted%'",
    )
    assert "answers" not in told["event"]
    assert '"safety_item": "positive"' in told["event"]
    assert '"total": 1,' in told["event"]


async def test_nobody_answers_in_the_future(intake: Intake, counselor: Client):
    client = await intake.refer()
    before = await intake.system.published("intake")
    ahead = (MONDAY + timedelta(minutes=1)).isoformat()
    refused = await counselor.post(
        f"/clients/{client}/screenings",
        {
            "occasion": "intake",
            "responses": [*responses(), response("dast-10", [0] * 10, answered_at=ahead)],
        },
    )
    assert (refused.status_code, refused.json()["type"]) == (422, "/problems/answered-in-future")
    assert refused.json()["errors"][0]["pointer"] == "/responses/2/answered_at"
    assert await intake.system.published("intake") == before


@pytest.mark.parametrize("instant", ["0001-01-01T00:00:00Z", "1988-04-16T23:59:59Z"])
async def test_nobody_answers_before_being_born(intake: Intake, counselor: Client, instant: str):
    client = await intake.refer(birth_date="1988-04-17")
    refused = await counselor.post(
        f"/clients/{client}/screenings",
        {"occasion": "intake", "responses": [response("phq-9", CALM_PHQ9, answered_at=instant)]},
    )
    assert (refused.status_code, refused.json()["type"]) == (422, "/problems/answered-before-birth")
    assert refused.json()["errors"][0]["pointer"] == "/responses/0/answered_at"


async def test_scores_are_told_with_when_the_client_answered(intake: Intake, counselor: Client):
    client = await intake.refer()
    on_paper = response("gad-7", CALM_GAD7, answered_at=days_ago(30))
    await screen(counselor, client, response("phq-9", CALM_PHQ9), on_paper)
    (told,) = await intake.system.fetch(
        "intake", "SELECT payload FROM platform.journal WHERE type LIKE '%ScreeningCompleted%'"
    )
    event = ScreeningCompleted.model_validate_json(told["payload"])
    assert [score.answered_at for score in event.scores] == [MONDAY, MONDAY - timedelta(days=30)]
    assert event.completed_at == MONDAY


async def test_a_dual_diagnosis_rests_on_every_sitting_of_the_intake(
    intake: Intake, counselor: Client
):
    client = await intake.refer()
    await screen(counselor, client, response("phq-9", LOW_PHQ9))
    latest = await screen(counselor, client, response("audit-c", [1, 1, 0]))
    determination = await intake.determine(client)
    assert determination["dual_diagnosis"] is True
    assert determination["screening_id"] == latest["id"]
    observed = determination["criteria"][-1]["observed"]
    assert observed == (
        "phq-9 positive, phq-2 not answered, gad-7 not answered, gad-2 not answered, "
        "pc-ptsd-5 not answered, pcl-5 not answered; dimension 3 rated 1"
    )


async def test_the_latest_answers_to_an_instrument_count(intake: Intake, counselor: Client):
    client = await intake.refer()
    await screen(counselor, client, response("phq-9", LOW_PHQ9), response("gad-7", CALM_GAD7))
    await screen(counselor, client, response("phq-9", CALM_PHQ9))
    assert (await intake.determine(client))["dual_diagnosis"] is False


async def test_an_old_paper_form_that_is_entered_late_overrides_no_newer_answers(
    intake: Intake, counselor: Client
):
    client = await intake.refer()
    await screen(counselor, client, response("phq-9", LOW_PHQ9))
    await screen(counselor, client, response("phq-9", CALM_PHQ9, answered_at=days_ago(60)))
    assert (await intake.determine(client))["dual_diagnosis"] is True


async def test_who_is_in_the_program_has_no_intake_screening(intake: Intake, counselor: Client):
    client = await intake.refer()
    await screen(counselor, client, response("phq-9", CALM_PHQ9))
    created(await intake.enrol(client, await intake.determine(client)))
    body = {"occasion": "intake", "responses": [response("audit", [0] * 10)]}
    refused = await counselor.post(f"/clients/{client}/screenings", body)
    assert (refused.status_code, refused.json()["type"]) == (409, "/problems/intake-is-over")
    assert refused.json()["errors"][0]["pointer"] == "/occasion"
    await screen(counselor, client, response("phq-9", CALM_PHQ9), occasion="follow_up")


async def test_who_comes_back_is_screened_anew(intake: Intake, counselor: Client):
    client = await intake.refer()
    await screen(counselor, client, response("phq-9", LOW_PHQ9), response("gad-7", CALM_GAD7))
    await intake.end(created(await intake.enrol(client, await intake.determine(client))))
    intake.system.set_clock(MONDAY + timedelta(days=300))
    path, body = f"/clients/{client}/level-of-care-determinations", {"edition": "3"}
    refused = await counselor.post(path, body | {"ratings": rated(FITS_IOP)})
    assert (refused.status_code, refused.json()["type"]) == (409, "/problems/screening-missing")
    await screen(counselor, client, response("audit", [0] * 10))
    anew = await intake.determine(client)
    observed = anew["criteria"][-1]["observed"]
    assert observed == (
        "phq-9 not answered, phq-2 not answered, gad-7 not answered, gad-2 not answered, "
        "pc-ptsd-5 not answered, pcl-5 not answered; dimension 3 rated 1"
    )


async def test_decisions_are_listed_in_the_order_they_were_made_in(
    intake: Intake, counselor: Client
):
    """The clock stands still, so that neither instants nor ids tell the order."""
    client = await intake.refer()
    await screen(counselor, client, response("phq-9", CALM_PHQ9))
    made = [await intake.determine(client, FITS_IOP | {"6": n % 5}) for n in range(8)]
    listed: list[dict[str, Any]] = []
    page: dict[str, Any] = {"next": None}
    while not listed or page["next"]:
        after = {"cursor": page["next"]} if page["next"] else {}
        path = f"/clients/{client}/level-of-care-determinations"
        page = (await counselor.get(path, limit=3, **after)).json()
        listed += page["items"]
    assert [(one["id"], one["criteria"]) for one in listed] == [
        (one["id"], one["criteria"]) for one in made
    ]
    assert [one["state"] for one in listed] == ["superseded"] * 7 + ["determined"]
    assert listed[-1] == made[-1]
    assert (await intake.enrol(client, made[-1])).status_code == 201


async def test_a_follow_up_screening_is_no_intake_screening(intake: Intake, counselor: Client):
    client = await intake.refer()
    await screen(counselor, client, response("phq-9", CALM_PHQ9), occasion="follow_up")
    refused = await counselor.post(
        f"/clients/{client}/level-of-care-determinations",
        {"edition": "3", "ratings": rated(FITS_IOP)},
    )
    assert (refused.status_code, refused.json()["type"]) == (409, "/problems/screening-missing")
    assert "intake screening" in refused.json()["detail"]


@pytest.mark.parametrize(
    ("edition", "ratings", "kind", "pointer"),
    [
        ("5", rated(FITS_IOP), "invalid-request", "/edition"),
        ("3", rated(FITS_IOP | {"6": 5}), "unfit-ratings", "/ratings/6"),
        ("3", rated(FITS_IOP | {"a/b": 0}), "unfit-ratings", "/ratings/a~1b"),
        ("3", rated({"1": 0}), "unfit-ratings", "/ratings/2"),
        ("4", rated({"1": 0, "2": 0}), "unfit-ratings", "/ratings/3"),
        ("3", rated(FITS_IOP | {"6": True}), "invalid-request", "/ratings/6/rating"),
        ("3", rated(FITS_IOP | {"6": 10}), "invalid-request", "/ratings/6/rating"),
        ("3", FITS_IOP, "invalid-request", "/ratings/1"),
        ("3", rated(FITS_IOP) | {"6": {"rating": 1}}, "invalid-request", "/ratings/6/evidence"),
        (
            "3",
            rated(FITS_IOP) | {"6": {"rating": 1, "evidence": "  "}},
            "invalid-request",
            "/ratings/6/evidence",
        ),
        (
            "3",
            rated(FITS_IOP) | {"6": {"rating": 1, "evidence": "a" * 2001}},
            "invalid-request",
            "/ratings/6/evidence",
        ),
    ],
)
async def test_ratings_that_do_not_fit_are_refused(
    intake: Intake,
    counselor: Client,
    edition: str,
    ratings: dict[str, Any],
    kind: str,
    pointer: str,
):
    client = await intake.refer()
    await intake.screen(client)
    before = await intake.system.published("intake")
    refused = await counselor.post(
        f"/clients/{client}/level-of-care-determinations", {"edition": edition, "ratings": ratings}
    )
    assert (refused.status_code, refused.json()["type"]) == (422, f"/problems/{kind}")
    assert refused.json()["errors"][0]["pointer"] == pointer
    assert await intake.system.published("intake") == before


async def test_a_rating_whose_name_is_no_text_is_refused(intake: Intake, counselor: Client):
    client = await intake.refer()
    refused = await counselor.http.post(
        f"/clients/{client}/level-of-care-determinations",
        content=b'{"edition": "3", "ratings": {"\\ud800": {"rating": 1, "evidence": "a"}}}',
        headers={"Idempotency-Key": "once", "Content-Type": "application/json"},
    )
    assert (refused.status_code, refused.json()["type"]) == (422, "/problems/unfit-ratings")
    assert refused.json()["errors"][0]["pointer"] == "/ratings/?"


async def test_a_client_comes_of_age_at_midnight_of_the_site(intake: Intake):
    """23 February 2026, 14:00 UTC; the policy is for clients of 18 years or more."""
    client = await intake.refer(birth_date="2008-02-24")
    await intake.screen(client)
    path = f"/clients/{client}/level-of-care-determinations"
    lead = intake.system.client("intake", "clinical_lead", [SITE])
    body = {"edition": "3", "ratings": rated(FITS_IOP)}
    intake.system.set_clock(MONDAY.replace(day=24, hour=6, minute=59))
    refused = await lead.post(path, body)
    assert (refused.status_code, refused.json()["type"]) == (409, "/problems/too-young-for-policy")
    intake.system.set_clock(MONDAY.replace(day=24, hour=7, minute=0))
    made = await lead.post(path, body)
    assert made.headers["location"] == f"{path}/{created(made)['id']}"
    assert (await lead.get(made.headers["location"])).json() == made.json()


async def test_who_has_to_be_evaluated_first_gets_no_level_and_is_not_enrolled(intake: Intake):
    client = await intake.refer()
    await intake.screen(client)
    determination = await intake.determine(client, FITS_IOP | {"1": 4})
    assert determination["status"] == "needs_evaluation"
    assert determination["recommended_level"] is None
    told = LevelOfCareDetermined.model_fields.keys() & determination.keys()
    assert {"status", "recommended_level", "dual_diagnosis", "criteria", "policy"} <= told
    refused = await intake.enrol(client, determination)
    assert (refused.status_code, refused.json()["type"]) == (409, "/problems/decision-not-signed")


async def test_what_is_asked_about_nobody_is_not_found(intake: Intake, counselor: Client):
    client = await intake.refer()
    for what in ("screenings", "level-of-care-determinations", "enrolments"):
        known = await counselor.get(f"/clients/{client}/{what}")
        assert (known.status_code, known.json()["items"]) == (200, [])
        assert (await counselor.get(f"/clients/{uuid4()}/{what}")).status_code == 404
    for what in ("screenings", "level-of-care-determinations"):
        assert (await counselor.get(f"/clients/{client}/{what}/{uuid4()}")).status_code == 404


async def test_one_clients_screening_is_not_found_under_another(intake: Intake, counselor: Client):
    one, other = await intake.refer(), await intake.refer()
    screening = await screen(counselor, one, response("phq-9", CALM_PHQ9))
    at = f"screenings/{screening['id']}"
    assert (await counselor.get(f"/clients/{one}/{at}")).status_code == 200
    assert (await counselor.get(f"/clients/{other}/{at}")).status_code == 404


async def test_instruments_and_policies_can_be_read(intake: Intake):
    desk = intake.system.client("intake", "auditor", [SITE])
    shown = {one["id"]: one for one in (await desk.get("/instruments")).json()}
    assert set(shown) >= {"phq-9", "gad-7", "audit-c", "audit", "dast-10"}
    assert shown["phq-9"]["bands"][0] == {"from": 0, "name": "minimal", "label": "minimal"}
    assert shown["audit"]["items"][8]["values"] == [0, 2, 4]
    assert shown["audit"]["items"][8]["text"] is None
    third, fourth = (await desk.get("/level-of-care-policies")).json()
    assert (third["edition"], fourth["edition"], third["min_age"]) == ("3", "4", 18)
    for policy in (third, fourth):
        assert policy["status"].startswith("Illustrative")
        assert "makes no claim to follow" in policy["status"]
