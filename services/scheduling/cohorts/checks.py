"""What a cohort cannot be, with a pointer at it, and what is possible and questionable. No I/O."""

from services.scheduling.cohorts.policy import CohortPolicy
from services.scheduling.cohorts.schemas import ChangedCohort, Cohort
from services.scheduling.hours.policy import PROGRAM_LEVEL, Levels, Population
from services.scheduling.placement.policy import PlacementPolicy
from shared.errors import Invalid


class StaffNotTrained(Invalid, title="Staff is not trained for this track"):
    """A dual-diagnosis cohort needs staff trained for co-occurring disorders."""


class CapacityAboveCap(Invalid, title="Too many seats"):
    """More seats than the rule on group size allows."""


class NobodyFits(Invalid, title="No client can meet this rule"):
    """A rule of the cohort that no client can meet."""


class SizesContradict(Invalid):
    """It needs more clients to run than it has seats."""


class PhaseContradicts(Invalid):
    """The hours of a phase do not go together."""


class PhaseBelowLevel(Invalid, title="A phase is below the level of care"):
    """A phase plans less than the program's level of care asks for."""


def check(
    cohort: ChangedCohort, policy: CohortPolicy, placement: PlacementPolicy, levels: Levels
) -> None:
    """Refuse a cohort that is against the rules, or whose own rules nobody can meet.

    Raises:
        StaffNotTrained, CapacityAboveCap, NobodyFits, SizesContradict, PhaseContradicts,
            PhaseBelowLevel: with a pointer.
    """
    seats, tracks, bands = placement.seats, placement.tracks, cohort.eligibility.age_bands
    if cohort.track == "dual_diagnosis" and not cohort.dual_diagnosis_trained:
        words = "A dual-diagnosis cohort needs staff trained for co-occurring disorders."
        raise StaffNotTrained(words, pointer="/dual_diagnosis_trained")
    if cohort.capacity > seats.hard_cap:
        words = f"At most {seats.hard_cap} seats. {seats.source}"
        raise CapacityAboveCap(words, pointer="/capacity")
    if cohort.minimum_size > cohort.capacity:
        words = f"It has {cohort.capacity} seats: let it run with as many at most."
        raise SizesContradict(words, pointer="/minimum_size")
    if cohort.track not in (*tracks.for_dual_diagnosis, *tracks.for_others):
        raise NobodyFits("The placement policy lets no client join this track.", pointer="/track")
    if bands is not None and (not bands or len(set(bands)) < len(bands)):
        words = "Name each age band once, and one at least; leave it out for every age."
        raise NobodyFits(words, pointer="/eligibility/age_bands")
    for n, phase in enumerate(cohort.phases):
        if phase.minimum_minutes > phase.maximum_minutes:
            words, pointer = "More minutes at least than at most.", f"/phases/{n}/maximum_minutes"
            raise PhaseContradicts(words, pointer=pointer)
    least = min(_level_minimums(cohort, levels))
    if cohort.phases and cohort.phases[0].minimum_minutes < least:
        words = (
            "No client of the program could begin in it: plan the minutes of the level of care in "
            f"the first phase, {least} at least."
        )
        raise NobodyFits(words, pointer="/phases/0/minimum_minutes")
    if policy.phases_below_level == "refuse":
        for n, words in below_level(cohort, levels).items():
            raise PhaseBelowLevel(words, pointer=f"/phases/{n}/minimum_minutes")


def below_level(cohort: ChangedCohort | Cohort, levels: Levels) -> dict[int, str]:
    """The phases that plan less than the program's level of care asks for, by their place, in
    words: such a phase is a lower level. What adults need counts, except in a group of
    adolescents."""
    least = max(_level_minimums(cohort, levels))
    return {
        n: f"{phase.name} plans {phase.minimum_minutes / 60:g} h a week: level {PROGRAM_LEVEL} "
        f"asks for {least / 60:g} h."
        for n, phase in enumerate(cohort.phases)
        if phase.minimum_minutes < least
    }


def _level_minimums(cohort: ChangedCohort | Cohort, levels: Levels) -> set[int]:
    """The least minutes a week of the program's level for each population that is taken."""
    bands = cohort.eligibility.age_bands or ("adolescent", "adult")
    taken: set[Population] = {"adolescent" if band == "adolescent" else "adult" for band in bands}
    return {levels.populations[who].minimum_minutes[PROGRAM_LEVEL] for who in taken}
