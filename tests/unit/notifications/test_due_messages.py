"""What becomes of a message whose time has come."""

from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.notifications.consents.rules import Consent, Purpose
from services.notifications.delivery.rules import (
    Agreed,
    CallOff,
    Cancel,
    Decision,
    GiveUp,
    Postpone,
    Reach,
    Send,
    Suppress,
    continues_trace,
    decide,
    next_attempt,
)
from services.notifications.stays.rules import Standing
from services.notifications.timing.rules import Window, is_open
from shared.contracts.intake import AvailableTime

ZONE = ZoneInfo("America/Chicago")
WINDOW = Window(time(8), time(21), timedelta(minutes=30))
DUE = datetime(2026, 6, 1, 17, 30, tzinfo=ZONE)
SESSION = DUE + timedelta(hours=24)
REACHABLE = Reach(known=True, reachable=True, zone=ZONE)
WITHOUT_ADDRESS = Reach(known=True, reachable=False, zone=ZONE)
STRANGER = Reach(known=False, reachable=False, zone=ZONE)
BACKOFF = [timedelta(minutes=m) for m in (1, 5, 15, 60)]


REMINDED = Purpose("email", frozenset({"appointments"}))
AGREED = Consent(
    channels=frozenset({"email"}),
    uses=frozenset({"appointments"}),
    safe_times=(),
    time_zone=None,
    expires_on=None,
    granted_at=DUE - timedelta(days=9),
    ended_as=None,
    ended_at=None,
)


def decided(
    now: datetime,
    reach: Reach = REACHABLE,
    *,
    withdrawn: bool = False,
    standing: Standing = "in_program",
    sent_on_hold: bool = False,
    after_stay: bool = False,
    resumes_at: datetime | None = None,
    consent: Consent | None = AGREED,
) -> Decision:
    return decide(
        now,
        withdrawn=withdrawn,
        standing=standing,
        sent_on_hold=sent_on_hold,
        after_stay=after_stay,
        resumes_at=resumes_at,
        due_at=DUE,
        expires_at=SESSION,
        reach=reach,
        agreed=Agreed([] if consent is None else [consent], REMINDED, ZONE),
        window=WINDOW,
        unknown_contact=timedelta(minutes=10),
    )


def test_a_message_that_is_due_goes_out() -> None:
    assert decided(DUE) == Send()


def test_a_reminder_of_a_session_that_has_begun_is_never_sent() -> None:
    assert decided(SESSION) == GiveUp("no_longer_timely")


def test_a_reminder_that_expired_is_given_up_even_for_a_stranger() -> None:
    assert decided(SESSION, STRANGER) == GiveUp("no_longer_timely")


def test_a_message_that_was_withdrawn_is_called_off_whatever_else_became_of_it() -> None:
    for reach in (REACHABLE, WITHOUT_ADDRESS, STRANGER):
        for now in (DUE, SESSION):
            assert decided(now, reach, withdrawn=True) == CallOff()


def test_a_client_without_an_address_gets_no_message() -> None:
    assert decided(DUE, WITHOUT_ADDRESS) == GiveUp("no_contact_details")


def test_details_of_a_stranger_are_waited_for_a_while() -> None:
    assert decided(DUE, STRANGER) == Postpone(DUE + timedelta(minutes=1))
    after = DUE + timedelta(minutes=10)
    assert decided(after, STRANGER) == GiveUp("no_contact_details")


def test_a_message_found_late_at_night_waits_for_the_morning() -> None:
    late = DUE.replace(hour=23)
    assert decided(late) == Postpone(DUE.replace(day=2, hour=8, minute=0))


def safe_at(*times: tuple[int, int, int]) -> Consent:
    """A consent with safe times: ISO weekday, from and up to the hour."""
    return replace(
        AGREED,
        safe_times=[
            AvailableTime(weekday=day, starts_at=time(start), ends_at=time(end))
            for day, start, end in times
        ],
    )


