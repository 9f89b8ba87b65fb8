"""Who can be taken as a client."""

from datetime import UTC, date, datetime
from typing import Any

import pytest
from pydantic import ValidationError

from services.intake.directory.rules import day_at
from services.intake.referrals.rules import age_on, is_possible_birth_date
from services.intake.referrals.schemas import ContactDetails, Person


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


def born(value: object) -> Person:
    return Person.model_validate(
        {"given_name": "Client 01", "family_name": "Example", "birth_date": value}
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
        {"channel": "email", "email": "no-at-sign.example"},
        {"channel": "email", "email": "a@example.test\nBcc: b@example.test"},
        {"channel": "log", "phone": "303 555 0100"},
        {"channel": "log", "time_zone": "Mars/Olympus"},
        {"channel": "pigeon"},
    ],
)
def test_contact_details_that_cannot_reach_anybody_are_refused(details: dict[str, Any]):
    with pytest.raises(ValidationError):
        ContactDetails.model_validate(details)


def test_a_client_may_be_reached_without_any_address():
    assert ContactDetails.model_validate({"channel": "log"}).email is None
