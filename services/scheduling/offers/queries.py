"""Seat offers and waiting times as they are read."""

from datetime import timedelta
from uuid import UUID

from services.scheduling.directory.queries import show_site
from services.scheduling.offers import schemas
from services.scheduling.waiting.rules import family_of
from shared.database import Transaction
from shared.errors import found
from shared.web import Page, Paging, page

FIGURES_DAYS = 90
OFFERS = """
SELECT * FROM (SELECT *, coalesce(outcome, 'open') AS state FROM seat_offers) AS o
"""
BY_STATE = """
SELECT o.client_id, o.site_id, coalesce(o.outcome, 'open') AS state, o.expires_at, s.time_zone
FROM seat_offers o JOIN sites s ON s.id = o.site_id WHERE o.id = $1
"""
WAITING = """
SELECT dual_diagnosis, gender_group, count(*) AS waiting,
  max(($2 AT TIME ZONE $3)::date
      - (coalesce(enrolled_at, waitlisted_at) AT TIME ZONE $3)::date) AS longest
FROM waitlist WHERE site_id = $1 AND left_at IS NULL GROUP BY dual_diagnosis, gender_group
"""
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


async def show_offer(tx: Transaction, offer_id: UUID) -> schemas.SeatOffer:
    """One offer.

    Raises:
        NotFound: when there is none that the caller may see.
    """
    row = found(await tx.fetchrow(f"{OFFERS} WHERE id = $1", offer_id), "seat offer")
    return schemas.SeatOffer.from_row(row)


async def show_own_offer(tx: Transaction, offer_id: UUID) -> schemas.OwnOffer:
    """One offer as the client sees it."""
    return schemas.OwnOffer(**dict(found(await tx.fetchrow(BY_STATE, offer_id), "seat offer")))


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
    rows = await tx.fetch(WAITING, site_id, tx.now, zone)
    waiting = {family_of(row["dual_diagnosis"], row["gender_group"]): row for row in rows}
    families = [{"family": name, "waiting": waiting[name]["waiting"]} for name in sorted(waiting)]
    return schemas.WaitingFigures(
        site_id=site_id,
        waiting=sum(row["waiting"] for row in rows),
        families=families,
        longest_days=max((row["longest"] for row in rows), default=None),
        since=since,
        **found(await tx.fetchrow(REACHED, site_id, since, zone), "site"),
    )
