"""What decides about attendance: one file, with its version."""

from pydantic import Field

from shared.datafiles import DataFile, Part, data_file


class Timing(Part):
    """Minutes of grace, and how far around a session its check-ins and check-outs may lie."""

    late_minutes: int = Field(ge=0, le=60)
    """Who comes no later than this is not late and credited in full; likewise who leaves early."""
    left_early_minutes: int = Field(ge=0, le=60)
    check_in_minutes_before: int = Field(ge=0, le=720)
    """So long before a session check-in opens."""
    check_out_minutes_after: int = Field(ge=0, le=720)
    """A later end is taken for a mistake: attendance is no longer than its session."""


class AttendancePolicy(DataFile, Timing):
    """How attendance is taken at a site; all times are minutes."""

    no_show_minutes_after: int | None = Field(ge=0, le=10_080)
    """So long after its end whoever was expected and neither checked in nor recorded is recorded
    as a no-show; null: nobody is, by itself."""
    makeup_weeks_apart: int | None = Field(ge=0, le=8)
    """How many ISO weeks may lie between a miss and what makes it up, 0 being the same week; null:
    nothing is made up."""
    join_address: str = Field(pattern=r"^(https://[A-Za-z0-9.-]+(:[0-9]+)?)?/[A-Za-z0-9/_-]*$")
    """Where the page is on which clients join; with a host when a gateway gives it another one."""


attendance_policy = data_file(AttendancePolicy, __name__, "attendance", by_site=True)
"""The policy in force, everywhere or at a site."""
