"""Two versions of a policy over the stays of the past: who, when, and whether clinicians agreed."""

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
from typer.testing import CliRunner

from services.outcomes.step_down.jobs import replay_job
from shared.database import ALL_SITES
from shared.jobs import JobContext
from shared.settings import SERVICES
from stepwell.main import application
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


async def ready(outcomes: Outcomes, client: Enrolled, phq9: int) -> None:
    """A client who does well by sessions up to now."""
    figures = engaged(client).model_copy(update={"window_until": MONDAY})
    for event in (client.enrolment, screened(client, phq9), figures):
        await outcomes.tell(event)


async def finished(outcomes: Outcomes, caller: Any, **body: Any) -> dict[str, Any]:
    made = await caller.post("/policy-replays", {"former": FORMER, "latter": LATTER, **body})
    assert made.status_code == 201, made.text
    assert made.json()["state"] == "running"
    context = JobContext(outcomes.database, outcomes.system.settings("outcomes"))
    while await replay_job.run(context):
        pass
    return dict((await caller.get(f"/policy-replays/{made.json()['id']}")).json())


async def test_a_replay_says_who_when_and_whether_clinicians_agreed(outcomes: Outcomes) -> None:
    ana, ben, cleo = (Enrolled(n, SITE) for n in ("ana", "ben", "cleo"))
    await ready(outcomes, ana, 6)
    await ready(outcomes, ben, 12)
    await ready(outcomes, replace(cleo, site_id=OTHER_SITE), 6)
    (declined,) = await outcomes.listed(client_id=ana.id)
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


async def test_a_later_stay_of_the_client_changes_nothing_of_the_replay_of_a_former_one(
    outcomes: Outcomes,
) -> None:
    ana = Enrolled("ana", SITE)
    figures = engaged(ana).model_copy(update={"window_until": MONDAY})
    before = screened(ana, 5, answered_at=MONDAY - timedelta(hours=2))
    for event in (ana.enrolment, before, figures, ana.changed("completed")):
        await outcomes.tell(event)

    async def of_first() -> Any:
        done = await finished(outcomes, outcomes.lead)
        path = f"/policy-replays/{done['id']}/stays"
        stays = (await outcomes.lead.get(path)).json()["items"]
        return {one["id"]: one["kinds"] for one in stays}.get(str(ana.enrolment_id))

    alone = await of_first()
    assert [kind["latter_on"] for kind in alone] == ["2026-02-23"]
    for days, end in ((30, None), (40, "lost")):
        outcomes.system.set_clock(MONDAY + timedelta(days=days))
        again = replace(ana, enrolment_id=UUID(int=99_999))
        await outcomes.tell(again.changed("lost") if end else again.enrolment)
        assert await of_first() == alone


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


async def test_a_replay_of_what_is_no_policy_any_more_fails_and_holds_up_no_other(
    outcomes: Outcomes,
) -> None:
    await ready(outcomes, Enrolled("ana", SITE), 6)
    asked = {"former": FORMER, "latter": LATTER}
    made = (await outcomes.lead.post("/policy-replays", asked)).json()
    async with outcomes.database.transaction(ALL_SITES) as tx:
        await tx.execute("UPDATE policy_replays SET former = former - 'from_level'")
    done = await finished(outcomes, outcomes.lead)
    failed = (await outcomes.lead.get(f"/policy-replays/{made['id']}")).json()
    assert (failed["state"], failed["done"], failed["sums"]) == ("failed", 0, [])
    assert (done["state"], done["done"]) == ("done", 1)


async def test_the_command_compares_two_files_and_shows_progress_and_who(
    outcomes: Outcomes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ana = Enrolled("ana", SITE)
    await ready(outcomes, ana, 6)
    token = outcomes.system.issuer.token("clinical_lead", ["*"], subject="lead-1")
    monkeypatch.setenv("STEPWELL_TOKEN", token)
    url = f"http://127.0.0.1:{outcomes.system.ports['outcomes']}"
    for service in SERVICES:
        monkeypatch.setenv(f"STEPWELL_URL_{service.upper()}", url)
    files = []
    for name, policy in (("old", FORMER), ("new", LATTER)):
        files.append(tmp_path / f"{name}.json")
        files[-1].write_text(json.dumps(policy))
    words = ["policy", "replay", *map(str, files)]
    command = asyncio.to_thread(
        CliRunner().invoke, application("policy"), [*words, "--site", str(SITE), "--json"]
    )
    running = asyncio.create_task(command)
    await outcomes.system.until("outcomes", "SELECT count(*) FROM policy_replays", is_=1)
    context = JobContext(outcomes.database, outcomes.system.settings("outcomes"))
    while await replay_job.run(context):
        pass
    done = await running
    assert done.exit_code == 0, done.output
    moved, sums = map(json.loads, done.stdout.splitlines())
    assert (moved["client_id"], moved["kind"]) == (str(ana.id), "step_down")
    assert (moved["former_on"], moved["latter_on"]) == ("2026-02-23", None)
    assert (sums["stays"], sums["sums"][0]["only_former"]) == (1, 1)
