"""What goes over the wire, and what keeps a provider from being called too often."""

import base64
import email
import email.policy
import re
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from itertools import permutations
from uuid import UUID
from zoneinfo import ZoneInfo

import httpx
import orjson
import pytest
from standardwebhooks import Webhook

from services.notifications.delivery.channels.base import ChannelRefused, Message
from services.notifications.delivery.channels.email import SIGNED, WIRE, email_of
from services.notifications.delivery.channels.guards import Breaker, Bucket, asked_pause
from services.notifications.delivery.channels.providers import Hook, Providers, staff_way
from services.notifications.delivery.channels.staff import ChatChannel, WebhookChannel
from services.notifications.delivery.policy import meaning_of
from services.notifications.delivery.rules import conclusion, spread
from services.notifications.webhooks.commands import NotANumber, number_of
from services.notifications.webhooks.rules import is_signed, signature

NOON = datetime(2026, 6, 1, 18, tzinfo=UTC)
SECRET = "x" * 43


def message(body: str, address: str = "ana@example.test") -> Message:
    return Message(UUID(int=7), "session_reminder", address, "Appointment", body, NOON, SECRET)


def test_the_one_click_address_stays_one_raw_link_however_long() -> None:
    wire = email_of(message("Hello"), "a@example.test", "https://notify.example.org")
    raw = wire.as_bytes(policy=WIRE).decode("ascii")
    link = f"<https://notify.example.org/unsubscribe/{SECRET}>"
    assert len(link) >= 78
    assert f"List-Unsubscribe: {link}\r\n" in raw
    assert "List-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n" in raw
    names = {name for name, _ in email.message_from_string(raw).items()}
    assert names == set(SIGNED), "all that is there is in the list of what DKIM signs"


def test_a_spanish_mail_is_seven_bits_and_reads_as_it_was_written() -> None:
    said = "Usted tiene una cita el sábado a las 5:30 p. m. Llámenos, ¿sí? " * 3
    raw = email_of(message(said), "a@example.test").as_bytes(policy=WIRE)
    assert raw.isascii()
    assert max(map(len, raw.split(b"\r\n"))) <= 998
    read = email.message_from_bytes(raw, policy=email.policy.default)
    assert isinstance(read, EmailMessage)
    assert read.get_content().strip() == said.strip()
    assert "List-Unsubscribe" not in read, "without an address of ours there is none"


def test_a_signature_is_that_of_the_provider_s_documentation() -> None:
    form = [
        ("CallSid", "CA1234567890ABCDE"),
        ("Caller", "+12349013030"),
        ("Digits", "1234"),
        ("From", "+12349013030"),
        ("To", "+18005551212"),
    ]
    url = "https://mycompany.com/myapp.php?foo=1&bar=2"
    made = signature("12345", url, form)
    assert made == "0/KCTR6DLpKmkAf8muzZqo1nDgQ="
    assert is_signed(made, "12345", url, reversed(form))
    assert not is_signed(made, "12346", url, form)
    assert not is_signed(made, "12345", f"{url}3", form)
    assert not is_signed(made, "12345", url, [*form, ("Digits", "1")])
    assert not is_signed(made, "12345", url.replace(".com/", ".com:443/"), form), "a proxy's port"
    assert not is_signed("ä", "12345", url, form)
    twice = [("MediaUrl", "https://b.test/2"), ("MediaUrl", "https://a.test/1")]
    assert signature("12345", url, twice) == signature("12345", url, sorted(twice))
    assert signature("12345", url, twice) != signature("12345", url, twice[:1])


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"retry-after": "120"}, 120),
        (
            {
                "date": "Mon, 30 Nov 2026 10:00:00 GMT",
                "retry-after": "Mon, 30 Nov 2026 10:00:30 GMT",
            },
            30,
        ),
        ({"retry-after": "0"}, 1),
        ({"retry-after": "999999"}, 3_600),
        ({"retry-after": "soon", "date": "Mon, 30 Nov 2026 10:00:00 GMT"}, None),
        ({"retry-after": "Mon, 30 Nov 2026 10:00:30 GMT"}, None),
        ({}, None),
    ],
)
def test_the_pause_that_is_asked_for_goes_by_the_clock_of_the_answer(
    headers: dict[str, str], seconds: int | None
) -> None:
    pause = None if seconds is None else timedelta(seconds=seconds)
    assert asked_pause(httpx.Headers(headers)) == pause


def test_a_breaker_opens_after_failures_in_a_row_and_lets_one_try_after_its_pause() -> None:
    breaker = Breaker(limit=3, pause=30)
    for _ in range(3):
        assert breaker.allows(100)
        breaker.note(100, failed=True)
    assert not breaker.allows(129)
    assert breaker.allows(130), "one tries"
    assert not breaker.allows(131), "and only one"
    breaker.note(132, failed=False)
    assert breaker.allows(132)


