"""The metrics of a process are shown whatever is away."""

from tests.support.apis import APPS, caller


async def test_metrics_are_shown_without_a_database() -> None:
    async with caller(APPS["intake"]) as api:
        answer = await api.get("/metrics")
    assert answer.status_code == 200
    assert 'stepwell_outbox_pending{service="intake"} NaN' in answer.text
