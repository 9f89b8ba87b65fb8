"""Rules as data: which are refused and why, and when their messages go out."""

from datetime import UTC, datetime, time, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4
from zoneinfo import ZoneInfo, available_timezones

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.notifications.planning.rules import Occasion, instant_of, occasion_of, wanted
from services.notifications.rulebook.policy import Moment, Rule, Rulebook, rulebook
from services.notifications.rulebook.sources import SOURCES
from services.notifications.timing.rules import Window
from shared.contracts.intake import QuestionnaireDue
from shared.contracts.scheduling import SessionScheduled
from shared.datafiles import DataFileInvalid
from tests.support.data import read_anew

WINDOW = Window(time(8), time(21), timedelta(minutes=30))
DENVER = ZoneInfo("America/Denver")
SITE = UUID(int=1)
HOUR = timedelta(hours=1)
REMINDER = rulebook().rules["session_reminder"]
MISSED = rulebook().rules["missed_session"]


def about(anchor: datetime, until: datetime) -> Occasion:
    return Occasion(SITE, uuid4(), None, uuid4(), anchor, until, "America/Denver")


def changed(**parts: Any) -> dict[str, Any]:
    """The rule of reminders, otherwise; None takes a part away."""
    found = REMINDER.model_dump(mode="json") | parts
    return {name: value for name, value in found.items() if value is not None}


@pytest.mark.parametrize(
    ("parts", "reason"),
    [
        ({"until": None}, "until\n  Field required"),
        ({"on": "SessionDreamt"}, "no rule can react to SessionDreamt"),
        ({"about": "room"}, "SessionScheduled has no field room"),
        ({"about": "starts_at"}, "has no field starts_at that is UUID"),
        ({"anchor": "ends"}, "has no field ends"),
        ({"uses": []}, "no client could agree to it"),
        ({"where": {"kind": ["party"]}}, "kind of SessionScheduled is never party"),
        ({"where": {"kind": []}}, "can never fire"),
        ({"where": {"mood": ["good"]}}, "has no field mood"),
        ({"ends": [{"on": "SessionScheduled"}]}, "both begins and ends it"),
        ({"ends": [{"on": "SiteOpened"}]}, "no rule can react to SiteOpened"),
        ({"ends": [{"on": "SessionAttended", "earlier": True, "kinds": ["a"]}]}, "sends no a"),
        ({"ends": [{"on": "SessionAttended", "kinds": ["session_reminder"]}]}, "with earlier"),
        ({"ends": [{"on": "SessionCancelled", "earlier": True}]}, "has no field starts_at"),
        ({"steps": []}, "at least 1 item"),
        ({"steps": [{"kind": "staff_alert"}]}, "staff_alert is not for rules"),
        ({"steps": [{"kind": "late", "when": {"hours": 1}}]}, "can never go out"),
        ({"steps": [{"kind": "a", "when": {"hours": -1}, "clock": "10:00"}]}, "clock needs"),
        (
            {"steps": [{"kind": "a", "when": {"hours": -1}}, {"kind": "b", "when": {"hours": -2}}]},
            "not in the order",
        ),
        ({"link": "bank_account"}, "nothing makes one for bank_account"),
        ({"colour": "red"}, "Extra inputs"),
    ],
)
def test_a_rule_that_could_not_fire_or_end_or_contradicts_itself_is_refused(
    parts: dict[str, Any], reason: str
) -> None:
    with pytest.raises(ValueError, match=reason):
        Rule.model_validate(changed(**parts))


@pytest.mark.parametrize(
    ("step", "reason"),
    [
        ({"kind": "newsletter"}, "no template newsletter"),
        ({"kind": "seat_offer", "template": "seat_offer"}, "seat_offer is there twice"),
    ],
)
def test_rules_that_do_not_fit_together_are_refused(step: dict[str, Any], reason: str) -> None:
    other = Rule.model_validate(changed(steps=[step]))
    with pytest.raises(ValueError, match=reason):
        Rulebook.of({**rulebook().rules, "another": other})


def test_a_site_has_rules_of_its_own_and_a_wrong_one_is_named_with_its_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = tmp_path / "sites" / str(SITE) / "notifications" / "rulebook" / "rules"
    own.mkdir(parents=True)
    shipped = Path("services/notifications/rulebook/data/rules/session_reminder.yaml").read_text()
    (own / "session_reminder.yaml").write_text(shipped.replace("hours: -24", "hours: -48"))
    read_anew(monkeypatch, rulebook, folder=tmp_path)
    assert rulebook(SITE).sendings["session_reminder"].step.when == Moment(hours=-48)
    assert rulebook().sendings["session_reminder"].step.when == Moment(hours=-24)
    (own / "session_reminder.yaml").write_text(shipped.replace("until: {}\n", ""))
    read_anew(monkeypatch, rulebook, folder=tmp_path)
    with pytest.raises(DataFileInvalid, match=r"session_reminder.yaml:\d+: until: Field required"):
        rulebook(SITE)


def test_every_rule_that_is_shipped_ends_and_names_its_source() -> None:
    for name, rule in rulebook().rules.items():
        assert rule.source, name
        assert rule.on in SOURCES


