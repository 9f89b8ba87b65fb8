"""What to do with a message that is due: send, give up, or postpone. Pure."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Literal
from zoneinfo import ZoneInfo

from services.notifications.consents.rules import (
    Consent,
    Purpose,
    Rule,
    next_allowed,
    permission,
)
from services.notifications.delivery.vocabulary import AlertFailure, Failure
from services.notifications.stays.rules import Standing
from services.notifications.timing.rules import Window, next_open

UNKNOWN_CONTACT_PAUSE = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Send:
    """It goes out now."""


@dataclass(frozen=True, slots=True)
class GiveUp:
    """It is never sent."""

    failure: Failure | AlertFailure


@dataclass(frozen=True, slots=True)
class Postpone:
    """It is looked at again at `until`."""

    until: datetime


@dataclass(frozen=True, slots=True)
class Suppress:
    """It is never sent, as the client did not agree to it."""

    rule: Rule


@dataclass(frozen=True, slots=True)
class CallOff:
    """It was withdrawn."""


@dataclass(frozen=True, slots=True)
class Cancel:
    """It is of no use any more, as its client left the program."""


Decision = Send | GiveUp | Postpone | Suppress | CallOff | Cancel


@dataclass(frozen=True, slots=True)
class Reach:
    """What is known of how to reach the recipient.

    `known` is false as long as nothing was heard of the client; `reachable` tells whether the
    wanted channel has an address.
    """

    known: bool
    reachable: bool
    zone: ZoneInfo


@dataclass(frozen=True, slots=True)
class Agreed:
    """What the client agreed to, and what the message needs of it."""

    consents: Sequence[Consent]
    purpose: Purpose
    site_zone: ZoneInfo


def decide(
    now: datetime,
    *,
    withdrawn: bool,
    standing: Standing,
    sent_on_hold: bool,
    after_stay: bool,
    resumes_at: datetime | None,
    due_at: datetime,
    expires_at: datetime,
    reach: Reach,
    agreed: Agreed,
    window: Window,
    unknown_contact: timedelta,
    stopped: Literal["opted_out", "unreachable"] | None = None,
) -> Decision:
    """Decide about a message whose next attempt has come.

    One that was withdrawn is called off, and so is one whose client left the program, first of all,
    unless its rule sends it `after_stay`; never is anything sent to a client who is gone. While the
    stay is on hold it waits, unless its kind is `sent_on_hold`; one that expires by then is
    cancelled, else one that expired is given up. Details of a client not heard of yet may still be
    under way on their own topic, so such a message waits until `unknown_contact` after its due
    time. Then permission is asked, as of `now`, and whether the address is `stopped`. Quiet hours
    hold for every attempt, in the zone that the client states now, and so do the times at which the
    client can be reached safely. Who got as many messages today as go out on one day hears more
    from `resumes_at` on.
    """
    if withdrawn:
        return CallOff()
    if standing == "gone" or (standing == "over" and not after_stay):
        return Cancel()
    if standing == "on_hold" and not sent_on_hold:
        return Cancel() if now >= expires_at else Postpone(expires_at)
    if now >= expires_at:
        return GiveUp("no_longer_timely")
    if not reach.known and now < due_at + unknown_contact:
        return Postpone(min(now + UNKNOWN_CONTACT_PAUSE, expires_at))
    if not reach.reachable:
        return GiveUp("no_contact_details")
    rule = permission(agreed.consents, agreed.purpose, now, agreed.site_zone)
    if rule is not None and rule != "outside_safe_times":
        return Suppress(rule)
    if stopped == "opted_out":
        return Suppress("opted_out")
    if stopped == "unreachable":
        return GiveUp("unreachable")
    allowed = next_allowed(agreed.consents, now, agreed.site_zone, reach.zone, window)
    if allowed is not None and allowed <= now:
        return Send() if resumes_at is None else Postpone(min(resumes_at, expires_at))
    if allowed is not None and allowed < expires_at:
        return Postpone(allowed)
    if next_open(now, reach.zone, window) < expires_at:  # the safe times leave no instant
        return Suppress("outside_safe_times")
    return Postpone(expires_at)


def next_attempt(
    now: datetime,
    *,
    attempts: int,
    expires_at: datetime,
    backoff: Sequence[timedelta],
    zone: ZoneInfo | None = None,
    window: Window | None = None,
) -> datetime:
    """When to try again after `attempts` (1 or more) failed ones: not outside of a client's
    `window` in `zone`, and never later than `expires_at`, at which the message is given up."""
    again = now.astimezone(UTC) + backoff[min(attempts, len(backoff)) - 1]
    if zone is not None and window is not None:
        again = next_open(again, zone, window)
    return min(again, expires_at)


def conclusion(state: str, reports: Collection[str]) -> Literal["delivered", "bounced"] | None:
    """What all reports on a message come to, in whatever order they came; None when nothing new.

    That it did not arrive counts more than that it did: a mailbox or carrier may take a message and
    find out later.
    """
    if "bounced" in reports and state in ("sent", "delivered"):
        return "bounced"
    return "delivered" if "delivered" in reports and state == "sent" else None


def spread(again: datetime, now: datetime, expires_at: datetime, part: float) -> datetime:
    """`again`, later by `part` of the pause from `now` until then; never after `expires_at`."""
    return min(again + (again - now) * part, max(again, expires_at))


def continues_trace(next_at: datetime, planned_at: datetime) -> bool:
    """Whether sending belongs to the trace of its cause: the message was due when it was planned.

    One that had to wait, for its time or for another attempt, links to its cause instead.
    """
    return next_at <= planned_at
