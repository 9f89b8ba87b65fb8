"""What staff are told and when it is given up: data with a version, checked when it is read."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Annotated, Self
from uuid import UUID

from pydantic import Field, model_validator

from services.notifications.escalations.schemas import Address, without_repetition
from services.notifications.texts.policy import words
from services.notifications.texts.rules import Text, revealing
from shared.contracts.intake import Token
from shared.datafiles import Misplaced, Part, data_file


class AlertPolicy(Part):
    """The text of alerts, and the times of their attempts. `{address}` is all that is filled in."""

    id: Token
    version: Token
    source: str
    subject: Annotated[str, Field(min_length=1, max_length=80)]
    body: Annotated[str, Field(min_length=1, max_length=300)]
    allowed: tuple[str, ...] = ()
    backoff_minutes: tuple[Annotated[int, Field(gt=0)], ...] = Field(min_length=1)
    give_up_after_minutes: int = Field(gt=0)

    @model_validator(mode="after")
    def is_neutral(self) -> Self:
        never = [word for word in words().never if word not in self.allowed]
        text = f"{self.subject}\n{self.body}"
        if found := revealing(text, never):
            raise ValueError(f"the text says {', '.join(found)}")
        if self.body.count("{") != 1 or "{address}" not in self.body:
            raise ValueError("the body names {address} once, and nothing else is filled in")
        return self

    @property
    def backoff(self) -> Sequence[timedelta]:
        """The pause after the first, second, … attempt; the last one repeats."""
        return [timedelta(minutes=m) for m in self.backoff_minutes]

    @property
    def give_up_after(self) -> timedelta:
        """How long after its step an alert may go out."""
        return timedelta(minutes=self.give_up_after_minutes)

    def written(self, portal: str, flag_id: UUID) -> Text:
        """The alert about a flag: where to look, and nothing of what is seen there."""
        address = f"{portal.rstrip('/')}/alerts/{flag_id}"
        return Text(subject=self.subject, body=self.body.replace("{address}", address))


class RegionalLead(Part):
    """Who is told beyond a site's own steps: in one region, or wherever a region has nobody of its
    own."""

    region_id: UUID | None = None
    addresses: Annotated[tuple[Address, ...], Field(min_length=1, max_length=5)]


class RegionalLeads(Part):
    """Whom the last step of an escalation reaches, by region."""

    id: Token
    version: Token
    source: str
    leads: tuple[RegionalLead, ...]

    @model_validator(mode="after")
    def name_each_region_once(self) -> Self:
        known: set[UUID | None] = set()
        for n, one in enumerate(self.leads):
            if one.region_id in known:
                raise Misplaced(("leads", n), f"region {one.region_id or 'of all'} is there twice")
            without_repetition(list(one.addresses))
            known.add(one.region_id)
        return self

    def of(self, region_id: UUID | None) -> Sequence[str]:
        """The addresses of a region."""
        found = {one.region_id: one.addresses for one in self.leads}
        return found.get(region_id) or found.get(None) or ()


regional_leads = data_file(RegionalLeads, __name__, "regional-leads")
"""Those in force."""
alert_policy = data_file(AlertPolicy, __name__, "staff-alerts", by_site=True)
"""The policy in force."""
