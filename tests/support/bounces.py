"""Delivery status notifications as mail servers write them (RFC 3464)."""

from datetime import UTC, datetime
from uuid import UUID, uuid4

from standardwebhooks.webhooks import Webhook

SECRET = "whsec_" + "c2VjcmV0IG9mIHRlc3Rz"


def notification_of(
    mail: UUID, status: str = "5.1.1", action: str = "failed", path: str = "returned"
) -> bytes:
    """That a mail did not arrive; as Postfix writes it."""
    return f"""\
Return-Path: <>
From: Mail Delivery System <MAILER-DAEMON@mx.example.test>
To: {path}+{mail.hex}@example.test
Subject: Undelivered Mail Returned to Sender
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status; boundary="b"

--b
Content-Type: text/plain; charset=us-ascii

This is the mail system at host mx.example.test.

--b
Content-Type: message/delivery-status

Reporting-MTA: dns; mx.example.test
Arrival-Date: Mon, 1 Jun 2026 12:00:00 -0600

Final-Recipient: rfc822; ana@example.test
Action: {action}
Status: {status}
Diagnostic-Code: smtp; 550 {status} <ana@example.test> unknown

--b
Content-Type: text/rfc822-headers

To: ana@example.test
Subject: Your appointment

--b--
""".encode()


def signed(raw: bytes, secret: str = SECRET) -> dict[str, str]:
    """The headers with which a mail is handed on."""
    name, at = str(uuid4()), datetime.now(UTC)
    return {
        "webhook-id": name,
        "webhook-timestamp": str(int(at.timestamp())),
        "webhook-signature": Webhook(secret).sign(name, at, raw.decode()),
    }
