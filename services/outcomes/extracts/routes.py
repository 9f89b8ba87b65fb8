"""Extracts over HTTP, for regional operations alone."""

from typing import Annotated
from uuid import UUID

from fastapi import Response
from fastapi.responses import StreamingResponse

from services.outcomes.extracts import commands, queries
from services.outcomes.extracts.schemas import Extract, NewExtract
from shared.access import Role
from shared.web import Allowed, Call, Page, Paged, Router
from shared.web.streams import files

router = Router(tags=["Extracts"])

Operations = Annotated[Call, Allowed(Role.REGIONAL_OPERATIONS)]


@router.post("/extracts", status_code=201, summary="Ask for an extract that names nobody")
async def add_extract(body: NewExtract, call: Operations) -> Extract:
    """Stays, attendance, scores and follow-ups of sites as Parquet and CSV, with a data dictionary.
    It is made in the background."""
    return await call.create(
        lambda tx: commands.request_extract(tx, body, call.subject),
        location=lambda made: f"/extracts/{made.id}",
    )


@router.get("/extracts", summary="List extracts")
async def list_extracts(call: Operations, paging: Paged) -> Page[Extract]:
    """Extracts of sites all of which you may see, oldest first."""
    return await call.show(lambda tx: queries.list_extracts(tx, paging))


@router.get("/extracts/{extract_id}", summary="Show how far an extract is")
async def show_extract(extract_id: UUID, call: Operations) -> Extract:
    """Its state, how many stays are done, and its files."""
    return await call.show(lambda tx: queries.show_extract(tx, extract_id))


@router.get(
    "/extracts/{extract_id}/files/{name}",
    summary="Download a file of an extract",
    response_class=Response,
    responses=files("The file", "application/octet-stream"),
)
async def get_extract_file(extract_id: UUID, name: str, call: Operations) -> Response:
    """The file as it was made; after its time it is not there any more."""
    sites, database = call.caller.sites, call.database
    media_type, size = await database.run(sites, lambda tx: queries.file_of(tx, extract_id, name))
    return StreamingResponse(
        queries.pieces_of(database, sites, extract_id, name),
        media_type=media_type,
        headers={
            "Content-Length": str(size),
            "Content-Disposition": f'attachment; filename="{name}"',
        },
    )
