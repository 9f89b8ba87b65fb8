"""Stays that end as stepped up, as intake tells them."""

from services.scheduling.step_up.commands import hold_at_step_up
from shared.contracts.intake import EpisodeStateChanged
from shared.database import Transaction
from shared.messaging.consumer import Consumers, Received

consumers = Consumers()


@consumers.on_many(EpisodeStateChanged)
async def episodes_changed(tx: Transaction, received: list[Received[EpisodeStateChanged]]) -> None:
    for one in received:
        if one.event.to_state == "stepped_up":
            await hold_at_step_up(tx, one.event.client_id, one.event.site_id, one)
