"""Seats, the waitlist and its offers as they are read."""

from datetime import timedelta
from uuid import UUID

from services.scheduling.directory.queries import show_site
from services.scheduling.placement import schemas
from services.scheduling.placement.chart import of_client, rank
from services.scheduling.placement.rules.values import NO_PRIORITY
from services.scheduling.placement.rules.waiting import NO_URGENCY
from services.scheduling.placement.seats import considered_json, read_considered
from shared.database import Record, Transaction
from shared.errors import found
from shared.web import CountedPage, Page, Paging, counted_page, page

PLACEMENT = """
SELECT p.id, p.site_id, p.client_id, p.enrolment_id, p.cohort_id,
  (SELECT track FROM cohorts c WHERE c.id = p.cohort_id) AS track,
  CASE WHEN p.ended_at IS NOT NULL THEN 'ended' WHEN p.proposed_until IS NOT NULL THEN 'proposed'
    ELSE 'active' END AS state, p.placed_at, p.proposed_until, p.ended_at,
  p.end_reason, p.criteria, p.primary_therapist_id, p.version{more}
FROM placements p
"""
ONE = PLACEMENT.format(more=", p.considered") + "WHERE p.id = $1"
IN_STATE = {
    None: "",
    "proposed": "p.proposed_until IS NOT NULL",
    "active": "p.ended_at IS NULL AND p.proposed_until IS NULL",
    "ended": "p.ended_at IS NOT NULL",
}
TURN = "w.priority, w.urgency, coalesce(w.enrolled_at, w.waitlisted_at), w.enrolment_id"
LAST_SHOWN = f"SELECT {TURN} FROM waitlist w WHERE id = $1"  # noqa: S608 - the columns are above
TRACK = "CASE WHEN dual_diagnosis THEN 'dual_diagnosis' ELSE 'general' END"
FAMILY = f"concat_ws('_', {TRACK}, gender_group)"
WAITING = f"""
SELECT id, site_id, client_id, enrolment_id, dual_diagnosis, gender_group, criteria, waitlisted_at,
  coalesce(enrolled_at, waitlisted_at) AS enrolled_at, offer_again_at, {FAMILY} AS family,
  w.priority < {NO_PRIORITY} AS priority, w.urgency < {NO_URGENCY} AS urgent,
  EXISTS (SELECT FROM seat_offers o
          WHERE o.enrolment_id = w.enrolment_id AND o.ended_at IS NULL) AS asked
FROM waitlist w
"""  # noqa: S608 - the columns are above
SEAT = "SELECT cohort_id FROM placements WHERE enrolment_id = $1 AND ended_at IS NULL"
SEATS_OF_COHORT = """
SELECT id FROM placements
WHERE cohort_id = $1 AND ended_at IS NULL AND proposed_until IS NULL ORDER BY id
"""
FIGURES_DAYS = 90
OFFERS = """
SELECT * FROM (
  SELECT o.*, coalesce(o.outcome, 'open') AS state, s.time_zone
  FROM seat_offers o JOIN sites s ON s.id = o.site_id
) AS o
"""
WAITING_NOW = f"""
SELECT {FAMILY} AS family, count(*) AS waiting,
  max(($2 AT TIME ZONE $3)::date
      - (coalesce(enrolled_at, waitlisted_at) AT TIME ZONE $3)::date) AS longest
FROM waitlist WHERE site_id = $1 AND left_at IS NULL GROUP BY 1
"""  # noqa: S608 - the columns are above
REACHED = """
SELECT seated.*, ended.* FROM (
  SELECT count(*)::int AS seated, percentile_disc(0.5) WITHIN GROUP (ORDER BY
    (left_at AT TIME ZONE $3)::date - (coalesce(enrolled_at, waitlisted_at) AT TIME ZONE $3)::date
  ) AS median_days
  FROM waitlist WHERE site_id = $1 AND outcome = 'placed' AND left_at >= $2
) AS seated, (
  SELECT count(*) FILTER (WHERE outcome = 'accepted' AND ended_at >= $2)::int AS accepted,
    count(*) FILTER (WHERE outcome = 'declined' AND ended_at >= $2)::int AS declined,
    count(*) FILTER (WHERE outcome = 'expired' AND ended_at >= $2)::int AS expired,
    count(*) FILTER (WHERE passed_over > 0 AND offered_at >= $2)::int AS jumps
  FROM seat_offers WHERE site_id = $1
) AS ended
"""
OF_LINK = """
SELECT id, ARRAY[site_id] AS sites FROM seat_offers
WHERE link_hash = $1 AND ended_at IS NULL AND expires_at > $2
"""
"""What a link opens, by the digest of its secret, at an instant."""


