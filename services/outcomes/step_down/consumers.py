"""What may make a client ready to step down: new figures, new scores, an admission."""

from services.outcomes.engagement.commands import hold_clients, keep_engagement
from services.outcomes.step_down.commands import evaluate_clients
from shared.contracts.intake import ClientEnrolled, ScreeningCompleted
from shared.contracts.outcomes import EngagementChanged
from shared.database import Transaction
from shared.messaging.consumer import Consumers, Received

consumers = Consumers()


@consumers.on_many(EngagementChanged)
async def engagement_changed(tx: Transaction, received: list[Received[EngagementChanged]]) -> None:
    changed = set(await keep_engagement(tx, [one.event for one in received]))
    causes = {one.event.client_id: one for one in received if one.event.client_id in changed}
    if causes:
        await evaluate_clients(tx, causes)


@consumers.on_many(ScreeningCompleted, "scores")
async def screenings_completed(
    tx: Transaction, received: list[Received[ScreeningCompleted]]
) -> None:
    await hold_clients(tx, [one.event for one in received])
    await evaluate_clients(tx, {one.event.client_id: one for one in received})


@consumers.on_many(ClientEnrolled, "episodes")
async def clients_enrolled(tx: Transaction, received: list[Received[ClientEnrolled]]) -> None:
    await hold_clients(tx, [one.event for one in received])
    await evaluate_clients(tx, {one.event.client_id: one for one in received})
