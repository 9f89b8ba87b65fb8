"""Raising risk flags."""

from collections.abc import Sequence
from uuid import UUID

from services.intake.risk.rules import Finding
from shared.database import Transaction


async def raise_flags(
    tx: Transaction, client_id: UUID, site_id: UUID, findings: Sequence[Finding]
) -> list[UUID]:
    """Raise a flag for each finding; publishes RiskFlagRaised.

    A client's open flag of the same kind is not doubled: it only becomes more severe.
    """
    return []
