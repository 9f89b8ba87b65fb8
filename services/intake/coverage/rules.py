"""What can be shown of an insurance number, and which days an entry may have."""

from datetime import date, timedelta

SHOWN_DIGITS = 4


def masked(member_id: str) -> str:
    """The end of a member id, for whoever only has to tell cards apart; at most half of it."""
    shown = min(SHOWN_DIGITS, len(member_id) // 2)
    return "*" * (len(member_id) - shown) + member_id[len(member_id) - shown :]


def can_be_signed_on(signed_on: date, today: date, oldest_days: int) -> bool:
    """Not ahead of the site's calendar, and not so long ago that income has to be asked anew."""
    return today - timedelta(days=oldest_days) <= signed_on <= today
