"""The lists that a day at a site begins with: referrals, clocks, clients by name, and stays."""

import json
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest

from services.intake.access_times import running
from services.intake.enrolment import queries as enrolment
from services.intake.referrals import queries as referrals
from tests.conftest import MONDAY
from tests.support.flow import Intake, created, person, problem
from tests.support.system import Client, System

SITE = UUID(int=7)
OTHER_SITE = UUID(int=8)
BOTH = (SITE, OTHER_SITE)


@pytest.fixture
async def intake(system: System) -> Intake:
    await system.start("intake")
    flow = Intake(system, SITE)
    await flow.open_site()
    await system.execute_as_owner(
        "intake",
        "SET stepwell.sites = '*';"
        f"INSERT INTO sites VALUES ('{OTHER_SITE}', 'America/Denver', '2026-02-23T14:00:00Z')",
    )
    return flow


def desk(intake: Intake, *sites: UUID) -> Client:
    return intake.system.client("intake", "front_desk", sites or [SITE])


async def refer(intake: Intake, site: UUID = SITE, **changed: object) -> dict[str, Any]:
    body = {
        "site_id": str(site),
        "source": "self",
        "person": person(**changed),
        "contact": {"channel": "log"},
    }
    return created(await desk(intake, site).post("/referrals", body))


async def everything(client: Client, path: str, **query: object) -> list[dict[str, Any]]:
    """All items of a list, in pages of two."""
    found: list[dict[str, Any]] = []
    cursor: dict[str, object] = {}
    while True:
        answer = await client.get(path, limit=2, **query, **cursor)
        assert answer.status_code == 200, answer.text
        found += answer.json()["items"]
        if answer.json()["next"] is None:
            return found
        cursor = {"cursor": answer.json()["next"]}


async def by_name(client: Client, **body: object) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    cursor: dict[str, object] = {}
    while True:
        answer = await client.post("/client-name-searches", {"limit": 2, **body, **cursor})
        assert answer.status_code == 200, answer.text
        found += answer.json()["items"]
        if answer.json()["next"] is None:
            return found
        cursor = {"cursor": answer.json()["next"]}


def named(found: list[dict[str, Any]]) -> list[tuple[str | None, str | None]]:
    return [(one["given_name"], one["family_name"]) for one in found]


async def enrolled(intake: Intake) -> dict[str, Any]:
    client = await intake.refer()
    await intake.screen(client)
    return created(await intake.enrol(client, await intake.determine(client)))


async def test_referrals_are_listed_by_state_and_site_in_pages_each_once(intake: Intake):
    made = [await refer(intake) for _ in range(5)]
    elsewhere = await refer(intake, OTHER_SITE)
    for one, state in zip(made[:3], ("contacted", "contacted", "lost"), strict=True):
        change = {"state": state} | ({"reason": "unreachable"} if state == "lost" else {})
        answer = await desk(intake).post(f"/referrals/{one['id']}/state", change, etag='"1"')
        assert answer.status_code == 200, answer.text
    ids = [one["id"] for one in made]
    both = desk(intake, *BOTH)

    async def listed(client: Client, **query: object) -> set[str]:
        found = [one["id"] for one in await everything(client, "/referrals", **query)]
        assert len(found) == len(set(found))
        assert found == sorted(found)
        return set(found)

    assert await listed(both) == {*ids[:2], *ids[3:], elsewhere["id"]}
    assert await listed(both, site_id=SITE) == {*ids[:2], *ids[3:]}
    assert await listed(both, state="contacted") == set(ids[:2])
    assert await listed(both, state="lost") == {ids[2]}
    assert await listed(both, state="received", site_id=OTHER_SITE) == {elsewhere["id"]}
    assert await listed(desk(intake), site_id=OTHER_SITE) == set()
    refused = await both.get("/referrals", state="waiting")
    assert refused.status_code == 422


