"""Nobody computes a hidden cell from what is shown, nor finds that it is small."""

from itertools import product
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.outcomes.programs.rules.suppression import Cell, hidden_cells, with_totals

PUBLISHED = [[40, 25, 3], [33, 28, 15], [21, 19, 14]]


def fitting(table: list[list[int]], hidden: set[Cell], most: int) -> list[dict[Cell, int]]:
    """All tables with cells up to `most` that fit what is shown, by trying each of them; a cell
    rises by the threshold at most, so that a few more than the largest are enough."""
    shown = {c: v for c, v in with_totals(table).items() if c not in hidden}
    height, width = len(table), len(table[0])
    lines = []
    for i, row in enumerate(table):
        choices = [range(most + 1) if (i, j) in hidden else (row[j],) for j in range(width)]
        total = shown.get((i, width))
        lines.append([one for one in product(*choices) if total in (None, sum(one))])
    totals = [(j, shown[height, j]) for j in range(width) if (height, j) in shown]
    found = []
    for rows in product(*lines):
        if all(sum(row[j] for row in rows) == total for j, total in totals):
            values = with_totals(rows)
            if shown.get((height, width)) in (None, values[height, width]):
                found.append(values)
    return found


def test_of_the_published_table_four_cells_are_hidden_and_totals_are_true():
    hidden = hidden_cells(PUBLISHED, 11)
    assert len(hidden) == 4
    assert (0, 2) in hidden
    assert not any(3 in cell for cell in hidden)
    for line in (0, 1, 2):
        assert sum(cell[0] == line for cell in hidden) != 1
        assert sum(cell[1] == line for cell in hidden) != 1


@settings(max_examples=25, deadline=None)
@given(
    st.integers(1, 3).flatmap(
        lambda width: st.lists(
            st.lists(st.integers(0, 3), min_size=width, max_size=width),
            min_size=1,
            max_size=3 if width < 3 else 2,
        )
    )
)
def test_every_hidden_cell_could_be_another_and_every_small_one_large(table: list[list[int]]):
    threshold = 2
    values, hidden = with_totals(table), hidden_cells(table, threshold)
    assert {cell for cell, value in values.items() if value < threshold} <= hidden
    could_be = fitting(table, hidden, 5)
    for cell in hidden:
        seen = {one[cell] for one in could_be}
        assert len(seen) > 1
        if values[cell] < threshold:
            assert max(seen) >= threshold


@settings(max_examples=20, deadline=None)
@given(st.lists(st.lists(st.integers(0, 60), min_size=4, max_size=4), min_size=2, max_size=12))
def test_no_line_has_one_hidden_cell_alone(table: Any):
    hidden = hidden_cells(table)
    height, width = len(table), len(table[0])
    for i in range(height + 1):
        assert sum((i, j) in hidden for j in range(width + 1)) != 1
    for j in range(width + 1):
        assert sum((i, j) in hidden for i in range(height + 1)) != 1


@pytest.mark.parametrize("table", [[[11, 11], [11, 11]], [[500]], [[11], [12]]])
def test_a_table_without_small_cells_is_shown_whole(table: list[list[int]]):
    assert hidden_cells(table) == set()


def test_a_zero_is_hidden_as_it_says_something_of_everybody():
    assert (0, 1) in hidden_cells([[40, 0], [30, 20]])


@settings(max_examples=25, deadline=None)
@given(
    st.integers(1, 2).flatmap(
        lambda width: st.lists(
            st.lists(st.integers(0, 3), min_size=width, max_size=width), min_size=2, max_size=3
        )
    )
)
def test_groups_are_hidden_under_totals_that_are_decided_once(table: list[list[int]]):
    threshold, height = 2, len(table)
    whole = [[sum(column) for column in zip(*table, strict=True)]]
    totals = {j for i, j in hidden_cells(whole, threshold) if i == 1}
    values, hidden = with_totals(table), hidden_cells(table, threshold, totals=totals)
    assert {j for i, j in hidden if i == height} == totals
    could_be = fitting(table, hidden, 5)
    for cell in hidden:
        seen = {one[cell] for one in could_be}
        assert len(seen) > 1
        if values[cell] < threshold:
            assert max(seen) >= threshold
