"""Outcomes, declared."""

from services.outcomes.board.consumers import consumers as board_consumers
from services.outcomes.board.routes import router as board
from services.outcomes.directory.consumers import consumers as directory_consumers
from services.outcomes.engagement.consumers import consumers as engagement_consumers
from services.outcomes.engagement.queries import clients_awaiting_engagement
from services.outcomes.episodes.consumers import consumers as episode_consumers
from services.outcomes.read_models import read_models
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
    routers=(step_down, board),
    consumers=(
        merge_consumers,
        directory_consumers,
        episode_consumers,
        score_consumers,
        engagement_consumers,
        step_down_consumers,
        board_consumers,
    ),
    waiting={"engagement": clients_awaiting_engagement},
    stream_app="services.outcomes.engagement.stream:run",
    read_models=read_models,
    zones="SELECT DISTINCT time_zone FROM sites",
)
