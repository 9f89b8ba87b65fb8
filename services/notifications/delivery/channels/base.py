"""What every channel promises, and how it says that a message did not go out."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol
from uuid import UUID


@dataclass(frozen=True, slots=True)
class Message:
    """A message that is ready to go out. Address and text stay out of its representation."""

    id: UUID
    kind: str
    address: str | None = field(repr=False)
    subject: str = field(repr=False)
    body: str = field(repr=False)
    written_at: datetime
    html: str | None = field(default=None, repr=False)
    """The body once more, for mail that shows pages."""


class ChannelRefused(Exception):
    """The channel will never take this message. The message says why, without the address."""


class ChannelUnavailable(Exception):
    """The channel cannot take the message now. The message says why, without the address."""


class ChannelBusy(Exception):
    """The channel can take this message only when it is done with another one."""


class Channel(Protocol):
    """A way to the recipient. May be used for several messages at once."""

    async def send(self, message: Message) -> None:
        """Hand `message` over; returning means that the other side has taken charge of it.

        Raises:
            ChannelBusy: nothing was handed over; it can be once another `send` has ended.
            ChannelRefused: it will never be taken.
            ChannelUnavailable: it may be taken later; it may also have been taken already, which
                the other side recognises by the message's id.
        """
        ...

    async def close(self) -> None:
        """Let go of what the channel holds open."""
        ...
