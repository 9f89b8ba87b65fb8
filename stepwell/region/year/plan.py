"""What a year of a region consists of. Values only: nothing here knows a service."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, time
from typing import Any, Literal

from stepwell.region.plan import SessionPlan

Answer = Literal["accept", "decline_once", "leave_open"]
"""What clinical leads do with recommendations to step a client down."""
Kind = Literal[
    "refer",
    "screen",
    "contact_consent",
    "revoke_contact",
    "end_referral",
    "admit",
    "hold",
    "resume",
    "discharge",
    "grant",
    "cover",
    "record_late",
    "correct",
    "state_zone",
    "cancel_day",
    "cancel_session",
    "merge",
    "undo_merge",
    "report_use",
    "take_charge",
]
JOINS: tuple[Kind, ...] = ("merge", "undo_merge")
"""What joins two clients, or parts them."""


@dataclass(frozen=True)
class SiteInYear:
    """A clinic, its weekly slots by its own wall clock, and when it writes attendance down."""

    number: int
    name: str
    time_zone: str
    slots: tuple[dict[str, Any], ...]
    records: Literal["same_evening", "next_morning"]
    seats: tuple[int, ...]
    """Seats of each of its cohorts; all cohorts meet at the same hours."""


@dataclass(frozen=True)
class Term:
    """Weeks in which cohorts meet. `planned_on` is the day when their sessions are entered."""

    planned_on: date
    starts_on: date
    weeks: int


@dataclass(frozen=True)
class ClientInYear:
    """One client as a site knows them; two of these may turn out to be one person."""

    number: int
    site: int
    given_name: str
    birth_date: date
    channel: Literal["email", "log"]
    email: str
    sessions: tuple[SessionPlan | None, ...]
    """What becomes of each session at which the client is expected, in order; None where nobody
    writes it down."""
    on_recommendation: Answer


@dataclass(frozen=True)
class Happening:
    """Something that staff do on a day, in the morning. Those of a day happen in their order."""

    on: date
    kind: Kind
    client: int | None = None
    site: int | None = None
    details: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Year:
    """Everything that happens in a year."""

    seed: int
    morning: time
    """In UTC: late enough that offices are open in every zone of the region."""
    sites: tuple[SiteInYear, ...]
    terms: tuple[Term, ...]
    clients: tuple[ClientInYear, ...]
    happenings: tuple[Happening, ...]
    looked_at: tuple[date, ...]
    """The days at whose mornings figures are taken: in the course of terms, and as quarters end."""
    boards_at: tuple[date, ...]
    """The days after whose sessions the board is looked at."""

    def client(self, number: int) -> ClientInYear:
        return self.clients[number - 1]

    def on(self, day: date) -> list[list[Happening]]:
        """What happens on a day: first what concerns a whole site, then what concerns one client,
        then what joins two. Each part begins when the one before has reached every service."""
        found = [one for one in self.happenings if one.on == day]
        of_sites = [one for one in found if one.client is None]
        joins = [one for one in found if one.kind in JOINS]
        of_one = [one for one in found if one.client is not None and one.kind not in JOINS]
        return [part for part in (of_sites, of_one, joins) if part]
