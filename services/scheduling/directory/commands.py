"""Opening regions, sites and rooms, changing them, and closing a site on days."""

from collections.abc import Iterable, Sequence
from datetime import date
from typing import Any
from uuid import UUID

import asyncpg

from services.scheduling.directory import queries, schemas
from shared.contracts import scheduling
from shared.database import ALL_SITES, Columns, Overtaken, Transaction, insert, unless_taken, update
from shared.errors import Conflict, Forbidden, Invalid, found, require_once, require_version
from shared.ids import new_id
from shared.messaging.outbox import publish
from shared.weekly import Window, first_overlapping
from shared.zones import Zones, edition

LOCK = "SELECT id FROM sites WHERE id = ANY ($1::uuid[]) ORDER BY id FOR NO KEY UPDATE"
TO_COME = """
SELECT EXISTS (SELECT FROM sessions WHERE site_id = $1 AND ends_at > $2 AND not_held_at IS NULL)
"""
HOURS = Columns.like(Window)
OPEN = f"""
INSERT INTO opening_hours (site_id, weekday, opens_minute, closes_minute)
SELECT {HOURS.next}, given.* FROM {HOURS.rows}
"""  # noqa: S608 - the columns are above
DAYS = Columns.of(day="date", name="text", kind="text")
CLOSE_DAYS = f"""
INSERT INTO closed_days (site_id, {DAYS.names}) SELECT {DAYS.next}, given.* FROM {DAYS.rows}
ON CONFLICT (site_id, day) DO UPDATE SET {DAYS.updates("day")}
"""  # noqa: S608 - the columns are above
REOPEN = "DELETE FROM closed_days WHERE site_id = $1 AND day = $2 RETURNING day, name, kind"
ZONES = Zones()


class AllSitesNeeded(Forbidden, title="Not allowed"):
    """A caller limited to some sites cannot open another one."""


class ZoneRulesDiffer(Conflict, title="The rules of the time zone differ"):
    """Python and PostgreSQL do not know the same rules of the zone."""


class ZoneInUse(Conflict, title="Sessions are planned by this zone"):
    """Sessions to come are planned by the wall clock of the site."""


class SiteNameTaken(Conflict, title="A site has this name"):
    """Two sites cannot have one name."""


class RegionNameTaken(Conflict, title="A region has this name"):
    """Two regions cannot have one name."""


class TimesOverlap(Invalid):
    """Two weekly times of one place overlap."""


class DayTwice(Invalid, title="A day is listed twice"):
    """A day is in the list more than once."""


class RoomNameTaken(Conflict, title="A room of the site has this name"):
    """Two rooms of a site cannot have one name."""


class JoinLink(Invalid, title="A link does not go with this room"):
    """A telehealth room has a link by which it is joined, and no other room has one."""


class RoomClosed(Conflict):
    """The room is closed for good."""


async def open_region(tx: Transaction, new: schemas.NewRegion) -> schemas.Region:
    """Enter a region.

    Raises:
        RegionNameTaken: when another region has the name.
    """
    region = schemas.Region(id=new_id(), name=new.name, created_at=tx.now, version=1)
    with unless_taken(RegionNameTaken("Another region has this name.", pointer="/name")):
        await tx.execute(*insert("regions", region.model_dump()))
    return region


async def change_region(
    tx: Transaction, expected: int, region_id: UUID, changed: schemas.NewRegion
) -> schemas.Region:
    """Give a region another name.

    Raises:
        NotFound, StaleVersion, RegionNameTaken: see there.
    """
    region = await queries.show_region(tx, region_id, lock=True)
    require_version(region.version, expected)
    with unless_taken(RegionNameTaken("Another region has this name.", pointer="/name")):
        await tx.execute(*update("regions", changed.model_dump(), where={"id": region_id}))
    return region.changed(**changed.model_dump())


