"""Questionnaires that staff assign, save bit by bit, resume and complete."""

import asyncio
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from services.intake.questionnaires import commands
from services.intake.risk.rules import Finding
from tests.conftest import MONDAY
from tests.support.flow import CALM_GAD7, CALM_PHQ9, problem
from tests.support.questionnaires import FOURTEEN_DAYS_ON, NOTHING, Questionnaires, answered

SITE = UUID(int=7)
OTHER_SITE = UUID(int=8)
HALF = [1, 1, 2, None, None, None, None, None, None]
DESPAIR = [None, None, None, None, None, None, None, None, 1]


@pytest.fixture
def flags(monkeypatch: pytest.MonkeyPatch) -> list[Finding]:
    """The findings for which flags were raised."""
    raised: list[Finding] = []
    really = commands.raise_flags

    async def note(tx: Any, client_id: UUID, site_id: UUID, findings: Any) -> list[UUID]:
        assert site_id == SITE
        raised.extend(findings)
        return await really(tx, client_id, site_id, findings)

    monkeypatch.setattr(commands, "raise_flags", note)
    return raised


async def test_what_was_answered_is_saved_read_again_and_becomes_one_screening(
    questionnaires: Questionnaires,
):
    made = await questionnaires.assigned("phq-9", "gad-7")
    assert (made["state"], made["version"]) == ("open", 1)
    assert made["expires_at"] == "2026-03-09T13:00:00Z"
    assert [part["instrument"] for part in made["parts"]] == ["phq-9", "gad-7"]
    saved = answered(await questionnaires.save(made, HALF, mode="phone"))
    assert saved["parts"][0]["answers"] == HALF
    assert saved["parts"][0]["mode"] == "phone"
    assert saved["parts"][1]["answers"] is None
    lead = questionnaires.staff("clinical_lead")
    read = answered(await lead.get(f"/questionnaires/{made['id']}/answers"))
    assert read == saved
    questionnaires.intake.system.set_clock(MONDAY + timedelta(hours=1))
    saved = answered(await questionnaires.save(read, CALM_PHQ9))
    questionnaires.intake.system.set_clock(MONDAY + timedelta(hours=2))
    saved = answered(await questionnaires.save(saved, CALM_GAD7, "gad-7"))
    done = answered(await questionnaires.post(saved, "completion"))
    assert (done["state"], done["ended_at"]) == ("completed", "2026-02-23T16:00:00Z")
    path = f"/clients/{made['client_id']}/screenings/{done['screening_id']}"
    screening = answered(await questionnaires.staff().get(path))
    given = {one["instrument"]: one for one in screening["responses"]}
    assert given["phq-9"]["answers"] == CALM_PHQ9
    assert given["phq-9"]["answered_at"] == "2026-02-23T15:00:00Z"
    assert given["gad-7"]["mode"] == "interviewer"
    assert await questionnaires.told() == ["ScreeningCompleted", "ReferralStateChanged"]
    assert [row["answers"] for row in await questionnaires.rows("questionnaire_parts")] == [
        None,
        None,
    ]


async def test_an_instrument_of_which_nothing_was_answered_is_left_out(
    questionnaires: Questionnaires,
):
    made = await questionnaires.assigned("phq-9", "gad-7")
    saved = answered(await questionnaires.save(made, NOTHING))
    assert problem(await questionnaires.post(saved, "completion")) == (
        409,
        "nothing-answered",
        None,
    )
    assert await questionnaires.rows("screenings") == []
    saved = answered(await questionnaires.save(saved, CALM_GAD7, "gad-7"))
    done = answered(await questionnaires.post(saved, "completion"))
    (response,) = await questionnaires.rows("responses")
    assert (response["instrument"], response["screening_id"]) == (
        "gad-7",
        UUID(done["screening_id"]),
    )


