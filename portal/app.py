"""The application: screens, forms, and what is answered when something is not as it should be."""

import contextlib
import re
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from typing import Any
from urllib.parse import urlencode, urlsplit

import httpx
from fastapi import FastAPI, Request
from fastapi.responses import PlainTextResponse, RedirectResponse, Response
from fastapi.staticfiles import StaticFiles

from portal import login
from portal.api import OPERATIONS, Api, Away, Refused, may
from portal.forms import body_of
from portal.headers import Headers
from portal.identity import Provider
from portal.page import CLINICIANS, LoggedOut, Page, Sent
from portal.rendering import FOLDER, render
from portal.sessions import Sessions
from portal.settings import Settings
from portal.views import screens
from portal.views.registry import VIEWS, View
from portal.visits import open_page, read_form
from portal.words import LANGUAGES

HOMES = (
    ("scheduling.record_check_in", "/today"),
    ("outcomes.show_board", "/board"),
    ("scheduling.show_day", "/today"),
    ("intake.list_accesses", "/audit"),
    ("intake.get_flow", "/flow"),
)
"""Where somebody who logged in begins: the first that their role may see."""
STALE = (412, 428)
SEARCHES = (
    "intake.list_clients_by_name",
    "notifications.show_template_preview",
    "notifications.show_rule_preview",
)
"""What is asked by a form and changes nothing: its answer is shown, and names are in no address."""
ID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
PLACE = re.compile(r"/(?!/)[^\\\s]*")


def application(settings: Settings, http: httpx.AsyncClient | None = None) -> FastAPI:
    """The portal; `http` is what it calls services and the identity provider with."""
    client = http or httpx.AsyncClient(timeout=10.0, limits=httpx.Limits(max_connections=200))

    @contextlib.asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        yield
        await client.aclose()

    app = FastAPI(title="Stepwell portal", openapi_url=None, lifespan=lifespan)
    app.state.settings = settings
    app.state.sessions = Sessions()
    app.state.api = Api(settings, client)
    app.state.provider = Provider(settings, client)
    app.add_middleware(Headers, issuer=_origin(settings.issuer), secure=settings.secure)
    app.mount("/static", StaticFiles(directory=FOLDER / "static"), name="static")
    app.add_route("/health/live", _healthy)
    app.add_route("/health/ready", _healthy)
    app.add_route("/", _home)
    app.add_route("/language/{language}", _language)
    login.install(app)
    screens.install(app, answered)
    for one in VIEWS:
        app.add_route(one.path, _answering(one), methods=["GET", "POST"])
    app.add_exception_handler(404, _no_page)
    app.add_exception_handler(405, _no_page)
    app.add_exception_handler(Exception, _defect)
    return app


async def _healthy(request: Request) -> Response:
    return PlainTextResponse("ok")


def _answering(view: View) -> Callable[[Request], Awaitable[Response]]:
    async def answer(request: Request) -> Response:
        return await answered(request, lambda page: _screen(page, view), acts=view.acts)

    return answer


async def answered(
    request: Request, work: Callable[[Page], Awaitable[Response]], *, acts: tuple[str, ...] = ()
) -> Response:
    """What `work` answers somebody who is logged in, or a page that says why there is nothing."""
    page: Page | None = None
    try:
        page = open_page(request, acts)
        return await work(page)
    except LoggedOut:
        return _log_in_again(request)
    except Away as away:
        return render(request, "away.html", 503, page=page, service=away.service)
    except Refused as refused:
        if refused.status == 403:
            return render(request, "forbidden.html", 403, page=page)
        if refused.status != 404:
            return render(request, "refused.html", refused.status, page=page, refused=refused)
        client = request.path_params.get("client_id", "")
        asks = page is not None and page.role in CLINICIANS and bool(ID.fullmatch(client))
        return render(
            request, "not_found.html", 404, page=page, client=client if asks else "", key=_key()
        )


async def _screen(page: Page, view: View) -> Response:
    if not page.may(view.needs):
        return render(page.request, "forbidden.html", 403, page=page)
    for name, given in page.request.path_params.items():
        if name.endswith("_id") and not ID.fullmatch(given):
            return render(page.request, "not_found.html", 404, page=page, client="", key=_key())
    if page.request.method != "POST":
        return await _shown(page, view, 200)
    form = await read_form(page)
    if form is None:
        return render(page.request, "stale_form.html", 403, page=page)
    return await _act(page, view, form)


