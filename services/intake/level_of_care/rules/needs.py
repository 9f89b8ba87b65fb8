"""Capabilities held against each other, component by component; never averaged."""

from collections.abc import Iterable
from typing import Literal

from services.intake.level_of_care.rules.capability import MEDICAL, NOTHING, Capability

WhenResidential = Literal["join_all", "join_enhanced", "residential_settles"]
"""What needs that call for no residence still ask of a residential level.

`join_all`: everything. `join_enhanced`: enhanced care, but not their clinical hours, as the
residence has its own. `residential_settles`: neither. Medical care always counts.
"""


def covers(offered: Capability, need: Capability) -> bool:
    """Whether everything asked for is offered."""
    return (
        offered.hours >= need.hours
        and offered.residential >= need.residential
        and MEDICAL.index(offered.medical) >= MEDICAL.index(need.medical)
        and offered.withdrawal_management >= need.withdrawal_management
        and offered.co_occurring_enhanced >= need.co_occurring_enhanced
        and offered.biomedically_enhanced >= need.biomedically_enhanced
    )


def joined(needs: Iterable[Capability]) -> Capability:
    """The least that covers all of them."""
    known = (NOTHING, *needs)
    return Capability(
        hours=max(one.hours for one in known),
        residential=any(one.residential for one in known),
        medical=max((one.medical for one in known), key=MEDICAL.index),
        withdrawal_management=any(one.withdrawal_management for one in known),
        co_occurring_enhanced=any(one.co_occurring_enhanced for one in known),
        biomedically_enhanced=any(one.biomedically_enhanced for one in known),
    )


def counting(need: Capability, offered: Capability, when: WhenResidential) -> Capability:
    """What a need counts as at a level that offers `offered`; never more than it asks for."""
    if when == "join_all" or need.residential or not offered.residential:
        return need
    enhanced = need.co_occurring_enhanced and when == "join_enhanced"
    return need.model_copy(update={"hours": 0, "co_occurring_enhanced": enhanced})


def fits(offered: Capability, need: Capability, when: WhenResidential) -> bool:
    """Whether a level that offers `offered` is enough for a need."""
    return covers(offered, counting(need, offered, when))
