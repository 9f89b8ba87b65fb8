"""The servers that a process connects to, each asked once before it starts.

One that shows a wrong certificate or refuses the login ends the start with a line that says which
server, why, and which variable to look at. One that is not there yet is waited for, as ever.
"""

import asyncio
import ssl
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from aiokafka import errors as kafka_errors
from aiokafka.conn import collect_hosts, create_conn

from shared.settings import Settings, variable_of

WITHIN_SECONDS = 5.0
"""A server that says nothing for so long counts as one that is not there yet."""
WRONG_HOST_NAME = (62, 64)
UNKNOWN_AUTHORITY = (2, 7, 18, 19, 20, 21)
"""OpenSSL's numbers (`X509_V_ERR_…`) of names and addresses that differ, and of issuers that are
missing, self-signed, or of the right name with another key."""


class PeerRefused(RuntimeError):
    """A server will not do; the message says which and why, in one line."""


@dataclass(frozen=True, slots=True)
class Peer:
    """A server: what to call it, how to connect, and which variables are about it."""

    name: str
    connect: Callable[[], Awaitable[None]]
    """Opens and closes a connection."""

    address: str
    """The variable with the host name."""

    authorities: str
    """Where the file of authorities is named."""

    refusals: Mapping[type[Exception], str] = field(default_factory=dict)
    """What else the server or the client refuses for good, and what is said of it."""

    async def refusal(self) -> str | None:
        """Why there will be no connection, in one line; None when there is one, or no server."""
        try:
            async with asyncio.timeout(WITHIN_SECONDS):
                await self.connect()
        except Exception as error:
            if (reason := self._why(error)) is not None:
                return f"{self.name}: {reason}"
        return None

    def _why(self, error: Exception) -> str | None:
        if (refused := refused_certificate(error)) is not None:
            kind, reason = refused
            look = {
                "wrong host name": f" Set {self.address} to a name that the certificate has.",
                "unknown authority": f" Name the authority's file in {self.authorities}.",
            }
            return f"{kind} in its certificate ({reason.rstrip('.')}).{look.get(kind, '')}"
        return next((told for kind, told in self.refusals.items() if type(error) is kind), None)


def refused_certificate(error: BaseException) -> tuple[str, str] | None:
    """What is wrong with a server's certificate, in two or three words and in OpenSSL's own; None
    when it is something else."""
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, ssl.SSLCertVerificationError):
            code = cause.verify_code
            kind = "wrong host name" if code in WRONG_HOST_NAME else "a defect"
            return (
                "unknown authority" if code in UNKNOWN_AUTHORITY else kind,
                cause.verify_message,
            )
        cause = cause.__cause__ or cause.__context__
    return None


async def refusals(peers: Iterable[Peer]) -> list[str]:
    """A line for each server that will not do; all are asked at once."""
    told = await asyncio.gather(*(peer.refusal() for peer in peers))
    return [line for line in told if line is not None]


class NoTls(Exception):
    """The database answers that it offers no TLS."""


def database(settings: Settings) -> Peer:
    """The service's database."""
    import asyncpg  # the stream worker has no database

    variable = variable_of("database_url", settings.service)
    url = urlsplit(settings.database_url)
    place = f"check {variable}."

    async def connect() -> None:
        try:
            connection = await asyncpg.connect(settings.database_url)
        except ConnectionError as error:
            if "rejected SSL upgrade" in str(error):  # asyncpg has no class for it
                raise NoTls from None
            raise
        await connection.close()

    return Peer(
        f"PostgreSQL at {url.hostname}:{url.port or 5432}",
        connect,
        variable,
        f"sslrootcert of {variable}",
        {
            asyncpg.InvalidPasswordError: f"it refuses the user or the password: {place}",
            asyncpg.InvalidAuthorizationSpecificationError: "its pg_hba.conf refuses the user, the "
            f"address or the missing TLS: {place}",
            asyncpg.InvalidCatalogNameError: f"it has no such database: {place}",
            asyncpg.InsufficientPrivilegeError: f"the user may not open the database: {place}",
            NoTls: f"it offers no TLS, which sslmode asks for: {place}",
        },
    )


def broker(settings: Settings) -> Peer:
    """The broker, as the service."""
    user, word = (
        variable_of(f"kafka_{name}", settings.service) for name in ("username", "password")
    )
    return broker_for(settings.kafka_client, user, word)


def broker_for(client: Mapping[str, Any], user: str, word: str) -> Peer:
    """A broker for the arguments of an aiokafka client, whose login these two variables hold."""
    arguments = dict(client)
    servers = arguments.pop("bootstrap_servers")
    login = f"it refuses the user or the password: check {user} and {word}."
    mechanism = "it does not take this way to log in: check KAFKA_SASL_MECHANISM."
    refusals: dict[type[Exception], str] = {
        kafka_errors.AuthenticationFailedError: login,
        kafka_errors.SaslAuthenticationFailed: login,
        kafka_errors.UnsupportedSaslMechanismError: mechanism,
        kafka_errors.IllegalSaslStateError: mechanism,
    }

    async def connect() -> None:
        """Ask one address after the other: one that takes us is enough."""
        failed: list[Exception] = []
        for host, port, _ in collect_hosts(servers, randomize=False):
            try:
                connection = await create_conn(host, port, **arguments)
            except (kafka_errors.KafkaError, OSError) as error:
                failed.append(error)
            else:
                connection.close()
                return
        raise next((e for e in failed if type(e) in refusals or refused_certificate(e)), failed[-1])

    return Peer(
        f"Kafka at {servers}", connect, "KAFKA_BOOTSTRAP_SERVERS", "KAFKA_CA_FILE", refusals
    )
