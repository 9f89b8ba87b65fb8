"""Who can be taken as a client."""

from datetime import UTC, date, datetime
from typing import Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from services.intake.referrals.rules import age_on, is_possible_birth_date
from services.intake.referrals.schemas import ContactDetails, Person
from services.intake.referrals.values import Note
from services.notifications.delivery.channels.email import recipient_of
from shared.calendar import day_at


@pytest.mark.parametrize(
    ("born", "day", "age"),
    [
        (date(1990, 6, 15), date(2026, 6, 14), 35),
        (date(1990, 6, 15), date(2026, 6, 15), 36),
        (date(2008, 2, 29), date(2026, 2, 28), 17),
        (date(2008, 2, 29), date(2026, 3, 1), 18),
        (date(2026, 3, 2), date(2026, 3, 1), -1),
    ],
)
def test_age_in_completed_years(born: date, day: date, age: int):
    assert age_on(born, day) == age


def test_nobody_is_born_in_the_future_or_very_long_ago():
    today = date(2026, 3, 2)
    assert is_possible_birth_date(date(1950, 1, 1), today)
    assert not is_possible_birth_date(date(2026, 3, 3), today)
    assert not is_possible_birth_date(date(1890, 1, 1), today)


def test_a_birthday_begins_at_midnight_of_the_site():
    evening = datetime(2026, 3, 2, 4, 30, tzinfo=UTC)
    assert day_at(evening, "America/Denver") == date(2026, 3, 1)
    assert day_at(evening, "Europe/Berlin") == date(2026, 3, 2)


def born(value: object, given_name: str = "Client 01") -> Person:
    return Person.model_validate(
        {"given_name": given_name, "family_name": "Example", "birth_date": value}
    )


def test_a_birth_date_is_a_full_date():
    assert born("1988-04-17").birth_date == date(1988, 4, 17)


@pytest.mark.parametrize("value", [0, "0", 577238400, "1988-04-17T00:00:00", "88-04-17", None])
def test_a_number_or_an_instant_is_no_birth_date(value: object):
    with pytest.raises(ValidationError):
        born(value)


@pytest.mark.parametrize(
    "details",
    [
        {"channel": "email"},
        {"channel": "log", "preferred": "sms"},
        {"channel": "log", "preferred": "email", "phone": "+13035550100"},
        {"channel": "email", "email": "no-at-sign.example"},
        {"channel": "email", "email": "a@example.test\nBcc: b@example.test"},
        {"channel": "log", "phone": "303 555 0100"},
        {
            "channel": "log",
            "phone": "+1\u0663\u0660\u0663\u0665\u0665\u0665\u0660\u0661\u0660\u0660",
        },
        {"channel": "log", "time_zone": "Mars/Olympus"},
        {"channel": "log", "time_zone": "Factory"},
        {"channel": "log", "time_zone": "localtime"},
        {"channel": "pigeon"},
    ],
)
def test_contact_details_that_cannot_reach_anybody_are_refused(details: dict[str, Any]):
    with pytest.raises(ValidationError):
        ContactDetails.model_validate(details)


@pytest.mark.parametrize(
    "address",
    [
        "client-1-01@example.test",
        "o'neil+iop@mail.example.co.uk",
        "a=b@x.xn--p1ai",
        "7@1.2.example",
    ],
)
def test_an_address_that_can_be_sent_to_is_taken(address: str):
    assert ContactDetails(channel="email", email=address).email == address


@pytest.mark.parametrize(
    "address",
    [
        "ana@example.test,b",
        "ana@example..test",
        "ana@example.test.",
        "ana@ex(ample).test",
        "ana@-example.test",
        "ana@example-.test",
        "ana@192.0.2.1",
        "ana@[192.0.2.1]",
        "a:b@c.de",
        "ana..b@example.test",
        ".ana@example.test",
        "a\x01@example.test",
        "a\x00@example.test",
        "ana@example.test\n",
        "ana@example.test\u200b",
        "ana@exa\u00admple.test",
        "=?utf-8?q?x?=@example.test",
        f"ana@{'a' * 64}.test",
    ],
)
def test_an_address_that_would_be_refused_or_read_as_another_is_not_taken(address: str):
    with pytest.raises(ValidationError):
        ContactDetails(channel="email", email=address)


@settings(max_examples=50)
@given(st.emails())
def test_a_message_goes_to_the_very_address_that_was_taken(address: str):
    try:
        taken = ContactDetails(channel="email", email=address).email
    except ValidationError:
        assume(False)
    assert taken is not None
    assert taken.lower() == address.lower()
    assert recipient_of(taken) == taken


@pytest.mark.parametrize("number", ["+13035550123", "+16215550123", "+18375550123", "+4930123456"])
def test_a_number_that_is_possible_is_taken_whether_or_not_it_is_known_to_be_in_use(number: str):
    assert ContactDetails(channel="log", phone=number).phone == number


@pytest.mark.parametrize(
    "number", ["+1303555012", "+130355501234", "+9991234567", "3035550123", "+1 303 555 0123"]
)
def test_a_number_that_no_phone_can_have_is_not_taken(number: str):
    with pytest.raises(ValidationError):
        ContactDetails(channel="log", phone=number)


@pytest.mark.parametrize("name", ["Client 1-01", " Ana ", "O\u2019Neill", "-", "e\u0301", "李"])
def test_a_name_is_taken_as_people_write_it(name: str):
    assert born("1988-04-17", given_name=name).given_name == name.strip()


@pytest.mark.parametrize(
    "name",
    [
        "A\nB",
        "A\x00",
        "\x1b[31m",
        "A\u2028B",
        "A\u202eB",
        "\u200b",
        "\ud800",
        "\ufe0f",
        "\u3164",
        " \u200b",
        "\u00a0\u3164",
        "x" * 101,
    ],
)
def test_a_name_shows_something_and_hides_nothing(name: str):
    with pytest.raises(ValidationError):
        born("1988-04-17", given_name=name)


def named(**names: object) -> tuple[str | None, str | None]:
    found = Person.model_validate(names | {"birth_date": "1988-04-17"})
    return found.given_name, found.family_name


@pytest.mark.parametrize("blank", [None, "", " ", "\t\n", "\u00a0", "\u3000 "])
def test_one_legal_name_is_enough_and_a_blank_one_is_absent(blank: str | None):
    assert named(given_name="Suharto") == ("Suharto", None)
    assert named(family_name="Suharto") == (None, "Suharto")
    assert named(given_name=blank, family_name=" Suharto ") == (None, "Suharto")
    assert named(given_name="Suharto", family_name=blank) == ("Suharto", None)


@pytest.mark.parametrize(
    "names", [{}, {"given_name": None}, {"given_name": "", "family_name": " "}]
)
def test_nobody_is_without_any_name(names: dict[str, object]):
    with pytest.raises(ValidationError, match="Give a given name, a family name, or both"):
        named(**names)


def test_a_client_may_be_reached_without_any_address():
    assert ContactDetails.model_validate({"channel": "log"}).email is None


NOTE: TypeAdapter[str] = TypeAdapter(Note)


@pytest.mark.parametrize("text", ["Asked to call back.\nAfter six.", " x ", "x" * 500])
def test_a_note_may_have_several_lines(text: str):
    assert NOTE.validate_python(text) == text.strip()


@pytest.mark.parametrize("text", ["", "  ", "a\x00b", "\x1b[31m", "\ud800", "x" * 501])
def test_a_note_says_something_and_controls_nothing(text: str):
    with pytest.raises(ValidationError):
        NOTE.validate_python(text)
