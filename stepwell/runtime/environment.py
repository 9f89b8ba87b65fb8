"""The environment variables of the system's processes, put together in one place.

One environment describes the whole system: variables that end in a service's name are read by that
service only. The same names point the system at servers of your own.
"""

import json
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from shared.settings import PROTOCOLS, SERVER, SERVICES
from stepwell.runtime.keys import AUDIENCE
from stepwell.runtime.lock import running
from stepwell.runtime.ports import Ports
from stepwell.runtime.problem import WRONG_USE, Problem
from stepwell.runtime.state import State, read_json, write_private
from stepwell.runtime.topics import Broker

KEPT = (
    "TRACES",
    "TRACES_SAMPLE_RATIO",
    "OTEL_EXPORTER_OTLP_ENDPOINT",
    "OTEL_EXPORTER_OTLP_HEADERS",
    "KAFKA_TOPIC_PREFIX",
    "STEPWELL_SPANS_FILE",
)
"""Variables of the person who starts the system that its processes get as they are."""
MOST_COPIES = 32_767


@dataclass(frozen=True)
class External:
    """The servers of one's own that the environment names, if it names any."""

    databases: Mapping[str, str] = field(default_factory=dict)
    owners: Mapping[str, str] = field(default_factory=dict)
    kafka: Mapping[str, str] = field(default_factory=dict)
    replication: int = 1
    """Copies of each partition of a topic."""

    @classmethod
    def from_environment(cls, known: Mapping[str, str] = os.environ) -> "External":
        """Raises Problem when only some of the databases are named, or Kafka is named wrongly."""
        databases = _by_service("DATABASE_URL", known)
        if databases and len(databases) < len(SERVICES):
            missing = ", ".join(f"DATABASE_URL_{s.upper()}" for s in SERVICES if s not in databases)
            raise Problem(
                f"Some services have a database of their own and some do not: set {missing} too.",
                exit_code=WRONG_USE,
            )
        kafka = (
            {name: value for name, value in known.items() if name.startswith("KAFKA_")}
            if known.get("KAFKA_BOOTSTRAP_SERVERS")
            else {}
        )
        if kafka:
            broker(kafka)
        owners = _by_service("DATABASE_OWNER_URL", known)
        return cls(databases, owners, kafka, replication(kafka))


def _by_service(name: str, known: Mapping[str, str]) -> dict[str, str]:
    return {s: known[v] for s in SERVICES if known.get(v := f"{name}_{s.upper()}")}


LOCAL_MAIL = {
    "SMTP_TLS": "when-offered",
    **dict.fromkeys(("SMTP_CA_FILE", "SMTP_USERNAME", "SMTP_PASSWORD", "SMTP_PASSWORD_FILE"), ""),
}
"""The mail folder asks for nobody's name, whatever is set for a server of one's own."""
PORTAL = "STEPWELL_PORTAL_URL"


def portal_url(ports: Ports, known: Mapping[str, str] = os.environ) -> str:
    """The address of the portal, without a slash at the end.

    Raises:
        Problem: STEPWELL_PORTAL_URL is no address.
    """
    url = (known.get(PORTAL) or f"http://127.0.0.1:{ports.base}").rstrip("/")
    if not re.fullmatch(r"https?://[^/?#\s]+", url):
        raise Problem(
            f"{PORTAL}={url} is no address: write it like http://127.0.0.1:8000.",
            exit_code=WRONG_USE,
        )
    return url


def traces(known: Mapping[str, str] = os.environ) -> str:
    """Where spans go: `zipkin`, `otlp` or `off`.

    Raises:
        Problem: TRACES is none of these, or TRACES_SAMPLE_RATIO no number from 0 to 1.
    """
    to, share = known.get("TRACES") or "zipkin", known.get("TRACES_SAMPLE_RATIO") or "1"
    if to not in ("zipkin", "otlp", "off"):
        told = f"TRACES={to} is not known: write zipkin, otlp or off."
        raise Problem(told, exit_code=WRONG_USE)
    if not re.fullmatch(r"0?\.\d+|[01](\.0*)?", share):
        told = f"TRACES_SAMPLE_RATIO={share} is no share: write a number from 0 to 1, such as 0.1."
        raise Problem(told, exit_code=WRONG_USE)
    return to


