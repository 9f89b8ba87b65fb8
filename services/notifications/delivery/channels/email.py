"""E-mail over SMTP, on a few connections that are kept open and used again.

The Message-ID is made from the notification's id alone: should a message go out twice because the
sender died between the server's answer and its own commit, the receiving side can tell.
"""

import asyncio
from email.message import EmailMessage
from email.policy import SMTP as SMTP_POLICY
from email.utils import format_datetime, parseaddr

import aiosmtplib

from services.notifications.delivery.channels.base import (
    ChannelRefused,
    ChannelUnavailable,
    Message,
)
from services.notifications.delivery.texts import revealing, texts

CONNECTIONS = 4
TIMEOUT_SECONDS = 10.0


class SenderRevealing(ValueError):
    """The configured sender contains a word that could tell that its recipient is treated."""


def checked_sender(sender: str) -> str:
    """`sender` itself, if it is one neutral address.

    Raises:
        SenderRevealing: naming the words that must not be in a sender's name or domain.
    """
    if words := revealing(sender, texts().never):
        raise SenderRevealing(f"SMTP_FROM must not contain {', '.join(words)}.")
    if "@" not in parseaddr(sender)[1]:
        raise SenderRevealing("SMTP_FROM is not an e-mail address.")
    return sender


def email_of(message: Message, sender: str) -> EmailMessage:
    """The e-mail for `message`, to its one address: the same each time it is made.

    Raises:
        ChannelRefused: when the address cannot stand in a header, or is not exactly one.
    """
    domain = parseaddr(sender)[1].rpartition("@")[2]
    mail = EmailMessage(policy=SMTP_POLICY)
    mail["To"] = recipient_of(message.address or "")
    mail["From"] = sender
    mail["Subject"] = message.subject
    mail["Date"] = format_datetime(message.written_at)
    mail["Message-ID"] = f"<{message.id}@{domain}>"
    mail["Auto-Submitted"] = "auto-generated"
    mail.set_content(message.body, cte="7bit")
    return mail


def recipient_of(address: str) -> str:
    """The bare address in `address`, without a name.

    Raises:
        ChannelRefused: when it is not exactly one address.
    """
    header = EmailMessage(policy=SMTP_POLICY)
    try:
        header["To"] = address
        (recipient,) = header["To"].addresses
    except Exception:  # the standard library's parser trips in many ways over what is no address
        raise ChannelRefused("the address is malformed") from None
    if not recipient.username or not recipient.domain:
        raise ChannelRefused("the address is malformed")
    return str(recipient.addr_spec)


def concerns_all(error: Exception) -> bool:
    """Whether no other message would fare better: the server is silent or will not have us."""
    if isinstance(error, aiosmtplib.SMTPSenderRefused):
        return error.code >= 500
    return isinstance(error, aiosmtplib.SMTPTimeoutError)


class EmailChannel:
    """Sends over at most `CONNECTIONS` connections at once.

    Once the server was unavailable for all messages, it is not bothered again by this channel; a
    later run of the dispatch opens a new one.
    """

    def __init__(self, host: str, port: int, sender: str) -> None:
        self.host = host
        self.port = port
        self.sender = checked_sender(sender)
        self._idle: list[aiosmtplib.SMTP] = []
        self._free = asyncio.Semaphore(CONNECTIONS)
        self._outage: str | None = None

    async def send(self, message: Message) -> None:
        mail = email_of(message, self.sender)
        async with self._free:
            if self._outage is not None:
                raise ChannelUnavailable(self._outage)
            connection = await self._connection()
            try:
                await connection.send_message(mail)
            except aiosmtplib.SMTPRecipientsRefused as error:
                self._idle.append(connection)
                if all(each.code >= 500 for each in error.recipients):
                    raise ChannelRefused("the server refused the recipient") from None
                raise ChannelUnavailable("the server refused the recipient for now") from None
            except aiosmtplib.SMTPDataError as error:
                self._idle.append(connection)
                if error.code >= 500:
                    raise ChannelRefused(f"the server answered {error.code}") from None
                raise ChannelUnavailable(f"the server answered {error.code}") from None
            except aiosmtplib.SMTPNotSupported:
                self._idle.append(connection)
                raise ChannelRefused("the server cannot take such an address") from None
            except ValueError:
                connection.close()
                raise ChannelRefused("the address cannot be written") from None
            except (aiosmtplib.SMTPException, OSError) as error:
                connection.close()
                reason = type(error).__name__
                if concerns_all(error):
                    self._outage = reason
                raise ChannelUnavailable(reason) from None
            except BaseException:
                connection.close()
                raise
            self._idle.append(connection)

    async def _connection(self) -> aiosmtplib.SMTP:
        """An open connection: one that was used before, or a new one."""
        while self._idle:
            used = self._idle.pop()
            if used.is_connected:
                return used
        fresh = aiosmtplib.SMTP(
            hostname=self.host,
            port=self.port,
            timeout=TIMEOUT_SECONDS,
            local_hostname=parseaddr(self.sender)[1].rpartition("@")[2],
        )
        try:
            await fresh.connect()
        except (aiosmtplib.SMTPException, OSError) as error:
            fresh.close()
            self._outage = type(error).__name__
            raise ChannelUnavailable(self._outage) from None
        return fresh

    async def close(self) -> None:
        while self._idle:
            connection = self._idle.pop()
            try:
                await connection.quit()
            except (aiosmtplib.SMTPException, OSError):
                connection.close()
