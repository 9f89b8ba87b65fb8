"""The outcomes service over HTTP, and the events of others that it reacts to."""

import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

import httpx
from aiokafka import AIOKafkaProducer

from shared import clock
from shared.contracts.base import Event
from shared.contracts.intake import ScreeningCompleted
from shared.contracts.outcomes import EngagementChanged
from shared.database import ALL_SITES, Database, Transaction
from shared.messaging.envelope import headers_of
from shared.messaging.outbox import publish
from tests.support.attendance import SITE, Published, from_scratch, outcome
from tests.support.scheduling import Enrolled, registry_of, told
from tests.support.system import Client, System

ACCEPT = {"decision": "accept", "reason": "agrees_with_recommendation"}
DECLINE = {"decision": "decline", "reason": "clinical_judgement"}
COMPLETE = {"instrument_version": "1.0", "status": "complete", "band": None, "positive": None}


def sessions(client: Enrolled, latest: str, sequence: int) -> list[Published]:
    """Eight sessions attended in three weeks, and the latest, attended or missed."""
    stay = client.enrolment_id
    attended = [outcome(client.id, 8 * n, "attended", sequence=n + 1, stay=stay) for n in range(8)]
    return [*attended, outcome(client.id, 64, latest, sequence=sequence, stay=stay)]


def engaged(client: Enrolled, latest: str = "attended", sequence: int = 9) -> EngagementChanged:
    figures = from_scratch(sessions(client, latest, sequence))
    return figures.model_copy(update={"site_id": client.site_id})


def screened(
    client: Enrolled, phq9: int = 6, *, answered_at: datetime | None = None
) -> ScreeningCompleted:
    scores: list[dict[str, Any]] = [
        {**COMPLETE, "instrument": "phq-9", "total": phq9, "safety_item": "negative"},
        {**COMPLETE, "instrument": "gad-7", "total": 5},
    ]
    for score in scores if answered_at else ():
        score["answered_at"] = answered_at
    made = {"screening_id": uuid4(), "occasion": "follow_up", "completed_at": clock.now()}
    return ScreeningCompleted.model_validate(
        {"client_id": client.id, "site_id": client.site_id, "scores": scores, **made}
    )


async def tell_in(tx: Transaction, *events: Event) -> None:
    """Apply events of one type in a transaction that is open."""
    await registry_of("outcomes").handle(tx, events[0].type_name(), told(*events))


@dataclass
class Outcomes:
    """One test's outcomes service; events of others are told directly, not over Kafka."""

    system: System
    database: Database
    lead: Client

    async def tell(self, *events: Event) -> None:
        """Apply events of one type in one transaction."""
        async with self.database.transaction(ALL_SITES) as tx:
            await tell_in(tx, *events)

    async def recommend(self, name: str = "ana", site_id: UUID = SITE) -> dict[str, Any]:
        """The recommendation for a client who is enrolled and does well."""
        client = Enrolled(name, site_id)
        for event in (client.enrolment, screened(client), engaged(client)):
            await self.tell(event)
        lead = self.system.client("outcomes", "clinical_lead", [site_id])
        (known,) = (await lead.get("/recommendations", client_id=client.id)).json()["items"]
        return dict(known)

    def client_of(self, known: dict[str, Any]) -> Enrolled:
        """The client of a recommendation, in the stay that it is for."""
        ids = {"id": UUID(known["client_id"]), "enrolment_id": UUID(known["enrolment_id"])}
        return Enrolled("ana", UUID(known["site_id"]), **ids)

    async def listed(self, **wanted: Any) -> list[dict[str, Any]]:
        return list((await self.lead.get("/recommendations", **wanted)).json()["items"])

    async def decide(self, known: dict[str, Any], body: dict[str, str]) -> httpx.Response:
        path = f"/recommendations/{known['id']}/decision"
        return await self.lead.post(path, body, etag=f'"{known["version"]}"')

    async def published(self) -> list[str]:
        return [name for _, _, name in await self.system.published("outcomes")]

    async def progress(self, client: Enrolled) -> dict[str, Any]:
        return dict((await self.lead.get(f"/clients/{client.id}/progress")).json())


@contextlib.asynccontextmanager
async def opened(system: System, name: str) -> AsyncIterator[Database]:
    database = Database(system.databases[name])
    await database.open()
    yield database
    await database.close()


async def publish_from(system: System, name: str, *events: Event) -> None:
    async with opened(system, name) as database, database.transaction(ALL_SITES) as tx:
        for event in events:
            publish(tx, event)


async def tell_figures(system: System, *figures: EngagementChanged) -> None:
    """Put figures on their topic, as the engagement worker does."""
    producer = AIOKafkaProducer(**system.settings("outcomes").kafka_client)
    await producer.start()
    topic = f"{system.prefix}stepwell.engagement"
    for one in figures:
        named: dict[str, Any] = {"stream": one.stream, "key": one.key, "type": one.type_name()}
        named |= {"dataschema": one.schema_name(), "event_id": "-", "occurred_at": clock.now()}
        headers = headers_of(sequence=None, traceparent=None, **named)
        payload = one.model_dump_json().encode()
        await producer.send_and_wait(topic, payload, key=one.key.encode(), headers=headers)
    await producer.stop()
