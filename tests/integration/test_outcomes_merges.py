"""Scores, figures and step-downs of a person who had two records."""

from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from shared.contracts.intake import ScreeningCompleted
from tests.conftest import MONDAY
from tests.support.attendance import SITE
from tests.support.merges import merged, undone
from tests.support.outcomes import Outcomes, engaged, opened, screened
from tests.support.scheduling import Enrolled
from tests.support.system import System

LATER = MONDAY + timedelta(days=30)


@pytest.fixture
async def outcomes(system: System) -> AsyncIterator[Outcomes]:
    await system.start("outcomes", roles=("api",))
    async with opened(system, "outcomes") as database:
        yield Outcomes(system, database, system.client("outcomes", "clinical_lead", [SITE]))


@pytest.fixture
async def two(outcomes: Outcomes) -> tuple[Enrolled, Enrolled]:
    """A client who is in the program and did well, and a second record of the same person."""
    ana, second = Enrolled("ana", SITE), Enrolled("second", SITE)
    for event in (ana.enrolment, engaged(ana, "missed")):
        await outcomes.tell(event)
    outcomes.system.set_clock(LATER)
    return ana, second


def of_instrument(
    client: Enrolled, at: datetime, total: int, instrument: str = "phq-9", safety: str = "negative"
) -> ScreeningCompleted:
    whole = screened(client, total, answered_at=at)
    score = next(one for one in whole.scores if one.instrument == instrument)
    item = {"safety_item": safety} if instrument == "phq-9" else {}
    return whole.model_copy(
        update={"scores": [score.model_copy(update={"total": total, **item})], "completed_at": at}
    )


async def criteria(outcomes: Outcomes, client: Enrolled) -> dict[str, bool]:
    found = await outcomes.progress(client)
    return {one["name"]: one["met"] for one in found["criteria"]}


async def test_a_safety_item_of_the_other_record_counts_until_the_merge_is_undone(
    outcomes: Outcomes, two: tuple[Enrolled, Enrolled]
):
    survivor, other = two
    await outcomes.tell(of_instrument(survivor, LATER - timedelta(days=10), 0))
    await outcomes.tell(of_instrument(other, LATER - timedelta(days=2), 1, safety="positive"))
    assert (await criteria(outcomes, survivor))["phq_9"]
    merge = merged(survivor.id, other.id, SITE)
    await outcomes.tell(merge)
    assert not (await criteria(outcomes, survivor))["phq_9"]
    await outcomes.tell(undone(merge))
    assert (await criteria(outcomes, survivor))["phq_9"]


async def test_a_missing_score_of_the_other_record_leads_to_a_recommendation(
    outcomes: Outcomes, two: tuple[Enrolled, Enrolled]
):
    survivor, other = two
    await outcomes.tell(engaged(survivor, sequence=10))
    await outcomes.tell(of_instrument(survivor, LATER - timedelta(days=1), 5))
    await outcomes.tell(of_instrument(other, LATER - timedelta(days=1), 5, "gad-7"))
    assert await outcomes.published() == []
    await outcomes.tell(merged(survivor.id, other.id, SITE))
    assert await outcomes.published() == ["StepDownRecommended"]
    (of_survivor,) = await outcomes.listed(client_id=str(survivor.id))
    assert (of_survivor["client_id"], of_survivor["enrolment_id"]) == (
        str(survivor.id),
        str(survivor.enrolment_id),
    )
    assert await outcomes.listed(client_id=str(other.id)) == [of_survivor]


async def test_an_undo_leads_to_a_recommendation_that_the_other_record_stood_against(
    outcomes: Outcomes, two: tuple[Enrolled, Enrolled]
):
    survivor, other = two
    merge = merged(survivor.id, other.id, SITE)
    await outcomes.tell(merge)
    await outcomes.tell(of_instrument(other, LATER, 11, safety="positive"))
    await outcomes.tell(screened(survivor, answered_at=LATER - timedelta(hours=1)))
    await outcomes.tell(engaged(survivor, sequence=10))
    assert await outcomes.published() == []
    await outcomes.tell(undone(merge))
    assert await outcomes.published() == ["StepDownRecommended"]


