"""How many clients are in the program, by site, state and level."""

from collections import Counter
from datetime import datetime

from tests.year.ledger.stays import Stay


def census(stays: list[Stay], now: datetime) -> Counter[tuple[str, str, str]]:
    """Open stays by site, state and level of care."""
    return Counter((s.site, s.state, s.level) for s in stays if s.lasts_at(now))
