"""What answers about a client's course look like."""

from datetime import date
from typing import Any
from uuid import UUID

from pydantic import Field

from services.outcomes.episodes.schemas import OfStay
from services.outcomes.measures.rules.change import Direction, Outcome
from shared.contracts.base import Criterion, PolicyReference
from shared.web import Shown


class CoursePoint(Shown):
    """A valid score of the stay."""

    screening_id: UUID
    answered_on: date = Field(description="At the site.")
    value: int = Field(examples=[13])
    prorated: bool = Field(description="The mean of the answers stands for missing ones.")
    band: str | None = Field(
        description="Band of severity, not a diagnosis.", examples=["moderate"]
    )
    improvement: int | None = Field(
        description="In points since the baseline, negative for a deterioration, whichever "
        "direction is the better one; null up to the baseline.",
        examples=[5],
    )
    important: Direction | None = Field(description="By the minimal important difference.")
    reliable: Direction | None = Field(description="More than the error of measurement.")


class MeasuredChange(Shown):
    """What the latest score says against the baseline."""

    improvement: int = Field(examples=[9])
    important: Direction | None = Field(
        description="By the minimal important difference; null where none is known."
    )
    reliable: Direction | None = Field(description="Null where no rule is agreed on.")
    index: float | None = Field(description="The reliable change index.", examples=[-3.15])
    recovery: bool | None = Field(description="From a case to none; null where it began as none.")
    reliable_recovery: bool | None
    clinically_significant: bool | None = Field(
        description="Reliably improved over the clinical cut; null where it began beyond it."
    )
    outcome: Outcome = Field(examples=["reliably_improved"])


class Reference(Shown):
    """A value that a judgement rests on, in points, and where it comes from."""

    value: float = Field(examples=[6])
    method: str = Field(examples=["jacobson_truax"])
    source: str


class MeasureCourse(Shown):
    """One series of one version of an instrument in a stay."""

    instrument: str = Field(examples=["phq-9"])
    instrument_version: str = Field(examples=["1.0"])
    series: str = Field(description="`total`, or a subscale.", examples=["total"])
    title: str = Field(examples=["PHQ-9"])
    measures: str = Field(examples=["Symptoms of depression"])
    better: str = Field(description="Which way is better.", examples=["lower"])
    baseline: CoursePoint | None = Field(
        description="The first valid score within the days around the admission that the policy "
        "names; null without one, and then nothing is said of a change."
    )
    points: list[CoursePoint] = Field(description="Oldest first.")
    latest: MeasuredChange | None = Field(description="Null before a score after the baseline.")
    on_track: bool | None = Field(
        description="Null where it cannot be said; else whether all of `rules` are met."
    )
    rules: list[Criterion] = Field(description="What `on_track` rests on.")
    minimal_important_difference: Reference | None
    reliable_change: Reference | None = Field(description="Smallest change in whole points.")
    clinical_cut: Reference | None = Field(description="A value exactly here is healthy.")
    caseness: Reference | None = Field(description="The first value of the clinical range.")
    chart: dict[str, Any] = Field(description="A Vega-Lite spec with its data.")


class Course(OfStay):
    """How a client changed in a stay, by every measure."""

    policy: PolicyReference
    measures: list[MeasureCourse]