async def test_a_score_told_of_the_merged_record_is_held_against_the_policy_of_the_stay(
    outcomes: Outcomes, two: tuple[Enrolled, Enrolled]
):
    survivor, other = two
    await outcomes.tell(engaged(survivor, sequence=10))
    await outcomes.tell(of_instrument(survivor, LATER, 5))
    await outcomes.tell(merged(survivor.id, other.id, SITE))
    assert await outcomes.published() == []
    await outcomes.tell(of_instrument(other, LATER, 5, "gad-7"))
    assert await outcomes.published() == ["StepDownRecommended"]


async def test_progress_is_the_same_by_either_record_and_shows_the_stay_of_either(
    outcomes: Outcomes, two: tuple[Enrolled, Enrolled]
):
    ended, survivor = two
    await outcomes.tell(ended.changed("completed"))
    answer = await outcomes.lead.get(f"/clients/{survivor.id}/progress")
    assert answer.status_code == 404
    await outcomes.tell(merged(survivor.id, ended.id, SITE))
    by_survivor = await outcomes.progress(survivor)
    assert by_survivor["enrolment_id"] == str(ended.enrolment_id)
    assert by_survivor["engagement"]["sessions_attended"] == 8
    assert by_survivor["client_id"] == str(survivor.id)
    by_other = await outcomes.progress(ended)
    assert by_other | {"client_id": by_survivor["client_id"]} == by_survivor


async def test_progress_is_of_the_stay_that_goes_on_though_the_other_record_had_a_later_one(
    outcomes: Outcomes, two: tuple[Enrolled, Enrolled]
):
    survivor, other = two
    await outcomes.tell(other.enrolment)
    await outcomes.tell(other.changed("completed"))
    await outcomes.tell(merged(survivor.id, other.id, SITE))
    shown = await outcomes.progress(survivor)
    assert (shown["enrolment_id"], shown["ended_at"]) == (str(survivor.enrolment_id), None)
    assert shown["engagement"]["sessions_attended"] == 8
    assert shown["criteria"]


async def records(outcomes: Outcomes, client: UUID) -> list[UUID]:
    query = "SELECT platform.records_of($1) AS records"
    (row,) = await outcomes.system.fetch("outcomes", query, client)
    found: list[UUID] = row["records"]
    return found


async def test_an_undo_told_after_a_later_merge_of_the_same_record_comes_to_the_same(
    outcomes: Outcomes,
):
    one, other, moved = (Enrolled(name, SITE).id for name in ("one", "other", "moved"))
    first = merged(one, moved, SITE)
    await outcomes.tell(first)
    assert await records(outcomes, moved) == [one, moved]
    outcomes.system.set_clock(LATER)
    await outcomes.tell(merged(other, moved, SITE))
    for client, found in ((one, [one]), (other, [other, moved]), (moved, [other, moved])):
        assert await records(outcomes, client) == found
    await outcomes.tell(undone(first))
    for client, found in ((one, [one]), (other, [other, moved]), (moved, [other, moved])):
        assert await records(outcomes, client) == found


async def test_a_merge_told_again_after_its_undo_is_not_in_force(outcomes: Outcomes):
    one, other = Enrolled("one", SITE).id, Enrolled("other", SITE).id
    merge = merged(one, other, SITE)
    for event in (undone(merge), merge, merge):
        await outcomes.tell(event)
    assert await records(outcomes, one) == [one]


async def test_scores_at_a_site_that_the_caller_may_not_see_stay_unseen(
    outcomes: Outcomes, two: tuple[Enrolled, Enrolled]
):
    survivor, _ = two
    elsewhere = Enrolled("elsewhere", UUID(int=99))
    await outcomes.tell(of_instrument(elsewhere, LATER, 20))
    await outcomes.tell(of_instrument(survivor, LATER, 5))
    await outcomes.tell(merged(survivor.id, elsewhere.id, SITE))

    async def totals(*sites: Any) -> list[int]:
        lead = outcomes.system.client("outcomes", "clinical_lead", sites)
        scores = (await lead.get(f"/clients/{survivor.id}/progress")).json()["scores"]
        return sorted(one["total"] for one in scores)

    assert await totals(SITE) == [5]
    assert await totals(SITE, UUID(int=99)) == [5, 20]
