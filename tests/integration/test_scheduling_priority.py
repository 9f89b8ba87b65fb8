"""Who goes first: by priority population, then by the time of enrolment, whatever partition the
events came from (45 CFR 96.131)."""

import asyncio
import itertools
import random
from collections.abc import AsyncIterator, Sequence
from datetime import datetime, timedelta
from uuid import UUID, uuid4

import pytest

from shared.access.client import ServiceToken
from shared.contracts.base import Event
from shared.contracts.intake import PriorityPopulation
from shared.messaging.applier import Applier
from shared.messaging.envelope import Envelope, headers_of, open_envelope
from shared.messaging.feed import Feed
from tests.conftest import MONDAY
from tests.support.scheduling import CAUSE, Clinic, Enrolled, open_clinic
from tests.support.system import System

ORDER: list[tuple[PriorityPopulation, ...]] = [
    ("pregnant_injecting",),
    ("pregnant", "recent_overdose"),
    ("injecting", "parenting"),
    ("recent_overdose",),
    ("parenting",),
    (),
]
"""As the policy has it; parenting is no reason to go first there."""


@pytest.fixture
async def clinic(system: System) -> AsyncIterator[Clinic]:
    async with open_clinic(system) as opened:
        yield opened


class Batches:
    """Batches of events as the consumer takes them from the partitions of the broker."""

    def __init__(self, clinic: Clinic) -> None:
        settings = clinic.system.settings("scheduling", topics=False)
        self.feed = Feed(settings, ServiceToken(settings))
        self.applier = Applier(clinic.database, clinic.registry, self.feed)
        self.sequences: dict[str, int] = {}
        self.offsets = itertools.count()

    def read(self, event: Event) -> Envelope:
        self.sequences[event.key] = sequence = self.sequences.get(event.key, 0) + 1
        headers = headers_of(
            stream=event.stream,
            key=event.key,
            sequence=sequence,
            event_id=str(uuid4()),
            type=event.type_name(),
            dataschema=event.schema_name(),
            occurred_at=MONDAY,
            traceparent=CAUSE,
        )
        return open_envelope(
            event.stream,
            event.key.encode(),
            event.model_dump_json().encode(),
            headers,
            partition=0,
            offset=next(self.offsets),
        )

    async def apply(self, *events: Event) -> None:
        outcome = await self.applier.apply([self.read(event) for event in events])
        assert (len(outcome.applied), outcome.letters) == (len(events), [])


@pytest.fixture
async def batches(clinic: Clinic) -> AsyncIterator[Batches]:
    made = Batches(clinic)
    yield made
    await made.feed.close()


async def seated(clinic: Clinic, clients: Sequence[Enrolled]) -> list[str]:
    """Names of those who have a seat now, in the order of `clients`."""
    shown = (await clinic.desk.get("/placements", state="active", limit=200)).json()["items"]
    having = {one["client_id"] for one in shown}
    return [client.name for client in clients if str(client.id) in having]


async def waiting(clinic: Clinic, clients: Sequence[Enrolled]) -> list[str]:
    names = {str(client.id): client.name for client in clients}
    shown = (await clinic.desk.get("/waitlist", limit=200)).json()["items"]
    return [names[one["client_id"]] for one in shown]


async def test_in_a_batch_a_pregnant_client_goes_before_an_earlier_arrival(
    clinic: Clinic, batches: Batches
) -> None:
    site = await clinic.site()
    await clinic.cohort(site, capacity=1)
    earlier = Enrolled("earlier", site, enrolled_at=MONDAY - timedelta(hours=2))
    pregnant = Enrolled("pregnant", site, priority=("pregnant",), enrolled_at=MONDAY)
    await batches.apply(earlier.enrolment, pregnant.enrolment)
    assert await seated(clinic, [earlier, pregnant]) == ["pregnant"]
    assert await clinic.names_for(earlier) == ["ClientWaitlisted"]


@pytest.mark.parametrize("seed", range(3))
async def test_several_populations_are_placed_in_the_order_of_the_rule_in_any_batch(
    clinic: Clinic, batches: Batches, seed: int
) -> None:
    site = await clinic.site()
    await clinic.cohort(site, capacity=5)
    chance = random.Random(seed)
    clients = [
        Enrolled(
            f"{rank}-{nth}",
            site,
            priority=population,
            enrolled_at=MONDAY + timedelta(minutes=nth if rank < 4 else 10 * rank + nth),
        )
        for rank, population in enumerate(ORDER)
        for nth in range(2)
    ]
    mixed = chance.sample(clients, len(clients))
    await batches.apply(*(client.enrolment for client in mixed))
    names = [client.name for client in clients]
    assert await seated(clinic, clients) == names[:5]
    assert await waiting(clinic, clients) == names[5:]


async def test_within_a_population_the_time_of_enrolment_decides(
    clinic: Clinic, batches: Batches
) -> None:
    site = await clinic.site()
    await clinic.cohort(site, capacity=2)
    hours = [5, 1, 4, 2, 3]
    clients = [
        Enrolled(str(hour), site, enrolled_at=MONDAY - timedelta(hours=9 - hour)) for hour in hours
    ]
    await batches.apply(*(client.enrolment for client in clients))
    assert await seated(clinic, sorted(clients, key=lambda c: c.name)) == ["1", "2"]
    assert await waiting(clinic, clients) == ["3", "4", "5"]


