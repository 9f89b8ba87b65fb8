"""What requests and answers about regions, sites, closed days, rooms and the staff look like."""

from dataclasses import asdict
from datetime import date
from typing import Annotated, Literal, Self
from uuid import UUID

from pydantic import AfterValidator, BaseModel, BeforeValidator, Field, model_validator

from services.scheduling.directory.rules import WorkingTime
from shared.contracts import scheduling
from shared.contracts.intake import Token
from shared.literal import full_date
from shared.web import FromJson, Instant, Shown, Strict, described, optional
from shared.web.texts import Legible
from shared.weekly import Clock, ClockOrMidnight, Window, clock_of, minute_of
from shared.zones import is_zone


def zone_exists(value: str) -> str:
    """Refuse what is no time zone."""
    if not is_zone(value):
        raise ValueError("Not a zone of the IANA time zone database.")
    return value


Name = Annotated[Legible, Field(max_length=120)]
Zone = Annotated[str, AfterValidator(zone_exists)]
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
    time_zone: Zone = ZONE
    region_id: UUID | None = optional("The region it belongs to.")
    address: Name | None = optional("In one line.", examples=["12 Main Street, Golden, CO 80401"])
    subdivision: scheduling.Subdivision | None = optional(
        "ISO 3166-2; holidays are proposed by it.", examples=["US-CO"]
    )
    latitude: float | None = optional("Degrees of WGS 84.", ge=-90, le=90, examples=[39.7555])
    longitude: float | None = optional("Degrees of WGS 84.", ge=-180, le=180, examples=[-105.2211])

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


YEARS = (2000, 2100)
BOUNDS = Field(ge=date(YEARS[0], 1, 1), le=date(YEARS[1], 12, 31), examples=["2026-11-26"])
Day = Annotated[date, BOUNDS, BeforeValidator(full_date)]
"""Also of a query or a path, where nothing else sees to it that a date is written as one."""
WHAT = "A holiday, the weekday on which one is observed, or a closure of the site's own."
DAY_KIND = described(WHAT, "holiday")


class ClosedDay(Strict):
    """A day on which a site is closed."""

    day: Day = described("By the site's calendar.")
    name: Name = described("Why, for staff.", "Thanksgiving Day")
    kind: scheduling.ClosedDayKind = DAY_KIND


class NewClosedDays(Strict):
    """Days on which a site is to be closed, such as the proposals that it takes."""

    days: list[ClosedDay] = Field(min_length=1, max_length=100)


class ProposedDay(Shown):
    """A public holiday."""

    day: date
    name: str = Field(examples=["Thanksgiving Day"])
    kind: scheduling.ClosedDayKind = DAY_KIND
    confirmed: bool = described("Whether the site is closed on that day.")


class ClosedDays(Shown):
    """The days of a year on which a site is closed."""

    site_id: UUID
    days: list[ClosedDay]


class ProposedDays(Shown):
    """The public holidays of a year, of which a site takes those on which it closes."""

    site_id: UUID
    subdivision: str = Field(examples=["US-CO"])
    source: str = described("Library and version.", "holidays 0.109")
    days: list[ProposedDay]


ROOM_KIND = described("A room at the site, or one by video.", "room")
PLACES = "People who have a place, staff included."
Link = Annotated[str, Field(pattern=r"^https://[!-~]+$", max_length=500)]
LINK = optional("Where a telehealth room is joined; null otherwise.")


class RoomDetails(Strict):
    """A room, as it is to be."""

    name: Name = described("Unique at the site.", "Blue room")
    capacity: int = described(PLACES, 14, ge=1, le=1_000, strict=True)
    join_url: Link | None = LINK


class NewRoom(RoomDetails):
    """A room to open at a site."""

    site_id: UUID = described("Where it is.")
    kind: Literal["room", "telehealth"] = ROOM_KIND


class RoomEntry(Shown):
    """A room of a site."""

    id: UUID
    site_id: UUID
    name: str = Field(examples=["Blue room"])
    kind: Literal["room", "telehealth"] = ROOM_KIND
    capacity: int = described(PLACES, 14)
    join_url: str | None = LINK
    created_at: Instant
    closed_at: Instant | None = described("Since when it takes no new session.")
    sessions_to_come: int = described("Sessions that it is taken for.", 0)
    version: int = described("The ETag.", 1)


