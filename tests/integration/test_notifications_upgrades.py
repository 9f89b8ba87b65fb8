"""Messages and alerts go into one table and back with all that is known of them."""

from typing import Any
from uuid import UUID, uuid4

import asyncpg
import pytest

from stepwell.runtime.state import PROJECT
from tests.integration.test_intake_upgrades import parts
from tests.support.system import System

UP, DOWN = parts(PROJECT / "services" / "notifications" / "migrations" / "0006_one_table.sql")
SITE, FLAG = UUID(int=7), UUID(int=8)
NOON, ONE = "2026-03-02T12:00:00+00:00", "2026-03-02T13:00:00+00:00"
ENTER = f"""
INSERT INTO staff_alerts (id, site_id, client_id, flag_id, step, severity, address, state,
  planned_at, next_at, expires_at, traceparent, attempts, failure, ended_at) VALUES
('{uuid4()}', '{SITE}', '{uuid4()}', '{FLAG}', 0, 'high', 'a@example.test', 'planned',
  '{NOON}', '{ONE}', '{ONE}', 'trace', 1, NULL, NULL),
('{uuid4()}', '{SITE}', '{uuid4()}', '{FLAG}', 1, 'high', 'a@example.test', 'delivered',
  '{NOON}', '{NOON}', '{ONE}', NULL, 2, NULL, '{ONE}'),
('{uuid4()}', '{SITE}', '{uuid4()}', '{FLAG}', 2, 'moderate', NULL, 'failed',
  '{NOON}', '{NOON}', '{ONE}', NULL, 0, 'no_contacts', '{NOON}')
"""
REMINDER = f"""
INSERT INTO notifications (id, site_id, client_id, session_id, kind, session_starts_at,
  site_time_zone, state, planned_at, due_at, next_at, expires_at)
VALUES ('{uuid4()}', '{SITE}', '{uuid4()}', '{uuid4()}', 'session_reminder', '{ONE}',
  'America/Denver', 'planned', '{NOON}', '{NOON}', '{NOON}', '{ONE}')
"""
ALL = "SET stepwell.sites = '*';"


async def kept(system: System, table: str) -> list[dict[str, Any]]:
    return [dict(row) for row in await system.fetch("notifications", f"SELECT * FROM {table}")]


async def test_alerts_move_into_the_table_of_messages_and_back(system: System) -> None:
    await system.execute_as_owner("notifications", DOWN)
    await system.execute_as_owner("notifications", f"{ALL} {ENTER}; {REMINDER}")
    before = await kept(system, "staff_alerts ORDER BY step"), await kept(system, "notifications")
    await system.execute_as_owner("notifications", UP)
    moved = await kept(system, "notifications WHERE kind = 'staff_alert' ORDER BY step")
    for old, new in zip(before[0], moved, strict=True):
        assert {name: new[name] for name in old} == old
        assert new["due_at"] == old["planned_at"]
    await system.execute_as_owner("notifications", DOWN)
    after = await kept(system, "staff_alerts ORDER BY step"), await kept(system, "notifications")
    assert after == before
    await system.execute_as_owner("notifications", UP)


async def test_an_alert_without_anybody_to_tell_is_one_that_failed_for_the_release_before(
    system: System,
) -> None:
    await system.execute_as_owner(
        "notifications",
        f"""{ALL} INSERT INTO notifications (id, site_id, client_id, kind, flag_id, step, severity,
          state, planned_at, due_at, next_at, expires_at)
        VALUES ('{uuid4()}', '{SITE}', '{uuid4()}', 'staff_alert', '{FLAG}', 0, 'high', 'planned',
          '{NOON}', '{NOON}', '{NOON}', '{ONE}')""",
    )
    await system.execute_as_owner("notifications", DOWN)
    (alert,) = await kept(system, "staff_alerts")
    assert (alert["state"], alert["failure"]) == ("failed", "no_contacts")
    assert alert["ended_at"] == alert["planned_at"]
    await system.execute_as_owner("notifications", UP)


@pytest.mark.parametrize(
    "wrong",
    [
        REMINDER.replace("'session_reminder'", "'staff_alert'"),
        REMINDER.replace("session_starts_at,", "").replace(f"'{ONE}',\n", ""),
    ],
)
async def test_a_message_is_about_a_session_or_a_flag(system: System, wrong: str) -> None:
    with pytest.raises(asyncpg.CheckViolationError, match="notifications_about"):
        await system.execute_as_owner("notifications", f"{ALL} {wrong}")
