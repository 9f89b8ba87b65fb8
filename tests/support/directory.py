"""Rooms and people of the staff, entered past the API."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID, uuid4

import orjson

from shared.database import insert
from tests.support.scheduling import Clinic

OPENED = datetime.fromisoformat("2026-01-01T00:00:00Z")


async def staff(
    clinic: Clinic,
    site_id: UUID,
    name: str = "Dana",
    *,
    hours: Sequence[tuple[int, int, int]] = (),
    credential: tuple[str, str | None] | None = ("lcsw", None),
    limit: int | None = None,
) -> UUID:
    """A person who works at a site; `hours` are weekday, first and last minute."""
    staff_id = uuid4()
    held = (
        [] if credential is None else [{"credential": credential[0], "expires_on": credential[1]}]
    )
    times = [
        {"weekday": day, "starts_minute": begins, "ends_minute": ends, "site_id": str(site_id)}
        for day, begins, ends in hours
    ]
    row = {
        "id": staff_id,
        "name": name,
        "languages": ["en"],
        "trainings": [],
        "credentials": orjson.dumps(held).decode(),
        "hours": orjson.dumps(times).decode(),
        "caseload_limit": limit,
        "created_at": OPENED,
    }
    async with clinic.database.transaction("*") as tx:
        await tx.execute(*insert("staff", row))
        at = {"staff_id": staff_id, "site_id": site_id, "home": True}
        await tx.execute(*insert("staff_sites", at))
    return staff_id


async def room(
    clinic: Clinic, site_id: UUID, name: str = "Room 1", *, kind: str = "room", capacity: int = 4
) -> UUID:
    """A room of a site."""
    row = {
        "id": uuid4(),
        "site_id": site_id,
        "name": name,
        "kind": kind,
        "capacity": capacity,
        "created_at": OPENED,
    }
    async with clinic.database.transaction("*") as tx:
        await tx.execute(*insert("rooms", row))
    return UUID(str(row["id"]))


async def sql(clinic: Clinic, statement: str, *args: object) -> None:
    """Change what another capability's API changes."""
    async with clinic.database.transaction("*") as tx:
        await tx.execute(statement, *args)
