"""A mail server that delivers nothing: it keeps every message as a readable file.

Each message is one `.eml` file in the folder, named by the order of arrival. What is written to
`nobody@…` comes back, so that it can be seen what follows.
"""

import asyncio
import contextlib
import email
import email.policy
import itertools
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.message import EmailMessage
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
from standardwebhooks.webhooks import Webhook

NOBODY = "nobody@"
REPORT = """\
Return-Path: <>
From: Mail Delivery System <MAILER-DAEMON@{host}>
To: {to}
Subject: Undelivered Mail Returned to Sender
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status; boundary="b"

--b
Content-Type: text/plain; charset=us-ascii

This is the mail system at host {host}.

--b
Content-Type: message/delivery-status

Reporting-MTA: dns; {host}

Final-Recipient: rfc822; {recipient}
Action: {action}
Status: {status}
Diagnostic-Code: smtp; 550 {status} <{recipient}> unknown

--b--
"""


def returned(to: str, recipient: str, status: str = "5.1.1", action: str = "failed") -> str:
    """The delivery status notification (RFC 3464) to a return path, as Postfix writes it."""
    host = to.rpartition("@")[2]
    return REPORT.format(to=to, recipient=recipient, status=status, action=action, host=host)


@dataclass(frozen=True)
class ReturnPath:
    """Where what comes to the return path of mail is handed on, and the secret that signs it."""

    url: str
    secret: str = field(repr=False)

    async def hand_on(self, mail: str) -> httpx.Response:
        """Hand a mail on as it is, signed as Standard Webhooks say."""
        name, at = str(uuid4()), datetime.now(UTC)
        headers = {
            "webhook-id": name,
            "webhook-timestamp": str(int(at.timestamp())),
            "webhook-signature": Webhook(self.secret).sign(name, at, mail),
        }
        async with httpx.AsyncClient(trust_env=False) as http:
            return await http.post(self.url, content=mail.encode(), headers=headers)


class MailFolder:
    """The messages received so far; also the handler that aiosmtpd calls for each one."""

    return_path: ReturnPath | None = None

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder
        self._returning: set[asyncio.Future[None]] = set()
        taken = [int(path.stem) for path in folder.glob("*.eml") if path.stem.isdecimal()]
        self._numbers = itertools.count(max(taken, default=0) + 1)

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
        """Keep the message. The file appears complete or not at all."""
        path = self.folder / f"{next(self._numbers):06}.eml"
        draft = path.with_suffix(".part")
        draft.write_bytes(envelope.original_content or envelope.content)
        draft.chmod(0o600)
        draft.replace(path)
        if self.return_path is not None:
            for recipient in envelope.rcpt_tos:
                if recipient.startswith(NOBODY):
                    mail = returned(envelope.mail_from, recipient)
                    self._returning.add(told := asyncio.ensure_future(self._come_back(mail)))
                    told.add_done_callback(self._returning.discard)
        return "250 Message kept"

    async def _come_back(self, mail: str) -> None:
        """Hand it on until it is taken; a mail server keeps such a mail for days."""
        assert self.return_path is not None
        for pause in (1, 5, 25):
            await asyncio.sleep(pause)
            with contextlib.suppress(httpx.HTTPError):
                if (await self.return_path.hand_on(mail)).is_success:
                    return

    def messages(self) -> list[EmailMessage]:
        """All messages, the oldest first."""
        return [
            email.message_from_bytes(path.read_bytes(), policy=email.policy.default)
            for path in sorted(self.folder.glob("*.eml"))
        ]

    def newest(self, count: int) -> list[EmailMessage]:
        """The last messages, the oldest of them first."""
        return [
            email.message_from_bytes(path.read_bytes(), policy=email.policy.default)
            for path in sorted(self.folder.glob("*.eml"))[-count:]
        ]

    def forget(self) -> None:
        """Throw all messages away."""
        for path in self.folder.glob("*.eml"):
            path.unlink()