async def open_site(tx: Transaction, new: schemas.NewSite) -> schemas.Site:
    """Enter a site in the directory; publishes SiteOpened.

    Raises:
        AllSitesNeeded: when the caller's token lists sites, as the new one is not among them.
        NotFound: when there is no such region.
        ZoneRulesDiffer: when sessions of the site would be at another time in a query.
        SiteNameTaken: when another site has the name.
    """
    if tx.sites != ALL_SITES:
        raise AllSitesNeeded("Opening a site needs a token for all sites.")
    await _check(tx, new)
    site = schemas.Site(id=new_id(), **new.model_dump(), opened_at=tx.now, version=1)
    with unless_taken(SiteNameTaken("Another site has this name.", pointer="/name")):
        await tx.execute(*insert("sites", {**site.model_dump(), "zone_edition": edition()}))
    publish(tx, scheduling.SiteOpened(site_id=site.id, **dict(site)))
    return site


async def change_site(
    tx: Transaction, expected: int, site_id: UUID, changed: schemas.NewSite
) -> schemas.Site:
    """Replace what the directory says of a site; publishes SiteChanged.

    Raises:
        NotFound: when there is no such site or region.
        StaleVersion: when somebody else changed it meanwhile.
        ZoneInUse: when the zone would change while sessions are to come.
        ZoneRulesDiffer, SiteNameTaken: see there.
    """
    site = await lock_site(tx, site_id)
    require_version(site.version, expected)
    await _check(tx, changed)
    row = changed.model_dump()
    if changed.time_zone != site.time_zone:
        if await tx.fetchval(TO_COME, site_id, tx.now):
            raise ZoneInUse(
                "Sessions to come are planned by the clock of this zone: cancel them, or change "
                "the zone after the last one.",
                pointer="/time_zone",
            )
        row["zone_edition"] = edition()
    with unless_taken(SiteNameTaken("Another site has this name.", pointer="/name")):
        await tx.execute(*update("sites", row, where={"id": site_id}))
    site = site.changed(**changed.model_dump())
    publish(tx, scheduling.SiteChanged(site_id=site.id, **dict(site), changed_at=tx.now))
    return site


async def change_opening_hours(
    tx: Transaction, expected: int, site_id: UUID, changed: schemas.NewOpeningHours
) -> schemas.OpeningHours:
    """Replace the opening hours of a site; `expected` is the version of the site.

    Raises:
        NotFound, StaleVersion, TimesOverlap: see there.
    """
    windows = [one.window for one in changed.hours]
    require_apart(windows, "/hours")
    site = await lock_site(tx, site_id)
    require_version(site.version, expected)
    await tx.execute("DELETE FROM opening_hours WHERE site_id = $1", site_id)
    await tx.execute(OPEN, *HOURS.arrays(windows), site_id)
    await tx.execute("UPDATE sites SET version = version + 1 WHERE id = $1", site_id)
    return await queries.show_opening_hours(tx, site_id)


async def close_days(
    tx: Transaction, site_id: UUID, new: schemas.NewClosedDays
) -> schemas.ClosedDays:
    """Close a site on days; what was said of one of them is replaced. Publishes ClosedDaysChanged.

    Raises:
        NotFound: when there is no such site that the caller may see.
        DayTwice: when a day is listed twice.
    """
    days = [one.day for one in new.days]
    require_once(days, DayTwice, "/days/{}/day", "This day is listed above.")
    await queries.show_site(tx, site_id)
    await tx.execute(CLOSE_DAYS, *DAYS.arrays(new.days), site_id)
    tell_days(tx, site_id, closed=new.days)
    return schemas.ClosedDays(site_id=site_id, days=new.days)


async def reopen_day(tx: Transaction, site_id: UUID, day: date) -> schemas.ClosedDay:
    """Open a site on a day on which it was to be closed; publishes ClosedDaysChanged.

    Raises:
        NotFound: when the site is not closed on that day, or the caller may not see it.
    """
    row = found(await tx.fetchrow(REOPEN, site_id, day), "closed day")
    tell_days(tx, site_id, reopened=[day])
    return schemas.ClosedDay(**row)


def tell_days(
    tx: Transaction, site_id: UUID, *, closed: Iterable[Any] = (), reopened: Iterable[date] = ()
) -> None:
    """Publish ClosedDaysChanged; a closed day is anything with its `day` and `kind`."""
    days = {"closed": [dict(one) for one in closed], "reopened": list(reopened)}
    publish(tx, scheduling.ClosedDaysChanged(site_id=site_id, changed_at=tx.now, **days))


