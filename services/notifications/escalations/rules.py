"""Whom a step tells, and what is done with an alert whose time has come."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, time
from zoneinfo import ZoneInfo

from services.notifications.delivery.rules import CallOff, Decision, GiveUp, Send


@dataclass(frozen=True, slots=True)
class Shift:
    """Who is on call at a time of each week at the site: up to, not including, `ends_at`, which is
    the next midnight at 00:00."""

    weekday: int
    starts_at: time
    ends_at: time
    addresses: Sequence[str] = field(repr=False)

    def covers(self, local: datetime) -> bool:
        """Whether a local time lies in the shift."""
        until = self.ends_at != time() and local.time() >= self.ends_at
        return local.isoweekday() == self.weekday and self.starts_at <= local.time() and not until


@dataclass(frozen=True, slots=True)
class Contacts:
    """Whom a site tells; without `steps` it named nobody. Addresses stay out of the
    representation."""

    on_duty: Sequence[str] = field(default=(), repr=False)
    steps: Sequence[Sequence[str]] = field(default=(), repr=False)
    rota: Sequence[Shift] = ()
    zone: ZoneInfo = field(default_factory=lambda: ZoneInfo("UTC"))
    """Of the site."""
    regional_leads: Sequence[str] = field(default=(), repr=False)
    """Of the region that the site is in."""


def told_at(contacts: Contacts, step: int, instant: datetime) -> Sequence[str | None]:
    """The addresses that `step` tells: 0 when a flag is raised, then the steps in their order.

    At step 0 those of the rota who are on call at the `instant`; where the rota has nobody then,
    who is on duty always. Beyond the site's own steps the regional leads are told, each time; where
    there are none, the people of the last step again. `[None]` stands for nobody at all: that has
    to be seen. A site that named nobody on duty, but people for the steps, chose to hear of a flag
    when it escalates.
    """
    if 0 < step <= len(contacts.steps):
        return contacts.steps[step - 1]
    if step > 0:
        return contacts.regional_leads or (contacts.steps[-1] if contacts.steps else [None])
    local = instant.astimezone(contacts.zone)
    on_call = [a for shift in contacts.rota if shift.covers(local) for a in shift.addresses]
    return list(dict.fromkeys(on_call)) or contacts.on_duty if contacts.steps else [None]


def decide(now: datetime, *, withdrawn: bool, named: bool, expires_at: datetime) -> Decision:
    """What to do with an alert whose attempt is due; `named`: the site named somebody to tell.

    There are no quiet hours: staff on duty took on to be told, at night too, and a risk does not
    wait for the morning. Quiet hours protect clients and other consumers.
    """
    if withdrawn:
        return CallOff()
    if not named:
        return GiveUp("no_contacts")
    return GiveUp("no_longer_timely") if now >= expires_at else Send()
