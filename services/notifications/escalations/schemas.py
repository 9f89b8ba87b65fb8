"""What requests and answers about escalation contacts and alerts look like."""

import re
from datetime import time
from typing import Annotated, Literal, Self
from uuid import UUID

from pydantic import (
    AfterValidator,
    BeforeValidator,
    Field,
    StringConstraints,
    WithJsonSchema,
    model_validator,
)

from services.notifications.delivery.channels.base import ChannelRefused
from services.notifications.delivery.channels.email import recipient_of
from services.notifications.delivery.channels.providers import is_staff_address
from services.notifications.delivery.vocabulary import AlertFailure, Kind
from shared.web import Instant, Shown, Strict

AlertState = Literal["planned", "sending", "sent", "delivered", "bounced", "failed", "cancelled"]


def one_address(value: str) -> str:
    """Refuse what is not exactly one plain address, as the mail server would refuse it too late.

    Beside mail: `+13035550123` for a text message, `voice:+13035550123` for a call, and
    `webhook:…` and `chat:…` by their names in the file of the channels.
    """
    if is_staff_address(value):
        return value
    try:
        plain = recipient_of(value)
    except ChannelRefused:
        plain = ""
    if plain != value or not value.isascii() or not value.isprintable() or " " in value:
        raise ValueError("Not one e-mail address, such as lead@example.test.")
    return value


Address = Annotated[
    str,
    StringConstraints(min_length=3, max_length=254),
    AfterValidator(one_address),
]


def without_repetition(addresses: list[str]) -> list[str]:
    """Refuse a list that names somebody twice."""
    if len({address.lower() for address in addresses}) < len(addresses):
        raise ValueError("An address is there twice.")
    return addresses


class EscalationStep(Strict):
    """Who is told at one step."""

    addresses: Annotated[list[Address], AfterValidator(without_repetition)] = Field(
        min_length=1,
        max_length=5,
        description="Work addresses; all of them are told.",
        examples=[["lead@example.test"]],
    )


CLOCK = "^([01][0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9])?$"


def _as_clocks_show_it(value: object) -> object:
    """Refuse seconds since midnight, and an offset, which a clock on the wall does not show."""
    if isinstance(value, time) or (isinstance(value, str) and re.fullmatch(CLOCK, value)):
        return value
    raise ValueError("Send a time such as 17:30.")


Clock = Annotated[
    time,
    BeforeValidator(_as_clocks_show_it),
    WithJsonSchema({"type": "string", "pattern": CLOCK}),
]
"""A time of the wall clock, which has no offset, as JSON Schema's `time` has."""


class OnCall(Strict):
    """Who is on call at a time of each week, on the site's clock."""

    weekday: int = Field(ge=1, le=7, description="ISO: 1 is Monday.", examples=[6])
    starts_at: Clock = Field(examples=["08:00:00"])
    ends_at: Clock = Field(
        description="00:00:00 is the midnight that ends the day; a night is two shifts.",
        examples=["20:00:00"],
    )
    addresses: Annotated[list[Address], AfterValidator(without_repetition)] = Field(
        min_length=1, max_length=5, examples=[["weekend@example.test"]]
    )

    @model_validator(mode="after")
    def begins_before_it_ends(self) -> Self:
        if self.ends_at != time() and self.ends_at <= self.starts_at:
            raise ValueError("A shift ends on its day; write one over midnight on both days.")
        return self


class NewEscalationContacts(Strict):
    """Whom a site tells of a risk that has to be seen."""

    on_duty: Annotated[list[Address], AfterValidator(without_repetition)] = Field(
        default_factory=list,
        max_length=5,
        description="Told when a flag is raised; may be empty.",
        examples=[["duty@example.test"]],
    )
    rota: list[OnCall] = Field(
        default_factory=list,
        max_length=50,
        description="Told in place of who is on duty always, when something is raised in a shift.",
    )
    steps: list[EscalationStep] = Field(
        min_length=1,
        max_length=10,
        description="Told at the first, second, … escalation (clinical lead, site manager, "
        "regional lead). Beyond them the regional leads that the organization named are told, "
        "or else the last ones again.",
        examples=[[{"addresses": ["lead@example.test"]}, {"addresses": ["manager@example.test"]}]],
    )


class EscalationContacts(Shown):
    """Whom a site tells now; version 0 as long as it named nobody."""

    site_id: UUID
    on_duty: list[str] = Field(examples=[["duty@example.test"]])
    steps: list[EscalationStep]
    rota: list[OnCall] = Field(default_factory=list)
    changed_at: Instant | None
    version: int = Field(description="The ETag; 0 before the first change.", examples=[1])

    @model_validator(mode="after")
    def named_or_not(self) -> Self:
        if (self.version == 0) != (not self.steps):
            raise ValueError("a site that named somebody has a step")
        return self


class StaffAlert(Shown):
    """One message to one member of staff, and how it went. The address is shown to nobody."""

    id: UUID = Field(description="Stands in the message's Message-ID.")
    client_id: UUID
    site_id: UUID
    flag_id: UUID
    step: int = Field(description="0 when the flag was raised.", examples=[1])
    state: AlertState = Field(examples=["delivered"])
    failure: AlertFailure | None = Field(examples=[None])
    attempts: int = Field(examples=[1])
    planned_at: Instant
    next_attempt_at: Instant | None
    ended_at: Instant | None


class StaffTask(Shown):
    """Something that a person of the staff has to do about a client."""

    id: UUID
    client_id: UUID
    site_id: UUID
    enrolment_id: UUID | None
    kind: Kind = Field(
        description="Of the rule that led to it, or `urgent_reply`: read what the client wrote.",
        examples=["missed_session_task"],
    )
    about: UUID = Field(description="The session, stay or week that it is about.")
    anchor: Instant = Field(description="The instant that its rule counts from.")
    opens_at: Instant = Field(description="From when on it has to be done.")
    state: Literal["open", "done", "withdrawn"] = Field(examples=["open"])
    ended_by: str | None = Field(description="Who took charge.", examples=[None])
    ended_at: Instant | None
    version: int = Field(description="The ETag.", examples=[1])
