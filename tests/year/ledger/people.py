"""Which records are one person, and when: merges and their undoing."""

from dataclasses import dataclass
from datetime import datetime

from tests.year.ledger.journal import Journal


@dataclass(frozen=True)
class Joined:
    """Two records that were one person from an instant up to another."""

    survivor: str
    merged: str
    since: datetime
    until: datetime | None


class People:
    """The merges of a journal."""

    def __init__(self, journal: Journal) -> None:
        undone = {
            event.data["merge_id"]: event.instant("undone_at")
            for event in journal.named("ClientMergeUndone")
        }
        self.joined = [
            Joined(
                event.client,
                event.data["merged_client_id"],
                event.instant("merged_at"),
                undone.get(event.data["merge_id"]),
            )
            for event in journal.named("ClientsMerged")
        ]

    def records(self, client: str, at: datetime) -> frozenset[str]:
        """All records of the person whom a record stands for, at an instant."""
        found = {client}
        before: set[str] = set()
        while found != before:
            before = set(found)
            for one in self.joined:
                holds = one.since <= at and (one.until is None or at < one.until)
                if holds and {one.survivor, one.merged} & found:
                    found |= {one.survivor, one.merged}
        return frozenset(found)

    def ever(self, client: str) -> frozenset[str]:
        """All records that were the same person at any time."""
        found, before = {client}, set[str]()
        while found != before:
            before = set(found)
            found |= {
                r
                for one in self.joined
                for r in (one.survivor, one.merged)
                if {one.survivor, one.merged} & found
            }
        return frozenset(found)

    def survivor(self, client: str, at: datetime) -> str:
        """The record that goes on for this one; itself unless it was merged."""
        found = [
            one.survivor
            for one in self.joined
            if one.merged == client and one.since <= at and (one.until is None or at < one.until)
        ]
        return found[-1] if found else client
