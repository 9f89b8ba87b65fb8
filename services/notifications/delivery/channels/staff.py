"""Ways to staff: webhooks signed as Standard Webhooks say, and chat tools by Apprise.

A message goes to one target a call: of several Apprise only says that one of them failed. The text
is never split.
"""

import asyncio
from collections.abc import Mapping
from datetime import UTC

import apprise
import httpx
import orjson
from standardwebhooks import Webhook

from services.notifications.delivery.channels.base import (
    Channel,
    ChannelRefused,
    ChannelUnavailable,
    Message,
    Receipt,
)
from services.notifications.delivery.channels.guards import asked_pause
from services.notifications.delivery.channels.providers import STAFF_ADDRESS, Hook
from shared.authorities import trusted

TIMEOUT_SECONDS = 10.0
TYPE = "org.stepwell.staff_alert"


def _named(message: Message) -> str:
    """The name in `webhook:name` or `chat:name`."""
    found = STAFF_ADDRESS.fullmatch(message.address or "")
    return found[2] if found else ""


class WebhookChannel(Channel):
    """Posts to the webhook that the address names; `webhook-id` is the message's id, by which the
    receiver knows a repetition."""

    at_once = 4

    def __init__(self, hooks: Mapping[str, Hook]) -> None:
        self._hooks = hooks
        self._http = httpx.AsyncClient(verify=trusted(), timeout=TIMEOUT_SECONDS, trust_env=False)

    async def send(self, message: Message) -> Receipt:
        hook = self._hooks.get(_named(message))
        if hook is None:
            raise ChannelRefused("there is no webhook of this name")
        at = message.written_at.astimezone(UTC)
        about = {"id": str(message.id), "subject": message.subject, "text": message.body}
        payload = orjson.dumps({"type": TYPE, "timestamp": at.isoformat(), "data": about}).decode()
        try:
            answer = await self._http.post(
                hook.url,
                content=payload,
                headers={
                    "Content-Type": "application/json",
                    "webhook-id": str(message.id),
                    "webhook-timestamp": str(int(at.timestamp())),
                    "webhook-signature": Webhook(hook.secret).sign(str(message.id), at, payload),
                },
            )
        except httpx.HTTPError as error:
            raise ChannelUnavailable(type(error).__name__) from None
        if answer.is_success:
            return Receipt()
        reason = f"the webhook answered {answer.status_code}"
        if answer.status_code == 410:
            raise ChannelRefused(reason)
        raise ChannelUnavailable(reason, asked_pause(answer.headers))

    async def close(self) -> None:
        await self._http.aclose()


class ChatChannel(Channel):
    """Writes to the chat tool that the address names."""

    at_once = 4

    def __init__(self, chats: Mapping[str, str]) -> None:
        self._chats = chats

    async def send(self, message: Message) -> Receipt:
        target = apprise.Apprise()
        # The first one loads more than a hundred modules: others go on meanwhile.
        if not await asyncio.to_thread(target.add, self._chats.get(_named(message), "")):
            raise ChannelRefused("there is no chat of this name")
        try:
            async with asyncio.timeout(TIMEOUT_SECONDS):
                done = await target.async_notify(title=message.subject, body=message.body)
        except TimeoutError:
            raise ChannelUnavailable("the chat tool does not answer") from None
        if not done:
            raise ChannelUnavailable("the chat tool did not take it")
        return Receipt()
