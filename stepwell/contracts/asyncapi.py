"""The AsyncAPI 3.0 document: topics, who writes and reads them, and the messages on them."""

from importlib.metadata import version

from shared.contracts.base import Event
from shared.contracts.topics import EVENTS, TOPICS, Topic
from shared.settings import SERVICES
from stepwell.contracts.messages import BINDING_VERSION, Part, headers_schema, message

ABOUT = """\
Events of Stepwell, a platform for providers that run intensive outpatient programs at many sites.

Every event is a CloudEvents 1.0 record in Kafka's binary mode: the attributes are `ce_*` headers,
the value is the JSON payload, the key is the client (of the directory: the site, or the person of
the staff). Per key and stream events carry `ce_sequence` 1, 2, 3 … without a gap and in commit
order, so that a subscriber can prove that it missed nothing; what a topic no longer holds is to be
had from the publisher's `GET /events`. Derived streams have no sequence: each event says
from which source position it was computed, and the highest position wins.

A record can come twice; one whose sequence is not above the last one applied is skipped. Readers
pass over properties and headers that they do not know. A change that would break a reader gets a
new type (`….v2`).

Payloads hold pseudonymous ids, never names, phone numbers, addresses or dates of birth; contact
details travel on one topic of their own.

Names of topics start with the setting KAFKA_TOPIC_PREFIX, which is empty unless it is set.
"""


def document() -> Part:
    """The whole document."""
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "Stepwell events",
            "version": version("stepwell"),
            "description": ABOUT,
            "license": {
                "name": "Apache-2.0",
                "url": "https://www.apache.org/licenses/LICENSE-2.0",
            },
        },
        "defaultContentType": "application/json",
        "servers": {"local": _local()},
        "channels": {topic.stream: _channel(topic) for topic in TOPICS},
        "operations": _operations(),
        "components": {
            "securitySchemes": {"principal": {"type": "plain", "description": _PRINCIPAL}},
            "messages": {event.__name__: message(event) for event in EVENTS},
            "schemas": {
                "Headers": headers_schema(sequenced=True),
                "DerivedHeaders": headers_schema(sequenced=False),
            },
        },
    }


PARTITIONER = "murmur2"
"""By which a record's key decides its partition; `shared.messaging.relay.partition_of`."""
_PRINCIPAL = "Each service has a principal of its own; the access lists follow this document."


def _local() -> Part:
    return {
        "host": "127.0.0.1:8092",
        "protocol": "kafka",
        "description": "The broker of the local system; its port is STEPWELL_PORT_BASE + 92.",
        "security": [{"$ref": "#/components/securitySchemes/principal"}],
    }


def _events_of(topic: Topic) -> list[type[Event]]:
    return [event for event in EVENTS if event.stream == topic.stream]


def _channel(topic: Topic) -> Part:
    kept: Part = (
        {"cleanup.policy": ["compact"]}
        if topic.compacted
        else {"cleanup.policy": ["delete"], "retention.ms": topic.retention_ms}
    )
    messages = {
        event.__name__: {"$ref": f"#/components/messages/{event.__name__}"}
        for event in _events_of(topic)
    }
    return {
        "address": topic.name,
        "title": topic.stream,
        "description": _described(topic),
        **({"messages": messages} if messages else {}),
        "bindings": {
            "kafka": {
                "topic": topic.name,
                "partitions": topic.partitions,
                "topicConfiguration": kept,
                "bindingVersion": BINDING_VERSION,
            }
        },
        "x-partitioner": PARTITIONER,
        "x-writer": topic.producer,
        "x-readers": list(topic.readers),
        "x-derived": topic.derived,
    }


def _described(topic: Topic) -> str:
    if not _events_of(topic):
        return f"The state of a stream worker of {topic.producer}; of no use to subscribers."
    readers = (
        "every service" if set(topic.readers) == set(SERVICES) else " and ".join(topic.readers)
    )
    kind = "A derived stream without sequence" if topic.derived else "A gapless sequence per key"
    return (
        f"{kind}. Written by {topic.producer}; may be read by {readers}. "
        "The partition is that of the key by murmur2, as Java's client computes it."
    )


def _operations() -> Part:
    made: Part = {}
    for service in SERVICES:
        for topic in TOPICS:
            if not _events_of(topic):
                continue
            if topic.producer == service:
                made[f"{service}.sends.{topic.stream}"] = _operation("send", topic)
            if service in topic.readers and service != topic.producer:
                made[f"{service}.receives.{topic.stream}"] = _operation(
                    "receive", topic, group=service
                )
    return made


def _operation(action: str, topic: Topic, group: str | None = None) -> Part:
    kafka: Part = {"bindingVersion": BINDING_VERSION}
    if group is not None:
        kafka["groupId"] = {
            "type": "string",
            "pattern": f"^{group}",
            "description": "The access lists allow groups that start with the service's name.",
        }
    return {
        "action": action,
        "channel": {"$ref": f"#/channels/{topic.stream}"},
        "messages": [
            {"$ref": f"#/channels/{topic.stream}/messages/{event.__name__}"}
            for event in _events_of(topic)
        ],
        "bindings": {"kafka": kafka},
    }
