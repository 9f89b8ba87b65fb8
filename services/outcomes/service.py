"""Outcomes, declared."""

from services.outcomes.directory.consumers import consumers as directory_consumers
from services.outcomes.engagement.consumers import consumers as engagement_consumers
from services.outcomes.engagement.queries import clients_awaiting_engagement
from services.outcomes.episodes.consumers import consumers as episode_consumers
from services.outcomes.extracts.jobs import extracts_job, old_extracts_job
from services.outcomes.extracts.routes import router as extracts
from services.outcomes.follow_up.consumers import consumers as follow_up_consumers
from services.outcomes.follow_up.jobs import follow_ups_job
from services.outcomes.follow_up.page import router as follow_up_page
from services.outcomes.follow_up.routes import own_router as own_follow_up
from services.outcomes.follow_up.routes import router as follow_up
from services.outcomes.programs.consumers import consumers as program_consumers
from services.outcomes.programs.routes import router as programs
from services.outcomes.scores.consumers import consumers as score_consumers
from services.outcomes.step_down.consumers import consumers as step_down_consumers
from services.outcomes.step_down.routes import router as step_down
from shared.merges import consumers as merge_consumers
from shared.service import Service

service = Service(
    name="outcomes",
    title="Stepwell outcomes",
    description="Scores over time, engagement in four rolling weeks, and explained "
    "recommendations to step down, which a clinician decides.",
    routers=(step_down, follow_up, own_follow_up, follow_up_page, programs, extracts),
    consumers=(
        merge_consumers,
        directory_consumers,
        episode_consumers,
        score_consumers,
        engagement_consumers,
        step_down_consumers,
        program_consumers,
        follow_up_consumers,
    ),
    jobs=(follow_ups_job, extracts_job, old_extracts_job),
    waiting={"engagement": clients_awaiting_engagement},
    stream_app="services.outcomes.engagement.stream:run",
    zones="SELECT DISTINCT time_zone FROM sites",
)
