"""Base rates of a region: data with their sources, in `rates.json`."""

from functools import cache
from pathlib import Path

from pydantic import BaseModel, ConfigDict


class Sourced(BaseModel):
    """Rates, and where they come from."""

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)

    source: str


class Attendance(Sourced):
    """Who comes to a session. Rates are shares of sessions."""

    mean: float
    sd_between_clients: float
    odds_of_a_miss_after_a_miss: float
    reminder_gain: float


class Misses(Sourced):
    """What a miss is recorded as."""

    no_show: float
    late_cancel: float
    excused_absence: float


class Partial(Sourced):
    """Sessions that were attended in part. A shorter stay than this is not generated."""

    share_of_attended: float
    credited_from_minutes: int


class Endings(Sourced):
    """How stays end."""

    completed: float
    transferred: float
    dropped_out: float
    terminated: float
    other: float


class DaysUntilDropout(Sourced):
    """Log-normal days from the first session to dropping out."""

    median: float
    sigma: float


class Normal(BaseModel):
    """Mean and standard deviation of a total."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    mean: float
    sd: float


class Change(Sourced):
    """How totals move from week to week, in points."""

    weekly_drift_of_completers: float
    sd_between_weeks: float


class Missing(Sourced):
    """What is not answered."""

    measure: float
    item: float


class People(Sourced):
    """Who comes."""

    dual_diagnosis_when_depressed: float
    """Share of those with a clearly positive PHQ-9."""
    women: float
    no_group_by_gender: float
    email: float


class Needs(Sourced):
    """The level of care that people turn out to need."""

    intensive_outpatient: float
    more_intensive: float


class Rates(BaseModel):
    """All base rates of one version."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    version: str
    attendance: Attendance
    misses: Misses
    partial: Partial
    endings: Endings
    days_until_dropout: DaysUntilDropout
    baselines: dict[str, Normal | float | str]
    change: Change
    missing: Missing
    people: People
    referral_sources: dict[str, float | str]
    needs: Needs

    def baseline(self, instrument: str) -> Normal:
        """Totals of an instrument at intake."""
        found = self.baselines[instrument]
        assert isinstance(found, Normal)
        return found

    @property
    def correlation_with_severity(self) -> float:
        """How much of every total comes from the one severity of the client."""
        return float(str(self.baselines["correlation_with_severity"]))


@cache
def base_rates() -> Rates:
    """The rates that the package carries."""
    return Rates.model_validate_json(Path(__file__).with_name("rates.json").read_bytes())
