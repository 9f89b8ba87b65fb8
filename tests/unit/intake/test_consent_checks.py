"""What is taken as a consent and what is refused, without a database."""

from datetime import date
from typing import Any

import pytest
from pydantic import ValidationError

from services.intake.consents.checks import check, form_of
from services.intake.consents.policy.forms import forms
from services.intake.consents.refusals import (
    ClientOfAge,
    DeficientConsent,
    FormWithdrawn,
    ImpossibleExpiry,
    ImpossibleSigningDate,
)
from services.intake.consents.schemas import NewConsent
from services.intake.preferences.checks import SlotEndsBeforeStart, SlotsOverlap
from shared.errors import Refused
from shared.web.texts import readable
from tests.support.consents import FILLED, SIGNED, signed

BORN = date(1988, 4, 17)
TODAY = date(2026, 2, 23)
MINOR = {"consented": "minor", "rule": "State minor consent act"}


def taken(form: str = "treatment", /, born: date = BORN, **changed: Any) -> date:
    new = NewConsent.model_validate(signed(form, **changed))
    return check(new, form_of(new), born, TODAY)


def refused(form: str = "treatment", /, born: date = BORN, **changed: Any) -> Refused:
    with pytest.raises(Refused) as caught:
        taken(form, born, **changed)
    return caught.value


@pytest.mark.parametrize("form", FILLED)
@pytest.mark.parametrize("language", ["en", "es"])
def test_a_form_that_is_filled_in_is_taken_in_each_language(form: str, language: str):
    digest = forms()[form, "1.0"].digest(language)  # type: ignore[index]
    assert taken(form, language=language, text_digest=digest) == TODAY


@pytest.mark.parametrize(
    ("signed_on", "is_minor"), [("2026-02-22", True), ("2026-02-23", False), ("2026-02-21", True)]
)
def test_who_is_eighteen_on_the_day_of_signing_is_of_age(signed_on: str, is_minor: bool):
    born = date(2008, 2, 23)
    day = SIGNED | {"signed_on": signed_on}
    given: dict[str, Any] = {"minor": MINOR} if is_minor else {}
    assert taken("treatment", born, signature=day, **given) == date.fromisoformat(signed_on)
    wrong: dict[str, Any] = {} if is_minor else {"minor": MINOR}
    problem = refused("treatment", born, signature=day, **wrong)
    assert isinstance(problem, DeficientConsent if is_minor else ClientOfAge)
    assert problem.pointer == "/minor"


@pytest.mark.parametrize(
    ("day", "allowed"),
    [("2026-02-22", False), ("2026-02-23", True), ("2126-12-31", True), ("2127-01-01", False)],
)
def test_a_last_day_is_today_or_in_the_next_hundred_years(day: str, allowed: bool):
    expiry = {"kind": "date", "on": day}
    if allowed:
        assert taken(expiry=expiry) == TODAY
    else:
        assert isinstance(refused(expiry=expiry), ImpossibleExpiry)


@pytest.mark.parametrize(
    ("day", "allowed"), [("1988-04-16", False), ("2026-02-23", True), ("2026-02-24", False)]
)
def test_a_day_of_signing_lies_between_birth_and_today(day: str, allowed: bool):
    signature = SIGNED | {"signed_on": day}
    if allowed:
        assert taken(signature=signature) == TODAY
    else:
        assert isinstance(refused(signature=signature), ImpossibleSigningDate)


def test_a_parent_may_sign_on_the_day_of_birth():
    signature = SIGNED | {"signed_on": "1988-04-17"}
    given: dict[str, Any] = {"signature": signature, "minor": MINOR}
    assert taken(**given) == BORN


def test_a_withdrawn_form_is_taken_when_it_was_signed_before():
    withdrawn = forms()["treatment", "1.0"].model_copy(update={"withdrawn_on": date(2026, 2, 23)})
    for day, allowed in (("2026-02-22", True), ("2026-02-23", False)):
        new = NewConsent.model_validate(signed(signature=SIGNED | {"signed_on": day}))
        if allowed:
            assert check(new, withdrawn, BORN, TODAY) == date(2026, 2, 22)
        else:
            with pytest.raises(FormWithdrawn):
                check(new, withdrawn, BORN, TODAY)


@pytest.mark.parametrize("form", FILLED)
def test_each_element_that_is_left_out_is_told_with_its_number_and_paragraph(form: str):
    empty: dict[str, Any] = {
        "discloser": {"disclosers": []},
        "information": {"information": None},
        "recipient": {"recipients": []},
        "intermediary": {"intermediary": None},
        "purpose": {"purpose": None},
        "expiry": {"expiry": None},
        "signature": {"signature": None},
        "date_signed": {"signature": SIGNED | {"signed_on": None}},
        "channels": {"channels": None},
    }
    for element in forms()[form, "1.0"].elements:  # type: ignore[index]
        if element.name == "client_name":
            continue
        shown = [one for one in signed(form)["statements_shown"] if one != element.name]
        problem = refused(form, **empty.get(element.name, {"statements_shown": shown}))
        assert isinstance(problem, DeficientConsent)
        assert problem.detail == (
            f"Element {element.number}, {element.name}, is missing ({element.source})."
        )


def test_safe_times_are_as_sound_as_other_times():
    def channels(*times: tuple[str, str]) -> dict[str, Any]:
        safe = [{"weekday": 1, "starts_at": a, "ends_at": b} for a, b in times]
        return {"channels": FILLED["contact_channels"]["channels"] | {"safe_times": safe}}

    crossed = refused("contact_channels", **channels(("09:00", "12:00"), ("11:00", "13:00")))
    assert isinstance(crossed, SlotsOverlap)
    assert crossed.pointer == "/channels/safe_times/1"
    backward = refused("contact_channels", **channels(("12:00", "09:00")))
    assert isinstance(backward, SlotEndsBeforeStart)
    assert backward.pointer == "/channels/safe_times/0/ends_at"


@pytest.mark.parametrize(
    "party",
    [
        {"kind": "person"},
        {"kind": "person", "name": "Relative 01", "word": "health_plans"},
        {"kind": "class"},
        {"kind": "class", "name": "Everybody", "word": "health_plans"},
    ],
)
def test_a_party_is_either_named_or_a_class(party: dict[str, str]):
    with pytest.raises(ValidationError, match="Give a class a word"):
        NewConsent.model_validate(signed(recipients=[party]))


@pytest.mark.parametrize("text", ["a\x00b", "\x1b[31m", "a\ud800", "\u200b", "\u2800", "\x85"])
def test_a_text_controls_and_hides_nothing(text: str):
    with pytest.raises(ValueError, match="A text has"):
        readable(text)


@pytest.mark.parametrize("text", ["one\n\ttwo", "Ñandú", "क्‍ष", "?"])
def test_a_text_is_taken_as_people_write_it(text: str):
    assert readable(text) == text
