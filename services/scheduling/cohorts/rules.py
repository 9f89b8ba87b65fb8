"""Which cohorts may be opened."""

from services.scheduling.placement.policy import SeatPolicy
from shared.contracts.scheduling import Track
from shared.errors import Invalid


class StaffNotTrained(Invalid):
    """A dual-diagnosis cohort needs staff trained for co-occurring disorders."""

    title = "Staff is not trained for this track"


class CapacityAboveCap(Invalid):
    """More seats than the rule on group size allows."""

    title = "Too many seats"


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
