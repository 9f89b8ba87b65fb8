"""What waits in the database is seen in the metrics."""

from tests.support.system import System


async def test_events_that_no_worker_published_are_counted(system: System) -> None:
    await system.start("scheduling", roles=("api",))
    regional = system.client("scheduling", "regional_operations")
    assert (
        'stepwell_outbox_pending{service="scheduling"} 0.0' in (await regional.get("/metrics")).text
    )
    opened = await regional.post("/sites", {"name": "Cedar Ridge", "time_zone": "America/Denver"})
    assert opened.status_code == 201, opened.text
    shown = (await regional.get("/metrics")).text
    assert 'stepwell_outbox_pending{service="scheduling"} 1.0' in shown
    assert 'stepwell_dead_letters_open{service="scheduling"} 0.0' in shown
