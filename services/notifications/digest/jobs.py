"""The jobs that plan and send digests."""

from services.notifications.delivery.channels.opening import open_channels
from services.notifications.digest.commands import PENDING, next_digest, plan_digests, send_digest
from shared.database import ALL_SITES
from shared.jobs import Job, JobContext


async def send_digests(context: JobContext) -> int:
    """Send what is due, a transaction each; how many digests were dealt with."""
    done = 0
    async with open_channels(context.settings) as channels:
        while True:
            async with context.database.transaction(ALL_SITES) as tx:
                if await send_digest(tx, channels["email"]) == 0:
                    return done
            done += 1


plan_job = Job.of("plan digests", next_digest, plan_digests)
"""Due when the next digest of a recipient is; nobody is asked where there are no recipients."""
digest_job = Job.asked("send digests", PENDING, send_digests)
