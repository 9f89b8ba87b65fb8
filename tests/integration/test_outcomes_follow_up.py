"""After the end of a stay: surveys by the site's calendar, answers, returns, and who is unknown."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from services.outcomes.follow_up.commands import tell_due
from shared.contracts.scheduling import SiteChanged, SiteOpened
from shared.database import ALL_SITES
from tests.conftest import MONDAY
from tests.support.attendance import SITE
from tests.support.merges import merged, undone
from tests.support.outcomes import Outcomes, opened
from tests.support.scheduling import Enrolled
from tests.support.system import System

DENVER = ZoneInfo("America/Denver")
END = datetime(2026, 2, 26, 22, 30, tzinfo=DENVER)
"""A Thursday evening at Denver, a Friday in UTC."""
ANSWERS = {"answers": {"substance_use": "none", "housing": "yes"}}


@pytest.fixture
async def outcomes(system: System) -> AsyncIterator[Outcomes]:
    await system.start("outcomes", roles=("api",))
    async with opened(system, "outcomes") as database:
        made = Outcomes(system, database, system.client("outcomes", "counselor", [SITE]))
        await made.tell(SiteOpened(site_id=SITE, time_zone="America/Denver", opened_at=MONDAY))
        yield made


async def discharged(outcomes: Outcomes, name: str = "ana", to: Any = "completed") -> Enrolled:
    outcomes.system.set_clock(MONDAY)
    client = Enrolled(name, SITE)
    await outcomes.tell(client.enrolment)
    outcomes.system.set_clock(END.astimezone(UTC))
    await outcomes.tell(client.changed(to))
    return client


async def on(outcomes: Outcomes, *local: int) -> int:
    """Go to a time at Denver and let the job do what is due."""
    outcomes.system.set_clock(datetime(*local, tzinfo=DENVER).astimezone(UTC))  # type: ignore[arg-type,misc]
    async with outcomes.database.transaction(ALL_SITES) as tx:
        return await tell_due(tx)


async def listed(outcomes: Outcomes, client: Enrolled) -> list[dict[str, Any]]:
    found = (await outcomes.lead.get("/follow-ups", client_id=client.id)).json()["items"]
    return sorted(found, key=lambda one: one["days"])


async def states(outcomes: Outcomes, client: Enrolled) -> list[str]:
    return [one["state"] for one in await listed(outcomes, client)]


async def test_a_survey_is_due_when_its_day_begins_at_the_site(outcomes: Outcomes) -> None:
    ana = await discharged(outcomes)
    await outcomes.tell(ana.changed("completed"))  # told again
    assert [one["due_on"] for one in await listed(outcomes, ana)] == [
        "2026-03-28",
        "2026-05-27",
        "2026-08-25",
        "2027-02-26",
    ]
    assert await on(outcomes, 2026, 3, 27, 23, 59) == 0
    assert await on(outcomes, 2026, 3, 28, 0, 0) == 1
    assert await states(outcomes, ana) == ["due", "planned", "planned", "planned"]
    (told,) = [row for row in await outcomes.published() if row == "FollowUpDue"]
    assert told


async def test_what_the_client_answers_by_link_is_kept_and_the_link_ends(
    outcomes: Outcomes,
) -> None:
    ana = await discharged(outcomes)
    await on(outcomes, 2026, 3, 28, 9, 0)
    (due, *_) = await listed(outcomes, ana)
    path = f"/follow-ups/{due['id']}"
    link = (await outcomes.lead.post(f"{path}/link", None, etag=f'"{due["version"]}"')).json()
    secret = {"Authorization": f"Link {link['address'].partition('#')[2]}"}
    http = outcomes.lead.http
    shown = (await http.get("/follow-up/own", headers=secret)).json()
    assert shown["state"] == "due"
    assert str(ana.id) not in str(shown)
    wrong = {"answers": {"housing": "a tent"}}
    refused = await http.post("/follow-up/own", json=wrong, headers=secret)
    assert refused.status_code == 422
    wrong = {"answers": {"housing": "perhaps"}}
    refused = await http.post("/follow-up/own", json=wrong, headers=secret)
    assert [one["pointer"] for one in refused.json()["errors"]] == ["/answers/housing"]
    answered = await http.post("/follow-up/own", json=ANSWERS, headers=secret)
    assert (answered.status_code, answered.json()["state"]) == (200, "answered")
    again = await http.post("/follow-up/own", json=ANSWERS, headers=secret)
    assert again.status_code == 401
    kept = (await outcomes.lead.get(path)).json()
    assert (kept["answers"], kept["survey_version"]) == (ANSWERS["answers"], "1")
    assert kept["answered_by"] == f"link:{due['id']}"


async def test_of_whoever_does_not_answer_in_time_nothing_is_known(outcomes: Outcomes) -> None:
    ana = await discharged(outcomes)
    await on(outcomes, 2026, 3, 28, 9, 0)
    assert await on(outcomes, 2026, 4, 26, 23, 59) == 0
    assert await on(outcomes, 2026, 4, 27, 0, 0) == 1
    (lost, *_) = await listed(outcomes, ana)
    assert (lost["state"], lost["answers"]) == ("lost", None)
    late = await outcomes.lead.post(
        f"/follow-ups/{lost['id']}/answers", ANSWERS, etag=f'"{lost["version"]}"'
    )
    assert (late.status_code, late.json()["type"]) == (409, "/problems/follow-up-over")


async def test_staff_enter_what_they_are_told_on_the_day_and_not_before(
    outcomes: Outcomes,
) -> None:
    ana = await discharged(outcomes)
    (first, *_) = await listed(outcomes, ana)
    path = f"/follow-ups/{first['id']}"
    early = await outcomes.lead.post(f"{path}/answers", ANSWERS, etag=f'"{first["version"]}"')
    assert early.json()["type"] == "/problems/not-due-yet"
    await on(outcomes, 2026, 3, 28, 9, 0)
    stale = await outcomes.lead.post(f"{path}/answers", ANSWERS, etag=f'"{first["version"]}"')
    assert stale.status_code == 412
    taken = await outcomes.lead.post(f"{path}/answers", ANSWERS, etag='"2"')
    assert (taken.status_code, taken.json()["state"]) == (200, "answered")
    other = (await listed(outcomes, ana))[1]
    closed = await outcomes.lead.post(
        f"/follow-ups/{other['id']}/closing", {"outcome": "declined"}, etag='"1"'
    )
    assert closed.json()["state"] == "declined"


async def test_who_comes_back_is_not_asked_any_more(outcomes: Outcomes) -> None:
    ana = await discharged(outcomes)
    await on(outcomes, 2026, 3, 28, 9, 0)
    await outcomes.tell(Enrolled("ana", SITE, id=ana.id).enrolment)
    assert await states(outcomes, ana) == ["returned"] * 4
    await on(outcomes, 2027, 2, 27, 0, 0)
    assert await states(outcomes, ana) == ["returned"] * 4
    assert (await outcomes.published()).count("FollowUpDue") == 1


async def test_a_return_under_another_record_counts_until_the_merge_is_undone(
    outcomes: Outcomes,
) -> None:
    ana = await discharged(outcomes)
    back = Enrolled("ana again", SITE)
    await on(outcomes, 2026, 3, 28, 9, 0)
    await outcomes.tell(back.enrolment)
    assert await states(outcomes, ana) == ["due", "planned", "planned", "planned"]
    merge = merged(back.id, ana.id, SITE)
    await outcomes.tell(merge)
    assert await states(outcomes, ana) == ["returned"] * 4
    await outcomes.tell(undone(merge))
    assert await states(outcomes, ana) == ["due", "planned", "planned", "planned"]


async def test_nobody_is_asked_after_a_death_and_other_sites_see_nothing(
    outcomes: Outcomes,
) -> None:
    ben = await discharged(outcomes, "ben", "died")
    assert await listed(outcomes, ben) == []
    ana = await discharged(outcomes)
    elsewhere = outcomes.system.client("outcomes", "counselor", [ana.id])
    (first, *_) = await listed(outcomes, ana)
    assert (await elsewhere.get(f"/follow-ups/{first['id']}")).status_code == 404


async def test_days_begin_by_the_clock_that_the_site_has_now(outcomes: Outcomes) -> None:
    await discharged(outcomes)
    moved = {"time_zone": "America/New_York", "opened_at": MONDAY, "changed_at": MONDAY}
    await outcomes.tell(SiteChanged.model_validate({"site_id": SITE, **moved}))
    assert await on(outcomes, 2026, 3, 27, 21, 59) == 0
    assert await on(outcomes, 2026, 3, 27, 22, 0) == 1
