"""What the year's treatment came to: recommendations, risks, weeks short of hours, the board."""

from collections import Counter
from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from tests.year.comparing import Differences, clients, instant
from tests.year.computed import Computed
from tests.year.ledger.recommending import STATES, surprises
from tests.year.ledger.risks import MISSED, USE, figures
from tests.year.ledger.short_weeks import Standing
from tests.year.ledger.verdicts import WAYS

VERDICT = ("name", "met", "value", "lower", "upper")
WEEK_FIGURES = (
    "sessions",
    "planned_minutes",
    "attended_minutes",
    "open_minutes",
    "standing",
    "missing_minutes",
    "missing_days",
)
OF_PERSONS = {
    "census",
    "on_hold",
    "waiting",
    "waiting_longest_days",
    "waiting_median_days",
    "referrals_open",
    "referrals_due_soon",
    "referrals_overdue",
}
"""Figures of the board that are more than their sites added up."""
HOURS: dict[str, Any] = {
    "WeeklyHoursAtRisk": ("at_risk",),
    "WeeklyHoursShort": ("short",),
    "WeeklyHoursShortageLifted": None,
}


def test_every_rule_is_as_the_journals_say_and_so_is_what_has_all_it_needs(
    year: list[Computed],
) -> None:
    different: Differences = []
    for computed, client, which in clients(year):
        if client.progress is None:
            continue
        expected = computed.verdicts(client)
        down = (client.progress["recommended"], client.progress["criteria"])
        found = {"step_down": down} if expected or down[1] else {}
        found |= {one["kind"]: (one["met"], one["criteria"]) for one in client.progress["others"]}
        shown = {
            kind: (met, [tuple(rule[name] for name in VERDICT) for rule in rules])
            for kind, (met, rules) in found.items()
        }
        if shown != expected:
            different.append((*which, shown, expected))
    assert different == []


def test_what_is_recommended_and_withdrawn_follows_from_what_was_known_at_each_instant(
    year: list[Computed],
) -> None:
    last = year[-1]
    different = [
        one
        for stay in last.stays
        if (policy := last.policy(stay)) is not None
        for one in surprises(last.known, stay, policy, last.now)
    ]
    assert different == []
    for computed in year:
        found = {
            one["id"]: (one["kind"], one["site_id"], one["state"], instant(one["lapsed_at"]))
            for one in computed.taken.recommendations
        }
        assert found == {
            key: (one.kind, one.site, one.state, one.lapsed)
            for key, one in computed.recommendations.items()
        }
    became = Counter((one.kind, one.state) for one in last.recommendations.values())
    assert {kind for kind, _ in became} == set(WAYS), became
    assert {state for _, state in became} >= {*STATES.values(), "lapsed", "withdrawn"}, became


def test_risks_of_treatment_are_raised_escalated_and_over_as_the_journals_say(
    year: list[Computed],
) -> None:
    for computed in year:
        found = {
            (one["client_id"], one["kind"], instant(one["raised_at"])): (
                one["site_id"],
                one["origin"],
                one["severity"],
                one["state"],
                instant(one["acknowledge_by"]),
                instant(one["acknowledged_at"]),
                instant(one["resolved_at"]),
                one["step"],
            )
            for one in computed.taken.risks
        }
        assert found == {
            (one.client, one.kind, one.raised): (
                one.site,
                one.origin,
                one.severity,
                one.state,
                one.by,
                one.acknowledged,
                one.over,
                one.steps[-1][1] if one.steps else 0,
            )
            for one in computed.risks.all
        }, computed.now
    last = year[-1]
    risks = [one for one in last.risks.all if one.origin == "outcomes"]
    assert Counter(
        (e.client, e.data["kind"], e.at, e.data["severity"], e.instant("acknowledge_by"))
        for e in last.journal.named("CourseRiskRaised")
    ) == Counter((one.client, one.kind, *told) for one in risks for told in one.told)
    assert Counter(
        (e.client, e.data["kind"], e.instant("escalated_at"), e.data["step"], e.data["last"])
        for e in last.journal.named("CourseRiskEscalated")
    ) == Counter((one.client, one.kind, *step) for one in risks for step in one.steps)
    assert {(one.kind, one.severity, one.state) for one in risks} >= {
        (USE, "moderate", "acknowledged"),
        (USE, "high", "raised"),
        (MISSED, "high", "raised"),
        (MISSED, "high", "resolved"),
    }


