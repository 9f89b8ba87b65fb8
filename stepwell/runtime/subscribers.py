"""Systems besides the four services that read events: a principal, a group, and topics to read."""

import json
import re
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from shared.contracts.topics import TOPICS
from shared.settings import SERVICES
from stepwell.runtime.problem import WRONG_USE, Problem
from stepwell.runtime.state import read_json, write_private
from stepwell.runtime.topics import Access, Broker, change_access, with_client

NAME = re.compile(r"[a-z][a-z0-9-]{1,39}")
TAKEN = ("platform", *SERVICES)
OPEN = {topic.stream: topic for topic in TOPICS if topic.open_to_subscribers}
MECHANISM = "SCRAM-SHA-512"


@dataclass(frozen=True)
class Subscriber:
    """A system that may read `topics`; `secret` is its password at the broker and the issuer."""

    topics: list[str]
    secret: str


class Subscribers:
    """The subscribers of a local system, kept in a file that only its owner may read."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def all(self) -> dict[str, Subscriber]:
        """By name. Raises Problem when the file cannot be read."""
        stored = read_json(self._path)
        if stored is None and self._path.exists():
            raise Problem(f"The subscribers in {self._path} are unreadable: restore that file.")
        return {name: Subscriber(**known) for name, known in (stored or {}).items()}

    def keep(self, subscribers: Mapping[str, Subscriber]) -> None:
        """Store these and no others."""
        known = {name: asdict(one) for name, one in subscribers.items()}
        write_private(self._path, json.dumps(known, indent=2))


def checked(name: str, topics: Sequence[str]) -> Subscriber:
    """A new subscriber with a new secret.

    Raises:
        Problem: the name is none or belongs to a service, or a topic is not open to subscribers.
    """
    if not NAME.fullmatch(name) or any(name.startswith(taken) for taken in TAKEN):
        raise Problem(
            f"{name} is no name for a subscriber: use 2 to 40 of a-z, 0-9 and -, that does not "
            f"begin with {', '.join(TAKEN)}.",
            exit_code=WRONG_USE,
        )
    streams = [topic.removeprefix("stepwell.") for topic in topics]
    if not streams or (closed := [one for one in streams if one not in OPEN]):
        what = closed[0] if streams else "no topic"
        raise Problem(
            f"{what} is not open to subscribers: use {', '.join(OPEN)}.", exit_code=WRONG_USE
        )
    return Subscriber(sorted(set(streams)), secrets.token_urlsafe(24))


def access_of(name: str, prefix: str, topics: Sequence[str]) -> list[Access]:
    """What a subscriber may do: read its topics, in the group of its name or `name.anything`."""
    names = [prefix + OPEN[stream].name for stream in topics]
    return [
        *((name, operation, "TOPIC", topic, "LITERAL") for topic in names for operation in READ),
        (name, "READ", "GROUP", prefix + name, "LITERAL"),
        (name, "READ", "GROUP", f"{prefix}{name}.", "PREFIXED"),
    ]


READ = ("READ", "DESCRIBE")


def admit(broker: Broker, prefix: str, name: str, subscriber: Subscriber) -> None:
    """Give a subscriber its credentials and its access at the broker; what it had before is gone.

    Raises:
        Problem: the broker refused.
    """
    from kafka.admin import ScramMechanism, UserScramCredentialUpsertion

    expel(broker, prefix, name)
    made = UserScramCredentialUpsertion(
        name, ScramMechanism.SCRAM_SHA_512, subscriber.secret.encode(), 8192
    )
    with_client(broker, lambda client: _require(client.alter_user_scram_credentials([made])))
    change_access(broker, grant=access_of(name, prefix, subscriber.topics))


def expel(broker: Broker, prefix: str, name: str) -> None:
    """Take a subscriber's credentials and access away. Doing it again does no harm."""
    from kafka.admin import ScramMechanism, UserScramCredentialDeletion

    gone = UserScramCredentialDeletion(name, ScramMechanism.SCRAM_SHA_512)
    with_client(broker, lambda client: client.alter_user_scram_credentials([gone]))
    change_access(broker, revoke=access_of(name, prefix, list(OPEN)))


def _require(told: Mapping[str, Any]) -> None:
    for error in told.values():
        if error is not None:
            raise Problem(f"The broker did not take the subscriber's password: {error}")
