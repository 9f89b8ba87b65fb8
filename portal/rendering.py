"""Templates become pages."""

import hashlib
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import quote

from fastapi import Request
from fastapi.responses import HTMLResponse
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from portal.api import may
from portal.page import Page
from portal.words import LANGUAGES, Words, preferred

FOLDER = Path(__file__).parent
NAVIGATION = (
    ("/board", "Region", "outcomes.show_board"),
    ("/today", "Today", "scheduling.show_day"),
    ("/referrals", "Referrals", "intake.list_referrals"),
    ("/clients", "Clients", "intake.list_clients"),
    ("/waitlist", "Waitlist", "scheduling.list_waiting_clients"),
    ("/flags", "Risk flags", "intake.list_risk_flags"),
    ("/risks", "Risks", "outcomes.list_risks"),
    ("/tasks", "Tasks", "notifications.list_staff_tasks"),
    ("/week", "Week", "scheduling.show_week"),
    ("/messages", "Messages", "notifications.list_notifications"),
    ("/program-measures", "Measures", "outcomes.list_program_measures"),
    ("/extracts", "Extracts", "outcomes.list_extracts"),
    ("/flow", "Event flow", "intake.get_flow"),
    ("/audit", "Audit", "intake.list_accesses"),
)
"""The screens, each with the operation that it cannot do without."""


class Templates(Environment):
    """Here `one.keys` is what an answer holds under that name, before any method of its own."""

    def getattr(self, obj: Any, attribute: str) -> Any:
        if isinstance(obj, dict) and attribute in obj:
            return obj[attribute]
        return super().getattr(obj, attribute)


ENVIRONMENT = Templates(
    loader=FileSystemLoader(FOLDER / "templates"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)
ENVIRONMENT.filters["path"] = lambda text: quote(str(text), safe="")


def render(
    request: Request, template: str, status: int, *, page: Page | None, **context: Any
) -> HTMLResponse:
    """A page. `page` is None where nobody is logged in, or it does not matter who is."""
    words = page.words if page else Words(language_of(request))
    shown = ENVIRONMENT.get_template(template).render(
        page=page,
        words=words,
        _=words.text,
        code=words.code,
        languages=LANGUAGES,
        here=request.url.path + (f"?{request.url.query}" if request.url.query else ""),
        navigation=[n for n in NAVIGATION if page and may(page.role, n[2])],
        static=static,
        **{"flash": None, **context},
    )
    return HTMLResponse(shown, status)


def language_of(request: Request) -> str:
    """The language that somebody chose, else the one that their browser asks for."""
    chosen = request.cookies.get("language", "")
    return chosen if chosen in LANGUAGES else preferred(request.headers.get("accept-language", ""))


@cache
def static(name: str) -> str:
    """The address of a file, which changes with its content."""
    content = (FOLDER / "static" / name).read_bytes()
    return f"/static/{name}?{hashlib.sha256(content).hexdigest()[:12]}"
