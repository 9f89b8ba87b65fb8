"""All screens, and the answers of the portal that are none: the live stream and the emergency."""

import time
from collections.abc import AsyncIterator, Awaitable, Callable

import httpx
from fastapi import FastAPI, Request
from fastapi.responses import RedirectResponse, Response
from starlette.background import BackgroundTask
from starlette.responses import StreamingResponse

from portal.api import Away, Refused
from portal.page import CLINICIANS, EMERGENCY_SECONDS, Page
from portal.rendering import render
from portal.views import (
    audit,
    board,
    clients,
    extracts,
    flow,
    messages,
    placing,
    programs,
    referrals,
    risk,
    today,
    week,
)
from portal.visits import read_form

Work = Callable[[Page], Awaitable[Response]]
Answered = Callable[[Request, Work], Awaitable[Response]]

SCREENS = (
    *(audit, board, clients, extracts, flow, messages),
    *(placing, programs, referrals, risk, today, week),
)
"""Their modules, which declare them when they are imported."""


def install(app: FastAPI, answered: Answered) -> None:
    """Add the routes that are no screens."""
    for path, work, method in (
        ("/clients/{client_id}/emergency", break_glass, "POST"),
        ("/clients/{client_id}/charts/{instrument}", chart, "GET"),
        ("/extracts/{extract_id}/files/{name}", extract_file, "GET"),
        ("/events", follow, "GET"),
    ):
        app.add_route(path, _by(answered, work), methods=[method])


def _by(answered: Answered, work: Work) -> Callable[[Request], Awaitable[Response]]:
    async def answer(request: Request) -> Response:
        return await answered(request, work)

    return answer


async def break_glass(page: Page) -> Response:
    """Read one client of another site for a quarter of an hour, for a reason that is noted with
    every read."""
    form = await read_form(page)
    client = page.request.path_params["client_id"]
    reason = " ".join((form or {}).get("reason", [""])[-1].split())
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


async def extract_file(page: Page) -> Response:
    """A file of an extract, passed on as it comes."""
    name = "outcomes.get_extract_file"
    if not page.may(name):
        return render(page.request, "forbidden.html", 403, page=page)
    answer = await page.api.stream(name, await page.token(), page.request.path_params)
    kept = ("content-type", "content-length", "content-disposition")
    return _streaming(answer, {k: v for k, v in answer.headers.items() if k in kept}, b"")


async def follow(page: Page) -> Response:
    """The board's stream, passed on as it comes: the browser has no token to ask for it itself. It
    ends with the token, and the browser opens the next one."""
    last = page.request.headers.get("last-event-id") or page.query("last")
    headers = {"Accept": "text/event-stream", **({"Last-Event-ID": last} if last else {})}
    try:
        answer = await page.api.stream(
            "outcomes.follow_board",
            await page.token(),
            {"region_id": page.query("region")},
            headers,
        )
    except Away:
        return Response(status_code=503)
    except Refused as refused:
        return Response(status_code=refused.status)
    told = {"Content-Type": "text/event-stream", "X-Accel-Buffering": "no"}
    return _streaming(answer, told, b"retry: 2000\n\n")


def _streaming(answer: httpx.Response, headers: dict[str, str], broken: bytes) -> Response:
    closing = BackgroundTask(answer.aclose)
    return StreamingResponse(_passed_on(answer, broken), headers=headers, background=closing)


async def _passed_on(answer: httpx.Response, broken: bytes) -> AsyncIterator[bytes]:
    """What comes; where it breaks off, `broken` is said last, or the answer breaks off as well."""
    try:
        async for part in answer.aiter_raw():
            yield part
    except httpx.HTTPError:
        if not broken:
            raise
        yield broken
    finally:
        await answer.aclose()
