"""Receiving a report of acute risks, from any staff who learned of one."""

from datetime import date
from uuid import UUID

from services.intake.directory.queries import today_at
from services.intake.referrals.queries import show_client
from services.intake.risk.commands import raise_flags
from services.intake.risk.policy import risk_policy
from services.intake.risk.report_schemas import NewRiskReport, RiskReportReceived
from services.intake.risk.rules.reports import (
    Told,
    contradicts,
    findings,
    overdose_of,
)
from shared.database import Transaction, insert
from shared.errors import Invalid
from shared.ids import new_id


class ImpossibleOverdoseDate(Invalid, title="Impossible date of the overdose"):
    """The day lies ahead, or before the client was born."""


class ContradictoryOverdose(Invalid, title="Contradictory answers about an overdose"):
    """The day and the answer about the last 30 days cannot both be true."""


async def receive_report(
    tx: Transaction, client_id: UUID, new: NewRiskReport, *, by: str
) -> RiskReportReceived:
    """Keep a report and raise a flag for every risk in it; publishes RiskFlagRaised.

    Raises:
        NotFound: no such client.
        ImpossibleOverdoseDate, ContradictoryOverdose: with a pointer.
    """
    client = await show_client(tx, client_id)
    today = await today_at(tx, client.site_id)
    _check_overdose(new, client.birth_date, today)
    on = new.last_overdose_on
    overdose = overdose_of(new.overdose_in_last_30_days, on, today)
    report_id = new_id()
    row = {
        "id": report_id,
        "client_id": client_id,
        "site_id": client.site_id,
        "overdose": overdose,
        "overdose_on": today if on is None and overdose == "yes" else on,
        "overdose_dated": on is not None,
        **new.model_dump(exclude={"overdose_in_last_30_days", "last_overdose_on"}),
        "reported_on": today,
        "reported_at": tx.now,
        "reported_by": by,
    }
    await tx.execute(*insert("risk_reports", row))
    told = Told(new.pregnant, overdose, new.withdrawal, new.harm_to_others)
    severities = {kind: rules.report for kind, rules in risk_policy().kinds.items()}
    flags = await raise_flags(tx, client_id, client.site_id, findings(told, severities))
    return RiskReportReceived(
        id=report_id,
        client_id=client_id,
        site_id=client.site_id,
        needs_clinician_now=bool(flags),
        reported_at=tx.now,
    )


def _check_overdose(new: NewRiskReport, birth_date: date, today: date) -> None:
    on = new.last_overdose_on
    if on is not None and not birth_date <= on <= today:
        raise ImpossibleOverdoseDate(
            "The day lies ahead, or before the client was born.", pointer="/last_overdose_on"
        )
    if contradicts(new.overdose_in_last_30_days, on, today):
        raise ContradictoryOverdose(
            "The day given says otherwise.", pointer="/overdose_in_last_30_days"
        )
