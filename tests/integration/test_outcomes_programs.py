"""Program measures equal those computed from the events alone, in whatever order these came."""

from collections import Counter
from collections.abc import AsyncIterator
from datetime import date
from typing import Any

import pytest

from shared.database import ALL_SITES
from tests.conftest import MONDAY
from tests.support.outcomes import Outcomes, opened
from tests.support.program_figures import Figures, product
from tests.support.program_history import SITES, History
from tests.support.scheduling import registry_of
from tests.support.system import System

FIRST, UNTIL = date(2025, 3, 1), date(2026, 3, 1)
PERIOD = {"from": str(FIRST), "until": str(UNTIL)}
ELSEWHERE = "00000000-0000-0000-0000-00000000000c"
COUNTED = (
    "census",
    "referrals",
    "days_to_first_service",
    "initiation",
    "engagement",
    "attendance",
    "retention",
    "ends",
    "retained_30",
    "retained_90",
    "active_30",
    "completion",
    "discharges",
    "discharge_reasons",
    "returned_90",
    "phq_9_change",
    "gad_7_change",
)
SLICES = ("site", "region", "cohort", "level_of_care", "dual_diagnosis", "gender_group", "age_band")


@pytest.fixture
async def outcomes(system: System) -> AsyncIterator[Outcomes]:
    await system.start("outcomes", roles=("api",))
    async with opened(system, "outcomes") as database:
        sites = list(SITES)
        yield Outcomes(system, database, system.client("outcomes", "clinical_lead", sites))


async def told(outcomes: Outcomes, clients: int, seed: int = 5) -> Figures:
    """A year of events, applied in some order; the same events to compute from."""
    history = History(seed, clients, MONDAY.date())
    registry = registry_of("outcomes")
    async with outcomes.database.transaction(ALL_SITES) as tx:
        for received in history.in_some_order():
            await registry.handle(tx, received[0].event.type_name(), received)
    return Figures(history.rows, MONDAY.date())


async def figures(outcomes: Outcomes, measure: str, **asked: Any) -> dict[str, Any]:
    answer = await outcomes.lead.get(f"/program-measures/{measure}", **{**PERIOD, **asked})
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


async def cases(outcomes: Outcomes, measure: str, **asked: Any) -> list[dict[str, Any]]:
    found, cursor = list[dict[str, Any]](), None
    while True:
        page = {"limit": 200} if cursor is None else {"limit": 200, "cursor": cursor}
        path = f"/program-measures/{measure}/cases"
        answer = (await outcomes.lead.get(path, **{**PERIOD, **page, **asked})).json()
        found += answer["items"]
        if (cursor := answer["next"]) is None:
            return found


async def test_figures_and_their_lists_equal_what_the_events_alone_come_to(
    outcomes: Outcomes,
) -> None:
    computed = await told(outcomes, 150)
    shown_cells = 0
    for number, measure in enumerate(COUNTED):
        lines = computed.counts(measure, FIRST, UNTIL)
        by = "site" if "cohort" not in lines[0][0].groups else SLICES[number % len(SLICES)]
        wanted = Counter[tuple[str, str]]()
        for line, _, falls, times in lines:
            wanted[line.groups[by], falls] += times
        listed = Counter[tuple[str, str]]()
        for one in await cases(outcomes, measure, by=by):
            listed[one["group"], one["falls"]] += one["number"]
        assert listed == wanted, measure
        told_ = await figures(outcomes, measure, by=by)
        for group in told_["groups"]:
            for falls, cell in group["classes"].items():
                assert cell in (None, wanted[group["group"], falls]), (measure, group)
                shown_cells += cell is not None
        everybody = told_["all"]
        if everybody["total"] is not None:
            assert everybody["total"] == wanted.total()
    assert shown_cells > 25
    hours = (await figures(outcomes, "attendance"))["all"]["hours"]
    inside = [
        minutes
        for stay in computed.stays
        for month, minutes in stay.minutes.items()
        if FIRST <= date.fromisoformat(f"{month}-01") < UNTIL
    ]
    assert hours == pytest.approx(sum(inside) / 60, abs=1e-9)


async def test_curves_equal_the_products_of_whole_numbers(outcomes: Outcomes) -> None:
    computed = await told(outcomes, 150)
    quarter = date(2025, 10, 1), date(2026, 1, 1)
    shown = 0
    for measure in ("retention", "retention_of_those_present", "ends", "days_to_first_service"):
        for first, until in ((FIRST, UNTIL), quarter):
            asked = {"from": str(first), "until": str(until)}
            curve = (await figures(outcomes, measure, **asked))["all"]["curve"]
            spans = computed.spans(measure, first, until)
            for point in curve["points"]:
                survival, shares = product(spans, point["day"])
                assert point["survival"] == pytest.approx(float(survival), abs=1e-9)
                for end, share in point["incidence"].items():
                    assert share == pytest.approx(float(shares[end]), abs=1e-9)
                day = point["day"]
                assert point["at_risk"] == sum(late <= day < out for late, out, _ in spans) >= 11
                shown += 1
    assert shown > 10


async def test_small_numbers_are_seen_by_nobody_and_the_list_by_who_treats(
    outcomes: Outcomes,
) -> None:
    await told(outcomes, 30)
    told_ = await figures(outcomes, "completion", by="cohort")
    for group in (*told_["groups"], told_["all"]):
        shown = [group["total"], *group["classes"].values()]
        assert all(cell is None or cell >= 11 for cell in shown)
    for role, status in (("counselor", 200), ("regional_operations", 403), ("auditor", 403)):
        client = outcomes.system.client("outcomes", role, list(SITES))
        answer = await client.get("/program-measures/completion/cases", **PERIOD)
        assert answer.status_code == status
    elsewhere = outcomes.system.client("outcomes", "counselor", [ELSEWHERE])
    assert (await elsewhere.get("/program-measures/completion/cases", **PERIOD)).json()[
        "items"
    ] == []
    answer = await outcomes.lead.get(
        "/program-measures/completion", **{"from": "2026-01-02", "until": "2026-02-01"}
    )
    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, "from")
    assert (await outcomes.lead.get("/program-measures/joy", **PERIOD)).status_code == 404
    known = (await outcomes.lead.get("/program-measures")).json()
    assert {one["id"] for one in known["measures"]} > set(COUNTED)


async def test_totals_are_the_same_by_all_groups_and_a_site_alone_shows_no_more_than_among_others(
    outcomes: Outcomes,
) -> None:
    await told(outcomes, 60)
    for measure in ("discharges", "phq_9_change"):
        whole = [(await figures(outcomes, measure, by=by))["all"] for by in ("none", *SLICES)]
        assert all(one["classes"] == whole[0]["classes"] for one in whole)
        assert len({one["total"] for one in whole}) == 1
        for group in (await figures(outcomes, measure, by="site"))["groups"]:
            alone = await figures(outcomes, measure, site_id=group["group"])
            for falls, number in group["classes"].items():
                assert alone["all"]["classes"][falls] in (None, number)
                assert number is not None or alone["all"]["classes"][falls] is None
