"""The log channel: for clients who want no messages sent, and for trying things out."""

import structlog

from services.notifications.delivery.channels.base import Message

log = structlog.get_logger()


class LogChannel:
    """Writes one line a message: its id and its kind, nothing of the client."""

    async def send(self, message: Message) -> None:
        log.info("message_logged", notification_id=str(message.id), kind=message.kind)

    async def close(self) -> None:
        return None
