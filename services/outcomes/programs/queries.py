"""Program measures as they are read: counted, grouped, and small cells hidden."""

import asyncio
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from uuid import UUID

from services.outcomes.programs.loading import Scope, load_cases
from services.outcomes.programs.policy import Measures, ProgramMeasure, measures
from services.outcomes.programs.rules import survival
from services.outcomes.programs.rules.facts import Counted, Period
from services.outcomes.programs.rules.measures import kind_of
from services.outcomes.programs.rules.proportion import wilson
from services.outcomes.programs.rules.suppression import hidden_cells
from services.outcomes.programs.schemas import (
    By,
    CountedCase,
    Curve,
    Group,
    MeasureFigures,
    Point,
    Proportion,
)
from shared.database import Transaction
from shared.errors import Invalid, NotFound
from shared.web import Page, Paging, page_of

DAY = timedelta(days=1)
LONGEST_MONTHS = 60
UNKNOWN = "unknown"


class ImpossiblePeriod(Invalid):
    """The time asked for is empty, too long, or not of whole months."""


async def summarize(
    tx: Transaction, measure_id: str, scope: Scope, period: Period, by: By
) -> MeasureFigures:
    """What a measure comes to at the caller's sites.

    Raises:
        NotFound: there is no such measure.
        ImpossiblePeriod: with a pointer.
    """
    known, measure = measures(), _measure(measure_id)
    around = await _counted(tx, measure, Scope(), period, by)
    counted = [one for one in around if scope.holds(one.case)]
    classes = [*measure.classes]
    classes += sorted({one.falls for one in around} - set(classes))
    grouped = _grouped(counted, by) if by != "none" else {}
    names, rows = sorted(grouped), [grouped[name] for name in sorted(grouped)]
    table = Cells(measure, known.smallest_cell, classes)
    adds_up = not (measure.kind == "census" and by == "month")
    hidden = await asyncio.to_thread(_hidden, table, rows, counted, around, scope, adds_up=adds_up)

    def shown(row: int, name: str | None, cases: Sequence[Counted]) -> Group:
        width = len(classes)
        values = [*(_sum(cases, falls) for falls in classes), sum(one.number for one in cases)]
        cells = [None if (row, j) in hidden else value for j, value in enumerate(values)]
        return _group_figures(
            known, measure, name, dict(zip(classes, cells, strict=False)), cells[width], cases
        )

    return MeasureFigures(
        measure=measure.id,
        name=measure.name,
        definitions_version=known.version,
        sites_with_own_definitions=sorted(site for site in measures.of_sites if tx.may_see(site)),
        since=period.first,
        until=period.until,
        by=by,
        as_of=tx.now,
        smallest_cell=known.smallest_cell,
        groups=[shown(n, name, grouped[name]) for n, name in enumerate(names)],
        all=shown(len(rows), None, counted) if adds_up else None,
    )


async def list_cases(
    tx: Transaction,
    measure_id: str,
    scope: Scope,
    period: Period,
    paging: Paging,
    *,
    by: By,
    group: str | None,
    falls: str | None,
) -> Page[CountedCase]:
    """The cases behind a figure, for who may see the clients.

    Raises:
        NotFound, ImpossiblePeriod: as for `summarize`.
    """
    measure = _measure(measure_id)
    merged: dict[tuple[UUID, date, str], CountedCase] = {}
    for one in await _counted(tx, measure, scope, period, by):
        named = _group(one, by) if by != "none" else None
        if group not in (None, named) or falls not in (None, one.falls) or not one.number:
            continue
        key = (one.case.id, one.on, one.falls)
        merged[key] = CountedCase(
            id=one.case.id,
            of=type(one.case).__name__.lower(),
            client_id=one.case.client_id,
            site_id=one.case.site_id,
            on=one.on,
            group=named,
            falls=one.falls,
            number=one.number,
        )
    # a page goes by ids: all that a case counts, such as its months, is on one page
    ids = sorted({one.id for one in merged.values() if one.id > paging.after})
    chosen = set(ids[: paging.limit])
    shown = [merged[key] for key in sorted(merged) if key[0] in chosen]
    more = page_of(ids[: paging.limit + 1], paging.limit, key=str)
    return Page(items=shown, next=more.next)


async def _counted(
    tx: Transaction, measure: ProgramMeasure, scope: Scope, period: Period, by: By
) -> list[Counted]:
    """Each case by the definition of its own site; a census that is not by month is of the last
    month that has begun there."""
    _check(period)
    of_one_day = measure.kind == "census" and by != "month"
    counted: list[Counted] = []
    cases = await load_cases(tx, measure, scope, period)
    of_sites = {site: measures(site).by_id.get(measure.id) for site in {c.site_id for c in cases}}
    for case in cases:
        own = of_sites[case.site_id]
        if own is not None and own.kind == measure.kind:
            last = min(period.until - DAY, case.today).replace(day=1)
            within = Period(max(period.first, last), period.until) if of_one_day else period
            counted += kind_of(own).count(own, case, within)
    return counted


def _measure(measure_id: str) -> ProgramMeasure:
    found = measures().by_id.get(measure_id)
    if found is None:
        raise NotFound("There is no such measure.")
    return found


