"""Units over HTTP."""

from typing import Annotated
from uuid import UUID

from fastapi import Query

from services.scheduling.hours.routes import asked_week
from services.scheduling.units import queries
from services.scheduling.units.schemas import AskedUnits, ClientUnits
from shared.web import Reader, Router, of_one_client

router = Router(prefix="/clients", tags=["Hours"])


@router.get("/{client_id}/units", summary="Show the billing units of a client's week")
@of_one_client
async def show_client_units(
    client_id: UUID, call: Reader, asked: Annotated[AskedUnits, Query()]
) -> ClientUnits:
    """The units of each day by its attended minutes and services, for each code alone; what
    authorizations have left today; and by when the need has to be certified again."""
    week = asked_week(asked.week)
    return await call.show(lambda tx: queries.client_units(tx, client_id, week, asked.payer))
