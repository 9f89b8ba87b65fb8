"""A provider of text messages and calls that delivers nothing: it keeps them, for people to read.

It speaks the HTTP API of Twilio as far as Stepwell uses it: messages and calls are made and looked
up, every new state is reported to the address that came with the message, and what somebody writes
back goes to the address of the replies, all signed as Twilio signs.
"""

import asyncio
import base64
import hashlib
import hmac
import html
import itertools
import secrets
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime
from email.utils import format_datetime
from typing import Any
from urllib.parse import parse_qsl

import httpx
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse, Response
from starlette.routing import Route

from stepwell.runtime.mail import MailFolder

SHOWN = 200
"""The newest messages that the page shows."""
KEPT = 200_000
STATES = {"sms": ("sent", "delivered"), "voice": ("completed",)}
Fault = Callable[[dict[str, str]], Awaitable[Response | None]]
STYLE = (
    "body{font:16px/1.5 system-ui,sans-serif;max-width:50rem;margin:2rem auto;padding:0 1rem}"
    "article{border-top:1px solid #999;padding:.5rem 0;white-space:pre-wrap}"
)


def signature(token: str, url: str, form: dict[str, str]) -> str:
    """X-Twilio-Signature of a call."""
    signed = url + "".join(f"{name}{form[name]}" for name in sorted(form))
    made = hmac.new(token.encode(), signed.encode(), hashlib.sha1).digest()
    return base64.b64encode(made).decode("ascii")


