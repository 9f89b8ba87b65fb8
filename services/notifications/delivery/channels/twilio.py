"""Text messages and calls by the HTTP API of Twilio, which others speak too.

The API takes no idempotency key that its maker promises to honour. So a message without an answer
is looked up by recipient, sender, text and time before it is handed over again; the key is sent all
the same, for providers that know it.
"""

import asyncio
import contextlib
import importlib.util
import sys
import time
from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any, Literal
from xml.sax.saxutils import escape

import httpx

from services.notifications.delivery.channels.base import (
    Channel,
    ChannelRefused,
    ChannelUnavailable,
    ChannelUncertain,
    Message,
    Receipt,
)
from services.notifications.delivery.channels.guards import Guards, asked_pause, guards_of
from services.notifications.delivery.channels.providers import Account
from services.notifications.delivery.policy import meaning_of

LONGEST_WAIT = 2.0
"""Seconds that a message waits for its turn at a provider; beyond it is postponed."""
SKEW = timedelta(seconds=5)
"""How far clocks may be apart when a message is looked up."""
NOT_TAKEN = (
    httpx.ConnectError,
    httpx.ConnectTimeout,
    httpx.PoolTimeout,
    httpx.UnsupportedProtocol,
)
"""Nothing left the house yet."""
if importlib.util.find_spec("sniffio") is None:
    # httpcore 1.0 looks for it on the disk four times a request: a fifth of the request's time.
    sys.modules.setdefault("sniffio", None)  # type: ignore[arg-type]  # a documented value
PLAIN = {0x00A0: " ", 0x2009: " ", 0x202F: " ", 0x2013: "-"}
"""Blanks and dashes of formatted times that would make a text message one of 70 letters each."""
VOICES = {"en": "en-US", "es": "es-US"}


class TwilioChannel(Channel):
    """Takes the first account that is in order; where one does not take a message, the next."""

    at_once = 50

    def __init__(
        self, what: Literal["sms", "voice"], accounts: Sequence[Account], public_url: str
    ) -> None:
        self.what = what
        self._accounts = accounts
        self._public_url = public_url.rstrip("/")
        self._idle: list[httpx.AsyncClient] = []
        self._trusted = httpx.create_ssl_context()

    async def send(self, message: Message) -> Receipt:
        failure = ChannelUnavailable("no provider is in order")
        for account in self._accounts:
            guards = guards_of(account.name, account.sender, account.per_second)
            try:
                if not guards.breaker.allows(time.monotonic()):
                    continue
                await _turn(guards)
                return await self._post(account, guards, message)
            except ChannelUncertain:
                raise
            except ChannelUnavailable as error:
                failure = error
        raise failure

    async def _post(self, account: Account, guards: Guards, message: Message) -> Receipt:
        try:
            async with self._client() as http:
                answer = await http.post(
                    self._address(account),
                    data=self._form(account, message),
                    headers={"Idempotency-Key": str(message.id)},
                    auth=(account.account, account.token),
                    timeout=account.timeout_seconds,
                )
        except NOT_TAKEN as error:
            guards.breaker.note(time.monotonic(), failed=True)
            raise ChannelUnavailable(type(error).__name__) from None
        except httpx.HTTPError as error:
            guards.breaker.note(time.monotonic(), failed=True)
            raise ChannelUncertain(type(error).__name__) from None
        guards.breaker.note(time.monotonic(), failed=answer.status_code >= 500)
        if answer.is_success:
            return Receipt(account.name, _sid(answer), reported=True)
        raise _refusal(answer)

    def _form(self, account: Account, message: Message) -> dict[str, str]:
        report = f"{self._public_url}/webhooks/{account.name}/reports/{message.id}"
        form = {"To": _number(message.address), "StatusCallback": report}
        if self.what == "voice":
            said = f'<Say language="{VOICES.get(message.language, "en-US")}">{escape(message.body)}'
            twiml = f'<Response><Pause length="1"/>{said}</Say></Response>'
            return {**form, "From": account.sender, "Twiml": twiml}
        sender = "MessagingServiceSid" if account.sender.startswith("MG") else "From"
        return {**form, sender: account.sender, "Body": message.body.translate(PLAIN)}

    async def find(self, message: Message) -> Receipt | None:
        for account in self._accounts:
            if (found := await self._find(account, message)) is not None:
                return found
        return None

    async def _find(self, account: Account, message: Message) -> Receipt | None:
        wanted = {"To": _number(message.address), "PageSize": "100"}
        if not account.sender.startswith("MG"):
            wanted["From"] = account.sender
        try:
            async with self._client() as http:
                answer = await http.get(
                    self._address(account),
                    params=wanted,
                    auth=(account.account, account.token),
                    timeout=account.timeout_seconds,
                )
            listed = answer.raise_for_status().json()
        except (httpx.HTTPError, ValueError) as error:
            raise ChannelUnavailable(f"no answer to a look-up: {type(error).__name__}") from None
        key = "messages" if self.what == "sms" else "calls"
        for one in listed.get(key, ()):
            made = _instant(one.get("date_created"))
            same = self.what == "voice" or one.get("body") == message.body.translate(PLAIN)
            if made is not None and made >= message.written_at - SKEW and same:
                return Receipt(account.name, str(one["sid"]), reported=True)
        return None

    def _address(self, account: Account) -> str:
        what = "Messages" if self.what == "sms" else "Calls"
        return f"{account.base_url.rstrip('/')}/2010-04-01/Accounts/{account.account}/{what}.json"

    @contextlib.asynccontextmanager
    async def _client(self) -> AsyncIterator[httpx.AsyncClient]:
        """A client for one request, kept with its connection for the next one.

        One client for all would look through all its connections for each request: with 64 of them
        that takes three times as long as the request itself (httpcore 1.0).
        """
        http = self._idle.pop() if self._idle else None
        http = http or httpx.AsyncClient(verify=self._trusted, trust_env=False)
        try:
            yield http
        finally:
            self._idle.append(http)

    async def close(self) -> None:
        while self._idle:
            await self._idle.pop().aclose()


