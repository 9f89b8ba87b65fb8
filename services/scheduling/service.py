"""Scheduling, declared."""

from fastapi import APIRouter

from shared.capabilities import Capabilities
from shared.jobs import Job
from shared.merges import consumers as merge_consumers
from shared.messaging.handlers import Consumers
from shared.service import Service

capabilities = Capabilities(
    "scheduling",
    "plans directory cohorts sessions appointments preferences placement holds no_contacts "
    "attendance hours units step_down step_up slots calendars days",
)

service = Service(
    name="scheduling",
    title="Stepwell scheduling",
    description="Sites with their time zones, cohorts and their curricula, seats, sessions, and "
    "who came for how long.",
    routers=capabilities.all(APIRouter),
    jobs=capabilities.all(Job),
    consumers=(merge_consumers, *capabilities.all(Consumers)),
    zones="SELECT DISTINCT time_zone FROM sites",
)
