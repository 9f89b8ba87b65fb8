"""The notifications service, declared."""

from services.notifications.consents.consumers import consumers as consents
from services.notifications.contacts.consumers import consumers as contacts
from services.notifications.delivery.channels.email import mail_server
from services.notifications.delivery.consumers import consumers as delivery
from services.notifications.delivery.jobs import dispatch_job, messages
from services.notifications.delivery.routes import router
from services.notifications.digest.consumers import consumers as digest
from services.notifications.digest.jobs import digest_job, plan_job
from services.notifications.escalations.consumers import consumers as escalations
from services.notifications.escalations.jobs import alert_job, alerts
from services.notifications.escalations.routes import router as escalation_routes
from services.notifications.escalations.routes import task_router
from services.notifications.opt_outs.consumers import consumers as opt_outs
from services.notifications.planning.consumers import consumers as planning
from services.notifications.planning.routes import router as rule_router
from services.notifications.sites.consumers import consumers as sites
from services.notifications.stays.consumers import consumers as stays
from services.notifications.texts.consumers import consumers as texts
from services.notifications.timeline.jobs import forget_job
from services.notifications.timeline.routes import router as timeline_routes
from services.notifications.undelivered.routes import router as undelivered_routes
from services.notifications.webhooks.routes import one_click
from services.notifications.webhooks.routes import router as webhooks
from services.notifications.webhooks.routes import staff as webhook_routes
from shared.merges import consumers as merge_consumers
from shared.service import Service

service = Service(
    name="notifications",
    title="Stepwell notifications",
    description=(
        "Reminds clients of sessions and reaches out after a missed one, in neutral words and "
        "never in quiet hours. Shows which messages there are and how they went, never what they "
        "said or where they went. Tells staff that something needs them, without saying what."
    ),
    routers=[
        webhook_routes,
        router,
        escalation_routes,
        task_router,
        rule_router,
        timeline_routes,
        undelivered_routes,
        webhooks,
        one_click,
    ],
    consumers=[
        merge_consumers,
        contacts,
        opt_outs,
        consents,
        stays,
        sites,
        texts,
        delivery,
        planning,
        escalations,
        digest,
    ],
    jobs=[dispatch_job, alert_job, plan_job, digest_job, forget_job],
    peers=[mail_server],
    waiting={"sending": messages.sending, "alerting": alerts.sending},
)
