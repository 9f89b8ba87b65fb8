"""The dispatch job: sends the messages to clients that are due; `queue` says how."""

from services.notifications.delivery.messages import due_messages
from services.notifications.delivery.queue import Queue
from shared.jobs import Job

messages = Queue(kinds="kind <> 'staff_alert'", number=1, due=due_messages)
"""The messages to clients."""

dispatch_job = Job("dispatch", messages.next_due, messages.dispatch, messages.next_due_query)
