"""The job that ends offers nobody answered in time."""

from services.scheduling.offers.commands import let_run_out
from shared.jobs import Job

NEXT = """
SELECT least(
  (SELECT min(expires_at) FROM seat_offers WHERE ended_at IS NULL),
  (SELECT min(offer_again_at) FROM waitlist WHERE left_at IS NULL AND offer_again_at IS NOT NULL)
)
"""

seat_offers_job = Job.of("seat-offers", NEXT, let_run_out)
"""Due when the next offer runs out, or when somebody who let one pass may be asked again."""
