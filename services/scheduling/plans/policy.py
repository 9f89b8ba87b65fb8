"""The data of the weekly plan, read once from `data/`."""

from collections.abc import Mapping
from typing import Literal

from pydantic import Field

from shared.datafiles import DataFile, Part, data_file

Post = Literal["facilitator", "cofacilitator", "room", "session"]
"""What of a session may stay without a place; `session` is a whole one of one client."""


class OneClient(Part):
    """A kind of session of one client: everybody with a seat has one in `every_weeks` weeks."""

    minutes: int = Field(ge=15, le=240)
    every_weeks: int = Field(ge=1, le=26)
    people: int = Field(ge=1, description="For how many the room must be large enough.")
    credentials: frozenset[str]
    topic: str


class PlanPolicy(DataFile):
    """How a weekly plan is made, and what it is measured by."""

    seconds: int = Field(ge=1, le=3600)
    cores: int = Field(ge=1, le=64)
    gap_percent: float = Field(ge=0, le=50)
    step_minutes: int = Field(ge=5, le=60)
    unplaced: Mapping[Post, int]
    continuity: int = Field(ge=0)
    preferred_time: int = Field(ge=0)
    load_tolerance_percent: int = Field(ge=0)
    explained: int = Field(ge=0)
    seconds_to_explain: int = Field(ge=1)
    weeks_of_habit: int = Field(ge=1)
    sessions_of_one_client: Mapping[Literal["individual", "family"], OneClient]


plan_policy = data_file(PlanPolicy, __name__, "plan")
"""The policy in force; the same everywhere, as a plan is one over many sites."""
