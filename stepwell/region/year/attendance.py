"""Writing down who came, late entries, corrections, and sessions that are not held."""

from datetime import date, datetime, timedelta
from typing import Any

from stepwell.region.plan import SessionPlan
from stepwell.region.walk import together
from stepwell.region.year.plan import Happening
from stepwell.region.year.walk import Answer, YearWalk

LEAST_MINUTES = 16
"""A shorter part of a session is not generated: it would not be credited."""


async def record_sessions(walk: YearWalk, sessions: list[tuple[int, Answer]]) -> None:
    """Write down who came to sessions that are over; each client's in the order of their starts."""
    for start in sorted({session["starts_at"] for _, session in sessions}):
        held = [one for one in sessions if one[1]["starts_at"] == start]
        await together(held, lambda one: _record_group(walk, *one))


async def _record_group(walk: YearWalk, site: int, session: Answer) -> None:
    desk = walk.who("front_desk", site)
    path = f"/sessions/{session['id']}/roster"
    roster = await walk.services.get("scheduling", path, desk)
    entries = []
    for entry in roster["entries"]:
        if entry["state"] != "scheduled" or entry["attendance"] is not None:
            continue
        number = walk.number_of(entry["client_id"])
        plan = walk.next_plan(number)
        if plan is None:
            walk.unrecorded.setdefault(number, []).append(session)
        else:
            entries.append(_entry(entry["client_id"], plan, session))
    if not entries:
        return
    made = await walk.services.create(
        "scheduling", path, desk, {"entries": entries}, key=f"{session['id']}/roll"
    )
    for recorded in made["recorded"]:
        number = walk.number_of(recorded["client_id"])
        walk.attendance.setdefault(number, []).append(recorded)


def _entry(client_id: str, plan: SessionPlan, session: Answer) -> dict[str, Any]:
    body: dict[str, Any] = {"client_id": client_id, "status": plan.status}
    if plan.minutes is None:
        return body
    starts = datetime.fromisoformat(session["starts_at"])
    length = (datetime.fromisoformat(session["ends_at"]) - starts) // timedelta(minutes=1)
    minutes = plan.minutes
    if minutes >= length:
        minutes = LEAST_MINUTES + minutes % (length - LEAST_MINUTES)
    return body | {
        "checked_in_at": starts.isoformat(),
        "checked_out_at": (starts + timedelta(minutes=minutes)).isoformat(),
    }


async def record_late(walk: YearWalk, happening: Happening) -> None:
    """Write down what nobody wrote down at the time, of the latest such session."""
    assert happening.client is not None
    forgotten = walk.unrecorded.get(happening.client)
    if not forgotten:
        return
    session = forgotten.pop()
    body = {"client_id": walk.clients[happening.client], "status": happening.details["status"]}
    made = await walk.services.create(
        "scheduling",
        f"/sessions/{session['id']}/attendance",
        walk.at(happening.client, "front_desk"),
        body,
        key=walk.key(happening),
    )
    walk.attendance.setdefault(happening.client, []).append(made)


async def correct(walk: YearWalk, happening: Happening) -> None:
    """Replace what was written down of one of the client's last sessions."""
    assert happening.client is not None
    recorded = walk.attendance.get(happening.client, [])
    if len(recorded) < happening.details["back"]:
        return
    path = f"/attendance/{recorded[-happening.details['back']]['id']}"
    desk = walk.at(happening.client, "front_desk")
    known = await walk.services.get("scheduling", path, desk)
    body = {"status": happening.details["status"]}
    await walk.services.replace("scheduling", path, desk, body, version=known["version"])


async def cancel_day(walk: YearWalk, happening: Happening) -> None:
    """Let a site hold none of a day's sessions."""
    assert happening.site is not None
    closed: date = happening.details["date"]
    await walk.services.create(
        "scheduling",
        "/session-cancellations",
        walk.who("site_manager", happening.site),
        {
            "site_id": walk.sites[happening.site]["id"],
            "day": closed.isoformat(),
            "reason": happening.details["reason"],
        },
        key=walk.key(happening),
    )
    for site, session in list(walk.sessions[closed]):
        if site == happening.site:
            walk.take_back(session)
            walk.sessions[closed].remove((site, session))


async def cancel_session(walk: YearWalk, happening: Happening) -> None:
    """Let a site's cohorts hold none of their sessions of one hour."""
    assert happening.site is not None
    day: date = happening.details["date"]
    manager = walk.who("site_manager", happening.site)
    for site, session in list(walk.sessions[day]):
        if site != happening.site or session["local_start"] != happening.details["starts"]:
            continue
        path = f"/sessions/{session['id']}"
        known = await walk.services.get("scheduling", path, manager)
        await walk.services.decide(
            "scheduling",
            f"{path}/cancel",
            manager,
            {"reason": happening.details["reason"]},
            key=walk.key(happening, session["id"]),
            version=known["version"],
        )
        walk.take_back(session)
        walk.sessions[day].remove((site, session))