def test_a_message_to_a_client_who_signed_nothing_is_suppressed() -> None:
    assert decided(DUE, consent=None) == Suppress("no_consent")


def test_a_message_outside_the_safe_times_waits_for_the_next_that_is_of_use() -> None:
    assert DUE.isoweekday() == 1
    assert decided(DUE, consent=safe_at((1, 9, 12), (2, 10, 12))) == Postpone(
        DUE.replace(day=2, hour=10, minute=0)
    )
    assert decided(DUE, consent=safe_at((1, 17, 18))) == Send()


def test_a_message_whose_next_safe_time_comes_too_late_is_suppressed() -> None:
    assert decided(DUE, consent=safe_at((3, 10, 12))) == Suppress("outside_safe_times")
    assert decided(DUE, consent=safe_at((2, 18, 20))) == Suppress("outside_safe_times")


def test_safe_times_at_night_leave_no_instant_within_the_window() -> None:
    assert decided(DUE, consent=safe_at((1, 21, 23), (2, 0, 8))) == Suppress("outside_safe_times")


def test_permission_is_asked_only_once_there_is_something_to_send() -> None:
    assert decided(DUE, STRANGER, consent=None) == Postpone(DUE + timedelta(minutes=1))
    assert decided(SESSION, consent=None) == GiveUp("no_longer_timely")
    assert decided(DUE, WITHOUT_ADDRESS, consent=None) == GiveUp("no_contact_details")


def test_nothing_goes_out_to_who_left_the_program() -> None:
    for now in (DUE, SESSION):
        assert decided(now, standing="over", sent_on_hold=True) == Cancel()


def test_what_is_for_former_clients_goes_out_after_the_stay_but_never_to_who_is_gone() -> None:
    assert decided(DUE, standing="over", after_stay=True) == Send()
    assert decided(DUE, standing="gone", after_stay=True) == Cancel()


def test_who_heard_enough_today_hears_the_rest_tomorrow_if_it_is_of_use_by_then() -> None:
    tomorrow = DUE.replace(day=2, hour=8, minute=0)
    assert decided(DUE, resumes_at=tomorrow) == Postpone(tomorrow)
    assert decided(DUE, resumes_at=SESSION + timedelta(hours=1)) == Postpone(SESSION)


def test_a_message_of_a_stay_on_hold_waits_until_it_is_of_no_use() -> None:
    assert decided(DUE, standing="on_hold") == Postpone(SESSION)
    assert decided(SESSION, standing="on_hold") == Cancel()


def test_a_kind_that_policy_lets_through_goes_out_on_hold() -> None:
    assert decided(DUE, standing="on_hold", sent_on_hold=True) == Send()


def test_pauses_between_attempts_grow_and_then_stay() -> None:
    pauses = [
        next_attempt(DUE, attempts=n, expires_at=SESSION, zone=ZONE, window=WINDOW, backoff=BACKOFF)
        - DUE
        for n in (1, 2, 3, 4, 5, 9)
    ]
    assert pauses == [timedelta(minutes=m) for m in (1, 5, 15, 60, 60, 60)]


@given(
    st.timedeltas(timedelta(0), timedelta(days=365)).map(SESSION.astimezone(UTC).__add__),
    st.integers(1, 50),
    st.timedeltas(timedelta(minutes=1), timedelta(days=8)),
)
def test_the_next_attempt_lies_ahead_and_in_the_window_unless_the_message_expires(
    now: datetime, attempts: int, left: timedelta
) -> None:
    found = next_attempt(
        now, attempts=attempts, expires_at=now + left, zone=ZONE, window=WINDOW, backoff=BACKOFF
    )
    assert found > now
    assert found == now + left or is_open(found, ZONE, WINDOW)


@pytest.mark.parametrize(
    ("waited", "goes_on"), [(timedelta(0), True), (timedelta(microseconds=1), False)]
)
def test_only_a_message_due_when_it_was_planned_goes_on_with_the_trace(
    waited: timedelta, goes_on: bool
) -> None:
    assert continues_trace(DUE + waited, DUE) is goes_on
