"""Whatever happens at a site that asks first: never more seats than there are, the order holds
unless a jump is recorded, and each offer ends in exactly one way."""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from typing import Any, TypeVar
from uuid import UUID

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    rule,
    run_state_machine_as_test,
)

from services.scheduling.cohorts.commands import open_cohort
from services.scheduling.cohorts.schemas import Cohort, NewCohort
from services.scheduling.directory.commands import open_site
from services.scheduling.directory.schemas import NewSite
from services.scheduling.placement.offers import (
    JumpReasonNeeded,
    accept_offer,
    decline_offer,
    let_run_out,
    offer_seat,
)
from services.scheduling.placement.policy import waiting_policy
from services.scheduling.placement.schemas import Decline, NewSeatOffer
from shared import clock
from shared.contracts.intake import RiskFlagRaised
from shared.contracts.topics import BY_TYPE
from shared.database import ALL_SITES, Database, Transaction
from shared.errors import Refused
from shared.ids import new_id
from tests.conftest import MONDAY
from tests.support.scheduling import Enrolled, registry_of, told
from tests.support.system import System

T = TypeVar("T")
PICK = st.integers(0, 30)
SEATS = {"Everybody": 1, "Women": 1}
OFFERS = "SELECT * FROM seat_offers WHERE site_id = $1 ORDER BY ended_at NULLS LAST"
PLACED = "SELECT enrolment_id, cohort_id FROM placements WHERE site_id = $1 AND ended_at IS NULL"
ENDS = {"SeatAccepted", "SeatDeclined", "SeatOfferExpired", "SeatOfferWithdrawn"}


@dataclass
class Person:
    """What the model knows of a client."""

    client: Enrolled
    enrolled_at: datetime
    urgent: bool = False
    seat: str = ""
    asked: UUID | None = None
    not_before: datetime | None = None
    gone: bool = False
    priority: int = field(init=False)

    def __post_init__(self) -> None:
        self.priority = 0 if self.client.priority else 1

    @property
    def turn(self) -> tuple[int, bool, datetime, UUID]:
        return self.priority, not self.urgent, self.enrolled_at, self.client.enrolment_id

    def fits(self, cohort: str) -> bool:
        return cohort == "Everybody" or self.client.gender_group == "women"

    def may_be_asked(self, now: datetime) -> bool:
        waits = not (self.gone or self.seat or self.asked)
        return waits and (self.not_before is None or self.not_before <= now)


