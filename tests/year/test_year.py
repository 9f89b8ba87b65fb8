"""A year of a small region ends, and goes on, with the figures that its journals add up to."""

from collections import Counter
from datetime import date, timedelta
from typing import Any

import pytest

from stepwell.region.year.stories import REASONS
from tests.support.program_figures import product
from tests.year.comparing import Differences, clients
from tests.year.computed import Computed
from tests.year.figures import CURVES, SLICES
from tests.year.ledger.access import TARGET_DAYS, access
from tests.year.ledger.census import census
from tests.year.ledger.hours import minutes, seats_given, site_in
from tests.year.ledger.permission import USES
from tests.year.ledger.sessions import became, placed_last, planned_for
from tests.year.ledger.units import Grant, attended_days, settle

ENGAGEMENT = (
    "sessions_attended",
    "sessions_missed",
    "sessions_excused",
    "attended_minutes",
    "missed_minutes",
    "excused_minutes",
    "consecutive_attended",
    "consecutive_missed",
    "weeks_observed",
)
HELD = ("credited", "uncredited", "excused", "late_cancelled", "no_show")
SUMS = (*HELD, "withdrawn", "not_held", "on_hold", "unrecorded")
RULES = ("no_consent", "revoked", "expired", "other_way", "other_use", "outside_safe_times")
OUTCOMES = {
    "recovered",
    "reliably_improved",
    "no_reliable_change",
    "reliably_deteriorated",
    "not_classifiable",
}


def test_the_year_held_what_makes_a_year_hard(year: list[Computed]) -> None:
    last = year[-1]
    assert len(last.taken.clients) == 60
    ends = {"stepped_down", "stepped_up", "completed", "left_against_advice"}
    assert {stay.state for stay in last.stays} == {*ends, "transferred", "lost", "died", "active"}
    assert len({stay.client for stay in last.stays}) < len(last.stays)
    events = Counter(event.name for event in last.journal.events)
    for name in ("ClientsMerged", "ClientMergeUndone", "ClientWaitlisted", "StepDownDecided"):
        assert events[name] >= 4, name
    seats = list(last.seats.values())
    assert {seat.outcome for seat in seats if not seat.held} == {
        "attended",
        "missed",
        "excused",
        None,
    }
    assert any(stay.holds for stay in last.stays)
    assert Counter(became(seat, last.stays, last.now) for seat in seats)["on_hold"] > 10
    assert {fate.rule for fate in last.fates.values()} == {*RULES, None}
    assert any(a["units_overrun"] for client in last.taken.clients for a in client.authorizations)
    assert any(
        c.progress["recommended"] for taken in year for c in taken.taken.clients if c.progress
    )


def test_engagement_is_of_the_present_stay_by_the_calendar_of_the_site(
    year: list[Computed],
) -> None:
    different: Differences = []
    for computed, client, which in clients(year):
        if client.progress is None:
            continue
        expected = computed.engagement(client)
        answered = client.progress["engagement"]
        found = None if answered is None else {name: answered[name] for name in ENGAGEMENT}
        if found != expected:
            different.append((*which, found, expected))
    assert different == []


def test_progress_is_of_the_latest_stay_of_the_person(year: list[Computed]) -> None:
    different: Differences = []
    for computed, client, which in clients(year):
        expected = computed.stays_of(client.id)[-1:]
        stay = client.progress and client.progress["enrolment_id"]
        if stay != (expected[0].id if expected else None):
            different.append((*which, stay, expected))
    assert different == []


def test_what_is_to_be_answered_and_how_scores_changed_is_as_the_journals_say(
    year: list[Computed],
) -> None:
    different: Differences = []
    for computed, client, which in clients(year):
        if client.course is None:
            continue
        to_answer, courses = computed.measures(client)
        found = {
            (one["instrument"], one["state"], date.fromisoformat(one["due_on"]))
            for one in client.open_measures
        }
        if found != to_answer:
            different.append((*which, found, to_answer))
        shown = {
            (one["instrument"], one["instrument_version"], one["series"]): (
                [(point["answered_on"], point["value"]) for point in one["points"]],
                one["baseline"] and one["baseline"]["value"],
                one["latest"] and one["latest"]["outcome"],
            )
            for one in client.course["measures"]
        }
        if shown != courses:
            different.append((*which, shown, courses))
    assert different == []
    outcomes = Counter(
        one["latest"]["outcome"]
        for _, client, _ in clients(year)
        for one in (client.course or {"measures": ()})["measures"]
        if one["latest"]
    )
    assert outcomes.keys() == OUTCOMES, outcomes


def test_hours_are_those_of_the_weeks_of_the_site(year: list[Computed]) -> None:
    different: Differences = []
    for computed, client, which in clients(year):
        records = computed.records(client.id)
        given = seats_given(computed.journal, records)
        if not client.hours:
            assert not given, which
        for week, answered in client.hours.items():
            site = site_in(week, given, computed.journal)
            expected = minutes(week, site, records, computed.seats, computed.stays)
            names = ("sessions", "planned_minutes", "attended_minutes")
            found = tuple(answered[name] for name in names)
            if (answered["site_id"], found) != (site, expected):
                different.append((*which, week, found, expected))
    assert different == []


