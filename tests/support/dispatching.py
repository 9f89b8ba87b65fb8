"""`python -m tests.support.dispatching [alerts]`: a process that sends what is due, once."""

import asyncio
import os
import sys

from services.notifications.delivery.jobs import messages
from services.notifications.escalations.jobs import alerts
from shared.database import Database
from shared.jobs import JobContext
from shared.settings import Settings


async def main() -> None:
    settings = Settings.model_validate_json(os.environ["DISPATCH_SETTINGS"])
    database = Database(settings.database_url, size=2)
    await database.open()
    context = JobContext(database, settings)
    await (alerts if sys.argv[1:] == ["alerts"] else messages).dispatch(context)
    await database.close()


asyncio.run(main())
