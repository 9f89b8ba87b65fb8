"""What happened to a client, newest first, in parts that can be laid beside those of others."""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from itertools import pairwise
from typing import Any
from uuid import uuid4

import pytest

from tests.conftest import MONDAY
from tests.support.attendance import SITE, outcome
from tests.support.merges import merged
from tests.support.outcomes import ACCEPT, Outcomes, opened, screened
from tests.support.scheduling import Enrolled, refused
from tests.support.system import System


@pytest.fixture
async def outcomes(system: System) -> AsyncIterator[Outcomes]:
    await system.start("outcomes", roles=("api",))
    async with opened(system, "outcomes") as database:
        yield Outcomes(system, database, system.client("outcomes", "clinical_lead", [SITE]))


async def test_a_score_is_not_compared_with_those_of_a_former_stay(outcomes: Outcomes) -> None:
    former = Enrolled("ana", SITE, enrolled_at=MONDAY - timedelta(days=90))
    again = replace(former, enrolment_id=uuid4(), enrolled_at=MONDAY - timedelta(days=20))
    ended = former.changed("completed").model_copy(
        update={"changed_at": MONDAY - timedelta(days=30)}
    )
    for event in (former.enrolment, ended, again.enrolment):
        await outcomes.tell(event)
    for total, days in ((15, 80), (11, 40), (14, 25), (9, 10)):
        await outcomes.tell(screened(former, total, answered_at=MONDAY - timedelta(days=days)))
    whole = (await outcomes.lead.get(f"/clients/{former.id}/timeline")).json()
    scores = [(one["value"], one["change"]) for one in whole["items"] if one["what"] == "phq-9"]
    assert scores == [(9, -5), (14, None), (11, -4), (15, None)]


async def test_a_stay_is_told_in_parts_that_end_where_an_instant_ends(outcomes: Outcomes) -> None:
    known = await outcomes.recommend()
    first = (await outcomes.lead.get(f"/clients/{known['client_id']}/timeline", limit=1)).json()
    assert [one["id"] for one in first["open"]] == [known["id"]]
    assert (await outcomes.decide(known, ACCEPT)).status_code == 200
    ana, other = outcomes.client_of(known), Enrolled("other", SITE)
    goal = {"kind": "phase", "goal": "relapse_prevention_plan"}
    assert (await outcomes.lead.post(f"/clients/{ana.id}/goals", goal)).status_code == 201
    early = MONDAY - timedelta(days=30)
    await outcomes.tell(screened(other, 9, answered_at=early))
    for n, what in enumerate(("attended", "missed")):
        told = outcome(ana.id, n, what, sequence=n + 1, stay=ana.enrolment_id).event
        await outcomes.tell(told.model_copy(update={"site_id": SITE}))
    await outcomes.tell(merged(ana.id, other.id, SITE))
    path = f"/clients/{other.id}/timeline"
    whole = (await outcomes.lead.get(path)).json()
    assert (whole["before"], whole["open"]) == (None, [])
    assert [one["at"] for one in whole["items"]] == sorted(
        (one["at"] for one in whole["items"]), reverse=True
    )
    kinds = {(one["kind"], one["what"], one["state"]) for one in whole["items"]}
    assert {
        ("session", None, "attended"),
        ("session", None, "missed"),
        ("decision", known["to_level"], "accepted"),
        ("goal", "relapse_prevention_plan", "open"),
        ("stay", "2.1", "enrolled"),
    } <= kinds
    (recommended,) = [one for one in whole["items"] if one["kind"] == "recommendation"]
    assert recommended["recommendation"]["criteria"] == known["criteria"]
    latest, earliest = (
        one for one in whole["items"] if (one["kind"], one["what"]) == ("score", "phq-9")
    )
    assert (latest["value"], latest["change"], earliest["change"]) == (6, -3, None)
    parts: list[Any] = []
    before: dict[str, str] = {}
    for _ in range(20):
        part = (await outcomes.lead.get(path, limit=3, **before)).json()
        parts.append(part["items"])
        if part["before"] is None:
            break
        before = {"before": part["before"]}
    seen = [[one["at"] for one in part] for part in parts]
    assert [one for part in parts for one in part] == whole["items"]
    assert all(not set(one) & set(later) for one, later in pairwise(seen))
    elsewhere = outcomes.system.client("outcomes", "clinical_lead", [uuid4()])
    assert (await elsewhere.get(path)).json() == {"items": [], "before": None, "open": []}
    desk = outcomes.system.client("outcomes", "front_desk", [SITE])
    refused(await desk.get(path), 403, "forbidden")
