"""What becomes of a message whose time has come."""

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.notifications.delivery.rules import (
    CallOff,
    Decision,
    GiveUp,
    Postpone,
    Reach,
    Send,
    continues_trace,
    decide,
    next_attempt,
)
from services.notifications.timing.rules import Window, is_open

ZONE = ZoneInfo("America/Chicago")
WINDOW = Window(time(8), time(21), timedelta(minutes=30))
DUE = datetime(2026, 6, 1, 17, 30, tzinfo=ZONE)
SESSION = DUE + timedelta(hours=24)
REACHABLE = Reach(known=True, reachable=True, zone=ZONE)
WITHOUT_ADDRESS = Reach(known=True, reachable=False, zone=ZONE)
STRANGER = Reach(known=False, reachable=False, zone=ZONE)
BACKOFF = [timedelta(minutes=m) for m in (1, 5, 15, 60)]


def decided(now: datetime, reach: Reach = REACHABLE, *, withdrawn: bool = False) -> Decision:
    return decide(
        now,
        withdrawn=withdrawn,
        due_at=DUE,
        expires_at=SESSION,
        reach=reach,
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
