"""How long a consent lasts, and which state counts at an instant."""

from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from services.intake.consents.rules.expiry import end_of_day, outlasts_disposition
from services.intake.consents.rules.states import NEXT, Happening, State, after, state_at

T = datetime(2026, 3, 2, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


@dataclass(frozen=True)
class Kept:
    """What is kept of a consent's end."""

    state: State
    expires_at: datetime | None


@pytest.mark.parametrize(
    ("day", "zone", "instant"),
    [
        (date(2026, 2, 23), "America/Denver", "2026-02-24T07:00"),
        (date(2026, 3, 8), "America/Denver", "2026-03-09T06:00"),
        (date(2026, 11, 1), "America/Denver", "2026-11-02T07:00"),
        (date(2026, 9, 5), "America/Santiago", "2026-09-06T04:00"),
        (date(2026, 12, 31), "UTC", "2027-01-01T00:00"),
    ],
)
def test_a_day_ends_when_the_next_begins_at_the_site(day: date, zone: str, instant: str):
    assert end_of_day(day, zone) == datetime.fromisoformat(instant).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("on", "event", "disposition", "outlasts"),
    [
        (None, "final_disposition", None, False),
        (None, "final_disposition", date(2026, 6, 1), False),
        (None, "end_of_treatment", date(2026, 6, 1), True),
        (None, None, None, True),
        (date(2026, 6, 1), None, date(2026, 6, 1), False),
        (date(2026, 6, 2), None, date(2026, 6, 1), True),
        (date(2026, 5, 1), None, None, True),
    ],
)
def test_a_court_referral_lasts_to_the_final_disposition_at_the_longest(
    on: date | None, event: str | None, disposition: date | None, outlasts: bool
):
    assert outlasts_disposition(on, event, disposition) is outlasts


def test_an_end_is_for_good():
    ends: tuple[Happening, ...] = ("revoke", "expire", "supersede")
    assert [after("granted", one) for one in ends] == ["revoked", "expired", "superseded"]
    for state in NEXT:
        assert state == "granted" or all(after(state, one) is None for one in ends)


@pytest.mark.parametrize("state", list(NEXT))
def test_the_state_that_counts_is_that_at_the_instant(state: State):
    assert state_at(state, None, T) == state
    assert state_at(state, T + MINUTE, T) == state
    assert state_at(state, T, T) == ("expired" if state == "granted" else state)


class OneConsent(RuleBasedStateMachine):
    """A consent that is revoked, replaced and expired in any order, beside what should be true."""

    @initialize(days=st.none() | st.integers(1, 5))
    def give(self, days: int | None) -> None:
        self.now = T
        self.ended: list[State] = []
        self.kept = Kept("granted", None if days is None else T + timedelta(days=days))

    @rule(hours=st.integers(1, 40))
    def time_goes_on(self, hours: int) -> None:
        self.now += timedelta(hours=hours)

    @precondition(
        lambda self: state_at(self.kept.state, self.kept.expires_at, self.now) == "granted"
    )
    @rule(happening=st.sampled_from(["revoke", "supersede"]))
    def end_it(self, happening: Happening) -> None:
        state = after(self.kept.state, happening)
        assert state is not None
        self.ended.append(state)
        self.kept = replace(self.kept, state=state)

    @precondition(
        lambda self: state_at(self.kept.state, self.kept.expires_at, self.now) != self.kept.state
    )
    @rule()
    def the_job_comes(self) -> None:
        self.ended.append("expired")
        self.kept = replace(self.kept, state="expired")

    @rule(happening=st.sampled_from(["revoke", "supersede", "expire"]))
    def nothing_follows_an_end(self, happening: Happening) -> None:
        if self.kept.state != "granted":
            assert after(self.kept.state, happening) is None

    @invariant()
    def it_ends_once_and_holds_only_before(self) -> None:
        state = state_at(self.kept.state, self.kept.expires_at, self.now)
        due = self.kept.expires_at is not None and self.kept.expires_at <= self.now
        assert len(self.ended) <= 1
        assert (state == "granted") == (not self.ended and not due)


TestOneConsent = OneConsent.TestCase
TestOneConsent.settings = settings(max_examples=25, stateful_step_count=12, deadline=None)