async def seats_of(tx: Transaction, cohort_id: UUID) -> dict[UUID, None]:
    """The placements in a cohort that are confirmed and last."""
    return dict.fromkeys(row["id"] for row in await tx.fetch(SEATS_OF_COHORT, cohort_id))


async def show_placement(
    tx: Transaction, placement_id: UUID, *, lock: bool = False
) -> schemas.ExplainedPlacement:
    """One placement, locked for a change if `lock`.

    Raises:
        NotFound: when there is none that the caller may see.
    """
    one = f"{ONE} FOR NO KEY UPDATE OF p" if lock else ONE
    row = found(await tx.fetchrow(one, placement_id), "placement")
    considered = read_considered(row["considered"])
    return schemas.ExplainedPlacement.from_row({**row, "considered": considered})


async def list_placements(
    tx: Transaction, paging: Paging, asked: schemas.AskedPlacements
) -> CountedPage[schemas.Placement]:
    """Placements, oldest first, ended ones included unless the state says otherwise."""
    where = (
        ("p.site_id = ?", asked.site_id),
        ("p.cohort_id = ?", asked.cohort_id),
        ("p.client_id = ANY ((SELECT platform.records_of(?))::uuid[])", asked.client_id),
    )
    read, rest = schemas.Placement.from_row, {"always": IN_STATE[asked.state], "order": "p.id"}
    return await counted_page(tx, PLACEMENT.format(more=""), paging, read, *where, **rest)


async def preview_placement(tx: Transaction, client_id: UUID) -> schemas.PlacementPreview:
    """Every cohort in reach as it would be ranked now for a client who enrolled, the best first and
    those that cannot be joined last; a seat that the client has is taken for free.

    Raises:
        NotFound: no stay of the client is known at a site that the caller may see.
    """
    arrival = await of_client(tx, client_id)
    choice = await rank(tx, arrival, await tx.fetchval(SEAT, arrival.enrolment_id))
    cohorts = [schemas.ConsideredCohort(**one) for one in read_considered(considered_json(choice))]
    cohorts.sort(key=lambda one: (one.rank is None, one.rank, one.cohort_id))
    stay = {"site_id": arrival.site_id, "enrolment_id": arrival.enrolment_id}
    return schemas.PlacementPreview(client_id=client_id, **stay, cohorts=cohorts)


async def list_waiting(
    tx: Transaction, paging: Paging, site_id: UUID | None, family: str | None = None
) -> CountedPage[schemas.WaitingClient]:
    """Clients who wait for a seat, of one family of cohorts or of all, in the order in which seats
    are given."""
    last = await tx.fetchrow(LAST_SHOWN, paging.after) or (None,)
    asked = ("w.site_id = ?", site_id), (f"{FAMILY} = ?", family)
    order = {"order": TURN, "behind": (f"({TURN}) > (?, ?, ?, ?)", *last)}
    read = schemas.WaitingClient.from_row
    return await counted_page(tx, WAITING, paging, read, *asked, always="left_at IS NULL", **order)


async def show_offer(tx: Transaction, offer_id: UUID) -> schemas.SeatOffer:
    """One offer.

    Raises:
        NotFound: when there is none that the caller may see.
    """
    return schemas.SeatOffer.from_row(await _offer(tx, offer_id))


async def show_own_offer(tx: Transaction, offer_id: UUID) -> schemas.OwnOffer:
    """One offer as the client sees it."""
    return schemas.OwnOffer.from_row(await _offer(tx, offer_id))


async def list_offers(
    tx: Transaction, paging: Paging, asked: schemas.OffersAsked
) -> Page[schemas.SeatOffer]:
    """Offers, the oldest first."""
    at_site, in_state = ("site_id = ?", asked.site_id), ("state = ?", asked.state)
    jumped = ("(passed_over > 0) = ?", asked.jumped)
    return await page(tx, OFFERS, paging, schemas.SeatOffer.from_row, at_site, in_state, jumped)


async def show_figures(tx: Transaction, site_id: UUID) -> schemas.WaitingFigures:
    """How long people wait at a site.

    Raises:
        NotFound: no such site that the caller may see.
    """
    zone = (await show_site(tx, site_id, pointer="site_id")).time_zone
    since = tx.now - timedelta(days=FIGURES_DAYS)
    rows = await tx.fetch(WAITING_NOW, site_id, tx.now, zone)
    return schemas.WaitingFigures(
        site_id=site_id,
        waiting=sum(row["waiting"] for row in rows),
        families=sorted(map(dict, rows), key=lambda family: family["family"]),
        longest_days=max((row["longest"] for row in rows), default=None),
        since=since,
        **found(await tx.fetchrow(REACHED, site_id, since, zone), "site"),
    )


async def _offer(tx: Transaction, offer_id: UUID) -> Record:
    return found(await tx.fetchrow(f"{OFFERS} WHERE id = $1", offer_id), "seat offer")
