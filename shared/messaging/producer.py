"""The Kafka producer that all of ours are."""

from aiokafka import AIOKafkaProducer

from shared.settings import Settings


def producer_of(settings: Settings, name: str = "relay") -> AIOKafkaProducer:
    """The idempotent producer that relays use; brokers see it by the service and `name`."""
    return AIOKafkaProducer(
        **settings.kafka_client,
        client_id=f"{settings.service}-{name}",
        enable_idempotence=True,
        acks="all",
        max_batch_size=128 * 1024,
        linger_ms=0,
    )
