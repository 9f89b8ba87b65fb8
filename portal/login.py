"""Logging in by code and PKCE, and logging out, here and at the identity provider."""

from dataclasses import asdict

from fastapi import FastAPI, Request
from fastapi.responses import RedirectResponse, Response

from portal.cookies import cookie_name
from portal.identity import STAFF, Attempt, NotLoggedIn, ProviderAway
from portal.page import LoggedOut
from portal.rendering import render
from portal.settings import Settings
from portal.visits import open_page, read_form


def install(app: FastAPI) -> None:
    """Add the routes."""
    app.add_route("/login", log_in)
    app.add_route("/oidc/callback", come_back)
    app.add_route("/logout", log_out, methods=["POST"])


async def log_in(request: Request) -> Response:
    """Send the browser to the identity provider. `as` names a role for the local issuer's page,
    which asks anew then; other providers know whom they have before them."""
    state = request.app.state
    attempt = Attempt.new()
    role = request.query_params.get("as", "")
    more = {"role": role, "prompt": "login"} if role in STAFF else {}
    try:
        address = await state.provider.authorization(attempt, **more)
    except ProviderAway:
        return render(request, "away.html", 503, page=None, service="identity")
    then = request.query_params.get("then", "/")
    secret = state.sessions.begin({"attempt": asdict(attempt), "then": then})
    answer = RedirectResponse(address, 303)
    _set(answer, state.settings, f"{cookie_name(state.settings)}-login", secret)
    return answer


async def come_back(request: Request) -> Response:
    """Take the code, and begin the session under a secret that nobody saw before."""
    state = request.app.state
    name = cookie_name(state.settings)
    secret = request.cookies.get(f"{name}-login", "")
    under_way = state.sessions.read(secret) if secret else None
    state.sessions.end(secret)
    told = request.query_params
    if not under_way or "attempt" not in under_way:
        return render(request, "not_logged_in.html", 400, page=None, why="")
    attempt = Attempt(**under_way["attempt"])
    issuer = state.settings.issuer.rstrip("/")
    if told.get("state") != attempt.state or told.get("iss", issuer).rstrip("/") != issuer:
        return render(request, "not_logged_in.html", 400, page=None, why="")
    if "code" not in told:
        why = told.get("error_description") or told.get("error") or ""
        return render(request, "not_logged_in.html", 403, page=None, why=why)
    try:
        content = await state.provider.redeemed(told["code"], attempt)
    except ProviderAway:
        return render(request, "away.html", 503, page=None, service="identity")
    except NotLoggedIn as error:
        return render(request, "not_logged_in.html", 403, page=None, why=str(error))
    former = request.cookies.get(name, "")
    state.sessions.end(former)
    then = under_way["then"]
    ours = then.startswith("/") and not then.startswith("//") and "\\" not in then
    answer = RedirectResponse(then if ours else "/", 303)
    _set(answer, state.settings, name, state.sessions.begin(content))
    answer.delete_cookie(f"{name}-login", path="/", secure=state.settings.secure, httponly=True)
    return answer


async def log_out(request: Request) -> Response:
    """End the session here, then at the identity provider, which sends the browser back."""
    state = request.app.state
    try:
        page = open_page(request)
    except LoggedOut:
        return RedirectResponse("/", 303)
    if await read_form(page) is None:
        return render(request, "stale_form.html", 403, page=page)
    state.sessions.end(page.secret)
    try:
        address = await state.provider.farewell(page.session["id_token"])
    except ProviderAway:
        address = "/"
    answer = RedirectResponse(address, 303, headers={"Clear-Site-Data": '"cache"'})
    name = cookie_name(state.settings)
    answer.delete_cookie(name, path="/", secure=state.settings.secure, httponly=True)
    return answer


def _set(answer: Response, settings: Settings, name: str, secret: str) -> None:
    answer.set_cookie(name, secret, path="/", httponly=True, samesite="lax", secure=settings.secure)
