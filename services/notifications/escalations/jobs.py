"""The job that tells staff: sends the alerts that are due, the same way as clients are told."""

from services.notifications.delivery.queue import Queue
from services.notifications.escalations.alerts import due_alerts
from services.notifications.escalations.policy import alert_policy
from shared.jobs import Job

alerts = Queue(
    kinds="kind = 'staff_alert'",
    number=2,
    due=due_alerts,
    backoff=lambda site_id: alert_policy(site_id).backoff,
)
"""The alerts to staff."""

alert_job = Job("alert staff", alerts.next_due, alerts.dispatch, alerts.next_due_query)
