"""Whether what a referrer tells fits who it is."""

from datetime import date, timedelta

import orjson

from services.intake.referrals.details import Details, planned_discharge
from services.intake.referrals.policy import catalog
from shared.contracts.intake import Referrer
from shared.errors import Invalid


class DetailsDoNotBelong(Invalid, title="Details do not belong to the source"):
    """Such details are not told by such a referrer."""


class ImpossibleDischarge(Invalid, title="Impossible discharge date"):
    """The planned discharge is too far off, either way."""


def require_belonging(source: Referrer, details: Details | None) -> None:
    """Refuse details that are not told by such a referrer.

    Raises:
        DetailsDoNotBelong: with a pointer.
    """
    kind = catalog().referrers[source].details
    if details is not None and details.kind != kind:
        raise DetailsDoNotBelong(
            f"With {source} go {'no details' if kind is None else f'details of kind {kind}'}.",
            pointer="/details/kind",
        )


def require_possible_discharge(details: Details | None, today: date) -> None:
    """Refuse a planned discharge that is a slip of the pen.

    Raises:
        ImpossibleDischarge: with a pointer.
    """
    planned = planned_discharge(details)
    furthest = timedelta(days=catalog().furthest_discharge_days)
    if planned is not None and abs(planned - today) > furthest:
        raise ImpossibleDischarge(
            f"The planned discharge is more than {furthest.days} days off.",
            pointer="/details/planned_discharge_on",
        )


def discharge_that_counts(source: Referrer, details: Details | None) -> date | None:
    """The planned discharge where the clock of such a referral waits for it."""
    return planned_discharge(details) if catalog().referrers[source].starts_at_discharge else None


def kept(details: Details | None) -> str | None:
    """Details as they are kept, in JSON."""
    return None if details is None else orjson.dumps(details.model_dump(mode="json")).decode()
