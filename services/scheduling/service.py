"""Scheduling, declared."""

from services.scheduling.appointments.consumers import consumers as appointments_consumers
from services.scheduling.attendance.check_in_routes import own_router as joins
from services.scheduling.attendance.check_in_routes import router as check_ins
from services.scheduling.attendance.jobs import no_shows_job
from services.scheduling.attendance.page import router as join_page
from services.scheduling.attendance.routes import router as attendance
from services.scheduling.calendars.routes import router as calendars
from services.scheduling.closed_days.routes import router as closed_days
from services.scheduling.cohorts.routes import router as cohorts
from services.scheduling.days.routes import router as days
from services.scheduling.directory.routes import router as directory
from services.scheduling.holds.consumers import consumers as holds_consumers
from services.scheduling.hours.jobs import weeks_job
from services.scheduling.hours.routes import router as hours
from services.scheduling.no_contacts.routes import router as no_contacts
from services.scheduling.offers.jobs import seat_offers_job
from services.scheduling.offers.page import router as offer_page
from services.scheduling.offers.routes import own_router as own_offers
from services.scheduling.offers.routes import router as offers
from services.scheduling.placement.consumers import consumers as placement_consumers
from services.scheduling.placement.jobs import proposals_job
from services.scheduling.placement.routes import router as placement
from services.scheduling.plans.jobs import plan_job
from services.scheduling.plans.routes import router as plans
from services.scheduling.preferences.consumers import consumers as preferences_consumers
from services.scheduling.rooms.routes import router as rooms
from services.scheduling.sessions.jobs import closing_job, materializing_job, zone_rules_job
from services.scheduling.sessions.routes import router as sessions
from services.scheduling.slots.routes import router as slots
from services.scheduling.staff.jobs import credentials_job
from services.scheduling.staff.routes import router as staff
from services.scheduling.step_down.consumers import consumers as step_down_consumers
from services.scheduling.step_down.jobs import phases_job, step_down_job
from services.scheduling.step_up.consumers import consumers as step_up_consumers
from services.scheduling.step_up.jobs import partner_seats_job
from services.scheduling.step_up.routes import router as step_up
from services.scheduling.therapists.routes import router as therapists
from services.scheduling.units.consumers import consumers as units_consumers
from services.scheduling.units.jobs import recertification_job
from services.scheduling.units.routes import router as units
from services.scheduling.waiting.consumers import consumers as waiting_consumers
from shared.merges import consumers as merge_consumers
from shared.service import Service

service = Service(
    name="scheduling",
    title="Stepwell scheduling",
    description="Sites with their time zones, cohorts and their curricula, seats, sessions, and "
    "who came for how long.",
    routers=(
        plans,
        directory,
        closed_days,
        rooms,
        staff,
        cohorts,
        sessions,
        placement,
        no_contacts,
        attendance,
        check_ins,
        joins,
        join_page,
        hours,
        units,
        offers,
        own_offers,
        offer_page,
        step_up,
        slots,
        therapists,
        calendars,
        days,
    ),
    jobs=(
        plan_job,
        zone_rules_job,
        credentials_job,
        materializing_job,
        closing_job,
        proposals_job,
        seat_offers_job,
        step_down_job,
        phases_job,
        partner_seats_job,
        no_shows_job,
        weeks_job,
        recertification_job,
    ),
    consumers=(
        merge_consumers,
        appointments_consumers,
        preferences_consumers,
        placement_consumers,
        holds_consumers,
        waiting_consumers,
        step_down_consumers,
        step_up_consumers,
        units_consumers,
    ),
    zones="SELECT DISTINCT time_zone FROM sites",
)
