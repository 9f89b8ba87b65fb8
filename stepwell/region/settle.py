"""Waiting until a system is at rest, and moving its test clock without skipping what is due.

A system is at rest when no service has anything to publish or to do at the present instant, and
every consumer has applied exactly as many events of each stream as were published on it. While
nobody sends requests one look at all services is enough: an event published after its service was
looked at has a cause, and that cause would have been seen as not applied.
"""

import asyncio
import time
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from shared.contracts.topics import BY_STREAM
from shared.settings import SERVICES
from stepwell.completeness import Line, prove
from stepwell.region.api import Services, Who
from stepwell.runtime import clock_file
from stepwell.runtime.problem import CHECK_FAILED, Problem

WITHIN_SECONDS = 60.0
PATIENCE = 100
"""Milliseconds that a service is given to do what is due before it answers."""
POLL_SECONDS = 0.005
LONGER = 1.3
"""Each further look at the same work waits so many times longer, as looks slow it down."""
OPERATOR = Who("operator")


@dataclass(frozen=True)
class Rest:
    """All services as they were looked at last."""

    pending: Mapping[str, Any]

    @property
    def lines(self) -> list[Line]:
        """Published against applied, for each stream and consumer."""
        return prove(self.pending)

    @property
    def published(self) -> int:
        """Events published on all streams."""
        return sum(s["events"] for state in self.pending.values() for s in state["streams"])

    def unrest(self) -> list[str]:
        """What is not at rest, in words; empty when everything is."""
        found = []
        for service, state in self.pending.items():
            if state["unpublished"]:
                found.append(f"{service} has {state['unpublished']} events to publish")
            if state["set_aside"]:
                found.append(f"{service} set {state['set_aside']} events aside")
            if state["due"]:
                found.append(f"{service} has {state['due']} jobs that are due")
            found += [
                f"{service} waits for {count} {name}"
                for name, count in state["waiting"].items()
                if count
            ]
        found += [
            f"{line.consumer} applied {line.applied} of {line.published} events of {line.stream}"
            for line in self.lines
            if not line.complete
        ]
        return found

    def busy(self) -> set[str]:
        """The services that have something to do, events to apply, or events that others lack."""
        mine = ("unpublished", "set_aside", "due")
        found = {
            service
            for service, state in self.pending.items()
            if any(state[name] for name in mine) or any(state["waiting"].values())
        }
        for line in self.lines:
            if not line.complete:
                found |= {line.consumer, BY_STREAM[line.stream].producer}
        return found

    def stopped(self) -> list[str]:
        """Services with dead letters, which will never be applied by waiting."""
        return [service for service, state in self.pending.items() if state["dead_letters"]]

    @property
    def next_due_at(self) -> datetime | None:
        """The next instant at which some job has work."""
        return min(self._due().values(), default=None)

    def woken(self, now: datetime) -> set[str]:
        """The services with a job that has work once the clock shows `now`."""
        return {service for service, at in self._due().items() if at <= now}

    def _due(self) -> dict[str, datetime]:
        return {
            service: datetime.fromisoformat(state["next_due_at"])
            for service, state in self.pending.items()
            if state["next_due_at"]
        }


async def look(services: Services, some: Collection[str] = SERVICES) -> dict[str, Any]:
    """What some services say of themselves, all four unless others are named: each when it has
    nothing to do any more but to apply what may come, or is not done soon."""
    found = await asyncio.gather(
        *(services.get(s, "/operations/pending", OPERATOR, within=PATIENCE) for s in some)
    )
    return dict(zip(some, found, strict=True))


async def settled(services: Services, *, within: float = WITHIN_SECONDS) -> Rest:
    """Wait until the system is at rest.

    Whoever has something to do is looked at again, and all together once nobody has.

    Raises:
        Problem: it is not after `within` seconds, or there are dead letters; says what is missing.
    """
    deadline = time.monotonic() + within
    while (rest := Rest(await look(services))).unrest():
        await _rested(services, rest, deadline)
    return rest


async def _rested(services: Services, rest: Rest, deadline: float) -> Rest:
    """Look again at those who have something to do until nobody has.

    This is enough where all others were at rest before and nobody sends requests: who was not
    looked at again has nothing due, and nothing to apply that would not show in the counts.

    Raises:
        Problem: see `settled`.
    """
    pause = POLL_SECONDS
    while unrest := rest.unrest():
        if stopped := rest.stopped():
            raise Problem(
                f"{stopped[0]} has records that it could not apply: see "
                "`stepwell dead-letters list`.",
                exit_code=CHECK_FAILED,
            )
        if time.monotonic() > deadline:
            raise Problem(
                f"The system did not come to rest in time: {'; '.join(unrest)}.",
                exit_code=CHECK_FAILED,
            )
        await asyncio.sleep(pause)
        pause *= LONGER
        rest = Rest({**rest.pending, **await look(services, rest.busy())})
    return rest


async def advance(services: Services, to: datetime, *, rest: Rest | None = None) -> Rest:
    """Move the test clock to `to`, stopping wherever something is due, so that it happens in order.

    At each stop those are looked at for whom something is due, and who they lead to; all at the
    end. An instant that has passed already moves nothing.

    Args:
        rest: the system at its last rest, when nothing was sent since.

    Raises:
        Problem: the system does not come to rest on the way.
    """
    rest = rest or await settled(services)
    if clock_file.read(services.clock_file) >= to:
        return rest
    while (now := clock_file.read(services.clock_file)) < to:
        due = rest.next_due_at
        now = min(max(due, now), to) if due else to
        clock_file.write(services.clock_file, now)
        if woken := rest.woken(now):
            rest = Rest({**rest.pending, **await look(services, woken)})
            rest = await _rested(services, rest, time.monotonic() + WITHIN_SECONDS)
    return await settled(services)


def present(clock: Path) -> datetime:
    """The instant that the test clock shows."""
    return clock_file.read(clock)