def _check(period: Period) -> None:
    if period.first.day != 1 or period.until.day != 1:
        which = "from" if period.first.day != 1 else "until"
        raise ImpossiblePeriod("Ask for whole months: give first days of months.", pointer=which)
    count = 12 * (period.until.year - period.first.year) + period.until.month - period.first.month
    if not 0 < count <= LONGEST_MONTHS:
        raise ImpossiblePeriod(f"Ask for 1 to {LONGEST_MONTHS} months.", pointer="until")


def _group(one: Counted, by: By) -> str:
    if by == "month":
        return f"{one.on:%Y-%m}"
    named = (
        by if by in ("level_of_care", "dual_diagnosis", "gender_group", "age_band") else f"{by}_id"
    )
    value = getattr(one.case, named)
    if value is None:
        return UNKNOWN
    return str(value).lower() if isinstance(value, bool) else str(value)


def _sum(cases: Iterable[Counted], falls: str) -> int:
    return sum(one.number for one in cases if one.falls == falls)


@dataclass(frozen=True, slots=True)
class Cells:
    """Which cells of a measure's tables are hidden."""

    measure: ProgramMeasure
    smallest: int
    classes: Sequence[str]

    def hidden(
        self, rows: Sequence[Sequence[Counted]], totals: set[int] | None = None
    ) -> set[tuple[int, int]]:
        """The hidden cells, the last row and column being totals; see `hidden_cells`.

        Of sessions the people count: those of a group of few are hidden altogether.
        """
        if self.measure.kind != "attendance":
            table = [[_sum(row, falls) for falls in self.classes] for row in rows]
            return hidden_cells(table, self.smallest, totals=totals)
        people = [[len({one.case.id for one in row if one.number})] for row in rows]
        both = None if totals is None else {0, 1} if totals else set[int]()
        few = {row for row, _ in hidden_cells(people, self.smallest, totals=both)}
        return {(row, j) for row in few for j in range(len(self.classes) + 1)}


def _hidden(
    cells: Cells,
    rows: Sequence[Sequence[Counted]],
    counted: Sequence[Counted],
    around: Sequence[Counted],
    scope: Scope,
    *,
    adds_up: bool,
) -> set[tuple[int, int]]:
    """The hidden cells of groups and of all, the totals being decided first.

    They are the same by whatever groups one asks; and what is hidden of a site or a region among
    the others is hidden where it is asked for alone.
    """
    if not adds_up:
        none = {(0, column) for column in range(len(cells.classes) + 1)}
        return cells.hidden(rows) if rows else none
    totals = {j for row, j in cells.hidden([counted]) if row == 1}
    if len(counted) < len(around):
        others = _grouped(around, "site" if scope.site_id else "region")
        place = list(others).index(str(scope.site_id or scope.region_id)) if counted else -1
        totals |= {j for row, j in cells.hidden(list(others.values())) if row == place}
    hidden = cells.hidden(rows, totals) if rows else set[tuple[int, int]]()
    return hidden | {(len(rows), j) for j in totals}


def _grouped(counted: Iterable[Counted], by: By) -> dict[str, list[Counted]]:
    grouped: defaultdict[str, list[Counted]] = defaultdict(list)
    for one in counted:
        grouped[_group(one, by)].append(one)
    return grouped


def _group_figures(
    known: Measures,
    measure: ProgramMeasure,
    name: str | None,
    classes: dict[str, int | None],
    total: int | None,
    cases: Sequence[Counted],
) -> Group:
    first = next(iter(classes.values()))
    whole = None not in classes.values() and total is not None
    share = None
    if total and first is not None and len(classes) > 1:
        share = Proportion(
            share=first / total, **dict(zip(("low", "high"), wilson(first, total), strict=True))
        )
    hours = None
    if measure.kind == "attendance" and whole:
        hours = sum(one.minutes for one in cases) / 60
    curve = None
    if kind_of(measure).curve:
        spans = [one.span for one in cases if one.span is not None]
        curve = _curve(spans, known.curve_days, known.smallest_cell, told=total is not None)
    return Group(
        group=name, total=total, classes=classes, proportion=share, hours=hours, curve=curve
    )


def _curve(
    spans: Sequence[survival.Span], days: Sequence[int], smallest: int, *, told: bool
) -> Curve:
    """The curve on the days that give nobody away: there are enough at risk beyond the day, and of
    each kind none or enough have ended since the point before."""
    steps = survival.curves(spans)
    points, before = [], dict.fromkeys({span.end for span in spans if span.end}, 0)
    for day in days if told else ():
        at_risk = survival.at_risk_after(spans, day)
        if at_risk < smallest:
            break
        by_now = {
            kind: sum(span.end == kind and span.halves[1] <= 2 * day for span in spans)
            for kind in before
        }
        if any(0 < by_now[kind] - count < smallest for kind, count in before.items()):
            continue
        before, step = by_now, survival.at(steps, day)
        points.append(
            Point(
                day=day,
                at_risk=at_risk,
                survival=step.survival if step else 1.0,
                low=step.low if step else None,
                high=step.high if step else None,
                incidence=dict(step.incidence) if step else dict.fromkeys(sorted(before), 0.0),
            )
        )
    enough = told and sum(span.end is not None for span in spans) >= smallest
    return Curve(median_days=survival.median(steps) if enough else None, points=points)
