"""Seats in cohorts: who has one, who waits for one, and whose is kept."""

from dataclasses import dataclass
from datetime import datetime

from tests.year.ledger.journal import Journal


@dataclass
class Placement:
    """A seat in a cohort, from when to when."""

    id: str
    client: str
    site: str
    stay: str
    cohort: str
    begins: datetime
    ends: datetime | None = None


def placements_of(journal: Journal) -> dict[str, Placement]:
    """All seats, by their ids."""
    found: dict[str, Placement] = {}
    for event in journal.named("ClientPlaced", "PlacementEnded"):
        data = event.data
        if event.name == "ClientPlaced":
            found[data["placement_id"]] = Placement(
                data["placement_id"],
                event.client,
                data["site_id"],
                data["enrolment_id"],
                data["cohort_id"],
                event.instant("placed_at"),
            )
        else:
            found[data["placement_id"]].ends = event.instant("ended_at")
    return found


def waiting(journal: Journal) -> dict[str, tuple[str, str, datetime]]:
    """Stays that were put on the list and got no seat since: client, site, and since when."""
    found: dict[str, tuple[str, str, datetime]] = {}
    for event in journal.named("ClientWaitlisted", "ClientPlaced"):
        stay = event.data["enrolment_id"]
        if event.name == "ClientPlaced":
            found.pop(stay, None)
        else:
            since = event.instant("waitlisted_at")
            found[stay] = (event.client, event.data["site_id"], since)
    return found


def kept(journal: Journal, now: datetime) -> dict[str, tuple[str, str, str]]:
    """Offers that were neither answered nor have expired: site, cohort and stay."""
    found: dict[str, tuple[str, str, str]] = {}
    answers = ("SeatAccepted", "SeatDeclined", "SeatOfferExpired", "SeatOfferWithdrawn")
    for event in journal.named("SeatOffered", *answers):
        data = event.data
        if event.name != "SeatOffered":
            found.pop(data["offer_id"], None)
        elif event.instant("expires_at") > now:
            found[data["offer_id"]] = (data["site_id"], data["cohort_id"], data["enrolment_id"])
    return found
