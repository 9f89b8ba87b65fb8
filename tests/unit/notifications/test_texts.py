"""Messages say that there is an appointment, and nothing more."""

import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID
from xml.etree import ElementTree
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
from services.notifications.rulebook.policy import rulebook
from services.notifications.texts.policy import (
    Branding,
    Template,
    branding,
    templates,
    words,
)
from services.notifications.texts.rendering import write
from services.notifications.texts.rules import (
    Text,
    plain,
    revealing,
    segments,
    spoken,
)
from shared.settings import Settings
from tests.support.data import read_anew

DENVER = ZoneInfo("America/Denver")
NEW_YORK = ZoneInfo("America/New_York")
TUESDAY = datetime(2026, 6, 2, 23, 30, tzinfo=UTC)
SITE = UUID(int=1)
KINDS = sorted(rulebook().sendings)
SENDER = "Appointments <appointments@example.test>"


def written(
    kind: str, at: datetime, zone: ZoneInfo, language: str = "en", channel: str = "email"
) -> Text:
    """The message of a kind as it goes out."""
    values = {"when": spoken(at, zone, DENVER, language)}
    template = rulebook().sendings[kind].template
    return write(template, SITE, channel, language, values).text


def changed(place: str, source: str, language: str = "en") -> dict[str, Any]:
    """The template of the reminder with another text in one place."""
    found = templates()["session_reminder"].model_dump()
    found["languages"][language][place] = source
    return found


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
    text = written("session_reminder", TUESDAY, DENVER)
    return Message(
        id=UUID("019ab7d0-3c1e-7a52-9d4e-5b1f2c3d4e5f"),
        kind="session_reminder",
        address="someone@example.test",
        subject=text.subject,
        body=text.body,
        html=text.html,
        written_at=datetime(2026, 6, 1, 23, 30, tzinfo=UTC),
    )


