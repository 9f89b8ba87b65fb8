"""What requests and answers about curricula and sessions look like."""

from datetime import UTC, date, datetime, time
from typing import Annotated, ClassVar, Literal, Self
from uuid import UUID

from pydantic import AfterValidator, BaseModel, BeforeValidator, Field, model_validator

from services.scheduling.sessions.rules import WallClockSlot, recurrence
from services.scheduling.units.schemas import ExcessReason
from shared.contracts.scheduling import Modality, NotHeldReason, SessionKind
from shared.literal import full_date
from shared.web import FromJson, Instant, Shown, Strict, described, exactly_one, optional
from shared.web.texts import Legible


def _of_our_times(value: datetime) -> datetime:
    if not 1900 <= value.astimezone(UTC).year < 2200:
        raise ValueError("Give an instant of the years 1900 to 2199.")
    return value


def _of_this_age(value: date) -> date:
    if not date(2000, 1, 1) <= value < date(2200, 1, 1):
        raise ValueError("Use a date of the years 2000 to 2199.")
    return value


Bound = Annotated[Instant, AfterValidator(_of_our_times), Field(examples=["2026-03-02T00:00:00Z"])]
"""An instant that bounds a list of sessions by their start."""
BOUNDS = Field(ge=date(2000, 1, 1), lt=date(2200, 1, 1), examples=["2026-03-02"])
Day = Annotated[date, BOUNDS, BeforeValidator(full_date)]
"""A date of a site's calendar."""


class AskedSessions(BaseModel):
    """Which sessions are listed; None: all. `starting_from` is included, `starting_before` is not,
    and `day` is of the calendar of the site."""

    site_id: UUID | None = described("Only at this site.", default=None)
    day: Day | None = described("Only those that start on this date at the site.", default=None)
    cohort_id: UUID | None = described("Only of this cohort.", default=None)
    starting_from: Bound | None = described("Starting then or later.", default=None, alias="from")
    starting_before: Bound | None = described(
        "Starting earlier than this.", default=None, alias="until"
    )


CLOCK = r"^([01][0-9]|2[0-3]):[0-5][0-9]$"
STARTS = described("Start by the site's wall clock.", "17:30", pattern=CLOCK)


class Staff(Strict):
    """Who is to hold a session."""

    facilitator_id: UUID | None = optional("Who of the staff holds it.")
    cofacilitator_ids: list[UUID] = described("Who helps.", [], default=[], max_length=5)

    @model_validator(mode="after")
    def everybody_once(self) -> Self:
        people = [self.facilitator_id, *self.cofacilitator_ids]
        if len(set(people)) < len(people):
            raise ValueError("A person of the staff is named twice.")
        if self.facilitator_id is None and self.cofacilitator_ids:
            raise ValueError("Name who holds the session beside those who help.")
        return self


class Content(Staff):
    """What a session is, beside when it is."""

    room_id: UUID | None = optional("A room of the site.")
    minutes: int = described("Length, breaks included.", 180, ge=15, le=480, strict=True)
    break_minutes: int = described("Breaks in it, not credited.", 15, default=0, ge=0, strict=True)
    kind: SessionKind = Field(examples=["group"])
    topic: Legible = described("What it is about.", "Coping skills", max_length=120)
    modality: Modality | None = optional(
        "Null: that of the room, else in person.", examples=["in_person"]
    )
    module: Annotated[int, Field(ge=1, le=200, strict=True)] | None = optional(
        "Place in the order of the curriculum: slots of one time take turns by it."
    )
    phases: list[Annotated[int, Field(ge=1, le=20, strict=True)]] | None = optional(
        "For which phases of the cohort, from 1 on; null: for all.", min_length=1, max_length=20
    )

    @model_validator(mode="after")
    def breaks_are_shorter(self) -> Self:
        if self.break_minutes >= self.minutes:
            raise ValueError("break_minutes must be less than minutes.")
        return self


