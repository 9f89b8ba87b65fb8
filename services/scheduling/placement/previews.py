"""How the cohorts in reach rank for a client, without giving a seat."""

from uuid import UUID

from services.scheduling.placement.arrivals import Arrival, of_client
from services.scheduling.placement.chart import Chart
from services.scheduling.placement.rules.values import Choice
from services.scheduling.placement.schemas import ConsideredCohort, PlacementPreview
from services.scheduling.placement.seats import considered_json, read_considered
from shared.database import Transaction

SEAT = "SELECT cohort_id FROM placements WHERE enrolment_id = $1 AND ended_at IS NULL"


async def rank(tx: Transaction, arrival: Arrival, seat: UUID | None) -> Choice:
    """Every cohort in reach compared for a client, whose own seat is taken for free."""
    chart = await Chart.of(tx, [arrival.site_id])
    if seat in chart.cohorts:
        chart.cohorts[seat].taken -= 1
    ((_, choice),) = await chart.choose(tx, [arrival])
    return choice


async def preview_placement(tx: Transaction, client_id: UUID) -> PlacementPreview:
    """Every cohort in reach as it would be ranked now for a client who enrolled, the best first and
    those that cannot be joined last; a seat that the client has is taken for free.

    Raises:
        NotFound: no stay of the client is known at a site that the caller may see.
    """
    arrival = await of_client(tx, client_id)
    choice = await rank(tx, arrival, await tx.fetchval(SEAT, arrival.enrolment_id))
    cohorts = [ConsideredCohort(**one) for one in read_considered(considered_json(choice))]
    return PlacementPreview(
        client_id=client_id,
        site_id=arrival.site_id,
        enrolment_id=arrival.enrolment_id,
        cohorts=sorted(cohorts, key=lambda one: (one.rank is None, one.rank, one.cohort_id)),
    )
