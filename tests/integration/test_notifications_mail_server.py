"""Mail over a real server that asks for a user and shows a certificate."""

import asyncio
import contextlib
import ssl
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.smtp import SMTP, AuthResult, LoginPassword
from structlog.testing import capture_logs

from stepwell.runtime.disposable import Stack
from tests.support.certificates import certificate, pem
from tests.support.mailbox import Counted, Mailbox
from tests.support.notifications import MONDAY_NOON, Client, Desk, open_desk
from tests.support.starting import refused as refused_start

USER, PASSWORD = "mailer", "correct horse"
MINUTE = timedelta(minutes=1)


@pytest.fixture
async def desk(
    stack: Stack, test_clock: Path, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Desk]:
    """A client is to hear of a missed session at once, over the server that a test names."""
    async with open_desk(stack, test_clock, monkeypatch) as opened:
        ana = Client("ana")
        await opened.introduce(ana.details())
        await opened.tell(ana.missed(MONDAY_NOON))
        yield opened


class Protected:
    """A mail server with a certificate for a host name, of an authority of its own."""

    def __init__(self, folder: Path, *, host: str = "localhost") -> None:
        self.mailbox = Mailbox()
        authority = certificate("Example Authority", None)
        self.ca_file = pem(folder, authority[0])
        own, key = certificate(host, authority)
        self.context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        self.context.load_cert_chain(pem(folder, own, key))

    def authenticate(
        self, server: Any, session: Any, envelope: Any, mechanism: str, given: Any
    ) -> AuthResult:
        right = isinstance(given, LoginPassword) and (given.login, given.password) == (
            USER.encode(),
            PASSWORD.encode(),
        )
        return AuthResult(success=right, handled=False)

    @contextlib.asynccontextmanager
    async def listening(self, desk: Desk, tls: str, *, offers: bool = True) -> AsyncIterator[None]:
        """Let the service use this server, with TLS from the first byte on or by STARTTLS, which it
        need not offer."""
        loop = asyncio.get_running_loop()

        def connected() -> SMTP:
            self.mailbox.open += 1
            return Counted(
                self.mailbox,
                hostname="mail.test",
                loop=loop,
                authenticator=self.authenticate,
                auth_required=offers,
                auth_require_tls=tls == "starttls",
                tls_context=self.context if offers and tls == "starttls" else None,
                require_starttls=offers and tls == "starttls",
            )

        server = await loop.create_server(
            connected, "localhost", 0, ssl=self.context if tls == "tls" else None
        )
        settings = desk.settings
        settings.smtp_host, settings.smtp_tls = "localhost", tls  # type: ignore[assignment]
        settings.smtp_port = server.sockets[0].getsockname()[1]
        settings.smtp_ca_file = self.ca_file
        settings.smtp_username, settings.smtp_password = USER, PASSWORD
        try:
            yield
        finally:
            server.close()


async def refused(desk: Desk) -> str:
    """Why nothing went out, in the one line that is logged."""
    with capture_logs() as lines:
        await desk.dispatch()
    (line,) = lines
    shown = await desk.message()
    assert (shown.state, shown.attempts) == ("planned", 1), "it is tried again"
    assert await desk.next_due() == MONDAY_NOON + MINUTE
    assert (line["event"], line["log_level"]) == ("message_postponed", "warning")
    assert PASSWORD not in str(lines)
    return str(line["reason"])


@pytest.mark.parametrize("tls", ["starttls", "tls"])
async def test_mail_goes_out_with_a_user_a_password_and_required_tls(
    desk: Desk, tmp_path: Path, tls: str
) -> None:
    server = Protected(tmp_path)
    async with server.listening(desk, tls):
        await desk.dispatch()
    assert (await desk.message()).state == "delivered"
    (mail,) = server.mailbox.taken
    assert mail["To"] == "ana@example.test"


async def test_the_password_is_read_from_its_file_each_time(desk: Desk, tmp_path: Path) -> None:
    server = Protected(tmp_path)
    secret = tmp_path / "secret"
    secret.write_text("the former one\n")
    async with server.listening(desk, "tls"):
        desk.settings.smtp_password, desk.settings.smtp_password_file = "", str(secret)
        assert await refused(desk) == "the server refused the user or the password: 535"
        secret.write_text(f"{PASSWORD}\n")
        await desk.until_next_due()
    assert (await desk.message()).state == "delivered"


