"""Messages say that there is an appointment, and nothing more."""

import re
from datetime import UTC, datetime, timedelta
from typing import get_args
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from services.notifications.delivery.channels.base import ChannelRefused, Message
from services.notifications.delivery.channels.email import (
    SenderRevealing,
    checked_sender,
    email_of,
    recipient_of,
)
from services.notifications.delivery.policy import Texts, revealing, texts
from services.notifications.delivery.texts import spoken, written
from services.notifications.delivery.vocabulary import Kind
from shared.settings import Settings

DENVER = ZoneInfo("America/Denver")
NEW_YORK = ZoneInfo("America/New_York")
TUESDAY = datetime(2026, 6, 2, 23, 30, tzinfo=UTC)
SITE = UUID(int=1)
KINDS: tuple[Kind, ...] = get_args(Kind)
SENDER = "Appointments <appointments@example.test>"

FORBIDDEN = [
    # domain facts, section 5.3: never in any message, subject or sender
    *("recovery", "rehab", "IOP", "SUD", "sober", "relapse", "drug test", "group"),
    *("methadone", "buprenorphine", "Suboxone", "naltrexone", "Vivitrol", "Sublocade"),
    *("diagnosis", "PHQ-9", "GAD-7", "AUDIT", "DAST", "score", "results", "level of care"),
    *("LADC", "CADC", "counselor", "therapist", "clinic", "treatment center", "program"),
    *("programme", "outpatient", "detox", "psychoeducation", "life skills", "individual"),
    *("behavioral health", "mental health", "addiction", "substance use", "alcohol"),
    *("https://", "http://", "www.", "Main Street", "Stepwell"),
]


@pytest.fixture
def message() -> Message:
    text = written("session_reminder", SITE, TUESDAY, DENVER, DENVER)
    return Message(
        id=UUID("019ab7d0-3c1e-7a52-9d4e-5b1f2c3d4e5f"),
        kind="session_reminder",
        address="someone@example.test",
        subject=text.subject,
        body=text.body,
        written_at=datetime(2026, 6, 1, 23, 30, tzinfo=UTC),
    )


def test_a_reminder_says_when_the_appointment_is_and_what_one_can_do() -> None:
    assert written("session_reminder", SITE, TUESDAY, DENVER, DENVER).body == (
        "You have an appointment Tue 5:30 PM. Please call us to change it or to stop these "
        "messages. Replies are not read."
    )


def test_the_time_is_told_in_the_recipients_zone() -> None:
    assert spoken(TUESDAY, DENVER, DENVER) == "Tue 5:30 PM"
    assert spoken(datetime(2026, 6, 2, 6, 5, tzinfo=UTC), DENVER, DENVER) == "Tue 12:05 AM"
    assert spoken(datetime(2026, 6, 2, 18, 0, tzinfo=UTC), DENVER, DENVER) == "Tue 12:00 PM"


def test_the_zone_is_named_where_clocks_at_the_site_show_another_time() -> None:
    assert spoken(TUESDAY, NEW_YORK, DENVER) == "Tue 7:30 PM EDT"
    assert spoken(TUESDAY, ZoneInfo("America/Boise"), DENVER) == "Tue 5:30 PM"
    assert spoken(TUESDAY, ZoneInfo("America/Phoenix"), DENVER) == "Tue 4:30 PM MST"
    assert spoken(TUESDAY, ZoneInfo("Pacific/Chatham"), DENVER) == "Wed 12:15 PM UTC+1245"


@given(st.sampled_from(KINDS), st.timedeltas(timedelta(0), timedelta(days=365)))
def test_no_text_contains_a_word_that_reveals_treatment(kind: Kind, later: timedelta) -> None:
    text = written(kind, SITE, TUESDAY + later, NEW_YORK, DENVER)
    assert revealing(f"{text.subject}\n{text.body}", texts().never) == []
    assert len(text.body) <= 160


@pytest.mark.parametrize("word", FORBIDDEN)
@pytest.mark.parametrize("place", ["subject", "body"])
def test_a_text_that_reveals_treatment_is_refused(word: str, place: str) -> None:
    changed = texts().model_dump()
    changed["texts"]["session_reminder"][place] += f" {word}"
    with pytest.raises(ValueError, match="the text of session_reminder says"):
        Texts.model_validate(changed)


