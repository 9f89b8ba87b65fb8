"""The level-of-care policies in force: one for each edition, ours or the organization's.

An organization's `level_of_care/adult-3.yaml` takes the place of ours; see `shared.datafiles`.
"""

from collections.abc import Mapping

from services.intake.level_of_care.rules.policy import Edition, LevelOfCarePolicy
from shared.datafiles import data_folder

EDITIONS: tuple[Edition, ...] = ("3", "4")


def by_edition(found: Mapping[str, LevelOfCarePolicy]) -> dict[str, LevelOfCarePolicy]:
    """The policy in force for each edition.

    Raises:
        ValueError: none or two are for an edition, so that it is open which one decides.
    """
    known: dict[str, LevelOfCarePolicy] = {}
    for policy in found.values():
        if policy.edition in known:
            raise ValueError(f"Two level-of-care policies are for edition {policy.edition}.")
        known[policy.edition] = policy
    for edition in EDITIONS:
        if edition not in known:
            raise ValueError(f"No level-of-care policy is for edition {edition}.")
    return known


policies = data_folder(LevelOfCarePolicy, __name__, "policies", by_edition)
"""The policy in force for each edition."""
