"""What is due, what a client's course says, and what both tell others."""

import random
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest

from services.outcomes.measures.commands import refresh_due
from shared import clock
from shared.contracts.base import Event
from shared.contracts.intake import EpisodeStateChanged, ScreeningCompleted
from shared.contracts.scheduling import SiteOpened
from shared.database import ALL_SITES
from tests.conftest import MONDAY
from tests.support.attendance import SITE
from tests.support.merges import merged, undone
from tests.support.outcomes import Outcomes, opened
from tests.support.scheduling import Enrolled, refused
from tests.support.system import System

DAY = timedelta(days=1)


@dataclass
class Measured(Outcomes):
    """The outcomes service, with its job of measures run after each event."""

    async def tell(self, *events: Event) -> None:
        await super().tell(*events)
        await self.look()

    async def look(self, at: datetime | None = None) -> None:
        """Let the job do what is due, at a later instant if one is given."""
        if at is not None:
            self.system.set_clock(at)
        async with self.database.transaction(ALL_SITES) as tx:
            while await refresh_due(tx):
                pass

    async def open(self, **wanted: Any) -> list[tuple[str, str]]:
        found = (await self.lead.get("/measures", limit=200, **wanted)).json()
        assert found["count"] == len(found["items"])
        return sorted((one["instrument"], one["state"]) for one in found["items"])

    async def course(self, client: Enrolled, **wanted: Any) -> dict[str, Any]:
        found = (await self.lead.get(f"/clients/{client.id}/measures", **wanted)).json()
        return {f"{one['instrument']}/{one['series']}": one for one in found["measures"]}


@pytest.fixture
async def outcomes(system: System) -> AsyncIterator[Measured]:
    await system.start("outcomes", roles=("api",))
    async with opened(system, "outcomes") as database:
        yield Measured(system, database, system.client("outcomes", "clinical_lead", [SITE]))


def answered(
    client: Enrolled, at: datetime, **totals: int | dict[str, int | None] | None
) -> ScreeningCompleted:
    """Answers to instruments (`phq_9=12`), the totals of some or the subscales of others."""
    results = []
    for name, total in totals.items():
        parts = total if isinstance(total, dict) else {}
        results.append(
            {
                "instrument": name.replace("_", "-"),
                "instrument_version": "1.0",
                "status": "incomplete" if total is None else "complete",
                "total": None if isinstance(total, dict) else total,
                "band": None,
                "positive": None,
                "subscores": [{"subscale": key, "total": part} for key, part in parts.items()],
                "answered_at": at,
            }
        )
    old = [r for r in results if r["instrument"] in ("phq-9", "gad-7")]
    return ScreeningCompleted.model_validate(
        {
            "client_id": client.id,
            "site_id": client.site_id,
            "screening_id": uuid4(),
            "occasion": "follow_up",
            "completed_at": clock.now(),
            "scores": old,
            "results": results,
        }
    )


async def test_what_is_due_becomes_overdue_and_is_told_once_each(outcomes: Measured) -> None:
    ana = Enrolled("ana", SITE)
    await outcomes.tell(answered(ana, MONDAY - DAY, phq_9=18, gad_7=9))
    await outcomes.tell(ana.enrolment)
    due = [("bam", "due"), ("barc-10", "due"), ("craving-nrs", "due")]
    assert await outcomes.open() == due
    assert await outcomes.published() == ["MeasureDue"] * 3
    await outcomes.look(MONDAY + 3 * DAY)
    assert await outcomes.open(state="overdue") == [("craving-nrs", "overdue")]
    assert await outcomes.open(site_id=str(SITE)) == [*due[:2], ("craving-nrs", "overdue")]
    await outcomes.look()
    assert (await outcomes.published())[3:] == ["MeasureOverdue"]
    await outcomes.tell(answered(ana, MONDAY + 3 * DAY, craving_nrs=4))
    assert await outcomes.open(client_id=str(ana.id)) == due[:2]
    assert await outcomes.open(client_id=str(uuid4())) == []


