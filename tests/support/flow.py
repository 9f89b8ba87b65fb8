"""The way of a client through the services, over HTTP, for tests that need one on the way."""

import contextlib
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID, uuid4

import httpx

from services.intake.enrolment.commands import step_down
from shared.contracts.outcomes import StepDownDecided
from shared.database import ALL_SITES, Database, Transaction
from tests.support.system import System

SITE = UUID(int=7)
CALM_PHQ9 = [1, 1, 1, 1, 0, 0, 0, 0, 0]
CALM_GAD7 = [1, 1, 1, 0, 0, 0, 0]
FITS_IOP = {"1": 0, "2": 0, "3": 1, "4": 2, "5": 2, "6": 1}


def created(answer: httpx.Response) -> dict[str, Any]:
    """The body of an answer that must be 201."""
    assert answer.status_code == 201, answer.text
    made: dict[str, Any] = answer.json()
    return made


def problem(answer: httpx.Response) -> tuple[int, str, str | None]:
    """Status, last part of the problem's type, and the pointer of its only error, if it has one."""
    told = answer.json()
    (error,) = told.get("errors") or [{}]
    return answer.status_code, told["type"].rpartition("/")[2], error.get("pointer")


def person(**changed: object) -> dict[str, object]:
    return {
        "given_name": "Client 01",
        "family_name": "Example",
        "birth_date": "1988-04-17",
        "gender": "man",
        "sex_at_birth": "male",
    } | changed


def responses(phq9: list[Any] | None = None, gad7: list[Any] | None = None) -> list[dict[str, Any]]:
    return [
        {"instrument": "phq-9", "version": "1.0", "answers": phq9 or CALM_PHQ9},
        {"instrument": "gad-7", "version": "1.0", "answers": gad7 or CALM_GAD7},
    ]


def rated(ratings: dict[str, Any]) -> dict[str, Any]:
    """Ratings as they are sent: each with its evidence."""
    return {
        number: {"rating": rating, "evidence": "As told in the interview."}
        for number, rating in ratings.items()
    }


def accepted(tx: Transaction, enrolment: dict[str, Any]) -> StepDownDecided:
    """A clinician's decision to step a client down."""
    return StepDownDecided(
        client_id=UUID(enrolment["client_id"]),
        site_id=UUID(enrolment["site_id"]),
        enrolment_id=UUID(enrolment["id"]),
        recommendation_id=uuid4(),
        decision="accept",
        reason="agrees_with_recommendation",
        from_level="2.1",
        to_level="1.5",
        decided_at=tx.now,
    )


@dataclass
class Intake:
    """Calls intake as the staff of a site."""

    system: System
    site: UUID

    async def open_site(self) -> None:
        """Enter the site in intake as SiteOpened would, where scheduling does not run."""
        await self.system.execute_as_owner(
            "intake",
            "SET stepwell.sites = '*';"
            f"INSERT INTO sites VALUES ('{self.site}', 'America/Denver', '2026-02-23T14:00:00Z')",
        )

    async def refer(self, **person_changes: object) -> str:
        desk = self.system.client("intake", "front_desk", [self.site])
        made = created(
            await desk.post(
                "/referrals",
                {
                    "site_id": str(self.site),
                    "source": "self",
                    "person": person(**person_changes),
                    "contact": {"channel": "email", "email": "client-01@example.test"},
                },
            )
        )
        return str(made["client_id"])

    async def screen(self, client: str, occasion: str = "intake", **items: list[Any]) -> None:
        counselor = self.system.client("intake", "counselor", [self.site])
        created(
            await counselor.post(
                f"/clients/{client}/screenings",
                {"occasion": occasion, "responses": responses(**items)},
            )
        )

    async def determine(self, client: str, ratings: dict[str, int] | None = None) -> dict[str, Any]:
        counselor = self.system.client("intake", "counselor", [self.site])
        return created(
            await counselor.post(
                f"/clients/{client}/level-of-care-determinations",
                {"edition": "3", "ratings": rated(ratings or FITS_IOP)},
            )
        )

    async def sign(
        self, determination: dict[str, Any], role: str = "clinical_lead", **level: Any
    ) -> httpx.Response:
        """Sign a decision as the staff of a site; the recommended level when none is named."""
        staff = self.system.client("intake", role, [self.site], subject=f"{role}-1")
        return await staff.post(
            f"/level-of-care-determinations/{determination['id']}/signature",
            level,
            etag=f'"{determination["version"]}"',
        )

    async def agree(self, client: str) -> None:
        """The client consents to treatment and agrees to pay by the sliding scale."""
        from tests.support.consents import signed

        desk = self.system.client("intake", "front_desk", [self.site])
        agreement = {
            "household_size": 1,
            "yearly_income_cents": 1_500_000,
            "signed_on": "2026-02-23",
        }
        for path, body in (("consents", signed()), ("self-pay-agreements", agreement)):
            created(await desk.post(f"/clients/{client}/{path}", body, key=f"{path}-{client}"))

    async def enrol(self, client: str, determination: dict[str, Any]) -> httpx.Response:
        """Enrol as the front desk, after all that comes before: the signature, if the decision can
        be signed, the consent, and the agreement to pay."""
        await self.sign(determination)
        await self.agree(client)
        return await self.admit(client, determination)

    async def admit(self, client: str, determination: dict[str, Any]) -> httpx.Response:
        """Enrol as the front desk, whatever comes before is missing."""
        desk = self.system.client("intake", "front_desk", [self.site])
        return await desk.post(
            f"/clients/{client}/enrolments", {"determination_id": determination["id"]}
        )

    async def insure(self, client: str) -> dict[str, Any]:
        """Enter an insurance that holds since the beginning of the year."""
        desk = self.system.client("intake", "front_desk", [self.site])
        card = {
            "kind": "commercial",
            "payer": "commercial",
            "member_id": "W123456789",
            "effective_from": "2026-01-01",
        }
        return created(await desk.post(f"/clients/{client}/coverages", card))

    async def end(self, enrolment: dict[str, Any]) -> None:
        """End an enrolment as the consumer of a decision does."""
        async with self.transaction() as tx:
            await step_down(tx, accepted(tx, enrolment))

    @contextlib.asynccontextmanager
    async def transaction(self) -> AsyncIterator[Transaction]:
        """A transaction beside those of the service."""
        database = Database(self.system.databases["intake"])
        await database.open()
        try:
            async with database.transaction(ALL_SITES) as tx:
                yield tx
        finally:
            await database.close()

    async def until_somebody_waits(self) -> None:
        """Until a transaction of the service waits for another one."""
        await self.system.until(
            "intake",
            "SELECT count(*) FROM pg_stat_activity"
            " WHERE datname = current_database() AND wait_event_type = 'Lock'",
            is_=1,
        )


async def opened(system: System, *, site: UUID = SITE, roles: Sequence[str] = ("api",)) -> Intake:
    """Intake in these roles, with a site."""
    await system.start("intake", roles=roles)
    flow = Intake(system, site)
    await flow.open_site()
    return flow