class Slot(Content):
    """One session of each week, or of each day that a rule names, by the site's wall clock."""

    weekday: int | None = optional(
        "0 is Monday; null where `rrule` is given.", ge=0, le=6, strict=True, examples=[0]
    )
    rrule: Annotated[str, Field(max_length=120), AfterValidator(recurrence)] | None = optional(
        "RFC 5545, in place of `weekday`: FREQ=WEEKLY with BYDAY, or FREQ=MONTHLY with BYDAY or "
        "BYMONTHDAY; INTERVAL, BYSETPOS and WKST."
    )
    starts: str = STARTS

    says_when_in_one_way: ClassVar = exactly_one("weekday", "rrule")

    @property
    def on_wall_clock(self) -> WallClockSlot:
        """The slot as the rules take it."""
        starts = time.fromisoformat(self.starts)
        return WallClockSlot(self.weekday, starts, self.minutes, self.rrule, self.module)


class NewCurriculum(Strict):
    """A weekly plan for a cohort."""

    starts_on: Annotated[date, AfterValidator(_of_this_age)] = described(
        "First day of the first week, which may be any weekday: each slot is first "
        "held on its first weekday from here on.",
        "2026-03-02",
    )
    weeks: Annotated[int, Field(ge=1, le=52, strict=True)] | None = described(
        "Null: without an end, materialized as many weeks ahead as the policy says.", 12
    )
    slots: list[Slot] = Field(min_length=1, max_length=21)


class LeftOutDay(Shown):
    """A day on which the site is closed, so that no session of a plan is held."""

    day: date
    name: str = Field(examples=["Labor Day"])


class Conflict(Shown):
    """A client with another session at the time of one of the cohort, or of their own. Not expected
    at it until that one goes away; or at both, where they were booked for two records that are one
    person since: then somebody has to choose."""

    client_id: UUID
    session_id: UUID
    cohort_id: UUID | None = described("Null of a session of clients of their own.")
    starts_at: Instant
    ends_at: Instant
    other_session_id: UUID | None = described("Null at a site that you may not see.")
    other_starts_at: Instant
    other_ends_at: Instant
    expected: bool = described("At both of them.", False)


class Conflicts(Shown):
    """Clients of a site who have another session at the time of one to come of their cohorts."""

    site_id: UUID
    items: list[Conflict] = described("The next 200.")


class Curriculum(Shown):
    """A weekly plan and what it came to."""

    id: UUID
    cohort_id: UUID
    site_id: UUID
    starts_on: date
    weeks: int | None
    slots: Annotated[list[Slot], FromJson]
    materialized_until: date | None = described(
        "Of a plan without an end the first day that has no sessions yet."
    )
    ends_on: date | None = described("Last day of a plan that was ended.")
    sessions: int = described("Sessions planned.", 36)
    first_starts_at: Instant
    last_ends_at: Instant
    left_out: Annotated[list[LeftOutDay], FromJson] = described("Days without their sessions.")
    conflicts: list[Conflict] = described("Clients who are not expected at some sessions.")
    weekly_minutes: int = described(
        "Minutes a week that count towards the level, less breaks; of a plan with rules the mean.",
        495,
    )
    meets_level_minimum: bool = described(
        "Whether these alone are enough for level 2.1 (9 hours for adults)."
    )
    created_at: Instant
    version: int = described("The ETag.", 1)


class RosterCounts(Shown):
    """How many clients stand where on the roster of a session. Of one that is not held all are
    under `not_held`."""

    expected: int = described("Clients who are expected.", 10)
    recorded: int = described("Of them, those whose attendance is recorded.", 9)
    present: int = described("Of those, present or partial.", 7)
    missed: int = described("Of those, any kind of miss, holds apart.", 1)
    on_hold: int = described("Expected ones whose stay is on hold and who did not come.", 1)
    not_held: int = described("Expected at a session that is not held.", 0)


class Session(Shown):
    """One session of a cohort, or of one client."""

    id: UUID
    site_id: UUID
    cohort_id: UUID | None = described("Null for a session of one client.")
    curriculum_id: UUID | None = described("Null for a session that no plan made.")
    starts_at: Instant
    ends_at: Instant
    local_date: date = described("Date at the site.")
    local_start: str = described("Start by the site's wall clock.", "17:30")
    time_zone: str = Field(examples=["America/Denver"])
    week: str = described("ISO week at the site.", "2026-W10")
    kind: SessionKind
    topic: str
    break_minutes: int = Field(examples=[15])
    scheduled_minutes: int = described("Length less breaks.", 165)
    module: int | None = described("Place in the order of the curriculum.")
    phases: list[int] | None = described("Phases of the cohort that it is for; null: all.")
    modality: Modality
    room_id: UUID | None
    join_url: str | None = described("The link of a telehealth room.")
    facilitator_id: UUID | None
    cofacilitator_ids: list[UUID]
    not_held_at: Instant | None = described(
        "Since when it is known that the program does not hold it; null if it does."
    )
    not_held_reason: NotHeldReason | None
    roster: RosterCounts
    version: int = described("The ETag.", 1)


