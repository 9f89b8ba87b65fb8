"""Stays in the program: from admission to an end of any kind, with the holds between."""

from dataclasses import dataclass, field
from datetime import datetime

from tests.year.ledger.journal import Journal


@dataclass
class Stay:
    """One stay of one record. Instants are when it was told."""

    id: str
    client: str
    site: str
    level: str
    begins: datetime
    state: str = "enrolled"
    ends: datetime | None = None
    holds: list[tuple[datetime, datetime | None]] = field(default_factory=list)

    def holds_at(self, instant: datetime) -> bool:
        """Whether it was on hold at an instant."""
        return any(
            since <= instant and (until is None or instant < until) for since, until in self.holds
        )

    def lasts_at(self, instant: datetime) -> bool:
        """Whether the client was in the program at an instant."""
        return self.begins <= instant and (self.ends is None or instant < self.ends)


def stays_of(journal: Journal) -> list[Stay]:
    """All stays, in the order of their beginning."""
    found: dict[str, Stay] = {}
    for event in journal.named("ClientEnrolled", "EpisodeStateChanged"):
        if event.name == "ClientEnrolled":
            found[event.data["enrolment_id"]] = Stay(
                event.data["enrolment_id"],
                event.client,
                event.data["site_id"],
                event.data["level_of_care"],
                event.instant("enrolled_at"),
            )
            continue
        stay, at = found[event.data["enrolment_id"]], event.instant("changed_at")
        stay.state = event.data["to_state"]
        if event.data["from_state"] == "on_hold":
            since, _ = stay.holds[-1]
            stay.holds[-1] = (since, at)
        if event.data["to_state"] == "on_hold":
            stay.holds.append((at, None))
        if event.data["ended"]:
            stay.ends = at
    return sorted(found.values(), key=lambda stay: (stay.begins, stay.id))
