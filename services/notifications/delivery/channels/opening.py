"""Opening the channels for as long as there is something to send."""

import contextlib
from collections.abc import AsyncIterator, Mapping

from services.notifications.delivery.channels.base import Channel
from services.notifications.delivery.channels.email import EmailChannel, MailServer
from services.notifications.delivery.channels.log import LogChannel
from services.notifications.delivery.channels.providers import providers_of
from services.notifications.delivery.channels.staff import ChatChannel, WebhookChannel
from services.notifications.delivery.channels.twilio import TwilioChannel
from services.notifications.delivery.vocabulary import ChannelName
from shared.settings import Settings

Channels = Mapping[ChannelName, Channel]


@contextlib.asynccontextmanager
async def open_channels(settings: Settings) -> AsyncIterator[Channels]:
    """Every channel that there is, by its name. Connections are made when the first message needs
    one.

    Raises:
        SenderRevealing: when the configured sender could tell that its recipient is treated.
        OSError: when a file with secrets is gone.
        DataFileInvalid: when the file of the providers cannot be used.
    """
    known = providers_of(settings)
    channels: dict[ChannelName, Channel] = {
        "email": EmailChannel(MailServer.of(settings), known),
        "log": LogChannel(),
    }
    if known is not None:
        if known.sms:
            channels["sms"] = TwilioChannel("sms", known.sms, known.public_url)
        if known.voice:
            channels["voice"] = TwilioChannel("voice", known.voice, known.public_url)
        channels["webhook"] = WebhookChannel(known.webhooks)
        channels["chat"] = ChatChannel(known.chats)
    try:
        yield channels
    finally:
        for channel in channels.values():
            await channel.close()
