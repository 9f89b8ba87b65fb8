"""Opening the channels for as long as there is something to send."""

import contextlib
from collections.abc import AsyncIterator, Mapping

from services.notifications.delivery.channels.base import Channel
from services.notifications.delivery.channels.email import EmailChannel, MailServer
from services.notifications.delivery.channels.log import LogChannel
from services.notifications.delivery.vocabulary import ChannelName
from shared.settings import Settings

Channels = Mapping[ChannelName, Channel]


@contextlib.asynccontextmanager
async def open_channels(settings: Settings) -> AsyncIterator[Channels]:
    """Every channel by its name. Connections are made when the first message needs one.

    Raises:
        SenderRevealing: when the configured sender could tell that its recipient is treated.
        OSError: when the file with the password at the mail server is gone.
    """
    channels: Channels = {
        "email": EmailChannel(MailServer.of(settings)),
        "log": LogChannel(),
    }
    try:
        yield channels
    finally:
        for channel in channels.values():
            await channel.close()