async def test_clocks_that_run_out_are_listed_and_counted_by_site(intake: Intake):
    first = await refer(intake)
    screened = await intake.refer()
    await intake.screen(screened)
    ended = await refer(intake)
    change = {"state": "lost", "reason": "unreachable"}
    await desk(intake).post(f"/referrals/{ended['id']}/state", change, etag='"1"')
    await refer(intake, OTHER_SITE)

    async def clocks(**query: object) -> list[tuple[str, str]]:
        found = await everything(desk(intake), "/referral-clocks", **query)
        assert [one["referral_id"] for one in found] == sorted(one["referral_id"] for one in found)
        return [(one["client_id"], one["standing"]) for one in found]

    async def counts() -> dict[str, int]:
        answer = await desk(intake).get("/referral-counts")
        (site,) = answer.json()["sites"]
        assert site.pop("site_id") == str(SITE)
        return {name: count for name, count in site.items() if count}

    waiting = first["client_id"]
    assert set(await clocks()) == {(waiting, "later"), (screened, "later")}
    assert await counts() == {"received": 1, "screening": 1}
    # A week to the first screening, the first day counted: from Monday 23 February to Sunday.
    for days, standing in ((3, "later"), (4, "soon"), (6, "soon"), (7, "overdue")):
        intake.system.set_clock(MONDAY + timedelta(days=days))
        assert set(await clocks()) == {(waiting, standing), (screened, "later")}
    assert await clocks(due="overdue") == [(waiting, "overdue")]
    assert await clocks(due="later") == [(screened, "later")]
    assert await clocks(due="soon") == []
    assert await counts() == {"received": 1, "screening": 1, "overdue": 1}
    # Two weeks to the first service, so up to Sunday 8 March at the site.
    intake.system.set_clock(MONDAY + timedelta(days=13))
    assert await clocks(due="soon") == [(screened, "soon")]
    (told,) = await everything(desk(intake), "/referral-clocks", due="soon")
    assert told["runs_out_on"] == "2026-03-08"
    assert told["first_screening"]["status"] == "within"
    both = (await desk(intake, *BOTH).get("/referral-counts")).json()
    assert [one["received"] for one in both["sites"]] == [1, 1]


async def test_who_is_enrolled_waits_for_the_first_service_until_the_stay_ends(intake: Intake):
    stay = await enrolled(intake)
    (clock,) = await everything(desk(intake), "/referral-clocks")
    assert (clock["client_id"], clock["state"]) == (stay["client_id"], "accepted")
    (site,) = (await desk(intake).get("/referral-counts")).json()["sites"]
    assert (site["awaiting_first_service"], site["assessed"]) == (1, 0)
    await intake.end(stay)
    assert await everything(desk(intake), "/referral-clocks") == []


async def test_clients_of_given_ids_are_listed_where_the_caller_may_see_them(intake: Intake):
    ana = await refer(intake, given_name="Ana", family_name="Garcia")
    zoe = await refer(intake, OTHER_SITE, given_name="Zoe", family_name="Garcia")
    await refer(intake, given_name="Bea", family_name="Lopez")
    ids = [ana["client_id"], zoe["client_id"]]
    for who, seen in ((desk(intake), ids[:1]), (desk(intake, *BOTH), ids)):
        found = (await who.get("/clients", client_id=ids)).json()["items"]
        assert sorted(one["id"] for one in found) == sorted(seen)


async def test_clients_are_listed_by_name_in_pages_each_once(intake: Intake):
    names = [
        ("Ana", "Garcia"),
        ("Bea", "Garc\u00eda L\u00f3pez"),
        ("Carl", "De La Cruz"),
        ("Dora", "Delacruz"),
        ("Eve", "O'Neill"),
        (None, "Garbo"),
        ("Gardner", None),
        ("Ana", "Garcia"),
    ]
    for given, family in names:
        await refer(intake, given_name=given, family_name=family)
    await refer(intake, OTHER_SITE, given_name="Zoe", family_name="Garcia")
    one, both = desk(intake), desk(intake, *BOTH)
    assert named(await by_name(one, name_begins="GARC")) == [
        ("Ana", "Garcia"),
        ("Ana", "Garcia"),
        ("Bea", "Garc\u00eda L\u00f3pez"),
    ]
    assert named(await by_name(one, name_begins="garcia l")) == [("Bea", "Garc\u00eda L\u00f3pez")]
    assert named(await by_name(one, name_begins="De la C")) == [
        ("Carl", "De La Cruz"),
        ("Dora", "Delacruz"),
    ]
    assert named(await by_name(one, name_begins="o ne")) == [("Eve", "O'Neill")]
    assert named(await by_name(one, name_begins="gar")) == [
        (None, "Garbo"),
        ("Ana", "Garcia"),
        ("Ana", "Garcia"),
        ("Bea", "Garc\u00eda L\u00f3pez"),
        ("Gardner", None),
    ]
    assert len(await by_name(one)) == len(names)
    assert named(await by_name(both, name_begins="Garcia", site_id=str(OTHER_SITE))) == [
        ("Zoe", "Garcia")
    ]
    assert named(await by_name(both, name_begins="Garcia"))[-1] == ("Bea", "Garc\u00eda L\u00f3pez")
    assert await by_name(one, name_begins="Zz") == []
    assert await by_name(one, site_id=str(OTHER_SITE)) == []


