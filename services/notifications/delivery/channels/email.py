"""E-mail over SMTP, on a few connections that are kept open and used again.

The Message-ID is made from the notification's id alone: should a message go out twice because the
sender died between the server's answer and its own commit, the receiving side can tell.

A message is written to bytes here, in seven bits and with its headers unfolded, and handed to the
server as it is: neither a server without 8BITMIME nor the library changes a letter, so a relay that
signs by DKIM signs what arrives. It has to sign `SIGNED`, as RFC 8058 asks.
"""

import ssl
from dataclasses import dataclass, field
from email.headerregistry import HeaderRegistry
from email.message import EmailMessage
from email.policy import SMTP as SMTP_POLICY
from email.utils import format_datetime, parseaddr
from functools import cache
from typing import Any, Literal

import aiosmtplib

from services.notifications.delivery.channels.base import (
    Channel,
    ChannelBusy,
    ChannelRefused,
    ChannelUnavailable,
    ChannelUncertain,
    Message,
    Receipt,
)
from services.notifications.delivery.channels.providers import Providers
from services.notifications.texts.policy import words
from shared.peers import Peer, refused_certificate
from shared.settings import Settings

SIGNED = (
    *("From", "To", "Subject", "Date", "Message-ID", "Auto-Submitted", "MIME-Version"),
    *("Content-Type", "Content-Transfer-Encoding", "List-Unsubscribe", "List-Unsubscribe-Post"),
)
"""The headers that a DKIM signature has to cover; RFC 8058 wants the last two among them."""
WIRE = SMTP_POLICY.clone(max_line_length=None)
"""Headers stay on one line: a folded List-Unsubscribe becomes an encoded word, which is no link."""
TIMEOUT_SECONDS = 10.0
QUIT_SECONDS = 1.0


class KnownHeaders(HeaderRegistry):
    """Makes the class of a kind of header once, not for each header of each mail."""

    __getitem__ = cache(HeaderRegistry.__getitem__)


HEADERS = SMTP_POLICY.clone(header_factory=KnownHeaders())


class SenderRevealing(ValueError):
    """The configured sender contains a word that could tell that its recipient is treated."""


@cache
def checked_sender(sender: str) -> str:
    """`sender` itself, if it is one neutral address.

    Raises:
        SenderRevealing: naming the words that must not be in a sender's name or address.
    """
    if revealing := words().revealing_header(sender):
        raise SenderRevealing(f"SMTP_FROM must not contain {', '.join(revealing)}.")
    if "@" not in parseaddr(sender)[1]:
        raise SenderRevealing("SMTP_FROM is not an e-mail address.")
    return sender


