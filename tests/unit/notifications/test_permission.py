"""Whether a client may be reached at an instant, by which rule not, and when at the earliest."""

from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from uuid import uuid4
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.notifications.consents.rules import (
    Consent,
    Purpose,
    Rule,
    is_safe,
    next_allowed,
    permission,
)
from services.notifications.rulebook.policy import rulebook
from services.notifications.stays.rules import standing
from services.notifications.timing.rules import Window, is_open
from shared.contracts.intake import AvailableTime

DENVER, NEW_YORK = ZoneInfo("America/Denver"), ZoneInfo("America/New_York")
NOON = datetime(2026, 6, 1, 12, 0, tzinfo=DENVER)
"""A Monday."""
WINDOW = Window(time(8), time(21), timedelta(minutes=30))
REMINDER = Purpose("email", frozenset({"appointments"}))
SIGNED = Consent(
    channels=frozenset({"email"}),
    uses=frozenset({"appointments"}),
    safe_times=(),
    time_zone=None,
    expires_on=None,
    granted_at=NOON - timedelta(days=9),
    ended_as=None,
    ended_at=None,
)


def safe_time(weekday: int, starts_at: time, ends_at: time) -> AvailableTime:
    return AvailableTime(weekday=weekday, starts_at=starts_at, ends_at=ends_at)


MONDAY_EVENING = safe_time(1, time(18), time())
REVOKED = replace(SIGNED, ended_as="revoked", ended_at=NOON)


@pytest.mark.parametrize(
    ("consents", "rule"),
    [
        ([SIGNED], None),
        ([], "no_consent"),
        ([REVOKED], "revoked"),
        ([replace(SIGNED, ended_as="expired", ended_at=NOON - timedelta(days=1))], "expired"),
        ([replace(SIGNED, channels=frozenset())], "other_way"),
        ([replace(SIGNED, channels=frozenset({"voice"}))], "other_way"),
        ([replace(SIGNED, channels=frozenset({"sms", "voice"}))], "other_way"),
        ([replace(SIGNED, uses=frozenset())], "other_use"),
        ([replace(SIGNED, uses=frozenset({"billing", "missed_sessions"}))], "other_use"),
        ([replace(SIGNED, safe_times=(MONDAY_EVENING,))], "outside_safe_times"),
    ],
)
def test_a_message_goes_out_by_a_consent_that_allows_all_of_it(
    consents: list[Consent], rule: Rule | None
) -> None:
    assert permission(consents, REMINDER, NOON, DENVER) == rule


@pytest.mark.parametrize(
    ("signed", "revoked", "rule"), [(3, 5, "revoked"), (3, 3, "revoked"), (5, 3, None)]
)
def test_of_two_records_of_a_person_the_last_word_counts(
    signed: int, revoked: int, rule: Rule | None
) -> None:
    first = NOON - timedelta(days=9)
    former = replace(
        SIGNED,
        granted_at=first + timedelta(days=1),
        ended_as="revoked",
        ended_at=first + timedelta(days=revoked),
    )
    other = replace(SIGNED, granted_at=first + timedelta(days=signed))
    for consents in ([former, other], [other, former]):
        assert permission(consents, REMINDER, NOON, DENVER) == rule


def test_one_that_expired_since_gives_way_to_one_signed_later() -> None:
    former = replace(
        SIGNED,
        granted_at=SIGNED.granted_at - timedelta(days=1),
        ended_as="expired",
        ended_at=NOON - timedelta(hours=1),
    )
    assert permission([former, SIGNED], REMINDER, NOON, DENVER) is None


def test_a_revocation_holds_from_its_instant_on() -> None:
    assert permission([REVOKED], REMINDER, NOON - timedelta(seconds=1), DENVER) is None


@pytest.mark.parametrize(
    ("hours_ahead", "zone", "rule"),
    [
        (11, DENVER, None),
        (12, DENVER, "expired"),
        (10, NEW_YORK, "expired"),
        (12, ZoneInfo("America/Los_Angeles"), None),
    ],
)
def test_the_last_day_ends_at_midnight_at_the_site(
    hours_ahead: int, zone: ZoneInfo, rule: Rule | None
) -> None:
    last_day = replace(SIGNED, expires_on=date(2026, 6, 1))
    at = NOON + timedelta(hours=hours_ahead)
    assert permission([last_day], REMINDER, at, zone) == rule


def test_the_consent_signed_last_counts_although_it_allows_less() -> None:
    newer = replace(SIGNED, channels=frozenset({"sms"}), granted_at=NOON - timedelta(days=1))
    for consents in ([SIGNED, newer], [newer, SIGNED]):
        assert permission(consents, REMINDER, NOON, DENVER) == "other_way"
    gone = replace(newer, ended_as="revoked", ended_at=NOON)
    assert permission([SIGNED, gone], REMINDER, NOON, DENVER) == "revoked"


def test_one_of_several_uses_is_enough() -> None:
    either = Purpose("email", frozenset({"appointments", "program_news"}))
    for use, rule in (("program_news", None), ("appointments", None), ("billing", "other_use")):
        consent = replace(SIGNED, uses=frozenset({use}))
        assert permission([consent], either, NOON, DENVER) == rule


def test_what_leaves_nothing_needs_no_way_but_all_the_rest() -> None:
    logged = Purpose(None, frozenset({"appointments"}))
    assert permission([replace(SIGNED, channels=frozenset())], logged, NOON, DENVER) is None
    assert permission([REVOKED], logged, NOON, DENVER) == "revoked"
    assert permission([], logged, NOON, DENVER) == "no_consent"