async def test_what_skip_logic_leaves_out_is_kept_as_not_asked_and_never_answered(
    questionnaires: Questionnaires,
):
    made = await questionnaires.assigned("audit")
    never = [0] + [None] * 9
    saved = answered(await questionnaires.save(made, never, "audit"))
    assert saved["parts"][0]["answers"] == [0] + ["not_asked"] * 7 + [None, None]
    refused = await questionnaires.save(saved, [0, None, None, 1] + [None] * 6, "audit")
    assert problem(refused) == (422, "not-asked", "/answers/3")
    asked_again = answered(await questionnaires.save(saved, [1] + [None] * 9, "audit"))
    assert asked_again["parts"][0]["answers"] == [1] + [None] * 9
    skipped = ["not_asked" if n == 1 else None for n in range(10)]
    refused = await questionnaires.save(asked_again, skipped, "audit")
    assert problem(refused) == (422, "impossible-answer", "/answers/1")


@pytest.mark.parametrize(
    ("answers", "pointer"),
    [
        ([4, *NOTHING[1:]], "/answers/0"),
        ([*NOTHING[:8], 9], "/answers/8"),
        (NOTHING[:8], "/answers"),
        ([*NOTHING, None], "/answers"),
        ([0.5, *NOTHING[1:]], "/answers/0"),
        (["never", *NOTHING[1:]], "/answers/0"),
        ([True, *NOTHING[1:]], "/answers/0"),
        ([-1, *NOTHING[1:]], "/answers/0"),
        ([[], *NOTHING[1:]], "/answers/0"),
        ([], "/answers"),
        (None, "/answers"),
    ],
)
async def test_an_impossible_answer_is_refused_at_once_and_leaves_nothing(
    questionnaires: Questionnaires, flags: list[Finding], answers: Any, pointer: str
):
    made = await questionnaires.assigned()
    refused = problem(await questionnaires.save(made, answers))
    assert (refused[0], refused[2]) == (422, pointer)
    (row,) = await questionnaires.rows("questionnaires")
    assert row["version"] == 1
    assert [part["answers"] for part in await questionnaires.rows("questionnaire_parts")] == [None]
    assert await questionnaires.told() == []
    assert flags == []


async def test_a_safety_answer_is_told_at_once_and_once(
    questionnaires: Questionnaires, flags: list[Finding]
):
    made = await questionnaires.assigned("phq-9", "gad-7")
    saved = answered(await questionnaires.save(made, DESPAIR))
    found = Finding("suicide_risk", "moderate", "phq-9")
    assert flags == [found]
    saved = answered(await questionnaires.save(saved, [1, *DESPAIR[1:]]))
    saved = answered(await questionnaires.save(saved, CALM_GAD7, "gad-7"))
    assert flags == [found], "another answer raises nothing again"
    saved = answered(await questionnaires.save(saved, CALM_PHQ9))
    answered(await questionnaires.save(saved, DESPAIR))
    assert flags == [found, found], "taken back and given again is found again"


async def test_handing_in_tells_no_risk_again_that_a_clinician_has_dealt_with(
    questionnaires: Questionnaires,
):
    made = await questionnaires.assigned("phq-9", "c-ssrs")
    saved = answered(await questionnaires.save(made, DESPAIR))
    ((flag, version),) = [
        (row["id"], row["version"]) for row in await questionnaires.rows("risk_flags")
    ]
    answered(
        await questionnaires.staff().post(
            f"/risk-flags/{flag}/acknowledgement",
            {"action": "c_ssrs_completed"},
            etag=f'"{version}"',
        )
    )
    saved = answered(await questionnaires.save(saved, [1, 1, 0, 0, 0, 0, None], "c-ssrs"))
    answered(await questionnaires.post(saved, "completion"))
    assert [row["state"] for row in await questionnaires.rows("risk_flags")] == ["acknowledged"]


async def test_handing_in_what_is_left_open_tells_more_than_was_told(
    questionnaires: Questionnaires,
):
    made = await questionnaires.assigned("c-ssrs")
    saved = answered(await questionnaires.save(made, [0, 0, *[None] * 3, 1, None], "c-ssrs"))
    assert [row["severity"] for row in await questionnaires.rows("risk_flags")] == ["moderate"]
    answered(await questionnaires.post(saved, "completion"))
    assert [row["severity"] for row in await questionnaires.rows("risk_flags")] == ["high"]


