"""Partners' seats are held for who needs a higher level: no more than there are, nor for long."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest

from services.scheduling.step_up.commands import let_go
from shared import clock
from shared.contracts.outcomes import RecommendationDecided
from shared.contracts.scheduling import PartnerSeatHeld, PartnerSeatReleased
from shared.database import ALL_SITES
from tests.support.scheduling import Clinic, Enrolled, created, open_clinic, refused
from tests.support.system import System


@pytest.fixture
async def clinic(system: System) -> AsyncIterator[Clinic]:
    async with open_clinic(system) as opened:
        yield opened


async def slot(clinic: Clinic, partner: str = "Elm House", **other: Any) -> dict[str, Any]:
    body = {"partner": partner, "level": "2.5", "region_id": None, "seats": 1, **other}
    return created(await clinic.regional.post("/partner-slots", body))


async def ask(clinic: Clinic, client: Enrolled, level: str = "2.5") -> httpx.Response:
    lead = clinic.system.client("scheduling", "clinical_lead", [client.site_id])
    body = {"client_id": str(client.id), "site_id": str(client.site_id), "level": level}
    return await lead.post("/step-up-requests", body)


async def waiting(clinic: Clinic, site: UUID, count: int) -> list[Enrolled]:
    clients = [Enrolled(str(n), site) for n in range(count)]
    await clinic.tell(*(client.enrolment for client in clients))
    return clients


async def test_no_more_seats_are_held_than_a_partner_has_and_each_is_released_in_time(
    clinic: Clinic,
) -> None:
    site = await clinic.site()
    clients = await waiting(clinic, site, 6)
    elm = await slot(clinic, seats=2)
    await slot(clinic, "Oak House", level="3.5")
    answers = await asyncio.gather(*(ask(clinic, one) for one in clients))
    assert Counter(a.status_code for a in answers) == {201: 2, 409: 4}
    full = next(a for a in answers if a.status_code == 409)
    refused(full, 409, "no-partner-seat", "/level")
    held = [a.json() for a in answers if a.status_code == 201]
    seated = next(c for c in clients if str(c.id) == held[0]["client_id"])
    refused(await ask(clinic, seated, "3.5"), 409, "seat-held-already", "/client_id")
    refused(await ask(clinic, Enrolled("nobody", site)), 404, "not-found", "/client_id")

    less = await clinic.regional.put(f"/partner-slots/{elm['id']}", {"seats": 1}, etag='"1"')
    refused(less, 409, "seats-held", "/seats")
    manager = clinic.system.client("scheduling", "site_manager", [site])
    path = f"/step-up-requests/{held[0]['id']}"
    taken = await manager.post(f"{path}/release", {"outcome": "taken"}, etag='"1"')
    assert (taken.status_code, taken.json()["outcome"]) == (200, "taken")
    refused(
        await manager.post(f"{path}/release", {"outcome": "given_up"}, etag='"2"'),
        409,
        "seat-not-held",
    )
    assert (await clinic.regional.get("/partner-slots", level="2.5")).json()["items"][0][
        "held"
    ] == 1

    clinic.at(clock.now() + timedelta(hours=48))
    async with clinic.database.transaction(ALL_SITES) as tx:
        assert await let_go(tx) == 1
    told = [e for e in await clinic.published() if isinstance(e, PartnerSeatReleased)]
    assert [e.outcome for e in told] == ["taken", "expired"]
    fewer = await clinic.regional.put(f"/partner-slots/{elm['id']}", {"seats": 0}, etag='"1"')
    assert fewer.json()["seats"] == 0


async def test_seats_for_the_region_come_first_and_those_of_other_regions_are_not_taken(
    clinic: Clinic,
) -> None:
    site = await clinic.site()
    north, south = uuid4(), uuid4()
    async with clinic.database.transaction(ALL_SITES) as tx:
        for region, name in ((north, "North"), (south, "South")):
            await tx.execute(
                "INSERT INTO regions (id, name, created_at) VALUES ($1, $2, $3)",
                region,
                name,
                tx.now,
            )
        await tx.execute("UPDATE sites SET region_id = $2 WHERE id = $1", site, north)
    await slot(clinic, "Far", region_id=str(south), seats=9)
    await slot(clinic, "Everywhere", seats=5)
    await slot(clinic, "Near", region_id=str(north))
    ana, ben = await waiting(clinic, site, 2)
    assert created(await ask(clinic, ana))["partner"] == "Near"
    await clinic.tell(ben.changed("stepped_up"), ana.changed("stepped_up"))
    listed = (await clinic.desk.get("/step-up-requests", site_id=site)).json()["items"]
    assert {one["client_id"]: one["partner"] for one in listed} == {
        str(ana.id): "Near",
        str(ben.id): "Everywhere",
    }
    held = [e for e in await clinic.published() if isinstance(e, PartnerSeatHeld)]
    assert [e.client_id for e in held] == [ana.id, ben.id]
    twice = {"partner": "Far", "level": "2.5", "region_id": str(south), "seats": 1}
    refused(await clinic.regional.post("/partner-slots", twice), 409, "partner-known", "/partner")
    nowhere = {**twice, "region_id": str(uuid4())}
    refused(await clinic.regional.post("/partner-slots", nowhere), 404, "not-found", "/region_id")


def decided(client: Enrolled, **changed: Any) -> RecommendationDecided:
    given = {"kind": "step_up", "decision": "accept", "reason": "clinical_judgement"}
    given |= {"until": None, "to_level": "3.5", "decided_at": clock.now()}
    ids = {"client_id": client.id, "site_id": client.site_id, "enrolment_id": client.enrolment_id}
    return RecommendationDecided.model_validate(
        {**given, **ids, "recommendation_id": uuid4(), **changed}
    )


async def test_for_an_accepted_step_up_a_seat_at_its_level_is_held_and_for_nothing_else(
    clinic: Clinic,
) -> None:
    site = await clinic.site()
    ana, ben, cleo, dora = await waiting(clinic, site, 4)
    await slot(clinic, seats=9)
    await slot(clinic, "Oak House", level="3.5")
    await clinic.tell(
        decided(ben, decision="decline"),
        decided(cleo, kind="extend"),
        decided(ana),
        decided(ana),
        decided(dora),
    )
    held = [e for e in await clinic.published() if isinstance(e, PartnerSeatHeld)]
    assert [(e.client_id, e.level) for e in held] == [(ana.id, "3.5")]
