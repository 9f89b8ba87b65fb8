"""What the engagement worker reads and writes: attendance, windows and figures as records."""

import asyncio
from collections.abc import Awaitable, Sequence
from typing import Any

from aiokafka import AIOKafkaProducer, ConsumerRecord

from services.outcomes.engagement.rules.figures import figures_as_json
from services.outcomes.engagement.rules.window import SessionEvent, Window
from shared.contracts.outcomes import EngagementChanged
from shared.contracts.scheduling import SessionAttended, SessionMissed, SessionNotHeld
from shared.contracts.topics import BY_TYPE
from shared.messaging.envelope import Headers, Received, open_envelope, read_payload

SOURCE = "scheduling"
CONTRACTS: dict[str, type[SessionEvent]] = {
    contract.type_name(): contract for contract in (SessionAttended, SessionMissed, SessionNotHeld)
}
PASSED_BY = {name.encode() for name in BY_TYPE} - {name.encode() for name in CONTRACTS}
"""Types of events that tell of no session: nothing more is read of them."""


def told_of_session(record: ConsumerRecord) -> Received[SessionEvent] | None:
    """What a record tells of a session; None for other events.

    Raises:
        Undecodable: for what cannot be read.
    """
    headers = record.headers
    if dict(headers).get("ce_type") in PASSED_BY:
        return None
    envelope = open_envelope(SOURCE, record.key, record.value, headers)
    contract = CONTRACTS.get(envelope.type)
    if contract is None:
        return None
    return read_payload(envelope, contract)  # type: ignore[return-value]  # the contract is one of those


def engagement(client_id: str, window: Window) -> EngagementChanged:
    """The event that tells a window's figures."""
    return EngagementChanged.model_validate_json(figures_as_json(client_id, window))


class Outgoing:
    """Records on their way to several partitions, as few batches as hold them."""

    def __init__(self, producer: AIOKafkaProducer) -> None:
        self._producer = producer
        self._batches: dict[tuple[str, int], list[Any]] = {}

    def add(
        self, topic: str, partition: int, key: bytes, value: bytes, headers: Headers = ()
    ) -> None:
        """Put a record behind those of its partition that are on their way."""
        batches = self._batches.setdefault((topic, partition), [])
        record = {"timestamp": None, "key": key, "value": value, "headers": list(headers)}
        if not batches or batches[-1].append(**record) is None:
            batches.append(self._producer.create_batch())
            batches[-1].append(**record)

    async def send(self) -> Sequence[Awaitable[Any]]:
        """Hand everything over; what must be acknowledged before it is safe."""
        sent = await asyncio.gather(
            *(self._send(*to, batches) for to, batches in self._batches.items())
        )
        return [future for futures in sent for future in futures]

    async def _send(self, topic: str, partition: int, batches: list[Any]) -> list[Awaitable[Any]]:
        return [
            await self._producer.send_batch(batch, topic, partition=partition) for batch in batches
        ]
