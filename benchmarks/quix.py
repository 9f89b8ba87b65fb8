"""The peer of the engagement worker: Quix Streams does the same, with the same rules.

Runs in an environment of its own (`benchmarks/stream.py` makes it), as Quix Streams asks for
another pydantic than the product. State with a changelog, at least once, and one answer an event,
all as its makers set it; only what decides and computes is the product's.

    python -m benchmarks.quix SERVERS PASSWORD SOURCE TARGET FOLDER
"""

import sys
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

from quixstreams import Application
from quixstreams.kafka import ConnectionConfig

from services.outcomes.engagement.rules.figures import figures_as_json
from services.outcomes.engagement.rules.window import with_event
from shared.contracts.outcomes import EngagementChanged
from shared.contracts.scheduling import SessionAttended

ATTENDED = SessionAttended.type_name().encode()


def main(servers: str, password: str, source: str, target: str, folder: str) -> None:
    """Answer attendance until stopped."""
    broker = ConnectionConfig(
        bootstrap_servers=servers,
        security_protocol="sasl_plaintext",
        sasl_mechanism="PLAIN",
        sasl_username="platform",
        sasl_password=password,
    )
    app = Application(
        broker_address=broker,
        consumer_group=f"{target}-quix",
        auto_offset_reset="earliest",
        state_dir=folder,
        loglevel="WARNING",
    )
    told = app.topic(source, key_deserializer="str", value_deserializer="bytes")
    answers = app.topic(target, key_serializer="str", value_serializer="bytes")
    stream = app.dataframe(told).apply(answer, stateful=True, metadata=True)
    stream = stream.filter(lambda value: value is not None)
    stream.set_headers(headers).to_topic(answers)
    app.run()


def answer(value: bytes, key: str, _: int, headers: Any, state: Any) -> bytes | None:
    """The figures after an event."""
    given = dict(headers)
    if given["ce_type"] != ATTENDED:
        return None
    event = SessionAttended.model_validate_json(value)
    window = with_event(state.get_bytes("window"), event, int(given["ce_sequence"]))
    state.set_bytes("window", window)
    return figures_as_json(key, window)


def headers(_: bytes, key: str, *__: Any) -> list[tuple[str, bytes]]:
    """What the product's answers carry."""
    return [
        ("ce_specversion", b"1.0"),
        ("ce_id", str(uuid4()).encode()),
        ("ce_source", b"/stepwell/engagement"),
        ("ce_type", EngagementChanged.type_name().encode()),
        ("ce_time", datetime.now(UTC).isoformat().encode()),
        ("ce_subject", key.encode()),
        ("ce_dataschema", EngagementChanged.schema_name().encode()),
        ("content-type", b"application/json"),
    ]


if __name__ == "__main__":
    main(*sys.argv[1:])
