"""What becomes of a seat at a step-down, and whether phases go on by themselves."""

from typing import Literal

from services.scheduling.step_down.rules import Path
from shared.datafiles import DataFile, data_file


class StepDownPath(DataFile):
    """The path of an organization or a site."""

    path: Literal["at_once"] | Path
    phases_advance: bool


step_down_path = data_file(StepDownPath, __name__, "step-down-path", by_site=True)
"""The path in force, everywhere or at a site."""


def advancing() -> bool:
    """Whether phases go on by themselves at any site."""
    return any(path.phases_advance for path in step_down_path.each())
