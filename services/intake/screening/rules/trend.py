"""A rating held against the client's own of the days before."""

from collections.abc import Sequence
from datetime import datetime
from statistics import median

from services.intake.screening.policy.parts import Rise
from shared.calendar import days_later


def has_risen(
    rule: Rise,
    scaled: int,
    answered_at: datetime,
    earlier: Sequence[tuple[datetime, int]],
    time_zone: str,
) -> bool:
    """Whether a rating lies as many points above the median of the days before as the rule says.

    The days are those of the calendar at the site, from the same time of day on; days of a former
    stay are among them. Without an earlier rating in those days nothing has risen. Ratings of the
    same instant or later do not count.
    """
    since = days_later(answered_at, -rule.over_days, time_zone)
    before = [rating for at, rating in earlier if since <= at < answered_at]
    return bool(before) and scaled - median(before) >= rule.points
