"""The job that tells staff: sends the alerts that are due, the same way as clients are told."""

from services.notifications.delivery.queue import Queue
from services.notifications.escalations.alerts import due_alerts
from shared.jobs import Job

alerts = Queue(kinds="kind = 'staff_alert'", number=2, due=due_alerts)
"""The alerts to staff."""

alert_job = Job("alert staff", alerts.next_due, alerts.dispatch, alerts.next_due_query)
