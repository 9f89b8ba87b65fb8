"""Which calls of webhooks were refused."""

from services.notifications.webhooks.schemas import WebhookRefusal, WebhookRefusals
from shared.database import Transaction, select

REFUSALS = f"""
{select(WebhookRefusal, "refused_webhooks")} ORDER BY day DESC, provider, reason LIMIT 1000
"""


async def list_refusals(tx: Transaction) -> WebhookRefusals:
    """The latest thousand days, providers and reasons."""
    rows = await tx.fetch(REFUSALS)
    return WebhookRefusals(refusals=[WebhookRefusal(**dict(row)) for row in rows])