class WaitingList(RuleBasedStateMachine):
    """One site; steps are told to the commands, and what is in the tables is held against what the
    model of `Person` allows."""

    system: System
    runner: asyncio.Runner
    database: Database
    registry = registry_of("scheduling")
    sites = 0

    def do(self, work: Callable[[Transaction], Awaitable[T]]) -> T:
        async def run() -> T:
            async with self.database.transaction(ALL_SITES) as tx:
                return await work(tx)

        return self.runner.run(run())

    def tell(self, *events: Any) -> None:
        self.do(lambda tx: self.registry.handle(tx, events[0].type_name(), told(*events)))
        self.follow()

    @initialize(women=st.lists(st.booleans(), min_size=4, max_size=6))
    def some_enrol_at_a_new_site(self, women: list[bool]) -> None:
        self.system.set_clock(MONDAY)
        WaitingList.sites += 1
        self.people: dict[UUID, Person] = {}
        self.offers: set[UUID] = set()
        site = self.do(
            lambda tx: open_site(tx, NewSite(name=f"Site {self.sites}", time_zone="Europe/London"))
        )
        self.site = site.id
        self.cohorts: dict[UUID, str] = {}
        for name, seats in SEATS.items():
            made = self.do(partial(self.open, name, seats))
            self.cohorts[made.id] = name
        for woman in women:
            self.somebody_enrols(woman, first=False)

    async def open(self, name: str, seats: int, tx: Transaction) -> Cohort:
        new = NewCohort(
            site_id=self.site,
            name=name,
            track="general",
            gender_group="women" if name == "Women" else None,
            capacity=seats,
            dual_diagnosis_trained=False,
        )
        return await open_cohort(tx, new)

    # ---- what happens

    @rule(woman=st.booleans(), first=st.booleans())
    def somebody_enrols(self, woman: bool, first: bool) -> None:
        client = Enrolled(
            "",
            self.site,
            gender_group="women" if woman else None,
            priority=("injecting",) if first else (),
            enrolled_at=clock.now(),
        )
        self.people[client.enrolment_id] = Person(client, clock.now())
        self.tell(client.enrolment)

    @rule(n=PICK, seated=st.booleans())
    def somebody_leaves(self, n: int, seated: bool) -> None:
        if here := [p for p in self.people.values() if not p.gone and bool(p.seat) is seated]:
            person = here[n % len(here)]
            person.gone = True
            self.tell(person.client.changed("completed"))

    @rule(n=PICK)
    def somebody_becomes_urgent(self, n: int) -> None:
        if waiting := [p for p in self.people.values() if not (p.gone or p.seat or p.urgent)]:
            person = waiting[n % len(waiting)]
            person.urgent = True
            about = person.client
            self.tell(
                RiskFlagRaised(
                    client_id=about.id,
                    site_id=self.site,
                    flag_id=new_id(),
                    kind="suicide_risk",
                    severity="high",
                    found_in="phq-9",
                    acknowledge_by=clock.now(),
                    raised_at=clock.now(),
                )
            )

    @rule(n=PICK, take=st.booleans())
    def somebody_answers(self, n: int, take: bool) -> None:
        if asked := [p.asked for p in self.people.values() if p.asked]:
            offer = asked[n % len(asked)]
            if take:
                self.do(lambda tx: accept_offer(tx, None, offer, "desk"))
            else:
                self.do(lambda tx: decline_offer(tx, None, offer, Decline(), "desk"))
            self.follow()

    @rule(hours=st.sampled_from([1, 12, 24, 7 * 24]))
    def time_goes_by(self, hours: int) -> None:
        self.system.set_clock(clock.now() + timedelta(hours=hours))
        while self.do(let_run_out):
            pass
        self.follow()

    @rule(n=PICK, woman=st.booleans(), reason=st.booleans())
    def somebody_is_chosen(self, n: int, woman: bool, reason: bool) -> None:
        waiting = [p for p in self.people.values() if not (p.gone or p.seat)]
        if not waiting:
            return
        person = waiting[n % len(waiting)]
        cohort = next(c for c, name in self.cohorts.items() if (name == "Women") == woman)
        before = sum(
            p.may_be_asked(clock.now()) and p.fits(self.cohorts[cohort]) and p.turn < person.turn
            for p in waiting
        )
        line = self.do(
            lambda tx: tx.fetchval(
                "SELECT id FROM waitlist WHERE enrolment_id = $1", person.client.enrolment_id
            )
        )
        new = NewSeatOffer(
            waiting_id=line, cohort_id=cohort, reason="court_order" if reason else None
        )
        try:
            made = self.do(lambda tx: offer_seat(tx, new, "manager"))
        except JumpReasonNeeded:
            assert before
            assert not reason
        except Refused:
            pass
        else:
            assert (made.passed_over, made.jump_reason is not None) == (before, bool(before))
            self.follow(chosen=made.id)

    # ---- what came of it

    def follow(self, chosen: UUID | None = None) -> None:
        """Bring the model up to the tables, and see that whoever was asked or seated by the order
        went before nobody who could have been."""
        offers = self.do(lambda tx: tx.fetch(OFFERS, self.site))
        placed = self.do(lambda tx: tx.fetch(PLACED, self.site))
        served: list[tuple[Person, str]] = []
        seats = {row["enrolment_id"]: self.cohorts[row["cohort_id"]] for row in placed}
        answered = {row["enrolment_id"] for row in offers if row["outcome"] == "accepted"}
        for enrolment, person in self.people.items():
            if (seat := seats.get(enrolment, "")) and not person.seat and enrolment not in answered:
                served.append((person, seat))
            person.seat, person.asked = seat, None
        for row in offers:
            person = self.people[row["enrolment_id"]]
            if row["id"] not in self.offers and row["id"] != chosen:
                served.append((person, self.cohorts[row["cohort_id"]]))
            if row["id"] not in self.offers:
                person.not_before = None
            if row["outcome"] is None:
                person.asked = row["id"]
            elif row["outcome"] in ("declined", "expired"):
                person.not_before = row["ended_at"] + timedelta(days=7)
        self.offers = {row["id"] for row in offers}
        for person, cohort in served:
            for other in self.people.values():
                if other.may_be_asked(clock.now()) and other.fits(cohort):
                    assert person.turn < other.turn

    @invariant()
    def never_more_seats_than_there_are(self) -> None:
        taken = Counter(p.seat for p in self.people.values() if p.seat)
        held = self.do(lambda tx: tx.fetch(OFFERS, self.site))
        taken.update(self.cohorts[row["cohort_id"]] for row in held if row["ended_at"] is None)
        assert all(taken[name] <= seats for name, seats in SEATS.items())
        for person in self.people.values():
            assert not (person.asked and (person.seat or person.gone))
            for name, seats in SEATS.items():
                idle = taken[name] < seats and self.gives_by_itself
                assert not (idle and person.may_be_asked(clock.now()) and person.fits(name))

    @property
    def gives_by_itself(self) -> bool:
        return waiting_policy().seats == "offered"

    @invariant()
    def each_offer_ends_in_one_way(self) -> None:
        rows = self.do(
            lambda tx: tx.fetch(
                "SELECT type, payload FROM platform.outbox WHERE type LIKE '%Seat%' ORDER BY id"
            )
        )
        told_of: dict[UUID, list[str]] = {}
        for row in rows:
            event: Any = BY_TYPE[row["type"]].model_validate_json(row["payload"])
            if event.site_id == self.site:
                told_of.setdefault(event.offer_id, []).append(type(event).__name__)
        assert told_of.keys() == self.offers
        open_now = {p.asked for p in self.people.values() if p.asked}
        for offer, names in told_of.items():
            assert names[0] == "SeatOffered"
            assert len(names) == (1 if offer in open_now else 2)
            assert set(names[1:]) <= ENDS


@pytest.mark.parametrize("seats", ["offered", "by_hand"])
def test_a_waiting_list_keeps_its_promises(
    system: System, monkeypatch: pytest.MonkeyPatch, seats: str
) -> None:
    policy = waiting_policy().model_copy(update={"seats": seats})
    monkeypatch.setitem(vars(waiting_policy), "_everywhere", policy)
    with asyncio.Runner() as runner:
        database = Database(system.databases["scheduling"], size=2)
        runner.run(database.open())
        WaitingList.system, WaitingList.runner, WaitingList.database = system, runner, database
        try:
            run_state_machine_as_test(
                WaitingList,
                settings=settings(
                    max_examples=12,
                    stateful_step_count=25,
                    deadline=None,
                    phases=(Phase.generate,),
                    suppress_health_check=list(HealthCheck),
                ),
            )
        finally:
            runner.run(database.close())
