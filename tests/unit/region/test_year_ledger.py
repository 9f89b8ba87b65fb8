"""The independent computation gives the figures that public cases state."""

import ast
from collections import Counter
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from tests.year import ledger
from tests.year.journals import Writer
from tests.year.ledger.census import census
from tests.year.ledger.hours import minutes
from tests.year.ledger.messages import reminder_due
from tests.year.ledger.people import People
from tests.year.ledger.placements import placements_of
from tests.year.ledger.progress import engagement, own_scores
from tests.year.ledger.risks import Risks, between
from tests.year.ledger.sessions import became, seats_of
from tests.year.ledger.short_weeks import watched
from tests.year.ledger.stays import stays_of
from tests.year.ledger.units import Grant, attended_days, settle

ANA = "ana"


def figures(written: Writer) -> dict[str, int]:
    """Engagement of the only client's latest stay."""
    found = engagement(seats_of(written.journal), stays_of(written.journal)[-1])
    assert found is not None
    return found


def test_attendance_counts_from_the_present_stay_only() -> None:
    written = Writer()
    written.enrol(ANA, written.at(2026, 3, 1, 9), "stay-1")
    for day in range(2, 11):
        written.session(ANA, written.at(2026, 3, day, 18), "attended")
    written.change(ANA, written.at(2026, 3, 21, 9), "stay-1", "active", "lost", ended=True)
    written.enrol(ANA, written.at(2026, 3, 23, 9), "stay-2")
    for day in range(24, 31):
        outcome = "missed" if day in (25, 30) else "attended"
        written.session(ANA, written.at(2026, 3, day, 18), outcome)
    found = figures(written)
    assert (found["sessions_attended"], found["sessions_missed"]) == (5, 2)
    assert found["consecutive_missed"] == 1


def test_weeks_are_weeks_of_the_calendar_over_a_change_of_clocks() -> None:
    written = Writer()
    written.enrol(ANA, written.at(2026, 3, 2, 18))
    for day in (2, 4, 6, 9, 11, 13, 16):
        written.session(ANA, written.at(2026, 3, day, 18, 30), "attended")
    assert figures(written)["weeks_observed"] == 3


def test_what_is_not_held_counts_nowhere() -> None:
    written = Writer()
    written.enrol(ANA, written.at(2026, 3, 1, 9))
    outcomes = ["attended"] * 8 + ["attended", "excused", "missed", "missed"]
    starts = [written.at(2026, 3, 2 + day, 18) for day in range(12)]
    sessions = [written.session(ANA, s, o) for s, o in zip(starts, outcomes, strict=True)]
    written.cancel(ANA, sessions[-1], starts[-1] + timedelta(hours=14), starts[-1])
    found = figures(written)
    counted = sum(found[f"sessions_{name}"] for name in ("attended", "missed", "excused"))
    assert (found["sessions_attended"], counted) == (9, 11)
    week = (2026, 11)
    held = [s for s in starts[:-1] if s.astimezone(written.zone).isocalendar()[:2] == week]
    assert minutes(week, "site", frozenset({ANA}), seats_of(written.journal), [])[0] == len(held)


def test_a_miss_in_a_hold_counts_nowhere_and_one_after_it_does() -> None:
    written = Writer()
    written.enrol(ANA, written.at(2026, 3, 1, 9))
    written.session(ANA, written.at(2026, 3, 2, 18), "attended")
    written.change(ANA, written.at(2026, 3, 3, 9), "stay-1", "active", "on_hold", ended=False)
    written.session(ANA, written.at(2026, 3, 4, 18), "missed")
    written.change(ANA, written.at(2026, 3, 5, 9), "stay-1", "on_hold", "active", ended=False)
    written.session(ANA, written.at(2026, 3, 6, 18), "missed")
    assert figures(written)["sessions_missed"] == 1


