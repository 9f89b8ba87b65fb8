"""Entering, changing and withdrawing authorizations."""

from uuid import UUID

import asyncpg

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
from services.intake.payers.policy import UnitRule, codes, terms
from services.intake.referrals.queries import hold_client
from shared.database import Transaction
from shared.errors import Conflict, Invalid, require_version
from shared.ids import new_id

INSERT = """
INSERT INTO authorizations
  (id, coverage_id, client_id, site_id, number, code, unit_rule, units_granted, valid_from,
   valid_until, next_review, entered_by, entered_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)
"""
CHANGE = """
UPDATE authorizations SET number = $2, code = $3, unit_rule = $4, units_granted = $5,
  units_used = least(units_used, $5), valid_from = $6, valid_until = $7, next_review = $8,
  version = version + 1
WHERE id = $1
"""
WITHDRAW = "UPDATE authorizations SET withdrawn = $2, version = version + 1 WHERE id = $1"
NUMBER = "one_authorization_a_number"


class UnknownCode(Invalid):
    """The code is not on the list, so that nobody knows what a unit of it is."""

    title = "Unknown billing code"


class OutsideCoverage(Invalid):
    """The authorization and the coverage have no day in common."""

    title = "Outside the coverage"


class NumberKnown(Conflict):
    """The coverage has an authorization of this number for this code."""

    title = "Authorization is known"


class Withdrawn(Conflict):
    """The authorization no longer holds."""

    title = "Authorization was withdrawn"


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
    seen = await show_coverage(tx, coverage_id)
    await hold_client(tx, seen.client_id)
    coverage = await show_coverage(tx, coverage_id)
    if coverage.entered_in_error:
        raise EnteredInError("This coverage was entered in error: enter another one.")
    rule = _rule(coverage, new)
    id_ = new_id()
    try:
        await tx.execute(
            INSERT,
            id_,
            coverage_id,
            coverage.client_id,
            coverage.site_id,
            new.number,
            new.code,
            rule.model_dump_json(),
            new.units_granted,
            new.valid_from,
            new.valid_until,
            new.next_review,
            entered_by,
            tx.now,
        )
    except asyncpg.UniqueViolationError as error:
        raise _known_number(error) from None
    await settle(tx, {coverage.client_id: (new.valid_from, new.valid_until)})
    return await show_authorization(tx, id_)


async def change_authorization(
    tx: Transaction, authorization_id: UUID, expected: int, changed: AuthorizationDetails
) -> Authorization:
    """Change a grant, for instance by an extension; units are reckoned anew.

    Raises:
        NotFound: no such authorization.
        StaleVersion: somebody changed it meanwhile.
        Withdrawn, UnknownCode, OutsideCoverage, NumberKnown: it cannot be so.
    """
    known = await _held(tx, authorization_id, expected)
    rule = _rule(await show_coverage(tx, known.coverage_id), changed)
    try:
        await tx.execute(
            CHANGE,
            authorization_id,
            changed.number,
            changed.code,
            rule.model_dump_json(),
            changed.units_granted,
            changed.valid_from,
            changed.valid_until,
            changed.next_review,
        )
    except asyncpg.UniqueViolationError as error:
        raise _known_number(error) from None
    first = min(known.valid_from, changed.valid_from)
    await settle(tx, {known.client_id: (first, max(known.valid_until, changed.valid_until))})
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
    known = await _held(tx, authorization_id, expected)
    await tx.execute(WITHDRAW, authorization_id, withdrawal.reason)
    await settle(tx, {known.client_id: (known.valid_from, known.valid_until)})
    return await show_authorization(tx, authorization_id)


async def _held(tx: Transaction, authorization_id: UUID, expected: int) -> Authorization:
    """The authorization, after its client, so that everybody waits in one order."""
    seen = await show_authorization(tx, authorization_id)
    await hold_client(tx, seen.client_id)
    known = await show_authorization(tx, authorization_id)
    require_version(known.version, expected)
    if known.withdrawn is not None:
        raise Withdrawn("This authorization was withdrawn: enter another one.")
    return known


def _rule(coverage: Coverage, details: AuthorizationDetails) -> UnitRule:
    code = codes().get(details.code)
    if code is None:
        raise UnknownCode(f"The known codes are {', '.join(sorted(codes()))}.", pointer="/code")
    if details.valid_until < coverage.effective_from:
        raise OutsideCoverage("It ends before the coverage begins.", pointer="/valid_until")
    if coverage.effective_until is not None and details.valid_from > coverage.effective_until:
        raise OutsideCoverage("It begins after the coverage has ended.", pointer="/valid_from")
    return terms(coverage.payer, coverage.kind).unit_rule(code)


def _known_number(error: asyncpg.UniqueViolationError) -> Exception:
    if error.constraint_name != NUMBER:
        return error
    return NumberKnown("This number was entered for this code before.", pointer="/number")