async def open_room(tx: Transaction, new: schemas.NewRoom) -> schemas.RoomEntry:
    """Open a room at a site; publishes RoomChanged.

    Raises:
        NotFound: when there is no such site that the caller may see.
        JoinLink, RoomNameTaken: see there.
    """
    _require_link(new.kind, new)
    await queries.show_site(tx, new.site_id, pointer="/site_id")
    row = {"id": new_id(), **new.model_dump(), "created_at": tx.now}
    return await _write(tx, row["id"], *insert("rooms", row))


async def change_room(
    tx: Transaction, expected: int, room_id: UUID, changed: schemas.RoomDetails
) -> schemas.RoomEntry:
    """Replace what is said of a room; publishes RoomChanged.

    Raises:
        NotFound, StaleVersion, JoinLink, RoomNameTaken: see there.
    """
    room = await queries.show_room(tx, room_id, lock=True)
    require_version(room.version, expected)
    _require_link(room.kind, changed)
    return await _write(tx, room_id, *update("rooms", changed.model_dump(), where={"id": room_id}))


async def close_room(tx: Transaction, expected: int, room_id: UUID) -> schemas.RoomEntry:
    """Close a room: it takes no new session, and keeps those that it is taken for. Publishes
    RoomChanged.

    Raises:
        NotFound, StaleVersion: see there.
        RoomClosed: when it is closed already.
    """
    room = await queries.show_room(tx, room_id, lock=True)
    require_version(room.version, expected)
    if room.closed_at is not None:
        raise RoomClosed("This room is closed already.")
    return await _write(tx, room_id, *update("rooms", {"closed_at": tx.now}, where={"id": room_id}))


async def lock_site(tx: Transaction, site_id: UUID, *, pointer: str | None = None) -> schemas.Site:
    """A site as it is once it is kept for this transaction, as `lock_sites` does.

    Raises:
        NotFound: when there is none that the caller may see; `pointer` says where it was named.
    """
    await lock_sites(tx, [site_id])
    return await queries.show_site(tx, site_id, pointer=pointer)


async def lock_sites(tx: Transaction, site_ids: Iterable[UUID]) -> None:
    """Wait until nobody else gives or opens seats at these sites, and keep them for this
    transaction.

    Sites come before all else and in the order of their ids, so that nobody waits for one who waits
    in turn: lock all that are needed at once. Who finds later that another one is needed, which
    comes before one that is kept already, takes it only while nobody else has it.

    Raises:
        Overtaken: somebody else has such a one.
    """
    if not (wanted := set(site_ids) - tx.locked):
        return
    in_order = min(wanted) > max(tx.locked, default=UUID(int=0))
    try:
        kept = await tx.read_beside(LOCK if in_order else f"{LOCK} NOWAIT", sorted(wanted))
    except asyncpg.LockNotAvailableError:
        raise Overtaken("A site that comes first is kept by somebody else.") from None
    tx.locked |= {row["id"] for row in kept}


def require_apart(windows: Sequence[Window], pointer: str) -> None:
    """Refuse weekly times that overlap.

    Raises:
        TimesOverlap: `pointer` is where they stand in the request.
    """
    if (wrong := first_overlapping(windows)) is not None:
        raise TimesOverlap("It begins before another one ends.", pointer=f"{pointer}/{wrong}")


async def _check(tx: Transaction, site: schemas.NewSite) -> None:
    if site.region_id is not None:
        await queries.show_region(tx, site.region_id, pointer="/region_id")
    if (found := await ZONES.difference(tx.fetchval, [site.time_zone], tx.now)) is not None:
        raise ZoneRulesDiffer(str(found), pointer="/time_zone")


async def _write(tx: Transaction, room_id: UUID, *statement: Any) -> schemas.RoomEntry:
    with unless_taken(RoomNameTaken("Another room of this site has this name.", pointer="/name")):
        await tx.execute(*statement)
    room = await queries.show_room(tx, room_id)
    publish(tx, scheduling.RoomChanged(room_id=room_id, **dict(room), changed_at=tx.now))
    return room


def _require_link(kind: str, room: schemas.RoomDetails) -> None:
    if kind == "telehealth" and room.join_url is None:
        raise JoinLink("Say where the telehealth room is joined.", pointer="/join_url")
    if kind != "telehealth" and room.join_url is not None:
        raise JoinLink("Only a telehealth room is joined by a link.", pointer="/join_url")
