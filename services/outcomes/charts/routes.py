"""A client's course over HTTP: numbers with a spec for charts, and pictures."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import Path, Query, Response

from services.outcomes.charts import queries
from services.outcomes.charts.rendering import MEDIA_TYPES, Format, drawn
from services.outcomes.charts.schemas import Course
from services.outcomes.measures.policy import TOTAL
from shared.access.roles import CLINICIANS
from shared.web import Allowed, Call, Router, of_one_client
from shared.web.streams import files

WORD = r"^[a-z0-9][a-z0-9_.-]{0,59}$"

router = Router(tags=["Courses"])

Clinician = Annotated[Call, Allowed(*CLINICIANS)]
Stay = Annotated[
    UUID | None, Query(description="In this stay; else in the one that goes on, or the latest.")
]


@router.get("/clients/{client_id}/measures", summary="Show a client's course")
@of_one_client
async def show_course(client_id: UUID, call: Clinician, enrolment_id: Stay = None) -> Course:
    """Every measure of a stay: bands, important and reliable change, recovery, whether the client
    is on track and by which rule, each with its source, and a Vega-Lite chart of it."""
    return await call.show(lambda tx: queries.show_course(tx, client_id, enrolment_id))


@router.get(
    "/clients/{client_id}/measures/{instrument}/chart.{format}",
    summary="Show a chart of a client's course",
    response_class=Response,
    responses=files("The chart", *MEDIA_TYPES.values()),
)
@of_one_client
async def show_chart(
    client_id: UUID,
    instrument: Annotated[str, Path(pattern=WORD)],
    format: Annotated[Format, Path(description="What to draw.")],
    call: Clinician,
    series: Annotated[str, Query(pattern=WORD, description="`total`, or a subscale.")] = TOTAL,
    version: Annotated[
        str | None, Query(pattern=WORD, description="Of the instrument; else the latest answered.")
    ] = None,
    enrolment_id: Stay = None,
) -> Response:
    """The chart of one measure of a stay as a picture; it names nobody."""
    found: list[dict[str, Any]] = []

    async def read(tx: Any) -> Course:
        shown = await queries.show_course(tx, client_id, enrolment_id)
        found.append(queries.one_of(shown, instrument, series, version).chart)
        return shown

    await call.show(read)
    return Response(await drawn(found[-1], format), media_type=MEDIA_TYPES[format])
