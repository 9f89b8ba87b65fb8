"""What every channel promises, and how it says that a message did not go out."""

from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

from services.notifications.opt_outs.rules import Stopped


@dataclass(frozen=True, slots=True)
class Message:
    """A message that is ready to go out. Address and text stay out of its representation."""

    id: UUID
    kind: str
    address: str | None = field(repr=False)
    subject: str = field(repr=False)
    body: str = field(repr=False)
    written_at: datetime
    """Of one that may be out already, when the attempt began that is not known to have failed."""
    unsubscribe: str | None = field(default=None, repr=False)
    """The secret of its one-click address."""
    language: str = "en"
    html: str | None = field(default=None, repr=False)
    """The body once more, for mail that shows pages."""


@dataclass(frozen=True, slots=True)
class Receipt:
    """That the other side has taken charge of a message, and how it knows it."""

    provider: str | None = None
    provider_id: str | None = None
    reported: bool = False
    """Whether a report will say what became of it; else nothing more is heard."""


class ChannelRefused(Exception):
    """The channel will never take this message. The message says why, without the address."""

    def __init__(self, reason: str, stopped: Stopped | None = None) -> None:
        super().__init__(reason)
        self.stopped = stopped


class ChannelUnavailable(Exception):
    """The channel did not take the message, and may later. The message says why, without the
    address; `after` is how long the other side asks to be left alone."""

    def __init__(self, reason: str, after: timedelta | None = None) -> None:
        super().__init__(reason)
        self.after = after


class ChannelUncertain(ChannelUnavailable):
    """No answer came: the other side may have taken the message."""


class ChannelBusy(Exception):
    """The channel can take this message only when it is done with another one."""


class Unfindable(Exception):
    """The channel cannot say whether it took a message."""


class Channel(ABC):
    """A way to the recipient. May be used for several messages at once."""

    at_once = 1
    """How many messages one sender hands over together."""

    @abstractmethod
    async def send(self, message: Message) -> Receipt:
        """Hand `message` over; returning means that the other side has taken charge of it.

        Raises:
            ChannelBusy: nothing was handed over; it can be once another `send` has ended.
            ChannelRefused: it will never be taken.
            ChannelUnavailable: it may be taken later.
            ChannelUncertain: it may have been taken already.
        """

    async def find(self, message: Message) -> Receipt | None:
        """Ask whether a message was taken of which an earlier attempt got no answer.

        Raises:
            Unfindable: the other side cannot be asked.
            ChannelUnavailable: it does not answer now.
        """
        raise Unfindable

    async def close(self) -> None:
        """Let go of what the channel holds open."""
        return
