"""`python -m tests.support.dispatching`: a process that sends what is due, once."""

import asyncio
import os

from services.notifications.delivery.dispatch import messages
from shared.database import Database
from shared.jobs import JobContext
from shared.settings import Settings


async def main() -> None:
    settings = Settings.model_validate_json(os.environ["DISPATCH_SETTINGS"])
    database = Database(settings.database_url, size=2)
    await database.open()
    await messages.dispatch(JobContext(database, settings))
    await database.close()


asyncio.run(main())
