"""A history of a small region, as the board of outcomes is told of it."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid5

from services.outcomes.board.consumers import consumers
from services.outcomes.directory.consumers import consumers as directory
from shared.contracts.base import Event
from shared.contracts.topics import BY_TYPE
from shared.database import ALL_SITES, Database
from shared.merges import consumers as merges
from shared.messaging.envelope import Received
from shared.messaging.handlers import Registry

REGISTRY = Registry("outcomes", [merges, directory, consumers])
NAMES = UUID(int=1)
BY_NAME = {event.__name__: event for event in BY_TYPE.values()}


def named(name: str) -> UUID:
    """The id of something by name."""
    return uuid5(NAMES, name)


@dataclass
class History:
    """Events in the order in which they happened, each with its number in its client's stream."""

    site: UUID
    received: list[Received[Any]] = field(default_factory=list)
    numbers: Counter[tuple[str, str]] = field(default_factory=Counter)

    def tell(self, name: str, who: str | None, **fields: Any) -> Received[Any]:
        """Something that happened; ids are given as names."""
        kind = BY_NAME[name]
        given = {
            k: named(v) if k.endswith("_id") and isinstance(v, str) else v
            for k, v in fields.items()
        }
        about: dict[str, Any] = {"site_id": self.site}
        if who is not None:
            about["client_id"] = named(who)
        event: Event = kind.model_validate(about | given)
        place = (event.stream, event.key)
        self.numbers[place] += 1
        one = Received(
            event,
            str(uuid5(NAMES, f"{place} {self.numbers[place]}")),
            "/t",
            kind.type_name(),
            event.stream,
            event.key,
            self.numbers[place],
            datetime.fromisoformat("2026-03-02T00:00:00+00:00"),
            None,
        )
        self.received.append(one)
        return one

    def opened(self, at: datetime, capacity: int = 10, zone: str = "America/Denver") -> None:
        """The site and its one cohort."""
        self.tell("SiteOpened", None, time_zone=zone, opened_at=at, region_id="region")
        self.tell(
            "CohortChanged", None, cohort_id=f"c {self.site}", capacity=capacity, changed_at=at
        )

    def referred(self, who: str, at: datetime) -> None:
        self.tell("ReferralReceived", who, referral_id=f"r {who}", source="self", received_at=at)

    def enrolled(self, who: str, at: datetime, stay: str | None = None) -> None:
        self.tell(
            "ClientEnrolled",
            who,
            enrolment_id=stay or f"e {who}",
            level_of_care="2.1",
            dual_diagnosis=False,
            gender_group=None,
            enrolled_at=at,
        )

    def changed(self, who: str, at: datetime, to: str, stay: str | None = None) -> None:
        self.tell(
            "EpisodeStateChanged",
            who,
            enrolment_id=stay or f"e {who}",
            from_state="active",
            to_state=to,
            reason=None,
            ended=to not in ("enrolled", "active", "on_hold"),
            changed_at=at,
        )

    def waits(self, who: str, at: datetime) -> None:
        self.tell("ClientWaitlisted", who, enrolment_id=f"e {who}", criteria=[], waitlisted_at=at)

    def offered(self, who: str, at: datetime, until: datetime) -> None:
        self.tell(
            "SeatOffered",
            who,
            enrolment_id=f"e {who}",
            offer_id=f"o {who}",
            cohort_id=f"c {self.site}",
            offered_at=at,
            expires_at=until,
            time_zone="America/Denver",
            passed_over=0,
            jump_reason=None,
        )

    def answered(self, who: str, at: datetime, how: str = "SeatAccepted") -> None:
        self.tell(
            how,
            who,
            enrolment_id=f"e {who}",
            offer_id=f"o {who}",
            cohort_id=f"c {self.site}",
            ended_at=at,
        )

    def placed(self, who: str, at: datetime) -> None:
        self.tell(
            "ClientPlaced",
            who,
            enrolment_id=f"e {who}",
            placement_id=f"p {who}",
            cohort_id=f"c {self.site}",
            track="general",
            criteria=[],
            placed_at=at,
        )

    def left(self, who: str, at: datetime) -> None:
        self.tell(
            "PlacementEnded",
            who,
            reason="stepped_down",
            placement_id=f"p {who}",
            cohort_id=f"c {self.site}",
            ended_at=at,
        )

    def session(self, who: str, name: str, at: datetime, became: str | None = None) -> None:
        """A seat in a session: expected, or what became of it."""
        about: dict[str, Any] = {
            "enrolment_id": f"e {who}",
            "session_id": name,
            "cohort_id": f"c {self.site}",
            "starts_at": at,
            "time_zone": "America/Denver",
        }
        recorded = {"scheduled_minutes": 165, "recorded_at": at}
        match became:
            case None:
                told = {"kind": "group", "ends_at": at + timedelta(hours=3), "break_minutes": 15}
                self.tell("SessionScheduled", who, **about, **told)
            case "came":
                told = {"status": "present", "attended_minutes": 165}
                self.tell("SessionAttended", who, **about, **recorded, **told)
            case "missed" | "excused":
                excused = became == "excused"
                status = "excused_absence" if excused else "no_show"
                told = {"status": status, "excused": excused}
                self.tell("SessionMissed", who, **about, **recorded, **told)
            case _:
                told = {"kind": "group", "reason": "weather", "not_held_at": at}
                self.tell("SessionNotHeld", who, **about, **told)

    def hours(self, who: str, at: datetime, week: str, name: str = "WeeklyHoursAtRisk") -> None:
        told: dict[str, Any] = {
            "enrolment_id": f"e {who}",
            "placement_id": f"p {who}",
            "week": week,
            "time_zone": "America/Denver",
            "planned_minutes": 495,
            "credited_minutes": 0,
            "forecast_minutes": 330,
            "minimum_minutes": 540,
            "credited_days": 0,
            "minimum_days": 3,
        }
        missing = {"missing_minutes": 210, "missing_days": 1}
        of = {
            "WeeklyHoursAtRisk": {**missing, "noticed_at": at},
            "WeeklyHoursShort": {**missing, "settled_at": at},
            "WeeklyHoursShortageLifted": {"reason": "enough", "lifted_at": at},
        }
        self.tell(name, who, **told, **of[name])

    def flagged(self, who: str, at: datetime, name: str = "") -> None:
        self.tell(
            "RiskFlagRaised",
            who,
            flag_id=f"f {who} {name}",
            kind="suicide_risk",
            severity="high",
            found_in="phq-9",
            acknowledge_by=at + timedelta(hours=1),
            raised_at=at,
        )

    def acknowledged(self, who: str, at: datetime, name: str = "") -> None:
        told = {"kind": "suicide_risk", "action": "safety_plan", "acknowledged_at": at}
        self.tell("RiskFlagAcknowledged", who, flag_id=f"f {who} {name}", **told)

    def merged(self, who: str, other: str, at: datetime) -> None:
        told = {"merge_id": f"m {who} {other}", "merged_client_id": other, "merged_at": at}
        self.tell("ClientsMerged", who, **told)

    def parted(self, who: str, other: str, at: datetime) -> None:
        told = {"merge_id": f"m {who} {other}", "merged_client_id": other, "undone_at": at}
        self.tell("ClientMergeUndone", who, **told)


async def apply(database: Database, received: Iterable[Received[Any]]) -> None:
    """Apply events in their order, all in one transaction, those of one type that follow one
    another together."""
    async with database.transaction(ALL_SITES) as tx:
        batch: list[Received[Any]] = []
        for one in received:
            if batch and batch[0].type != one.type:
                await REGISTRY.handle(tx, batch[0].type, batch)
                batch = []
            batch.append(one)
        if batch:
            await REGISTRY.handle(tx, batch[0].type, batch)
