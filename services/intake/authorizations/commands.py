"""Entering, changing and withdrawing authorizations."""

from typing import Any
from uuid import UUID

import asyncpg

from services.intake.authorizations.alarms import forget_cleared
from services.intake.authorizations.queries import show_authorization
from services.intake.authorizations.schemas import (
    Authorization,
    AuthorizationDetails,
    AuthorizationWithdrawal,
)
from services.intake.authorizations.settlement import settle
from services.intake.coverage.commands import EnteredInError
from services.intake.coverage.queries import show_coverage
from services.intake.coverage.schemas import Coverage
from services.intake.payers.policy import codes, terms
from services.intake.referrals.queries import lock
from shared.database import Statement, Transaction, insert, update
from shared.errors import Conflict, Invalid, require_version
from shared.ids import new_id

NUMBER = "one_authorization_a_number"


class UnknownCode(Invalid, title="Unknown billing code"):
    """The code is not on the list, so that nobody knows what a unit of it is."""


class OutsideCoverage(Invalid, title="Outside the coverage"):
    """The authorization and the coverage have no day in common."""


class NumberKnown(Conflict, title="Authorization is known"):
    """The coverage has an authorization of this number for this code."""


class Withdrawn(Conflict, title="Authorization was withdrawn"):
    """The authorization no longer holds."""


async def add_authorization(
    tx: Transaction, coverage_id: UUID, new: AuthorizationDetails, *, entered_by: str
) -> Authorization:
    """Enter a grant. Days that were attended before take their units of it at once.

    Raises:
        NotFound: no such coverage.
        EnteredInError: the coverage was taken back.
        UnknownCode, OutsideCoverage: it cannot be so.
        NumberKnown: it was entered before.
    """
    coverage = await lock(tx, show_coverage, coverage_id)
    if coverage.entered_in_error:
        raise EnteredInError("This coverage was entered in error: enter another one.")
    row = {
        "id": new_id(),
        "coverage_id": coverage_id,
        "client_id": coverage.client_id,
        "site_id": coverage.site_id,
        **_granted(coverage, new),
        "entered_by": entered_by,
        "entered_at": tx.now,
    }
    await _enter(tx, insert("authorizations", row))
    touched = {coverage.client_id: (new.valid_from, new.valid_until)}
    await settle(tx, touched, entered=[row["id"]])
    return await show_authorization(tx, row["id"])


async def change_authorization(
    tx: Transaction, authorization_id: UUID, expected: int, changed: AuthorizationDetails
) -> Authorization:
    """Change a grant, for instance by an extension; units are reckoned anew. Of one that was
    extended it is told anew when it comes to its end.

    Raises:
        NotFound: no such authorization.
        StaleVersion: somebody changed it meanwhile.
        Withdrawn, UnknownCode, OutsideCoverage, NumberKnown: it cannot be so.
    """
    known = await _locked(tx, authorization_id, expected)
    granted = _granted(await show_coverage(tx, known.coverage_id), changed)
    used = min(known.units_used, changed.units_granted)
    changes = {**granted, "units_used": used}
    await _enter(tx, update("authorizations", changes, where={"id": authorization_id}))
    first = min(known.valid_from, changed.valid_from)
    touched = {known.client_id: (first, max(known.valid_until, changed.valid_until))}
    await settle(tx, touched, entered=[authorization_id])
    if changed.units_granted > known.units_granted or changed.valid_until > known.valid_until:
        await forget_cleared(tx, authorization_id)
    return await show_authorization(tx, authorization_id)


async def withdraw_authorization(
    tx: Transaction, authorization_id: UUID, expected: int, withdrawal: AuthorizationWithdrawal
) -> Authorization:
    """Let a grant no longer hold: its days go to others, or are without one.

    Raises:
        NotFound: no such authorization.
        StaleVersion: somebody changed it meanwhile.
        Withdrawn: it was withdrawn before.
    """
    known = await _locked(tx, authorization_id, expected)
    withdrawn = {"withdrawn": withdrawal.reason}
    await tx.execute(*update("authorizations", withdrawn, where={"id": authorization_id}))
    touched = {known.client_id: (known.valid_from, known.valid_until)}
    await settle(tx, touched, entered=[authorization_id])
    return await show_authorization(tx, authorization_id)


async def _locked(tx: Transaction, authorization_id: UUID, expected: int) -> Authorization:
    known = await lock(tx, show_authorization, authorization_id)
    require_version(known.version, expected)
    if known.withdrawn is not None:
        raise Withdrawn("This authorization was withdrawn: enter another one.")
    return known


def _granted(coverage: Coverage, details: AuthorizationDetails) -> dict[str, Any]:
    """What is granted, with what a unit of it is."""
    code = codes().get(details.code)
    if code is None:
        raise UnknownCode(f"The known codes are {', '.join(sorted(codes()))}.", pointer="/code")
    if details.valid_until < coverage.effective_from:
        raise OutsideCoverage("It ends before the coverage begins.", pointer="/valid_until")
    if coverage.effective_until is not None and details.valid_from > coverage.effective_until:
        raise OutsideCoverage("It begins after the coverage has ended.", pointer="/valid_from")
    rule = terms(coverage.payer, coverage.kind).unit_rule(code)
    return {**details.model_dump(), "unit_rule": rule.model_dump_json()}


async def _enter(tx: Transaction, statement: Statement) -> None:
    try:
        await tx.execute(*statement)
    except asyncpg.UniqueViolationError as error:
        if error.constraint_name != NUMBER:
            raise
        raise NumberKnown(
            "This number was entered for this code before.", pointer="/number"
        ) from None
