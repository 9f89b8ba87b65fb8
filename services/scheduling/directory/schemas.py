"""What requests and answers about regions and sites look like."""

from typing import Annotated, Self
from uuid import UUID

from pydantic import Field, field_validator, model_validator

from shared.contracts.scheduling import Subdivision
from shared.web import Instant, Shown, Strict, described, optional
from shared.web.texts import Legible
from shared.weekly import Clock, ClockOrMidnight, Window, clock_of, minute_of
from shared.zones import is_zone

Name = Annotated[Legible, Field(max_length=120)]
ZONE = described("IANA zone of the site.", "America/Denver")
VERSION = described("The ETag.", 1)


class NewRegion(Strict):
    """A region, which groups sites."""

    name: Name = described("Unique name.", "Front Range")


class Region(Shown):
    """A region, which groups sites for planning and figures."""

    id: UUID
    name: str = Field(examples=["Front Range"])
    created_at: Instant
    version: int = VERSION


class NewSite(Strict):
    """A site, as it is to be."""

    name: Name = described("Unique name.", "Cedar Ridge")
    time_zone: str = ZONE
    region_id: UUID | None = optional("The region it belongs to.")
    address: Name | None = optional("In one line.", examples=["12 Main Street, Golden, CO 80401"])
    subdivision: Subdivision | None = optional(
        "ISO 3166-2; holidays are proposed by it.", examples=["US-CO"]
    )
    latitude: float | None = optional("Degrees of WGS 84.", ge=-90, le=90, examples=[39.7555])
    longitude: float | None = optional("Degrees of WGS 84.", ge=-180, le=180, examples=[-105.2211])

    @field_validator("time_zone")
    @classmethod
    def zone_exists(cls, value: str) -> str:
        if not is_zone(value):
            raise ValueError("Not a zone of the IANA time zone database.")
        return value

    @model_validator(mode="after")
    def is_at_a_place_or_none(self) -> Self:
        if (self.latitude is None) != (self.longitude is None):
            raise ValueError("Give latitude and longitude, or neither.")
        return self


class Site(Shown):
    """A site that treats clients."""

    id: UUID
    name: str = Field(examples=["Cedar Ridge"])
    time_zone: str = ZONE
    region_id: UUID | None
    address: str | None = Field(examples=["12 Main Street, Golden, CO 80401"])
    subdivision: str | None = described("ISO 3166-2.", "US-CO")
    latitude: float | None = Field(examples=[39.7555])
    longitude: float | None = Field(examples=[-105.2211])
    opened_at: Instant
    version: int = VERSION


class WeeklyTime(Strict):
    """A time of each week, by the wall clock of the site."""

    weekday: int = described("1 is Monday.", 1, ge=1, le=7, strict=True)
    starts_at: Clock = described("From.", "09:00")
    ends_at: ClockOrMidnight = described(
        "Up to, on the same day; `24:00` is the midnight that ends it.", "17:00"
    )

    @model_validator(mode="after")
    def ends_after_its_start(self) -> Self:
        if self.window.ends_minute <= self.window.starts_minute:
            raise ValueError("It ends after its start: write a time over midnight on both days.")
        return self

    @property
    def window(self) -> Window:
        """As the rules take it."""
        return Window(self.weekday, minute_of(self.starts_at), minute_of(self.ends_at))


def weekly(window: Window) -> dict[str, object]:
    """The fields of a `WeeklyTime`."""
    starts_at, ends_at = clock_of(window.starts_minute), clock_of(window.ends_minute)
    return {"weekday": window.weekday, "starts_at": starts_at, "ends_at": ends_at}


class NewOpeningHours(Strict):
    """When a site is open."""

    hours: list[WeeklyTime] = described(
        "Times that do not overlap; they may touch. Without any, a site may plan at any time.",
        max_length=70,
    )


class OpeningHours(Shown):
    """When a site is open."""

    site_id: UUID
    time_zone: str = ZONE
    hours: list[WeeklyTime]
    version: int = described("The ETag: the version of the site.", 1)
