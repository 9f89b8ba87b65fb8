"""People whom a site took in twice: what the second record lives through, and its merges."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from itertools import repeat

from stepwell.region.year.course import Course, falling, grant


@dataclass(frozen=True)
class Duplicate:
    """A record `second` of the person whose record is `first`."""

    first: int
    live: Callable[[Course, int], None]
    """What happens to the second record; the number is that of the first."""


def _merge(course: Course, on: date, survivor: int, merged: int) -> None:
    course.add(on, "merge", survivor=survivor, merged=merged)


def _undo(course: Course, on: date, survivor: int, merged: int) -> None:
    course.add(on, "undo_merge", survivor=survivor, merged=merged)


def _returns_unrecognized(course: Course, first: int) -> None:
    """Comes back in the next term and is taken for somebody new; found out, doubted, found out."""
    course.come(date(2026, 2, 24), screened=0)
    own = (grant("H0015", 5, date(2026, 2, 26), 20), grant("H0004", 20, date(2026, 2, 26), 50))
    course.stay(date(2026, 2, 26), grants=own)
    course.measure(date(2026, 3, 2), date(2026, 3, 23), falling((14, 10), 2, (8, 6)))
    _merge(course, date(2026, 3, 11), course.client, first)
    course.add(date(2026, 4, 8), "discharge", reason="program_finished")
    _undo(course, date(2026, 5, 6), course.client, first)
    _merge(course, date(2026, 7, 8), course.client, first)


def _screened_twice(course: Course, first: int) -> None:
    """Is referred and screened under another name while in the program: an answer that counts.

    The second record's screening is about self-harm; the first record's own, of the same days,
    says otherwise. Later all three records of the person are joined.
    """
    course.add(date(2026, 2, 3), "refer")
    course.add(date(2026, 2, 10), "screen", occasion="intake", totals=(7, 5), item9=1)
    _merge(course, date(2026, 2, 11), first, course.client)
    _undo(course, date(2026, 2, 13), first, course.client)
    _merge(course, date(2026, 3, 18), course.client - 1, course.client)
    _undo(course, date(2026, 4, 20), course.client - 1, course.client)


def _stays_in_both(course: Course, first: int) -> None:
    """Had a stay in spring under the first record and has one in summer under the second."""
    course.come(date(2026, 6, 23))
    course.stay(date(2026, 6, 26), permission=None, payer=False)
    _merge(course, date(2026, 7, 15), course.client, first)
    course.add(date(2026, 8, 5), "discharge", reason="moved_to_other_site")


def _grants_of_both(course: Course, first: int) -> None:
    """The second record brings a payer's grant and a refusal to be reached for some weeks."""
    course.come(date(2026, 7, 6), screened=2)
    course.add(
        date(2026, 7, 9),
        "cover",
        cover=True,
        grants=(grant("H0015", 3, date(2026, 7, 1), 40), grant("H0004", 6, date(2026, 7, 1), 41)),
    )
    course.permit(date(2026, 7, 9), "no_way")
    _merge(course, date(2026, 7, 14), first, course.client)
    _undo(course, date(2026, 7, 28), first, course.client)


def _found_after_all(course: Course, first: int) -> None:
    """Both records are out of the program when the merge is made, and when it is taken back."""
    course.come(date(2026, 10, 6), screened=0)
    course.stay(date(2026, 10, 7), grants=(grant("H0015", 9, date(2026, 10, 7), 60),))
    course.measure(date(2026, 10, 12), date(2026, 10, 26), repeat((9, 9)))
    course.add(date(2026, 11, 4), "discharge", reason="incarcerated")
    _merge(course, date(2026, 11, 18), first, course.client)
    _undo(course, date(2026, 12, 9), first, course.client)


def _referred_again(course: Course, first: int) -> None:
    """Two open referrals, of which the merged one waits for nothing any more."""
    course.add(date(2026, 10, 1), "refer")
    course.add(date(2026, 10, 20), "screen", occasion="intake", totals=(11, None), item9=0)
    _merge(course, date(2026, 10, 22), first, course.client)


DUPLICATES = (
    Duplicate(3, _returns_unrecognized),
    Duplicate(3, _screened_twice),
    Duplicate(17, _stays_in_both),
    Duplicate(29, _grants_of_both),
    Duplicate(5, _found_after_all),
    Duplicate(42, _referred_again),
)