def test_units_of_grants_are_what_the_days_add_up_to(year: list[Computed]) -> None:
    different: Differences = []
    for computed, client, which in clients(year):
        grants = [Grant.answered(body) for body in client.authorizations]
        days = settle(grants, attended_days(computed.seats, computed.records(client.id)))
        for grant, body in zip(grants, client.authorizations, strict=True):
            found = (body["units_used"], body["units_overrun"])
            if found != (grant.used, grant.overrun):
                different.append((*which, grant.code, found, (grant.used, grant.overrun)))
        found_days = {
            date.fromisoformat(day["service_date"]): tuple(
                day[name] for name in ("services", "minutes", "units", "overrun")
            )
            for day in client.service_days
        }
        expected = {on: (d.services, d.minutes, d.units, d.overrun) for on, d in days.items()}
        for on in sorted({*found_days, *expected}):
            if found_days.get(on) != expected.get(on):
                different.append((*which, on, found_days.get(on), expected.get(on)))
    assert different == []


def test_sums_of_attendance_are_of_the_latest_stay_and_count_each_appointment_once(
    year: list[Computed],
) -> None:
    different: Differences = []
    for computed, client, which in clients(year):
        stay = placed_last(computed.journal, computed.records(client.id))
        seats = planned_for(computed.seats, computed.stays, stay) if stay else []
        expected = Counter(became(seat, computed.stays, computed.now) for seat in seats)
        found = {name: client.attendance[name] for name in SUMS}
        if found != {name: expected[name] for name in SUMS}:
            different.append((*which, found, expected))
        held = sum(expected[name] for name in HELD)
        rate = round(expected["credited"] / held, 4) if held else None
        if client.attendance["attendance_rate"] != pytest.approx(rate, abs=1e-4):
            different.append((*which, client.attendance["attendance_rate"], rate))
    assert different == []


def test_the_census_of_each_site_is_that_of_the_stays(year: list[Computed]) -> None:
    for computed in year:
        told = {
            (site["site_id"], one["state"], one["level_of_care"]): one["count"]
            for site in computed.taken.census["sites"]
            for one in site["counts"]
        }
        assert told == census(computed.stays, computed.now)


def test_the_stays_of_all_clients_are_those_of_the_journal(year: list[Computed]) -> None:
    for computed in year:
        found: Counter[tuple[str, str, str]] = Counter()
        seen: set[str] = set()
        for client in computed.taken.clients:
            for stay in client.enrolments:
                if stay["ended_at"] is None and stay["id"] not in seen:
                    seen.add(stay["id"])
                    found[stay["site_id"], stay["state"], stay["level_of_care"]] += 1
        assert found == census(computed.stays, computed.now)


def test_access_times_are_the_days_that_people_waited(year: list[Computed]) -> None:
    different: Differences = []
    for computed in year:
        referrals = computed.referrals
        for answered in computed.taken.access["sites"]:
            site = answered["site_id"]
            today = computed.now.astimezone(computed.journal.zones[site]).date()
            here = [r for r in referrals if r.site == site and not r.in_error]
            expected = [access(measure, here, today) for measure in TARGET_DAYS]
            if answered["access"] != expected:
                different.append((computed.now.date(), site, answered["access"], expected))
    assert different == []


def test_messages_go_out_and_are_withheld_by_the_rules(year: list[Computed]) -> None:
    last = year[-1]
    found: dict[Any, tuple[str, str | None]] = {}
    for client in last.taken.clients:
        for one in client.messages:
            if one["kind"] not in USES:
                continue
            if one["client_id"] == client.id and one["state"] in ("delivered", "suppressed"):
                found[client.id, one["session_id"], one["kind"]] = (one["state"], one.get("rule"))
    expected = {key: (fate.state, fate.rule) for key, fate in last.fates.items()}
    different = [
        (*key, found.get(key), expected.get(key))
        for key in sorted({*found, *expected})
        if found.get(key) != expected.get(key)
    ]
    assert different == []


def test_nothing_is_sent_outside_a_stay_without_permission_or_of_a_session_not_held(
    year: list[Computed],
) -> None:
    last = year[-1]
    sent = list(last.journal.named("NotificationDelivered", "NoticeDelivered"))
    assert len(sent) > 1000
    for event in sent:
        stays = [s for s in last.stays if s.client == event.client]
        assert any(s.begins <= event.at and (s.ends is None or event.at <= s.ends) for s in stays)
        if event.data["kind"] not in USES:
            continue
        told = (event.client, event.data["session_id"], event.data["kind"])
        assert last.fates[told].state == "delivered", told


def test_surveys_after_stays_are_due_and_become_what_the_ends_of_stays_say(
    year: list[Computed],
) -> None:
    for computed in year:
        found = {
            (one["enrolment_id"], one["days"]): (one["due_on"], one["closes_on"], one["state"])
            for one in computed.taken.follow_ups
        }
        assert found == {
            key: (str(one.due_on), str(one.closes_on), one.state)
            for key, one in computed.follow_ups.items()
        }
    states = {one.state for one in year[-1].follow_ups.values()}
    assert states == {"planned", "due", "answered", "declined", "lost", "returned"}


