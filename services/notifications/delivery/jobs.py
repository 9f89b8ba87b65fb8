"""The dispatch job: sends the messages to clients that are due; `queue` says how."""

from services.notifications.delivery.messages import due_messages
from services.notifications.delivery.queue import Queue
from services.notifications.timing.policy import timing_policy
from shared.jobs import Job

messages = Queue(
    kinds="kind <> 'staff_alert'",
    number=1,
    due=due_messages,
    backoff=lambda site_id: timing_policy(site_id).backoff,
)
"""The messages to clients."""

dispatch_job = Job("dispatch", messages.next_due, messages.dispatch, messages.next_due_query)
