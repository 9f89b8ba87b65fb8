"""How the cohorts in reach rank for a client, without giving a seat."""

from uuid import UUID

import asyncpg
import orjson

from services.scheduling.placement.chart import Chart
from services.scheduling.placement.policy import placement_policy
from services.scheduling.placement.rules import Need, priority_of
from services.scheduling.placement.schemas import ConsideredCohort, PlacementPreview
from services.scheduling.placement.seats import Arrival, considered_json, read_considered
from services.scheduling.preferences.queries import known_clients
from shared.database import Transaction
from shared.errors import found

STAY = """
SELECT p.client_id, p.site_id, p.enrolment_id, p.gender_group, p.priority, p.enrolled_at,
  coalesce(w.dual_diagnosis, p.dual_diagnosis) AS dual_diagnosis
FROM preferences p LEFT JOIN waitlist w ON w.enrolment_id = p.enrolment_id AND w.left_at IS NULL
"""
OF_CLIENT = f"""{STAY}
WHERE p.client_id = ANY (platform.records_of($1)) AND p.enrolment_id IS NOT NULL
ORDER BY p.enrolled_at DESC, p.client_id LIMIT 1
"""
OF_ENROLMENT = f"{STAY} WHERE p.enrolment_id = $1"
SEAT = "SELECT cohort_id FROM placements WHERE enrolment_id = $1 AND ended_at IS NULL"


async def arrival_of(tx: Transaction, enrolment_id: UUID) -> Arrival:
    """The client of a stay that is known, as one who needs a seat.

    Raises:
        NotFound: the stay is not known here.
    """
    return _arrival(found(await tx.fetchrow(OF_ENROLMENT, enrolment_id), "stay"))


async def preview_placement(tx: Transaction, client_id: UUID) -> PlacementPreview:
    """Every cohort in reach as it would be ranked now for a client who enrolled, the best first and
    those that cannot be joined last; a seat that the client has is taken for free.

    Raises:
        NotFound: no stay of the client is known at a site that the caller may see.
    """
    arrival = _arrival(found(await tx.fetchrow(OF_CLIENT, client_id), "stay"))
    chart = await Chart.seen(tx, [arrival.site_id])
    if (seat := await tx.fetchval(SEAT, arrival.enrolment_id)) in chart.cohorts:
        chart.take(seat, arrival.client_id, -1)
    clients = await known_clients(tx, [arrival.client_id])
    await chart.keep_apart(tx, clients.values())
    choice = await chart.choose(tx, arrival.site_id, arrival.need, clients[arrival.client_id])
    cohorts = [ConsideredCohort(**one) for one in read_considered(considered_json(choice))]
    return PlacementPreview(
        client_id=client_id,
        site_id=arrival.site_id,
        enrolment_id=arrival.enrolment_id,
        cohorts=sorted(cohorts, key=lambda one: (one.rank is None, one.rank, one.cohort_id)),
    )


def _arrival(row: asyncpg.Record) -> Arrival:
    policy = placement_policy(row["site_id"])
    need = Need(
        row["dual_diagnosis"],
        row["gender_group"],
        priority_of(orjson.loads(row["priority"]), policy),
    )
    return Arrival(
        row["client_id"], row["site_id"], row["enrolment_id"], need, row["enrolled_at"], None
    )