def test_policy_may_let_a_kind_go_to_who_signed_nothing_but_not_to_who_took_it_back() -> None:
    needed = replace(REMINDER, without_consent=True)
    assert permission([], needed, NOON, DENVER) is None
    assert permission([REVOKED], needed, NOON, DENVER) == "revoked"


@pytest.mark.parametrize(
    ("hour", "minute", "safe"), [(17, 59, False), (18, 0, True), (23, 59, True)]
)
def test_a_safe_time_runs_from_its_start_up_to_the_midnight_that_ends_its_day(
    hour: int, minute: int, safe: bool
) -> None:
    consent = replace(SIGNED, safe_times=(MONDAY_EVENING,))
    assert is_safe(consent, NOON.replace(hour=hour, minute=minute), DENVER) is safe
    assert not is_safe(consent, NOON.replace(day=2, hour=0), DENVER)


def test_safe_times_are_on_the_clock_that_the_consent_names() -> None:
    there = replace(SIGNED, safe_times=(MONDAY_EVENING,), time_zone="America/New_York")
    assert is_safe(there, NOON.replace(hour=16), DENVER)
    assert not is_safe(there, NOON.replace(hour=22), DENVER)
    unknown = replace(there, time_zone="Mars/Olympus")
    assert not is_safe(unknown, NOON.replace(hour=16), DENVER), "the site's clock then"


def test_the_clock_change_moves_no_safe_time_on_the_wall() -> None:
    consent = replace(SIGNED, safe_times=(safe_time(7, time(9), time(10)),))
    before = datetime(2026, 3, 7, 12, tzinfo=DENVER)
    found = next_allowed([consent], before, DENVER, DENVER, WINDOW)
    assert found == datetime(2026, 3, 8, 9, tzinfo=DENVER) == datetime(2026, 3, 8, 15, tzinfo=UTC)


def test_a_safe_time_that_is_running_is_used_at_once_and_one_that_is_over_next_week() -> None:
    consent = replace(SIGNED, safe_times=(safe_time(1, time(9), time(12)),))
    running = NOON - timedelta(minutes=1)
    assert next_allowed([consent], running, DENVER, DENVER, WINDOW) == running
    assert next_allowed([consent], NOON, DENVER, DENVER, WINDOW) == NOON.replace(day=8, hour=9)


def test_safe_times_do_not_open_quiet_hours() -> None:
    consent = replace(SIGNED, safe_times=(safe_time(2, time(6), time(9)),))
    found = next_allowed([consent], NOON, DENVER, DENVER, WINDOW)
    assert found == NOON.replace(day=2, hour=8)
    at_night = replace(SIGNED, safe_times=(safe_time(2, time(5), time(8)),))
    assert next_allowed([at_night], NOON, DENVER, DENVER, WINDOW) is None


SLOTS = st.tuples(st.integers(1, 7), st.integers(0, 22), st.integers(1, 23)).filter(
    lambda slot: slot[1] < slot[2]
)


@given(
    st.lists(SLOTS, min_size=1, max_size=6),
    st.integers(0, 60 * 24 * 365).map(lambda n: NOON.astimezone(UTC) + timedelta(minutes=n)),
    st.sampled_from([None, "America/New_York", "Pacific/Honolulu"]),
)
def test_the_next_allowed_instant_is_the_first_that_is_safe_and_outside_quiet_hours(
    slots: list[tuple[int, int, int]], instant: datetime, named: str | None
) -> None:
    safe = tuple(safe_time(day, time(start), time(end)) for day, start, end in slots)
    consent = replace(SIGNED, safe_times=safe, time_zone=named)

    def allowed(at: datetime) -> bool:
        return is_safe(consent, at, DENVER) and is_open(at, DENVER, WINDOW)

    found = next_allowed([consent], instant, DENVER, DENVER, WINDOW)
    quarter = timedelta(minutes=15)
    aligned = instant.replace(minute=0) + timedelta(hours=1)
    sooner = [aligned + n * quarter for n in range(6 * 24 * 4)]
    if found is None:
        assert not any(map(allowed, sooner))
    else:
        assert found >= instant
        assert allowed(found)
        assert not any(allowed(at) for at in sooner if at < found)


def test_what_goes_out_without_consent_or_on_hold_is_named_by_a_rule_and_today_nothing_is() -> None:
    for kind, sending in rulebook().sendings.items():
        assert sending.rule.uses, kind
        assert not sending.rule.without_consent, kind
        assert not sending.rule.on_hold, kind


def test_a_message_stands_to_its_own_stay() -> None:
    former, present, unheard = uuid4(), uuid4(), uuid4()
    stays = {former: "over", present: "on_hold"}
    assert [standing(stays, one) for one in (former, present, unheard)] == [  # type: ignore[arg-type]
        "over",
        "on_hold",
        "in_program",
    ]


@pytest.mark.parametrize(
    ("known", "found"),
    [
        ([], "in_program"),
        (["over"], "over"),
        (["over", "in_program"], "in_program"),
        (["over", "on_hold"], "on_hold"),
    ],
)
def test_a_message_that_names_no_stay_belongs_to_any_that_is_not_over(
    known: list[str], found: str
) -> None:
    assert standing({uuid4(): one for one in known}, None) == found  # type: ignore[misc]
