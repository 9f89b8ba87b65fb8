"""What `stepwell rebuild outcomes` makes anew from events, and what it leaves as it is.

Where a capability's own handlers do more than keep what was told, only the keeping runs here: what
was recommended, raised or published then is not decided again.
"""

from typing import Any

from services.outcomes.board.consumers import consumers as board
from services.outcomes.directory.commands import learn_zones
from services.outcomes.directory.consumers import consumers as directory
from services.outcomes.engagement.commands import FIGURES, KEEP
from services.outcomes.episodes.consumers import consumers as episodes
from services.outcomes.programs.consumers import consumers as programs
from services.outcomes.scores.consumers import consumers as scores
from services.outcomes.step_down.keeping import keep_weeks
from shared.contracts.intake import EpisodeStateChanged, ScreeningCompleted
from shared.contracts.outcomes import EngagementChanged
from shared.contracts.scheduling import (
    SessionAttended,
    SessionCancelled,
    SessionMissed,
    SessionNotHeld,
    SessionScheduled,
    WeeklyHoursShort,
    WeeklyHoursShortageLifted,
)
from shared.database import Columns, Transaction
from shared.merges import consumers as merges
from shared.messaging.consumer import Consumers, Received
from shared.messaging.read_models import ReadModels

STATES = Columns.of(
    enrolment_id="uuid", changed_at="timestamptz", to_state="text", client_id="uuid", site_id="uuid"
)
KEEP_STATES = f"""
INSERT INTO stay_states (enrolment_id, changed_at, state, client_id, site_id)
SELECT * FROM {STATES.rows} ON CONFLICT DO NOTHING
"""  # noqa: S608 - the columns are above

keeping = Consumers()


@keeping.on_many(EngagementChanged)
async def figures_told(tx: Transaction, received: list[Received[EngagementChanged]]) -> None:
    """Keep the latest figures; nobody decides by them before the swap, so nobody is locked out."""
    latest: dict[object, EngagementChanged] = {}
    for one in sorted(received, key=lambda one: one.event.source_sequence):
        latest[one.event.client_id] = one.event
    await tx.execute(KEEP, *FIGURES.arrays(latest.values()))


@keeping.on_many(EpisodeStateChanged)
async def stays_changed(tx: Transaction, received: list[Received[EpisodeStateChanged]]) -> None:
    await tx.execute(KEEP_STATES, *STATES.arrays(one.event for one in received))


async def weeks_told_of(tx: Transaction, received: list[Received[Any]]) -> None:
    await keep_weeks(tx, [one.event for one in received])


keeping.on_many(WeeklyHoursShort)(weeks_told_of)
keeping.on_many(WeeklyHoursShortageLifted)(weeks_told_of)


async def sessions_settled(tx: Transaction, received: list[Received[Any]]) -> None:
    await learn_zones(tx, {one.event.site_id: one.event.time_zone for one in received})


for settled in (SessionAttended, SessionMissed, SessionNotHeld):
    keeping.on_many(settled)(sessions_settled)


AT_THE_END = (
    """
    INSERT INTO rebuilding.missed_sessions (client_id, session_id, site_id, starts_at)
    SELECT client_id, session_id, site_id, starts_at FROM rebuilding.program_attendance
    WHERE outcome = 'missed'
    """,
    """
    INSERT INTO rebuilding.engagement (client_id, site_id, attendance_sequence)
    SELECT client_id, (array_agg(site_id))[1], max(sequence) FROM rebuilding.program_attendance
    GROUP BY client_id
    ON CONFLICT (client_id) DO UPDATE SET attendance_sequence = excluded.attendance_sequence
    """,
    """
    DELETE FROM rebuilding.engagement r USING public.engagement l
    WHERE l.client_id = r.client_id AND l.source_sequence > r.source_sequence
    """,
    "INSERT INTO rebuilding.engagement SELECT * FROM public.engagement ON CONFLICT DO NOTHING",
    """
    UPDATE rebuilding.episodes r SET measures_next_at = l.measures_next_at
    FROM public.episodes l WHERE l.enrolment_id = r.enrolment_id
    """,
)
"""Which sessions were missed, and how far attendance has come, follow from what became of seats, of
all at once. Figures are derived: they are in no journal, and in their topic for eight weeks only.
When a job looks at a stay again follows from what it did last."""

read_models = ReadModels(
    tables=(
        "sites",
        "episodes",
        "stay_states",
        "scores",
        "engagement",
        "missed_sessions",
        "short_weeks",
        "program_cohorts",
        "program_referrals",
        "program_attendance",
        "board_facts",
        "board_cohorts",
    ),
    consumers=(merges, directory, episodes, scores, programs, keeping, board),
    at_the_end=AT_THE_END,
    in_any_order=(
        EngagementChanged,
        ScreeningCompleted,
        SessionScheduled,
        SessionAttended,
        SessionMissed,
        SessionNotHeld,
        SessionCancelled,
    ),
)
LEFT = {
    "recommendations": "what was recommended when, and what people decided",
    "goals": "what people set and closed",
    "substance_use_reports": "what people reported",
    "risks": "what was raised when, and what people did about it",
    "disengagement": "since when a stay stands at risk, as it was told",
    "measures": "their ids, and what was told of them; the job keeps them by the rebuilt tables",
    "engagement_days": "figures as they were known of a day, of which no topic holds all",
    "follow_ups": "answers of clients",
    "extracts": "who asked for what",
    "extract_parts": "files that were made",
    "policy_replays": "who asked for what",
    "policy_replay_stays": "what was compared",
    "board_changes": "numbers of changes, by which listeners go on",
}
"""Tables that no event makes again, and what they hold."""
