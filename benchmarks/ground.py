"""The servers that a benchmark works on, and settings for code that runs in its own process."""

import contextlib
import shutil
import tempfile
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID, uuid4

import asyncpg

from shared.contracts.intake import ReferralReceived
from shared.settings import Settings
from stepwell.runtime.disposable import Stack
from stepwell.runtime.roles import owner

SITE = UUID(int=1)


@dataclass(frozen=True)
class Ground:
    """A database and topics of one's own for one service."""

    stack: Stack
    service: str
    database_url: str
    prefix: str

    @property
    def settings(self) -> Settings:
        return Settings(
            service=self.service,
            environment="local",
            database_url=self.database_url,
            kafka_bootstrap_servers=self.stack.kafka.bootstrap_servers,
            kafka_security_protocol="SASL_PLAINTEXT",
            kafka_username=self.service,
            kafka_password=self.stack.kafka_passwords[self.service],
            kafka_topic_prefix=self.prefix,
            oidc_issuer="http://127.0.0.1:9",
        )

    @property
    def database(self) -> str:
        return self.database_url.rpartition("/")[2].partition("?")[0]

    async def as_owner(self, statement: str) -> None:
        """Run a statement that makes a table of the benchmark's own."""
        async with connection(self.stack.url(self.database, owner(self.service))) as own:
            await own.execute(statement)


@contextlib.contextmanager
def servers() -> Iterator[Stack]:
    """Fresh servers, thrown away at the end."""
    folder = Path(tempfile.mkdtemp(prefix="stepwell-bench-"))
    stack = Stack.start(folder)
    try:
        yield stack
    finally:
        stack.stop()
        shutil.rmtree(folder, ignore_errors=True)


async def ground(stack: Stack, service: str, *, prefix: str | None = None) -> Ground:
    """A new database for `service`; new topics, or those of `prefix`."""
    return Ground(
        stack=stack,
        service=service,
        database_url=await stack.database(service),
        prefix=prefix or await stack.topics(),
    )


@contextlib.asynccontextmanager
async def connection(url: str) -> AsyncIterator["asyncpg.Connection[asyncpg.Record]"]:
    """A connection for the block."""
    own = await asyncpg.connect(url)
    try:
        yield own
    finally:
        await own.close()


def referral(client: UUID, at: object) -> ReferralReceived:
    """An event of common size."""
    return ReferralReceived.model_validate(
        {
            "client_id": client,
            "site_id": SITE,
            "referral_id": uuid4(),
            "source": "self",
            "received_at": at,
        }
    )
