"""What people decide of a placement: confirming one that is proposed, or another cohort in its
place, and who is answerable for the treatment."""

from dataclasses import replace
from uuid import UUID

from services.scheduling.appointments.commands import schedule_sessions
from services.scheduling.placement import schemas
from services.scheduling.placement.chart import lock_region, of_stay, rank
from services.scheduling.placement.commands import offer_seats
from services.scheduling.placement.policy import ConfirmationPolicy, placement_policy
from services.scheduling.placement.queries import show_placement
from services.scheduling.placement.rules.ranking import UNTOLD
from services.scheduling.placement.rules.values import Considered
from services.scheduling.placement.seats import take_seats, tell_seat
from shared.contracts.base import Criterion
from shared.contracts.scheduling import PrimaryTherapistChanged
from shared.database import Transaction, at_all_sites, update
from shared.errors import Conflict, Forbidden, Invalid, found, require_reason, require_version
from shared.messaging.outbox import publish

LAPSED = """
SELECT p.site_id, e.site_id AS home FROM placements p
JOIN preferences e ON e.enrolment_id = p.enrolment_id
WHERE p.proposed_until <= $1 ORDER BY p.proposed_until, p.id LIMIT 1
"""
DROP = """
DELETE FROM placements p USING preferences e
WHERE e.enrolment_id = p.enrolment_id AND p.site_id = $1 AND e.site_id = $2
  AND p.proposed_until <= $3
RETURNING p.enrolment_id
"""
THERAPIST = """
SELECT s.caseload_limit FROM staff s
WHERE s.id = $1 AND s.left_at IS NULL
  AND EXISTS (SELECT FROM staff_sites w WHERE w.staff_id = s.id AND w.site_id = $2)
FOR NO KEY UPDATE
"""
CASELOAD = "SELECT count(*) FROM placements WHERE primary_therapist_id = $1 AND ended_at IS NULL"
REASON = "/override_reason"


class NothingProposed(Conflict, title="There is nothing to confirm"):
    """The placement is confirmed already, or over."""


class NotInReach(Invalid):
    """The cohort is none of those that were considered for the client."""


class RuleNotMet(Conflict, title="The client cannot join this cohort"):
    """The cohort lacks something for this client."""


class ReasonNotNeeded(Invalid):
    """Nothing is set aside: there is nothing to give a reason for."""


class OtherSiteToo(Forbidden):
    """The client is of one site and the seat at another, and the caller may see one of them."""


class StayEnded(Conflict, title="The stay has ended"):
    """The client has left the seat."""


class CaseloadFull(Conflict, title="The caseload is full"):
    """The person has as many clients as the limit says."""


async def confirm_placement(
    tx: Transaction, placement_id: UUID, confirmed: schemas.Confirmation
) -> schemas.ExplainedPlacement:
    """Give a client the seat that was proposed, or one in another cohort in reach. The cohort is
    looked at anew; a rule that the policy lets a person set aside needs a reason of its list.

    Publishes ClientPlaced, then SessionScheduled for each session to come. A seat that was kept in
    another cohort goes to who waits.

    Raises:
        NotFound: no such placement.
        OtherSiteToo: the caller may not see the client's site as well as that of each cohort.
        NothingProposed: it is confirmed, or over.
        NotInReach, UnknownReason, ReasonNotNeeded, RuleNotMet: with a pointer.
    """
    proposal = await show_placement(tx, placement_id)
    async with at_all_sites(tx):
        home = await of_stay(tx, proposal.enrolment_id)
        await lock_region(tx, {home.site_id, proposal.site_id})
    if not tx.may_see(home.site_id):
        raise OtherSiteToo("The client is of another site: confirm it with a token for both sites.")
    proposal = await show_placement(tx, placement_id)
    if proposal.state != "proposed":
        raise NothingProposed("A seat is confirmed once.")
    choice = await rank(tx, home, proposal.cohort_id)
    one = next((c for c in choice.considered if c.cohort.id == confirmed.cohort_id), None)
    if one is None:
        raise NotInReach("Choose one of the ranked cohorts.", pointer="/cohort_id")
    if not tx.may_see(one.cohort.site_id):
        raise OtherSiteToo("The cohort is of a site that you may not see.", pointer="/cohort_id")
    policy = placement_policy(home.site_id).confirmation
    told = [criterion for criterion in one.criteria if criterion.name != UNTOLD]
    criteria = (*told, *_set_aside(one, confirmed.override_reason, policy))
    choice = replace(choice, cohort=one.cohort, criteria=criteria)
    row = tell_seat(tx, placement_id, home, choice, None)
    await take_seats(tx, *update("placements", row, where={"id": placement_id}, versioned=False))
    await schedule_sessions(tx, {placement_id: None})
    if one.cohort.id != proposal.cohort_id:
        await offer_seats(tx, {proposal.site_id: None})
    return await show_placement(tx, placement_id)