async def test_who_is_on_hold_or_gone_has_nothing_due(outcomes: Measured) -> None:
    ana = Enrolled("ana", SITE)
    await outcomes.tell(ana.enrolment)
    assert len(await outcomes.open()) == 5
    outcomes.system.set_clock(MONDAY + DAY)
    await outcomes.tell(ana.changed("on_hold"))
    assert await outcomes.open() == []
    await outcomes.look(MONDAY + 6 * DAY)
    outcomes.system.set_clock(MONDAY + 6 * DAY)
    await outcomes.tell(ana.changed("active"))
    items = (await outcomes.lead.get("/measures")).json()["items"]
    assert {(one["due_on"], one["state"]) for one in items} == {("2026-03-01", "due")}
    assert (await outcomes.published()).count("MeasureDue") == 10
    outcomes.system.set_clock(MONDAY + 7 * DAY)
    await outcomes.tell(ana.changed("completed"))
    await outcomes.look(MONDAY + 40 * DAY)
    assert await outcomes.open() == []
    (stay,) = await outcomes.system.fetch("outcomes", "SELECT measures_next_at FROM episodes")
    assert stay["measures_next_at"] is None


async def test_a_day_begins_at_the_midnight_of_the_site(outcomes: Measured) -> None:
    ana = Enrolled("ana", SITE)
    site = {"site_id": SITE, "name": "North", "time_zone": "America/Denver", "opened_at": MONDAY}
    await outcomes.tell(ana.enrolment)
    await outcomes.tell(SiteOpened.model_validate(site))
    night = datetime(2026, 2, 26, 6, 59, tzinfo=UTC)
    for at, state in ((night, "due"), (night + timedelta(minutes=1), "overdue")):
        await outcomes.look(at)
        assert ("craving-nrs", state) in await outcomes.open()


async def test_facts_in_any_order_come_to_the_same(outcomes: Measured) -> None:
    """A whole stay, told in many orders, some of it twice."""
    seen = set()
    chance = random.Random(5)
    for _ in range(8):
        ana = Enrolled("ana", SITE, enrolled_at=MONDAY - 40 * DAY)
        facts: list[Event] = [
            ana.enrolment,
            answered(ana, MONDAY - 42 * DAY, phq_9=18, gad_7=12, craving_nrs=6),
            answered(ana, MONDAY - 25 * DAY, phq_9=15, craving_nrs=5),
            answered(ana, MONDAY - 9 * DAY, phq_9=9, gad_7=None),
            *(
                ana.changed(to).model_copy(update={"changed_at": MONDAY - days * DAY})
                for to, days in (("active", 39), ("on_hold", 20), ("active", 14))
            ),
        ]
        chance.shuffle(facts)
        for fact in facts:
            await outcomes.tell(fact)
        repeated = next(fact for fact in facts if isinstance(fact, EpisodeStateChanged))
        await outcomes.tell(repeated)
        rows = await outcomes.system.fetch(
            "outcomes",
            "SELECT instrument, planned_on, due_on, overdue_on, until_on, state, answered_on"
            " FROM measures WHERE client_id = $1 ORDER BY 1, 2",
            ana.id,
        )
        course = await outcomes.course(ana)
        seen.add((tuple(map(tuple, rows)), course["phq-9/total"]["latest"]["outcome"]))
    ((measures, outcome),) = seen
    assert outcome == "reliably_improved"
    phq9 = [(str(row[2]), row[5]) for row in measures if row[0] == "phq-9"]
    assert phq9[:3] == [
        ("2026-01-14", "completed"),
        ("2026-01-28", "completed"),
        ("2026-02-11", "completed"),
    ]


async def test_a_course_is_of_one_stay_and_says_what_it_rests_on(outcomes: Measured) -> None:
    first = Enrolled("ana", SITE, enrolled_at=MONDAY - 80 * DAY)
    await outcomes.tell(first.enrolment)
    await outcomes.tell(answered(first, MONDAY - 79 * DAY, phq_9=25))
    await outcomes.tell(
        first.changed("completed").model_copy(update={"changed_at": MONDAY - 50 * DAY})
    )
    again = Enrolled("ana", SITE, id=first.id, enrolled_at=MONDAY - 48 * DAY)
    await outcomes.tell(again.enrolment)
    await outcomes.tell(answered(again, MONDAY - 51 * DAY, phq_9=24))
    bam = {"use": 5, "risk": 12, "protective": 10}
    await outcomes.tell(answered(again, MONDAY - 48 * DAY, phq_9=18, bam=bam))
    await outcomes.tell(answered(again, MONDAY - 20 * DAY, phq_9=13))
    await outcomes.tell(answered(again, MONDAY - 10 * DAY, phq_9=None, bam={**bam, "use": 0}))
    course = await outcomes.course(again)
    assert list(course) == ["bam/use", "bam/risk", "bam/protective", "phq-9/total"]
    phq9 = course["phq-9/total"]
    assert [point["value"] for point in phq9["points"]] == [18, 13]
    assert phq9["baseline"]["value"] == 18
    assert phq9["points"][1] | {"screening_id": None} == {
        "screening_id": None,
        "answered_on": "2026-02-03",
        "value": 13,
        "band": "moderate",
        "improvement": 5,
        "important": "improvement",
        "reliable": "none",
    }
    assert phq9["latest"]["index"] == pytest.approx(-1.7475, abs=5e-5)
    assert phq9["on_track"] is True
    assert phq9["reliable_change"]["value"] == 6
    assert "Kroenke" in phq9["reliable_change"]["source"]
    assert phq9["chart"]["$schema"].startswith("https://vega.github.io/schema/vega-lite/")
    assert course["bam/use"]["latest"]["recovery"] is True
    former = await outcomes.course(again, enrolment_id=str(first.enrolment_id))
    assert [point["value"] for point in former["phq-9/total"]["points"]] == [25, 24]


