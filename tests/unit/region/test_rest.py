"""When a system is at rest, and what is said when it is not."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, cast

from shared.settings import SERVICES
from stepwell.region.api import Services
from stepwell.region.settle import Rest, advance, settled
from stepwell.runtime import clock_file


def service(**changed: Any) -> dict[str, Any]:
    return {
        "unpublished": 0,
        "set_aside": 0,
        "due": 0,
        "next_due_at": None,
        "dead_letters": 0,
        "waiting": {},
        "streams": [],
        "applied": [],
        "consumes": [],
    } | changed


def stream(name: str, events: int, keys: int = 1) -> dict[str, Any]:
    return {"stream": name, "keys": keys, "events": events}


def rest(intake: dict[str, Any], scheduling: dict[str, Any]) -> Rest:
    return Rest({"intake": intake, "scheduling": scheduling})


def test_a_system_where_every_event_was_applied_is_at_rest() -> None:
    found = rest(
        service(streams=[stream("intake", 7)]),
        service(consumes=["intake"], applied=[stream("intake", 7)]),
    )
    assert found.unrest() == []
    assert found.published == 7


def test_an_event_that_a_consumer_has_not_applied_is_missing() -> None:
    found = rest(
        service(streams=[stream("intake", 7)]),
        service(consumes=["intake"], applied=[stream("intake", 6)]),
    )
    assert found.unrest() == ["scheduling applied 6 of 7 events of intake"]


def test_a_stream_that_a_consumer_never_saw_is_missing() -> None:
    found = rest(service(streams=[stream("intake", 1)]), service(consumes=["intake"]))
    assert found.unrest() == ["scheduling applied 0 of 1 events of intake"]


def test_the_latest_wins_in_a_derived_stream_so_it_needs_no_count() -> None:
    found = rest(service(), service(consumes=["engagement"]))
    assert found.unrest() == []


def test_what_is_to_be_published_or_done_is_named() -> None:
    found = rest(
        service(unpublished=2, waiting={"messages": 3, "calls": 0}), service(due=1, dead_letters=1)
    )
    assert found.unrest() == [
        "intake has 2 events to publish",
        "intake waits for 3 messages",
        "scheduling has 1 jobs that are due",
    ]
    assert found.stopped() == ["scheduling"]


def test_the_next_thing_due_is_the_earliest_of_all_services() -> None:
    found = rest(
        service(next_due_at="2026-03-02T15:00:00Z"), service(next_due_at="2026-03-01T17:00:00Z")
    )
    assert found.next_due_at == datetime(2026, 3, 1, 17, tzinfo=UTC)
    assert rest(service(), service()).next_due_at is None


def test_whoever_has_something_to_do_is_looked_at_again_with_those_whose_events_it_lacks() -> None:
    told = service(streams=[stream("intake", 7)])
    behind = service(consumes=["intake"], applied=[stream("intake", 8)])
    assert rest(told, behind).busy() == {"intake", "scheduling"}
    assert rest(service(), service(waiting={"messages": 1})).busy() == {"scheduling"}
    assert rest(service(due=1), service()).busy() == {"intake"}
    assert rest(service(), service()).busy() == set()


class Told:
    """Services that say what is prepared, the last of it again and again; who was asked."""

    def __init__(self, **prepared: list[dict[str, Any]]) -> None:
        self.prepared = {name: prepared.get(name, [service()]) for name in SERVICES}
        self.asked: list[str] = []

    async def get(self, name: str, *_: object, **__: object) -> dict[str, Any]:
        self.asked.append(name)
        found = self.prepared[name]
        return found.pop(0) if len(found) > 1 else found[0]


async def test_all_are_looked_at_together_before_a_system_counts_as_at_rest() -> None:
    told = Told(
        intake=[service(due=1), service(), service(streams=[stream("intake", 1)])],
        scheduling=[
            service(consumes=["intake"]),
            service(consumes=["intake"]),
            service(consumes=["intake"], applied=[stream("intake", 1)]),
        ],
    )
    found = await settled(cast(Services, told))
    assert found.unrest() == []
    assert found.published == 1
    again = ["intake", *SERVICES, "intake", "scheduling", *SERVICES]
    assert told.asked[: len(SERVICES) + 1] == [*SERVICES, "intake"]
    assert sorted(told.asked) == sorted([*SERVICES, *again])


async def test_at_each_stop_of_the_clock_those_are_looked_at_who_have_something_to_do(
    tmp_path: Path,
) -> None:
    noon = datetime(2026, 3, 2, 12, tzinfo=UTC)
    hour = timedelta(hours=1)
    at_one, at_two = str(noon + hour), str(noon + 2 * hour)
    told = Told(
        intake=[service(), service(due=1), service(next_due_at=at_two), service()],
        scheduling=[service(), service()],
    )
    services = cast(Any, told)
    services.clock_file = tmp_path / "clock"
    clock_file.write(services.clock_file, noon)
    await advance(services, noon)
    assert told.asked == list(SERVICES), "it moves nothing"
    told.asked.clear()
    told.prepared["intake"].insert(0, service(next_due_at=at_one))
    told.prepared["scheduling"].insert(0, service(next_due_at=at_two))
    await advance(services, noon + 3 * hour)
    assert clock_file.read(services.clock_file) == noon + 3 * hour
    on_the_way = told.asked[len(SERVICES) : -len(SERVICES)]
    assert on_the_way[:2] == ["intake", "intake"], "at one, until it is at rest"
    assert sorted(on_the_way[2:]) == ["intake", "scheduling"], "at two"
    assert told.asked[-len(SERVICES) :] == list(SERVICES), "all at the end"
