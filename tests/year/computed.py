"""The ledger of one checkpoint: everything that the figures are held against."""

from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from operator import itemgetter
from typing import Any
from zoneinfo import ZoneInfo

from shared.contracts.topics import BY_TYPE
from tests.support.program_figures import Figures
from tests.year.figures import Checkpoint, OfClient
from tests.year.ledger.disengagement import Score, disengagement
from tests.year.ledger.follow_ups import FollowUp, follow_ups
from tests.year.ledger.journal import Journal
from tests.year.ledger.measures import answers, calendar_of, courses, open_measures
from tests.year.ledger.messages import Fate, Key, Post
from tests.year.ledger.people import People
from tests.year.ledger.permission import Permissions
from tests.year.ledger.progress import (
    Line,
    criteria,
    engagement,
    latest_scores,
    open_flags,
    present_stay,
)
from tests.year.ledger.sessions import Seats, seats_of
from tests.year.ledger.stays import Stay, stays_of


@dataclass
class Computed:
    """Figures computed from the journals as they were at a checkpoint."""

    taken: Checkpoint

    @cached_property
    def now(self) -> datetime:
        return self.taken.now

    @cached_property
    def journal(self) -> Journal:
        return Journal(self.taken.journal)

    @cached_property
    def people(self) -> People:
        return People(self.journal)

    @cached_property
    def stays(self) -> list[Stay]:
        return stays_of(self.journal)

    @cached_property
    def seats(self) -> Seats:
        return seats_of(self.journal)

    @cached_property
    def fates(self) -> dict[Key, Fate]:
        permissions = Permissions(self.journal, self.people)
        return Post(self.journal, self.stays, permissions, self.now).fates()

    @cached_property
    def programs(self) -> Figures:
        """Who counts in program measures; by its day now is the same at all sites."""
        rows = (
            (BY_TYPE[row["type"]].model_validate_json(row["payload"]), row["sequence"])
            for row in sorted(self.taken.journal, key=itemgetter("occurred_at", "key", "sequence"))
            if row["type"] in BY_TYPE and row["stream"] in ("intake", "scheduling")
        )
        return Figures(rows, self.now.date(), self.records)

    @cached_property
    def follow_ups(self) -> dict[tuple[str, int], FollowUp]:
        """The surveys after stays, by stay and number of days."""
        said = {one["id"]: (one["enrolment_id"], one["days"]) for one in self.taken.follow_ups}
        told = {said[which]: what for which, what in self.taken.said.items()}
        return follow_ups(self.journal, self.stays, self.people, told, self.now)

    def disengagement(self, client: OfClient) -> Score | None:
        """The score of the present stay, and whether it is at risk."""
        stay = self.stays_of(client.id)[-1]
        return disengagement(self.taken.disengagement, self.seats, stay)

    def records(self, client: str) -> frozenset[str]:
        """All records of the person."""
        return self.people.records(client, self.now)

    def stays_of(self, client: str) -> list[Stay]:
        """The person's stays; the last is the present one."""
        return present_stay(self.stays, self.people, client, self.now)

    def progress(self, client: OfClient) -> tuple[Any, list[Line]]:
        """The figures of the present stay and, while it lasts, every criterion."""
        *former, stay = self.stays_of(client.id)
        figures = engagement(self.seats, stay)
        policy = next((p for p in self.taken.policies if p["from_level"] == stay.level), None)
        if stay.ends is not None or policy is None:
            return figures, []
        ended = [min(one.ends, stay.begins) for one in former if one.ends is not None]
        scores = latest_scores(self.journal, self.records(client.id), max(ended, default=None))
        zone: ZoneInfo = self.journal.zones[stay.site]
        flags = open_flags(self.journal, self.records(client.id))
        return figures, criteria(policy, figures, scores, flags, self.now, zone)

    def measures(self, client: OfClient) -> tuple[Any, Any]:
        """What is open, and the course by each measure, of the present stay."""
        *former, stay = self.stays_of(client.id)
        zone: ZoneInfo = self.journal.zones[stay.site]
        calendar, policy = calendar_of(stay, zone), self.taken.measures
        ended = [min(one.ends, stay.begins) for one in former if one.ends is not None]
        after = max(ended, default=None)
        given = answers(self.journal, self.records(client.id), after, calendar.ends, zone)
        today = self.now.astimezone(zone).date()
        return open_measures(policy, calendar, given, today), courses(policy, calendar, given)

    def open_measures(self, stay: Stay) -> Any:
        """What is open in a stay that goes on."""
        return self.measures(OfClient(stay.client, stay.site))[0]
