"""A year of a small program as events, made for program measures: referrals, stays, seats,
attendance with corrections, scores."""

import random
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from shared.contracts.base import Event
from shared.contracts.intake import (
    ClientEnrolled,
    EpisodeStateChanged,
    ReferralReceived,
    ReferralStateChanged,
    ScreeningCompleted,
)
from shared.contracts.scheduling import (
    ClientPlaced,
    SessionAttended,
    SessionMissed,
    SessionNotHeld,
    SiteOpened,
)
from shared.messaging.envelope import Received
from tests.support.scheduling import told

SITES = {UUID(int=1): "America/Denver", UUID(int=2): "America/New_York"}
REGION = UUID(int=77)
ENDS = ("completed", "stepped_down", "left_against_advice", "lost", "transferred", "died")


@dataclass
class History:
    """Events of many clients, each with its number in the client's stream."""

    seed: int
    clients: int
    today: date
    chance: random.Random = field(init=False)
    rows: list[tuple[Event, int]] = field(init=False, default_factory=list)

    def __post_init__(self) -> None:
        self.chance = random.Random(self.seed)
        for site, zone in SITES.items():
            opened = datetime(2024, 1, 1, tzinfo=UTC)
            self._tell(SiteOpened(site_id=site, time_zone=zone, opened_at=opened, region_id=REGION))
        for number in range(self.clients):
            self._client(UUID(int=(self.seed << 64) + number))

    def in_some_order(self) -> Iterator[list[Received[Any]]]:
        """The events of each type at once: each client's of intake in order, those of scheduling
        in any, some twice, and seats and attendance before the stays are known."""
        kinds: dict[type[Event], list[Received[Any]]] = {}
        for event, sequence in self.rows:
            one = replace(told(event)[0], sequence=sequence)
            kinds.setdefault(type(event), []).append(one)
        order = [ClientPlaced, SessionMissed, SessionNotHeld, SessionAttended, SiteOpened]
        for kind in [kind for kind in order if kind in kinds]:
            self.chance.shuffle(kinds[kind])
            kinds[kind] += self.chance.sample(kinds[kind], len(kinds[kind]) // 10)
        order += [ReferralReceived, ReferralStateChanged, ScreeningCompleted]
        for kind in [kind for kind in order if kind in kinds]:
            yield kinds.pop(kind)
        stays = [one for both in kinds.values() for one in both]
        for one in sorted(stays, key=lambda one: (one.event.client_id.int, one.sequence)):
            yield [one]

    def _tell(self, event: Event, sequence: int = 1) -> None:
        self.rows.append((event, sequence))

    def _client(self, client: UUID) -> None:
        chance = self.chance
        site = chance.choice(list(SITES))
        zone = ZoneInfo(SITES[site])
        day = self.today - timedelta(days=chance.randint(1, 420))
        who: dict[str, Any] = {"client_id": client, "site_id": site}
        age, gender = chance.choice(["young_adult", "adult"]), chance.choice([None, "women"])
        dual = chance.random() < 0.4
        number = 0
        for stay in range(2):
            at = _at(day, "10:00", zone)
            if at.date() > self.today:
                return
            referral = UUID(int=client.int + (stay + 1) * 1_000_000)
            received = {"referral_id": referral, "source": "self", "received_at": at}
            self._tell(ReferralReceived.model_validate(who | received))
            outcome = chance.choices(["accepted", "declined", "screening"], [8, 1, 1])[0]
            reason = "moved_away" if outcome == "declined" else None
            enrolled = day + timedelta(days=chance.randint(0, 9))
            if enrolled >= self.today:
                return
            moved = {"referral_id": referral, "from_state": "received", "to_state": outcome}
            moved |= {"reason": reason, "changed_at": _at(enrolled, "09:00", zone)}
            self._tell(ReferralStateChanged.model_validate(who | moved))
            if outcome != "accepted":
                return
            enrolment = UUID(int=client.int + (stay + 1) * 10_000_000)
            length = chance.choice([0, 5, 12, 25, 30, 31, 45, 60, 90, 120])
            ended = enrolled + timedelta(days=length)
            number += 1
            begun = {
                "enrolment_id": enrolment,
                "level_of_care": chance.choice(["2.1", "1.5"]),
                "dual_diagnosis": dual,
                "gender_group": gender,
                "age_band": age,
                "enrolled_at": _at(enrolled, "09:30", zone),
            }
            self._tell(ClientEnrolled.model_validate(who | begun), number)
            placed = {
                "enrolment_id": enrolment,
                "placement_id": UUID(int=enrolment.int + 1),
                "cohort_id": UUID(int=site.int * 10 + chance.randint(1, 2)),
                "track": "general",
                "criteria": [],
                "placed_at": _at(enrolled, "09:31", zone),
            }
            self._tell(ClientPlaced.model_validate(who | placed))
            self._sessions(who, enrolment, enrolled, min(ended, self.today), zone)
            self._scores(who, enrolled, min(ended, self.today), zone)
            if ended >= self.today:
                return
            number += 1
            end = {
                "enrolment_id": enrolment,
                "from_state": "active",
                "to_state": chance.choice(ENDS),
                "reason": None,
                "ended": True,
                "changed_at": _at(ended, "20:00", zone),
            }
            self._tell(EpisodeStateChanged.model_validate(who | end), number)
            if end["to_state"] == "died" or chance.random() < 0.6:
                return
            day = ended + timedelta(days=chance.randint(10, 120))

    def _sessions(
        self, who: dict[str, Any], stay: UUID, first: date, last: date, zone: ZoneInfo
    ) -> None:
        chance, sequence = self.chance, 0
        day = first + timedelta(days=chance.choice([0, 0, 1, 3, 8]))
        while day <= last:
            starts_at = _at(day, chance.choice(["17:30", "18:00", "10:00"]), zone)
            common: dict[str, Any] = who | {
                "enrolment_id": stay,
                "session_id": UUID(int=day.toordinal()),
                "cohort_id": UUID(int=9),
                "starts_at": starts_at,
                "time_zone": str(zone),
            }
            for _ in range(chance.choice([1, 1, 1, 2])):  # the second corrects
                sequence += 1
                self._outcome(common, sequence)
            day += timedelta(days=chance.choice([2, 2, 3, 9]))

    def _outcome(self, common: dict[str, Any], sequence: int) -> None:
        number = common["enrolment_id"].int % 10_000_000 * 1_000 + sequence
        kind = self.chance.choices(
            ["attended", "missed", "excused", "hold", "not_held"], [14, 3, 2, 1, 1]
        )
        if kind == ["not_held"]:
            told_ = {"kind": "group", "reason": "weather", "not_held_at": common["starts_at"]}
            self._tell(SessionNotHeld.model_validate(common | told_), number)
            return
        common = common | {"scheduled_minutes": 165, "recorded_at": common["starts_at"]}
        if kind == ["attended"]:
            minutes = self.chance.choice([165, 165, 90])
            status = "present" if minutes == 165 else "partial"
            attended = {"status": status, "attended_minutes": minutes}
            self._tell(SessionAttended.model_validate(common | attended), number)
            return
        excused = kind == ["excused"]
        status = "excused_absence" if excused else "no_show"
        missed = {"status": status, "excused": excused, "on_hold": kind == ["hold"]}
        self._tell(SessionMissed.model_validate(common | missed), number)

    def _scores(self, who: dict[str, Any], first: date, last: date, zone: ZoneInfo) -> None:
        day, total = first + timedelta(days=self.chance.randint(-9, 16)), 16
        while day <= last and self.chance.random() < 0.9:
            total = max(0, min(27, total + self.chance.randint(-7, 5)))
            at = _at(day, "12:00", zone)
            score = {
                "instrument": "phq-9",
                "instrument_version": "1.0",
                "status": "complete",
                "total": total,
                "band": None,
                "positive": None,
                "answered_at": at,
            }
            made = {"screening_id": UUID(int=self.chance.getrandbits(100)), "occasion": "follow_up"}
            made |= {"completed_at": at, "scores": [score]}
            self._tell(ScreeningCompleted.model_validate(who | made))
            day += timedelta(days=14)


def _at(day: date, clock: str, zone: ZoneInfo) -> datetime:
    return datetime.combine(day, time.fromisoformat(clock), zone).astimezone(UTC)
