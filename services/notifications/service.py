"""The notifications service, declared."""

from services.notifications.contacts.consumers import consumers as contacts
from services.notifications.delivery.dispatch import dispatch_job
from services.notifications.delivery.queries import sending
from services.notifications.delivery.routes import router
from services.notifications.outreach.consumers import consumers as outreach
from services.notifications.reminders.consumers import consumers as reminders
from shared.service import Service

service = Service(
    name="notifications",
    title="Stepwell notifications",
    description=(
        "Reminds clients of sessions and reaches out after a missed one, in neutral words and "
        "never in quiet hours. Shows which messages there are and how they went, never what they "
        "said or where they went."
    ),
    routers=[router],
    consumers=[contacts, reminders, outreach],
    jobs=[dispatch_job],
    waiting={"sending": sending},
)
