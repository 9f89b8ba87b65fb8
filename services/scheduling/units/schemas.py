"""What answers about units look like."""

from datetime import date
from typing import Annotated
from uuid import UUID

from pydantic import Field

from shared.contracts.intake import Token
from shared.web import Shown

WHY = "Why it is booked although it goes beyond what the payer authorized: a reason of the policy."
ExcessReason = Annotated[Token | None, Field(description=WHY, examples=[None])]


class CodeUnits(Shown):
    """Units of one code."""

    id: str = Field(description="Of the billing code's file.", examples=["h0015"])
    code: str | None = Field(description="Null where no single code is billed.", examples=["H0015"])
    units: int = Field(examples=[1])
    rate: str | None = Field(
        description="By the number of services, where it is paid so.", examples=["three_services"]
    )


class UnitsOfDay(Shown):
    """A day on which something was credited."""

    day: date
    services: int = Field(examples=[2])
    minutes: int = Field(description="Credited.", examples=[225])
    units: list[CodeUnits] = Field(description="What the day is worth, by each code alone.")


class AuthorizedUnits(Shown):
    """What the authorizations of one code that hold today have left."""

    code: str = Field(examples=["H0015"])
    granted: int = Field(examples=[12])
    used: int = Field(examples=[7])
    booked: int = Field(description="By sessions to come while they hold.", examples=[3])
    left: int = Field(description="Below 0: more is booked than is authorized.", examples=[2])
    valid_until: date


class Recertification(Shown):
    """By when the need for the program has to be certified again."""

    enrolment_id: UUID
    certified_on: date = Field(description="Or enrolled, where nothing else is known.")
    due_on: date


class ClientUnits(Shown):
    """Units of one client's week by its attended minutes, and what is authorized from now on."""

    client_id: UUID
    site_id: UUID
    week: str = Field(description="ISO week at the site.", examples=["2026-W10"])
    payer: str | None = Field(examples=["commercial-hourly"])
    days: list[UnitsOfDay]
    authorized: list[AuthorizedUnits]
    recertification: Recertification | None = Field(description="Null where no stay goes on.")
