"""Mail that comes back: the message bounced, and its address stops."""

from uuid import uuid4

import pytest

from services.notifications.webhooks import calls
from shared.contracts.notifications import ContactUnreachable, NoticeFailed, NotificationDelivered
from stepwell.runtime.mail import ReturnPath
from tests.support.bounces import SECRET, notification_of
from tests.support.notifications import MONDAY_NOON, Client
from tests.support.texting import Texting

PATH = "/webhooks/mail/bounces"


@pytest.fixture
def ana() -> Client:
    return Client("ana")


async def hand_on(texting: Texting, raw: bytes, secret: str = SECRET) -> int:
    back = ReturnPath(f"{texting.public_url}{PATH}", secret)
    return (await back.hand_on(raw.decode())).status_code


async def test_a_mail_that_came_back_bounced_and_its_address_is_not_written_to_again(
    texting: Texting, ana: Client
) -> None:
    desk = texting.desk
    await desk.introduce(ana.details())
    await desk.tell(ana.missed(MONDAY_NOON))
    await desk.dispatch()
    shown = await desk.message()
    assert shown.state == "delivered", "as far as the next server knows"
    assert desk.mailbox.senders == [f"returned+{shown.id.hex}@example.test"]
    for _ in range(2):
        assert await hand_on(texting, notification_of(shown.id)) == 204
        await desk.dispatch()
    assert (await desk.message()).state == "bounced"
    delivered, unreachable, failed = [event for event, _ in await desk.published()]
    assert isinstance(delivered, NotificationDelivered)
    assert isinstance(unreachable, ContactUnreachable)
    assert (unreachable.client_id, unreachable.channel) == (ana.id, "email")
    assert isinstance(failed, NoticeFailed)
    assert failed.reason == "bounced"
    await desk.tell(ana.missed(desk.now))
    await desk.dispatch()
    assert len(desk.mailbox.taken) == 1


async def test_a_full_mailbox_stops_no_address_and_a_late_mail_nothing(
    texting: Texting, ana: Client
) -> None:
    desk = texting.desk
    await desk.introduce(ana.details())
    await desk.tell(ana.missed(MONDAY_NOON))
    await desk.dispatch()
    shown = await desk.message()
    assert await hand_on(texting, notification_of(shown.id, "4.4.1", "delayed")) == 204
    await desk.dispatch()
    assert (await desk.message()).state == "delivered"
    assert await hand_on(texting, notification_of(shown.id, "5.2.2")) == 204
    await desk.dispatch()
    assert (await desk.message()).state == "bounced"
    assert await texting.rows("SELECT FROM stopped_addresses") == []


async def test_what_is_forged_too_large_or_about_no_mail_of_ours_changes_nothing(
    texting: Texting,
) -> None:
    nobody = notification_of(uuid4())
    assert await hand_on(texting, nobody) == 204
    assert await texting.rows("SELECT FROM delivery_reports") == []
    assert await hand_on(texting, nobody, SECRET + "eHh4") == 403
    assert (await texting.api.post(PATH, content=nobody)).status_code == 403
    assert await hand_on(texting, nobody + b" " * calls.LARGEST_MAIL) == 413
    assert await hand_on(texting, b"Subject: hello\n\nYou") == 422
    refused = await texting.rows("SELECT provider, reason, calls FROM refused_webhooks")
    assert {(row["provider"], row["reason"], row["calls"]) for row in refused} == {
        ("mail", "forged-webhook", 2),
        ("mail", "webhook-too-large", 1),
        ("mail", "no-bounce", 1),
    }


async def test_without_a_return_path_no_mail_can_come_back(texting: Texting) -> None:
    texting.desk.settings.channels_file = ""
    assert await hand_on(texting, notification_of(uuid4())) == 404
