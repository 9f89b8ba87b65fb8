"""Scheduling, declared."""

from services.scheduling.attendance.routes import router as attendance
from services.scheduling.cohorts.routes import router as cohorts
from services.scheduling.directory.routes import router as directory
from services.scheduling.holds.consumers import consumers as holds_consumers
from services.scheduling.hours.routes import router as hours
from services.scheduling.offers.jobs import seat_offers_job
from services.scheduling.offers.page import router as offer_page
from services.scheduling.offers.routes import own_router as own_offers
from services.scheduling.offers.routes import router as offers
from services.scheduling.placement.consumers import consumers as placement_consumers
from services.scheduling.placement.routes import router as placement
from services.scheduling.sessions.jobs import zone_rules_job
from services.scheduling.sessions.routes import router as sessions
from services.scheduling.step_down.consumers import consumers as step_down_consumers
from services.scheduling.step_down.jobs import phases_job, step_down_job
from services.scheduling.step_up.consumers import consumers as step_up_consumers
from services.scheduling.step_up.jobs import partner_seats_job
from services.scheduling.step_up.routes import router as step_up
from services.scheduling.waiting.consumers import consumers as waiting_consumers
from shared.merges import consumers as merge_consumers
from shared.service import Service

service = Service(
    name="scheduling",
    title="Stepwell scheduling",
    description="Sites with their time zones, cohorts and their curricula, seats, sessions, "
    "and who came for how long.",
    routers=(
        directory,
        cohorts,
        sessions,
        placement,
        attendance,
        hours,
        offers,
        own_offers,
        offer_page,
        step_up,
    ),
    jobs=(zone_rules_job, seat_offers_job, step_down_job, phases_job, partner_seats_job),
    consumers=(
        merge_consumers,
        placement_consumers,
        holds_consumers,
        waiting_consumers,
        step_down_consumers,
        step_up_consumers,
    ),
    zones="SELECT DISTINCT time_zone FROM sites",
)
