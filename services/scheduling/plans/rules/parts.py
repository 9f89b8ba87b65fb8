"""What of a week can be planned by itself: sites that share neither staff nor clients."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from uuid import UUID

from services.scheduling.plans.rules.problem import Problem


class Stop:
    """Whether a plan is to end with the best so far. It may be asked for from any thread, and more
    than once."""

    def __init__(self) -> None:
        self.asked = False
        self._running: set[Callable[[], None]] = set()

    def ask(self) -> None:
        self.asked = True
        for stop in tuple(self._running):
            stop()

    @contextmanager
    def stops(self, stop: Callable[[], None]) -> Iterator[None]:
        """While this is open, whoever asks calls `stop`."""
        self._running.add(stop)
        try:
            yield
        finally:
            self._running.discard(stop)


def parts(problem: Problem) -> list[Problem]:
    """The problem in parts that share no site, person or client, the largest first."""
    head: dict[UUID, UUID] = {}

    def of(site: UUID) -> UUID:
        while head.setdefault(site, site) != site:
            site = head[site]
        return site

    def join(sites: list[UUID]) -> None:
        for other in sites[1:]:
            head[of(other)] = of(sites[0])

    clients: dict[UUID, list[UUID]] = {}
    for demand in problem.demands:
        clients.setdefault(demand.client_id, []).append(demand.site_id)
    for person in problem.people:
        join(sorted(person.sites))
    for sites in clients.values():
        join(sites)
    asked = {of(one.site_id) for one in problem.sessions}
    asked |= {of(one.site_id) for one in problem.demands}
    made = (
        replace(
            problem,
            rooms=tuple(room for room in problem.rooms if of(room.site_id) == part),
            people=tuple(p for p in problem.people if any(of(s) == part for s in p.sites)),
            sessions=tuple(one for one in problem.sessions if of(one.site_id) == part),
            demands=tuple(one for one in problem.demands if of(one.site_id) == part),
        )
        for part in sorted(asked)
    )
    return sorted(made, key=size, reverse=True)


def size(problem: Problem) -> int:
    """About how much is to be chosen."""
    return 1 + len(problem.people) * (len(problem.sessions) + 10 * len(problem.demands))
