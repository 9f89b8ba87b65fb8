"""The job that sends digests."""

from services.notifications.delivery.channels.opening import open_channels
from services.notifications.digest.commands import next_digest, plan_digests, send_digest
from shared.database import ALL_SITES
from shared.jobs import Job, JobContext


async def send_digests(context: JobContext) -> int:
    """Plan and send what is due, a transaction each; how many digests were dealt with."""
    done = 0
    async with context.database.transaction(ALL_SITES) as tx:
        await plan_digests(tx)
    async with open_channels(context.settings) as channels:
        while True:
            async with context.database.transaction(ALL_SITES) as tx:
                if await send_digest(tx, channels["email"]) == 0:
                    return done
            done += 1


digest_job = Job(name="send digests", next_due=next_digest, run=send_digests)
