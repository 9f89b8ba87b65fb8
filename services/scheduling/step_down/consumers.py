"""Step-downs, as intake tells them, and clients who come back."""

from services.scheduling.step_down.commands import come_back, step_down
from shared.contracts.intake import ClientEnrolled, ClientSteppedDown
from shared.messaging.consumer import Consumers

consumers = Consumers()
consumers.on_many(ClientSteppedDown)(step_down)
consumers.give(ClientEnrolled, come_back)
