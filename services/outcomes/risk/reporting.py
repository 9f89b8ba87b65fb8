"""Receiving reports of substance use."""

from uuid import UUID

from services.outcomes.engagement.commands import lock_records
from services.outcomes.episodes.queries import present_stay
from services.outcomes.episodes.schemas import OfStay
from services.outcomes.risk.commands import look_at_missed, raise_risk
from services.outcomes.risk.policy import course_risks
from services.outcomes.risk.rules import severity_of_use
from services.outcomes.risk.schemas import NewSubstanceUseReport, SubstanceUseReport
from services.outcomes.step_down.commands import evaluate_clients
from shared.calendar import day_at
from shared.database import Transaction, insert
from shared.errors import Invalid
from shared.ids import new_id

USES = """
SELECT used_on FROM substance_use_reports
WHERE client_id = ANY (platform.records_of($1)) AND finding = 'use'
"""


class ImpossibleDay(Invalid):
    """The day lies ahead, or before the stay began."""


async def receive_report(
    tx: Transaction, client_id: UUID, new: NewSubstanceUseReport, *, by: str
) -> SubstanceUseReport:
    """Keep a report; use raises a risk (CourseRiskRaised), and the client is held against the
    policy at once.

    Raises:
        NotFound: the client is not in the program, or at no site of the caller.
        ImpossibleDay: with a pointer.
    """
    await lock_records(tx, [client_id])
    stay = await present_stay(tx, client_id)
    zone = stay["time_zone"]
    today, began = day_at(tx.now, zone), day_at(stay["enrolled_at"], zone)
    if not began <= new.used_on <= today:
        raise ImpossibleDay(f"Name a day from {began} to {today}.", pointer="/used_on")
    row = {name: stay[name] for name in OfStay.model_fields}
    row |= {"id": new_id(), **dict(new), "reported_by": by, "reported_at": tx.now}
    await tx.execute(*insert("substance_use_reports", row))
    if new.finding == "use":
        days = [known["used_on"] for known in await tx.fetch(USES, client_id)]
        rule = course_risks(stay["site_id"]).return_to_use
        severity = severity_of_use(days, today, rule)
        await raise_risk(tx, stay, "return_to_use", severity, "substance_use_report", [row["id"]])
        await look_at_missed(tx, [client_id], None)
    await evaluate_clients(tx, [client_id])
    return SubstanceUseReport(**row)
