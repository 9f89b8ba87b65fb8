"""From figures to a score that everybody can read, and to a risk that is raised once."""

import random
from collections.abc import AsyncIterator
from uuid import UUID

import orjson
import pytest

from shared.contracts.outcomes import DisengagementRiskRaised, EngagementChanged
from tests.support.attendance import SITE, from_scratch, outcome
from tests.support.outcomes import Outcomes, opened
from tests.support.scheduling import Enrolled
from tests.support.system import System

OTHER_SITE = UUID(int=2)
CAME, CAME_LATE, AWAY = ("attended", 165), ("attended", 100), ("missed", 165)
WELL, BROKEN_OFF = [CAME] * 9, [CAME] * 6 + [AWAY] * 3


@pytest.fixture
async def outcomes(system: System) -> AsyncIterator[Outcomes]:
    await system.start("outcomes", roles=("api",))
    async with opened(system, "outcomes") as database:
        yield Outcomes(system, database, system.client("outcomes", "clinical_lead", [SITE]))


def figures(client: Enrolled, course: list[tuple[str, int]]) -> EngagementChanged:
    """The figures after sessions on every other day."""
    stay = client.enrolment_id
    told = from_scratch(
        outcome(client.id, 8 * number, kind, minutes=minutes, sequence=number + 1, stay=stay)
        for number, (kind, minutes) in enumerate(course)
    )
    return told.model_copy(update={"site_id": client.site_id})


async def raised(outcomes: Outcomes) -> list[DisengagementRiskRaised]:
    rows = await outcomes.system.fetch(
        "outcomes", "SELECT payload FROM platform.journal WHERE type LIKE '%Disengagement%'"
    )
    return [DisengagementRiskRaised.model_validate_json(row["payload"]) for row in rows]


async def test_three_misses_in_a_row_raise_one_risk_with_every_factor(outcomes: Outcomes) -> None:
    ana = Enrolled("ana", SITE)
    told = figures(ana, BROKEN_OFF)
    await outcomes.tell(ana.enrolment)
    for events in ([figures(ana, WELL[:3])], [told, told], [told], [figures(ana, WELL[:4])]):
        await outcomes.tell(*events)
    (risk,) = await raised(outcomes)
    assert (risk.enrolment_id, risk.score, risk.threshold) == (ana.enrolment_id, 54, 50)
    found = {factor.name: (factor.value, factor.weight, factor.points) for factor in risk.factors}
    assert found == {
        "missed_percent": (33.3, 30, 10.0),
        "week_missed_percent": (75.0, 15, 10.0),
        "consecutive_missed": (3.0, 30, 30.0),
        "days_since_attended": (6.0, 20, 4.0),
        "late_percent": (0.0, 5, 0.0),
    }


async def test_a_score_that_wavers_raises_nothing_anew_and_one_that_fell_does(
    outcomes: Outcomes,
) -> None:
    ana = Enrolled("ana", SITE)
    course = list(BROKEN_OFF)
    wavers: list[tuple[list[tuple[str, int]], int]] = [([], 1), ([CAME, AWAY], 1), ([AWAY] * 2, 1)]
    for more, expected in [*wavers, ([CAME] * 9, 1), ([AWAY] * 4, 2)]:
        course += more
        await outcomes.tell(figures(ana, course))
        assert len(await raised(outcomes)) == expected
    listed = (await outcomes.lead.get("/disengagement-risks", site_id=SITE)).json()["items"]
    assert [(one["enrolment_id"], one["at_risk"]) for one in listed] == [
        (str(ana.enrolment_id), True)
    ]


async def test_too_few_sessions_give_no_score_and_an_ended_stay_raises_nothing(
    outcomes: Outcomes,
) -> None:
    ana, eve = Enrolled("ana", SITE), Enrolled("eve", SITE)
    await outcomes.tell(ana.enrolment, eve.enrolment)
    await outcomes.tell(figures(ana, [AWAY] * 2))
    shown = (await outcomes.lead.get(f"/clients/{ana.id}/disengagement")).json()
    assert (shown["score"], shown["at_risk"]) == (None, False)
    assert {one["name"]: one["value"] for one in shown["factors"]}["days_since_attended"] == 28
    await outcomes.tell(eve.changed("lost"))
    await outcomes.tell(figures(eve, BROKEN_OFF))
    assert await raised(outcomes) == []


async def test_a_site_and_its_cohorts_are_the_sums_of_their_clients(outcomes: Outcomes) -> None:
    ana, eve, far = Enrolled("ana", SITE), Enrolled("eve", SITE), Enrolled("far", OTHER_SITE)
    cohorts = {ana: UUID(int=11), eve: UUID(int=12), far: UUID(int=13)}
    for client, course in ((ana, WELL), (eve, [*WELL[:7], CAME_LATE, AWAY]), (far, WELL)):
        told = figures(client, course)
        await outcomes.tell(client.enrolment)
        await outcomes.tell(told.model_copy(update={"cohort_id": cohorts[client]}))
    site, *of_cohorts = (await outcomes.lead.get("/engagement")).json()["groups"]
    assert (site["whole_site"], site["clients"], site["sessions_missed"]) == (True, 2, 1)
    assert (site["attended_minutes"], site["planned_minutes"]) == (16 * 165 + 100, 18 * 165)
    assert (site["week_attended_minutes"], site["week_planned_minutes"]) == (1090, 8 * 165)
    shown = [(one["cohort_id"], one["clients"], one["sessions_late"]) for one in of_cohorts]
    assert shown == [(str(UUID(int=11)), 1, 0), (str(UUID(int=12)), 1, 1)]
    own = (await outcomes.lead.get(f"/clients/{eve.id}/engagement")).json()
    assert (own["sessions_late"], own["late_minutes"], own["days_since_attended"]) == (1, 32, 2)
    assert (await outcomes.lead.get(f"/clients/{far.id}/engagement")).status_code == 404


async def test_figures_in_any_order_and_again_leave_the_same_score(outcomes: Outcomes) -> None:
    chance = random.Random(5)
    kept = []
    for _ in range(4):
        ana = Enrolled("ana", SITE)
        told = [figures(ana, BROKEN_OFF[:length]) for length in range(1, 10)]
        chance.shuffle(told)
        await outcomes.tell(*told[:5])
        await outcomes.tell(*told[2:])
        (row,) = await outcomes.system.fetch(
            "outcomes",
            f"SELECT score, factors FROM disengagement WHERE enrolment_id = '{ana.enrolment_id}'",
        )
        kept.append((row["score"], orjson.loads(row["factors"])))
    assert kept == [kept[0]] * 4
