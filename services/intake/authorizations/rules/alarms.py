"""When an authorization or a certification comes to its end, by units or by date."""

from datetime import date, datetime, time, timedelta
from typing import Literal
from zoneinfo import ZoneInfo

from services.intake.authorizations.policy import AlarmPolicy
from services.intake.authorizations.rules.business_days import business_days_before

GrantCause = Literal["units", "days", "exhausted", "expired"]
CertificationCause = Literal["recertification_due", "recertification_overdue"]
Cause = GrantCause | CertificationCause
DAY = timedelta(days=1)


def by_units(policy: AlarmPolicy, granted: int, left: int) -> GrantCause | None:
    """Few units left, at or below the policy's percent, or none."""
    if left == 0:
        return "exhausted"
    return "units" if left * 100 <= policy.units_left_percent * granted else None


def by_date(policy: AlarmPolicy, last: date, today: date) -> GrantCause | None:
    """Few business days left, at or below the policy's number, or its last day is over."""
    if today > last:
        return "expired"
    warned = business_days_before(last, policy.business_days_left, policy.is_closed)
    return "days" if today >= warned else None


def grant_causes(
    policy: AlarmPolicy, *, granted: int, left: int, last: date, today: date
) -> frozenset[GrantCause]:
    """Every cause that holds today; of units and of date the strongest only."""
    found = (by_units(policy, granted, left), by_date(policy, last, today))
    return frozenset(cause for cause in found if cause is not None)


def certification_causes(
    policy: AlarmPolicy, *, recertify_by: date, today: date
) -> frozenset[CertificationCause]:
    """Whether a certification has to be renewed soon, or should have been."""
    found = by_date(policy, recertify_by, today)
    if found is None:
        return frozenset()
    return frozenset(("recertification_due" if found == "days" else "recertification_overdue",))


def look_again(policy: AlarmPolicy, last: date, today: date, time_zone: str) -> datetime | None:
    """The instant at which the date raises its next alarm: a midnight of the site's clock."""
    warned = business_days_before(last, policy.business_days_left, policy.is_closed)
    following = next((day for day in (warned, last + DAY) if day > today), None)
    if following is None:
        return None
    return datetime.combine(following, time(), ZoneInfo(time_zone))
