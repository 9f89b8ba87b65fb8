"""Which cohort a client joins, with the reasons. No I/O: cohorts and policy come in as values."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from services.scheduling.placement.policy import PlacementPolicy
from shared.contracts.base import Criterion
from shared.contracts.intake import GenderGroup, PriorityPopulation
from shared.contracts.scheduling import Track

NO_PRIORITY = 1_000
"""Behind every priority population."""


def priority_of(populations: Sequence[PriorityPopulation], policy: PlacementPolicy) -> int:
    """The place of a client's most urgent population in the policy's order."""
    order = policy.priority.order
    return min((order.index(p) for p in populations if p in order), default=NO_PRIORITY)


@dataclass(frozen=True, slots=True)
class Need:
    """What matters of a client for the choice of a cohort."""

    dual_diagnosis: bool
    gender_group: GenderGroup | None
    """The gender-specific group the client may join; None for mixed groups only."""
    priority: int = NO_PRIORITY
    """Place in the order of priority populations; waiting clients with a lower one go first."""


@dataclass(frozen=True, slots=True)
class Cohort:
    """A cohort and its taken seats."""

    id: UUID
    track: Track
    gender_group: GenderGroup | None
    capacity: int
    taken: int

    def free(self, hard_cap: int) -> int:
        """Seats that may still be given, never below zero."""
        return max(0, min(self.capacity, hard_cap) - self.taken)


@dataclass(frozen=True, slots=True)
class Considered:
    """A cohort compared with a need: `criteria` has one line for the track, one for the gender
    group and one for the seats."""

    cohort: Cohort
    criteria: tuple[Criterion, ...]

    @property
    def eligible(self) -> bool:
        return all(criterion.met for criterion in self.criteria)


@dataclass(frozen=True, slots=True)
class Choice:
    """The cohort chosen, or None when every one lacks something; and all that were considered."""

    cohort: Cohort | None
    considered: tuple[Considered, ...]
    criteria: tuple[Criterion, ...]
    """Why this cohort; without one, what each cohort lacks."""


def consider(need: Need, cohort: Cohort, policy: PlacementPolicy) -> Considered:
    """Compare one cohort with a client's need."""
    tracks = policy.tracks.for_dual_diagnosis if need.dual_diagnosis else policy.tracks.for_others
    groups = ("mixed",) if need.gender_group is None else (need.gender_group, "mixed")
    group = cohort.gender_group or "mixed"
    cap = min(cohort.capacity, policy.seats.hard_cap)
    return Considered(
        cohort,
        (
            Criterion(
                name="track",
                met=cohort.track in tracks,
                observed=cohort.track,
                required=" or ".join(tracks),
                source=policy.tracks.source,
            ),
            Criterion(
                name="gender_group",
                met=group in groups,
                observed=group,
                required=" or ".join(groups),
                source=policy.gender_groups.source,
            ),
            Criterion(
                name="free_seat",
                met=cohort.free(policy.seats.hard_cap) > 0,
                observed=f"{cohort.taken} of {cap} seats taken",
                required="at least 1 free seat",
                source=policy.seats.source,
            ),
        ),
    )


def choose_cohort(need: Need, cohorts: Sequence[Cohort], policy: PlacementPolicy) -> Choice:
    """Choose the most specific cohort that fits.

    Of the eligible ones a gender-specific cohort comes before a mixed one, then the one with most
    free seats, then the one with the lowest id, which is the oldest.
    """
    considered = tuple(consider(need, cohort, policy) for cohort in cohorts)
    eligible = [one for one in considered if one.eligible]
    if not eligible:
        return Choice(None, considered, _lacking(considered, policy))
    best = min(
        eligible,
        key=lambda one: (
            one.cohort.gender_group is None,
            -one.cohort.free(policy.seats.hard_cap),
            one.cohort.id,
        ),
    )
    preference = Criterion(
        name="preference",
        met=True,
        observed=f"first of {len(eligible)} cohorts that fit, of {len(cohorts)} at the site",
        required="gender-specific before mixed, then most free seats, then oldest",
        source=f"{policy.id} policy, version {policy.version}",
    )
    return Choice(best.cohort, considered, (*best.criteria, preference))


def _lacking(considered: Sequence[Considered], policy: PlacementPolicy) -> tuple[Criterion, ...]:
    if not considered:
        return (
            Criterion(
                name="cohort_at_site",
                met=False,
                observed="0 cohorts at the site",
                required="at least 1 cohort",
                source=f"{policy.id} policy, version {policy.version}",
            ),
        )
    return tuple(
        criterion.model_copy(update={"observed": f"cohort {one.cohort.id}: {criterion.observed}"})
        for one in considered
        for criterion in one.criteria
        if not criterion.met
    )
