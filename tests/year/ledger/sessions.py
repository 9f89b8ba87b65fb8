"""Sessions at which clients were expected, and what became of them."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cached_property
from typing import Literal
from zoneinfo import ZoneInfo

from tests.year.ledger.journal import Event, Journal
from tests.year.ledger.stays import Stay

Outcome = Literal["attended", "missed", "excused"]


@dataclass
class Seat:
    """One client expected at one session, as it stands after everything that was told of it."""

    client: str
    session: str
    site: str
    kind: str
    starts: datetime
    ends: datetime
    break_minutes: int
    zone: ZoneInfo
    planned: datetime
    """When it was told last that the client is expected."""
    stay: str
    expected: bool = True
    """Not cancelled because the client left."""
    held: bool = True
    outcome: Outcome | None = None
    status: str = ""
    """As it was written down, such as `late_cancel`."""
    attended: int = 0

    @cached_property
    def day(self) -> date:
        """The day at the site."""
        return self.starts.astimezone(self.zone).date()

    @property
    def minutes(self) -> int:
        """Planned minutes, less breaks."""
        return (self.ends - self.starts) // timedelta(minutes=1) - self.break_minutes


Seats = dict[tuple[str, str], Seat]


TOLD = (
    "SessionScheduled",
    "SessionCancelled",
    "SessionNotHeld",
    "SessionAttended",
    "SessionMissed",
)


def seats_of(journal: Journal) -> Seats:
    """Every seat by client and session."""
    found: Seats = {}
    for event in journal.named(*TOLD):
        tell(found, event)
    return found


def tell(seats: Seats, event: Event) -> None:
    """Let the seats stand as they do after one more event."""
    key, data = (event.client, event.data["session_id"]), event.data
    if event.name == "SessionScheduled":
        seats[key] = Seat(
            event.client,
            data["session_id"],
            data["site_id"],
            data["kind"],
            event.instant("starts_at"),
            event.instant("ends_at"),
            data["break_minutes"],
            ZoneInfo(data["time_zone"]),
            event.at,
            data.get("enrolment_id", ""),
        )
        return
    seat = seats[key]
    if event.name == "SessionCancelled":
        seat.expected = False
    elif event.name == "SessionNotHeld":
        seat.held = False
    elif event.name == "SessionAttended":
        seat.outcome, seat.attended = "attended", data["attended_minutes"]
        seat.status = data["status"]
    else:
        seat.outcome, seat.attended = "excused" if data["excused"] else "missed", 0
        seat.status = data["status"]


def counts(seat: Seat, stay: Stay) -> bool:
    """Whether what became of a seat counts: the session was held, and no miss fell into a hold."""
    if seat.outcome is None or not seat.held:
        return False
    return seat.outcome == "attended" or not stay.holds_at(seat.starts)


def of_stay(seats: Seats, stay: Stay) -> list[Seat]:
    """The seats of a stay: those of its record that began while it lasted, in order."""
    return sorted(
        (
            seat
            for seat in seats.values()
            if seat.client == stay.client and stay.lasts_at(seat.starts)
        ),
        key=lambda seat: (seat.starts, seat.session),
    )


NAMES = {"excused_absence": "excused", "late_cancel": "late_cancelled", "no_show": "no_show"}


def became(seat: Seat, stays: list[Stay], now: datetime) -> str:
    """What became of an appointment, in the words of the sums of attendance."""
    if not seat.expected and seat.outcome is None:
        return "withdrawn"
    if not seat.held:
        return "not_held"
    if seat.outcome == "attended":
        return "credited" if seat.status == "present" or seat.attended else "uncredited"
    if seat.outcome is None and seat.starts > now:
        return "to_come"
    if any(stay.client == seat.client and stay.holds_at(seat.starts) for stay in stays):
        return "on_hold"
    return NAMES.get(seat.status, "unrecorded")


def placed_last(journal: Journal, records: frozenset[str]) -> str | None:
    """The stay for which a person got a seat last."""
    placed = [
        (event.instant("placed_at"), event.data["placement_id"], event.data["enrolment_id"])
        for event in journal.named("ClientPlaced")
        if event.client in records
    ]
    return max(placed)[2] if placed else None


def planned_for(seats: Seats, stays: list[Stay], stay: str) -> list[Seat]:
    """The seats that were planned for a stay, also those that it did not last to."""
    (found,) = (one for one in stays if one.id == stay)
    return [
        seat
        for seat in seats.values()
        if seat.client == found.client
        and found.begins <= seat.planned
        and (found.ends is None or seat.planned <= found.ends)
    ]
