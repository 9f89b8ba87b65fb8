"""The self-check over HTTP, and its page: open to everybody, and without a trace of anybody."""

from importlib import resources
from typing import Annotated

from fastapi import APIRouter, Query, Response
from fastapi.responses import HTMLResponse

from services.intake.self_check.answering import answer
from services.intake.self_check.page import pages
from services.intake.self_check.schemas import Language, SelfCheck, SelfCheckGuidance
from shared.access.allowed import Open
from shared.web.limits import LimitedRoute

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
HEADERS = {
    "Content-Security-Policy": POLICY,
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "X-Frame-Options": "DENY",
}
"""Beside no-store, which every answer carries: not even the page stays in the browser."""

checking = APIRouter(tags=["Self-check"], route_class=LimitedRoute)
pages_of_it = APIRouter(tags=["Self-check"])

Anybody = Annotated[
    None,
    Open("Whoever wonders whether they need help may ask without being known.", traced=False),
]


@checking.post(
    "/self-check",
    operation_id="get_guidance",
    summary="Is an IOP right for you?",
)
async def get_guidance(body: SelfCheck, nobody: Anybody) -> SelfCheckGuidance:
    """Guidance from answers that are neither kept nor logged nor traced.

    No diagnosis, and no decision about a place. Show `help_first` before everything else.
    """
    return answer(body)


@pages_of_it.get(
    "/self-check",
    response_class=HTMLResponse,
    operation_id="show_self_check",
    summary="The self-check as a page",
)
async def show_self_check(
    nobody: Anybody, language: Annotated[Language, Query(description="Of the page.")] = "en"
) -> HTMLResponse:
    """The questions for people, in their language. The page loads nothing from elsewhere."""
    return HTMLResponse(pages()[language], headers=HEADERS)


@pages_of_it.get("/self-check/page.css", include_in_schema=False)
async def show_style(nobody: Anybody) -> Response:
    """How the page looks."""
    return _file("page.css", "text/css")


@pages_of_it.get("/self-check/page.js", include_in_schema=False)
async def show_script(nobody: Anybody) -> Response:
    """What the page does."""
    return _file("page.js", "text/javascript")


def _file(name: str, media_type: str) -> Response:
    content = resources.files("services.intake.self_check.page").joinpath(name).read_bytes()
    return Response(content, media_type=media_type, headers=HEADERS)


routers = (checking, pages_of_it)