class HeldCredential(Strict):
    """What a person may do, and until when."""

    credential: Token = described("A word for it.", "lac")
    expires_on: Day | None = described("Its last day; null where it does not expire.", default=None)


class WorkingHours(WeeklyTime):
    """A time of each week at which a person works at a site, by the clock of the site."""

    site_id: UUID

    @property
    def working_time(self) -> WorkingTime:
        """As the rules take it."""
        return WorkingTime(**asdict(self.window), site_id=self.site_id)


class AskedStaff(BaseModel):
    """Who of the staff is listed; None: all. `credential` finds who holds it today, by the calendar
    of the home site; with `expires_before` whose expires earlier than that day."""

    site_id: UUID | None = described("Who works at this site.", default=None)
    credential: Token | None = described("Who holds it today.", "lac", default=None)
    training: scheduling.StaffTraining | None = described("Who has it.", default=None)
    language: scheduling.Language | None = described("Who speaks it, as BCP 47.", default=None)
    expires_before: Day | None = described(
        "Whose credential, of those asked for, expires before this day.", default=None
    )
    left: bool = described("Show those who left, too.", default=False)


SUBJECT = described("The `sub` of the person's own tokens.", None, default=None)
GENDER = described("For groups that need it; may be unsaid.", default=None)
LIMIT = described("Most clients at a time.", 12, default=None, ge=1, le=1_000, strict=True)


class NewStaffMember(Strict):
    """A person of the staff, as they are to be entered."""

    name: Name = described("For staff; never in events.", "Rosa Diaz")
    subject: Name | None = SUBJECT
    gender: scheduling.StaffGender | None = GENDER
    languages: list[scheduling.Language] = described("BCP 47.", default=[], max_length=20)
    trainings: list[scheduling.StaffTraining] = Field(default=[], max_length=10)
    credentials: list[HeldCredential] = Field(default=[], max_length=30)
    caseload_limit: int | None = LIMIT
    home_site_id: UUID = described("Where the person belongs; one of `site_ids`.")
    site_ids: list[UUID] = described("Where they work.", min_length=1, max_length=100)
    hours: list[WorkingHours] = described(
        "When they work where. Times at one site do not overlap; at one time a person "
        "may be had at several. Without any, a person may be planned at any time.",
        default=[],
        max_length=200,
    )


class Leave(Shown):
    """A time at which a person does not work."""

    id: UUID
    staff_id: UUID
    starts_at: Instant
    ends_at: Instant
    entered_at: Instant


class EnteredLeave(Leave):
    """A leave, and what it leaves without the person."""

    session_ids: list[UUID] = described(
        "Sessions in that time for which the person is taken: find somebody else."
    )


def of_this_age(value: date) -> date:
    """Refuse what lies so far off that it can only be a slip, or has no instant of its own."""
    if not YEARS[0] <= value.year <= YEARS[1]:
        raise ValueError(f"Give a time between {YEARS[0]} and {YEARS[1]}.")
    return value


DayOrInstant = Annotated[
    Annotated[Instant, AfterValidator(of_this_age)] | Day, Field(union_mode="left_to_right")
]


class NewLeave(Strict):
    """A time at which a person does not work; days are of the home site's calendar."""

    starts: DayOrInstant = described("The first day, or an instant.", "2026-07-06")
    ends: DayOrInstant = described(
        "The last day, or the instant at which the person is back.", "2026-07-17"
    )


class StaffMember(Shown):
    """A person of the staff, as far as it is about sites that the caller may see."""

    id: UUID
    name: str = Field(examples=["Rosa Diaz"])
    subject: str | None = SUBJECT
    gender: scheduling.StaffGender | None = GENDER
    languages: list[scheduling.Language]
    trainings: list[scheduling.StaffTraining]
    credentials: Annotated[list[HeldCredential], FromJson]
    caseload_limit: int | None = LIMIT
    home_site_id: UUID | None = described("Null where the caller may not see it.")
    site_ids: list[UUID]
    hours: list[WorkingHours]
    leave: Annotated[list[Leave], FromJson] = described("That has not ended.")
    created_at: Instant
    left_at: Instant | None = described("Since when the person is not of the staff.")
    sessions_to_come: int = described("Sessions that the person is taken for.", 4)
    version: int = described("The ETag.", 1)
