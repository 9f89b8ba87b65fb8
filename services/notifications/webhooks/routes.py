"""Webhooks of the providers, and the one-click address of mail.

Providers are answered at once and told nothing: 204, or an answer to a reply. What comes again
changes nothing, so that a provider may repeat a call as often as it likes.
"""

from typing import Annotated
from uuid import UUID
from xml.sax.saxutils import escape

from fastapi import APIRouter, Path, Request, Response

from services.notifications.webhooks.bounces import bounce_of
from services.notifications.webhooks.calls import (
    WHY,
    refusals_counted,
    signed_call,
    signed_mail,
)
from services.notifications.webhooks.commands import (
    MAIL,
    STATUSES,
    Reply,
    note_bounce,
    note_report,
    take_reply,
    unsubscribe,
)
from services.notifications.webhooks.queries import list_refusals
from services.notifications.webhooks.schemas import WebhookRefusals
from shared.access import Role
from shared.access.allowed import Open
from shared.database import ALL_SITES
from shared.web import Allowed, Call, Router
from shared.web.limits import LimitedRoute
from shared.web.links import SECRET, LinkNotValid, digest
from shared.web.problems import refusals

router = APIRouter(tags=["Webhooks"], dependencies=[Open(WHY)])
BY_MAIL = "Whoever has the mail has the secret in its one-click address, and no token (RFC 8058)."
one_click = APIRouter(tags=["Webhooks"], dependencies=[Open(BY_MAIL)], route_class=LimitedRoute)
staff = Router(tags=["Webhooks"])
NOT_BELIEVED = refusals(
    {
        403: "The signature is missing or not that of the provider's account",
        404: "There is no account of this name",
        413: "No provider sends so much",
    }
)
Provider = Annotated[str, Path(min_length=1, max_length=40)]
SID = r"[A-Za-z0-9_-]{1,64}"
PAGE = """<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Messages</title>
<meta name="viewport" content="width=device-width"></head><body><main><h1>Messages by mail</h1>
<form method="post"><p><button name="List-Unsubscribe" value="One-Click">Get no more messages / No
recibir m&aacute;s mensajes</button></p></form></main></body></html>"""
DONE = """<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Messages</title></head>
<body><main><p>You get no more messages at this address. / Ya no recibe mensajes en esta
direcci&oacute;n.</p></main></body></html>"""
HEADERS = {
    "Content-Security-Policy": "default-src 'none'; form-action 'self'; base-uri 'none'; "
    "frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",
}


@router.post(
    "/webhooks/{provider}/reports/{notification_id}",
    operation_id="record_delivery_report",
    summary="Tell what became of a message",
    responses=NOT_BELIEVED,
    status_code=204,
    response_class=Response,
)
async def record_delivery_report(
    request: Request, provider: Provider, notification_id: UUID
) -> Response:
    """Called by the provider of text messages and calls for each new state of a message, signed by
    `X-Twilio-Signature`. Reports may come late, twice and in any order."""
    call = await signed_call(request, provider)
    what = "Call" if "CallSid" in call.form else "Message"
    told = STATUSES.get(call.value(f"{what}Status"))
    if told is not None:
        code = call.form.get("ErrorCode", "")
        async with call.database.transaction(ALL_SITES) as tx:
            await note_report(
                tx,
                notification_id,
                call.account.name,
                call.value(f"{what}Sid", SID),
                told,
                int(code) if code.isdecimal() and len(code) < 7 else None,
            )
    return Response(status_code=204)


@router.post(
    "/webhooks/mail/bounces",
    operation_id="record_bounce",
    summary="Hand on a mail that came back",
    responses=NOT_BELIEVED,
    status_code=204,
    response_class=Response,
)
async def record_bounce(request: Request) -> Response:
    """Called by the mail server of the return path with each mail that comes there, as it is,
    signed as Standard Webhooks say. A delivery status notification (RFC 3464) may come late and
    twice."""
    raw = await signed_mail(request)
    async with refusals_counted(request, MAIL):
        found = bounce_of(raw)
    if found is not None:
        async with request.app.state.database.transaction(ALL_SITES) as tx:
            await note_bounce(tx, found)
    return Response(status_code=204)


@router.post(
    "/webhooks/{provider}/replies",
    operation_id="receive_reply",
    summary="Take what somebody wrote back",
    responses=NOT_BELIEVED,
    response_class=Response,
)
async def receive_reply(request: Request, provider: Provider) -> Response:
    """Called by the provider for each text message to one of our numbers, signed by
    `X-Twilio-Signature`. A wish to hear nothing more is honoured at once and confirmed once."""
    call = await signed_call(request, provider)
    said = Reply(
        provider=call.account.name,
        provider_id=call.value("MessageSid", SID),
        channel="sms",
        sender=call.value("From"),
        text=call.form.get("Body", "").replace("\0", ""),
        answered="OptOutType" in call.form,
    )
    async with call.database.transaction(ALL_SITES) as tx:
        answer = await take_reply(tx, said)
    told = f"<Message>{escape(answer)}</Message>" if answer else ""
    twiml = f'<?xml version="1.0" encoding="UTF-8"?><Response>{told}</Response>'
    return Response(twiml, media_type="text/xml")


@staff.get("/webhook-refusals", summary="Show refused webhooks")
async def show_webhook_refusals(
    call: Annotated[
        Call,
        Allowed(Role.REGIONAL_OPERATIONS, Role.AUDITOR, Role.OPERATOR, everywhere=True),
    ],
) -> WebhookRefusals:
    """How many calls were refused on which day and why: forged, unreadable, too large."""
    return await call.show(list_refusals)


Secret = Annotated[str, Path(min_length=1, max_length=64)]


@one_click.get(
    "/unsubscribe/{secret}",
    operation_id="show_unsubscribing",
    summary="Show how to get no more messages",
    response_class=Response,
)
async def show_unsubscribing(secret: Secret) -> Response:
    """A page with one button: looking at an address, as link scanners do, changes nothing."""
    return Response(PAGE, media_type="text/html", headers=HEADERS)


@one_click.post(
    "/unsubscribe/{secret}",
    operation_id="record_unsubscribing",
    summary="Get no more messages at an address",
    responses=refusals({401: "No mail has this address, or it is long ago"}),
    response_class=Response,
)
async def record_unsubscribing(secret: Secret, request: Request) -> Response:
    """Called by the mailbox of a recipient, or from the page (RFC 8058)."""
    if not SECRET.fullmatch(secret):
        raise LinkNotValid
    async with request.app.state.database.transaction(ALL_SITES) as tx:
        await unsubscribe(tx, digest(secret))
    return Response(DONE, media_type="text/html", headers=HEADERS)
