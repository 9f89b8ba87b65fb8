"""What a delivery status notification says."""

from uuid import UUID

import pytest

from services.notifications.delivery.channels.providers import Bounces
from services.notifications.delivery.policy import code_of, meaning_of
from services.notifications.webhooks.bounces import Bounce, NoBounce, bounce_of
from tests.support.bounces import SECRET, notification_of

MAIL = UUID(int=7)


@pytest.mark.parametrize(
    ("status", "meaning"),
    [("5.1.1", "unreachable"), ("5.1.10", "unreachable"), ("5.2.2", "refused")],
)
def test_a_mail_that_failed_says_whether_its_address_is_one(status: str, meaning: str) -> None:
    found = bounce_of(notification_of(MAIL, status))
    assert found == Bounce(MAIL, code_of(status))
    assert meaning_of(found.code) == meaning


@pytest.mark.parametrize("action", ["delayed", "delivered", "relayed"])
def test_a_mail_that_is_only_late_or_arrived_is_none_that_came_back(action: str) -> None:
    assert bounce_of(notification_of(MAIL, "4.4.1", action)) is None


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"\xff\x00",
        b"Subject: I am away\n\nUntil Monday.",
        notification_of(MAIL).replace(b"+", b""),
        notification_of(MAIL).replace(b"message/delivery-status", b"text/plain"),
    ],
)
def test_what_tells_of_no_mail_of_ours_is_refused(raw: bytes) -> None:
    with pytest.raises(NoBounce):
        bounce_of(raw)


def test_the_return_path_names_a_mail_and_nothing_that_reveals() -> None:
    path = Bounces(return_path="returned@example.test", secret=SECRET).of(MAIL)
    assert path == f"returned+{MAIL.hex}@example.test"
    assert len(path.partition("@")[0]) <= 64, "RFC 5321, 4.5.3.1.1"
    with pytest.raises(ValueError, match="return_path says"):
        Bounces(return_path="detox@example.test", secret=SECRET)