class LocalTime(Strict):
    """One time by the wall clock of the site. A time that the clock skips is refused."""

    day: Day = Field(examples=["2027-03-01"])
    starts: str = STARTS
    fold: Literal[0, 1] | None = optional(
        "Of a time that the clock shows twice the first (0) or the second (1)."
    )

    @property
    def local_start(self) -> datetime:
        """What the wall clock shows when it begins."""
        return datetime.combine(self.day, time.fromisoformat(self.starts))


class NewTime(LocalTime):
    """When a session is to be held instead."""

    minutes: int | None = optional(
        "Length, breaks included; null: as before.", ge=15, le=480, strict=True
    )
    excess_reason: ExcessReason = None


class NewSession(LocalTime, Content):
    """A session of a cohort beside its plan."""


class OtherRoom(Strict):
    """Where a session is to be held."""

    room_id: UUID | None = described("A room of the site; null: none.")
    modality: Modality | None = optional("Null: that of the room, without one as before.")


class ScheduledSession(Session):
    """A session as it was changed or added."""

    conflicts: list[Conflict] = described(
        "Clients with a seat who have another session then, and are not expected."
    )


class EndOfPlan(Strict):
    """When a plan ends."""

    last_day: Day = Field(examples=["2027-05-28"])
    reason: NotHeldReason = described("Why the sessions after that day are not held.", "other")


class Cancellation(Strict):
    """Why the program does not hold a session."""

    reason: NotHeldReason = Field(examples=["weather"])


class NewSessionCancellation(Cancellation):
    """Several sessions of a site that are not held: `session_ids`, or all of a `day`."""

    site_id: UUID = described("Where the sessions are.")
    day: Day | None = optional(
        "The date at the site on which the sessions start.", examples=["2026-03-02"]
    )
    session_ids: list[UUID] | None = optional("Each one once.", min_length=1, max_length=200)

    names_sessions_in_one_way: ClassVar = exactly_one("day", "session_ids")


class CancelledSession(Session):
    """A session that the program does not hold, and who was expected at it."""

    client_ids: list[UUID] = described("The clients who are told so.")


class SessionCancellation(Shown):
    """What was cancelled at once."""

    site_id: UUID
    reason: NotHeldReason
    not_held_at: Instant
    sessions: list[CancelledSession]


class NewSiteClosure(Strict):
    """Days on which a site is closed, by its calendar."""

    site_id: UUID
    first_day: Day = Field(examples=["2027-07-05"])
    last_day: Day = Field(examples=["2027-07-06"])
    reason: NotHeldReason = Field(examples=["weather"])

    @model_validator(mode="after")
    def ends_after_it_begins(self) -> Self:
        if not 0 <= (self.last_day - self.first_day).days <= 366:
            raise ValueError("last_day must be from first_day on, and within a year of it.")
        return self


class ShortWeek(Shown):
    """A client's week that has enough hours without the closure, and not with it."""

    client_id: UUID
    week: str = described("ISO week at the site.", "2026-W10")
    planned_minutes: int = described("That count, less breaks, as it is now.")
    remaining_minutes: int = described("Without the sessions of the closure.")
    minimum_minutes: int = described("Of the client's phase, else of the level.")


class ClosurePreview(Shown):
    """What a closure would come to. Nothing was changed."""

    site_id: UUID
    sessions: int
    clients: int = described("Who are expected at them.")
    session_minutes: int = described("Of the sessions, less breaks.")
    client_minutes: int = described("The same for each client who is expected.")
    short_weeks: list[ShortWeek]


class SiteClosure(Shown):
    """A closure, and how far its sessions are worked off."""

    id: UUID
    site_id: UUID
    first_day: date
    last_day: date
    reason: NotHeldReason
    sessions: int = described("That were to be held when the closure was entered.")
    sessions_done: int = described("Of which everybody was told that they are not held.")
    entered_at: Instant
    finished_at: Instant | None = described("Null while sessions are left.")
