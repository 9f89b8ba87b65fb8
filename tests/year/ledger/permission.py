"""How a person may be reached at an instant: contact details, and the consent to be reached."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from tests.year.ledger.journal import Event, Journal
from tests.year.ledger.people import People

USES = {
    "session_reminder": {"appointments"},
    "missed_session_outreach": {"missed_sessions"},
    "session_not_held": {"appointments", "program_news"},
}
"""One of these has to be agreed to."""
OPENS, CLOSES = time(8), time(21)
"""In the recipient's zone."""
BEFORE_CLOSING = timedelta(minutes=30)
Span = tuple[datetime, datetime]


@dataclass(frozen=True)
class Consent:
    """A consent to be reached, and how it ended."""

    client: str
    granted: datetime
    data: dict[str, Any]
    ended_as: str | None
    ended: datetime | None


class Permissions:
    """Contact details and consents of everybody, at any instant."""

    def __init__(self, journal: Journal, people: People) -> None:
        self._people = people
        self._zones = journal.zones
        self._contacts = list(journal.named("ContactDetailsChanged"))
        ends: dict[str, tuple[str, datetime]] = {}
        for event in journal.named("ConsentRevoked", "ConsentExpired"):
            how, field = ("revoked", "revoked_at")
            if event.name == "ConsentExpired":
                how, field = ("expired", "expired_at")
            ends.setdefault(event.data["consent_id"], (how, event.instant(field)))
        self._consents = [
            Consent(
                event.client,
                event.instant("granted_at"),
                event.data,
                *ends.get(event.data["consent_id"], (None, None)),
            )
            for event in journal.named("ConsentGranted")
            if event.data["form"] == "contact_channels"
        ]

    def contact(self, client: str, at: datetime) -> Event:
        """The details that a person stated last, by any of their records."""
        records = self._people.records(client, at)
        known = [e for e in self._contacts if e.client in records and e.at <= at]
        return max(known, key=lambda event: event.instant("changed_at"))

    def changes(self, client: str, after: datetime, before: datetime) -> list[datetime]:
        """When the details of a record were stated anew."""
        return [e.at for e in self._contacts if e.client == client and after < e.at < before]

    def zone(self, client: str, site: str, at: datetime) -> ZoneInfo:
        """The recipient's: the one that was stated, else the site's."""
        stated = self.contact(client, at).data["time_zone"]
        return ZoneInfo(stated) if stated else self._zones[site]

    def consent(self, client: str, at: datetime) -> Consent | None:
        """The one that a person signed last, before an instant."""
        records = self._people.records(client, at)
        signed = [one for one in self._consents if one.client in records and one.granted <= at]
        return max(signed, key=lambda one: one.granted, default=None)

    def signed(self, client: str, after: datetime, before: datetime) -> list[datetime]:
        """When a record signed anew: what waits is looked at again then."""
        return [
            one.granted
            for one in self._consents
            if one.client == client and after < one.granted < before
        ]

    def refusal(self, client: str, site: str, kind: str, at: datetime) -> str | None:
        """Why a message may not go out at an instant; None when it may."""
        consent = self.consent(client, at)
        if consent is None:
            return "no_consent"
        if consent.ended is not None and consent.ended < at:
            return consent.ended_as
        last = consent.data["expires_on"]
        if last is not None and _day(at, self._zones[site]) > date.fromisoformat(last):
            return "expired"
        mailed = self.contact(client, at).data["channel"] == "email"
        if mailed and "email" not in consent.data["channels"]:
            return "other_way"
        if not USES[kind] & set(consent.data["uses"]):
            return "other_use"
        safe = self.safe_times(client, site, at)
        if safe is not None and not any(start <= at < end for start, end in safe):
            return "outside_safe_times"
        return None

    def safe_times(self, client: str, site: str, at: datetime) -> list[Span] | None:
        """The safe times of the eight days from an instant on; None: at any time."""
        consent = self.consent(client, at)
        if consent is None or not consent.data["safe_times"]:
            return None
        stated = consent.data["time_zone"]
        zone = ZoneInfo(stated) if stated else self._zones[site]
        today = _day(at, zone)
        return [
            (_instant(day, one["starts_at"], zone), _instant(day, one["ends_at"], zone))
            for day in (today + timedelta(days=n) for n in range(8))
            for one in consent.data["safe_times"]
            if one["weekday"] == day.isoweekday()
        ]

    def next_allowed(self, client: str, site: str, at: datetime) -> datetime | None:
        """The first instant, from one on, that is safe and no quiet hour."""
        zone = self.zone(client, site, at)
        safe = self.safe_times(client, site, at)
        if safe is None:
            return next_open(at, zone)
        for start, end in safe:
            found = next_open(max(start, at), zone)
            if found < end:
                return found
        return None


def next_open(at: datetime, zone: ZoneInfo) -> datetime:
    """An instant itself, or the next opening when it lies in quiet hours."""
    local = at.astimezone(zone)
    if OPENS <= local.time() < CLOSES:
        return at
    day = local.date() if local.time() < OPENS else local.date() + timedelta(days=1)
    return datetime.combine(day, OPENS, zone).astimezone(UTC)


def last_open(at: datetime, zone: ZoneInfo) -> datetime:
    """Half an hour before the latest closing ahead of an instant."""
    local = at.astimezone(zone)
    day = local.date() if local.time() >= CLOSES else local.date() - timedelta(days=1)
    return datetime.combine(day, CLOSES, zone).astimezone(UTC) - BEFORE_CLOSING


def _day(at: datetime, zone: ZoneInfo) -> date:
    return at.astimezone(zone).date()


def _instant(day: date, wall: str, zone: ZoneInfo) -> datetime:
    return datetime.combine(day, time.fromisoformat(wall), zone).astimezone(UTC)
