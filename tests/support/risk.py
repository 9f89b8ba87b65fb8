"""Risk flags of intake, as tests raise and acknowledge them."""

from datetime import datetime
from typing import Any
from uuid import UUID

import httpx
import orjson

from services.intake.risk.commands import raise_flags
from services.intake.risk.jobs import escalate_due
from services.intake.risk.rules import Finding
from tests.support.flow import Intake
from tests.support.system import Client

SITE = UUID(int=7)
OTHER_SITE = UUID(int=8)


def clinician(intake: Intake, role: str = "counselor", site: UUID = SITE) -> Client:
    return intake.system.client("intake", role, [site], subject=f"{role}-7")


async def raised(intake: Intake, *findings: Finding, client: str | None = None) -> tuple[str, str]:
    """A client and the first of the flags that the findings lead to."""
    client = client or await intake.refer()
    async with intake.transaction() as tx:
        ids = await raise_flags(tx, UUID(client), SITE, findings)
    return client, str(ids[0])


async def escalated(intake: Intake, at: datetime) -> int:
    intake.system.set_clock(at)
    async with intake.transaction() as tx:
        return await escalate_due(tx)


async def told(intake: Intake) -> list[dict[str, Any]]:
    """What was published about flags, in order, each with its event's name."""
    rows = await intake.system.fetch(
        "intake",
        "SELECT split_part(type, '.', 4) AS name, payload FROM platform.journal"
        " WHERE type LIKE '%.RiskFlag%' ORDER BY key, sequence",
    )
    return [{"event": row["name"], **orjson.loads(row["payload"])} for row in rows]


async def acknowledged(
    intake: Intake, flag: str, role: str = "counselor", *, etag: str = '"1"', **body: object
) -> httpx.Response:
    return await clinician(intake, role).post(
        f"/risk-flags/{flag}/acknowledgement", {"action": "safety_plan"} | body, etag=etag
    )
