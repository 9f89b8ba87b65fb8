"""Read models made anew from the events, beside those that serve, and put in their place."""

import asyncio
import json
import os
import re
import sys
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from typing import Any

import pytest
from kafka import KafkaAdminClient, TopicPartition

from services.outcomes.read_models import LEFT, read_models
from shared.access.client import ServiceToken
from shared.database import ALL_SITES, Database
from shared.messaging.feed import Feed
from shared.messaging.outbox import publish
from shared.messaging.read_models import Progress, RebuildFailed
from shared.messaging.rebuilding import Rebuild
from shared.messaging.relay import Relay
from stepwell.runtime.state import PROJECT
from stepwell.runtime.topics import with_client
from tests.integration.test_outcomes_board import EXPECTED, HERE, NOON, history, values
from tests.support.board import History
from tests.support.outcomes import (
    ACCEPT,
    Outcomes,
    engaged,
    opened,
    publish_from,
    screened,
    tell_figures,
)
from tests.support.scheduling import Enrolled
from tests.support.system import System

OF_OTHERS = ("measures_overdue", "recommendations_open")
"""Figures of what outcomes itself makes of a history, while it works."""


def facts(figures: dict[str, float]) -> dict[str, float]:
    """Those that follow from what others told."""
    return {name: value for name, value in figures.items() if name not in OF_OTHERS}


ROWS = "SELECT count(*) FROM board_facts"


@dataclass
class Region:
    """Outcomes at work, with a history that came to it over Kafka, and a decision of a person."""

    system: System
    outcomes: Outcomes
    told: History
    progress: list[Progress] = field(default_factory=list)

    async def publish(self, history: History) -> None:
        """Let each service publish its events, and wait until outcomes has applied them."""
        for service in ("intake", "scheduling"):
            async with opened(self.system, service) as database:
                for one in history.received:
                    if one.stream == service:
                        async with database.transaction(ALL_SITES) as tx:
                            publish(tx, one.event)
            sent = sum(n for (stream, _), n in history.numbers.items() if stream == service)
            query = (
                "SELECT coalesce(sum(sequence), 0)::integer FROM platform.positions"
                " WHERE consumer = 'outcomes' AND stream = $1"
            )
            await self.system.until("outcomes", query, service, is_=sent)

    async def rebuild(self, parts: int | None = None, **options: Any) -> None:
        settings = self.system.settings("outcomes")
        database = Database(settings.database_url, size=2)
        feed = Feed(settings, ServiceToken(settings))
        await database.open()
        self.progress.clear()
        try:
            told = self.progress.append
            made = Rebuild(database, settings, read_models, feed, told, parts=parts)
            await made.run(**options)
        finally:
            await feed.close()
            await database.close()

    async def command(self) -> list[dict[str, Any]]:
        """What the process tells that an operator starts."""
        settings = self.system.settings("outcomes")
        environment = {
            "STEPWELL_ENVIRONMENT": "local",
            "STEPWELL_CLOCK_FILE": str(self.system.clock_file),
            "DATABASE_URL_OUTCOMES": settings.database_url,
            "KAFKA_BOOTSTRAP_SERVERS": settings.kafka_bootstrap_servers,
            "KAFKA_SECURITY_PROTOCOL": settings.kafka_security_protocol,
            "KAFKA_USERNAME_OUTCOMES": "outcomes",
            "KAFKA_PASSWORD_OUTCOMES": settings.kafka_password or "",
            "KAFKA_TOPIC_PREFIX": settings.kafka_topic_prefix,
            "OIDC_ISSUER": settings.oidc_issuer,
        }
        child = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "services.outcomes", "rebuild"),
            env=os.environ | environment,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        told, complaint = await child.communicate()
        assert child.returncode == 0, complaint.decode()
        return [line for text in told.splitlines() if "phase" in (line := json.loads(text))]

    async def board(self) -> dict[str, float]:
        shown = (await self.outcomes.lead.get("/board", site_id=HERE)).json()
        return facts(values(shown["total"]))

    async def lose(self, table: str, where: str) -> None:
        """Lose rows of a table that serves, as no user of ours may."""
        await self.outcomes.database.run(
            ALL_SITES, lambda tx: tx.execute(f"DELETE FROM {table} WHERE {where}")
        )


@pytest.fixture
async def region(system: System) -> AsyncIterator[Region]:
    system.set_clock(NOON)
    async with AsyncExitStack() as stack:
        for service in ("intake", "scheduling"):
            await system.start(service, roles=("api",))
            publisher = await stack.enter_async_context(opened(system, service))
            relay = Relay(publisher, system.settings(service))
            task = asyncio.create_task(relay.run())
            stack.callback(task.cancel)
        await system.start("outcomes")
        database = await stack.enter_async_context(opened(system, "outcomes"))
        lead = system.client("outcomes", "clinical_lead")
        made = Region(system, Outcomes(system, database, lead), history())
        await made.publish(made.told)
        yield made


