"""What an event says of a thing that the board counts, and what two events say together.

For each thing the event with the highest sequence counts, so that events may come again, and in any
order, without changing the board. What the later one does not tell is taken from the earlier one.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from shared.contracts.intake import (
    ClientEnrolled,
    ClientSteppedDown,
    EpisodeStateChanged,
    ReferralReceived,
    ReferralStateChanged,
    RiskFlagAcknowledged,
    RiskFlagRaised,
)
from shared.contracts.scheduling import (
    ClientPlaced,
    ClientWaitlisted,
    PlacementEnded,
    PlacementProposed,
    SeatAccepted,
    SeatDeclined,
    SeatOffered,
    SeatOfferExpired,
    SeatOfferWithdrawn,
    SessionAttended,
    SessionCancelled,
    SessionMissed,
    SessionNotHeld,
    SessionScheduled,
    WeeklyHoursAtRisk,
    WeeklyHoursShort,
    WeeklyHoursShortageLifted,
)

Kind = Literal["stay", "wait", "seat", "offer", "referral", "flag", "hours", "session"]
ENDS_OF_REFERRALS = ("accepted", "redirected", "declined", "lost")

SeatEvent = ClientWaitlisted | PlacementProposed | ClientPlaced | PlacementEnded
OfferEvent = SeatOffered | SeatAccepted | SeatDeclined | SeatOfferExpired | SeatOfferWithdrawn
HoursEvent = WeeklyHoursAtRisk | WeeklyHoursShort | WeeklyHoursShortageLifted
SessionEvent = (
    SessionScheduled | SessionAttended | SessionMissed | SessionCancelled | SessionNotHeld
)
BoardEvent = (
    ClientEnrolled
    | EpisodeStateChanged
    | ClientSteppedDown
    | ReferralReceived
    | ReferralStateChanged
    | RiskFlagRaised
    | RiskFlagAcknowledged
    | HoursEvent
    | SeatEvent
    | OfferEvent
    | SessionEvent
)

SEATS_IN_SESSIONS: Mapping[type[Any], str] = {
    SessionScheduled: "expected",
    SessionAttended: "came",
    SessionMissed: "missed",
    SessionNotHeld: "not_held",
}
"""What is known of a seat by the events of which there are most: these are looked up, and their
facts made in one step, as asking one class of event after the other takes longer than all else."""


@dataclass(slots=True)
class Fact:
    """What is known of one thing. `part` tells several of one subject apart: the ISO week."""

    kind: Kind
    subject: UUID
    client_id: UUID
    site_id: UUID
    sequence: int
    state: str
    open: bool
    enrolment_id: UUID | None = None
    cohort_id: UUID | None = None
    since: datetime | None = None
    until: datetime | None = None
    part: str = ""

    @property
    def key(self) -> tuple[str, UUID, UUID, str]:
        """What two facts about one thing have in common."""
        return self.kind, self.subject, self.client_id, self.part


def merged(one: Fact, other: Fact) -> Fact:
    """What two facts about one thing say together, whichever is given first."""
    older, newer = (one, other) if one.sequence < other.sequence else (other, one)
    return Fact(
        newer.kind,
        newer.subject,
        newer.client_id,
        newer.site_id,
        newer.sequence,
        newer.state,
        newer.open,
        newer.enrolment_id or older.enrolment_id,
        newer.cohort_id or older.cohort_id,
        newer.since or older.since,
        newer.until or older.until,
        newer.part,
    )


def facts_of(event: BoardEvent, sequence: int) -> tuple[Fact, ...]:
    """The facts that an event tells; `sequence` is its number in the stream of the client."""
    if state := SEATS_IN_SESSIONS.get(type(event)):
        return (_of_session(event, state, sequence),)
    return tuple(
        Fact(client_id=event.client_id, site_id=event.site_id, sequence=sequence, **told)
        for told in _told(event)
    )


def _of_session(event: Any, state: str, sequence: int) -> Fact:
    if state == "missed" and (event.on_hold or event.excused):
        state = "uncounted" if event.on_hold else "excused"
    expected = state == "expected"
    return Fact(
        "session",
        event.session_id,
        event.client_id,
        event.site_id,
        sequence,
        state,
        expected,
        event.enrolment_id,
        event.cohort_id,
        event.starts_at,
        event.ends_at if expected else None,
    )


def _told(event: Any) -> Iterator[dict[str, Any]]:
    match event:
        case SessionCancelled():
            yield {"kind": "session", "subject": event.session_id, **_closed("cancelled")}
        case ClientEnrolled():
            stay = {"kind": "stay", "subject": event.enrolment_id}
            yield {**stay, "state": "enrolled", "open": True, "since": event.enrolled_at}
        case EpisodeStateChanged():
            stay = {"kind": "stay", "subject": event.enrolment_id}
            yield {**stay, "state": event.to_state, "open": not event.ended}
        case ClientSteppedDown():
            yield {"kind": "stay", "subject": event.enrolment_id, **_closed("stepped_down")}
        case ReferralReceived():
            told = {"kind": "referral", "subject": event.referral_id, "since": event.received_at}
            yield {**told, "state": "received", "open": True}
        case ReferralStateChanged():
            told = {"kind": "referral", "subject": event.referral_id, "state": event.to_state}
            yield {**told, "open": event.to_state not in ENDS_OF_REFERRALS}
        case RiskFlagRaised():
            told = {"kind": "flag", "subject": event.flag_id, "until": event.acknowledge_by}
            yield {**told, "state": event.severity, "open": True, "since": event.raised_at}
        case RiskFlagAcknowledged():
            yield {"kind": "flag", "subject": event.flag_id, **_closed("acknowledged")}
        case WeeklyHoursAtRisk():
            yield {**_week(event), "state": "at_risk", "open": True, "since": event.noticed_at}
        case WeeklyHoursShort():
            yield {**_week(event), "state": "short", "open": True, "since": event.settled_at}
        case WeeklyHoursShortageLifted():
            yield {**_week(event), **_closed("lifted"), "since": event.lifted_at}
        case _:
            yield from _of_seats(event)


def _of_seats(event: SeatEvent | OfferEvent) -> Iterator[dict[str, Any]]:
    """Of the seat of a stay in a cohort: whether it is waited for, kept, taken or left."""
    match event:
        case ClientWaitlisted():
            wait = {**_wait(event), "state": "waiting", "open": True}
            yield {**wait, "since": event.waitlisted_at}
        case PlacementProposed():
            yield {**_wait(event), **_closed("proposed")}
            seat = {**_seat(event), "state": "proposed", "open": True}
            yield {**seat, "since": event.proposed_at, "until": event.expires_at}
        case ClientPlaced():
            yield {**_wait(event), **_closed("placed")}
            yield {**_seat(event), "state": "taken", "open": True, "since": event.placed_at}
        case PlacementEnded():
            seat = {"kind": "seat", "subject": event.placement_id, "cohort_id": event.cohort_id}
            yield {**seat, **_closed("left")}
        case SeatOffered():
            offer = {**_offer(event), "state": "offered", "open": True}
            yield {**offer, "since": event.offered_at, "until": event.expires_at}
        case SeatAccepted() | SeatDeclined() | SeatOfferExpired() | SeatOfferWithdrawn():
            yield {**_offer(event), **_closed("answered")}


def _closed(state: str) -> dict[str, Any]:
    return {"state": state, "open": False}


def _week(event: HoursEvent) -> dict[str, Any]:
    stay = event.enrolment_id
    return {"kind": "hours", "subject": stay, "enrolment_id": stay, "part": event.week}


def _wait(event: ClientWaitlisted | PlacementProposed | ClientPlaced) -> dict[str, Any]:
    stay = event.enrolment_id
    return {"kind": "wait", "subject": stay, "enrolment_id": stay}


def _seat(event: PlacementProposed | ClientPlaced) -> dict[str, Any]:
    of_stay = {"enrolment_id": event.enrolment_id, "cohort_id": event.cohort_id}
    return {"kind": "seat", "subject": event.placement_id, **of_stay}


def _offer(event: OfferEvent) -> dict[str, Any]:
    of_stay = {"enrolment_id": event.enrolment_id, "cohort_id": event.cohort_id}
    return {"kind": "offer", "subject": event.offer_id, **of_stay}