def assemble(
    *,
    ports: Ports,
    database_urls: Mapping[str, str],
    owner_urls: Mapping[str, str],
    kafka: Mapping[str, str],
    client_secrets: Mapping[str, str],
    clock: Path,
    zipkin_endpoint: str | None,
    channels: Path | None = None,
    known: Mapping[str, str] = os.environ,
) -> dict[str, str]:
    """What describes a whole local system, without what belongs to one process.

    Args:
        kafka: the variables that start with KAFKA_, credentials of all principals included.
        client_secrets: of each service, at the local issuer.
        zipkin_endpoint: where spans go when `TRACES` does not say otherwise; None: nowhere.
        channels: the file of those who carry text messages and calls; None: nobody.
    """
    urls = {s: f"http://127.0.0.1:{port}" for s, port in ports.services.items()}
    traces = known.get("TRACES") or ("zipkin" if zipkin_endpoint else "off")
    return {
        **{name: known[name] for name in KEPT if known.get(name)},
        "STEPWELL_ENVIRONMENT": "local",
        "STEPWELL_HOST": "127.0.0.1",
        "STEPWELL_CLOCK_FILE": str(clock),
        "OIDC_ISSUER": f"http://127.0.0.1:{ports.issuer}",
        "OIDC_AUDIENCE": AUDIENCE,
        "OIDC_DISCOVERY_URL": "",
        PORTAL: portal_url(ports, known),
        "SMTP_HOST": "127.0.0.1",
        "SMTP_PORT": str(ports.smtp),
        **LOCAL_MAIL,
        **({"STEPWELL_CHANNELS_FILE": str(channels)} if channels else {}),
        "TRACES": traces,
        **({"ZIPKIN_ENDPOINT": zipkin_endpoint} if zipkin_endpoint else {}),
        **kafka,
        **{f"DATABASE_URL_{s.upper()}": url for s, url in database_urls.items()},
        **{f"DATABASE_OWNER_URL_{s.upper()}": url for s, url in owner_urls.items()},
        **{f"OIDC_CLIENT_SECRET_{s.upper()}": value for s, value in client_secrets.items()},
        **{f"STEPWELL_URL_{s.upper()}": url for s, url in urls.items()},
    }


def local_kafka(bootstrap_servers: str, passwords: Mapping[str, str]) -> dict[str, str]:
    """The KAFKA_ variables of a broker started by this runtime."""
    return {
        "KAFKA_BOOTSTRAP_SERVERS": bootstrap_servers,
        "KAFKA_SECURITY_PROTOCOL": "SASL_PLAINTEXT",
        **{f"KAFKA_USERNAME_{name.upper()}": name for name in passwords},
        **{f"KAFKA_PASSWORD_{name.upper()}": word for name, word in passwords.items()},
    }


FOREIGN = ("DATABASE_OWNER_URL_", "DATABASE_URL_", "KAFKA_PASSWORD_", "KAFKA_USERNAME_")


def for_process(system: Mapping[str, str], service: str, port: int | None) -> dict[str, str]:
    """The environment of one process of `service`: no other service's credentials are in it."""
    own = service.upper()
    shown = {
        name: value
        for name, value in system.items()
        if not (name.startswith((*FOREIGN, "OIDC_CLIENT_SECRET_")) and not name.endswith(own))
        and not name.startswith("DATABASE_OWNER_URL_")
    }
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(FOREIGN)}
    secret = shown.pop(f"OIDC_CLIENT_SECRET_{own}", None)
    return {
        **inherited,
        **shown,
        **({"OIDC_CLIENT_SECRET": secret} if secret else {}),
        **({"STEPWELL_PORT": str(port)} if port is not None else {}),
        "PYTHONUNBUFFERED": "1",
    }


def replication(known: Mapping[str, str]) -> int:
    """How many copies of a topic KAFKA_REPLICATION asks for; one when it does not say."""
    value = known.get("KAFKA_REPLICATION") or "1"
    if not value.isdecimal() or not 1 <= int(value) <= MOST_COPIES:
        raise Problem(
            f"KAFKA_REPLICATION={value} is no number of copies: set 1 or more, at most as many as "
            "there are brokers.",
            exit_code=WRONG_USE,
        )
    return int(value)


def broker(system: Mapping[str, str]) -> Broker:
    """The broker of a system, reached as the platform.

    Raises:
        Problem: an address is no host and port, or there is no such protocol.
    """
    servers = system["KAFKA_BOOTSTRAP_SERVERS"]
    protocol = system.get("KAFKA_SECURITY_PROTOCOL") or "PLAINTEXT"
    for server in servers.split(","):
        if not re.fullmatch(SERVER, server.strip()):
            raise Problem(
                f"KAFKA_BOOTSTRAP_SERVERS={servers} is no list of addresses: write host:9092, "
                "several with commas between.",
                exit_code=WRONG_USE,
            )
    if protocol not in PROTOCOLS:
        raise Problem(
            f"KAFKA_SECURITY_PROTOCOL={protocol} is unknown: use {', '.join(PROTOCOLS)}.",
            exit_code=WRONG_USE,
        )
    return Broker(
        servers,
        protocol,
        system.get("KAFKA_USERNAME_PLATFORM"),
        system.get("KAFKA_PASSWORD_PLATFORM"),
        system.get("KAFKA_SASL_MECHANISM") or "PLAIN",
        system.get("KAFKA_CA_FILE") or None,
    )


def save(state: State, system: Mapping[str, str]) -> None:
    """Leave the environment for the other commands; only the owner reads its secrets."""
    write_private(state.environment, json.dumps(dict(system), indent=2))


DESCRIBED_BY = (
    "OIDC_ISSUER",
    "STEPWELL_CLOCK_FILE",
    *(f"STEPWELL_URL_{service.upper()}" for service in SERVICES),
)
"""An environment with all of these describes a local system that something else started."""


def load_running(state: State | None = None) -> dict[str, str]:
    """The environment of the system that runs here, or the one that our own environment describes.

    Raises:
        Problem: none runs.
    """
    if all(os.environ.get(name) for name in DESCRIBED_BY):
        return dict(os.environ)
    place = state or State.default()
    stored: Any = read_json(place.environment)
    if running(place) is None or not isinstance(stored, dict):
        raise Problem("No Stepwell is running here: start one with `make up`.")
    return {str(name): str(value) for name, value in stored.items()}
