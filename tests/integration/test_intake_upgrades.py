"""Databases go down to the release before and up again with what they hold, and processes of that
release may write while others run already."""

from pathlib import Path
from uuid import UUID, uuid4

from stepwell.runtime.state import PROJECT
from tests.support.flow import Intake, created
from tests.support.system import System

SITE = UUID(int=7)
INTAKE = PROJECT / "services" / "intake" / "migrations"
SCHEDULING = PROJECT / "services" / "scheduling" / "migrations"


def parts(file: Path) -> tuple[str, str]:
    """What a migration does, and what takes it back."""
    up, _, down = file.read_text("utf-8").partition("-- migrate:down")
    return up, down


async def test_stays_have_states_that_the_release_before_knows_once_a_database_is_down(
    intake: Intake,
) -> None:
    client = await intake.refer()
    await intake.screen(client)
    stay = created(await intake.enrol(client, await intake.determine(client)))
    assert stay["state"] == "enrolled"
    up, down = parts(INTAKE / "0010_episodes.sql")
    await intake.system.execute_as_owner("intake", down)
    states = "SELECT state FROM enrolments"
    assert [row["state"] for row in await intake.system.fetch("intake", states)] == ["active"]
    await intake.system.execute_as_owner("intake", up)
    assert [row["state"] for row in await intake.system.fetch("intake", states)] == ["active"]


async def test_ends_of_placements_are_ones_that_the_release_before_knows(system: System) -> None:
    place, wait = uuid4(), uuid4()
    await system.execute_as_owner(
        "scheduling",
        "SET stepwell.sites = '*';"
        "INSERT INTO sites (id, name, time_zone, opened_at)"
        f" VALUES ('{SITE}', 'Site', 'America/Denver', '2026-02-23T14:00:00Z');"
        "INSERT INTO cohorts (id, site_id, name, track, capacity, dual_diagnosis_trained,"
        " created_at)"
        f" VALUES ('{UUID(int=1)}', '{SITE}', 'Evenings', 'general', 5, false,"
        " '2026-02-23T14:00:00Z');"
        "INSERT INTO placements (id, site_id, client_id, enrolment_id, cohort_id, criteria,"
        " considered, placed_at, ended_at, end_reason)"
        f" VALUES ('{place}', '{SITE}', '{uuid4()}', '{uuid4()}', '{UUID(int=1)}', '[]', '[]',"
        " '2026-02-23T14:00:00Z', '2026-02-24T14:00:00Z', 'completed');"
        "INSERT INTO waitlist (id, site_id, client_id, enrolment_id, dual_diagnosis, criteria,"
        " waitlisted_at, left_at, outcome)"
        f" VALUES ('{wait}', '{SITE}', '{uuid4()}', '{uuid4()}', false, '[]',"
        " '2026-02-23T14:00:00Z', '2026-02-24T14:00:00Z', 'died')",
    )
    later = [parts(file) for file in sorted(SCHEDULING.glob("*.sql"))[1:]]
    for _, down in reversed(later):
        await system.execute_as_owner("scheduling", down)
    ends = "SELECT end_reason FROM placements UNION ALL SELECT outcome FROM waitlist"
    assert [row[0] for row in await system.fetch("scheduling", ends)] == ["stepped_down"] * 2
    for up, _ in later:
        await system.execute_as_owner("scheduling", up)


async def test_a_referral_that_a_process_of_the_release_before_took_is_shown_with_the_others(
    intake: Intake,
) -> None:
    client = await intake.refer()
    await intake.system.execute_as_owner(
        "intake",
        "SET stepwell.sites = '*';"
        "UPDATE referrals SET referrer = NULL, changed_at = NULL, received_on = NULL,"
        f" starts_on = NULL, source = 'hospital' WHERE client_id = '{client}'",
    )
    desk = intake.system.client("intake", "front_desk", [SITE])
    answer = await desk.get("/referrals")
    assert answer.status_code == 200, answer.text
    (shown,) = answer.json()["items"]
    assert (shown["source"], shown["state"]) == ("inpatient", "received")
    assert shown["changed_at"] == shown["received_at"]
    await intake.screen(client)
    clock = await desk.get(f"/referrals/{shown['id']}/clock")
    assert clock.status_code == 200, clock.text


async def test_one_name_is_one_that_the_release_before_can_read_once_a_database_is_down(
    intake: Intake,
) -> None:
    client = await intake.refer(given_name=None, family_name="Suharto")
    up, down = parts(INTAKE / "0014_one_legal_name.sql")
    await intake.system.execute_as_owner("intake", down)
    names = "SELECT given_name, family_name FROM clients"
    assert [tuple(row) for row in await intake.system.fetch("intake", names)] == [("", "Suharto")]
    await intake.system.execute_as_owner("intake", up)
    desk = intake.system.client("intake", "front_desk", [SITE])
    assert (await desk.get(f"/clients/{client}")).json()["given_name"] is None
