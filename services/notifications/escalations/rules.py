"""Whom a step tells, and what is done with an alert whose time has come."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from services.notifications.delivery.rules import CallOff, Decision, GiveUp, Send


@dataclass(frozen=True, slots=True)
class Contacts:
    """Whom a site tells. Addresses stay out of the representation."""

    on_duty: Sequence[str] = field(repr=False)
    steps: Sequence[Sequence[str]] = field(repr=False)


def told_at(contacts: Contacts | None, step: int) -> Sequence[str | None]:
    """The addresses that `step` tells: 0 when a flag is raised, then the steps in their order.

    After the last step of the site its people are told again and again. `[None]` stands for a site
    that named nobody: that has to be seen. A site that named nobody on duty, but people for the
    steps, chose to hear of a flag when it escalates.
    """
    if contacts is None:
        return [None]
    if step == 0:
        return contacts.on_duty
    return contacts.steps[min(step, len(contacts.steps)) - 1]


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
