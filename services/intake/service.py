"""Intake, declared."""

from services.intake.directory.consumers import consumers as directory_consumers
from services.intake.enrolment.consumers import consumers as enrolment_consumers
from services.intake.enrolment.routes import router as enrolment
from services.intake.level_of_care.routes import router as level_of_care
from services.intake.questionnaires.expiry import expiry_job
from services.intake.questionnaires.own_routes import router as own_questionnaire
from services.intake.questionnaires.page import router as questionnaire_page
from services.intake.questionnaires.routes import router as questionnaires
from services.intake.questionnaires.wording_routes import router as wordings
from services.intake.referrals.routes import router as referrals
from services.intake.screening.routes import router as screening
from shared.service import Service

service = Service(
    name="intake",
    title="Stepwell intake",
    description="Referrals and contact details, item-level screening with explained scores, "
    "the level-of-care decision, and enrolment in the intensive outpatient program.",
    routers=(
        referrals,
        screening,
        level_of_care,
        enrolment,
        questionnaires,
        own_questionnaire,
        wordings,
        questionnaire_page,
    ),
    consumers=(directory_consumers, enrolment_consumers),
    jobs=(expiry_job,),
)
