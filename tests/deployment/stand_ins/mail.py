"""Takes mail on the port of Mailpit and forgets it; how many came stands on the terminal."""

import asyncio
import itertools
from typing import Any

from aiosmtpd.smtp import SMTP

numbers = itertools.count(1)


class Sink:
    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
        print(f"message {next(numbers)}", flush=True)
        return "250 Message taken"


async def serve() -> None:
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: SMTP(Sink(), enable_SMTPUTF8=True), "0.0.0.0", 1025)
    await server.serve_forever()


asyncio.run(serve())
