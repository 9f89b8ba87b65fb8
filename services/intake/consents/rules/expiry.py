"""How long a consent lasts."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from services.intake.consents.policy.vocabulary import FINAL_DISPOSITION


def end_of_day(day: date, zone_name: str) -> datetime:
    """The first instant of the day after, by the clock on the wall of a zone; in UTC.

    Where the clock skips midnight, the instant at which it does.
    """
    midnight = datetime.combine(day + timedelta(days=1), time(), ZoneInfo(zone_name))
    return midnight.astimezone(UTC)


def outlasts_disposition(
    expires_on: date | None, expires_with: str | None, disposition_on: date | None
) -> bool:
    """Whether a consent for a court referral may last longer than to the final disposition of the
    case (42 CFR 2.35(b)). A date is no longer than a disposition whose date is known; the
    disposition itself always is."""
    if expires_on is not None:
        return disposition_on is None or expires_on > disposition_on
    return expires_with != FINAL_DISPOSITION
