"""Intake, declared."""

from fastapi import APIRouter

from shared.capabilities import Capabilities
from shared.jobs import Job
from shared.messaging.handlers import Consumers
from shared.service import Service

capabilities = Capabilities(
    "intake",
    "screening referrals questionnaires level_of_care dual_diagnosis risk enrolment consents "
    "preferences coverage authorizations costs contact_attempts directory duplicates access_times "
    "self_check",
)

service = Service(
    name="intake",
    title="Stepwell intake",
    description="From referral to admission and to the end of a stay: referrals and duplicates, "
    "instruments and questionnaires with explained scores, risk flags, level of care, "
    "dual diagnosis, consent, coverage and cost, preferences, and an anonymous self- "
    "check.",
    routers=capabilities.all(APIRouter),
    consumers=capabilities.all(Consumers),
    jobs=capabilities.all(Job),
    zones="SELECT DISTINCT time_zone FROM sites",
)
