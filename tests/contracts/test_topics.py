"""Topics and access lists say the same as the events and the services."""

import importlib

import pytest

from shared.contracts import topics
from shared.contracts.topics import EVENTS, TOPICS, Topic
from shared.settings import SERVICES
from stepwell.runtime.topics import access

ACL = set(access("test."))


def allowed(operation: str, topic: Topic) -> set[str]:
    """The principals that may do this to a topic."""
    return {
        principal
        for principal, what, kind, name, pattern in ACL
        if (what, kind, name, pattern) == (operation, "TOPIC", f"test.{topic.name}", "LITERAL")
    }


@pytest.mark.parametrize("topic", TOPICS, ids=lambda topic: topic.stream)
def test_only_the_producer_writes_a_topic_and_only_its_readers_read_it(topic: Topic) -> None:
    assert allowed("WRITE", topic) == {topic.producer}
    assert allowed("READ", topic) == set(topic.readers)
    assert {topic.producer, *topic.readers} <= set(SERVICES)


def test_only_notifications_may_read_contact_details() -> None:
    (contacts,) = (topic for topic in TOPICS if topic.stream == "contacts")
    assert allowed("READ", contacts) == {"notifications"}


def test_no_access_is_granted_beyond_the_declared_topics_and_own_groups() -> None:
    for principal, operation, resource, name, pattern in ACL:
        if resource == "GROUP":
            assert (operation, name, pattern) == ("READ", f"test.{principal}", "PREFIXED")
        else:
            assert (resource, pattern) == ("TOPIC", "LITERAL")
            assert name.removeprefix("test.") in {topic.name for topic in TOPICS}


def test_the_groups_of_one_service_are_not_those_of_another() -> None:
    for service in SERVICES:
        assert not [other for other in SERVICES if other != service and other.startswith(service)]


def test_every_event_travels_on_a_declared_topic_of_its_publisher() -> None:
    for service in SERVICES:
        for event in importlib.import_module(f"shared.contracts.{service}").EVENTS:
            assert topics.BY_STREAM[event.stream].producer == service


def test_no_two_events_have_the_same_type_or_schema() -> None:
    assert len({event.type_name() for event in EVENTS}) == len(EVENTS)
    assert len({event.schema_name() for event in EVENTS}) == len(EVENTS)
    assert len({topic.name for topic in TOPICS}) == len(TOPICS)
