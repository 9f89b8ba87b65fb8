"""A real SMTP server for tests: keeps what it takes, and fails on request."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from email import message_from_bytes
from email.message import Message
from typing import Any

from aiosmtpd.smtp import SMTP


class Full(asyncio.Protocol):
    """A connection that the server has no room for."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        transport.write(b"421 too many connections\r\n")
        transport.close()


class Counted(SMTP):
    """A connection that counts as open until it is lost."""

    def connection_lost(self, error: Exception | None) -> None:
        self.event_handler.open -= 1
        super().connection_lost(error)


@dataclass
class Mailbox:
    """What the server took, in order. The answers to recipients and messages can be changed."""

    taken: list[Message] = field(default_factory=list)
    senders: list[str] = field(default_factory=list)
    """The return paths of what was taken."""
    connections: int = 0
    open: int = 0
    most_connections: int | None = None
    """Further ones are refused at their greeting."""
    recipient_answers: dict[str, str] = field(default_factory=dict)
    """By address; others are accepted."""
    message_answers: list[str] = field(default_factory=list)
    """Used up in order; then messages are accepted. `DROP` takes the message and hangs up."""
    on_data: Callable[[], Awaitable[None]] | None = None
    """Awaited after a message was read and before it is taken or refused."""
    on_taken: Callable[[], None] | None = None
    """Called after a message was taken and before the sender hears of it."""
    host: str = "127.0.0.1"
    port: int = 0

    @property
    def ids(self) -> list[str]:
        """Message-IDs of what was taken."""
        return [str(m["Message-ID"]) for m in self.taken]

    @property
    def bodies(self) -> list[str]:
        """Texts of what was taken."""
        return [body_of(m) for m in self.taken]

    async def handle_EHLO(
        self, server: Any, session: Any, envelope: Any, hostname: str, responses: list[str]
    ) -> list[str]:
        session.host_name = hostname
        self.connections += 1
        return responses

    async def handle_RCPT(
        self, server: Any, session: Any, envelope: Any, address: str, options: list[str]
    ) -> str:
        answer = self.recipient_answers.get(address, "250 OK")
        if answer.startswith("2"):
            envelope.rcpt_tos.append(address)
        return answer

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
        if self.on_data is not None:
            await self.on_data()
        answer = self.message_answers.pop(0) if self.message_answers else "250 OK"
        if answer.startswith("2") or answer == "DROP":
            self.taken.append(message_from_bytes(envelope.content))
            self.senders.append(envelope.mail_from)
            if self.on_taken is not None:
                self.on_taken()
        if answer == "DROP":
            server.transport.abort()
            return "421 gone"
        return answer

    @contextlib.asynccontextmanager
    async def listening(self) -> AsyncIterator["Mailbox"]:
        """Listen on `port`, or on a free one the first time."""
        loop = asyncio.get_running_loop()

        def connected() -> asyncio.Protocol:
            if self.most_connections is not None and self.open >= self.most_connections:
                return Full()
            self.open += 1
            return Counted(self, hostname="mail.test", loop=loop)

        server = await loop.create_server(connected, self.host, self.port)
        self.port = server.sockets[0].getsockname()[1]
        try:
            yield self
        finally:
            server.close()


def body_of(mail: Message) -> str:
    """The text of a mail, decoded."""
    plain = next(part for part in mail.walk() if part.get_content_type() == "text/plain")
    payload = plain.get_payload(decode=True)
    assert isinstance(payload, bytes)
    return payload.decode(plain.get_content_charset("ascii")).strip()
