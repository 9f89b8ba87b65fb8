"""The notifications service, declared."""

from fastapi import APIRouter

from services.notifications.delivery.channels.email import mail_server
from services.notifications.delivery.jobs import messages
from services.notifications.escalations.jobs import alerts
from shared.capabilities import Capabilities
from shared.jobs import Job
from shared.merges import consumers as merge_consumers
from shared.messaging.handlers import Consumers
from shared.service import Service

capabilities = Capabilities(
    "notifications",
    "webhooks contacts opt_outs consents stays sites texts delivery escalations planning digest "
    "timeline undelivered",
)

service = Service(
    name="notifications",
    title="Stepwell notifications",
    description=(
        "Reminds clients of sessions and reaches out after a missed one, in neutral words and "
        "never in quiet hours. Shows which messages there are and how they went, never what they "
        "said or where they went. Tells staff that something needs them, without saying what."
    ),
    routers=capabilities.all(APIRouter),
    consumers=(merge_consumers, *capabilities.all(Consumers)),
    jobs=capabilities.all(Job),
    peers=[mail_server],
    waiting={"sending": messages.sending, "alerting": alerts.sending},
)