async def test_a_corrected_name_is_listed_as_it_is_now_and_a_merged_client_where_asked_for(
    intake: Intake,
):
    made = await refer(intake, given_name="Client", family_name="Wronged")
    other = await refer(intake, given_name="Client", family_name="Righted")
    identity = {
        "family_name": "Righted",
        "birth_date": "1988-04-17",
        "sex_at_birth": "male",
        "reason": "entered_wrongly",
    }
    path = f"/clients/{made['client_id']}/identity"
    assert (await desk(intake).put(path, identity, etag='"1"')).status_code == 200
    assert await by_name(desk(intake), name_begins="wronged") == []
    assert named(await by_name(desk(intake), name_begins="righted")) == [
        (None, "Righted"),
        ("Client", "Righted"),
    ]
    lead = intake.system.client("intake", "clinical_lead", [SITE])
    merge = {"survivor_id": made["client_id"], "merged_id": other["client_id"], "reason": "One."}
    created(await lead.post("/client-merges", merge))
    assert named(await by_name(desk(intake), name_begins="righted")) == [(None, "Righted")]
    assert len(await by_name(desk(intake), name_begins="righted", merged=True)) == 2


async def test_clients_from_before_are_listed_by_name_once_their_keys_are_made_anew(
    intake: Intake,
):
    await refer(intake, given_name="Ana", family_name="De La Cruz")
    await intake.system.execute_as_owner(
        "intake",
        "SET stepwell.sites = '*'; UPDATE clients SET listed_as = '', keys_version = 1;"
        " DELETE FROM match_keys",
    )
    await intake.system.until(
        "intake", "SELECT count(*) FROM clients WHERE listed_as = 'delacruz ana'", is_=1
    )
    assert named(await by_name(desk(intake), name_begins="delac")) == [("Ana", "De La Cruz")]


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({"name_begins": "-"}, "/name_begins"),
        ({"name_begins": "\u200b"}, "/name_begins"),
        ({"cursor": "x"}, "cursor"),
        ({"cursor": "QQ"}, "/cursor"),
        ({"limit": 0}, "/limit"),
        ({"family_name": "Garcia"}, "/family_name"),
    ],
)
async def test_a_list_by_name_that_cannot_be_is_refused(
    intake: Intake, body: dict[str, object], pointer: str
):
    refused = await desk(intake).post("/client-name-searches", body)
    assert refused.status_code == 422
    assert problem(refused)[2] == pointer


async def test_names_are_listed_for_staff_of_sites_only_and_it_is_noted_whom_they_saw(
    intake: Intake,
):
    made = await refer(intake)
    for role in ("regional_operations", "auditor"):
        other = intake.system.client("intake", role, [SITE])
        assert (await other.post("/client-name-searches", {})).status_code == 403
        assert (await other.get("/referral-clocks")).status_code == 403
    await by_name(desk(intake))
    auditor = intake.system.client("intake", "auditor", [SITE])
    noted = (await auditor.get(f"/clients/{made['client_id']}/accesses")).json()["items"]
    assert "list_clients_by_name" in [one["operation"] for one in noted]


