"""Who carries messages for us: accounts, addresses and secrets, in one file that is told by
STEPWELL_CHANNELS_FILE. Without it there are e-mail and the log."""

import re
from functools import cache
from pathlib import Path
from typing import Annotated, Self
from uuid import UUID

import phonenumbers
from pydantic import Field, StringConstraints, model_validator

from services.notifications.delivery.vocabulary import ChannelName
from services.notifications.texts.policy import words
from shared.datafiles import Part, parse
from shared.settings import Settings, Url

Name = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9-]{0,30}$")]
Sender = Annotated[str, StringConstraints(pattern=r"^(\+[1-9][0-9]{6,14}|[0-9]{3,6}|MG\w{32})$")]
"""A number in E.164, a short code as it is, or the id of a service of the provider."""
WHSEC = r"^whsec_[A-Za-z0-9+/=]{16,}$"
WAYS: dict[str, ChannelName] = {"voice": "voice", "webhook": "webhook", "chat": "chat"}
STAFF_ADDRESS = re.compile(r"(webhook|chat):([a-z][a-z0-9-]{0,30})")


class Account(Part):
    """An account at a provider that speaks the HTTP API of Twilio."""

    name: Name
    base_url: Url
    account: Annotated[str, StringConstraints(pattern=r"^\w{1,64}$")]
    token: str = Field(min_length=8, repr=False)
    sender: Sender
    per_second: float = Field(10.0, gt=0, le=10_000)
    timeout_seconds: float = Field(10.0, gt=0, le=60)


class Hook(Part):
    """A webhook of staff, signed as Standard Webhooks say."""

    url: Url
    secret: str = Field(pattern=WHSEC, repr=False)


class Bounces(Part):
    """Where mail comes back to, and the secret by which whoever hands it on signs it."""

    return_path: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9._-]{1,24}@[A-Za-z0-9.-]+$")]
    secret: str = Field(pattern=WHSEC, repr=False)

    def of(self, notification_id: UUID) -> str:
        """The return path of one mail, which names it."""
        local, _, domain = self.return_path.partition("@")
        return f"{local}+{notification_id.hex}@{domain}"

    @model_validator(mode="after")
    def is_neutral(self) -> Self:
        if found := words().revealing_header(self.return_path):
            raise ValueError(f"return_path says {', '.join(found)}")
        return self


class Providers(Part):
    """Of several accounts the first that takes a message is used."""

    public_url: Url
    """Where providers and mailboxes reach this service: what they sign, and where they report."""
    sms: tuple[Account, ...] = ()
    voice: tuple[Account, ...] = ()
    webhooks: dict[Name, Hook] = Field(default_factory=dict)
    bounces: Bounces | None = None
    chats: dict[Name, Annotated[str, Field(min_length=3)]] = Field(default_factory=dict, repr=False)

    @model_validator(mode="after")
    def can_be_told_apart(self) -> Self:
        by_name: dict[str, Account] = {}
        for account in (*self.sms, *self.voice):
            known = by_name.setdefault(account.name, account)
            if (known.account, known.token) != (account.account, account.token):
                raise ValueError(f"{account.name} is the name of two accounts")
        if not self.public_url.startswith("https://") and "//127.0.0.1:" not in self.public_url:
            raise ValueError("public_url has to begin with https://")
        return self

    def account(self, name: str) -> Account | None:
        """The account of that name."""
        return next((one for one in (*self.sms, *self.voice) if one.name == name), None)


def providers_of(settings: Settings) -> Providers | None:
    """Those of the file; None without one. A changed file is read anew.

    Raises:
        DataFileInvalid: it cannot be used; OSError: it cannot be read.
    """
    if not settings.channels_file:
        return None
    path = Path(settings.channels_file)
    return _read(path, path.stat().st_mtime_ns)


@cache
def _read(path: Path, changed: int) -> Providers:
    return parse(Providers, path.read_text("utf-8"), str(path))


def is_staff_address(address: str) -> bool:
    """Whether this is a number that can be one, or names a webhook or a chat tool."""
    if STAFF_ADDRESS.fullmatch(address):
        return True
    number = address.removeprefix("voice:")
    if re.fullmatch(r"\+[1-9][0-9]{6,14}", number) is None:
        return False
    try:
        return bool(phonenumbers.is_possible_number(phonenumbers.parse(number)))
    except phonenumbers.NumberParseException:
        return False


def staff_way(address: str | None) -> ChannelName:
    """The way to a member of staff: `+1303…` is a text message, `voice:+1303…` a call, `webhook:…`
    and `chat:…` name one of the file; all else is mail."""
    if address is None or "@" in address:
        return "email"
    kind = address.partition(":")[0]
    return WAYS.get(kind, "sms" if address.startswith("+") else "email")
