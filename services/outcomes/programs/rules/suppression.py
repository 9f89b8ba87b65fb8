"""Small cells, and the cells that must go with them so that nobody can compute them.

A table has rows (groups) and columns (classes), and shows its totals true or not at all. A cell
below the threshold is hidden; that is not enough, as totals less the shown cells give it away. So
more cells are hidden until each small cell could be as large as the threshold by all that is shown:
what is shown then fits tables in which it is not small.

The check is exact. What others may fill in is a change of the hidden cells that keeps all sums; in
the graph of rows and columns it is a flow around a circle, alternately raising and lowering cells,
and cells can be lowered to zero only (as in the flow methods of statistical disclosure control, for
example Cox, J. Am. Stat. Assoc. 1995;90:1453).
"""

from collections import deque
from collections.abc import Mapping, Sequence
from heapq import heappop, heappush

THRESHOLD = 11
"""Centers for Medicare & Medicaid Services, cell size suppression policy: no cell below 11."""
Cell = tuple[int, int]
Node = tuple[bool, int]
"""A row (False) or a column (True); the last of either holds the totals."""
TOTALS_COST = 1_000_000_000
"""Totals are hidden where nothing else will do."""


def hidden_cells(table: Sequence[Sequence[int]], threshold: int = THRESHOLD) -> set[Cell]:
    """The cells to hide, by row and column; `(len(table), j)` is the total of a column,
    `(i, number of columns)` that of a row.

    Each hidden cell below the threshold could be at least the threshold by what is shown, and no
    hidden cell can be computed from it.
    """
    values = with_totals(table)
    small = {cell for cell, value in values.items() if value < threshold}
    hidden = set(small)
    for cell in sorted(small, key=lambda one: (values[one], one)):
        missing = threshold - values[cell]
        if _room(values, hidden, cell) < missing:
            hidden |= _cheapest_circle(values, hidden, cell, missing)
    return hidden


def with_totals(table: Sequence[Sequence[int]]) -> dict[Cell, int]:
    """The cells of a table and its totals."""
    values = {(i, j): value for i, row in enumerate(table) for j, value in enumerate(row)}
    height, width = len(table), len(table[0])
    for i, row in enumerate(table):
        values[i, width] = sum(row)
    for j in range(width):
        values[height, j] = sum(row[j] for row in table)
    values[height, width] = sum(map(sum, table))
    return values


def _is_total(values: Mapping[Cell, int], cell: Cell) -> bool:
    """Whether the cell is counted against the others of its row or column: a row's or a column's
    total, but not the total of totals, which is on the other side again."""
    height, width = max(values)
    return (cell[0] == height) != (cell[1] == width)


def _capacity(values: Mapping[Cell, int], cell: Cell, *, raised: bool) -> float:
    """How far a cell can be changed, in the direction of the circle."""
    lowers = raised == _is_total(values, cell)
    return values[cell] if lowers else float("inf")


def _arcs(cells: set[Cell], node: Node) -> list[tuple[Node, Cell, bool]]:
    """Where one gets from a row (by raising) or a column (by lowering), and by which cell."""
    is_column, number = node
    if is_column:
        return [((False, i), (i, j), False) for i, j in cells if j == number]
    return [((True, j), (i, j), True) for i, j in cells if i == number]


def _room(values: Mapping[Cell, int], hidden: set[Cell], cell: Cell) -> float:
    """By how much a hidden cell could be larger: the greatest flow from its one side to the other,
    by the other hidden cells."""
    others = hidden - {cell}
    source, target = _ends(values, cell)
    flow: dict[Cell, float] = dict.fromkeys(others, 0.0)
    total = 0.0
    while True:
        came: dict[Node, tuple[Node, Cell, bool]] = {}
        waiting = deque([source])
        while waiting and target not in came:
            node = waiting.popleft()
            for other, by, raised in _arcs(others, node):
                if other != source and other not in came and _left(values, flow, by, raised) > 0:
                    came[other] = (node, by, raised)
                    waiting.append(other)
        if target not in came:
            return total
        path = []
        node = target
        while node != source:
            node, by, raised = came[node]
            path.append((by, raised))
        amount = min(_left(values, flow, by, raised) for by, raised in path)
        if amount == float("inf"):
            return amount
        for by, raised in path:
            flow[by] += amount if raised else -amount
        total += amount


def _ends(values: Mapping[Cell, int], cell: Cell) -> tuple[Node, Node]:
    """From where to where the others must flow for the cell itself to become larger."""
    row, column = (False, cell[0]), (True, cell[1])
    return (row, column) if _is_total(values, cell) else (column, row)


def _left(values: Mapping[Cell, int], flow: Mapping[Cell, float], by: Cell, raised: bool) -> float:
    changed = flow[by] if raised else -flow[by]
    return _capacity(values, by, raised=raised) - changed


def _cheapest_circle(
    values: Mapping[Cell, int], hidden: set[Cell], cell: Cell, missing: int
) -> set[Cell]:
    """The cells of a circle through the cell that gives it room enough and hides least."""
    height, width = max(values)
    cells = set(values) - {cell}
    source, target = _ends(values, cell)
    best: dict[Node, float] = {source: 0}
    heap: list[tuple[float, Node, tuple[Cell, ...]]] = [(0, source, ())]
    while heap:
        cost, node, path = heappop(heap)
        if node == target:
            return set(path)
        for other, by, raised in _arcs(cells, node):
            if _capacity(values, by, raised=raised) < missing:
                continue
            margin = TOTALS_COST if height == by[0] or width == by[1] else 0
            paid = cost + (0 if by in hidden else values[by] + 1 + margin)
            if paid < best.get(other, float("inf")):
                best[other] = paid
                heappush(heap, (paid, other, (*path, by)))
    raise AssertionError("raising the totals of the cell is always a circle")