def test_each_appointment_is_counted_once_in_the_sums_of_attendance() -> None:
    written = Writer()
    written.enrol(ANA, written.at(2026, 3, 1, 9))
    for day, outcome in enumerate(("attended", "missed", "excused", None), 2):
        written.session(ANA, written.at(2026, 3, day, 18), outcome)
    not_held = written.at(2026, 3, 6, 18)
    written.cancel(ANA, written.session(ANA, not_held, "attended"), not_held, not_held)
    written.change(ANA, written.at(2026, 3, 7, 9), "stay-1", "active", "on_hold", ended=False)
    written.session(ANA, written.at(2026, 3, 7, 18), "missed")
    written.session(ANA, written.at(2026, 3, 20, 18), None)
    stays, seats = stays_of(written.journal), seats_of(written.journal)
    found = Counter(became(seat, stays, written.at(2026, 3, 8, 9)) for seat in seats.values())
    assert found == dict.fromkeys(
        ("credited", "no_show", "excused", "unrecorded", "not_held", "on_hold", "to_come"), 1
    )


@pytest.mark.parametrize(
    ("credited", "units"),
    [((23, 23), 3), ((22, 22), 3), ((38,), 3), ((37,), 2), ((7,), 0), ((8,), 1)],
)
def test_the_minutes_of_a_day_are_added_before_they_are_rounded(
    credited: tuple[int, ...], units: int
) -> None:
    written = Writer()
    for hour, part in enumerate(credited, 9):
        written.session(
            ANA,
            written.at(2026, 3, 2, hour),
            "attended",
            kind="individual",
            minutes=50,
            attended=part,
        )
    grant = Grant("grant", "H0004", 10, date(2026, 3, 1), date(2026, 3, 31))
    settle([grant], attended_days(seats_of(written.journal), frozenset({ANA})))
    assert (grant.used, grant.overrun) == (units, 0)


def test_units_that_no_grant_has_left_are_beyond_the_one_that_began() -> None:
    written = Writer()
    for day in range(2, 7):
        written.session(ANA, written.at(2026, 3, day, 18), "attended")
    grants = [
        Grant("later", "H0015", 1, date(2026, 3, 4), date(2026, 3, 31)),
        Grant("first", "H0015", 2, date(2026, 3, 1), date(2026, 3, 20)),
    ]
    settle(grants, attended_days(seats_of(written.journal), frozenset({ANA})))
    assert {g.id: (g.used, g.overrun) for g in grants} == {"first": (2, 2), "later": (1, 0)}


def test_a_score_from_before_the_end_of_the_former_stay_does_not_count() -> None:
    written = Writer()
    end = written.at(2026, 3, 21, 9)
    for at, total in ((end - timedelta(days=1), 4), (end + timedelta(days=9), 12)):
        score = {"instrument": "phq-9", "total": total, "answered_at": at, "status": "complete"}
        written.tell(
            "intake",
            ANA,
            "ScreeningCompleted",
            at,
            screening_id=str(total),
            completed_at=at,
            scores=[score | {"answered_at": at.isoformat()}],
        )
    ((kept,),) = own_scores(written.journal, frozenset({ANA}), end).values()
    assert kept[1]["total"] == 12
    assert own_scores(written.journal, frozenset({ANA}), end + timedelta(days=9)) == {}


def test_records_are_one_person_from_the_merge_to_its_undo() -> None:
    written = Writer()
    merged, undone = written.at(2026, 3, 2, 9), written.at(2026, 3, 9, 9)
    ids = {"merge_id": "merge", "merged_client_id": "ben"}
    written.tell("intake", ANA, "ClientsMerged", merged, merged_at=merged, **ids)
    written.tell("intake", ANA, "ClientMergeUndone", undone, undone_at=undone, **ids)
    people = People(written.journal)
    assert people.records("ben", merged) == people.records(ANA, merged) == {ANA, "ben"}
    assert people.records("ben", undone) == {"ben"}
    assert people.survivor("ben", merged) == people.survivor(ANA, merged) == ANA
    assert people.survivor("ben", undone) == "ben"


