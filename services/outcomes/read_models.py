"""What `stepwell rebuild outcomes` makes anew from events, and what it leaves as it is."""

from services.outcomes.board.consumers import consumers as board
from services.outcomes.directory.consumers import consumers as directory
from services.outcomes.engagement.commands import FIGURES, KEEP
from services.outcomes.engagement.consumers import consumers as attendance
from services.outcomes.episodes.consumers import consumers as episodes
from services.outcomes.scores.consumers import consumers as scores
from shared.contracts.outcomes import EngagementChanged
from shared.database import Transaction
from shared.merges import consumers as merges
from shared.messaging.consumer import Consumers, Received
from shared.messaging.read_models import ReadModels

figures = Consumers()

OLDER_FIGURES = (
    """
    DELETE FROM rebuilding.engagement r USING public.engagement l
    WHERE l.client_id = r.client_id AND l.source_sequence > r.source_sequence
    """,
    "INSERT INTO rebuilding.engagement SELECT * FROM public.engagement ON CONFLICT DO NOTHING",
)
"""Figures are derived: they are in no journal, and in their topic for eight weeks only."""


@figures.on_many(EngagementChanged)
async def figures_told(tx: Transaction, received: list[Received[EngagementChanged]]) -> None:
    """Keep the latest figures; nobody decides by them before the swap, so nobody is locked out."""
    latest: dict[object, EngagementChanged] = {}
    for one in sorted(received, key=lambda one: one.event.source_sequence):
        latest[one.event.client_id] = one.event
    await tx.execute(KEEP, *FIGURES.arrays(latest.values()))


read_models = ReadModels(
    tables=("sites", "episodes", "scores", "engagement", "board_facts", "board_cohorts"),
    consumers=(merges, directory, episodes, scores, attendance, figures, board),
    kept=OLDER_FIGURES,
)
LEFT = {
    "recommendations": "what was recommended when, and what people decided",
    "board_changes": "numbers of changes, by which listeners go on",
}
"""Tables that no event makes again, and what they hold."""
