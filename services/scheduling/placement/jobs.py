"""The jobs that end the keeping of seats: of proposals which nobody confirmed in time, and of
offers that nobody answered."""

from services.scheduling.placement.offers import let_run_out
from services.scheduling.placement.placements import drop_proposals
from shared.jobs import Job

NEXT_PROPOSAL = "SELECT min(proposed_until) FROM placements WHERE proposed_until IS NOT NULL"
NEXT_OFFER = """
SELECT least(
  (SELECT min(expires_at) FROM seat_offers WHERE ended_at IS NULL),
  (SELECT min(offer_again_at) FROM waitlist WHERE left_at IS NULL AND offer_again_at IS NOT NULL)
)
"""

proposals_job = Job.of("placement-proposals", NEXT_PROPOSAL, drop_proposals)

seat_offers_job = Job.of("seat-offers", NEXT_OFFER, let_run_out)
"""Due when the next offer runs out, or when somebody who let one pass may be asked again."""
