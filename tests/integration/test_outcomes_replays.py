"""Two versions of a policy over the stays of the past: who, when, and whether clinicians agreed."""

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest

from services.outcomes.step_down.jobs import replay_job
from shared.jobs import JobContext
from tests.conftest import MONDAY
from tests.support.attendance import SITE
from tests.support.outcomes import DECLINE, Outcomes, engaged, opened, screened
from tests.support.recommendations import POLICY, with_change
from tests.support.scheduling import Enrolled, refused
from tests.support.system import System

FORMER = with_change(("version",), "2")
LATTER = with_change(("step_down", "rules", 3, "at_most"), 5)
OTHER_SITE = UUID(int=2)


@pytest.fixture
async def outcomes(system: System) -> AsyncIterator[Outcomes]:
    await system.start("outcomes", roles=("api",))
    async with opened(system, "outcomes") as database:
        yield Outcomes(system, database, system.client("outcomes", "clinical_lead", [SITE]))


async def finished(outcomes: Outcomes, caller: Any, **body: Any) -> dict[str, Any]:
    made = await caller.post("/policy-replays", {"former": FORMER, "latter": LATTER, **body})
    assert made.status_code == 201, made.text
    assert made.json()["state"] == "running"
    context = JobContext(outcomes.database, outcomes.system.settings("outcomes"))
    while await replay_job.run(context):
        pass
    return dict((await caller.get(f"/policy-replays/{made.json()['id']}")).json())


async def test_a_replay_says_who_when_and_whether_clinicians_agreed(outcomes: Outcomes) -> None:
    declined = await outcomes.recommend()
    ana = outcomes.client_of(declined)
    ben = Enrolled("ben", SITE)
    for event in (ben.enrolment, screened(ben, 12), engaged(ben)):
        await outcomes.tell(event)
    await outcomes.recommend("cleo", site_id=OTHER_SITE)
    assert (await outcomes.decide(declined, DECLINE)).status_code == 200
    outcomes.system.set_clock(MONDAY + timedelta(days=10))
    await outcomes.tell(screened(ana, 4))
    before = await outcomes.published()
    done = await finished(outcomes, outcomes.lead)
    assert (done["state"], done["total"], done["done"]) == ("done", 2, 2)
    (down,) = (one for one in done["sums"] if one["kind"] == "step_down")
    assert down == {
        "kind": "step_down",
        "former": 1,
        "latter": 1,
        "earlier": 0,
        "later": 1,
        "same_day": 0,
        "only_former": 0,
        "only_latter": 0,
        "median_days": 10,
        "decided": 1,
        "agreed_former": 0,
        "agreed_latter": 1,
    }
    path = f"/policy-replays/{done['id']}"
    (stay,) = (await outcomes.lead.get(f"{path}/stays")).json()["items"]
    assert (stay["id"], stay["client_id"]) == (str(ana.enrolment_id), str(ana.id))
    (kind,) = stay["kinds"]
    assert (kind["former_on"], kind["latter_on"]) == ("2026-02-23", "2026-03-05")
    assert (kind["decision"], kind["days_later"]) == ("decline", 10)
    assert await outcomes.published() == before, "nobody is recommended anything by it"
    region = outcomes.system.client("outcomes", "regional_operations", [SITE])
    refused(await region.get(path), 404, "not-found")
    refused(await region.get(f"{path}/stays"), 403, "forbidden")
    seen = await finished(outcomes, region)
    (hidden,) = seen["sums"]
    assert {value for name, value in hidden.items() if name != "kind"} == {None}


async def test_a_replay_that_cannot_be_made_is_refused(outcomes: Outcomes) -> None:
    for body, status, slug, pointer in (
        ({"site_ids": [str(uuid4())]}, 404, "not-found", "/site_ids"),
        ({"latter": {**LATTER, "from_level": "2.5"}}, 422, "invalid-request", None),
        ({"latter": {**LATTER, "step_up": {}}}, 422, "invalid-request", None),
        ({"former": {}}, 422, "invalid-request", None),
    ):
        given = {"former": FORMER, "latter": LATTER, **body}
        answer = await outcomes.lead.post("/policy-replays", given)
        assert (answer.status_code, answer.json()["type"].rpartition("/")[2]) == (status, slug)
        if pointer:
            assert answer.json()["errors"][0]["pointer"] == pointer
    none = await outcomes.system.fetch("outcomes", "SELECT id FROM policy_replays")
    assert (none, POLICY.from_level) == ([], "2.1")
