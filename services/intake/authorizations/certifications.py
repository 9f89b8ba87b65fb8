"""Certifications that a payer asks for again after some time, as Medicare does."""

from datetime import timedelta
from uuid import UUID

import asyncpg

from services.intake.authorizations.alarms import Found, note_alarms
from services.intake.authorizations.policy import alarm_policy
from services.intake.authorizations.rules.alarms import Cause, certification_causes, look_again
from services.intake.authorizations.schemas import Certification, NewCertification
from services.intake.coverage.commands import EnteredInError
from services.intake.coverage.queries import show_coverage
from services.intake.directory.queries import zone_of
from services.intake.payers.policy import terms
from services.intake.referrals.queries import lock
from shared.calendar import day_at
from shared.contracts.intake import ClientCertified
from shared.database import Transaction, insert
from shared.errors import Conflict, Invalid
from shared.ids import new_id
from shared.messaging.outbox import publish

OLDEST = timedelta(days=366)
OTHERS = "SELECT id, certified_on, recertify_by FROM certifications WHERE coverage_id = $1"
REST = "UPDATE certifications SET look_at = NULL WHERE coverage_id = $1"


class NotCertified(Conflict, title="No certification is asked for"):
    """The payer of the coverage asks for no certification that would have to be renewed."""


class ImpossibleCertification(Invalid, title="Impossible day of certification"):
    """Signed ahead of today, or more than a year ago."""


class AlreadyCertified(Conflict, title="Certification is known"):
    """The day's certification was entered before."""


async def record_certification(
    tx: Transaction, coverage_id: UUID, new: NewCertification, *, entered_by: str
) -> Certification:
    """Keep a certification; the latest by its day decides when the next one is needed. Publishes
    ClientCertified for that one.

    Raises:
        NotFound: no such coverage.
        EnteredInError, NotCertified, AlreadyCertified: the coverage does not ask for it.
        ImpossibleCertification: the day does not go with the site's calendar.
    """
    coverage = await lock(tx, show_coverage, coverage_id)
    if coverage.entered_in_error:
        raise EnteredInError("This coverage was entered in error: enter another one.")
    renewal = terms(coverage.payer, coverage.kind).recertification
    if renewal is None:
        raise NotCertified("The payer of this coverage asks for no recertification.")
    time_zone = await zone_of(tx, coverage.site_id)
    today = day_at(tx.now, time_zone)
    if not today - OLDEST <= new.certified_on <= today:
        raise ImpossibleCertification(
            "A certification was signed within the last year, and not ahead of today.",
            pointer="/certified_on",
        )
    made = Certification(
        id=new_id(),
        coverage_id=coverage_id,
        client_id=coverage.client_id,
        site_id=coverage.site_id,
        certified_on=new.certified_on,
        recertify_by=new.certified_on + timedelta(days=renewal.every_days),
        entered_at=tx.now,
    )
    others = await tx.fetch(OTHERS, coverage_id)
    latest = all(row["certified_on"] < new.certified_on for row in others)
    policy = alarm_policy()
    if latest:
        await tx.execute(REST, coverage_id)
    look_at = look_again(policy, made.recertify_by, today, time_zone) if latest else None
    row = {**made.model_dump(), "look_at": look_at, "entered_by": entered_by}
    try:
        await tx.execute(*insert("certifications", row))
    except asyncpg.UniqueViolationError as error:
        if error.constraint_name != "certifications_coverage_id_certified_on_key":
            raise
        raise AlreadyCertified(
            "The certification of this day was entered before.", pointer="/certified_on"
        ) from None
    if latest:
        event = ClientCertified(
            **made.model_dump(), certification_id=made.id, noted_at=made.entered_at
        )
        publish(tx, event)
        causes = certification_causes(policy, recertify_by=made.recertify_by, today=today)
        renewed = [
            Found(row["id"], made.client_id, made.site_id, frozenset(), None, row["recertify_by"])
            for row in others
        ]
        now = frozenset[Cause](causes)
        found = Found(made.id, made.client_id, made.site_id, now, None, made.recertify_by)
        await note_alarms(tx, [*renewed, found])
        tx.wake()
    return made
