"""What an operator sees of events that the broker did not take, and what can be done with them."""

import time
from typing import Any
from uuid import UUID, uuid4

from shared import clock
from shared.messaging.set_aside import set_aside
from tests.support.outcomes import opened
from tests.support.subscriber import publish_referrals
from tests.support.system import System

WAITING = "SELECT key, sequence FROM platform.outbox ORDER BY id"


async def aside(system: System, client: UUID, count: int) -> None:
    """Publish events of a client and set them aside, the first as too large."""
    await publish_referrals(system, client, count)
    rows = await system.fetch(
        "intake", "SELECT id FROM platform.outbox WHERE key = $1 ORDER BY id", str(client)
    )
    ids = [row["id"] for row in rows]
    async with opened(system, "intake") as database, database.pool.acquire() as connection:
        now: Any = clock.now()
        await set_aside(connection, ids[:1], "too_large", now)  # type: ignore[arg-type]
        await set_aside(connection, ids[1:], "behind", now)  # type: ignore[arg-type]


async def test_an_operator_sees_what_is_set_aside_page_by_page(system: System):
    await system.start("intake", roles=["api"])
    ana, ben = sorted((uuid4(), uuid4()), key=str)
    await aside(system, ana, 3)
    await aside(system, ben, 2)
    operator = system.client("intake", "regional_operations")
    found, cursor = [], None
    while True:
        given = {"limit": 2} | ({"cursor": cursor} if cursor else {})
        page = (await operator.get("/operations/set-aside", **given)).json()
        found += [(e["key"], e["sequence"], e["reason"]) for e in page["items"]]
        cursor = page["next"]
        if cursor is None:
            break
    assert found == [
        (str(ana), 1, "too_large"),
        (str(ana), 2, "behind"),
        (str(ana), 3, "behind"),
        (str(ben), 1, "too_large"),
        (str(ben), 2, "behind"),
    ]
    pending = (await operator.get("/operations/pending")).json()
    assert (pending["set_aside"], pending["unpublished"]) == (5, 0)
    began = time.monotonic()
    assert (await operator.get("/operations/pending", within=150)).json() == pending
    assert time.monotonic() - began >= 0.15, "it is not at rest"
    assert (await operator.get("/operations/pending", within=5_000)).status_code == 422
    shown = (await operator.get("/metrics")).text
    assert 'stepwell_set_aside_pending{service="intake"} 5.0' in shown


async def test_events_sent_again_stand_in_their_order_with_what_came_meanwhile(system: System):
    await system.start("intake", roles=["api"])
    ana, ben = uuid4(), uuid4()
    await aside(system, ana, 2)
    await aside(system, ben, 1)
    await publish_referrals(system, ana, 1)
    service = system.client("intake", "operator")
    body = {"stream": "intake", "key": str(ana)}
    answer = await service.post("/operations/set-aside/retry", body)
    assert (answer.status_code, answer.json()) == (200, {"sent": 3})
    waiting = await system.fetch("intake", WAITING)
    assert [tuple(row) for row in waiting] == [(str(ana), n) for n in (1, 2, 3)]
    left = await system.fetch("intake", "SELECT key FROM platform.set_aside")
    assert [row["key"] for row in left] == [str(ben)]


async def test_passing_over_leaves_out_the_first_and_no_other(system: System):
    await system.start("intake", roles=["api"])
    ana = uuid4()
    await aside(system, ana, 3)
    service = system.client("intake", "operator")
    body = {"stream": "intake", "key": str(ana), "pass_over": True}
    answer = await service.post("/operations/set-aside/retry", body)
    assert answer.json() == {"sent": 2}
    assert [row["sequence"] for row in await system.fetch("intake", WAITING)] == [2, 3]


async def test_an_event_alone_can_be_passed_over_and_a_key_without_any_is_unknown(system: System):
    await system.start("intake", roles=["api"])
    ana = uuid4()
    await aside(system, ana, 1)
    service = system.client("intake", "operator")
    body = {"stream": "intake", "key": str(ana), "pass_over": True}
    assert (await service.post("/operations/set-aside/retry", body)).json() == {"sent": 0}
    again = await service.post("/operations/set-aside/retry", body)
    assert (again.status_code, again.json()["type"]) == (404, "/problems/nothing-set-aside")
