"""How alike two people are, and why: a score between 0 and 1 with its reasons."""

from dataclasses import dataclass
from datetime import date
from typing import Literal

from rapidfuzz.distance import JaroWinkler

from services.intake.matching.keys import (
    Person,
    day_and_month_swapped,
    has_both,
    national,
)
from services.intake.matching.names import canonical, family_parts, family_spellings, words_of
from services.intake.matching.policy import Matching

ReasonKind = Literal[
    "same_birth_date",
    "birth_date_day_and_month_swapped",
    "birth_date_one_part_differs",
    "birth_date_differs",
    "same_family_name",
    "family_name_alike",
    "family_name_differs",
    "same_given_name",
    "given_name_form",
    "given_name_alike",
    "given_name_differs",
    "names_swapped",
    "one_name_only",
    "same_phone",
]
"""What speaks for two people being one, and, as `…_differs`, against it."""
PARTS_OF_A_DATE = 3


@dataclass(frozen=True, slots=True)
class Reason:
    """One thing that speaks for it or against it. `likeness` is given where it is one of many."""

    kind: ReasonKind
    likeness: float | None = None

    @property
    def words(self) -> str:
        """For people, such as `family name alike 0.93`."""
        said = self.kind.replace("_", " ")
        return said if self.likeness is None else f"{said} {self.likeness:.2f}"


@dataclass(frozen=True, slots=True)
class Likeness:
    """How likely two people are one, from 0 to 1, and why."""

    score: float
    reasons: tuple[Reason, ...]


Part = tuple[float, Reason]


def likeness(one: Person, other: Person, data: Matching) -> Likeness:
    """Compare two people; the order of the two makes no difference."""
    score, reasons = _names(one, other, data)
    if one.birth_date is None or other.birth_date is None:
        score /= data.weights.family_name + data.weights.given_name
    else:
        share, reason = _births(one.birth_date, other.birth_date, data)
        score += data.weights.birth_date * share
        reasons.insert(0, reason)
    if one.phone and other.phone and national(one.phone) == national(other.phone):
        score += (1 - score) * data.phone_gain
        reasons.append(Reason("same_phone"))
    return Likeness(round(min(score, 1.0), 4), tuple(reasons))


def _names(one: Person, other: Person, data: Matching) -> tuple[float, list[Reason]]:
    """What the names count together, as they are or, where that counts more, exchanged.

    A name that one of the two does not have is left out, for which there is a factor.
    """
    weights = data.weights
    family = _families(one.family_name, other.family_name, data)
    given = _givens(one.given_name, other.given_name, data)
    straight, reasons = _sum((weights.family_name, family), (weights.given_name, given))
    half = (weights.family_name + weights.given_name) / 2
    crossed, _ = _sum(
        (half, _families(one.family_name, other.given_name, data)),
        (half, _families(one.given_name, other.family_name, data)),
    )
    swapped = crossed * data.swapped_names_factor
    if swapped > straight:
        share = round(crossed / (2 * half), 2)
        straight, reasons = swapped, [Reason("names_swapped", None if share == 1 else share)]
    if has_both(one) != has_both(other):
        return straight * data.one_name_factor, [*reasons, Reason("one_name_only")]
    return straight, reasons


def _sum(*parts: tuple[float, Part | None]) -> tuple[float, list[Reason]]:
    """What parts count by their weights; those that cannot be compared count as the others do."""
    known = [(weight, part) for weight, part in parts if part is not None]
    if not known:
        return 0.0, []
    share = sum(w * part[0] for w, part in known) / sum(w for w, _ in known)
    return share * sum(w for w, _ in parts), [part[1] for _, part in known]


def _families(one: str | None, other: str | None, data: Matching) -> Part | None:
    """How alike two family names are, however they are written apart; None where one is absent."""
    ours, theirs = family_spellings(one, data), family_spellings(other, data)
    if not ours or not theirs:
        return None
    if set(ours) & set(theirs):
        return 1.0, Reason("same_family_name")
    found = max(_alike(our, their) for our in ours for their in theirs)
    if set(family_parts(one, data)) & set(family_parts(other, data)):
        found = max(found, data.shared_part_likeness)
    if found < data.least_name_likeness:
        return 0.0, Reason("family_name_differs")
    return found, Reason("family_name_alike", round(found, 2))


def _givens(one: str | None, other: str | None, data: Matching) -> Part | None:
    ours, theirs = words_of(one), words_of(other)
    if not ours or not theirs:
        return None
    if "".join(ours) == "".join(theirs):
        return 1.0, Reason("same_given_name")
    found = _alike("".join(ours), "".join(theirs))
    is_form = ours[0] != theirs[0] and canonical(ours[0], data) == canonical(theirs[0], data)
    if is_form and found < data.nickname_likeness:
        return data.nickname_likeness, Reason("given_name_form", data.nickname_likeness)
    if set(ours) & set(theirs):
        found = max(found, data.shared_part_likeness)
    if found < data.least_name_likeness:
        return 0.0, Reason("given_name_differs")
    return found, Reason("given_name_alike", round(found, 2))


def _alike(one: str, other: str) -> float:
    # In one order, so that who is compared with whom makes no difference.
    return JaroWinkler.similarity(*sorted((one, other)))


def _births(one: date, other: date, data: Matching) -> Part:
    counts = data.birth_date_likeness
    if one == other:
        return counts.same, Reason("same_birth_date")
    if day_and_month_swapped(one) == other:
        return counts.day_and_month_swapped, Reason("birth_date_day_and_month_swapped")
    same = (one.year == other.year) + (one.month == other.month) + (one.day == other.day)
    if same == PARTS_OF_A_DATE - 1:
        return counts.one_part_differs, Reason("birth_date_one_part_differs")
    return 0.0, Reason("birth_date_differs")