def test_a_subject_in_which_a_revealing_word_hides_is_refused() -> None:
    changed = texts().model_dump()
    changed["texts"]["session_reminder"]["subject"] = "YourNewRecovery"
    with pytest.raises(ValueError, match="the text of session_reminder says recovery"):
        Texts.model_validate(changed)


@pytest.mark.parametrize("kind", KINDS)
def test_texts_without_one_for_each_kind_of_message_are_refused(kind: Kind) -> None:
    changed = texts().model_dump()
    del changed["texts"][kind]
    with pytest.raises(ValueError, match=f"there is no text for {kind}"):
        Texts.model_validate(changed)


@pytest.mark.parametrize("word", FORBIDDEN)
def test_a_sender_that_reveals_treatment_is_refused(word: str) -> None:
    with pytest.raises(SenderRevealing):
        checked_sender(f"{word} <appointments@example.test>")


@pytest.mark.parametrize(
    "domain", ["recovery-center.test", "my.rehab.test", "sud-iop.test", "stepwell.test"]
)
def test_a_senders_domain_that_reveals_treatment_is_refused(domain: str) -> None:
    with pytest.raises(SenderRevealing):
        checked_sender(f"appointments@{domain}")


@pytest.mark.parametrize(
    "sender",
    [
        "appointments@hoperecovery.test",
        "appts@newrehabcenter.test",
        "a@lifesober.test",
        '"HopeRecovery" <a@x.test>',
        "Appointments <newlifedetox@x.test>",
        "a@stepdown.test",
    ],
)
def test_a_revealing_word_is_found_inside_a_senders_name_and_address(sender: str) -> None:
    with pytest.raises(SenderRevealing):
        checked_sender(sender)


@pytest.mark.parametrize("sender", ["a@basud.test", "Collaboration <front@desk.test>"])
def test_a_short_word_is_found_only_where_a_word_begins(sender: str) -> None:
    assert checked_sender(sender) == sender


def test_the_sender_configured_by_default_is_neutral() -> None:
    checked_sender(Settings.model_fields["smtp_from"].default)


@pytest.mark.parametrize("kind", KINDS)
def test_no_text_asks_for_an_answer_that_nobody_would_receive(kind: Kind) -> None:
    body = texts().texts[kind].body
    words = set(re.findall(r"[A-Z0-9]+", body.upper()))
    assert not {"REPLY", "ANSWER", "HELP", "YES", "1", "2", "CANCEL", "UNSUBSCRIBE"} & words
    assert body.endswith("Replies are not read.")


def test_an_email_is_the_same_each_time_it_is_made(message: Message) -> None:
    assert email_of(message, SENDER).as_bytes() == email_of(message, SENDER).as_bytes()
    assert email_of(message, SENDER)["Message-ID"] == (
        "<019ab7d0-3c1e-7a52-9d4e-5b1f2c3d4e5f@example.test>"
    )


def test_no_header_of_an_email_reveals_treatment(message: Message) -> None:
    whole = email_of(message, SENDER).as_string()
    assert revealing(whole, texts().never) == []


@example(" .;")
@given(st.text(max_size=60) | st.from_regex(r"[a-z\"(<,:; @.]{1,20}", fullmatch=True))
def test_any_address_is_either_one_bare_address_or_refused(address: str) -> None:
    try:
        recipient = recipient_of(address)
    except ChannelRefused:
        return
    assert recipient_of(recipient) == recipient
    assert "\n" not in recipient


def test_an_address_that_would_add_a_header_is_refused(message: Message) -> None:
    injected = Message(
        id=message.id,
        kind=message.kind,
        address="someone@example.test\r\nBcc: other@example.test",
        subject=message.subject,
        body=message.body,
        written_at=message.written_at,
    )
    with pytest.raises(ChannelRefused, match="malformed"):
        email_of(injected, SENDER)


def test_neither_address_nor_text_is_in_the_representation_of_a_message(message: Message) -> None:
    assert "someone" not in repr(message)
    assert "appointment " not in repr(message)