def test_times_to_take_charge_are_as_the_journals_say(year: list[Computed]) -> None:
    for computed in year:
        told = computed.taken.risk_figures
        expected = figures(computed.risks.all, told["first_day"], computed.journal, computed.now)
        found = {
            one["site_id"]: one | {"oldest_open_at": instant(one["oldest_open_at"])}
            for one in told["sites"]
        }
        for one in found.values():
            del one["site_id"]
        assert found == expected


def test_weeks_at_risk_and_short_are_as_the_journals_say(year: list[Computed]) -> None:
    different: Differences = []
    for computed in year:
        for (site, week), rows in computed.taken.weeks.items():
            found = {
                one["placement_id"]: (
                    one["told"],
                    Standing(*(one[name] for name in WEEK_FIGURES)),
                )
                for one in rows
            }
            monday = date.fromisocalendar(*week, 1)
            expected = {
                seat.id: (computed.told_of(seat, week), computed.standing(seat, monday))
                for seat in computed.seats_in(site, monday)
            }
            different += [
                (computed.now.date(), week, seat, found.get(seat), expected.get(seat))
                for seat in {*found, *expected}
                if found.get(seat) != expected.get(seat)
            ]
    assert different == []
    last = year[-1]
    words: dict[tuple[str, str], list[tuple[Any, ...]]] = {}
    for event in last.journal.named(*HOURS):
        key, data = (event.data["placement_id"], event.data["week"]), event.data
        word = HOURS[event.name]
        if word == ("short",):
            word = ("short", data["missing_minutes"], data["missing_days"])
        told = words.setdefault(key, [])
        if told and told[-1][0] == event.at:
            told.pop()
        if (told[-1][1] if told else None) != word:
            told.append((event.at, word))
    assert {key: told for key, told in words.items() if told} == {
        (seat, "{}-W{:02}".format(*week)): one.words
        for (seat, week), one in last.weeks.items()
        if one.words
    }
    found_words = Counter(word and word[0] for one in last.weeks.values() for _, word in one.words)
    assert min(found_words[word] for word in ("at_risk", "short", None)) > 5, found_words


def test_how_likely_a_stay_seems_to_break_off_is_as_the_journals_say(year: list[Computed]) -> None:
    different: Differences = []
    scores = Counter[int | None]()
    for computed, client, which in clients(year):
        if client.progress is None:
            continue
        expected, answered = computed.disengagement(client), client.disengagement
        if expected is None or answered is None:
            if (expected, answered) != (None, None):
                different.append((*which, answered, expected))
            continue
        scores[expected.score] += 1
        values = {one["name"]: one["value"] for one in answered["factors"]}
        if answered["score"] != expected.score or values != pytest.approx(
            expected.values, abs=0.051
        ):
            different.append((*which, answered, expected))
    assert different == []
    assert None in scores
    assert len(scores) > 15, "or hardly anything was compared"


def test_every_figure_of_the_board_is_what_the_journals_add_up_to(year: list[Computed]) -> None:
    different: Differences = []
    seen: set[str] = set()
    last = year[-1].taken
    evenings = [Computed(replace(last, **evening)) for evening in last.evenings]
    for computed in [*year, *evenings]:
        for site in computed.taken.board["sites"]:
            expected = computed.board(site["site_id"])
            found = {name: one["value"] for name, one in site["figures"].items()}
            seen |= {name for name, value in found.items() if value}
            different += [
                (computed.now, site["site_id"], name, found.get(name), expected.get(name))
                for name in {*found, *expected}
                if found.get(name) != expected.get(name)
            ]
        of_sites = [site["figures"] for site in computed.taken.board["sites"]]
        for name, one in computed.taken.board["total"].items():
            if name not in OF_PERSONS:
                together = sum(site[name]["value"] or 0 for site in of_sites)
                assert one["value"] == together, (computed.now, name)
    assert different == []
    never = {"seats_held"}  # who waits is placed at once
    assert seen | never == set(last.board["total"]), seen
