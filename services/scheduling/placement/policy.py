"""The placement policy in force, read once from `policy.json`."""

from functools import cache
from importlib.resources import files

from pydantic import BaseModel, ConfigDict, Field

from shared.contracts.intake import PriorityPopulation
from shared.contracts.scheduling import Track


class Part(BaseModel):
    """A part of the policy file; unknown names are refused, so that a typing error is noticed."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    source: str


class TrackPolicy(Part):
    """Which tracks a client may join."""

    for_dual_diagnosis: tuple[Track, ...]
    for_others: tuple[Track, ...]


class PriorityPolicy(Part):
    """Who goes first where clients wait."""

    order: tuple[PriorityPopulation, ...]


class SeatPolicy(Part):
    """How many clients a group may have at most, whatever its capacity says."""

    hard_cap: int = Field(gt=0)


class PlacementPolicy(BaseModel):
    """Everything that decides who may join which cohort."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: str
    version: str
    tracks: TrackPolicy
    gender_groups: Part
    seats: SeatPolicy
    priority: PriorityPolicy


@cache
def placement_policy() -> PlacementPolicy:
    """The policy in force."""
    text = files(__package__).joinpath("policy.json").read_text(encoding="utf-8")
    return PlacementPolicy.model_validate_json(text)