async def _turn(guards: Guards) -> None:
    """Wait until the sender may be used again.

    Raises:
        ChannelUnavailable: that would take too long.
    """
    seconds = guards.bucket.wait(time.monotonic())
    if seconds > LONGEST_WAIT:
        guards.bucket.give_back()
        raise ChannelUnavailable("the rate of the sender is used up", timedelta(seconds=seconds))
    if seconds:
        await asyncio.sleep(seconds)


def _refusal(answer: httpx.Response) -> ChannelRefused | ChannelUnavailable:
    """What an answer says that is no success."""
    status, code = answer.status_code, _code(answer)
    reason = f"the provider answered {status}" + (f", {code}" if code else "")
    meaning = meaning_of(code)
    if status in (429, 503):
        return ChannelUnavailable(reason, asked_pause(answer.headers))
    if status >= 500:
        return ChannelUncertain(reason)
    if status in (401, 403, 404, 408) or meaning == "later":  # our account, not the message
        return ChannelUnavailable(reason)
    return ChannelRefused(reason, None if meaning == "refused" else meaning)


def _code(answer: httpx.Response) -> int | None:
    try:
        return int(answer.json()["code"])
    except (ValueError, KeyError, TypeError):
        return None


def _sid(answer: httpx.Response) -> str:
    """How the provider names the message.

    Raises:
        ChannelUncertain: it took it, and did not say.
    """
    try:
        return str(answer.json()["sid"])
    except (ValueError, KeyError, TypeError):
        raise ChannelUncertain("the provider's answer has no sid") from None


def _number(address: str | None) -> str:
    return (address or "").removeprefix("voice:")


def _instant(told: Any) -> datetime | None:
    try:
        return parsedate_to_datetime(str(told)).astimezone(UTC)
    except ValueError:
        return None
