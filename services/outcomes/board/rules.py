"""What an event says of a thing that the board counts, and what two events say together.

For each thing the event with the highest sequence counts, so that events may come again, and in any
order, without changing the board. What the later one does not tell is taken from the earlier one.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any, Literal
from uuid import UUID

from shared.contracts import intake, scheduling

Kind = Literal["stay", "wait", "seat", "offer", "referral", "flag", "hours", "session"]
ENDS_OF_REFERRALS = ("accepted", "redirected", "declined", "lost")
KEPT_IF_UNTOLD = ("enrolment_id", "cohort_id", "since", "until")
"""What the later of two facts need not tell."""

BoardEvent = (
    intake.ClientEnrolled
    | intake.EpisodeStateChanged
    | intake.ClientSteppedDown
    | intake.ReferralReceived
    | intake.ReferralStateChanged
    | intake.RiskFlagRaised
    | intake.RiskFlagAcknowledged
    | scheduling.WeeklyHoursAtRisk
    | scheduling.WeeklyHoursShort
    | scheduling.WeeklyHoursShortageLifted
    | scheduling.ClientWaitlisted
    | scheduling.PlacementProposed
    | scheduling.ClientPlaced
    | scheduling.PlacementEnded
    | scheduling.SeatOffered
    | scheduling.SeatAccepted
    | scheduling.SeatDeclined
    | scheduling.SeatOfferExpired
    | scheduling.SeatOfferWithdrawn
    | scheduling.SessionScheduled
    | scheduling.SessionAttended
    | scheduling.SessionMissed
    | scheduling.SessionCancelled
    | scheduling.SessionNotHeld
)
SeatEvent = scheduling.PlacementProposed | scheduling.ClientPlaced | scheduling.SeatOfferEvent
WaitEvent = scheduling.ClientWaitlisted | scheduling.PlacementProposed | scheduling.ClientPlaced

SEATS_IN_SESSIONS: Mapping[type[Any], str] = {
    scheduling.SessionScheduled: "expected",
    scheduling.SessionAttended: "came",
    scheduling.SessionMissed: "missed",
    scheduling.SessionNotHeld: "not_held",
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
    open: bool = False
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
    of = partial(Fact, client_id=event.client_id, site_id=event.site_id, sequence=sequence)
    return tuple(_told(event, of))


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


def _told(event: BoardEvent, of: Callable[..., Fact]) -> Iterator[Fact]:
    """A thing is open while an event says so."""
    match event:
        case scheduling.SessionCancelled():
            yield of("session", event.session_id, state="cancelled")
        case intake.ClientEnrolled():
            admitted = {"state": "enrolled", "since": event.enrolled_at}
            yield of("stay", event.enrolment_id, open=True, **admitted)
        case intake.EpisodeStateChanged():
            yield of("stay", event.enrolment_id, state=event.to_state, open=not event.ended)
        case intake.ClientSteppedDown():
            yield of("stay", event.enrolment_id, state="stepped_down")
        case intake.ReferralReceived():
            received = {"state": "received", "since": event.received_at}
            yield of("referral", event.referral_id, open=True, **received)
        case intake.ReferralStateChanged():
            is_open = event.to_state not in ENDS_OF_REFERRALS
            yield of("referral", event.referral_id, state=event.to_state, open=is_open)
        case intake.RiskFlagRaised():
            raised = {"since": event.raised_at, "until": event.acknowledge_by}
            yield of("flag", event.flag_id, state=event.severity, open=True, **raised)
        case intake.RiskFlagAcknowledged():
            yield of("flag", event.flag_id, state="acknowledged")
        case scheduling.WeeklyHoursAtRisk():
            yield of(**_week(event), state="at_risk", open=True, since=event.noticed_at)
        case scheduling.WeeklyHoursShort():
            yield of(**_week(event), state="short", open=True, since=event.settled_at)
        case scheduling.WeeklyHoursShortageLifted():
            yield of(**_week(event), state="lifted", since=event.lifted_at)
        case scheduling.ClientWaitlisted():
            yield of(**_wait(event), state="waiting", open=True, since=event.waitlisted_at)
        case scheduling.PlacementProposed():
            yield of(**_wait(event), state="proposed")
            kept = {"state": "proposed", "since": event.proposed_at, "until": event.expires_at}
            yield of("seat", event.placement_id, open=True, **_of_stay(event), **kept)
        case scheduling.ClientPlaced():
            yield of(**_wait(event), state="placed")
            taken = {"state": "taken", "since": event.placed_at}
            yield of("seat", event.placement_id, open=True, **_of_stay(event), **taken)
        case scheduling.PlacementEnded():
            yield of("seat", event.placement_id, cohort_id=event.cohort_id, state="left")
        case scheduling.SeatOffered():
            kept = {"state": "offered", "since": event.offered_at, "until": event.expires_at}
            yield of("offer", event.offer_id, open=True, **_of_stay(event), **kept)
        case scheduling.SeatOfferEvent():
            yield of("offer", event.offer_id, **_of_stay(event), state="answered")


def _week(event: scheduling.WeeklyHoursEvent) -> dict[str, Any]:
    stay = event.enrolment_id
    return {"kind": "hours", "subject": stay, "enrolment_id": stay, "part": event.week}


def _wait(event: WaitEvent) -> dict[str, Any]:
    return {"kind": "wait", "subject": event.enrolment_id, "enrolment_id": event.enrolment_id}


def _of_stay(event: SeatEvent) -> dict[str, Any]:
    """Of something that a stay has in a cohort."""
    return {"enrolment_id": event.enrolment_id, "cohort_id": event.cohort_id}
