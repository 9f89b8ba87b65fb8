"""Arithmetic with times."""

from collections.abc import Iterable, Iterator, Sequence
from typing import TypeVar

from services.scheduling.plans.rules.problem import Span

T = TypeVar("T")


def joined(spans: Iterable[Span]) -> tuple[Span, ...]:
    """The same times in order, those that touch as one."""
    made: list[Span] = []
    for span in sorted(spans):
        if made and span.begins <= made[-1].ends:
            made[-1] = Span(made[-1].begins, max(made[-1].ends, span.ends))
        else:
            made.append(span)
    return tuple(made)


def common(some: Iterable[Span], others: Sequence[Span]) -> tuple[Span, ...]:
    """The times that are in both."""
    both = (Span(max(a.begins, b.begins), min(a.ends, b.ends)) for a in some for b in others)
    return joined(span for span in both if span.begins < span.ends)


def without(spans: Iterable[Span], holes: Iterable[Span]) -> tuple[Span, ...]:
    """The times that are in no hole."""
    left = joined(spans)
    for hole in holes:
        left = tuple(
            Span(begins, ends)
            for span in left
            for begins, ends in (
                (span.begins, min(span.ends, hole.begins)),
                (max(span.begins, hole.ends), span.ends),
            )
            if begins < ends
        )
    return left


def starts(spans: Iterable[Span], minutes: int, step: int) -> list[int]:
    """Where something of so many minutes may begin: every `step` minutes from the origin on, and at
    the beginning of each time, within one of them."""
    found: set[int] = set()
    for span in spans:
        last = span.ends - minutes
        found.update(range(-(-span.begins // step) * step, last + 1, step))
        if span.begins <= last:
            found.add(span.begins)
    return sorted(found)


def at_once(taken: Iterable[tuple[Span, T]]) -> Iterator[tuple[Span, list[T]]]:
    """Each largest set of those that are all under way at one time, with that time: two overlap if
    and only if they are in one of the sets."""
    going: list[tuple[Span, T]] = []
    for span, one in sorted(taken, key=lambda pair: pair[0]):
        left = [other for other in going if other[0].ends > span.begins]
        if len(left) < len(going):
            yield _all_of(going)
        going = [*left, (span, one)]
    if going:
        yield _all_of(going)


def _all_of(going: list[tuple[Span, T]]) -> tuple[Span, list[T]]:
    times = [span for span, _ in going]
    return Span(times[-1].begins, min(span.ends for span in times)), [one for _, one in going]
