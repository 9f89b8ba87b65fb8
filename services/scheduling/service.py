"""Scheduling, declared."""

from services.scheduling.attendance.check_in_routes import own_router as joins
from services.scheduling.attendance.check_in_routes import router as check_ins
from services.scheduling.attendance.jobs import no_shows_job
from services.scheduling.attendance.page import router as join_page
from services.scheduling.attendance.routes import router as attendance
from services.scheduling.calendars.routes import router as calendars
from services.scheduling.cohorts.routes import router as cohorts
from services.scheduling.days.routes import router as days
from services.scheduling.directory.routes import router as directory
from services.scheduling.holds.consumers import consumers as holds_consumers
from services.scheduling.hours.routes import router as hours
from services.scheduling.no_contacts.routes import router as no_contacts
from services.scheduling.placement.consumers import consumers as placement_consumers
from services.scheduling.placement.jobs import proposals_job
from services.scheduling.placement.routes import router as placement
from services.scheduling.preferences.consumers import consumers as preferences_consumers
from services.scheduling.sessions.jobs import closing_job, materializing_job, zone_rules_job
from services.scheduling.sessions.routes import router as sessions
from services.scheduling.slots.routes import router as slots
from services.scheduling.therapists.routes import router as therapists
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
        no_contacts,
        attendance,
        check_ins,
        joins,
        join_page,
        hours,
        slots,
        therapists,
        calendars,
        days,
    ),
    jobs=(zone_rules_job, materializing_job, closing_job, no_shows_job, proposals_job),
    consumers=(merge_consumers, preferences_consumers, placement_consumers, holds_consumers),
    zones="SELECT DISTINCT time_zone FROM sites",
)