def test_who_counts_in_program_measures_and_in_which_group_is_as_the_journals_alone_say(
    year: list[Computed],
) -> None:
    different: Differences = []
    classes: dict[str, set[str]] = {}
    for computed in year:
        for measure, by in SLICES.items():
            found = Counter[tuple[str, str, str]]()
            for one in computed.taken.counted[measure]:
                found[one["id"], one["group"], one["falls"]] += one["number"]
            expected = counted(computed, measure, by)
            classes.setdefault(measure, set()).update(falls for *_, falls in expected)
            if found != expected:
                more, less = found - expected, expected - found
                different.append((computed.now.date(), measure, by, dict(more), dict(less)))
    assert different == []
    assert classes["discharges"] == {stay.state for stay in year[-1].stays if stay.ends}
    assert classes["discharge_reasons"] == {*REASONS, "moved_to_lower_level", "death"}
    assert classes["phq_9_change"] == {"improved", "unchanged", "deteriorated", "not_measured"}
    assert classes["follow_up_90"] == {"answered", "declined", "lost", "returned"}
    assert {"initiated", "not_initiated"} <= classes["initiation"]


def counted(computed: Computed, measure: str, by: str) -> Counter[tuple[str, str, str]]:
    """Case, group and class, and how often."""
    found = Counter[tuple[str, str, str]]()
    figures, (first, until) = computed.programs, period(computed)
    if measure in ("follow_up_90", "use_at_90_days"):
        groups = {stay.id: stay.groups for stay in figures.stays}
        ids = {(one["enrolment_id"], one["days"]): one["id"] for one in computed.taken.follow_ups}
        for (stay, days), one in computed.follow_ups.items():
            if days == 90 and first <= one.due_on < until and one.state not in ("planned", "due"):
                falls = one.state if measure == "follow_up_90" else one.use
                found[ids[stay, days], groups[stay][by], falls] += 1
        return found
    for line, on, falls, times in figures.counts(measure, first, until):
        found[line.id, f"{on:%Y-%m}" if by == "month" else line.groups[by], falls] += times
    return found


def period(computed: Computed) -> tuple[date, date]:
    """The whole year of a checkpoint."""
    return date(computed.now.year, 1, 1), date(computed.now.year + 1, 1, 1)


def test_numbers_hours_and_curves_of_program_measures_are_as_the_journals_alone_say(
    year: list[Computed],
) -> None:
    shown = Counter[str]()
    for computed in year:
        figures = computed.programs
        for measure in SLICES:
            cases = counted(computed, measure, SLICES[measure])
            by_class = Counter[str]()
            for (*_, falls), times in cases.items():
                by_class[falls] += times
            everybody = computed.taken.figures[measure]["all"]
            for falls, number in everybody["classes"].items():
                assert number in (None, by_class[falls]), (computed.now, measure, falls)
                shown[measure] += number is not None
        hours = computed.taken.figures["attendance"]["all"]["hours"]
        assert hours is None or hours == pytest.approx(
            sum(stay.minutes.total() for stay in figures.stays) / 60
        )
        for measure in CURVES:
            spans = figures.spans(measure, *period(computed))
            for point in computed.taken.figures[measure]["all"]["curve"]["points"]:
                survival, shares = product(spans, point["day"])
                assert point["survival"] == pytest.approx(float(survival)), (computed.now, measure)
                if measure in ("ends", "days_to_first_service"):
                    wanted = {kind: float(shares[kind]) for kind in point["incidence"]}
                    assert point["incidence"] == pytest.approx(wanted)
                shown[f"curve of {measure}"] += 1
    told = {"attendance", "discharges", "phq_9_change", "curve of retention", "curve of ends"}
    assert told <= (+shown).keys(), shown


def test_every_form_that_became_due_waited_for_its_client(year: list[Computed]) -> None:
    last = year[-1]
    told = [
        e for e in last.journal.named("MeasureDue") if e.data["instrument"] in ("phq-9", "gad-7")
    ]
    asked = list(last.journal.named("QuestionnaireDue"))
    closed = {e.data["questionnaire_id"]: e.at for e in last.journal.named("QuestionnaireClosed")}
    assert len(told) > 100
    for due in told:
        records = last.people.records(due.client, due.at)
        stay = next(s for s in last.stays if s.id == due.data["enrolment_id"])
        mine = [e for e in asked if e.client in records and e.data["enrolment_id"] == stay.id]
        open_then = any(
            e.at <= due.at + timedelta(minutes=1)
            and closed.get(e.data["questionnaire_id"], due.at) >= due.at
            for e in mine
        )
        assert open_then or (stay.ends is not None and stay.ends <= due.at), due
    ends = Counter(e.data["how"] for e in last.journal.named("QuestionnaireClosed"))
    assert ends["expired"] > 10
