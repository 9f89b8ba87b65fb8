"""Outcomes, declared."""

from fastapi import APIRouter

from services.outcomes.engagement.queries import AWAITING
from services.outcomes.read_models import read_models
from shared.capabilities import Capabilities
from shared.jobs import Job
from shared.merges import consumers as merge_consumers
from shared.messaging.handlers import Consumers
from shared.service import Service

capabilities = Capabilities(
    "outcomes",
    "timeline directory episodes scores step_down measures charts follow_up programs board risk "
    "engagement disengagement extracts",
)

service = Service(
    name="outcomes",
    title="Stepwell outcomes",
    description="Measures over time, live engagement, explained recommendations that a clinician "
    "decides, how clients are after a stay, program measures and the region board.",
    routers=capabilities.all(APIRouter),
    consumers=(merge_consumers, *capabilities.all(Consumers)),
    jobs=capabilities.all(Job),
    waiting={"engagement": AWAITING},
    zones="SELECT DISTINCT time_zone FROM sites",
    read_models=read_models,
)
