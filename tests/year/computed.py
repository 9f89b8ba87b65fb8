"""The ledger of one checkpoint: everything that the figures are held against."""

from dataclasses import dataclass
from datetime import date, datetime
from functools import cached_property
from operator import itemgetter
from typing import Any
from zoneinfo import ZoneInfo

from shared.contracts.topics import BY_TYPE
from tests.support.program_figures import Figures
from tests.year.figures import Checkpoint, OfClient
from tests.year.ledger.access import Referral, referrals_of
from tests.year.ledger.board import Board, Found
from tests.year.ledger.disengagement import Score, disengagement
from tests.year.ledger.follow_ups import FollowUp, follow_ups
from tests.year.ledger.hours import Week, week_of
from tests.year.ledger.journal import Journal
from tests.year.ledger.measures import answers, calendar_of, courses, open_measures
from tests.year.ledger.messages import Fate, Key, Post
from tests.year.ledger.people import People
from tests.year.ledger.permission import Permissions
from tests.year.ledger.placements import Placement, placements_of
from tests.year.ledger.progress import engagement, present_stay
from tests.year.ledger.recommending import Recommendation, recommendations_of
from tests.year.ledger.risks import Risks
from tests.year.ledger.sessions import Seats, seats_of
from tests.year.ledger.short_weeks import Standing, Watched, bounds, standing, watched
from tests.year.ledger.stays import Stay, stays_of
from tests.year.ledger.verdicts import WAYS, Facts, Known, verdicts


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

    @cached_property
    def referrals(self) -> list[Referral]:
        return referrals_of(self.journal, self.people, self.seats, self.now)

    @cached_property
    def placements(self) -> dict[str, Placement]:
        return placements_of(self.journal)

    @cached_property
    def weeks(self) -> dict[tuple[str, Week], Watched]:
        """The weeks of seats, by placement."""
        return watched(self.journal, self.placements, self.stays, self.now)

    def seats_in(self, site: str, monday: date) -> list[Placement]:
        """The seats of a site that were held in a week."""
        begins, ends = bounds(monday, self.journal.zones[site])
        return [
            one
            for one in self.placements.values()
            if one.site == site and one.begins < ends and (one.ends is None or one.ends > begins)
        ]

    def standing(self, seat: Placement, monday: date) -> Standing:
        """How a week of a seat stands."""
        (stay,) = (one for one in self.stays if one.id == seat.stay)
        week = week_of(monday)
        mine = [s for s in self.seats.values() if s.stay == stay.id and week_of(s.day) == week]
        return standing(mine, seat, stay, monday, self.now, self.journal.zones[seat.site])

    def told_of(self, seat: Placement, week: Week) -> str | None:
        """What was told of a week of a seat and holds."""
        one = self.weeks.get((seat.id, week))
        return one.word[0] if one and one.word else None

    @cached_property
    def risks(self) -> Risks:
        reports = [
            one
            for one in self.taken.reports
            if datetime.fromisoformat(one["reported_at"]) <= self.now
        ]
        return Risks(self.journal, self.people, reports, self.now)

    @cached_property
    def known(self) -> Known:
        weeks = self.weeks.values()
        return Known(self.journal, self.people, self.risks.all, self.risks.reports, weeks)

    def policy(self, stay: Stay) -> dict[str, Any] | None:
        """The policy of recommendations for the level of a stay, as it was answered."""
        return next((p for p in self.taken.policies if p["from_level"] == stay.level), None)

    def engagement(self, client: OfClient) -> Any:
        """The figures of the present stay."""
        return engagement(self.seats, self.stays_of(client.id)[-1])

    def verdicts(self, client: OfClient) -> dict[str, tuple[bool, list[tuple[Any, ...]]]]:
        """Whether each kind of recommendation has all it needs, and every rule, in a stay that
        goes on."""
        stay = self.stays_of(client.id)[-1]
        policy = self.policy(stay)
        if stay.ends is not None or policy is None:
            return {}
        facts: Facts = self.known.facts(stay, self.now)
        found = {kind: verdicts(policy[kind], facts) for kind in WAYS}
        return {
            kind: (
                sum(one.met for one in rules) >= (policy[kind]["needed"] or len(rules)),
                [one.shown() for one in rules],
            )
            for kind, rules in found.items()
        }

    def board(self, site: str) -> Found:
        """Every figure of the board of a site."""
        board = Board(site, self.journal, self.people, self.now)
        here = [stay for stay in self.stays if stay.ends is None]
        going_on = {stay.id for stay in here}
        measures = [
            state for stay in here if stay.site == site for _, state, _ in self.open_measures(stay)
        ]
        return {
            **board.stays(self.stays),
            **board.seats(going_on),
            **board.waits(going_on),
            **board.referrals(self.referrals),
            **board.sessions(self.seats, self.stays),
            **board.hours(list(self.weeks.values()), going_on),
            **board.flags(self.risks.all),
            "measures_overdue": measures.count("overdue"),
            "recommendations_open": sum(
                one.state == "open" and one.site == site for one in self.recommendations.values()
            ),
        }

    @cached_property
    def recommendations(self) -> dict[str, Recommendation]:
        """What was recommended, and what became of it."""
        return recommendations_of(self.journal, self.stays)

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
