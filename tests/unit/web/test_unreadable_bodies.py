"""A body that is announced as JSON and cannot be read as such is the caller's mistake."""

import pytest

from shared.access import Role
from tests.support.apis import APPS, caller


@pytest.mark.parametrize(
    ("body", "slug"),
    [
        (b"{", "malformed-json"),
        (b'{"site_id": \xff\xfe}', "unreadable-body"),
        (b'{"site_id": ' + b"9" * 5_000 + b"}", "unreadable-body"),
        (b"[" * 100_000, "unreadable-body"),
    ],
    ids=["cut off", "no text", "a number of 5,000 digits", "nested 100,000 deep"],
)
async def test_a_body_that_cannot_be_read_is_told_so(body: bytes, slug: str) -> None:
    async with caller(APPS["intake"], Role.FRONT_DESK) as api:
        answer = await api.post(
            "/referrals",
            content=body,
            headers={"Content-Type": "application/json", "Idempotency-Key": "once"},
        )
    assert answer.status_code == 400, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["type"] == f"/problems/{slug}"
