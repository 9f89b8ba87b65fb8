"""A whole day with planted names: what a client is called and where they are reached is in the
mail's own address line and in the tables that are for it, and nowhere else."""

import json
import re
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from uuid import uuid4

import pytest
from prometheus_client import REGISTRY, generate_latest
from structlog.testing import capture_logs

from services.notifications.escalations.jobs import alerts
from shared.contracts.intake import ContactDetailsChanged
from shared.contracts.scheduling import SiteOpened
from shared.database import ALL_SITES
from shared.jobs import JobContext
from stepwell.runtime.disposable import Stack
from tests.support.alerts import DUTY, LEAD, Staff
from tests.support.notifications import DENVER_SITE, MONDAY_NOON, Client, Desk, open_desk

CANARY = re.compile("zinnia|quillfeather|5550187", re.IGNORECASE)
HOUR = timedelta(hours=1)
MAY_HOLD = {"contacts", "handovers", "stopped_addresses", "replies"}
"""The tables in which addresses and texts are kept, each for a time."""
TABLES = """
SELECT format('%I.%I', schemaname, tablename) AS name, tablename FROM pg_tables
WHERE schemaname IN ('public', 'platform')
"""


@pytest.fixture
async def desk(
    stack: Stack, test_clock: Path, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Desk]:
    async with open_desk(stack, test_clock, monkeypatch, rules=None) as opened:
        yield opened


async def live_a_day(desk: Desk) -> None:
    """Reminders, a miss, a session that is not held, a refused address, a server that is away, and
    an alert to staff."""
    staff = Staff(desk)
    await staff.name([LEAD], on_duty=[DUTY])
    opened = {"time_zone": "America/Denver", "opened_at": MONDAY_NOON}
    await desk.tell(SiteOpened(site_id=DENVER_SITE, **opened))
    clients = [Client(f"zinnia.quillfeather{n}") for n in range(5)]
    for client in clients:
        told = client.details().model_dump() | {"phone": "+13035550187"}
        await desk.introduce(ContactDetailsChanged.model_validate(told))
        await desk.tell(client.enrolled())
    ana, ben, cleo, dan, eve = clients
    session = cleo.expected(MONDAY_NOON + 5 * HOUR, uuid4())
    await desk.tell(ana.expected(MONDAY_NOON + 30 * HOUR), session, eve.expected(session.starts_at))
    await desk.tell(ben.missed(MONDAY_NOON - HOUR))
    await desk.tell(cleo.not_held(session))
    await desk.tell(dan.missed(MONDAY_NOON - 70 * HOUR))
    desk.mailbox.message_answers = ["451 not now", "554 never"]
    desk.mailbox.recipient_answers = {f"{eve.name}@example.test": "550 who is that"}
    until = MONDAY_NOON + 24 * HOUR
    while (due := await desk.next_due()) is not None and due <= until:
        await desk.until_next_due()
        await alerts.dispatch(JobContext(desk.database, desk.settings))


async def test_planted_names_are_only_where_they_have_to_be(desk: Desk) -> None:
    with capture_logs() as logs:
        await live_a_day(desk)
    assert logs, "something was worth a line"
    assert CANARY.search(json.dumps(logs, default=str)) is None
    assert desk.mailbox.taken
    for mail in desk.mailbox.taken:
        to = str(mail["To"])
        assert CANARY.search(to) is not None or to in (DUTY, LEAD)
        del mail["To"]
        assert CANARY.search(mail.as_string()) is None
        for part in mail.walk():
            if not part.is_multipart():
                assert CANARY.search(str(part.get_payload(decode=True))) is None
    assert len(desk.spans) > 5
    for span in desk.spans:
        assert CANARY.search(span.to_json()) is None, span.name
    assert CANARY.search(generate_latest(REGISTRY).decode()) is None
    published = await desk.published()
    assert published
    for event, _ in published:
        assert CANARY.search(event.model_dump_json()) is None, event.type_name()


async def test_planted_names_are_kept_only_in_the_tables_that_are_for_them(desk: Desk) -> None:
    await live_a_day(desk)
    held = set()
    async with desk.database.transaction(ALL_SITES) as tx:
        for table in await tx.fetch(TABLES):
            rows = await tx.fetch(f"SELECT t::text AS row FROM {table['name']} t")
            if any(CANARY.search(row["row"]) for row in rows):
                held.add(table["tablename"])
    assert "contacts" in held
    assert held <= MAY_HOLD
