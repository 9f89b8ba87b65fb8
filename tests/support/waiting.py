"""A clinic whose site asks those who wait before it gives them a seat."""

from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import pytest
from ruamel.yaml import YAML

from services import scheduling
from services.scheduling.placement.offers import let_run_out
from services.scheduling.placement.policy import waiting_policy
from shared.database import ALL_SITES
from shared.datafiles import Data
from tests.support.data import read_anew
from tests.support.scheduling import Clinic, Enrolled, created

SCHEDULING = Path(scheduling.__file__).parent


def of_site(
    monkeypatch: pytest.MonkeyPatch, folder: Path, site_id: UUID, data: Data[Any], **changes: Any
) -> None:
    """Let a site have these changes of a shipped policy."""
    place = Path(data.capability) / f"{data.place}.yaml"
    shipped = SCHEDULING / data.capability / "data" / place.name
    own = folder / "sites" / str(site_id) / "scheduling" / place
    own.parent.mkdir(parents=True, exist_ok=True)
    with own.open("w") as file:
        YAML(typ="safe").dump(YAML(typ="safe").load(shipped.read_text("utf-8")) | changes, file)
    read_anew(monkeypatch, data, folder=folder)


def ask_first(monkeypatch: pytest.MonkeyPatch, folder: Path, site_id: UUID, **changes: Any) -> None:
    """Let a site offer its seats, with these changes of the shipped policy."""
    of_site(monkeypatch, folder, site_id, waiting_policy, **{"seats": "offered"} | changes)


class Line:
    """The waiting list of a site and its offers, over HTTP."""

    def __init__(self, clinic: Clinic, site: UUID) -> None:
        self.clinic = clinic
        self.site = site
        self.desk = clinic.system.client("scheduling", "front_desk", [site])
        self.manager = clinic.system.client("scheduling", "site_manager", [site])

    async def waiting(self) -> list[dict[str, Any]]:
        items: list[dict[str, Any]] = (await self.desk.get("/waitlist", site_id=self.site)).json()[
            "items"
        ]
        return items

    async def offers(self, **asked: Any) -> list[dict[str, Any]]:
        found = await self.desk.get("/seat-offers", site_id=self.site, **asked)
        items: list[dict[str, Any]] = found.json()["items"]
        return items

    async def open_offer(self, client: Enrolled) -> dict[str, Any]:
        """The seat that is held for a client."""
        (one,) = [o for o in await self.offers(state="open") if o["client_id"] == str(client.id)]
        return one

    async def answer(
        self, offer: dict[str, Any], answer: str, body: dict[str, Any] | None = None
    ) -> httpx.Response:
        return await self.desk.post(
            f"/seat-offers/{offer['id']}/{answer}", body, etag=f'"{offer["version"]}"'
        )

    async def choose(
        self, client: Enrolled, cohort_id: UUID, reason: str | None = None
    ) -> httpx.Response:
        """Offer a seat to a client whom a person chose."""
        (line,) = [w for w in await self.waiting() if w["client_id"] == str(client.id)]
        body = {"waiting_id": line["id"], "cohort_id": str(cohort_id), "reason": reason}
        return await self.manager.post("/seat-offers", body)

    async def chosen(
        self, client: Enrolled, cohort_id: UUID, reason: str | None = None
    ) -> dict[str, Any]:
        return created(await self.choose(client, cohort_id, reason))

    async def run_out(self) -> int:
        """What the job does; how many sites it looked at."""
        looked = 0
        while True:
            async with self.clinic.database.transaction(ALL_SITES) as tx:
                done = await let_run_out(tx)
            if done == 0:
                return looked
            looked += done
