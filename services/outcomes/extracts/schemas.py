"""What requests and answers about extracts look like."""

from datetime import date
from typing import Literal
from uuid import UUID

from pydantic import Field

from shared.literal import Day
from shared.web import Instant, Shown, Strict

State = Literal["queued", "running", "made", "failed", "gone"]


class NewExtract(Strict):
    """What an extract is to hold."""

    site_ids: list[UUID] | None = Field(
        default=None,
        min_length=1,
        max_length=5_000,
        description="Null: all sites that you may see.",
    )
    starts_from: Day = Field(
        description="Stays that began on this day or later.", examples=["2026-01-01"]
    )
    starts_until: Day = Field(
        description="Stays that began before this day.", examples=["2026-04-01"]
    )


class ExtractFile(Shown):
    """A file of an extract."""

    name: str = Field(examples=["stays.parquet"])
    media_type: str = Field(examples=["application/vnd.apache.parquet"])
    rows: int = Field(examples=[412])
    bytes: int = Field(examples=[20480])
    sha256: str


class Extract(Shown):
    """An extract that names nobody: what was asked for, how far it is, and its files."""

    id: UUID
    site_ids: list[UUID]
    starts_from: date
    starts_until: date
    state: State = Field(description="`gone`: its files were deleted.", examples=["running"])
    requested_by: str
    requested_at: Instant
    stays_done: int = Field(examples=[500])
    stays_total: int | None = Field(description="Null before it is counted.", examples=[1800])
    made_at: Instant | None
    gone_at: Instant | None = Field(description="When its files are deleted.")
    files: list[ExtractFile]
    policy_version: str = Field(examples=["1"])
    version: int = Field(examples=[1])
