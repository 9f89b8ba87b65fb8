"""The generated year holds what makes a year hard, whatever the seed."""

from collections import Counter
from datetime import date, timedelta

import pytest

from stepwell.region.year.calendar import TERMS
from stepwell.region.year.generate import make_year
from stepwell.region.year.plan import Year
from stepwell.region.year.stories import REASONS

CLOCK_CHANGES = (date(2026, 3, 8), date(2026, 11, 1))


@pytest.fixture(params=[1, 2, 77])
def year(request: pytest.FixtureRequest) -> Year:
    return make_year(request.param)


def test_the_same_seed_gives_the_same_year(year: Year) -> None:
    assert make_year(year.seed) == year
    assert make_year(year.seed + 1).clients != year.clients


def test_it_has_two_sites_in_two_zones_and_sixty_clients(year: Year) -> None:
    assert len({site.time_zone for site in year.sites}) == len(year.sites) == 2
    assert [client.number for client in year.clients] == list(range(1, 61))
    assert {client.site for client in year.clients} == {0, 1}


def test_stays_end_for_every_reason(year: Year) -> None:
    reasons = {one.details["reason"] for one in year.happenings if one.kind == "discharge"}
    assert reasons == {*REASONS, "death"}
    assert {client.on_recommendation for client in year.clients} == {
        "accept",
        "decline_once",
        "leave_open",
    }


def test_clients_are_admitted_again_and_put_on_hold_in_every_term(year: Year) -> None:
    admitted = Counter(one.client for one in year.happenings if one.kind == "admit")
    again = {client for client, times in admitted.items() if times > 1}
    assert len(again) == len(TERMS)
    holds = [one for one in year.happenings if one.kind == "hold"]
    assert {one.details["comes"] for one in holds} == {True, False}
    assert len(holds) == 2 * len(TERMS)


def test_each_undo_follows_its_merge_and_nobody_is_merged_twice_at_once(year: Year) -> None:
    merged: set[int] = set()
    undone = 0
    for one in year.happenings:
        if one.kind == "merge":
            assert one.details["survivor"] not in merged
            assert one.details["merged"] not in merged
            merged.add(one.details["merged"])
        elif one.kind == "undo_merge":
            merged.remove(one.details["merged"])
            undone += 1
    assert merged
    assert undone >= 4


def test_both_changes_of_clocks_lie_within_a_term(year: Year) -> None:
    for change in CLOCK_CHANGES:
        assert any(
            term.starts_on < change < term.starts_on + timedelta(weeks=term.weeks)
            for term in year.terms
        )


def test_days_and_single_sessions_are_not_held_known_before_and_after(year: Year) -> None:
    cancelled = [one for one in year.happenings if one.kind in ("cancel_day", "cancel_session")]
    assert {one.kind for one in cancelled} == {"cancel_day", "cancel_session"}
    assert {one.on < one.details["date"] for one in cancelled} == {True, False}
    assert {one.site for one in cancelled} == {0, 1}


def test_figures_are_taken_as_each_quarter_ends(year: Year) -> None:
    assert {date(2026, 3, 31), date(2026, 6, 30), date(2026, 9, 30), date(2026, 12, 31)} <= set(
        year.looked_at
    )


def test_no_two_grants_of_a_client_for_one_code_end_on_the_same_day(year: Year) -> None:
    granted = [
        (one.client, grant["code"], grant["last"])
        for one in year.happenings
        for grant in one.details.get("grants", ())
    ]
    assert len(granted) > 20
    assert len(set(granted)) == len(granted)
