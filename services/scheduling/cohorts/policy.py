"""What becomes of cohorts that are possible and questionable, read once from `cohorts.yaml`."""

from typing import Literal

from shared.datafiles import DataFile, data_file


class CohortPolicy(DataFile):
    """Whether a phase below the hours of the program's level is warned of or refused."""

    phases_below_level: Literal["warn", "refuse"]


cohort_policy = data_file(CohortPolicy, __name__, "cohorts", by_site=True)
"""The policy in force, everywhere or at a site."""