@dataclass
class TextProvider:
    """One account with all its messages. `before` and `after` let tests answer otherwise, before a
    message is taken or when it is."""

    account: str
    token: str = field(repr=False)
    now: Callable[[], datetime]
    replies_to: str | None = None
    """Where replies go: the address that an operator of Twilio enters for a number."""
    mail: MailFolder | None = None
    reports: bool = True
    before: Fault | None = None
    after: Fault | None = None
    taken: list[dict[str, Any]] = field(default_factory=list)
    answers: list[tuple[str, str]] = field(default_factory=list)
    """What was answered to replies: number and text."""

    def __post_init__(self) -> None:
        self._numbers = itertools.count(1)
        self._reporting: set[asyncio.Task[None]] = set()
        self._http: httpx.AsyncClient | None = None

    def application(self) -> Starlette:
        """The API, and the pages for people."""
        base = "/2010-04-01/Accounts/{account}"
        return Starlette(
            routes=[
                Route(f"{base}/Messages.json", self._make, methods=["POST"]),
                Route(f"{base}/Calls.json", self._make, methods=["POST"]),
                Route(f"{base}/Messages.json", self._list),
                Route(f"{base}/Calls.json", self._list),
                Route("/", self._page),
                Route("/mail", self._mail_page),
                Route("/replies", self._reply_form, methods=["POST"]),
            ]
        )

    def bodies(self) -> list[str]:
        """Texts of what was taken, in order."""
        return [one["body"] for one in self.taken]

    async def close(self) -> None:
        """End reports under way."""
        for task in list(self._reporting):
            task.cancel()
        if self._http is not None:
            await self._http.aclose()

    async def reported(self) -> None:
        """Wait until all reports were told."""
        while self._reporting:
            await asyncio.gather(*self._reporting, return_exceptions=True)

    async def _make(self, request: Request) -> Response:
        if (refusal := self._stranger(request)) is not None:
            return refusal
        form = dict(parse_qsl((await request.body()).decode(), keep_blank_values=True))
        if self.before is not None and (answer := await self.before(form)) is not None:
            return answer
        what = "voice" if request.url.path.endswith("Calls.json") else "sms"
        if not form.get("To", "").startswith("+") or not form.get(
            "Body" if what == "sms" else "Twiml"
        ):
            problem = {"code": 21211, "message": "Invalid 'To' Phone Number", "status": 400}
            return JSONResponse(problem, 400)
        made = {
            "sid": ("SM" if what == "sms" else "CA") + f"{next(self._numbers):032x}",
            "to": form["To"],
            "from": form.get("From") or form.get("MessagingServiceSid", ""),
            "body": form.get("Body") or form.get("Twiml", ""),
            "status": "queued",
            "date_created": format_datetime(self.now()),
            "what": what,
            "key": request.headers.get("idempotency-key"),
        }
        self.taken.append(made)
        del self.taken[:-KEPT]
        if self.reports and form.get("StatusCallback"):
            for state in STATES[what]:
                self.tell(form["StatusCallback"], made, state)
        if self.after is not None and (answer := await self.after(form)) is not None:
            return answer
        return JSONResponse(made, 201)

    def tell(self, url: str, made: dict[str, Any], state: str, code: int | None = None) -> None:
        """Report a state of a message, in a while."""
        task = asyncio.create_task(self._report(url, made, state, code))
        self._reporting.add(task)
        task.add_done_callback(self._reporting.discard)

    async def _report(self, url: str, made: dict[str, Any], state: str, code: int | None) -> None:
        name = "Message" if made["what"] == "sms" else "Call"
        form = {f"{name}Sid": made["sid"], f"{name}Status": state, "AccountSid": self.account}
        if code is not None:
            form["ErrorCode"] = str(code)
        made["status"] = state
        await self.post(url, form)

    async def post(self, url: str, form: dict[str, str]) -> httpx.Response | None:
        """Call a webhook, signed; None when it does not answer."""
        self._http = self._http or httpx.AsyncClient(timeout=10, trust_env=False)
        headers = {"X-Twilio-Signature": signature(self.token, url, form)}
        try:
            return await self._http.post(url, data=form, headers=headers)
        except httpx.HTTPError:
            return None

    async def reply(self, sender: str, text: str, **more: str) -> str | None:
        """Somebody writes back; the text that is answered, if any."""
        form = {"MessageSid": f"SM{secrets.token_hex(16)}", "From": sender, "Body": text, **more}
        answer = await self.post(self.replies_to or "", form)
        if answer is None or not answer.is_success:
            return None
        told = html.unescape(answer.text.partition("<Message>")[2].partition("</Message>")[0])
        if told:
            self.answers.append((sender, told))
        return told or None

    async def _list(self, request: Request) -> Response:
        if (refusal := self._stranger(request)) is not None:
            return refusal
        what = "voice" if request.url.path.endswith("Calls.json") else "sms"
        asked = request.query_params
        found = [
            one
            for one in reversed(self.taken)
            if one["what"] == what
            and one["to"] == asked.get("To", one["to"])
            and one["from"] == asked.get("From", one["from"])
        ]
        return JSONResponse({"messages" if what == "sms" else "calls": found[:100]})

    def _stranger(self, request: Request) -> Response | None:
        scheme, _, told = request.headers.get("authorization", "").partition(" ")
        expected = base64.b64encode(f"{self.account}:{self.token}".encode()).decode()
        if scheme.lower() == "basic" and secrets.compare_digest(told, expected):
            return None
        return JSONResponse({"code": 20003, "message": "Authenticate", "status": 401}, 401)

    async def _page(self, request: Request) -> Response:
        parts = [
            f"<article><b>{html.escape(one['what'])} to {html.escape(one['to'])}</b>, "
            f"{html.escape(one['status'])}\n{html.escape(one['body'])}"
            f'<form method="post" action="/replies"><input type="hidden" name="from" '
            f'value="{html.escape(one["to"])}"><label>Reply <input name="text"></label> '
            "<button>Send</button></form></article>"
            for one in reversed(self.taken[-SHOWN:])
        ]
        told = [f"<p>Answered to {html.escape(to)}: {html.escape(t)}</p>" for to, t in self.answers]
        return _shown("Text messages and calls", [*reversed(told[-10:]), *parts])

    async def _mail_page(self, request: Request) -> Response:
        mails = [] if self.mail is None else self.mail.newest(SHOWN)
        parts = [
            f"<article><b>{html.escape(str(one['Subject']))}</b> to {html.escape(str(one['To']))}\n"
            f"{html.escape(one.get_content())}</article>"
            for one in reversed(mails)
        ]
        return _shown("Mail", parts)

    async def _reply_form(self, request: Request) -> Response:
        form = dict(parse_qsl((await request.body()).decode()))
        if self.replies_to and form.get("from") and form.get("text"):
            await self.reply(form["from"], form["text"])
        return RedirectResponse("/", 303)


def _shown(title: str, parts: list[str]) -> Response:
    page = (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{title}</title>'
        f'<style>{STYLE}</style></head><body><nav><a href="/">Text messages and calls</a> · '
        f'<a href="/mail">Mail</a></nav><h1>{title}</h1>{"".join(parts) or "<p>None yet.</p>"}'
        "</body></html>"
    )
    policy = "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'"
    return HTMLResponse(page, headers={"Content-Security-Policy": policy})