async def _act(page: Page, view: View, form: dict[str, list[str]]) -> Response:
    """Do what a form asks for, and send the browser to a page that may be loaded again; where it is
    refused, the same page shows why, with what was entered."""

    def last(name: str) -> str:
        return form.get(name, [""])[-1]

    name = last("operation")
    if name not in view.acts:
        return render(page.request, "stale_form.html", 400, page=page)
    operation = OPERATIONS[name]
    values = {k.removeprefix("path."): v[-1] for k, v in form.items() if k.startswith("path.")}
    fields = [(key, value) for key, several in form.items() for value in several]
    body = body_of(fields, operation["body"], last("zone"))
    headers = {}
    if "Idempotency-Key" in operation["headers"]:
        headers["Idempotency-Key"] = last("key") or _key()
    if "If-Match" in operation["headers"]:
        headers["If-Match"] = f'"{last("etag")}"'
    try:
        told = await page.send(name, values, body, headers)
    except Away as away:
        page.sent = Sent(last("form"), form, unknown=True)
        page.problem = {"kind": "away", "service": away.service}
        return await _shown(page, view, 503)
    except Refused as refused:
        if refused.status == 403:
            raise
        page.sent = Sent(last("form"), form, refused.errors)
        kind = "stale" if refused.status in STALE else "refused"
        page.problem = {"kind": kind, "title": refused.title, "detail": refused.detail}
        return await _shown(page, view, refused.status)
    if name in SEARCHES:
        page.found, page.sent = told, Sent(last("form"), form)
        return await _shown(page, view, 200)
    shown = told.get(last("show")) if isinstance(told, Mapping) and last("show") else None
    page.keep(flash={"label": last("label"), "shown": shown})
    return RedirectResponse(_next(page, last("then"), told), 303)


def _next(page: Page, then: str, told: Any) -> str:
    """The address after a form: the page itself, or another one of ours, perhaps of what was
    made."""
    here = page.request.url.path + (f"?{page.request.url.query}" if page.request.url.query else "")
    if not PLACE.fullmatch(then):
        return here
    for field, value in told.items() if isinstance(told, Mapping) else ():
        if isinstance(value, str) and ID.fullmatch(value):
            then = then.replace("{" + field + "}", value)
    return then


async def _shown(page: Page, view: View, status: int) -> Response:
    context = await view.gather(page, **page.request.path_params)
    if "elsewhere" in context:
        return RedirectResponse(context["elsewhere"], 303)
    flash = page.session.get("flash") if status == 200 else None
    if flash:
        page.keep(flash=None)
    return render(page.request, view.template, status, page=page, flash=flash, **context)


async def _home(request: Request) -> Response:
    try:
        page = open_page(request)
    except LoggedOut:
        return render(request, "welcome.html", 200, page=None)
    home = next(place for name, place in HOMES if may(page.role, name))
    return RedirectResponse(home, 303)


async def _language(request: Request) -> Response:
    """Remember the language; it names nobody and may be loaded again."""
    language = request.path_params["language"]
    then = request.query_params.get("then", "/")
    answer = RedirectResponse(then if PLACE.fullmatch(then) else "/", 303)
    if language in LANGUAGES:
        secure = request.app.state.settings.secure
        answer.set_cookie(
            "language", language, max_age=31_536_000, samesite="lax", httponly=True, secure=secure
        )
    return answer


def _log_in_again(request: Request) -> Response:
    if request.method == "POST":
        return render(request, "logged_out.html", 401, page=None)
    then = request.url.path + (f"?{request.url.query}" if request.url.query else "")
    return RedirectResponse(f"/login?{urlencode({'then': then})}", 303)


async def _no_page(request: Request, error: Exception) -> Response:
    try:
        page = open_page(request)
    except LoggedOut:
        page = None
    return render(request, "not_found.html", 404, page=page, client="", key=_key())


async def _defect(request: Request, error: Exception) -> Response:
    return render(request, "defect.html", 500, page=None)


def _key() -> str:
    return uuid.uuid4().hex


def _origin(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"
