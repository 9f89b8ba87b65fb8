"""What intake finds that makes a seat urgent."""

from services.scheduling.waiting.commands import Found, note_findings
from services.scheduling.waiting.policy import Finding, waiting_policy
from shared.contracts.intake import LevelOfCareSigned, RiskFlagRaised
from shared.database import Transaction
from shared.messaging.consumer import Consumers, Received

consumers = Consumers()


@consumers.on_many(RiskFlagRaised)
async def flags_raised(tx: Transaction, received: list[Received[RiskFlagRaised]]) -> None:
    found = []
    for event in (one.event for one in received):
        finding: Finding = "risk_high" if event.severity == "high" else "risk_moderate"
        found.append(Found(event.client_id, event.site_id, finding, event.raised_at, holds=True))
    await note_findings(tx, found)


@consumers.on_many(LevelOfCareSigned)
async def levels_signed(tx: Transaction, received: list[Received[LevelOfCareSigned]]) -> None:
    found = []
    for event in (one.event for one in received):
        above = waiting_policy(event.site_id).urgency.levels_above
        waits_below = event.recommended_level in above and event.final_level not in above
        found.append(
            Found(event.client_id, event.site_id, "level_above", event.signed_at, holds=waits_below)
        )
    await note_findings(tx, found)
