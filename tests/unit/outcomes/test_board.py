"""What events say of the things that a board counts, and the definitions of its figures."""

import itertools
from datetime import UTC, datetime
from functools import reduce
from pathlib import Path
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.outcomes.board.figures import FIGURES
from services.outcomes.board.policy import Clocks, Definitions, clocks, definitions
from services.outcomes.board.rules import Fact, facts_of, merged
from shared.datafiles import DataFileInvalid, parse
from stepwell.runtime.state import PROJECT
from tests.support.board import History

AT = datetime(2026, 3, 9, 18, 0, tzinfo=UTC)
DATA = PROJECT / "services" / "outcomes" / "board" / "data"


def told(*does: tuple[str, ...]) -> list[Fact]:
    """The facts of what happens to a client, in order."""
    history = History(UUID(int=71))
    for name, *given_ in does:
        getattr(history, name)("ana", *given_)
    return [fact for one in history.received for fact in facts_of(one.event, one.sequence or 0)]


def states(facts: list[Fact]) -> dict[str, tuple[str, bool]]:
    """What is known of each thing in the end."""
    known: dict[object, Fact] = {}
    for fact in facts:
        known[fact.key] = merged(known[fact.key], fact) if fact.key in known else fact
    return {fact.kind: (fact.state, fact.open) for fact in known.values()}


@pytest.mark.parametrize(
    ("does", "found"),
    [
        ([("enrolled", AT)], {"stay": ("enrolled", True)}),
        ([("enrolled", AT), ("changed", AT, "on_hold")], {"stay": ("on_hold", True)}),
        ([("enrolled", AT), ("changed", AT, "lost")], {"stay": ("lost", False)}),
        ([("waits", AT)], {"wait": ("waiting", True)}),
        ([("waits", AT), ("placed", AT)], {"wait": ("placed", False), "seat": ("taken", True)}),
        ([("placed", AT), ("left", AT)], {"wait": ("placed", False), "seat": ("left", False)}),
        ([("offered", AT, AT)], {"offer": ("offered", True)}),
        ([("offered", AT, AT), ("answered", AT)], {"offer": ("answered", False)}),
        ([("flagged", AT)], {"flag": ("high", True)}),
        ([("flagged", AT), ("acknowledged", AT)], {"flag": ("acknowledged", False)}),
        ([("session", "s", AT)], {"session": ("expected", True)}),
        ([("session", "s", AT), ("session", "s", AT, "came")], {"session": ("came", False)}),
        ([("session", "s", AT, "excused")], {"session": ("excused", False)}),
        ([("session", "s", AT, "not held")], {"session": ("not_held", False)}),
        ([("hours", AT, "2026-W11")], {"hours": ("at_risk", True)}),
        ([("referred", AT)], {"referral": ("received", True)}),
    ],
)
def test_each_thing_is_as_the_latest_event_says(
    does: list[tuple[str, ...]], found: dict[str, tuple[str, bool]]
) -> None:
    assert states(told(*does)) == found
    assert states(list(reversed(told(*does)))) == found


def test_a_later_event_that_does_not_tell_since_when_keeps_what_the_earlier_one_told() -> None:
    first, last = told(("enrolled", AT), ("changed", datetime(2026, 4, 1, tzinfo=UTC), "active"))
    assert merged(first, last).since == AT == merged(last, first).since


@given(st.permutations(told(*[("session", "s", AT, to) for to in ("came", "missed", "excused")])))
def test_facts_come_to_the_same_in_any_order(facts: list[Fact]) -> None:
    assert reduce(merged, facts).state == "excused"
    for one, other in itertools.pairwise(facts):
        assert merged(one, other) == merged(other, one)


def test_every_figure_has_a_definition_with_a_version() -> None:
    assert set(definitions().figures) == set(FIGURES)
    assert definitions().id_of("census") == "board.census.v1"
    assert clocks().first_service == 14


@pytest.mark.parametrize(
    ("was", "becomes", "reason"),
    [
        ("  census:", "  headcount:", "The figure census has no definition"),
        (
            "figures:",
            "figures:\n  joy: {version: 1, title: J, unit: u, counts: c}",
            "no figure joy",
        ),
        ("census: {version: 1", "census: {version: 0", "greater than or equal to 1"),
    ],
)
def test_definitions_that_are_not_those_of_the_board_are_refused(
    was: str, becomes: str, reason: str
) -> None:
    text = Path(DATA / "figures.yaml").read_text()
    with pytest.raises(DataFileInvalid, match=reason):
        parse(Definitions, text.replace(was, becomes, 1), "figures.yaml")


def test_clocks_without_days_are_refused() -> None:
    text = Path(DATA / "clocks.yaml").read_text()
    with pytest.raises(DataFileInvalid, match=r"clocks.yaml:\d+"):
        parse(Clocks, text.replace("first_service: 14", "first_service: 0"), "clocks.yaml")
