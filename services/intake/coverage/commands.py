"""Entering, changing and ending an insurance."""

from datetime import date
from functools import partial
from uuid import UUID

from services.intake.coverage.queries import coverage_of, show_coverage
from services.intake.coverage.schemas import (
    ChangedCoverage,
    Coverage,
    CoverageDetails,
    CoverageEnd,
    NewCoverage,
)
from services.intake.payers.policy import Payer, payers, terms
from services.intake.referrals.queries import lock, show_client
from shared.database import Transaction, insert, update
from shared.errors import Conflict, Invalid, require_version
from shared.ids import new_id

OVERLAPS = """
SELECT EXISTS (
  SELECT FROM coverages
  WHERE client_id = ANY (platform.records_of($1)) AND id <> $2 AND priority = $3
    AND NOT entered_in_error
    AND ($5::date IS NULL OR effective_from <= $5)
    AND (effective_until IS NULL OR effective_until >= $4)
)
"""


class UnknownPayer(Invalid):
    """The payer is not on the list, or is one of another kind."""


class OverlappingCoverage(Conflict, title="Coverages overlap"):
    """Two coverages would both be first, or both second, on one day."""


class EnteredInError(Conflict, title="Was entered in error"):
    """It was taken back: nothing of it holds any more."""


class ImpossibleEnd(Invalid, title="Impossible last day"):
    """An end before the beginning, or after the end that is known."""


async def add_coverage(
    tx: Transaction, client_id: UUID, new: NewCoverage, *, entered_by: str
) -> Coverage:
    """Enter an insurance of a client; the answer shows the end of its member id only.

    Raises:
        NotFound: no such client.
        UnknownPayer: not on the list with this kind.
        OverlappingCoverage: another one of the same priority holds on some of its days.
    """
    client = await show_client(tx, client_id, lock=True)
    entered = {
        "id": new_id(),
        "client_id": client_id,
        "site_id": client.site_id,
        **new.model_dump(),
        "requires_authorization": payer_of(new).requires_authorization,
        "entered_by": entered_by,
        "entered_at": tx.now,
    }
    await _require_room(tx, client_id, entered["id"], new)
    await tx.execute(*insert("coverages", entered))
    return coverage_of({**entered, "entered_in_error": False, "version": 1}, in_full=False)


async def change_coverage(
    tx: Transaction, coverage_id: UUID, expected: int, changed: ChangedCoverage
) -> Coverage:
    """Change an insurance. Units of authorizations stay as they are: they go by their own days.

    Raises:
        NotFound: no such coverage.
        StaleVersion: somebody changed it meanwhile.
        EnteredInError, UnknownPayer, OverlappingCoverage: it cannot be so.
    """
    known = await _locked(tx, coverage_id, expected)
    changes = {
        **changed.model_dump(),
        "member_id": changed.member_id or known.member_id,
        "requires_authorization": payer_of(changed).requires_authorization,
    }
    await _require_room(tx, known.client_id, coverage_id, changed)
    await tx.execute(*update("coverages", changes, where={"id": coverage_id}))
    return known.changed(**changes)


async def end_coverage(
    tx: Transaction, coverage_id: UUID, expected: int, end: CoverageEnd
) -> Coverage:
    """Let an insurance end on a day, or say that it was entered in error.

    Raises:
        NotFound: no such coverage.
        StaleVersion: somebody changed it meanwhile.
        EnteredInError: it was taken back before.
        ImpossibleEnd: the day lies before its first one, or after its last one.
    """
    known = await _locked(tx, coverage_id, expected)
    require_end(end, known.effective_from, known.effective_until)
    last = end.last_day or known.effective_until
    changes = {"effective_until": last, "entered_in_error": end.entered_in_error}
    await tx.execute(*update("coverages", changes, where={"id": coverage_id}))
    return known.changed(**changes)


def require_end(end: CoverageEnd, first: date, last: date | None) -> None:
    """Refuse a last day that does not shorten what holds.

    Raises:
        ImpossibleEnd: it lies before the first day, or after the last one.
    """
    if end.last_day is None:
        return
    if end.last_day < first:
        raise ImpossibleEnd("The last day lies before the first one.", pointer="/last_day")
    if last is not None and end.last_day > last:
        raise ImpossibleEnd("It ends earlier than that by itself.", pointer="/last_day")


def payer_of(details: CoverageDetails) -> Payer:
    """What holds for the payer.

    Raises:
        UnknownPayer: not on the list with this kind.
    """
    if details.payer is not None:
        listed = payers().get(details.payer)
        if listed is None or listed.kind != details.kind:
            raise UnknownPayer(
                "No payer of this kind has that id: see GET /payers, or give payer_name.",
                pointer="/payer",
            )
    return terms(details.payer, details.kind)


async def _locked(tx: Transaction, coverage_id: UUID, expected: int) -> Coverage:
    """The coverage in full, while nobody else changes it."""
    known = await lock(tx, partial(show_coverage, in_full=True), coverage_id)
    require_version(known.version, expected)
    if known.entered_in_error:
        raise EnteredInError("This coverage was entered in error: enter another one.")
    return known


async def _require_room(
    tx: Transaction, client_id: UUID, coverage_id: UUID, details: CoverageDetails
) -> None:
    if await tx.fetchval(
        OVERLAPS,
        client_id,
        coverage_id,
        details.priority,
        details.effective_from,
        details.effective_until,
    ):
        raise OverlappingCoverage(
            f"Another {details.priority} coverage holds on some of these days: end it first.",
            pointer="/effective_from",
        )
