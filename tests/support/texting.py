"""A provider of text messages and the service's webhooks, both on real ports."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from uuid import uuid4

import asyncpg
import httpx
import uvicorn
from ruamel.yaml import YAML

from services.notifications.delivery.channels import guards
from services.notifications.service import service
from shared import clock
from shared.contracts.intake import ContactDetailsChanged
from shared.database import ALL_SITES
from stepwell.runtime.disposable import free_ports
from stepwell.runtime.texting import TextProvider
from tests.support.apis import app_of
from tests.support.bounces import SECRET
from tests.support.notifications import DENVER_SITE, Client, Desk
from tests.support.system import serve

NUMBER = "+16215550123"
"""Of an area code that phonenumbers calls invalid and Houston has."""
SENDER = "+13035550199"
HOURS = timedelta(hours=5)
"""From now to a session whose reminder is due now."""
TOKEN = "a-token-for-tests"


def texted(
    client: Client, number: str = NUMBER, *, email: str | None = None
) -> ContactDetailsChanged:
    """A client who wants text messages."""
    return ContactDetailsChanged(
        client_id=client.id,
        site_id=DENVER_SITE,
        channel="email" if email else "log",
        email=email,
        phone=number,
        time_zone=None,
        preferred="sms",
        changed_at=clock.now(),
    )


@dataclass
class Texting:
    """A desk whose clients can be written to by text message."""

    desk: Desk
    provider: TextProvider
    second: TextProvider
    public_url: str
    api: httpx.AsyncClient

    async def remind(self, client: Client, **details: str) -> None:
        """A client with a reminder that is due now."""
        await self.desk.introduce(texted(client, **details))
        await self.desk.tell(client.agrees(channels=["sms", "email", "voice"]))
        await self.desk.tell(client.expected(self.desk.now + HOURS))

    async def settle(self) -> None:
        """Send what is due, and let all reports be told and read."""
        await self.desk.dispatch()
        await self.provider.reported()
        await self.second.reported()
        await self.desk.dispatch()

    async def get(self, path: str, role: str = "counselor") -> httpx.Response:
        return await self.api.get(path, headers={"Authorization": f"Bearer {role}"})

    async def post(self, path: str, role: str = "site_manager") -> httpx.Response:
        headers = {"Authorization": f"Bearer {role}", "Idempotency-Key": str(uuid4())}
        return await self.api.post(path, headers=headers)

    async def rows(self, query: str, *args: object) -> list[asyncpg.Record]:
        async with self.desk.database.transaction(ALL_SITES) as tx:
            return await tx.fetch(query, *args)


@contextlib.asynccontextmanager
async def open_texting(desk: Desk, folder: Path) -> AsyncIterator[Texting]:
    """Both providers, the webhooks, and a desk that knows of them."""
    ports = free_ports(3)
    public = f"http://127.0.0.1:{ports[0]}"
    made = [
        TextProvider(f"AC{n}", TOKEN, now=clock.now, replies_to=f"{public}/webhooks/{name}/replies")
        for n, name in enumerate(("main", "second"))
    ]
    accounts = [
        {
            "name": name,
            "base_url": f"http://127.0.0.1:{port}",
            "account": provider.account,
            "token": TOKEN,
            "sender": SENDER,
            "per_second": 5_000,
            "timeout_seconds": 0.5,
        }
        for name, port, provider in zip(("main", "second"), ports[1:], made, strict=True)
    ]
    file = folder / "channels.yaml"
    bounces = {"return_path": "returned@example.test", "secret": SECRET}
    known = {"public_url": public, "sms": accounts, "voice": accounts[:1], "bounces": bounces}
    YAML().dump(known, file)
    guards._GUARDS.clear()
    desk.settings = desk.settings.model_copy(update={"channels_file": str(file)})
    app = app_of(service)
    app.state.database, app.state.settings = desk.database, desk.settings
    apps = (app, *(provider.application() for provider in made))
    servers = [
        uvicorn.Server(uvicorn.Config(one, log_config=None, access_log=False, lifespan="off"))
        for one in apps
    ]
    serving = [serve(server, port) for server, port in zip(servers, ports, strict=True)]
    try:
        async with httpx.AsyncClient(base_url=public, trust_env=False) as api:
            yield Texting(desk, made[0], made[1], public, api)
    finally:
        for provider in made:
            await provider.close()
        for server in servers:
            server.should_exit = True
        await asyncio.gather(*serving)
