"""The AsyncAPI document is valid and describes the records that are really sent."""

import json
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml
from jsonschema import Draft7Validator, Draft202012Validator

from shared.contracts.topics import BY_STREAM, EVENTS, TOPICS
from shared.messaging.envelope import headers_of
from shared.settings import SERVICES
from stepwell.contracts.files import FOLDER
from stepwell.contracts.messages import headers_schema

OFFICIAL = Path(__file__).with_name("asyncapi_schema") / "3.0.0.json"


@cache
def document() -> dict[str, Any]:
    """The document as it is committed."""
    loaded: dict[str, Any] = yaml.safe_load((FOLDER / "asyncapi.yaml").read_text("utf-8"))
    return loaded


def follow(reference: str) -> Any:
    """What a reference of the document points at."""
    file, _, pointer = reference.partition("#")
    if file:
        return json.loads((FOLDER / file).read_text("utf-8"))
    found: Any = document()
    for step in pointer.strip("/").split("/"):
        found = found[step]
    return found


def references(part: Any) -> list[str]:
    if isinstance(part, list):
        return [found for one in part for found in references(one)]
    if not isinstance(part, dict):
        return []
    below = [found for one in part.values() for found in references(one)]
    return [*below, part["$ref"]] if isinstance(part.get("$ref"), str) else below


def test_the_document_is_valid_by_the_official_schema() -> None:
    schema = json.loads(OFFICIAL.read_text("utf-8"))
    errors = [
        f"{'/'.join(map(str, error.absolute_path))}: {error.message[:200]}"
        for error in Draft7Validator(schema).iter_errors(document())
    ]
    assert errors == []


def test_the_official_schema_would_find_a_mistake() -> None:
    schema = json.loads(OFFICIAL.read_text("utf-8"))
    channel = document()["channels"]["intake"] | {"adress": "stepwell.intake"}
    wrong = document() | {"channels": {"intake": channel}}
    assert not Draft7Validator(schema).is_valid(wrong)


def test_every_reference_leads_somewhere() -> None:
    assert len(references(document())) > len(EVENTS)
    for reference in references(document()):
        assert follow(reference), reference


def test_channels_are_the_topics_with_their_access() -> None:
    channels = document()["channels"]
    assert channels.keys() == {topic.stream for topic in TOPICS}
    for topic in TOPICS:
        channel = channels[topic.stream]
        assert channel["address"] == topic.name
        assert channel["bindings"]["kafka"]["partitions"] == topic.partitions
        assert channel["x-writer"] == topic.producer
        assert channel["x-readers"] == list(topic.readers)


def test_operations_follow_the_access_lists() -> None:
    operations = document()["operations"]
    for service in SERVICES:
        for topic in TOPICS:
            if not any(event.stream == topic.stream for event in EVENTS):
                continue
            sends, receives = (
                f"{service}.{verb}.{topic.stream}" in operations for verb in ("sends", "receives")
            )
            assert sends == (topic.producer == service)
            assert receives == (service in topic.readers and topic.producer != service)


@pytest.mark.parametrize("event", EVENTS, ids=lambda event: event.__name__)
def test_the_example_of_a_message_fits_its_schemas(event: Any) -> None:
    message = document()["components"]["messages"][event.__name__]
    assert message["name"] == event.type_name()
    (example,) = message["examples"]
    payload = follow(message["payload"]["$ref"])
    Draft202012Validator(payload).validate(example["payload"])
    Draft202012Validator(follow(message["headers"]["$ref"])).validate(example["headers"])
    assert payload["$id"] == example["headers"]["ce_dataschema"]


@pytest.mark.parametrize("event", EVENTS, ids=lambda event: event.__name__)
def test_a_message_and_its_payload_have_one_name_that_stays_the_same_over_minor_versions(
    event: Any,
) -> None:
    message = document()["components"]["messages"][event.__name__]
    payload = follow(message["payload"]["$ref"])
    assert payload["title"] == message["title"] == event.__name__
    assert event.version not in payload["title"]


@pytest.mark.parametrize("event", EVENTS, ids=lambda event: event.__name__)
def test_a_record_as_the_relay_sends_it_has_the_described_headers(event: Any) -> None:
    derived = BY_STREAM[event.stream].derived
    sent = headers_of(
        stream=event.stream,
        key="019c8a4e-2b00-7000-8000-000000000001",
        sequence=None if derived else 7,
        event_id="019c8a4e-2b00-7000-8000-000000000002",
        type=event.type_name(),
        dataschema=event.schema_name(),
        occurred_at=datetime(2026, 2, 23, 14, tzinfo=UTC),
        traceparent=None,
    )
    headers = {name: value.decode() for name, value in sent}
    schema = headers_schema(sequenced=not derived) | {"additionalProperties": False}
    Draft202012Validator(schema, format_checker=Draft202012Validator.FORMAT_CHECKER).validate(
        headers
    )
