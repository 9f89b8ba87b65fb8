"""The story: one small region, told from referral to step-down through the public APIs only."""

import time
from collections.abc import Mapping

from rich.console import Console

from stepwell.region.api import Services, Trace
from stepwell.region.arrivals import arrive
from stepwell.region.bars import Bars
from stepwell.region.duty import name_contacts
from stepwell.region.faulty import repeat_referral
from stepwell.region.found import levels_above_program, read_clients, read_sites
from stepwell.region.generate import generate
from stepwell.region.narration import TOLD, narrate
from stepwell.region.opening import (
    end_of_sessions,
    latest_run,
    next_monday,
    next_opening,
    open_clinics,
    open_cohorts,
    plan_what_never_met,
)
from stepwell.region.plan import Part, RegionSize
from stepwell.region.promises import StoryFailed, check_promises
from stepwell.region.settle import Rest, advance, present, settled
from stepwell.region.trace_root import send_root, viewer_address
from stepwell.region.walk import Walk
from stepwell.region.weeks import live_through

SIZE = RegionSize(sites=2, clients=12, weeks=3, faults=0.5, seed=201)
"""Two clinics two hours apart, with mixed, women's and dual-diagnosis cohorts."""


async def tell(environment: Mapping[str, str], console: Console, *, run: int | None = None) -> None:
    """Drive a small region through a running local system, then print what happened.

    Args:
        environment: of the system; see `stepwell.runtime.environment`.
        run: which run it is; the next one when absent. Each has clients and cohorts of its own.

    Raises:
        StoryFailed: something that the story promises did not happen.
        Problem: a service refused what it should have done, or the system did not come to rest.
    """
    began = time.time()
    async with Services(environment) as services:
        walk = await live(services, console, run=run)
        clients = await read_clients(walk)
        await read_sites(walk)
        check_promises(walk, clients, await levels_above_program(walk))
    narrate(console, walk, clients)
    _prove(console, walk.rest)
    (followed, *_) = walk.region.playing(Part.STEPS_DOWN)
    trace = walk.traces[followed.number]
    await send_root(environment, trace, began)
    if address := viewer_address(environment, trace):
        console.print(f"The way of {clients[followed.number].label} as one trace: {address}")


async def live(
    services: Services, console: Console, *, size: RegionSize = SIZE, run: int | None = None
) -> Walk:
    """Let a region happen, with bars that show how far it is; what the services answered."""
    latest, cohorts = await latest_run(services)
    region = generate(size, run=run or latest + 1)
    walk = Walk(services, region, {one.number: Trace(one.part in TOLD) for one in region.clients})
    clock = services.clock_file
    with Bars(console) as bars:
        await plan_what_never_met(services, cohorts, region.slots, present(clock))
        over = await end_of_sessions(services, cohorts, present(clock))
        await advance(services, next_opening(over))
        with bars.stage("Clinics and cohorts", len(region.cohorts)) as walk.on_step:
            await open_clinics(walk)
            await name_contacts(walk)
            await open_cohorts(walk, next_monday(present(clock), walk.sites))
            await settled(services)
        with bars.stage("Referrals, screening, enrolment", 5) as walk.on_step:
            await arrive(walk)
            await _repeat_once(walk)
        days = len(region.slots) * region.size.weeks
        with bars.stage(f"{region.size.weeks} weeks of sessions", days) as walk.on_step:
            await live_through(walk)
    return walk


async def _repeat_once(walk: Walk) -> None:
    """A request that is sent twice has one effect, and the same answer both times."""
    again = await repeat_referral(walk)
    first = walk.referrals[walk.region.clients[0].number]
    if not again.replayed or again.body != first:
        raise StoryFailed("a referral that was sent twice was received twice.")


def _prove(console: Console, rest: Rest | None) -> None:
    assert rest is not None
    applied = sum(line.applied for line in rest.lines)
    due = sum(line.published for line in rest.lines)
    console.print(
        f"{rest.published} events were published since this system began; every one was applied by "
        f"each service that reads it: {applied} of {due}."
    )
