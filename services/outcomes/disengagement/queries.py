"""Disengagement as it is read."""

from uuid import UUID

import orjson

from services.outcomes.disengagement.schemas import Disengagement
from services.outcomes.episodes.queries import stay_of
from shared.contracts.base import PolicyReference
from shared.database import Transaction
from shared.errors import found
from shared.web import Page, Paging, page

COLUMNS = """
SELECT d.*, d.raised_at IS NOT NULL AND d.cleared_at IS NULL AS at_risk
FROM disengagement d LEFT JOIN episodes e USING (enrolment_id)
"""
AT_RISK = "d.raised_at IS NOT NULL AND d.cleared_at IS NULL AND e.ended_at IS NULL"


async def show_disengagement(tx: Transaction, client_id: UUID) -> Disengagement:
    """The score of the stay that goes on, else of the latest, by any record of the person; never
    that of a former stay, as that says nothing of this one.

    Raises:
        NotFound: there is none, or the caller may not see the site.
    """
    stay = (await stay_of(tx, client_id))["enrolment_id"]
    row = await tx.fetchrow(f"{COLUMNS} WHERE d.enrolment_id = $1", stay)
    return _shown(found(row, "score of the client"))


async def list_at_risk(
    tx: Transaction, paging: Paging, *, site_id: UUID | None
) -> Page[Disengagement]:
    """Stays that go on and are at risk, in an order that does not move."""
    of_site, order = ("d.site_id = ?", site_id), "d.enrolment_id"
    return await page(tx, COLUMNS, paging, _shown, of_site, always=AT_RISK, order=order)


def _shown(row: object) -> Disengagement:
    values = dict(row)  # type: ignore[call-overload]  # a record is a mapping
    policy = PolicyReference(id=values.pop("policy_id"), version=values.pop("policy_version"))
    values["factors"] = orjson.loads(values["factors"])
    return Disengagement(**values, policy=policy)
