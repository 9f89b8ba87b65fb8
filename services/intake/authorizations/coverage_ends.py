"""The end of an insurance, with what was entered for it."""

from uuid import UUID

from services.intake.authorizations.alarms import Found, note_alarms
from services.intake.authorizations.settlement import settle
from services.intake.coverage import commands
from services.intake.coverage.schemas import Coverage, CoverageEnd
from shared.database import Transaction

WITHDRAW = """
UPDATE authorizations SET withdrawn = 'entered_in_error', version = version + 1
WHERE coverage_id = $1 AND withdrawn IS NULL RETURNING id, valid_from, valid_until
"""
REST = "UPDATE certifications SET look_at = NULL WHERE coverage_id = $1 RETURNING id, recertify_by"


async def end_coverage(
    tx: Transaction, coverage_id: UUID, expected: int, end: CoverageEnd
) -> Coverage:
    """As `coverage.commands.end_coverage`. Of an insurance that was entered in error nothing holds:
    its grants are withdrawn, their days go to others, and its certifications alarm nobody any more.
    """
    ended = await commands.end_coverage(tx, coverage_id, expected, end)
    if not ended.entered_in_error:
        return ended
    grants = await tx.fetch(WITHDRAW, coverage_id)
    if grants:
        first = min(row["valid_from"] for row in grants)
        last = max(row["valid_until"] for row in grants)
        entered = [row["id"] for row in grants]
        await settle(tx, {ended.client_id: (first, last)}, entered=entered)
    await note_alarms(
        tx,
        [
            Found(row["id"], ended.client_id, ended.site_id, frozenset(), None, row["recertify_by"])
            for row in await tx.fetch(REST, coverage_id)
        ],
    )
    return ended
