"""The placement policy in force, read once from `policy.json`."""

from pydantic import Field

from shared.contracts.intake import PriorityPopulation
from shared.contracts.scheduling import Track
from shared.datafiles import Part, data_file


class Sourced(Part):
    """A part that names its source."""

    source: str


class TrackPolicy(Sourced):
    """Which tracks a client may join."""

    for_dual_diagnosis: tuple[Track, ...]
    for_others: tuple[Track, ...]


class PriorityPolicy(Sourced):
    """Who goes first where clients wait."""

    order: tuple[PriorityPopulation, ...]


class SeatPolicy(Sourced):
    """How many clients a group may have at most, whatever its capacity says."""

    hard_cap: int = Field(gt=0)


class PlacementPolicy(Part):
    """Everything that decides who may join which cohort."""

    id: str
    version: str
    tracks: TrackPolicy
    gender_groups: Sourced
    seats: SeatPolicy
    priority: PriorityPolicy


placement_policy = data_file(PlacementPolicy, __name__, "placement", by_site=True)
"""The policy in force, everywhere or at a site."""
