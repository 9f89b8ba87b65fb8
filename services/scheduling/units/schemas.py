"""What answers about units look like."""

from datetime import date
from typing import Annotated
from uuid import UUID

from pydantic import BaseModel, Field

from shared.contracts.intake import Token
from shared.web import Shown, described

WHY = "Why it is booked although it goes beyond what the payer authorized: a reason of the policy."
ExcessReason = Annotated[Token | None, described(WHY, None)]


class AskedUnits(BaseModel):
    """Whose way of counting is asked for, and of which week."""

    week: str = described("ISO week.", "2026-W10", max_length=8)
    payer: Token | None = described(
        "Id of a payer whose units differ; without it the usual ones.",
        "commercial-hourly",
        default=None,
    )


class CodeUnits(Shown):
    """Units of one code."""

    id: str = described("Of the billing code's file.", "h0015")
    code: str | None = described("Null where no single code is billed.", "H0015")
    units: int = Field(examples=[1])
    rate: str | None = described(
        "By the number of services, where it is paid so.", "three_services"
    )


class UnitsOfDay(Shown):
    """A day on which something was credited."""

    day: date
    services: int = Field(examples=[2])
    minutes: int = described("Credited.", 225)
    units: list[CodeUnits] = described("What the day is worth, by each code alone.")


class AuthorizedUnits(Shown):
    """What the authorizations of one code that hold today have left."""

    code: str = Field(examples=["H0015"])
    granted: int = Field(examples=[12])
    used: int = Field(examples=[7])
    booked: int = described("By sessions to come while they hold.", 3)
    left: int = described("Below 0: more is booked than is authorized.", 2)
    valid_until: date


class Recertification(Shown):
    """By when the need for the program has to be certified again."""

    enrolment_id: UUID
    certified_on: date = described("Or enrolled, where nothing else is known.")
    due_on: date


class ClientUnits(Shown):
    """Units of one client's week by its attended minutes, and what is authorized from now on."""

    client_id: UUID
    site_id: UUID
    week: str = described("ISO week at the site.", "2026-W10")
    payer: str | None = Field(examples=["commercial-hourly"])
    days: list[UnitsOfDay]
    authorized: list[AuthorizedUnits]
    recertification: Recertification | None = described("Null where no stay goes on.")
