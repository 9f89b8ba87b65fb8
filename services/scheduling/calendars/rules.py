"""A calendar in iCalendar (RFC 5545): single events in UTC, without recurrences.

Readers differ on recurrences, moved ones and zones of one's own; on plain events they agree. A
session that is moved keeps its UID, its SEQUENCE rises with every change, and one that is cancelled
stays with that status.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal
from uuid import UUID, uuid5

from icalendar import Calendar, Event

from services.scheduling.calendars.policy import FeedPolicy
from shared.contracts.scheduling import SessionKind

FeedKind = Literal["staff", "room", "client"]
PRODUCT = "-//Calendar//1//EN"
"""Names no program, as readers show it."""


@dataclass(frozen=True, slots=True)
class Entry:
    """A session that takes whom the calendar is of (`resource_id`), or took them before."""

    session_id: UUID
    resource_id: UUID
    kind: SessionKind
    starts_at: datetime
    ends_at: datetime
    sequence: int
    cancelled: bool
    room: str | None


@dataclass(frozen=True, slots=True)
class Feed:
    """A calendar of somebody or something, since `issued_at`."""

    kind: FeedKind
    language: str
    issued_at: datetime
    entries: Sequence[Entry]


def tag_of(feed: Feed, policy: FeedPolicy) -> str:
    """The entity tag of a calendar: another one whenever anything that is shown is another."""
    return f'"{hashlib.sha256(repr((feed, policy)).encode()).hexdigest()[:32]}"'


def render(feed: Feed, policy: FeedPolicy) -> bytes:
    """The calendar as it is read. Clients read neither the kind of a session nor a place."""
    titles = policy.titles.get(feed.language) or next(iter(policy.titles.values()))
    refresh = timedelta(minutes=policy.refresh_minutes)
    calendar = Calendar()
    calendar.add("version", "2.0")
    calendar.add("prodid", PRODUCT)
    calendar.add("name", titles.calendar)
    calendar.add("x-wr-calname", titles.calendar)
    calendar.add("refresh-interval", refresh, parameters={"VALUE": "DURATION"})
    calendar.add("x-published-ttl", f"PT{policy.refresh_minutes}M")
    for entry in feed.entries:
        event = Event()
        event.add("uid", uuid5(entry.resource_id, str(entry.session_id)).urn)
        event.add("dtstamp", feed.issued_at)
        event.add("sequence", entry.sequence)
        event.add("dtstart", entry.starts_at)
        event.add("dtend", entry.ends_at)
        kind = titles.client if feed.kind == "client" else titles.kinds.get(entry.kind)
        event.add("summary", kind or titles.client)
        event.add("status", "CANCELLED" if entry.cancelled else "CONFIRMED")
        event.add("class", "PRIVATE")
        if feed.kind == "staff" and entry.room is not None:
            event.add("location", entry.room)
        calendar.add_component(event)
    return bytes(calendar.to_ical())