@pytest.mark.parametrize("tls", ["starttls", "tls"])
async def test_a_certificate_for_another_host_is_refused(
    desk: Desk, tmp_path: Path, tls: str
) -> None:
    server = Protected(tmp_path, host="mail.example.test")
    async with server.listening(desk, tls):
        reason = await refused(desk)
    assert reason.startswith("the certificate of the server is refused: wrong host name (")
    assert server.mailbox.taken == []


@pytest.mark.parametrize("tls", ["starttls", "tls", "when-offered"])
async def test_a_certificate_of_an_unknown_authority_is_refused(
    desk: Desk, tmp_path: Path, tls: str
) -> None:
    server = Protected(tmp_path)
    async with server.listening(desk, "starttls" if tls == "when-offered" else tls):
        desk.settings.smtp_tls = tls  # type: ignore[assignment]
        desk.settings.smtp_ca_file = ""
        reason = await refused(desk)
    assert reason.startswith("the certificate of the server is refused: unknown authority (")
    assert server.mailbox.taken == []


async def test_a_server_that_offers_no_starttls_gets_neither_mail_nor_password(
    desk: Desk, tmp_path: Path
) -> None:
    server = Protected(tmp_path)
    async with server.listening(desk, "starttls", offers=False):
        assert "STARTTLS" in await refused(desk)
    assert server.mailbox.taken == []


async def test_a_wrong_password_holds_up_one_run_and_not_each_message(
    desk: Desk, tmp_path: Path
) -> None:
    more = [Client(f"client{n}") for n in range(9)]
    await desk.introduce(*(one.details() for one in more))
    await desk.tell(*(one.missed(MONDAY_NOON) for one in more))
    server = Protected(tmp_path)
    async with server.listening(desk, "tls"):
        desk.settings.smtp_password = "wrong"
        await desk.dispatch()
        assert server.mailbox.connections <= 4
        desk.settings.smtp_password = PASSWORD
        await desk.until_next_due()
    assert len(await desk.messages(state="delivered")) == 10


@pytest.mark.parametrize(
    ("host", "changes", "reason"),
    [
        (
            "mail.example.test",
            {},
            "wrong host name in its certificate (Hostname mismatch, certificate is not valid for "
            "'localhost'). Set SMTP_HOST to a name that the certificate has.",
        ),
        (
            "localhost",
            {"SMTP_CA_FILE": ""},
            "unknown authority in its certificate (unable to get local issuer certificate). Name "
            "the authority's file in SMTP_CA_FILE.",
        ),
        (
            "localhost",
            {"SMTP_PASSWORD": "wrong"},
            "it refuses the user or the password: check SMTP_USERNAME and SMTP_PASSWORD or "
            "SMTP_PASSWORD_FILE.",
        ),
    ],
)
@pytest.mark.parametrize("tls", ["starttls", "tls"])
async def test_notifications_does_not_start_with_such_a_server(
    desk: Desk, tmp_path: Path, tls: str, host: str, changes: dict[str, str], reason: str
) -> None:
    server = Protected(tmp_path, host=host)
    async with server.listening(desk, tls):
        port = desk.settings.smtp_port
        given = {
            "SMTP_HOST": "localhost",
            "SMTP_PORT": str(port),
            "SMTP_TLS": tls,
            "SMTP_CA_FILE": server.ca_file,
            "SMTP_USERNAME": USER,
            "SMTP_PASSWORD": PASSWORD,
            **changes,
        }
        line = await asyncio.to_thread(refused_start, "services.notifications", "worker", **given)
    assert line == f"notifications: the mail server at localhost:{port}: {reason}"


async def test_notifications_does_not_start_with_a_server_that_offers_no_starttls(
    desk: Desk, tmp_path: Path
) -> None:
    server = Protected(tmp_path)
    async with server.listening(desk, "starttls", offers=False):
        given = {
            "SMTP_HOST": "localhost",
            "SMTP_PORT": str(desk.settings.smtp_port),
            "SMTP_TLS": "starttls",
        }
        line = await asyncio.to_thread(refused_start, "services.notifications", "worker", **given)
    assert line.endswith("it cannot do what is required: check SMTP_TLS and SMTP_USERNAME.")
