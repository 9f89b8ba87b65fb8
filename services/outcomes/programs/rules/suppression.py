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

from collections import defaultdict, deque
from collections.abc import Container, Mapping, Sequence
from heapq import heappop, heappush

THRESHOLD = 11
"""Centers for Medicare & Medicaid Services, cell size suppression policy: no cell below 11."""
Cell = tuple[int, int]
Node = tuple[bool, int]
"""A row (False) or a column (True); the last of either holds the totals."""
_Lines = defaultdict[Node, list[tuple[Cell, Node]]]
"""Cells by row and by column, each with its other side."""
INFINITE = float("inf")
TOTALS_COST = 1_000_000_000
"""Totals are hidden where nothing else will do."""


def hidden_cells(
    table: Sequence[Sequence[int]],
    threshold: int = THRESHOLD,
    *,
    totals: Container[int] | None = None,
) -> set[Cell]:
    """The cells to hide, by row and column; `(len(table), j)` is the total of a column,
    `(i, number of columns)` that of a row.

    Each hidden cell below the threshold could be at least the threshold by what is shown, and no
    hidden cell can be computed from it.

    `totals` are the columns whose totals are hidden, and no others: tables of one population by
    several groupings show the same totals, or what one hides another gives away.
    """
    values = with_totals(table)
    height = len(table)
    small = {cell for cell, value in values.items() if value < threshold}
    hidden, usable = set(small), set(values)
    if totals is not None:
        given = {cell for cell in values if cell[0] == height}
        kept = {cell for cell in given if cell[1] in totals}
        hidden = (hidden - given) | kept
        usable -= given - kept
    graph = _Graph(values, hidden, usable)
    for cell in sorted(small & usable, key=lambda one: (values[one], one)):
        needed = threshold - values[cell]
        while (missing := needed - graph.room(cell, needed)) > 0:
            more = graph.cheapest(cell, missing) or graph.cheapest(cell, 1)
            graph.hide(more or usable)  # where nothing else will do, all is hidden
            if not more:
                return graph.hidden
    return graph.hidden


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


class _Graph:
    """Rows and columns, and the cells between them: a way leads from a row to a column by raising a
    cell, and from a column to a row by lowering one. A total is counted against the others of its
    line, so that it is lowered where they are raised; the total of totals is not."""

    def __init__(self, values: Mapping[Cell, int], hidden: set[Cell], usable: set[Cell]) -> None:
        self.values = values
        self.height, self.width = max(values)
        self.totals = {cell for cell in values if self._is_total(cell)}
        self.hidden: set[Cell] = set()
        self.lines: _Lines = defaultdict(list)
        self.usable: _Lines = defaultdict(list)
        for cell in sorted(usable):
            _between(self.usable, cell)
        self.flow: defaultdict[Cell, float] = defaultdict(float)
        self.hide(hidden)

    def hide(self, cells: set[Cell]) -> None:
        """Hide more cells."""
        for cell in sorted(cells - self.hidden):
            self.hidden.add(cell)
            _between(self.lines, cell)

    def left(self, by: Cell, raised: bool) -> float:
        """How far a cell can still be changed, in the direction of the way."""
        lowers = raised == (by in self.totals)
        changed = self.flow[by] if raised else -self.flow[by]
        return (self.values[by] if lowers else INFINITE) - changed

    def room(self, cell: Cell, needed: int) -> float:
        """By how much a hidden cell could be larger, up to what is needed: the greatest flow from
        its one side to the other, by the other hidden cells. The flow stays, for `cheapest`."""
        self.flow.clear()
        source, target = self._from_to(cell)
        total = 0.0
        while total < needed and (way := self._way(cell, source, target)):
            amount = min(*(self.left(by, raised) for by, raised in way), needed - total)
            for by, raised in way:
                self.flow[by] += amount if raised else -amount
            total += amount
        return total

    def cheapest(self, cell: Cell, least: float) -> set[Cell]:
        """The cells of the way that gives the cell so much more room and hides least."""
        source, target = self._from_to(cell)
        best: dict[Node, float] = {source: 0}
        heap: list[tuple[float, Node, tuple[Cell, ...]]] = [(0, source, ())]
        while heap:
            cost, node, path = heappop(heap)
            if node == target:
                return set(path)
            if cost > best[node]:
                continue
            for by, other in self.usable[node]:
                paid = cost if by in self.hidden else cost + self._cost(by)
                if paid >= best.get(other, INFINITE) or by == cell:
                    continue
                if self.left(by, not node[0]) >= least:
                    best[other] = paid
                    heappush(heap, (paid, other, (*path, by)))
        return set()

    def _way(self, cell: Cell, source: Node, target: Node) -> list[tuple[Cell, bool]]:
        """A shortest way by hidden cells that can still be changed, found from its end."""
        came: dict[Node, list[tuple[Cell, bool]]] = {target: []}
        waiting = deque([target])
        while waiting:
            node = waiting.popleft()
            raised = node[0]  # whatever leads to a column raises
            for by, other in self.lines[node]:
                if other in came or by == cell or self.left(by, raised) < 1:
                    continue
                came[other] = [(by, raised), *came[node]]
                if other == source:
                    return came[other]
                last = (source[1], other[1]) if other[0] else (other[1], source[1])
                if (
                    other[0] != source[0]
                    and last in self.hidden
                    and last != cell
                    and self.left(last, not source[0]) >= 1
                ):
                    return [(last, not source[0]), *came[other]]
                waiting.append(other)
        return []

    def _from_to(self, cell: Cell) -> tuple[Node, Node]:
        """From where to where the others must flow for the cell itself to become larger."""
        row, column = _ends(cell)
        return (row, column) if cell in self.totals else (column, row)

    def _is_total(self, cell: Cell) -> bool:
        return (cell[0] == self.height) != (cell[1] == self.width)

    def _cost(self, cell: Cell) -> int:
        margin = cell[0] == self.height or cell[1] == self.width
        return self.values[cell] + 1 + (TOTALS_COST if margin else 0)


def _ends(cell: Cell) -> tuple[Node, Node]:
    """The row and the column of a cell."""
    return (False, cell[0]), (True, cell[1])


def _between(lines: _Lines, cell: Cell) -> None:
    """Enter a cell at its row and its column, each with the other side."""
    row, column = _ends(cell)
    lines[row].append((cell, column))
    lines[column].append((cell, row))
