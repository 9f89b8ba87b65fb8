"""Outcomes, declared."""

from services.outcomes.board.consumers import consumers as board_consumers
from services.outcomes.board.routes import router as board
from services.outcomes.charts.routes import router as charts
from services.outcomes.directory.consumers import consumers as directory_consumers
from services.outcomes.disengagement.consumers import consumers as disengagement_consumers
from services.outcomes.disengagement.routes import router as disengagement
from services.outcomes.engagement.consumers import consumers as engagement_consumers
from services.outcomes.engagement.queries import AWAITING
from services.outcomes.engagement.routes import router as engagement
from services.outcomes.episodes.consumers import consumers as episode_consumers
from services.outcomes.extracts.jobs import extracts_job, old_extracts_job
from services.outcomes.extracts.routes import router as extracts
from services.outcomes.follow_up.consumers import consumers as follow_up_consumers
from services.outcomes.follow_up.jobs import follow_ups_job
from services.outcomes.follow_up.page import router as follow_up_page
from services.outcomes.follow_up.routes import own_router as own_follow_up
from services.outcomes.follow_up.routes import router as follow_up
from services.outcomes.measures.consumers import consumers as measure_consumers
from services.outcomes.measures.jobs import measures_job
from services.outcomes.measures.routes import router as measures
from services.outcomes.programs.consumers import consumers as program_consumers
from services.outcomes.programs.routes import router as programs
from services.outcomes.read_models import read_models
from services.outcomes.risk.consumers import consumers as risk_consumers
from services.outcomes.risk.jobs import course_risk_job
from services.outcomes.risk.routes import router as risk
from services.outcomes.scores.consumers import consumers as score_consumers
from services.outcomes.step_down.consumers import consumers as step_down_consumers
from services.outcomes.step_down.jobs import deferred_job, replay_job
from services.outcomes.step_down.replay_routes import router as replays
from services.outcomes.step_down.routes import router as step_down
from services.outcomes.timeline.routes import router as timeline
from shared.merges import consumers as merge_consumers
from shared.service import Service

service = Service(
    name="outcomes",
    title="Stepwell outcomes",
    description="Measures over time, live engagement, explained recommendations that a clinician "
    "decides, how clients are after a stay, program measures and the region board.",
    routers=(
        timeline,
        step_down,
        measures,
        charts,
        follow_up,
        own_follow_up,
        follow_up_page,
        programs,
        board,
        risk,
        engagement,
        disengagement,
        replays,
        extracts,
    ),
    consumers=(
        merge_consumers,
        directory_consumers,
        episode_consumers,
        score_consumers,
        engagement_consumers,
        step_down_consumers,
        measure_consumers,
        program_consumers,
        follow_up_consumers,
        board_consumers,
        risk_consumers,
        disengagement_consumers,
    ),
    jobs=(
        measures_job,
        follow_ups_job,
        deferred_job,
        course_risk_job,
        replay_job,
        extracts_job,
        old_extracts_job,
    ),
    waiting={"engagement": AWAITING},
    zones="SELECT DISTINCT time_zone FROM sites",
    read_models=read_models,
)