def test_the_census_counts_who_is_in_the_program() -> None:
    written = Writer()
    written.enrol(ANA, written.at(2026, 3, 1, 9))
    written.enrol("ben", written.at(2026, 3, 2, 9), "stay-2")
    written.change("ben", written.at(2026, 3, 5, 9), "stay-2", "enrolled", "died", ended=True)
    stays = stays_of(written.journal)
    assert census(stays, written.at(2026, 3, 4, 9)) != census(stays, written.at(2026, 3, 6, 9))
    assert census(stays, written.at(2026, 3, 6, 9)) == {("site", "enrolled", "2.1"): 1}


def test_a_reminder_is_a_real_day_ahead_and_never_in_quiet_hours() -> None:
    written = Writer()
    planned = written.at(2026, 3, 1, 9)
    over_the_change = written.at(2026, 3, 8, 17)
    due = reminder_due(over_the_change, planned, written.zone)
    assert due == over_the_change - timedelta(hours=24) == written.at(2026, 3, 7, 16)
    early = written.at(2026, 3, 10, 8, 30)
    assert reminder_due(early, planned, written.zone) == written.at(2026, 3, 9, 8, 30)
    soon = datetime(2026, 3, 10, 13, 10, tzinfo=UTC)
    assert reminder_due(early, soon, written.zone) == written.at(2026, 3, 10, 8)


def test_a_week_is_short_36_hours_after_its_end_and_not_judged_if_a_hold_fell_into_it() -> None:
    written = Writer()
    begins = written.at(2026, 3, 1, 9)
    written.enrol(ANA, begins)
    seat = {"enrolment_id": "stay-1", "placement_id": "seat", "cohort_id": "cohort"}
    written.tell("scheduling", ANA, "ClientPlaced", begins, placed_at=begins, **seat)
    for day in (4, 6, 9, 11, 13):
        written.session(ANA, written.at(2026, 3, day, 18), "attended", minutes=180)
    for day, to in ((10, "on_hold"), (12, "active")):
        at = written.at(2026, 3, day, 12)
        written.change(ANA, at, "stay-1", "active" if day == 10 else "on_hold", to, ended=False)
    journal = written.journal
    placements, stays = placements_of(journal), stays_of(journal)
    weeks = watched(journal, placements, stays, written.at(2026, 3, 15, 9))
    assert {week: one.words[-1] for (_, week), one in weeks.items() if one.words} == {
        (2026, 10): (written.at(2026, 3, 10, 12), ("short", 180, 1)),
        (2026, 11): (written.at(2026, 3, 10, 12), None),
        (2026, 12): (written.at(2026, 3, 12, 12), ("at_risk",)),
    }


def test_a_risk_that_nobody_takes_charge_of_climbs_its_ladder_to_the_end() -> None:
    written = Writer()
    at = written.at(2026, 3, 2, 9)
    report = {"id": "report", "client_id": ANA, "site_id": "site", "finding": "use"}
    reports = [report | {"used_on": "2026-03-02", "reported_at": at.isoformat()}]
    journal = written.journal
    (risk,) = Risks(journal, People(journal), reports, at + timedelta(days=9)).all
    hours = [(told - at) // timedelta(hours=1) for told, *_ in risk.steps]
    assert hours == [4, 8, 12, 20, 28, 36, 44, 52, 60]
    assert [last for *_, last in risk.steps] == [False] * 8 + [True]
    assert between([1.0, 2.0, 4.0, 8.0], 0.5) == 3


def test_the_computation_shares_no_code_with_the_services() -> None:
    sources = sorted(Path(ledger.__path__[0]).glob("*.py"))
    assert len(sources) > 8
    for source in sources:
        for node in ast.walk(ast.parse(source.read_text())):
            names = [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            names += [one.name for one in node.names] if isinstance(node, ast.Import) else []
            assert not {name.partition(".")[0] for name in names} & {
                "services",
                "shared",
                "stepwell",
            }
