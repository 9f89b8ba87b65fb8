"""Who needs a seat: clients as they enrol, as they wait, and as they are known."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import orjson

from services.scheduling.placement.policy import placement_policy
from services.scheduling.placement.rules.values import Need, priority_of
from services.scheduling.placement.rules.waiting import NO_URGENCY
from shared.contracts.intake import ClientEnrolled
from shared.database import Record, Transaction
from shared.errors import found
from shared.messaging.consumer import Received

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
WAITING = """
SELECT client_id, site_id, enrolment_id, dual_diagnosis, gender_group, priority, urgency,
  coalesce(enrolled_at, waitlisted_at) AS enrolled_at, true AS waits
FROM waitlist w WHERE site_id = ANY ($1::uuid[]) AND left_at IS NULL
  AND (offer_again_at IS NULL OR offer_again_at <= $2)
  AND NOT EXISTS (SELECT FROM seat_offers o
                  WHERE o.enrolment_id = w.enrolment_id AND o.ended_at IS NULL)
"""
"""Those who may be given or offered a seat now."""
SAID = {"client_id", "site_id", "enrolment_id", "dual_diagnosis", "gender_group", "enrolled_at"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrival(Need):
    """A client who needs a seat, and the event because of which one is looked for now."""

    client_id: UUID
    site_id: UUID
    enrolment_id: UUID
    priority: int
    """Place in the order of priority populations; waiting clients with a lower one go first."""
    enrolled_at: datetime
    cause: Received[Any] | None = None
    urgency: int = NO_URGENCY
    waits: bool = False

    @property
    def turn(self) -> tuple[int, int, datetime, UUID]:
        """Clients are placed in the order of this: by priority, urgency and time of enrolment."""
        return self.priority, self.urgency, self.enrolled_at, self.enrolment_id


def enrolled(one: Received[ClientEnrolled]) -> Arrival:
    """The client who enrolled."""
    said, policy = one.event.model_dump(include=SAID), placement_policy(one.event.site_id)
    return Arrival(**said, priority=priority_of(one.event.priority, policy), cause=one)


async def waiting_at(
    tx: Transaction, freed_by: Mapping[UUID, Received[Any] | None]
) -> list[Arrival]:
    """Those who wait at these sites and are not being asked, nor passed over for a while, each with
    the event because of which a seat is free there."""
    rows = await tx.fetch(WAITING, list(freed_by), tx.now)
    return [Arrival(**row, cause=freed_by[row["site_id"]]) for row in rows]


async def of_stay(tx: Transaction, enrolment_id: UUID) -> Arrival:
    """The client of a stay.

    Raises:
        NotFound: the stay is not known here.
    """
    return _known(await tx.fetchrow(OF_ENROLMENT, enrolment_id))


async def of_client(tx: Transaction, client_id: UUID) -> Arrival:
    """A client by the last stay.

    Raises:
        NotFound: no stay of the client is known at a site that the caller may see.
    """
    return _known(await tx.fetchrow(OF_CLIENT, client_id))


def _known(row: Record | None) -> Arrival:
    stay = dict(found(row, "stay"))
    policy = placement_policy(stay["site_id"])
    return Arrival(**{**stay, "priority": priority_of(orjson.loads(stay["priority"]), policy)})