def email_of(message: Message, sender: str, public_url: str | None = None) -> EmailMessage:
    """The e-mail for `message`, to its one address: the same each time it is made. With an address
    of this service it can be unsubscribed from with one click (RFC 8058).

    Raises:
        ChannelRefused: when the address cannot stand in a header, or is not exactly one.
    """
    domain = parseaddr(sender)[1].rpartition("@")[2]
    mail = EmailMessage(policy=HEADERS)
    mail["To"] = recipient_of(message.address or "")
    mail["From"] = sender
    mail["Subject"] = message.subject
    mail["Date"] = format_datetime(message.written_at)
    mail["Message-ID"] = f"<{message.id}@{domain}>"
    mail["Auto-Submitted"] = "auto-generated"
    if public_url is not None and message.unsubscribe is not None:
        mail["List-Unsubscribe"] = f"<{public_url}/unsubscribe/{message.unsubscribe}>"
        mail["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
    mail.set_content(message.body, cte="7bit" if message.body.isascii() else "quoted-printable")
    if message.html is not None:
        mail.add_alternative(message.html, subtype="html", cte="quoted-printable")
        mail.set_boundary(f"=_{message.id.hex}")  # the same each time it is made
    return mail


def recipient_of(address: str) -> str:
    """The bare address in `address`, without a name.

    Raises:
        ChannelRefused: when it is not exactly one address.
    """
    header = EmailMessage(policy=HEADERS)
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


class Connection(aiosmtplib.SMTP):
    """A connection that knows whether a message may have arrived of which nothing was heard."""

    silent = False
    """A hang-up after the final dot looks like one before it."""

    async def data(self, *args: Any, **kwargs: Any) -> Any:
        self.silent = True
        answer = await super().data(*args, **kwargs)
        self.silent = False
        return answer


@dataclass(frozen=True, slots=True)
class MailServer:
    """Where mail goes, as whom, and how the connection is protected."""

    host: str
    port: int
    sender: str
    tls: Literal["when-offered", "starttls", "tls"] = "when-offered"
    ca_file: str = ""
    """The authorities whose certificates are believed; empty: those of the machine."""
    username: str = ""
    password: str = field(default="", repr=False)

    @classmethod
    def of(cls, settings: Settings) -> "MailServer":
        """The server that the settings name.

        Raises:
            OSError: the file with the password is gone.
        """
        return cls(
            settings.smtp_host,
            settings.smtp_port,
            settings.smtp_from,
            settings.smtp_tls,
            settings.smtp_ca_file,
            settings.smtp_username,
            settings.smtp_secret,
        )

    def connection(self) -> "Connection":
        """A connection that is not open yet. Opening it checks the name and the authority of the
        certificate wherever there is one, and ends where TLS is required and not offered."""
        return Connection(
            hostname=self.host,
            port=self.port,
            timeout=TIMEOUT_SECONDS,
            local_hostname=parseaddr(self.sender)[1].rpartition("@")[2],
            use_tls=self.tls == "tls",
            start_tls={"when-offered": None, "starttls": True, "tls": False}[self.tls],
            tls_context=trusted(self.ca_file),
            username=self.username or None,
            password=self.password or None,
        )


@cache
def trusted(ca_file: str) -> ssl.SSLContext:
    """What is asked of a server's certificate; TLS 1.2 at least."""
    return ssl.create_default_context(cafile=ca_file or None)


def why(error: Exception) -> str:
    """Why there is no connection, in one line without anything of a client."""
    if (refused := refused_certificate(error)) is not None:
        kind, reason = refused
        return f"the certificate of the server is refused: {kind} ({reason})"
    if isinstance(error, aiosmtplib.SMTPAuthenticationError):
        return f"the server refused the user or the password: {error.code}"
    if type(error) is aiosmtplib.SMTPException:
        return f"the server cannot do what is required: {error}"
    return type(error).__name__


def mail_server(settings: Settings) -> Peer:
    """The mail server, as a process asks for it when it starts."""
    user = "SMTP_USERNAME and SMTP_PASSWORD or SMTP_PASSWORD_FILE"

    async def connect() -> None:
        connection = MailServer.of(settings).connection()
        try:
            await connection.connect()
        finally:
            connection.close()

    return Peer(
        f"the mail server at {settings.smtp_host}:{settings.smtp_port}",
        connect,
        "SMTP_HOST",
        "SMTP_CA_FILE",
        {
            aiosmtplib.SMTPAuthenticationError: "it refuses the user or the password: check "
            f"{user}.",
            # What aiosmtplib raises when STARTTLS or a login is required and not offered.
            aiosmtplib.SMTPException: "it cannot do what is required: check SMTP_TLS and "
            "SMTP_USERNAME.",
        },
    )


class EmailChannel(Channel):
    """Sends over as many connections as it is used at once, or as the server allows.

    Once the server was unavailable for all messages, it is not bothered again by this channel; a
    later run of the dispatch opens a new one.
    """

    def __init__(self, server: MailServer, known: Providers | None = None) -> None:
        self.server = server
        self._public_url = None if known is None else known.public_url.rstrip("/")
        self._bounces = None if known is None else known.bounces
        self.sender = checked_sender(server.sender)
        self._idle: list[Connection] = []
        self._at_work = 0
        self._full = False
        self._outage: str | None = None

    async def send(self, message: Message) -> Receipt:
        mail = email_of(message, self.sender, self._public_url)
        if self._outage is not None:
            raise ChannelUnavailable(self._outage)
        self._at_work += 1
        try:
            await self._send(mail, self._return_path(message), await self._connection())
        finally:
            self._at_work -= 1
        return Receipt("mail", str(message.id))

    def _return_path(self, message: Message) -> str:
        """Where it comes back to if it does not arrive."""
        if self._bounces is None:
            return parseaddr(self.sender)[1]
        return self._bounces.of(message.id)

    async def _send(self, mail: EmailMessage, return_path: str, connection: "Connection") -> None:
        written = mail.as_bytes(policy=WIRE)
        try:
            await connection.sendmail(return_path, [str(mail["To"])], written)
        except aiosmtplib.SMTPRecipientsRefused as error:
            if all(each.code >= 500 for each in error.recipients):
                raise ChannelRefused("the server refused the recipient") from None
            raise ChannelUnavailable("the server refused the recipient for now") from None
        except aiosmtplib.SMTPDataError as error:
            if error.code >= 500:
                raise ChannelRefused(f"the server answered {error.code}") from None
            raise ChannelUnavailable(f"the server answered {error.code}") from None
        except aiosmtplib.SMTPNotSupported:
            raise ChannelRefused("the server cannot take such an address") from None
        except UnicodeError:
            connection.close()
            raise ChannelRefused("the address cannot be written") from None
        except (aiosmtplib.SMTPException, OSError) as error:
            connection.close()
            reason = type(error).__name__
            if concerns_all(error):
                self._outage = reason
            if connection.silent:
                raise ChannelUncertain(reason) from None
            raise ChannelUnavailable(reason) from None
        except BaseException:
            connection.close()
            raise
        finally:
            self._idle.append(connection)

    async def _connection(self) -> "Connection":
        """An open connection: one that was used before, or a new one.

        A server that refuses one connection while others are in use has no room for more of them;
        one that refuses the only one is out of order.
        """
        if (used := self._used()) is not None:
            return used
        if self._full and self._at_work > 1:
            raise ChannelBusy
        fresh = self.server.connection()
        try:
            await fresh.connect()
        except (aiosmtplib.SMTPException, OSError) as error:
            fresh.close()
            if (used := self._used()) is not None:
                return used
            if self._at_work > 1:
                self._full = True
                raise ChannelBusy from None
            self._outage = why(error)
            raise ChannelUnavailable(self._outage) from None
        return fresh

    def _used(self) -> "Connection | None":
        while self._idle:
            used = self._idle.pop()
            if used.is_connected:
                return used
        return None

    async def close(self) -> None:
        while self._idle:
            connection = self._idle.pop()
            try:
                await connection.quit(timeout=QUIT_SECONDS)
            except (aiosmtplib.SMTPException, OSError):
                connection.close()