def test_a_reminder_says_when_the_appointment_is_and_what_one_can_do() -> None:
    assert written("session_reminder", TUESDAY, DENVER).body == (
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


@pytest.mark.parametrize("channel", ["email", "sms"])
@pytest.mark.parametrize("language", ["en", "es"])
@pytest.mark.parametrize("kind", KINDS)
def test_no_text_contains_a_word_that_reveals_treatment(
    kind: str, language: str, channel: str
) -> None:
    text = written(kind, TUESDAY, NEW_YORK, language, channel)
    assert revealing(f"{text.subject}\n{text.body}", words().never) == []
    assert words().revealing_header(text.subject) == []
    if channel == "sms":
        assert segments(text.body).count == 1
        assert segments(text.body).encoding == "GSM-7"


@pytest.mark.parametrize("language", ["en", "es"])
@pytest.mark.parametrize("place", ["subject", "body", "sms"])
@pytest.mark.parametrize("word", [*FORBIDDEN, "recuperación", "RECUPERACION", "terapia"])
def test_a_text_that_reveals_treatment_is_refused_in_every_language(
    word: str, place: str, language: str
) -> None:
    text = getattr(templates()["session_reminder"].languages[language], place)  # type: ignore[index]
    with pytest.raises(ValueError, match=f"{language}: the text says"):
        Template.model_validate(changed(place, f"{text} {word}", language))


def test_a_subject_in_which_a_revealing_word_hides_is_refused() -> None:
    with pytest.raises(ValueError, match="the text says recovery"):
        Template.model_validate(changed("subject", "YourNewRecovery"))


@pytest.mark.parametrize(
    ("source", "reason"),
    [
        ("Hello {{ name }}", "name is not known"),
        ("Hello {{ when.year }} {{ client }}", "client is not known"),
        ("Hello {{ when", "no template"),
        ("Hello {% for a in when %}", "no template"),
        ("Come {{ when }}. Reply YES to agree", "a reply of YES opts out"),
        ("Come {{ when }}. Responda CANCELAR", "a reply of CANCELAR opts out"),
        ("Come {{ when }}. " + "x" * 160, "longer than 160"),
    ],
)
def test_a_template_that_could_not_be_filled_in_or_would_mislead_is_refused(
    source: str, reason: str
) -> None:
    with pytest.raises(ValueError, match=reason):
        Template.model_validate(changed("body", source) | {"most_segments": 9})


def test_a_text_message_that_costs_more_than_it_may_is_refused() -> None:
    with pytest.raises(ValueError, match="it costs 2 text messages, and most_segments is 1"):
        Template.model_validate(changed("sms", "You are expected {{ when }} \u2603 " + "x" * 60))


def test_a_template_cannot_leave_its_sandbox() -> None:
    with pytest.raises(ValueError, match="cannot be filled in"):
        Template.model_validate(changed("body", "{{ when.__class__.__mro__ }}"))


def test_a_language_in_which_nothing_is_written_falls_back_visibly() -> None:
    given = write("session_reminder", SITE, "email", "vi", {"when": "Tue 5:30 PM"})
    assert (given.language, given.fell_back) == ("en", True)
    given = write("session_reminder", SITE, "email", "es-MX", {"when": "mar 5:30 PM"})
    assert (given.language, given.fell_back) == ("es", False)
    assert given.text.body.startswith("Tiene una cita el mar 5:30 PM.")


@pytest.mark.parametrize(
    ("text", "encoding", "count"),
    [
        ("x" * 160, "GSM-7", 1),
        ("x" * 161, "GSM-7", 2),
        (
            "x" * 152 + "€" + "x" * 152,
            "GSM-7",
            3,
        ),  # the two septets of an extended letter stay together
        ("x" * 153 + "x" * 151 + "€", "GSM-7", 2),
        ("sábado " + "x" * 63, "UCS-2", 1),
        ("sábado " + "x" * 64, "UCS-2", 2),
        ("¿é ñ ü? " * 20, "GSM-7", 1),
        *((f"{letter}{'x' * 70}", "UCS-2", 2) for letter in "íóáÍÁ"),
        ("x" * 66 + "😀" + "x" * 66, "UCS-2", 3),
    ],
)
def test_what_a_text_message_costs_is_counted_by_the_border_rule(
    text: str, encoding: str, count: int
) -> None:
    found = segments(text)
    assert (found.encoding, found.count) == (encoding, count)


def test_accents_and_blanks_of_print_make_no_text_message_dearer() -> None:
    range_of_times = "sáb 5:30\u202fPM\u2009\u2013\u20096:30\u00a0PM"
    assert plain(range_of_times) == "sab 5:30 PM - 6:30 PM"
    written_out = f"Tiene una cita el {range_of_times}. Llame al 303-555-0123 si no puede venir."
    assert (segments(written_out).count, segments(plain(written_out)).count) == (2, 1)
    assert plain("mañana é") == "mañana é"
    assert plain("día ☃") == "día ☃", "it is UCS-2 whatever becomes of the accent"


def test_html_says_the_same_and_can_be_read_by_everybody() -> None:
    text = write("follow_up_survey", SITE, "email", "es", {"link": "https://a.test/#x"}).text
    assert text.html is not None
    root = ElementTree.fromstring(text.html.replace("<!DOCTYPE html>", ""))
    assert root.get("lang") == "es"
    assert root.findtext("head/title") == text.subject
    assert len(root.findall(".//h1")) == 1
    assert root.find(".//img") is None
    assert [link.get("href") for link in root.iter("a")] == ["https://a.test/#x"]
    said = " ".join("".join(part.itertext()) for part in root.iter("p"))
    assert " ".join(said.split()) == " ".join(text.body.split())


def test_what_is_filled_in_cannot_become_markup() -> None:
    html = write("session_reminder", SITE, "email", "en", {"when": "<b>Tue</b>"}).text.html
    assert html is not None
    assert "<b>" not in html


@pytest.mark.parametrize(
    ("field", "value", "reason"),
    [
        ("sender", "Hope Recovery", "Hope Recovery says recovery"),
        ("sender", "Clínica Sol", "clínic"),
        ("link_pages", {"follow_up": "https://sober-life.test/x"}, "says sober"),
        ("colour", "#cccccc", "too faint"),
    ],
)
def test_a_site_that_would_show_itself_as_what_it_is_is_refused(
    field: str, value: object, reason: str
) -> None:
    with pytest.raises(ValueError, match=reason):
        Branding.model_validate(branding().model_dump() | {field: value})


def test_the_number_for_emergencies_is_told_where_a_site_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = tmp_path / "sites" / str(SITE) / "notifications" / "texts"
    own.mkdir(parents=True)
    told = "In an emergency call 911, or call or text 988."
    text = branding().model_dump_json().replace('"urgent":{}', f'"urgent":{{"en":"{told}"}}')
    (own / "branding.json").write_text(text)
    read_anew(monkeypatch, branding, folder=tmp_path)
    assert told in written("missed_session_day_3", TUESDAY, DENVER).body
    assert "988" not in write("missed_session_day_3", UUID(int=2), "email", "en", {}).text.body


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
def test_no_text_asks_for_an_answer_that_nobody_would_receive(kind: str) -> None:
    body = written(kind, TUESDAY, DENVER).body
    said = set(re.findall(r"[A-Z0-9]+", body.upper()))
    assert not {"REPLY", "ANSWER", "HELP", "YES", "1", "2", "CANCEL", "UNSUBSCRIBE"} & said
    assert body.endswith("Replies are not read.")


def test_an_email_is_the_same_each_time_it_is_made(message: Message) -> None:
    assert email_of(message, SENDER).as_bytes() == email_of(message, SENDER).as_bytes()
    assert email_of(message, SENDER)["Message-ID"] == (
        "<019ab7d0-3c1e-7a52-9d4e-5b1f2c3d4e5f@example.test>"
    )


def test_no_header_of_an_email_reveals_treatment(message: Message) -> None:
    mail = email_of(message, SENDER)
    shown = "\n".join(f"{name}: {value}" for name, value in mail.items())
    assert revealing(shown, words().never) == []


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
