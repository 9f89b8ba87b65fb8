"""What a cohort cannot be, with a pointer at it."""

from collections.abc import Iterable

from services.scheduling.cohorts import rules
from services.scheduling.cohorts.policy import CohortPolicy
from services.scheduling.cohorts.schemas import ChangedCohort, Phase
from services.scheduling.hours.policy import Levels
from services.scheduling.placement.policy import PlacementPolicy


def check(
    cohort: ChangedCohort, policy: CohortPolicy, placement: PlacementPolicy, levels: Levels
) -> None:
    """Refuse a cohort that is against the rules, or whose own rules nobody can meet.

    Raises:
        StaffNotTrained, CapacityAboveCap, NobodyFits, SizesContradict, PhaseContradicts,
            PhaseBelowLevel: with a pointer.
    """
    rules.require_trained_staff(cohort.track, cohort.dual_diagnosis_trained)
    rules.require_lawful_size(cohort.capacity, placement.seats)
    if cohort.minimum_size > cohort.capacity:
        raise rules.SizesContradict(
            f"It has {cohort.capacity} seats: let it run with as many at most.",
            pointer="/minimum_size",
        )
    if cohort.track not in (*placement.tracks.for_dual_diagnosis, *placement.tracks.for_others):
        raise rules.NobodyFits(
            "The placement policy lets no client join this track.", pointer="/track"
        )
    bands = cohort.eligibility.age_bands
    if bands is not None and (not bands or len(set(bands)) < len(bands)):
        raise rules.NobodyFits(
            "Name each age band once, and one at least; leave it out for every age.",
            pointer="/eligibility/age_bands",
        )
    for n, phase in enumerate(cohort.phases):
        if phase.minimum_minutes > phase.maximum_minutes:
            raise rules.PhaseContradicts(
                "More minutes at least than at most.", pointer=f"/phases/{n}/maximum_minutes"
            )
    least = min(rules.level_minimums(bands, levels))
    if cohort.phases and cohort.phases[0].minimum_minutes < least:
        raise rules.NobodyFits(
            "No client of the program could begin in it: plan the minutes of the level of care in "
            f"the first phase, {least} at least.",
            pointer="/phases/0/minimum_minutes",
        )
    if policy.phases_below_level == "refuse":
        for n, words in rules.below_level(as_planned(cohort.phases), bands, levels).items():
            raise rules.PhaseBelowLevel(words, pointer=f"/phases/{n}/minimum_minutes")


def as_planned(phases: Iterable[Phase]) -> list[tuple[str, int]]:
    """Name and least minutes a week of each phase, as the rules take them."""
    return [(phase.name, phase.minimum_minutes) for phase in phases]
