"""Which cohorts may be opened."""

from collections.abc import Iterable, Sequence

from services.scheduling.hours.policy import PROGRAM_LEVEL, Levels, Population
from services.scheduling.placement.policy import SeatPolicy
from shared.contracts.intake import AgeBand
from shared.contracts.scheduling import Track
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


def require_trained_staff(track: Track, dual_diagnosis_trained: bool) -> None:
    """Refuse a dual-diagnosis cohort without trained staff."""
    if track == "dual_diagnosis" and not dual_diagnosis_trained:
        raise StaffNotTrained(
            "A dual-diagnosis cohort needs staff trained for co-occurring disorders.",
            pointer="/dual_diagnosis_trained",
        )


def require_lawful_size(capacity: int, policy: SeatPolicy) -> None:
    """Refuse a capacity above the cap on group size."""
    if capacity > policy.hard_cap:
        raise CapacityAboveCap(
            f"At most {policy.hard_cap} seats. {policy.source}", pointer="/capacity"
        )


def below_level(
    phases: Iterable[tuple[str, int]], bands: Sequence[AgeBand] | None, levels: Levels
) -> dict[int, str]:
    """The phases, by name and least minutes a week, that plan less than the program's level of care
    asks for, by their place, in words: such a phase is a lower level. What adults need counts,
    except in a group of adolescents."""
    least = max(level_minimums(bands, levels))
    return {
        n: f"{name} plans {minutes / 60:g} h a week: level {PROGRAM_LEVEL} asks for "
        f"{least / 60:g} h."
        for n, (name, minutes) in enumerate(phases)
        if minutes < least
    }


def level_minimums(bands: Sequence[AgeBand] | None, levels: Levels) -> set[int]:
    """The least minutes a week of the program's level for each population that is taken."""
    taken: set[Population] = {"adult", "adolescent"}
    if bands is not None:
        taken = {"adolescent" if band == "adolescent" else "adult" for band in bands}
    return {levels.populations[who].minimum_minutes[PROGRAM_LEVEL] for who in taken}
