"""An event goes out as it was written down, byte by byte."""

import asyncio
from datetime import UTC, datetime
from typing import Any, cast

import pytest
from aiokafka import AIOKafkaProducer

from shared.database import Database
from shared.messaging.relay import Relay
from tests.support.apis import settings

KEY = "01a20e20-97d3-779f-8fac-673dd9f7f455"
AT = datetime(2026, 3, 2, 14, 30, tzinfo=UTC)


class Broker:
    """Keeps what a producer is told to send."""

    def __init__(self) -> None:
        self.values: list[bytes] = []

    async def send(self, topic: str, value: bytes, **told: Any) -> asyncio.Future[Any]:
        self.values.append(value)
        return asyncio.get_running_loop().create_future()


@pytest.mark.parametrize(
    "payload",
    [
        b'{"items":[{"h":1},{"h":1.5}]}',
        b'{"empty":[],"nothing":null,"none":{}}',
        b'{"one":1,"other":1.0,"large":12345678901234567890,"exact":0.10}',
        '{"name" : "Mar\u00eda",  "a":"\u2028"}'.encode(),
    ],
)
async def test_what_was_written_down_is_sent_as_it_stands(payload: bytes) -> None:
    """Tools that expand JSON on its way make a text of a number, and lose what is empty."""
    relay = Relay(cast(Database, None), settings("intake"))
    broker = Broker()
    row = (7, "intake", KEY, 3, "e-1", "t", "s", AT, None, payload, False)
    await relay._send(cast(AIOKafkaProducer, broker), cast(Any, row))
    assert broker.values == [payload]
