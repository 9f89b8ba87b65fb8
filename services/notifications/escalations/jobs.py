"""The job that tells staff: sends the alerts that are due."""

from services.notifications.delivery.channels.opening import Channels
from services.notifications.delivery.queue import Queue
from services.notifications.escalations.sending import (
    Alert,
    Outcome,
    due_alerts,
    send,
    settled,
    untouched,
    write_outcomes,
)
from shared.database import Transaction
from shared.jobs import Job, JobContext


def alerts(portal_url: str) -> Queue[Alert, Outcome]:
    """The alerts to staff; they name a place at the portal, whose base URL is a setting."""

    async def send_with_portal(tx: Transaction, channels: Channels, alert: Alert) -> Outcome:
        return await send(tx, channels, alert, portal_url)

    return Queue(
        table="staff_alerts",
        order="n.id",
        lock=2,
        due=due_alerts,
        settled=settled,
        send=send_with_portal,
        untouched=untouched,
        write=write_outcomes,
    )


async def alert_staff(context: JobContext) -> int:
    """Send the alerts that are due; how many were dealt with."""
    return await alerts(context.settings.portal_url).dispatch(context)


WITHOUT_PORTAL = alerts("")
"""For what asks how many alerts there are and when, and sends none."""
alert_job = Job(name="alert staff", next_due=WITHOUT_PORTAL.next_due, run=alert_staff)