async def test_lost_rows_are_back_after_a_rebuild_while_the_service_answers(region: Region) -> None:
    before = await region.board()
    assert before == facts(EXPECTED)
    tables = {one["table"]: one for one in await region.command() if "table" in one}
    assert set(tables) == set(read_models.tables)
    assert all(one["equal"] and one["live_rows"] == one["rebuilt_rows"] for one in tables.values())
    (rows,) = await region.system.fetch("outcomes", ROWS)

    await region.lose("board_facts", "kind IN ('seat', 'session')")
    with pytest.raises(RebuildFailed, match="board_facts would differ"):
        await region.rebuild()
    assert (await region.board())["seats_taken"] == 0

    answers: list[int] = []

    async def ask() -> None:
        while True:
            answers.append((await region.outcomes.lead.get("/board")).status_code)

    asking = asyncio.create_task(ask())
    await region.rebuild(parts=2, accept_differences=True)
    asking.cancel()
    assert set(answers) == {200}
    assert await region.board() == before
    assert await region.system.fetch("outcomes", ROWS) == [rows]

    later = History(HERE, numbers=region.told.numbers)
    later.enrolled("ida", NOON)
    await region.publish(later)
    assert (await region.board())["census"] == EXPECTED["census"] + 1


async def test_what_people_decided_is_kept_and_tables_have_all_that_they_had(
    region: Region,
) -> None:
    form = """
    SELECT c.relname, c.relrowsecurity, c.relforcerowsecurity, c.reloptions,
      (SELECT array_agg(pg_get_indexdef(indexrelid) ORDER BY pg_get_indexdef(indexrelid))
       FROM pg_index WHERE indrelid = c.oid) AS indexes,
      (SELECT array_agg(conname || pg_get_constraintdef(oid) ORDER BY conname) FROM pg_constraint
       WHERE conrelid = c.oid) AS constraints,
      (SELECT array_agg(polname || pg_get_expr(polqual, polrelid) || pg_get_expr(polwithcheck,
         polrelid)) FROM pg_policy WHERE polrelid = c.oid) AS policies,
      pg_get_userbyid(c.relowner) AS owner,
      has_table_privilege('outcomes_app', c.oid, 'SELECT, INSERT, UPDATE, DELETE') AS usable
    FROM pg_class c WHERE c.relnamespace = 'public'::regnamespace AND c.relkind = 'r' ORDER BY 1
    """
    had = await region.system.fetch("outcomes", form)
    jo = Enrolled("jo", HERE)
    for event in (jo.enrolment, screened(jo)):
        await publish_from(region.system, "intake", event)
    await tell_figures(region.system, engaged(jo))
    rows = "SELECT * FROM recommendations WHERE client_id = $1 ORDER BY id"
    query = rows.replace("*", "count(*) > 0").partition("ORDER")[0]
    await region.system.until("outcomes", query, jo.id)
    known, *_ = await region.outcomes.listed(client_id=jo.id)
    assert (await region.outcomes.decide(known, ACCEPT)).status_code == 200
    decided = await region.system.fetch("outcomes", rows, jo.id)
    await region.rebuild()
    assert await region.system.fetch("outcomes", rows, jo.id) == decided
    assert await region.system.fetch("outcomes", form) == had

    await region.system.execute_as_owner("outcomes", "DELETE FROM platform.positions")
    with pytest.raises(RebuildFailed):
        await region.rebuild(accept_differences=True)
    assert (await region.outcomes.progress(jo))["engagement"] is not None


async def test_what_no_topic_holds_any_more_comes_from_the_publishers_journal(
    region: Region,
) -> None:
    topic = f"{region.system.prefix}stepwell.intake"
    everything = {TopicPartition(topic, number): -1 for number in range(4)}

    def forget(client: KafkaAdminClient) -> None:
        client.delete_records(everything)

    await asyncio.to_thread(with_client, region.system.stack.broker, forget)
    await region.rebuild()
    assert await region.board() == facts(EXPECTED)


async def test_every_table_is_said_to_be_rebuilt_or_left(system: System) -> None:
    rows = await system.fetch(
        "outcomes",
        "SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace"
        " AND relkind = 'r' AND relname <> ALL ('{service_migrations, platform_migrations}')",
    )
    tables = {row["relname"] for row in rows}
    assert tables == {*read_models.tables, *LEFT}, "services/outcomes/read_models.py"
    page = (PROJECT / "docs" / "outcomes.md").read_text()
    section = page.partition("## Rebuild")[2].partition("\n## ")[0]
    assert set(re.findall(r"^\| `(\w+)`", section, re.M)) == tables
