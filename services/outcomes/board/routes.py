"""The board over HTTP: the figures, the lists behind them, and the events of their changes."""

from typing import Annotated, Any

from fastapi import Depends, Header, Path
from starlette.responses import StreamingResponse

from services.outcomes.board import queries
from services.outcomes.board.figures import LISTED, key_of
from services.outcomes.board.live import hub_of
from services.outcomes.board.schemas import Board, BoardItem
from services.outcomes.directory.schemas import AskedArea
from shared.access import Role
from shared.access.roles import CLINICIANS, SITE_STAFF
from shared.errors import Forbidden, NotFound
from shared.web import Allowed, Call, CountedPage, Paging, Router
from shared.web.streams import endless

router = Router(tags=["Board"])

Reader = Annotated[Call, Allowed(*SITE_STAFF, Role.REGIONAL_OPERATIONS)]
LastEvent = Annotated[
    str | None, Header(description="`id` of the last event that was read, by which it goes on.")
]
EVENT = {
    "event": {"type": "string", "enum": ["board", "end"]},
    "data": {"type": "string", "contentMediaType": "application/json"},
}
SCHEMA = {"type": "object", "properties": EVENT, "required": list(EVENT)}
EVENTS: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "Events `board`, whose data are JSON, and at last `end`",
        "content": {"text/event-stream": {"schema": SCHEMA}},
    }
}


class EventStream(StreamingResponse):
    """Server-sent events (https://html.spec.whatwg.org/multipage/server-sent-events.html)."""

    media_type = "text/event-stream"


class ByKey(Paging):
    """A part of the list behind a figure."""

    beginning = None
    read = staticmethod(key_of)


@router.get("/board", summary="Show how the sites stand")
async def show_board(call: Reader, area: AskedArea) -> Board:
    """How each of the caller's sites stands now, and all of them together: who is in the program,
    seats, waits, referrals, today's sessions, hours, measures, risk flags and recommendations.

    Days are those of the calendar at each site. Each figure names its definition.
    """
    return await call.show(lambda tx: queries.show_board(tx, area))


@router.get(
    "/board/events",
    summary="Follow how the sites stand",
    response_class=EventStream,
    responses=EVENTS,
)
@endless
async def follow_board(
    call: Reader, area: AskedArea, last_event_id: LastEvent = None
) -> EventStream:
    """Server-sent events: first the whole board, then within a second of each change the sites that
    changed. An event is the state and not a difference, so that whoever reads slowly or was away
    misses nothing; after `Last-Event-ID` the sites that changed since come first.

    A comment is sent while nothing changes. `end` says why the stream ends: the token expires, or
    the process stops; open a new one with the last id.
    """
    hub = hub_of(call.request.app)
    stream = await hub.follow(call.caller, area, last_event_id)
    return EventStream(stream, headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"})


@router.get("/board/{figure}", summary="List those whom a figure of the board counts")
async def list_board_figure(
    figure: Annotated[str, Path(description="A figure's name.", examples=["waiting"])],
    call: Annotated[Call, Allowed(*SITE_STAFF)],
    area: AskedArea,
    paging: Annotated[ByKey, Depends()],
) -> CountedPage[BoardItem]:
    """As many as the figure says, by id. Risk flags, measures and recommendations are listed for
    clinicians only."""
    if figure not in LISTED:
        raise NotFound(f"The board has no list of that name: use {', '.join(LISTED)}.")
    if LISTED[figure].clinical and call.caller.role not in CLINICIANS:
        raise Forbidden("This list is for counselors and clinical leads.")
    return await call.show(lambda tx: queries.list_items(tx, figure, area, paging))
