"""All screens, and the answers of the portal that are none: the live stream and the emergency."""

import time
from collections.abc import AsyncIterator, Awaitable, Callable

import httpx
from fastapi import FastAPI, Request
from fastapi.responses import RedirectResponse, Response
from starlette.background import BackgroundTask
from starlette.responses import StreamingResponse

from portal.page import CLINICIANS, EMERGENCY_SECONDS, Page
from portal.rendering import render
from portal.views import (
    audit,
    board,
    clients,
    flow,
    messages,
    placing,
    referrals,
    risk,
    today,
    week,
)
from portal.visits import read_form

Answered = Callable[[Request, Callable[[Page], Awaitable[Response]]], Awaitable[Response]]

SCREENS = (audit, board, clients, flow, messages, placing, referrals, risk, today, week)
"""Their modules, which declare them when they are imported."""


def install(app: FastAPI, answered: Answered) -> None:
    """Add the routes that are no screens."""

    async def emergency(request: Request) -> Response:
        return await answered(request, break_glass)

    async def events(request: Request) -> Response:
        return await answered(request, follow)

    app.add_route("/clients/{client_id}/emergency", emergency, methods=["POST"])
    app.add_route("/events", events)

    async def picture(request: Request) -> Response:
        return await answered(request, chart)

    app.add_route("/clients/{client_id}/charts/{instrument}", picture)


async def break_glass(page: Page) -> Response:
    """Read one client of another site for a quarter of an hour, for a reason that is noted with
    every read."""
    form = await read_form(page)
    client = page.request.path_params["client_id"]
    reason = (form or {}).get("reason", [""])[-1].strip()
    if form is None or not reason.isprintable() or not 0 < len(reason) <= 500:
        return render(page.request, "stale_form.html", 403, page=page)
    if page.role not in CLINICIANS:
        return render(page.request, "forbidden.html", 403, page=page)
    known = {k: v for k, v in page.session.get("emergencies", {}).items() if v[1] > time.time()}
    page.keep(emergencies={**known, client: [reason, time.time() + EMERGENCY_SECONDS]})
    return RedirectResponse(f"/clients/{client}", 303)


async def chart(page: Page) -> Response:
    """A chart of a client's course, as outcomes draws it."""
    drawn = await page.need(
        "outcomes.show_chart",
        **page.request.path_params,
        format="svg",
        series=page.query("series"),
        version=page.query("version"),
    )
    return Response(drawn, media_type="image/svg+xml")


async def follow(page: Page) -> Response:
    """The board's stream, passed on as it comes: the browser has no token to ask for it itself. It
    ends with the token, and the browser opens the next one."""
    query = f"?region_id={page.query('region')}" if page.query("region") else ""
    last = page.request.headers.get("last-event-id") or page.query("last") or None
    token = await page.token()
    answer = await page.api.stream(page.api.events(f"/board/events{query}", token, last))
    if answer.status_code != 200:
        await answer.aclose()
        return Response(status_code=503 if answer.status_code >= 500 else answer.status_code)
    return StreamingResponse(
        _passed_on(answer),
        media_type="text/event-stream",
        headers={"X-Accel-Buffering": "no"},
        background=BackgroundTask(answer.aclose),
    )


async def _passed_on(answer: httpx.Response) -> AsyncIterator[bytes]:
    try:
        async for part in answer.aiter_raw():
            yield part
    except httpx.HTTPError:
        yield b"retry: 2000\n\n"
    finally:
        await answer.aclose()
