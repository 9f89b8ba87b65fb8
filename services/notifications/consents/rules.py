"""Whether a client may be reached at an instant, and when at the earliest. Pure, no clock.

The instant that counts is the one at which a message would be handed over, never the one at which
it was planned. Express consent for each purpose: 47 CFR 64.1200(a) and its revocation by any
reasonable means (a)(10); that even a message's arrival can tell of treatment: 42 CFR 2.11.
"""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Literal
from zoneinfo import ZoneInfo

from services.notifications.timing.rules import Window, at, next_open, zone_of
from shared.contracts.intake import AvailableTime

Rule = Literal[
    "no_consent",
    "revoked",
    "expired",
    "other_way",
    "other_use",
    "opted_out",
    "outside_safe_times",
]
"""Why a client may not be reached, in the order in which it is looked at."""
WEEK = 7


@dataclass(frozen=True, slots=True)
class Consent:
    """What of a consent to be reached decides."""

    channels: Collection[str]
    uses: Collection[str]
    safe_times: Sequence[AvailableTime]
    """None: at any time that quiet hours allow."""
    time_zone: str | None
    """Of the safe times; None: the site's."""
    expires_on: date | None
    """The last day at the site."""
    granted_at: datetime
    ended_as: Literal["revoked", "expired"] | None
    ended_at: datetime | None
    voicemail: str | None = None
    """What may be left there: none, name_and_number or appointment; None was not told."""


@dataclass(frozen=True, slots=True)
class Purpose:
    """What a message needs of a consent.

    `way` is how the client would be reached, None when nothing would leave the house. One of `uses`
    has to be agreed to. `without_consent`: it goes to who signed no such consent, too.
    """

    way: str | None
    uses: frozenset[str]
    without_consent: bool = False


def counting(consents: Sequence[Consent]) -> Consent | None:
    """The consent that counts: of several records of a person the one that was signed last, even
    when it has ended, unless another was revoked since. It is the person's last word, as intake
    reads it too (`consents_of_persons`)."""
    return max(consents, key=_last_word, default=None)


def permission(
    consents: Sequence[Consent], purpose: Purpose, instant: datetime, site_zone: ZoneInfo
) -> Rule | None:
    """The rule by which a message may not go out at `instant`; None when it may."""
    consent = counting(consents)
    if consent is None:
        return None if purpose.without_consent else "no_consent"
    if consent.ended_at is not None and consent.ended_at <= instant:
        return consent.ended_as
    if consent.expires_on is not None and instant.astimezone(site_zone).date() > consent.expires_on:
        return "expired"
    if purpose.way is not None and purpose.way not in consent.channels:
        return "other_way"
    if purpose.uses.isdisjoint(consent.uses):
        return "other_use"
    return None if is_safe(consent, instant, site_zone) else "outside_safe_times"


def is_safe(consent: Consent, instant: datetime, site_zone: ZoneInfo) -> bool:
    """Whether an instant lies in the client's safe times; from the start up to, not including, the
    end."""
    if not consent.safe_times:
        return True
    return any(start <= instant < end for start, end in _spans(consent, instant, site_zone))


def next_allowed(
    consents: Sequence[Consent],
    instant: datetime,
    site_zone: ZoneInfo,
    zone: ZoneInfo,
    window: Window,
) -> datetime | None:
    """The first instant from `instant` on that lies in the window, in the recipient's zone, and in
    the client's safe times; in UTC. None when there is none within a week."""
    consent = counting(consents)
    if consent is None or not consent.safe_times:
        return next_open(instant, zone, window)
    for start, end in _spans(consent, instant, site_zone):
        found = next_open(max(start, instant.astimezone(UTC)), zone, window)
        if found < end:
            return found
    return None


def _last_word(consent: Consent) -> tuple[datetime, bool]:
    """When the person signed the consent or took it back; of two at one instant the revocation."""
    if consent.ended_as == "revoked" and consent.ended_at is not None:
        return max(consent.granted_at, consent.ended_at), True
    return consent.granted_at, False


def _spans(
    consent: Consent, instant: datetime, site_zone: ZoneInfo
) -> Iterator[tuple[datetime, datetime]]:
    """The safe times from the day of `instant` up to the same day a week on, in order; in UTC."""
    zone = site_zone if consent.time_zone is None else zone_of(consent.time_zone, site_zone.key)
    today = instant.astimezone(zone).date()
    for day in (today + timedelta(days=n) for n in range(WEEK + 1)):
        for safe in sorted(consent.safe_times, key=lambda one: one.starts_at):
            if safe.weekday == day.isoweekday():
                ends_on = day + timedelta(days=1) if safe.ends_at == time() else day
                yield at(day, safe.starts_at, zone), at(ends_on, safe.ends_at, zone)
