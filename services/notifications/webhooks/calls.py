"""A call of a webhook, checked before anything is believed of it."""

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from urllib.parse import parse_qsl

import structlog
from fastapi import Request
from prometheus_client import Counter
from standardwebhooks.webhooks import Webhook, WebhookVerificationError

from services.notifications.delivery.channels.providers import Account, Providers, providers_of
from services.notifications.webhooks.commands import MAIL
from services.notifications.webhooks.rules import is_signed
from shared.database import ALL_SITES, Database
from shared.errors import Forbidden, Invalid, NotFound, Refused

log = structlog.get_logger()

LONGEST = 16 * 1024
"""Bytes: a reply of 1,600 characters with all that providers tell beside it has far less."""
LARGEST_MAIL = 128 * 1024
MOST_VALUES = 200
WHY = "A provider has no token: it signs what it sends with the secret of our account."
FORM = "application/x-www-form-urlencoded"
refusals = Counter(
    "stepwell_webhooks_refused_total", "Calls of webhooks that were refused.", ["reason"]
)
REFUSED = """
INSERT INTO refused_webhooks AS r (day, provider, reason, calls, last_at)
VALUES (($1 AT TIME ZONE 'UTC')::date, $2, $3, 1, $1)
ON CONFLICT (day, provider, reason) DO UPDATE SET calls = r.calls + 1, last_at = excluded.last_at
"""
NAME = re.compile(r"[a-z][a-z0-9-]{0,30}")


class ForgedWebhook(Forbidden):
    """The signature is missing or not that of the provider's account."""


class UnknownProvider(NotFound):
    """There is no account of this name."""


class WebhookTooLarge(Refused):
    """No call of a provider is so large."""

    status = 413


class NoForm(Invalid):
    """The body is no form of a provider."""


@dataclass(frozen=True, slots=True)
class ProviderCall:
    """A call that comes from the provider: its form, of each name the last value."""

    account: Account
    form: dict[str, str]
    database: Database

    def value(self, name: str, pattern: str = r".{1,64}") -> str:
        """A value that has to be there.

        Raises:
            NoForm: naming it.
        """
        found = self.form.get(name, "")
        if re.fullmatch(pattern, found, re.DOTALL) is None:
            raise NoForm(f"{name} is missing or is not what a provider sends.", pointer=f"/{name}")
        return found


async def signed_call(request: Request, provider: str) -> ProviderCall:
    """The call, if its provider signed it.

    Raises:
        UnknownProvider, ForgedWebhook, WebhookTooLarge, NoForm: it is not believed.
    """
    database: Database = request.app.state.database
    async with refusals_counted(request, provider):
        return await _believed(request, provider, database)


async def signed_mail(request: Request) -> bytes:
    """A mail that came back, if whoever hands it on signed it as Standard Webhooks say.

    Raises:
        UnknownProvider, ForgedWebhook, WebhookTooLarge: it is not believed.
    """
    known = providers_of(request.app.state.settings)
    async with refusals_counted(request, MAIL):
        if known is None or known.bounces is None:
            raise UnknownProvider("No mail comes back to us: no return path is configured.")
        if len(body := await request.body()) > LARGEST_MAIL:
            raise WebhookTooLarge("The body is larger than what tells of a mail that came back.")
        try:
            Webhook(known.bounces.secret).verify(body, dict(request.headers), json_parse=False)
        except (WebhookVerificationError, ValueError):
            raise ForgedWebhook("webhook-signature is missing, too old, or not ours.") from None
        return body


@asynccontextmanager
async def refusals_counted(request: Request, provider: str) -> AsyncIterator[None]:
    """What is refused is counted by day, where an auditor can see it, and never kept."""
    try:
        yield
    except Refused as refused:
        known = providers_of(request.app.state.settings)
        ours = known and (known.account(provider) or (provider == MAIL and known.bounces))
        told = provider if ours else "unknown"
        refusals.labels(refused.slug()).inc()
        log.warning("webhook_refused", provider=told, reason=refused.slug())
        async with request.app.state.database.transaction(ALL_SITES) as tx:
            await tx.execute(REFUSED, tx.now, told, refused.slug())
        raise


async def _believed(request: Request, provider: str, database: Database) -> ProviderCall:
    known: Providers | None = providers_of(request.app.state.settings)
    account = known.account(provider) if known else None
    if known is None or account is None:
        raise UnknownProvider("There is no account of this name.")
    if len(body := await request.body()) > LONGEST:
        raise WebhookTooLarge("The body is larger than what any provider sends.")
    if not request.headers.get("content-type", "").lower().startswith(FORM):
        raise NoForm(f"Send a form: Content-Type: {FORM}.")
    try:
        form = parse_qsl(
            *(body.decode("utf-8"), True, False), max_num_fields=MOST_VALUES, encoding="utf-8"
        )
    except ValueError:
        raise NoForm("The form cannot be read.") from None
    url = known.public_url.rstrip("/") + request.url.path
    given = request.headers.get("x-twilio-signature", "")
    if not is_signed(given, account.token, url, form):
        raise ForgedWebhook("X-Twilio-Signature is missing, or not that of the provider's account.")
    return ProviderCall(account, dict(form), database)
