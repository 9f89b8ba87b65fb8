"""When the messages of a rule go out. Pure: instants are aware, results are in UTC."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from uuid import UUID, uuid5
from zoneinfo import ZoneInfo

from services.notifications.rulebook.policy import Moment, Rule, Step
from services.notifications.timing.rules import ReminderRule, Window, at, next_open, reminder_due
from shared.calendar import Week, days_later
from shared.contracts.base import Event

TOLD_APART = UUID("6f1c2c52-8a53-4f0e-9d2b-0f6a4c1b7e11")
"""The namespace of ids made of several fields of an event."""


@dataclass(frozen=True, slots=True)
class Occasion:
    """What an event is a reason for messages about: `about` is its id, and times count from
    `anchor`. From `until` on messages about it are of no use."""

    site_id: UUID
    client_id: UUID
    enrolment_id: UUID | None
    about: UUID
    anchor: datetime
    until: datetime
    time_zone: str
    """IANA zone of the site."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """A message of a rule, and the times between which it goes out."""

    step: Step
    due_at: datetime
    expires_at: datetime


def occasion_of(rule: Rule, event: Event, time_zone: str) -> Occasion:
    """What an event that starts `rule` is about; `time_zone` is the site's."""
    anchor = instant_of(getattr(event, rule.anchor), time_zone)
    counted_from = rule.until_field or rule.anchor
    until = later(instant_of(getattr(event, counted_from), time_zone), rule.until, time_zone)
    return Occasion(
        site_id=event.site_id,  # type: ignore[attr-defined]  # checked when rules are read
        client_id=event.client_id,  # type: ignore[attr-defined]
        enrolment_id=getattr(event, "enrolment_id", None),
        about=about_of(rule.about, event),
        anchor=anchor,
        until=until,
        time_zone=time_zone,
    )


def about_of(names: tuple[str, ...], event: Event) -> UUID:
    """The id of what an event is about; of several fields one made from them."""
    values = [getattr(event, name) for name in names]
    if len(values) == 1 and isinstance(values[0], UUID):
        return values[0]
    return uuid5(TOLD_APART, "/".join(map(str, values)))


def instant_of(value: datetime | date | str, time_zone: str) -> datetime:
    """An instant of an event; of a day its beginning at the site, of an ISO week its end."""
    if isinstance(value, datetime):
        return value.astimezone(UTC)
    if isinstance(value, str):
        value = Week.parse(value).next.monday
    return at(value, time(), ZoneInfo(time_zone))


def later(instant: datetime, moment: Moment, time_zone: str) -> datetime:
    """`moment` after an instant: days by the calendar at the site, then hours of real time."""
    return days_later(instant, moment.days, time_zone) + timedelta(hours=moment.hours)


def wanted(
    rule: Rule, occasion: Occasion, *, zone: ZoneInfo, window: Window, now: datetime
) -> Iterator[Wanted]:
    """The messages of `rule` about an occasion, in its order; `zone` is the recipient's.

    Those to clients lie in their `window`. One for which no time is left is due and expires now, so
    that it is seen to have come too late. A message that would follow another of the rule within
    its `apart_hours` is left out.
    """
    if rule.silent_when_over and occasion.until <= now:
        return
    last: datetime | None = None
    for step in rule.steps:
        if step.to == "staff":
            yield Wanted(step, max(_at(step, occasion, zone, now), now), occasion.until)
            continue
        found = due(step, occasion, zone=zone, window=window, now=now)
        if last is not None and found.due_at < last + timedelta(hours=step.apart_hours):
            continue
        yield found
        last = found.due_at


def due(step: Step, occasion: Occasion, *, zone: ZoneInfo, window: Window, now: datetime) -> Wanted:
    """When one message to a client goes out and expires."""
    time_wanted = _at(step, occasion, zone, now)
    if step.margin_minutes is None:
        opens = next_open(max(time_wanted, now), zone, window)
        return Wanted(step, min(opens, max(occasion.until, now)), occasion.until)
    margin = timedelta(minutes=step.margin_minutes)
    instant = reminder_due(
        occasion.until,
        not_before=now,
        zone=zone,
        window=window,
        rule=ReminderRule(occasion.until - time_wanted, margin),
    )
    return Wanted(step, instant or now, occasion.until if instant else min(now, occasion.until))


def at_the_earliest(found: Wanted, instant: datetime) -> Wanted:
    """A message that goes out at an instant, unless it does before."""
    return replace(found, due_at=min(found.due_at, instant))


def _at(step: Step, occasion: Occasion, zone: ZoneInfo, now: datetime) -> datetime:
    """The instant at which a message is wanted, before anything moves it."""
    if step.when is None:
        return now
    instant = later(occasion.anchor, step.when, occasion.time_zone)
    if step.clock is None:
        return instant
    return at(instant.astimezone(zone).date(), step.clock, zone)
