"""Text messages and calls by the HTTP API of Twilio, which others speak too.

The API takes no idempotency key that its maker promises to honour. So a message without an answer
is looked up by recipient, sender, text and time before it is handed over again; the key is sent all
the same, for providers that know it.
"""

import asyncio
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from functools import cached_property
from typing import Any, Literal
from urllib.parse import urlencode
from xml.sax.saxutils import escape

import aiohttp
import orjson

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
from shared.authorities import trusted

LONGEST_WAIT = 2.0
"""Seconds that a message waits for its turn at a provider; beyond it is postponed."""
SKEW = timedelta(seconds=5)
"""How far clocks may be apart when a message is looked up."""
NOT_TAKEN = (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError, aiohttp.InvalidURL)
"""Nothing left the house yet."""
NO_ANSWER = (aiohttp.ClientError, TimeoutError)
FORM = "application/x-www-form-urlencoded"
VOICES = {"en": "en-US", "es": "es-US"}


@dataclass(frozen=True, slots=True)
class Answer:
    """What a provider answered."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def told(self) -> Any:
        """Its JSON; ValueError where it is none."""
        return orjson.loads(self.body)


@dataclass(frozen=True, slots=True)
class Line:
    """An account as it is called."""

    url: str
    authorization: str = field(repr=False)
    timeout: aiohttp.ClientTimeout

    @classmethod
    def of(cls, account: Account, what: str) -> "Line":
        """The account's address for messages or calls."""
        kind = "Messages" if what == "sms" else "Calls"
        seconds = account.timeout_seconds
        path = f"/2010-04-01/Accounts/{account.account}/{kind}.json"
        return cls(
            account.base_url.rstrip("/") + path,
            aiohttp.encode_basic_auth(account.account, account.token),
            aiohttp.ClientTimeout(2 * seconds, sock_connect=seconds, sock_read=seconds),
        )


class TwilioChannel(Channel):
    """Takes the first account that is in order; where one does not take a message, the next."""

    at_once = 50

    def __init__(
        self, what: Literal["sms", "voice"], accounts: Sequence[Account], public_url: str
    ) -> None:
        self.what = what
        self._accounts = accounts
        self._public_url = public_url.rstrip("/")
        self._lines = {account.name: Line.of(account, what) for account in accounts}

    @cached_property
    def _http(self) -> aiohttp.ClientSession:
        """Keeps its connections for the messages to come; made where there is a loop."""
        return aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=0, ssl=trusted()),
            cookie_jar=aiohttp.DummyCookieJar(),
        )

    async def _ask(
        self, account: Account, method: str, headers: Mapping[str, str], **given: Any
    ) -> Answer:
        line = self._lines[account.name]
        async with self._http.request(
            method,
            line.url,
            headers={"Authorization": line.authorization, **headers},
            timeout=line.timeout,
            allow_redirects=False,
            **given,
        ) as answer:
            return Answer(answer.status, answer.headers, await answer.read())

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
            form = urlencode(self._form(account, message)).encode()
            headers = {"Idempotency-Key": str(message.id), "Content-Type": FORM}
            answer = await self._ask(account, "POST", headers, data=form)
        except NOT_TAKEN as error:
            guards.breaker.note(time.monotonic(), failed=True)
            raise ChannelUnavailable(type(error).__name__) from None
        except NO_ANSWER as error:
            guards.breaker.note(time.monotonic(), failed=True)
            raise ChannelUncertain(type(error).__name__) from None
        guards.breaker.note(time.monotonic(), failed=answer.status >= 500)
        if answer.status < 300:
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
        return {**form, sender: account.sender, "Body": message.body}

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
            answer = await self._ask(account, "GET", {}, params=wanted)
            listed = answer.told
        except (*NO_ANSWER, ValueError) as error:
            raise ChannelUnavailable(f"no answer to a look-up: {type(error).__name__}") from None
        if answer.status >= 300:
            raise ChannelUnavailable(f"a look-up was answered {answer.status}")
        key = "messages" if self.what == "sms" else "calls"
        for one in listed.get(key, ()):
            made = _instant(one.get("date_created"))
            same = self.what == "voice" or one.get("body") == message.body
            if made is not None and made >= message.written_at - SKEW and same:
                return Receipt(account.name, str(one["sid"]), reported=True)
        return None

    async def close(self) -> None:
        if "_http" in self.__dict__:
            await self._http.close()


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


def _refusal(answer: Answer) -> ChannelRefused | ChannelUnavailable:
    """What an answer says that is no success."""
    status, code = answer.status, _code(answer)
    reason = f"the provider answered {status}" + (f", {code}" if code else "")
    meaning = meaning_of(code)
    if status in (429, 503):
        return ChannelUnavailable(reason, asked_pause(answer.headers))
    if status >= 500:
        return ChannelUncertain(reason)
    if status in (401, 403, 404, 408) or meaning == "later":  # our account, not the message
        return ChannelUnavailable(reason)
    return ChannelRefused(reason, None if meaning == "refused" else meaning)


def _code(answer: Answer) -> int | None:
    try:
        return int(answer.told["code"])
    except (ValueError, KeyError, TypeError):
        return None


def _sid(answer: Answer) -> str:
    """How the provider names the message.

    Raises:
        ChannelUncertain: it took it, and did not say.
    """
    try:
        return str(answer.told["sid"])
    except (ValueError, KeyError, TypeError):
        raise ChannelUncertain("the provider's answer has no sid") from None


def _number(address: str | None) -> str:
    return (address or "").removeprefix("voice:")


def _instant(told: Any) -> datetime | None:
    try:
        return parsedate_to_datetime(str(told)).astimezone(UTC)
    except ValueError:
        return None
