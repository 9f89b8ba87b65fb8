"""The clients of the broker, for each protocol that a broker may ask for."""

from typing import Literal

import pytest
from aiokafka import AIOKafkaConsumer

from shared.messaging.producer import producer_of
from shared.settings import Settings


@pytest.mark.parametrize("protocol", ["PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"])
async def test_relay_and_consumer_can_speak_every_protocol_that_may_be_set(
    protocol: Literal["PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"],
) -> None:
    user = "intake" if protocol.startswith("SASL") else None
    settings = Settings(
        service="intake",
        database_url="postgresql://unused",
        kafka_bootstrap_servers="127.0.0.1:9",
        kafka_security_protocol=protocol,
        kafka_username=user,
        kafka_password=user,
        oidc_issuer="http://127.0.0.1:9",
    )
    context = settings.kafka_client.get("ssl_context")
    assert (context is not None) == protocol.endswith("SSL")
    producer_of(settings)
    AIOKafkaConsumer(**settings.kafka_client)