@pytest.mark.parametrize(
    ("value", "instant"),
    [
        ("2026-W44", datetime(2026, 11, 2, 7, tzinfo=UTC)),  # its Sunday has 25 hours
        ("2026-W10", datetime(2026, 3, 9, 6, tzinfo=UTC)),  # its Sunday has 23
        ("2026-W53", datetime(2027, 1, 4, 7, tzinfo=UTC)),
    ],
)
def test_a_week_ends_with_its_sunday_by_the_clock_at_the_site(
    value: str, instant: datetime
) -> None:
    assert instant_of(value, "America/Denver") == instant


@pytest.mark.parametrize(
    ("starts_at", "hours"),
    [
        (datetime(2026, 3, 8, 18, tzinfo=DENVER), 24),
        (datetime(2026, 11, 1, 18, tzinfo=DENVER), 24),
    ],
)
def test_a_day_ahead_is_24_hours_also_over_a_change_of_clocks(
    starts_at: datetime, hours: int
) -> None:
    utc = starts_at.astimezone(UTC)
    found = next(wanted(REMINDER, about(utc, utc), zone=DENVER, window=WINDOW, now=utc - 72 * HOUR))
    assert found.due_at == utc - hours * HOUR


def test_the_ladder_goes_by_the_calendar_over_a_change_of_clocks() -> None:
    missed = datetime(2026, 10, 31, 18, tzinfo=DENVER).astimezone(UTC)
    found = [
        one.due_at.astimezone(DENVER).isoformat()
        for one in wanted(
            MISSED, about(missed, missed + 168 * HOUR), zone=DENVER, window=WINDOW, now=missed
        )
    ]
    assert found == [
        "2026-10-31T18:00:00-06:00",
        "2026-11-01T10:00:00-07:00",
        "2026-11-03T10:00:00-07:00",
        "2026-11-03T22:00:00-07:00",
    ]


def since_2026(minutes: int) -> datetime:
    """So many minutes after the beginning of 2026."""
    return datetime(2026, 1, 1, tzinfo=UTC) + timedelta(minutes=minutes)


ZONES = sorted(zone for zone in available_timezones() if not zone.startswith("SystemV"))
RULES = [rule for rule in rulebook().rules.values() if rule.uses]


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.steps[0].kind)
@settings(max_examples=60, deadline=None)
@given(
    anchor=st.integers(0, 2 * 365 * 24 * 60).map(since_2026),
    before=st.timedeltas(timedelta(days=-3), timedelta(days=9)),
    name=st.sampled_from(ZONES),
)
def test_no_rule_writes_in_quiet_hours_early_or_after_its_end_in_any_zone(
    rule: Rule, anchor: datetime, before: timedelta, name: str
) -> None:
    zone, now = ZoneInfo(name), anchor - before
    until = anchor + rule.until.ahead
    for found in wanted(rule, about(anchor, until), zone=zone, window=WINDOW, now=now):
        if found.step.to == "staff" or found.due_at >= min(found.expires_at, until):
            continue  # too late: it is given up, or staff are told, who have no quiet hours
        assert found.due_at >= now
        assert time(8) <= found.due_at.astimezone(zone).time() < time(21), name


def test_a_reminder_lies_between_eight_and_nine_in_every_zone() -> None:
    for name in ZONES:
        zone = ZoneInfo(name)
        for month, hour in ((n % 12 + 1, 2 * n % 24) for n in range(12)):
            starts = datetime(2026, month, 8, hour, 30, tzinfo=zone).astimezone(UTC)
            now = starts - timedelta(days=4)
            for found in wanted(REMINDER, about(starts, starts), zone=zone, window=WINDOW, now=now):
                local = found.due_at.astimezone(zone)
                assert time(8) <= local.time() < time(21), (name, starts)
                assert now < found.due_at < starts


def test_what_a_session_is_about_is_the_session() -> None:
    session = SessionScheduled(
        client_id=uuid4(),
        site_id=SITE,
        session_id=uuid4(),
        cohort_id=uuid4(),
        kind="group",
        starts_at=datetime(2026, 6, 1, tzinfo=UTC),
        ends_at=datetime(2026, 6, 1, 3, tzinfo=UTC),
        break_minutes=0,
        time_zone="America/Denver",
    )
    found = occasion_of(REMINDER, session, "America/Denver")
    assert (found.about, found.until) == (session.session_id, session.starts_at)


def test_a_form_that_waits_is_told_at_once_and_again_until_it_takes_no_answers() -> None:
    about = {"client_id": UUID(int=1), "site_id": UUID(int=2), "enrolment_id": UUID(int=3)}
    due_at = datetime(2026, 6, 1, 18, tzinfo=UTC)
    event = QuestionnaireDue(
        **about,
        questionnaire_id=UUID(int=4),
        due_at=due_at,
        expires_at=due_at + timedelta(days=7),
    )
    ((name, rule),) = rulebook().started_by("QuestionnaireDue")
    assert (name, rule.link) == ("questionnaire", "questionnaire")
    assert [end.on for _, _, end in rulebook().ended_by("QuestionnaireClosed")] == [
        "QuestionnaireClosed"
    ]
    occasion = occasion_of(rule, event, DENVER.key)
    found = list(wanted(rule, occasion, zone=DENVER, window=WINDOW, now=due_at))
    assert [(one.step.kind, one.due_at) for one in found] == [
        ("form_waiting", due_at),
        ("form_waiting_again", datetime(2026, 6, 3, 17, tzinfo=UTC)),
    ]
    assert {one.expires_at for one in found} == {event.expires_at}