HISTORY = """
SET stepwell.sites = '*';
CREATE TEMPORARY TABLE former AS
SELECT overlay('{client}' placing lpad(to_hex(n), 8, '0') from 1)::uuid AS id, n, s.site_id
FROM generate_series(1, 20000) AS n
JOIN (SELECT id AS site_id, row_number() OVER () AS of FROM sites) AS s ON s.of = 1 + n % 2;
INSERT INTO clients SELECT (jsonb_populate_record(c,
  jsonb_build_object('id', f.id, 'site_id', f.site_id, 'listed_as', 'former' || f.n))).*
FROM clients c, former f WHERE c.id = '{client}';
INSERT INTO referrals SELECT (jsonb_populate_record(r,
  jsonb_build_object('id', f.id, 'site_id', f.site_id, 'client_id', f.id,
    'state', 'lost', 'reason', 'unreachable'))).*
FROM referrals r, former f WHERE r.client_id = '{client}';
INSERT INTO determinations SELECT (jsonb_populate_record(d,
  jsonb_build_object('id', f.id, 'site_id', f.site_id, 'client_id', f.id))).*
FROM determinations d, former f WHERE d.client_id = '{client}';
INSERT INTO enrolments SELECT (jsonb_populate_record(e,
  jsonb_build_object('id', f.id, 'site_id', f.site_id, 'client_id', f.id,
    'determination_id', f.id, 'state', 'completed', 'ended_at', e.enrolled_at))).*
FROM enrolments e, former f WHERE e.client_id = '{client}';
ANALYZE clients, referrals, enrolments;
"""
"""Twenty thousand people who came and went before one client, at two sites."""


async def test_no_list_reads_what_was_before(intake: Intake):
    stay = await enrolled(intake)
    await refer(intake)
    await intake.system.execute_as_owner("intake", HISTORY.format(client=stay["client_id"]))
    nobody, most, now = UUID(int=0), 51, MONDAY
    clocks = ([None], [6], [13], now, None)
    lists: dict[str, tuple[object, ...]] = {
        referrals.UNDER_WAY: (nobody, None, most),
        referrals.IN_STATE: (nobody, None, most, "lost"),
        referrals.BY_NAME: ("exam", "exam" + referrals.BEYOND, "", nobody, None, most, False),
        enrolment.OPEN: (nobody, None, most, None),
        enrolment.IN_STATE: (nobody, None, most, None, "completed"),
        enrolment.CENSUS: (None,),
        running.LISTED: (*clocks, nobody, "overdue", 2, most),
        running.COUNTED: (*clocks, 2),
    }
    async with intake.transaction() as tx:
        for query, arguments in lists.items():
            (plan,) = json.loads(
                await tx.fetchval(f"EXPLAIN (ANALYZE, FORMAT JSON) {query}", *arguments)
            )
            assert most_read(plan["Plan"]) <= 2 * most, query


def most_read(plan: dict[str, Any]) -> float:
    """The most rows that any part of a plan read, those that it threw away among them."""
    own = plan["Actual Rows"] + plan.get("Rows Removed by Filter", 0)
    return max([own, *(most_read(part) for part in plan.get("Plans", []))])


async def test_stays_are_listed_by_site_state_and_level_and_counted(intake: Intake):
    stays = [await enrolled(intake) for _ in range(4)]
    counselor = intake.system.client("intake", "counselor", [SITE])
    hold = {"reason": "medical_leave"}
    answer = await counselor.post(f"/enrolments/{stays[0]['id']}/hold", hold, etag='"1"')
    assert answer.status_code == 200, answer.text
    await intake.end(stays[1])
    ids = [stay["id"] for stay in stays]

    async def listed(**query: object) -> list[str]:
        return [one["id"] for one in await everything(counselor, "/enrolments", **query)]

    assert await listed() == sorted([ids[0], *ids[2:]])
    assert await listed(state="on_hold") == [ids[0]]
    assert await listed(state="enrolled", level_of_care="2.1") == sorted(ids[2:])
    assert await listed(state="stepped_down", site_id=SITE) == [ids[1]]
    assert await listed(level_of_care="2.5") == []
    assert await listed(site_id=OTHER_SITE) == []
    assert (await counselor.get("/enrolments", state="gone")).status_code == 422
    regional = intake.system.client("intake", "regional_operations", BOTH)
    census = (await regional.get("/census")).json()
    assert census["sites"] == [
        {
            "site_id": str(SITE),
            "stays": 3,
            "counts": [
                {"state": "enrolled", "level_of_care": "2.1", "count": 2},
                {"state": "on_hold", "level_of_care": "2.1", "count": 1},
            ],
        },
        {"site_id": str(OTHER_SITE), "stays": 0, "counts": []},
    ]
    stranger = intake.system.client("intake", "counselor", [uuid4()])
    assert (await stranger.get("/census", site_id=SITE)).json()["sites"] == []
    assert await everything(stranger, "/enrolments") == []
