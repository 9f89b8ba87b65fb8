"""Intake, declared."""

from services.intake.access_times.consumers import consumers as access_times_consumers
from services.intake.access_times.routes import router as access_times
from services.intake.authorizations.consumers import consumers as authorization_consumers
from services.intake.authorizations.jobs import authorization_job
from services.intake.authorizations.routes import router as authorizations
from services.intake.consents.jobs import expiry_job as consent_expiry
from services.intake.consents.routes import router as consents
from services.intake.contact_attempts.routes import router as contact_attempts
from services.intake.costs.routes import router as costs
from services.intake.coverage.routes import router as coverage
from services.intake.directory.consumers import consumers as directory_consumers
from services.intake.dual_diagnosis.routes import router as dual_diagnosis
from services.intake.duplicates.jobs import job as match_keys
from services.intake.duplicates.routes import router as duplicates
from services.intake.enrolment.consumers import consumers as enrolment_consumers
from services.intake.enrolment.routes import router as enrolment
from services.intake.level_of_care.routes import router as level_of_care
from services.intake.preferences.routes import router as preferences
from services.intake.questionnaires.consumers import consumers as questionnaire_consumers
from services.intake.questionnaires.jobs import expiry_job as questionnaire_expiry
from services.intake.questionnaires.own_routes import router as own_questionnaire
from services.intake.questionnaires.page import router as questionnaire_page
from services.intake.questionnaires.routes import router as questionnaires
from services.intake.questionnaires.wording_routes import router as wordings
from services.intake.referrals.routes import router as referrals
from services.intake.risk.jobs import escalation_job
from services.intake.risk.routes import router as risk
from services.intake.screening.routes import router as screening
from services.intake.self_check.routes import routers as self_check
from shared.service import Service

service = Service(
    name="intake",
    title="Stepwell intake",
    description="From referral to admission and to the end of a stay: referrals and duplicates, "
    "instruments and questionnaires with explained scores, risk flags, level of care, "
    "dual diagnosis, consent, coverage and cost, preferences, and an anonymous self- "
    "check.",
    routers=(
        screening,
        referrals,
        questionnaires,
        own_questionnaire,
        level_of_care,
        dual_diagnosis,
        risk,
        enrolment,
        consents,
        preferences,
        coverage,
        authorizations,
        costs,
        contact_attempts,
        duplicates,
        access_times,
        wordings,
        *self_check,
        questionnaire_page,
    ),
    consumers=(
        directory_consumers,
        authorization_consumers,
        access_times_consumers,
        enrolment_consumers,
        questionnaire_consumers,
    ),
    jobs=(consent_expiry, questionnaire_expiry, escalation_job, authorization_job, match_keys),
    zones="SELECT DISTINCT time_zone FROM sites",
)
