"""An event that a handler refuses leaves nothing behind, and holds up no other."""

from dataclasses import replace
from typing import Any, cast
from uuid import UUID

from shared.contracts.intake import ReferralReceived
from shared.database import ALL_SITES, Database, Transaction
from shared.database.transaction import Connection
from shared.messaging.applier import Applier
from shared.messaging.envelope import Received, headers_of, open_envelope
from shared.messaging.feed import Feed
from shared.messaging.handlers import Consumers, Registry
from shared.messaging.outbox import publish
from tests.conftest import MONDAY

GOOD, BAD = UUID(int=1), UUID(int=2)
KEEP = "INSERT INTO kept VALUES ($1)"
consumers = Consumers()


@consumers.on(ReferralReceived)
async def keep(tx: Transaction, received: Received[ReferralReceived]) -> None:
    client = received.event.client_id
    await tx.execute(KEEP, client)
    publish(tx, received.event)
    if client == BAD:
        raise ValueError("of no use")


class Silent:
    """A connection to a database that has nothing; `sent` is what it was told to write."""

    def __init__(self) -> None:
        self.sent: list[tuple[str, tuple[Any, ...]]] = []

    async def fetch(self, *_: Any) -> list[Any]:
        return []

    async def fetchval(self, *_: Any) -> int:
        return 0

    async def execute(self, query: str, *values: Any) -> str:
        self.sent.append((query, values))
        return ""


def told(client: UUID) -> Any:
    event = ReferralReceived(
        client_id=client, site_id=GOOD, referral_id=GOOD, source="self", received_at=MONDAY
    )
    headers = headers_of(
        stream="intake",
        key=str(client),
        sequence=1,
        event_id=f"e-{client}",
        type=event.type_name(),
        dataschema=event.schema_name(),
        occurred_at=MONDAY,
        traceparent=None,
    )
    payload = event.model_dump_json().encode()
    return replace(open_envelope("intake", str(client).encode(), payload, headers), partition=0)


async def test_what_a_refused_event_left_is_undone() -> None:
    silent = Silent()
    tx = Transaction(cast(Connection, silent), MONDAY, ALL_SITES)
    applier = Applier(cast(Database, None), Registry("test", [consumers]), cast(Feed, None))
    outcome = await applier.apply_in(tx, [told(BAD), told(GOOD)], isolate=True, unfillable=set())
    assert [(one.key, one.reason) for one in outcome.letters] == [(str(BAD), "handler_failed")]
    assert [event.key for event in tx.outgoing] == [str(GOOD)]
    assert [
        (query.split()[0], values)
        for query, values in silent.sent
        if KEEP in query or "POINT" in query
    ] == [
        ("SAVEPOINT", ()),
        ("INSERT", (BAD,)),
        ("ROLLBACK", ()),
        ("SAVEPOINT", ()),
        ("INSERT", (GOOD,)),
        ("RELEASE", ()),
    ]
    assert tx.reached is not None
    assert tx.reached.applied == {("intake", str(GOOD)): 1}
