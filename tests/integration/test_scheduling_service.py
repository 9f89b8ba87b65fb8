"""The whole service over Kafka: enrolments in, seats and sessions out, in one trace."""

from collections import Counter
from datetime import timedelta
from uuid import UUID, uuid4

from aiokafka import AIOKafkaProducer

from shared import clock
from shared.contracts.base import Event
from shared.messaging.envelope import headers_of
from tests.conftest import MONDAY
from tests.support.scheduling import CAUSE, EVENING, Enrolled, created
from tests.support.system import System

WEEKLY = "WeeklyHours"
"""What is told of weeks comes by itself, when a job looks at them."""


async def tell(system: System, *told: tuple[Event, int]) -> None:
    """Send events of intake, each with its sequence."""
    producer = AIOKafkaProducer(
        bootstrap_servers=system.stack.kafka.bootstrap_servers,
        security_protocol="SASL_PLAINTEXT",
        sasl_mechanism="PLAIN",
        sasl_plain_username="intake",
        sasl_plain_password=system.stack.kafka_passwords["intake"],
    )
    await producer.start()
    try:
        for event, sequence in told:
            await producer.send_and_wait(
                f"{system.prefix}stepwell.{event.stream}",
                value=event.model_dump_json().encode(),
                key=event.key.encode(),
                headers=headers_of(
                    stream=event.stream,
                    key=event.key,
                    sequence=sequence,
                    event_id=str(uuid4()),
                    type=event.type_name(),
                    dataschema=event.schema_name(),
                    occurred_at=clock.now(),
                    traceparent=CAUSE,
                ),
            )
    finally:
        await producer.stop()


async def test_enrolments_become_seats_and_sessions_and_a_step_down_gives_the_seat_on(
    system: System,
) -> None:
    await system.start("scheduling")
    regional = system.client("scheduling", "regional_operations")
    site = created(
        await regional.post("/sites", {"name": "Cedar Ridge", "time_zone": "America/Denver"})
    )
    cohort = created(
        await regional.post(
            "/cohorts",
            {
                "site_id": site["id"],
                "name": "Evening",
                "track": "general",
                "gender_group": None,
                "capacity": 12,
                "dual_diagnosis_trained": False,
            },
        )
    )
    plan = {
        "starts_on": "2026-03-02",
        "weeks": 3,
        "slots": [{**EVENING, "weekday": day} for day in (0, 2, 3)],
    }
    created(await regional.post(f"/cohorts/{cohort['id']}/curriculum", plan))
    clients = [Enrolled(str(n), UUID(site["id"])) for n in range(15)]
    ana, *others = clients
    await tell(system, (ana.enrolment, 1))
    await system.until("scheduling", "SELECT count(*) FROM placements", is_=1)
    await tell(system, *((client.enrolment, 1) for client in others))
    await system.until("scheduling", "SELECT count(*) FROM placements", is_=12)
    await system.until("scheduling", "SELECT count(*) FROM waitlist", is_=3)
    await system.until("scheduling", "SELECT count(*) FROM platform.outbox", is_=0)
    published = await system.published("scheduling")
    assert Counter(name for _, _, name in published if not name.startswith(WEEKLY)) == {
        "SiteOpened": 1,
        "CohortChanged": 1,
        "ClientPlaced": 12,
        "ClientWaitlisted": 3,
        "SessionScheduled": 108,
    }

    system.set_clock(MONDAY + timedelta(days=10))
    await tell(system, (ana.step_down, 2))
    await system.until("scheduling", "SELECT count(*) FROM waitlist WHERE left_at IS NULL", is_=2)
    await system.until("scheduling", "SELECT count(*) FROM platform.outbox", is_=0)
    by_key: dict[str, list[int]] = {}
    of_ana = 0
    for key, sequence, name in await system.published("scheduling"):
        by_key.setdefault(key, []).append(sequence)
        of_ana += key == str(ana.id) and not name.startswith(WEEKLY)
    assert all(found == list(range(1, len(found) + 1)) for found in by_key.values())
    assert of_ana == 1 + 9 + 1 + 7
    pending = (await regional.get("/operations/pending?within=1000")).json()
    assert (pending["dead_letters"], pending["unpublished"]) == (0, 0)
    assert [(a["stream"], a["keys"], a["events"]) for a in pending["applied"]] == [
        ("intake", 15, 16)
    ]
    traces = await system.fetch(
        "scheduling",
        "SELECT DISTINCT split_part(traceparent, '-', 2) AS trace FROM platform.journal"
        " WHERE type NOT LIKE ALL ('{%SiteOpened%, %CohortChanged%, %WeeklyHours%}')",
    )
    assert [row["trace"] for row in traces] == [CAUSE.split("-")[1]]