def test_a_sender_s_rate_is_kept_by_waiting() -> None:
    bucket = Bucket(per_second=2)
    assert [bucket.wait(10.0) for _ in range(4)] == [0, 0, 0.5, 1.0]
    bucket.give_back()
    assert bucket.wait(11.5) == 0


@pytest.mark.parametrize("order", list(permutations(["sent", "delivered", "bounced"])))
def test_reports_come_to_the_same_in_any_order(order: tuple[str, ...]) -> None:
    state, seen = "sent", set[str]()
    for report in order:
        seen.add(report)
        state = conclusion(state, seen) or state
    assert state == "bounced"


def test_attempts_are_spread_and_none_comes_after_the_end() -> None:
    again, end = NOON + timedelta(minutes=10), NOON + timedelta(minutes=10, seconds=30)
    assert spread(again, NOON, end, 0.0) == again
    assert spread(again, NOON, end, 0.05) == end
    assert spread(again, NOON, end + timedelta(hours=1), 0.1) == again + timedelta(minutes=1)


@pytest.mark.parametrize("number", ["+16215550123", "+18375550123", "+13035550123", "67283", "911"])
def test_a_number_that_can_be_one_is_taken_and_a_short_code_stays_one(number: str) -> None:
    assert number_of(number) == number


@pytest.mark.parametrize(
    "told",
    ["303-555-0123 ext. 45", "+1 303 555 0123 ext. 45", "+13035550123 / 0124", "12", "", "+1303"],
)
def test_what_is_no_one_number_is_refused(told: str) -> None:
    with pytest.raises(NotANumber):
        number_of(told)


@pytest.mark.parametrize(
    ("address", "way"),
    [
        ("lead@example.test", "email"),
        ("+13035550123", "sms"),
        ("voice:+13035550123", "voice"),
        ("webhook:pager", "webhook"),
        ("chat:ops", "chat"),
        (None, "email"),
    ],
)
def test_the_address_of_staff_says_the_way(address: str | None, way: str) -> None:
    assert staff_way(address) == way


@pytest.mark.parametrize(
    ("code", "meaning"),
    [
        (21610, "opted_out"),
        (30006, "unreachable"),
        (30001, "later"),
        (1, "refused"),
        (None, "refused"),
    ],
)
def test_a_provider_s_number_says_what_it_is_about(code: int | None, meaning: str) -> None:
    assert meaning_of(code) == meaning


SIGNING = "whsec_" + base64.b64encode(b"0123456789abcdef0123456789abcdef").decode()


async def test_a_staff_webhook_is_signed_for_the_instant_in_utc() -> None:
    heard: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        heard.append(request)
        return httpx.Response(204)

    channel = WebhookChannel({"pager": Hook(url="https://pager.example.test/in", secret=SIGNING)})
    channel._http = httpx.AsyncClient(transport=httpx.MockTransport(answer))
    at = datetime.now(ZoneInfo("America/Denver"))
    sent = Message(UUID(int=7), "staff_alert", "webhook:pager", "Now", "Look", at)
    await channel.send(sent)
    await channel.close()
    (request,) = heard
    told = Webhook(SIGNING).verify(request.content, dict(request.headers))
    assert told["data"] == {"id": str(sent.id), "subject": "Now", "text": "Look"}
    assert datetime.fromisoformat(orjson.loads(request.content)["timestamp"]) == at


async def test_an_address_of_staff_that_nobody_knows_is_refused() -> None:
    lost = Message(UUID(int=7), "staff_alert", "chat:nobody", "Now", "Look", NOON)
    with pytest.raises(ChannelRefused):
        await ChatChannel({}).send(lost)
    webhooks = WebhookChannel({})
    with pytest.raises(ChannelRefused):
        await webhooks.send(lost)
    await webhooks.close()


ACCOUNT = {
    "name": "main",
    "base_url": "https://api.example.test",
    "account": "AC1",
    "token": "a-token-for-tests",
    "sender": "67283",
}


@pytest.mark.parametrize(
    ("changed", "why"),
    [
        ({"public_url": "http://example.test"}, "has to begin with https"),
        ({"sms": [ACCOUNT, ACCOUNT | {"account": "AC2"}]}, "main is the name of two accounts"),
        ({"sms": [ACCOUNT | {"sender": "303-555-0123"}]}, "sender"),
        ({"sms": [ACCOUNT | {"colour": "red"}]}, "colour"),
        ({"webhooks": {"pager": {"url": "https://x.test", "secret": "plain"}}}, "secret"),
    ],
)
def test_a_file_of_providers_that_cannot_work_is_refused(
    changed: dict[str, object], why: str
) -> None:
    known = {"public_url": "https://notify.example.org", "sms": [ACCOUNT]}
    assert Providers.model_validate(known).account("main")
    with pytest.raises(ValueError, match=re.compile(why)):
        Providers.model_validate(known | changed)
