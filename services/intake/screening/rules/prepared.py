"""A definition made ready for scoring: every rule as tables by the place of an item.

Made once for each definition. Scoring then looks up and adds, whatever the instrument.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from operator import itemgetter
from typing import Any, Final

from services.intake.screening.policy import Instrument
from services.intake.screening.policy.parts import Condition
from shared.contracts.intake import RiskKind, RiskSeverity

NOT_ASKED: Final = "not_asked"

Test = tuple[int, frozenset[int]]
"""The place of an item, and the answers that fulfil a condition."""
Pick = Callable[[Sequence[Any]], Sequence[Any]]
"""Takes the values of some places from those of all, at the speed of the interpreter's own code."""


@dataclass(frozen=True, slots=True)
class SkipTable:
    """What is not asked once all tests hold."""

    tests: tuple[Test, ...]
    places: frozenset[int]
    refuses: bool
    """An answer given all the same does not stand, other than those in `lowest`."""
    lowest: Mapping[int, int]
    """By place the one answer that may stand."""


@dataclass(frozen=True, slots=True)
class SumTable:
    """A sum of some items."""

    places: tuple[int, ...]
    pick: Pick
    requires: tuple[int, ...]
    missing_allowed: int
    missing_within: tuple[tuple[Pick, int], ...]
    lowest: Mapping[int, int]
    highest: Mapping[int, int]
    """The fewest and the most points of the item at a place."""
    bands: Mapping[int, str]
    cuts: Mapping[str, int]
    """By sex at birth."""
    factor: int | None


@dataclass(frozen=True, slots=True)
class SubscaleTable:
    """A subscale; `flagged` are its totals that ask for a look, None where nothing is said."""

    key: str
    pick: Pick
    flagged: frozenset[int] | None


@dataclass(frozen=True, slots=True)
class SyndromeTable:
    """A diagnostic algorithm: by place the answers that are a symptom, then what is found."""

    symptoms: tuple[frozenset[int], ...]
    pick: Pick
    """The items that the algorithm looks at."""
    outcomes: tuple[tuple[str, tuple[tuple[Pick, int], ...]], ...]
    otherwise: str
    open_when_missing: bool


@dataclass(frozen=True, slots=True)
class Prepared:
    """A definition as tables."""

    points: tuple[Mapping[Any, int | None], ...]
    """By place: what each answer adds to a sum."""
    possible: tuple[frozenset[Any], ...]
    """By place: what may be answered; not what may be skipped."""
    skips: tuple[SkipTable, ...]
    at_most: tuple[tuple[int, int, str], ...]
    total: SumTable | None
    subscales: tuple[SubscaleTable, ...]
    levels: tuple[tuple[str, tuple[Test, ...]], ...]
    undetermined: str
    syndrome: SyndromeTable | None
    safety: int | None
    alerts: tuple[tuple[Test | None, str | None, RiskKind, RiskSeverity], ...]
    notes: tuple[tuple[str, tuple[Test, ...]], ...]


_READY: dict[int, tuple[Instrument, Prepared]] = {}
"""By identity, and with the definition itself, so that no other one gets its identity."""


def prepare(one: Instrument) -> Prepared:
    """The tables of a definition."""
    found = _READY.get(id(one))
    if found is None:
        found = _READY[id(one)] = one, tables_of(one)
    return found[1]


def tables_of(one: Instrument) -> Prepared:
    """Make the tables of a definition."""
    return Prepared(
        points=tuple(
            {answer: item.points(answer) for answer in item.values}
            | {None: None, NOT_ASKED: min(map(item.points, item.values))}
            for item in one.items
        ),
        possible=tuple(frozenset({*item.values, None}) for item in one.items),
        skips=_skips(one),
        at_most=tuple(
            (one.place(rule.item), one.place(rule.at_most), rule.because)
            for rule in one.consistency
        ),
        total=_total(one),
        subscales=_subscales(one),
        levels=tuple(
            (level.level, _tests(one, level.any_of))
            for level in (one.levels.order if one.levels else ())
        ),
        undetermined=one.levels.undetermined if one.levels else "",
        syndrome=_syndrome(one),
        safety=None if one.safety_item is None else one.place(one.safety_item),
        alerts=tuple(
            (_tests(one, [a.when])[0] if a.when else None, a.level, a.kind, a.severity)
            for a in one.alerts
        ),
        notes=tuple((note.note, _tests(one, note.all_of)) for note in one.notes),
    )


