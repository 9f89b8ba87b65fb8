"""Regional operations read counts every morning: once, also after an outage and a moved clock."""

from datetime import date, datetime, timedelta
from pathlib import Path
from uuid import UUID, uuid4

import pytest
from pydantic import ValidationError

from services.notifications.digest.jobs import digest_job, plan_job
from services.notifications.digest.policy import DigestPolicy, digest_policy
from shared.contracts.scheduling import SiteOpened, StaffChanged, StaffCredentialExpiring
from shared.database import ALL_SITES
from shared.jobs import JobContext, next_dues
from tests.support.data import read_anew
from tests.support.notifications import DENVER, DENVER_SITE, MONDAY_NOON, Client, Desk

REGION = UUID(int=9)
TUESDAY = datetime(2026, 6, 2, 7, tzinfo=DENVER)
RECIPIENT = {"address": "ops@example.test", "region_id": str(REGION), "time_zone": "America/Denver"}


@pytest.fixture(autouse=True)
def recipients(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "notifications" / "digest"
    folder.mkdir(parents=True)
    policy = DigestPolicy.model_validate(
        {**digest_policy().model_dump(), "recipients": [RECIPIENT]}
    )
    (folder / "digest.json").write_text(policy.model_dump_json())
    read_anew(monkeypatch, digest_policy, folder=tmp_path)
    assert digest_policy().recipients, "read now, as the desk names another folder"


@pytest.mark.parametrize("address", ["+13035550123", "webhook:pager"])
def test_a_digest_to_where_no_mail_goes_is_refused_when_it_is_read(address: str) -> None:
    wrong = {**digest_policy().model_dump(), "recipients": [{**RECIPIENT, "address": address}]}
    with pytest.raises(ValidationError, match="goes by mail alone"):
        DigestPolicy.model_validate(wrong)


async def sent(desk: Desk) -> list[str]:
    before = len(desk.mailbox.taken)
    context = JobContext(desk.database, desk.settings)
    await plan_job.run(context)
    await digest_job.run(context)
    return desk.mailbox.bodies[before:]


async def due(desk: Desk) -> datetime | None:
    async with desk.database.transaction(ALL_SITES) as tx:
        dues, _ = await next_dues(tx, [plan_job, digest_job])
    return min((at for at in dues if at is not None), default=None)


async def test_the_counts_of_a_day_are_told_the_next_morning_and_nothing_of_anybody(
    desk: Desk,
) -> None:
    opened = {"time_zone": "America/Denver", "opened_at": MONDAY_NOON}
    await desk.tell(SiteOpened(site_id=DENVER_SITE, region_id=REGION, **opened))
    await desk.tell(SiteOpened(site_id=UUID(int=2), region_id=UUID(int=3), **opened))
    ana, ben = Client("ana"), Client("ben")
    await desk.introduce(ana.details())
    await desk.tell(ben.details())
    await desk.tell(ana.missed(MONDAY_NOON), ben.missed(MONDAY_NOON))
    await desk.dispatch()
    (yesterday,) = await sent(desk)
    assert "Delivered: 0" in yesterday
    assert await due(desk) == TUESDAY
    desk.set_clock(TUESDAY)
    (body,) = await sent(desk)
    assert body.splitlines()[:4] == [
        "Sites: 1",
        "Delivered: 1",
        "Not delivered: 0",
        "Withheld by what people agreed to: 1",
    ]
    for hidden in ("ana", "ben", str(ana.id), str(DENVER_SITE)):
        assert hidden not in body
    assert await sent(desk) == []
    desk.set_clock(TUESDAY - timedelta(hours=1))
    assert await sent(desk) == [], "a clock that was moved back sends nothing again"


async def test_after_an_outage_only_what_is_still_of_use_is_sent(desk: Desk) -> None:
    desk.set_clock(TUESDAY + timedelta(days=3, hours=12))
    assert await sent(desk) == []
    desk.set_clock(TUESDAY + timedelta(days=4, hours=2))
    assert len(await sent(desk)) == 1
    async with desk.database.transaction(ALL_SITES) as tx:
        rows = await tx.fetch("SELECT day, state FROM digests ORDER BY day")
    assert [(row["day"], row["state"]) for row in rows] == [
        (date(2026, 5, 31), "expired"),
        (date(2026, 6, 4), "expired"),
        (date(2026, 6, 5), "sent"),
    ][1:]


async def test_a_server_that_is_down_is_asked_again_and_the_mail_is_the_same(desk: Desk) -> None:
    desk.set_clock(TUESDAY)
    desk.mailbox.message_answers = ["451 later"]
    assert await sent(desk) == []
    desk.set_clock(TUESDAY + timedelta(minutes=10))
    assert len(await sent(desk)) == 1
    assert len(set(desk.mailbox.ids)) == 1


@pytest.mark.parametrize(
    ("parts", "reason"),
    [
        ({"body": "{{ client }}"}, "client is no count"),
        ({"body": "Relapses: {{ tasks }}"}, "the text says relapse"),
        ({"recipients": [RECIPIENT, RECIPIENT]}, "there twice"),
        ({"recipients": [RECIPIENT | {"time_zone": "Moon/Base"}]}, "no IANA zone"),
    ],
)
def test_a_digest_that_could_tell_more_than_counts_is_refused(
    parts: dict[str, object], reason: str
) -> None:
    with pytest.raises(ValueError, match=reason):
        DigestPolicy.model_validate(digest_policy().model_dump() | parts)


async def test_credentials_that_expire_are_counted_until_they_are_renewed_or_the_person_leaves(
    desk: Desk,
) -> None:
    opened = {"time_zone": "America/Denver", "opened_at": MONDAY_NOON}
    await desk.tell(SiteOpened(site_id=DENVER_SITE, region_id=REGION, **opened))
    people = [uuid4() for _ in range(3)]
    works = {"home_site_id": DENVER_SITE, "site_ids": [DENVER_SITE]}
    soon = {"credential": "lac", "expires_on": date(2026, 6, 20)}
    for staff_id in people:
        told = StaffCredentialExpiring(staff_id=staff_id, **works, **soon, noticed_at=MONDAY_NOON)
        await desk.tell(told)
        await desk.tell(told)
    about = {**works, "trainings": [], "languages": [], "staff_gender": None}
    for staff_id, until, left_at in (
        (people[0], date(2028, 6, 20), None),
        (people[1], soon["expires_on"], MONDAY_NOON),
        (people[2], soon["expires_on"], None),
    ):
        held = [{"credential": "lac", "expires_on": until}]
        more = {"caseload_limit": None, "left_at": left_at, "changed_at": MONDAY_NOON}
        await desk.tell(StaffChanged(staff_id=staff_id, **about, credentials=held, **more))
    desk.set_clock(TUESDAY)
    assert "expire soon, or did: 1" in (await sent(desk))[-1]
