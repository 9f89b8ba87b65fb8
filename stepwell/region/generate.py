"""A region from a size and a seed: sites, cohorts, clients and deliberate faults."""

import json
import math
from pathlib import Path
from random import Random
from typing import Any, Literal

from stepwell.region.people import make_client
from stepwell.region.plan import (
    ClientPlan,
    CohortPlan,
    Fault,
    FaultPlan,
    Need,
    Part,
    Region,
    RegionSize,
    SitePlan,
)
from stepwell.region.rates import Rates, base_rates

ZONES = (
    "America/New_York",
    "America/Denver",
    "America/Chicago",
    "America/Los_Angeles",
    "America/Phoenix",
    "America/Anchorage",
)
SEATS = 12
"""The largest counseling group; cohorts are opened for no more."""
OF_OTHERS = (Fault.NOT_PLACED, Fault.ANOTHER_LEVEL)
"""Faults about clients who are not enrolled."""
PARTS = (Part.STEPS_DOWN, Part.DUAL_DIAGNOSIS, Part.NEEDS_MORE)
"""The parts of the first clients of every region."""


def generate(size: RegionSize, *, run: int = 1, rates: Rates | None = None) -> Region:
    """The region of this size. The same size, seed and run give the same region.

    Raises:
        ValueError: a size too small for the parts that a region promises.
    """
    if size.sites < 1 or size.weeks < 1 or size.clients < len(PARTS):
        raise ValueError(f"a region needs a site, a week and {len(PARTS)} clients")
    known = rates or base_rates()
    slots = curriculum_slots()
    parts = dict(enumerate(PARTS))
    clients = tuple(
        make_client(
            number + 1,
            parts.get(number, Part.ANYBODY),
            number % size.sites,
            size,
            run,
            len(slots),
            known,
        )
        for number in range(size.clients)
    )
    return Region(
        size=size,
        run=run,
        sites=tuple(
            SitePlan(n, f"Clinic {n + 1:02}", ZONES[n % len(ZONES)]) for n in range(size.sites)
        ),
        cohorts=tuple(
            cohort for site in range(size.sites) for cohort in _cohorts(site, run, clients)
        ),
        slots=slots,
        clients=clients,
        faults=_faults(size, run, clients),
    )


def curriculum_slots() -> tuple[dict[str, Any], ...]:
    """The weekly slots of the curriculum that the package carries."""
    known = json.loads(Path(__file__).with_name("curriculum.json").read_text())
    return tuple(
        {
            "starts": known["starts"],
            "minutes": known["minutes"],
            "break_minutes": known["break_minutes"],
            **slot,
        }
        for slot in known["slots"]
    )


def _cohorts(site: int, run: int, clients: tuple[ClientPlan, ...]) -> list[CohortPlan]:
    """Enough cohorts for the clients of a site: mixed, for one gender, for dual diagnosis.

    Sites take turns in having groups for women and for men.
    """
    here = [c for c in clients if c.site == site and c.need is Need.INTENSIVE_OUTPATIENT]
    group: Literal["women", "men"] = "women" if site % 2 == 0 else "men"
    stated = {"women": "woman", "men": "man"}[group]
    dual = sum(c.dual_diagnosis for c in here)
    own = sum(not c.dual_diagnosis and c.gender == stated for c in here)
    mixed = len(here) - dual - own
    found = []
    for title, track, gender_group, count in (
        ("mixed", "general", None, max(mixed, 1)),
        (group, "general", group, own),
        ("dual diagnosis", "dual_diagnosis", None, dual),
    ):
        for number in range(math.ceil(count / SEATS)):
            more = f" {number + 1}" if count > SEATS else ""
            found.append(
                CohortPlan(site, f"Cohort {run}, {title}{more}", track, gender_group, SEATS)  # type: ignore[arg-type]  # the literals of the table above
            )
    return found


def _faults(size: RegionSize, run: int, clients: tuple[ClientPlan, ...]) -> tuple[FaultPlan, ...]:
    """Faulty requests, every kind in turn, about enrolled clients or, where the fault needs it,
    about clients who need another level.
    """
    if size.faults <= 0:
        return ()
    rng = Random(f"{size.seed}/{run}/faults")  # noqa: S311 - simulated, not secret
    kinds = list(Fault)
    enrolled = [c.number for c in clients if c.need is Need.INTENSIVE_OUTPATIENT]
    others = [c.number for c in clients if c.need is not Need.INTENSIVE_OUTPATIENT]
    count = max(len(kinds), round(size.faults * size.clients))
    planned = (kinds[number % len(kinds)] for number in range(count))
    return tuple(
        FaultPlan(kind, rng.choice(others if kind in OF_OTHERS else enrolled)) for kind in planned
    )
