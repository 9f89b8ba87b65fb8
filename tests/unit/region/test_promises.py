"""A story that did not keep a promise says which one, in one line."""

from dataclasses import replace
from typing import Any

import pytest

from stepwell.region.api import Services, Trace
from stepwell.region.found import Client
from stepwell.region.generate import generate
from stepwell.region.plan import Part
from stepwell.region.promises import StoryFailed, check_promises
from stepwell.region.story import SIZE
from stepwell.region.walk import Walk, together

REGION = generate(SIZE)
ABOVE = {"2.5", "3.1", "3.5"}


def client(**known: Any) -> Client:
    return Client(
        **{
            "id": "1",
            "label": "Client 1-01",
            "site": {},
            "referral": {},
            "screenings": [],
            "flags": [],
            "determinations": [],
            "authorizations": [],
            "enrolments": [],
            "placements": [],
            "attendances": [],
            "messages": [],
            "recommendations": [],
        }
        | known
    )


@pytest.fixture
def walk() -> Walk:
    nobody: Any = Services.__new__(Services)
    return Walk(nobody, REGION, {one.number: Trace() for one in REGION.clients})


@pytest.fixture
def kept() -> dict[int, Client]:
    """What the services say when every promise was kept."""
    steps_down, dual, more = (
        REGION.playing(part)[0].number
        for part in (Part.STEPS_DOWN, Part.DUAL_DIAGNOSIS, Part.NEEDS_MORE)
    )
    return {
        steps_down: client(
            recommendations=[
                {"criteria": [{"met": True}], "state": "accepted", "kind": "step_down"}
            ],
            enrolments=[{"state": "stepped_down"}],
            placements=[{"state": "ended", "track": "general"}],
            attendances=[{"session_id": "s", "status": "no_show"}],
            messages=[{"session_id": "s", "kind": "missed_session_outreach", "state": "delivered"}],
        ),
        dual: client(placements=[{"state": "active", "track": "dual_diagnosis"}]),
        more: client(
            referral={"state": "redirected"},
            determinations=[{"recommended_level": "3.5"}],
            flags=[{"acknowledged_at": "2026-02-23T15:00:00Z"}],
        ),
    }


def test_a_story_that_kept_its_promises_says_nothing(walk: Walk, kept: dict[int, Client]) -> None:
    check_promises(walk, kept, ABOVE)


@pytest.mark.parametrize(
    ("part", "changed", "told"),
    [
        (Part.STEPS_DOWN, {"recommendations": []}, "no step-down was recommended"),
        (
            Part.STEPS_DOWN,
            {"recommendations": [{"criteria": [], "kind": "step_down"}]},
            "is not explained",
        ),
        (Part.STEPS_DOWN, {"enrolments": [{"state": "active"}]}, "was not stepped down"),
        (Part.STEPS_DOWN, {"placements": [{"state": "active"}]}, "still has a seat"),
        (Part.STEPS_DOWN, {"messages": []}, "no message reached"),
        (Part.DUAL_DIAGNOSIS, {"placements": []}, "no seat in a dual-diagnosis cohort"),
        (Part.NEEDS_MORE, {"determinations": [{"recommended_level": "2.1"}]}, "higher level"),
        (Part.NEEDS_MORE, {"enrolments": [{"state": "active"}]}, "enrolled all the same"),
        (Part.NEEDS_MORE, {"referral": {"state": "assessed"}}, "was not redirected"),
        (Part.NEEDS_MORE, {"flags": []}, "no risk was flagged"),
        (Part.NEEDS_MORE, {"flags": [{"acknowledged_at": None}]}, "seen to by nobody"),
    ],
)
def test_a_broken_promise_is_named(
    walk: Walk, kept: dict[int, Client], part: Part, changed: dict[str, Any], told: str
) -> None:
    number = REGION.playing(part)[0].number
    kept[number] = replace(kept[number], **changed)
    with pytest.raises(StoryFailed, match=told) as failed:
        check_promises(walk, kept, ABOVE)
    assert "\n" not in str(failed.value)


def test_the_first_story_has_mixed_gender_specific_and_dual_diagnosis_cohorts() -> None:
    assert {cohort.name.partition(", ")[2] for cohort in REGION.cohorts} == {
        "mixed",
        "women",
        "dual diagnosis",
    }


async def test_the_first_error_of_several_requests_is_raised_as_it_is() -> None:
    async def fail(number: int) -> None:
        raise StoryFailed(f"number {number}")

    with pytest.raises(StoryFailed, match="number"):
        await together(range(5), fail)