def _places(one: Instrument, numbers: Iterable[str]) -> tuple[int, ...]:
    return tuple(one.place(number) for number in numbers)


def _pick(one: Instrument, numbers: Iterable[str]) -> Pick:
    places = _places(one, numbers)
    if places == tuple(range(len(one.items))):
        return _all
    if len(places) == 1:
        return itemgetter(slice(places[0], places[0] + 1))
    return itemgetter(*places)


def _all(values: Sequence[Any]) -> Sequence[Any]:
    return values


def _tests(one: Instrument, conditions: Iterable[Condition]) -> tuple[Test, ...]:
    return tuple(
        (place := one.place(condition.item), condition.answers(one.items[place].values))
        for condition in conditions
    )


def _skips(one: Instrument) -> tuple[SkipTable, ...]:
    return tuple(
        SkipTable(
            tests=_tests(one, skip.when),
            places=frozenset(_places(one, skip.not_asked)),
            refuses=skip.answered != "kept",
            lowest={
                place: one.items[place].values[0]
                for place in _places(one, skip.not_asked)
                if skip.answered == "lowest"
            },
        )
        for skip in one.skips
    )


def _total(one: Instrument) -> SumTable | None:
    if (total := one.total) is None:
        return None
    places = _places(one, total.items)
    points = {
        place: [one.items[place].points(v) for v in one.items[place].values] for place in places
    }
    lowest = {place: min(values) for place, values in points.items()}
    highest = {place: max(values) for place, values in points.items()}
    return SumTable(
        places=places,
        pick=_pick(one, total.items),
        requires=_places(one, total.requires),
        missing_allowed=total.missing_allowed,
        missing_within=tuple(
            (_pick(one, bound.items), bound.missing_allowed) for bound in total.missing_within
        ),
        lowest=lowest,
        highest=highest,
        bands={
            value: band.name
            for band in one.bands
            for value in range(band.from_, sum(highest.values()) + 1)
        },
        cuts=_cuts(one),
        factor=one.scale.factor if one.scale else None,
    )


def _cuts(one: Instrument) -> dict[str, int]:
    if "any" in one.positive_from:
        return dict.fromkeys(("female", "male", "unknown"), one.positive_from["any"])
    return {str(sex): cut for sex, cut in one.positive_from.items()}


def _subscales(one: Instrument) -> tuple[SubscaleTable, ...]:
    made = []
    for subscale in one.subscales:
        places = _places(one, subscale.items)
        highest = sum(max(map(one.items[p].points, one.items[p].values)) for p in places)
        flagged = None
        if (flag := subscale.flag) is not None:
            up_to = highest if flag.up_to is None else flag.up_to
            flagged = frozenset(range(flag.from_ or 0, up_to + 1))
        made.append(SubscaleTable(subscale.key, _pick(one, subscale.items), flagged))
    return tuple(made)


def _syndrome(one: Instrument) -> SyndromeTable | None:
    if (rule := one.syndrome) is None:
        return None
    special = {exception.item: exception.from_ for exception in rule.exceptions}
    symptoms: Sequence[frozenset[int]] = [
        frozenset(v for v in item.values if v >= special.get(item.number, rule.symptom_from))
        for item in one.items
    ]
    named = {n for outcome in rule.outcomes for c in outcome.at_least for n in c.items}
    return SyndromeTable(
        symptoms=tuple(symptoms),
        pick=_pick(one, [item.number for item in one.items if item.number in named]),
        outcomes=tuple(
            (
                outcome.outcome,
                tuple((_pick(one, counted.items), counted.count) for counted in outcome.at_least),
            )
            for outcome in rule.outcomes
        ),
        otherwise=rule.otherwise,
        open_when_missing=rule.missing == "leaves_open",
    )
