"""Mail that came back: delivery status notifications (RFC 3464). Pure.

They come to the return path of the mail they are about, which names it by its id and nothing else.
"""

import re
from dataclasses import dataclass
from email import message_from_bytes
from email.message import Message
from uuid import UUID

from services.notifications.delivery.policy import STATUS, code_of
from shared.errors import Invalid

RETURNED_TO = re.compile(r"\+([0-9a-f]{32})@")
ADDRESSED = ("To", "Delivered-To", "X-Original-To")


class NoBounce(Invalid):
    """The body is no delivery status notification about a mail of ours."""


@dataclass(frozen=True, slots=True)
class Bounce:
    """That a mail did not arrive, and the enhanced status code (RFC 3463) as one number."""

    notification_id: UUID
    code: int


def bounce_of(raw: bytes) -> Bounce | None:
    """What a notification says; None where the mail arrived, or is only late.

    Raises:
        NoBounce: it is none, or about no mail of ours.
    """
    mail = message_from_bytes(raw)
    told = [one for name in ADDRESSED for one in mail.get_all(name, [])]
    ours = RETURNED_TO.search(" ".join(map(str, told)))
    if ours is None:
        raise NoBounce("Hand on what came to the return path of a mail, with its own headers.")
    for part in mail.walk():
        if part.get_content_type() == "message/delivery-status":
            found = [code for block in _blocks(part) if (code := _failed(block)) is not None]
            return Bounce(UUID(ours[1]), found[0]) if found else None
    raise NoBounce("There is no part message/delivery-status (RFC 3464).")


def _blocks(part: Message) -> list[Message]:
    """The fields of the message, then those of each recipient."""
    payload = part.get_payload()
    return [one for one in payload if isinstance(one, Message)] if isinstance(payload, list) else []


def _failed(block: Message) -> int | None:
    """The code with which a recipient failed for good."""
    if str(block.get("Action", "")).strip().lower() != "failed":
        return None
    status = STATUS.match(str(block.get("Status", "")).strip())
    return int(code_of(status[0] if status else "5.0.0"))