async def test_a_person_with_two_records_has_one_course_and_answers_for_both(
    outcomes: Measured,
) -> None:
    ana, other = Enrolled("ana", SITE), Enrolled("other", SITE)
    await outcomes.tell(ana.enrolment)
    await outcomes.tell(answered(other, MONDAY - DAY, phq_9=18))
    assert ("phq-9", "due") in await outcomes.open()
    merge = merged(ana.id, other.id, SITE)
    await outcomes.tell(merge)
    assert ("phq-9", "due") not in await outcomes.open()
    by_other = await outcomes.course(other)
    assert by_other == await outcomes.course(ana)
    assert by_other["phq-9/total"]["baseline"]["value"] == 18
    assert len(await outcomes.open(client_id=str(other.id))) == 4
    await outcomes.tell(undone(merge))
    assert ("phq-9", "due") in await outcomes.open()
    assert await outcomes.course(ana) == {}


async def test_how_much_was_answered_is_of_what_was_closed(outcomes: Measured) -> None:
    ana = Enrolled("ana", SITE)
    await outcomes.tell(ana.enrolment)
    await outcomes.tell(SiteOpened(site_id=SITE, name="North", time_zone="UTC", opened_at=MONDAY))
    for week in (0, 1):
        await outcomes.look(MONDAY + 7 * week * DAY)
        await outcomes.tell(answered(ana, MONDAY + 7 * week * DAY, craving_nrs=5))
    await outcomes.look(MONDAY + 21 * DAY)
    wanted = {"site_id": str(SITE), "since": "2026-02-23", "until": "2026-03-31"}
    shown = (await outcomes.lead.get("/measure-completion", **wanted)).json()
    (craving,) = [one for one in shown["instruments"] if one["instrument"] == "craving-nrs"]
    assert craving == {
        "instrument": "craving-nrs",
        "completed": 2,
        "missed": 1,
        "excused": 0,
        "due": 1,
        "overdue": 0,
        "percent": 66.7,
    }
    for until, pointer in (("2026-02-22", "until"), ("2027-02-24", "until"), ("x", "until")):
        answer = await outcomes.lead.get("/measure-completion", **{**wanted, "until": until})
        assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, pointer)


async def test_charts_are_drawn_for_clinicians_of_the_site_only(outcomes: Measured) -> None:
    ana = Enrolled("ana", SITE)
    await outcomes.tell(ana.enrolment)
    await outcomes.tell(answered(ana, MONDAY, phq_9=18))
    path = f"/clients/{ana.id}/measures/phq-9/chart"
    svg = await outcomes.lead.get(f"{path}.svg")
    assert (svg.status_code, svg.headers["content-type"]) == (200, "image/svg+xml")
    assert "Feb 23, 2026" in svg.text
    png = await outcomes.lead.get(f"{path}.png")
    assert png.content.startswith(b"\x89PNG")
    refused(await outcomes.lead.get(f"{path}.gif"), 422, "invalid-request")
    for missing in ({"series": "use"}, {"version": "2.0"}, {"enrolment_id": str(uuid4())}):
        refused(await outcomes.lead.get(f"{path}.svg", **missing), 404, "not-found")
    elsewhere = outcomes.system.client("outcomes", "clinical_lead", [uuid4()])
    refused(await elsewhere.get(f"{path}.svg"), 404, "not-found")
    refused(await elsewhere.get(f"/clients/{ana.id}/measures"), 404, "not-found")
    desk = outcomes.system.client("outcomes", "front_desk", [SITE])
    refused(await desk.get(f"{path}.svg"), 403, "forbidden")
    assert (await desk.get("/measures")).status_code == 200
    noted = await outcomes.system.fetch(
        "outcomes", "SELECT DISTINCT operation FROM platform.audit WHERE operation = 'show_chart'"
    )
    assert len(noted) == 1
