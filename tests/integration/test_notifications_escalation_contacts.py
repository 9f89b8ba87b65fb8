"""Whom a site tells: named by its manager, seen by nobody else."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest

from shared.contracts.intake import RiskFlagRaised
from tests.conftest import MONDAY
from tests.integration.test_notifications_service import tell
from tests.support.mailbox import Mailbox
from tests.support.system import Client, System

SITE, OTHER_SITE = UUID(int=1), UUID(int=2)
CONTACTS = f"/sites/{SITE}/escalation-contacts"
BODY = {
    "on_duty": ["duty@example.test"],
    "steps": [{"addresses": ["lead@example.test"]}, {"addresses": ["manager@example.test"]}],
}


@pytest.fixture
async def notifications(system: System) -> System:
    await system.start("notifications", roles=("api",))
    return system


def manager(system: System, *sites: UUID) -> Client:
    return system.client("notifications", "site_manager", sites or (SITE,), subject="manager-1")


def refusal(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["type"].rpartition("/")[2]


async def rows(system: System) -> list[Any]:
    return await system.fetch("notifications", "SELECT * FROM escalation_contacts")


async def test_a_manager_names_whom_the_site_tells_and_changes_it(notifications: System):
    staff = manager(notifications)
    nobody = await staff.get(CONTACTS)
    assert (nobody.headers["etag"], nobody.json()["steps"]) == ('"0"', [])
    named = await staff.put(CONTACTS, BODY, etag='"0"')
    assert (named.status_code, named.headers["etag"]) == (200, '"1"')
    assert (await staff.get(CONTACTS)).json() == named.json()
    changed = await staff.put(CONTACTS, BODY | {"on_duty": []}, etag='"1"')
    assert (changed.json()["on_duty"], changed.json()["version"]) == ([], 2)
    lead = notifications.client("notifications", "clinical_lead", [SITE])
    assert (await lead.get(CONTACTS)).json() == changed.json()


@pytest.mark.parametrize("etag", ['"0"', '"2"', '"7"'])
async def test_who_did_not_read_the_present_contacts_does_not_change_them(
    notifications: System, etag: str
):
    staff = manager(notifications)
    await staff.put(CONTACTS, BODY, etag='"0"')
    assert refusal(await staff.put(CONTACTS, BODY, etag=etag)) == (412, "stale-version")
    assert refusal(await staff.put(CONTACTS, BODY)) == (428, "precondition-required")
    assert [row["version"] for row in await rows(notifications)] == [1]


async def test_of_two_who_name_contacts_first_one_is_told_to_read_again(notifications: System):
    staff = manager(notifications)
    answers = await asyncio.gather(*(staff.put(CONTACTS, BODY, etag='"0"') for _ in range(3)))
    assert sorted(answer.status_code for answer in answers) == [200, 412, 412]
    assert len(await rows(notifications)) == 1


@pytest.mark.parametrize(
    ("changed", "pointer"),
    [
        ({"steps": []}, "/steps"),
        ({"steps": [{"addresses": []}]}, "/steps/0/addresses"),
        ({"steps": [{"addresses": ["lead"]}]}, "/steps/0/addresses/0"),
        ({"steps": [{"addresses": ["a@example.test, b@example.test"]}]}, "/steps/0/addresses/0"),
        ({"steps": [{"addresses": ["Lead <a@example.test>"]}]}, "/steps/0/addresses/0"),
        ({"steps": [{"addresses": ["a@example.test\r\nBcc: b@x.test"]}]}, "/steps/0/addresses/0"),
        ({"steps": [{"addresses": ["a@example.test", "A@example.test"]}]}, "/steps/0/addresses"),
        ({"steps": [BODY["steps"][0]] * 11}, "/steps"),
        ({"on_duty": ["x" * 300 + "@example.test"]}, "/on_duty/0"),
        ({"client": "somebody"}, "/client"),
    ],
)
async def test_contacts_that_cannot_be_written_to_are_refused(
    notifications: System, changed: dict[str, Any], pointer: str
):
    answer = await manager(notifications).put(CONTACTS, BODY | changed, etag='"0"')
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["pointer"] == pointer
    assert await rows(notifications) == []


async def test_contacts_of_other_sites_do_not_exist(notifications: System):
    await manager(notifications).put(CONTACTS, BODY, etag='"0"')
    elsewhere = manager(notifications, OTHER_SITE)
    for answer in (
        await elsewhere.get(CONTACTS),
        await elsewhere.put(CONTACTS, BODY, etag='"1"'),
        await elsewhere.put(CONTACTS, BODY, etag='"0"'),
        await elsewhere.get(f"/sites/{SITE}/staff-alerts"),
    ):
        assert refusal(answer) == (404, "not-found")
    assert [row["version"] for row in await rows(notifications)] == [1]


@pytest.mark.parametrize("role", ["front_desk", "counselor", "regional_operations", "auditor"])
async def test_addresses_of_staff_are_for_managers_and_leads(notifications: System, role: str):
    somebody = notifications.client("notifications", role, [SITE])
    assert (await somebody.get(CONTACTS)).status_code == 403
    assert (await somebody.put(CONTACTS, BODY, etag='"0"')).status_code == 403


@pytest.fixture
async def mailbox(system: System) -> AsyncIterator[Mailbox]:
    async with Mailbox().listening() as listening:
        system.smtp_port = listening.port
        await system.start("notifications")
        yield listening


async def test_a_flag_in_intake_becomes_a_mail_to_staff_and_an_event_that_proves_it(
    system: System, mailbox: Mailbox
):
    await manager(system).put(CONTACTS, BODY, etag='"0"')
    flag = RiskFlagRaised(
        client_id=uuid4(),
        site_id=SITE,
        flag_id=uuid4(),
        kind="suicide_risk",
        severity="high",
        found_in="c-ssrs",
        acknowledge_by=MONDAY,
        raised_at=MONDAY,
    )
    await tell(system, "intake", flag)
    await system.until(
        "notifications", "SELECT count(*) FROM notifications WHERE state = 'delivered'", is_=1
    )
    assert [mail["To"] for mail in mailbox.taken] == ["duty@example.test"]
    assert str(flag.flag_id) in mailbox.bodies[0]
    assert await system.published("notifications") == [(str(flag.client_id), 1, "StaffAlerted")]
    operations = system.client("notifications", "regional_operations")
    page = (await operations.get(f"/sites/{SITE}/staff-alerts", flag_id=flag.flag_id)).json()
    (shown,) = page["items"]
    assert (shown["step"], shown["state"], shown["attempts"]) == (0, "delivered", 1)
    assert "example.test" not in str(page)
    failed = await operations.get(f"/sites/{SITE}/staff-alerts", failed_only=True)
    assert failed.json() == {"items": [], "next": None}
    pending = (await operations.get("/operations/pending")).json()
    assert pending["waiting"] == {"sending": 0, "alerting": 0}