async def change_therapist(
    tx: Transaction, expected: int, placement_id: UUID, new: schemas.NewTherapist
) -> schemas.ExplainedPlacement:
    """Let a person of the site's staff be answerable for a client; publishes
    PrimaryTherapistChanged, or nothing where it is so already.

    The person is locked before the clients are counted, whatever site they are at.

    Raises:
        NotFound: no such placement that the caller may see, or no such person at its site.
        StaleVersion: it changed since the caller read it.
        StayEnded, CaseloadFull: see there.
    """
    placement = await show_placement(tx, placement_id, lock=True)
    require_version(placement.version, expected)
    if placement.ended_at is not None:
        raise StayEnded("The client has left this seat.")
    if new.therapist_id == placement.primary_therapist_id:
        return placement
    if new.therapist_id is not None:
        await _require_room(tx, new.therapist_id, placement.site_id)
    changes = {"primary_therapist_id": new.therapist_id}
    await tx.execute(*update("placements", changes, where={"id": placement_id}))
    named = {"placement_id": placement_id, "therapist_id": new.therapist_id}
    publish(tx, PrimaryTherapistChanged(**dict(placement), **named, changed_at=tx.now))
    return placement.changed(**changes)


async def drop_proposals(tx: Transaction) -> int:
    """End the keeping of seats that nobody confirmed in time, at one site: they go to those who
    wait, and whoever was to have them is proposed anew where one is left, or waits."""
    lapsed = await tx.fetchrow(LAPSED, tx.now)
    if lapsed is None:
        return 0
    await lock_region(tx, {lapsed["site_id"], lapsed["home"]})
    dropped = await tx.fetch(DROP, lapsed["site_id"], lapsed["home"], tx.now)
    arrivals = [await of_stay(tx, row["enrolment_id"]) for row in dropped]
    await offer_seats(tx, {lapsed["site_id"]: None})
    await offer_seats(tx, {}, arrivals)
    return len(dropped)


def _set_aside(
    one: Considered, reason: str | None, policy: ConfirmationPolicy
) -> tuple[Criterion, ...]:
    """The criterion that says which rules a person set aside, and why."""
    lacking = [criterion.name for criterion in one.criteria if not criterion.met]
    if reason is None and not lacking:
        return ()
    if not lacking:
        raise ReasonNotNeeded("The client can join this cohort: leave it out.", pointer=REASON)
    require_reason(reason, policy.override_reasons, REASON)
    if reason is None or not set(lacking) <= set(policy.overridable):
        raise RuleNotMet(f"{one.sentence}. Rules: {', '.join(lacking)}.", pointer="/cohort_id")
    observed = f"{', '.join(lacking)} set aside: {reason}"
    required = "a reason of the policy's list"
    return (Criterion.of("override", True, observed, required, policy.source),)


async def _require_room(tx: Transaction, therapist_id: UUID, site_id: UUID) -> None:
    pointer = "/therapist_id"
    therapist = await tx.fetchrow(THERAPIST, therapist_id, site_id)
    limit = found(therapist, "person at the site", pointer=pointer)["caseload_limit"]
    if limit is None:
        return
    async with at_all_sites(tx):
        clients = await tx.fetchval(CASELOAD, therapist_id)
    if clients >= limit:
        raise CaseloadFull(f"{clients} clients, limit {limit}: choose another.", pointer=pointer)
