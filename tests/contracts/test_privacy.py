"""Events say what happened to a pseudonym; who that is stays where it was entered."""

import re
from collections.abc import Iterator

import pytest

from shared.contracts.base import ClientEvent, Event
from shared.contracts.scheduling import StaffChanged, StaffCredentialExpiring
from shared.contracts.topics import BY_STREAM, EVENTS, TOPICS
from stepwell.contracts.examples import example_of
from stepwell.contracts.schemas import Schema, schema_of

CONTACTS = "contacts"
PERSONAL = re.compile(
    r"name|birth|dob|age|email|mail|phone|mobile|address|street|city|zip|postal|ssn|insur"
    r"|gender|sex|ethnic|race|note|comment|text|message|answer|item|employer|photo"
)
HARMLESS = {
    "age_band": "of four bands; needed to give a seat, and nothing finer",
    "criteria/*/name": "names a criterion, not a person",
    "factors/*/name": "names a factor of a score, not a person",
    "gender_group": "which groups the client may join; needed to give a seat, and nothing finer",
    "staff_gender": "of who treats, by a pseudonym: some groups need a woman or a man",
    "scores/*/safety_item": "whether the safety item was positive, which staff must see",
}
FREE_TEXT = {
    "criteria/*/name",
    "criteria/*/observed",
    "criteria/*/required",
    "criteria/*/source",
    "from_level",
    "level_of_care",
    "policy/id",
    "policy/version",
    "recommended_level",
    "scores/*/band",
    "scores/*/instrument_version",
    "time_zone",
    "to_level",
}
"""Strings that no list or format limits; each is filled from a policy or a table of the code."""

OTHERS = [event for event in EVENTS if event.stream != CONTACTS]


def properties(schema: Schema) -> Iterator[tuple[str, Schema]]:
    """Every property of a schema, nested ones by their path."""
    definitions = schema.get("$defs", {})

    def walk(part: Schema, path: str) -> Iterator[tuple[str, Schema]]:
        if "$ref" in part:
            yield from walk(definitions[part["$ref"].rpartition("/")[2]], path)
            return
        if path:
            yield path, part
        for option in part.get("anyOf", []):
            yield from walk(option, path)
        for name, below in part.get("properties", {}).items():
            yield from walk(below, f"{path}/{name}" if path else name)
        if "items" in part:
            yield from walk(part["items"], f"{path}/*")

    yield from walk(schema, "")


def is_personal(path: str) -> bool:
    words = path.rpartition("/")[2].split("_")
    return any(PERSONAL.fullmatch(word.removesuffix("s")) for word in words)


@pytest.mark.parametrize("event", OTHERS, ids=lambda event: event.__name__)
def test_no_event_names_a_person_or_says_where_to_reach_one(event: type[Event]) -> None:
    found = {path for path, _ in properties(schema_of(event)) if is_personal(path)}
    assert found <= HARMLESS.keys()


@pytest.mark.parametrize("event", OTHERS, ids=lambda event: event.__name__)
def test_no_event_has_room_for_free_text(event: type[Event]) -> None:
    free = {
        path
        for path, part in properties(schema_of(event))
        if part.get("type") == "string" and not part.keys() & {"enum", "const", "format", "pattern"}
    }
    assert free <= FREE_TEXT, "limit it, or say here why nobody can write a name into it"


def test_the_words_that_are_looked_for_are_found() -> None:
    for path in ("given_name", "email", "birth_date", "contact/phone_numbers", "notes"):
        assert is_personal(path)
    for path in ("source_sequence", "attended_minutes", "stage", "statuses"):
        assert not is_personal(path)


@pytest.mark.parametrize("event", EVENTS, ids=lambda event: event.__name__)
def test_the_key_of_an_event_is_its_client_or_else_the_site_it_is_about(event: type[Event]) -> None:
    example = example_of(schema_of(event))
    about = "client_id" if issubclass(event, ClientEvent) else "site_id"
    if event in (StaffChanged, StaffCredentialExpiring):
        about = "staff_id"
    assert event.model_validate(example).key == example[about]


def test_contact_details_travel_on_a_topic_that_only_notifications_reads() -> None:
    assert [event.__name__ for event in EVENTS if event.stream == CONTACTS] == [
        "ContactDetailsChanged"
    ]
    assert BY_STREAM[CONTACTS].readers == ("notifications",)
    assert [topic.stream for topic in TOPICS if topic.producer == "intake"] == ["intake", CONTACTS]
