"""A rating held against the client's own of the days before."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from statistics import median

from services.intake.screening.policy.parts import Rise


def has_risen(
    rule: Rise, scaled: int, answered_at: datetime, earlier: Sequence[tuple[datetime, int]]
) -> bool:
    """Whether a rating lies as many points above the median of the days before as the rule says.

    Without an earlier rating in those days nothing has risen. Ratings of the same instant or later
    do not count.
    """
    since = answered_at - timedelta(days=rule.over_days)
    before = [rating for at, rating in earlier if since <= at < answered_at]
    return bool(before) and scaled - median(before) >= rule.points
