"""Outcomes, declared."""

from services.outcomes.directory.consumers import consumers as directory_consumers
from services.outcomes.engagement.consumers import consumers as engagement_consumers
from services.outcomes.engagement.queries import clients_awaiting_engagement
from services.outcomes.episodes.consumers import consumers as episode_consumers
from services.outcomes.risk.consumers import consumers as risk_consumers
from services.outcomes.risk.jobs import course_risk_job
from services.outcomes.risk.routes import router as risk
from services.outcomes.scores.consumers import consumers as score_consumers
from services.outcomes.step_down.consumers import consumers as step_down_consumers
from services.outcomes.step_down.jobs import deferred_job, replay_job
from services.outcomes.step_down.replay_routes import router as replays
from services.outcomes.step_down.routes import router as step_down
from shared.merges import consumers as merge_consumers
from shared.service import Service

service = Service(
    name="outcomes",
    title="Stepwell outcomes",
    description="Scores over time, engagement in four rolling weeks, and explained "
    "recommendations to step down, which a clinician decides.",
    routers=(step_down, replays, risk),
    consumers=(
        merge_consumers,
        directory_consumers,
        episode_consumers,
        score_consumers,
        engagement_consumers,
        step_down_consumers,
        risk_consumers,
    ),
    jobs=(deferred_job, course_risk_job, replay_job),
    waiting={"engagement": clients_awaiting_engagement},
    stream_app="services.outcomes.engagement.stream:run",
    zones="SELECT DISTINCT time_zone FROM sites",
)