async def test_of_two_who_save_at_the_same_time_one_is_told_to_read_again(
    questionnaires: Questionnaires,
):
    made = await questionnaires.assigned()
    answers = await asyncio.gather(
        *(questionnaires.save(made, [n, *NOTHING[1:]]) for n in (0, 1, 2, 3))
    )
    assert sorted(a.status_code for a in answers) == [200, 412, 412, 412]
    (saved,) = [a.json() for a in answers if a.status_code == 200]
    (part,) = await questionnaires.rows("questionnaire_parts")
    assert saved["version"] == 2
    assert part["answers"] == str(saved["parts"][0]["answers"]).replace("None", "null")


async def test_two_completions_at_the_same_time_make_one_screening(questionnaires: Questionnaires):
    made = await questionnaires.assigned()
    saved = answered(await questionnaires.save(made, CALM_PHQ9))
    done = await asyncio.gather(*(questionnaires.post(saved, "completion") for _ in range(3)))
    assert sorted(a.status_code for a in done) == [200, 409, 409]
    assert len(await questionnaires.rows("screenings")) == 1
    assert await questionnaires.told() == ["ScreeningCompleted", "ReferralStateChanged"]


async def withdraw(questionnaires: Questionnaires, of: dict[str, Any]) -> None:
    answered(await questionnaires.post(of, "withdrawal", "front_desk"))


async def complete(questionnaires: Questionnaires, of: dict[str, Any]) -> None:
    answered(await questionnaires.post(of, "completion"))


async def outlast(questionnaires: Questionnaires, of: dict[str, Any]) -> None:
    questionnaires.intake.system.set_clock(FOURTEEN_DAYS_ON)


@pytest.mark.parametrize(
    ("ended", "state"),
    [(withdraw, "withdrawn"), (complete, "completed"), (outlast, "expired")],
    ids=["withdrawn", "completed", "expired"],
)
async def test_what_is_over_takes_nothing_any_more(
    questionnaires: Questionnaires, ended: Callable[..., Any], state: str
):
    saved = answered(await questionnaires.save(await questionnaires.assigned(), HALF))
    await ended(questionnaires, saved)
    at = f"/questionnaires/{saved['questionnaire_id']}"
    shown = answered(await questionnaires.staff("front_desk").get(at))
    assert shown["state"] == state
    for answer in (
        await questionnaires.save(shown, CALM_PHQ9),
        await questionnaires.post(shown, "completion"),
        await questionnaires.post(shown, "links"),
        await questionnaires.post(shown, "withdrawal"),
    ):
        assert problem(answer) == (409, "questionnaire-over", None)
    (part,) = await questionnaires.rows("questionnaire_parts")
    assert (part["answers"] is None) is (state == "completed")


async def test_a_questionnaire_that_nobody_completes_is_written_down_as_expired(
    questionnaires: Questionnaires,
):
    made = await questionnaires.assigned()
    system = questionnaires.intake.system
    system.set_clock(FOURTEEN_DAYS_ON - timedelta(seconds=1))
    assert answered(await questionnaires.save(made, HALF))["state"] == "open"
    system.set_clock(FOURTEEN_DAYS_ON)
    await system.until("intake", "SELECT state FROM questionnaires", is_="expired")
    assert "QuestionnaireClosed" in [name for _, _, name in await system.published("intake")]
    (row,) = await questionnaires.rows("questionnaires")
    assert row["ended_at"] == FOURTEEN_DAYS_ON
    assert await questionnaires.told() == []


async def test_a_risk_that_a_form_left_undetermined_is_told_when_it_is_over(
    questionnaires: Questionnaires,
):
    client = await questionnaires.intake.refer()
    first = await questionnaires.assign(client, "c-ssrs")
    second = await questionnaires.assign(await questionnaires.intake.refer(), "c-ssrs", "phq-9")
    for made in (first, second):
        answered(await questionnaires.save(made, [1, 1, *[None] * 5], "c-ssrs"))
    assert await questionnaires.told() == []
    await withdraw(questionnaires, {**first, "version": 2})
    (flag,) = await questionnaires.rows("risk_flags")
    assert str(flag["client_id"]) == client
    assert (flag["kind"], flag["severity"], flag["found_in"]) == ("suicide_risk", "high", "c-ssrs")
    questionnaires.intake.system.set_clock(FOURTEEN_DAYS_ON)
    await questionnaires.intake.system.until(
        "intake", "SELECT count(*) FROM risk_flags WHERE severity = 'high'", is_=2
    )
    assert (await questionnaires.told()).count("RiskFlagRaised") == 2