async def test_who_enrolled_earlier_waits_in_front_of_who_was_heard_of_earlier(
    clinic: Clinic, batches: Batches
) -> None:
    site = await clinic.site()
    cohort_of_one = await clinic.cohort(site, capacity=1)
    taken = Enrolled("taken", site, enrolled_at=MONDAY - timedelta(days=1))
    late, early = (
        Enrolled(name, site, enrolled_at=MONDAY - timedelta(hours=hours))
        for name, hours in (("late", 1), ("early", 2))
    )
    await batches.apply(taken.enrolment)
    await batches.apply(late.enrolment)
    await batches.apply(early.enrolment)
    assert await waiting(clinic, [late, early]) == ["early", "late"]
    await batches.apply(taken.changed("completed"))
    assert await seated(clinic, [late, early]) == ["early"]
    assert cohort_of_one


@pytest.mark.parametrize("order", list(itertools.permutations(range(3))))
async def test_a_seat_that_becomes_free_in_the_batch_goes_to_the_population_that_goes_first(
    clinic: Clinic, batches: Batches, order: tuple[int, ...]
) -> None:
    """Who waits already, who leaves and who comes: the events in any order."""
    site = await clinic.site()
    await clinic.cohort(site, capacity=1)
    leaves, waits = Enrolled("leaves", site), Enrolled("waits", site)
    await batches.apply(leaves.enrolment, waits.enrolment)
    plain = Enrolled("plain", site)
    pregnant = Enrolled("pregnant", site, priority=("pregnant",))
    events = [leaves.changed("lost"), plain.enrolment, pregnant.enrolment]
    await batches.apply(*(events[n] for n in order))
    clients = [leaves, waits, plain, pregnant]
    assert await seated(clinic, clients) == ["pregnant"]
    assert await waiting(clinic, clients) == ["waits", "plain"]


async def test_who_comes_back_in_the_batch_in_which_the_former_stay_ends_goes_by_priority_too(
    clinic: Clinic, batches: Batches
) -> None:
    """Such an enrolment is handled after others of the batch, as its client's end is before it."""
    site = await clinic.site()
    await clinic.cohort(site, capacity=1)
    before = Enrolled("before", site)
    await batches.apply(before.enrolment)
    back = Enrolled("back", site, id=before.id, priority=("injecting",))
    plain = Enrolled("plain", site)
    await batches.apply(plain.enrolment, before.changed("completed"), back.enrolment)
    assert await clinic.names_for(plain) == ["ClientWaitlisted"]
    assert await clinic.names_for(back) == ["ClientPlaced", "PlacementEnded", "ClientPlaced"]


async def test_a_stay_that_begins_and_ends_in_one_batch_takes_no_seat(
    clinic: Clinic, batches: Batches
) -> None:
    site = await clinic.site()
    await clinic.cohort(site, capacity=1)
    brief, other = Enrolled("brief", site, priority=("pregnant",)), Enrolled("other", site)
    await batches.apply(other.enrolment, brief.enrolment, brief.changed("lost"))
    assert await seated(clinic, [brief, other]) == ["other"]
    assert await clinic.names_for(brief) == []


async def test_an_event_that_cannot_be_applied_stops_its_client_alone(
    clinic: Clinic, batches: Batches
) -> None:
    site = await clinic.site()
    await clinic.cohort(site, capacity=3)
    ana, ben = Enrolled("ana", site), Enrolled("ben", site, priority=("pregnant",))
    await batches.apply(ana.enrolment)
    twice = Enrolled("ana again", site, id=ana.id)
    outcome = await batches.applier.apply(
        [batches.read(twice.enrolment), batches.read(ben.enrolment)]
    )
    assert [letter.detail for letter in outcome.letters] == [
        "UniqueViolationError (placements_active)"
    ]
    assert await seated(clinic, [ana, ben]) == ["ana", "ben"]


async def test_many_members_at_once_let_nobody_of_a_population_wait_behind_others(
    clinic: Clinic,
) -> None:
    """Real concurrency: batches of several members compete for one site, and then seats become
    free in several batches at once."""
    site = await clinic.site()
    await clinic.cohort(site, capacity=6)
    seats = [Enrolled(f"seat {n}", site) for n in range(6)]
    await clinic.tell(*(client.enrolment for client in seats))
    chance = random.Random(7)

    def client(name: str, priority: tuple[PriorityPopulation, ...], at: datetime) -> Enrolled:
        return Enrolled(name, site, priority=priority, enrolled_at=at)

    clients = [
        client(f"{rank}-{nth}", ORDER[rank], MONDAY + timedelta(minutes=nth))
        for rank in (1, 2, 5)
        for nth in range(4)
    ]
    mixed = chance.sample(clients, len(clients))
    batches = [mixed[n::4] for n in range(4)]
    await asyncio.gather(*(clinic.tell(*(c.enrolment for c in batch)) for batch in batches))
    assert await waiting(clinic, clients) == [c.name for c in clients]
    await asyncio.gather(*(clinic.tell(seat.changed("completed")) for seat in seats))
    assert await seated(clinic, clients) == [c.name for c in clients[:6]]
    assert await waiting(clinic, clients) == [c.name for c in clients[6:]]


async def test_the_list_of_who_waits_pages_in_that_order_without_losing_anybody(
    clinic: Clinic,
) -> None:
    site, other = await clinic.site(), await clinic.site("Elsewhere")
    clients = [
        Enrolled(f"{rank}-{nth}", site, priority=ORDER[rank], enrolled_at=MONDAY)
        for rank in range(6)
        for nth in range(2)
    ]
    await clinic.tell(*(c.enrolment for c in reversed(clients)), Enrolled("x", other).enrolment)
    found: list[UUID] = []
    cursor: dict[str, str] = {}
    while True:
        page = (await clinic.desk.get("/waitlist", site_id=site, limit=5, **cursor)).json()
        assert page["count"] == 12
        found += [UUID(one["client_id"]) for one in page["items"]]
        if page["next"] is None:
            break
        cursor = {"cursor": page["next"]}
    # parenting (rank 4) and nobody's population (rank 5) are equal: the time of enrolment decides
    assert found == [c.id for c in clients]
