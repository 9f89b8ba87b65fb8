"""The weeks of the curriculum: reminders on the way, attendance, measures, decisions."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

from stepwell.region.arrivals import screen
from stepwell.region.duty import acknowledge, take_charge
from stepwell.region.faulty import try_faults
from stepwell.region.plan import ClientPlan, Part, SessionPlan
from stepwell.region.settle import advance, present, settled
from stepwell.region.walk import Walk, together

AFTER = timedelta(minutes=10)
"""From the end of a day's last session until its attendance is recorded."""
EVENING = timedelta(hours=2)
"""How much later somebody on duty calls on days without sessions, whom there is to call by then."""

Seat = tuple[ClientPlan, int, dict[str, Any]]
"""A client, the index of a session in the curriculum, and the session."""


def days(walk: Walk) -> Iterator[tuple[datetime, list[Seat]]]:
    """The days of the curriculum: when attendance is recorded, and whose."""
    by_date: dict[str, list[Seat]] = {}
    for client in walk.region.clients:
        if placement := walk.placements.get(client.number):
            for index, session in enumerate(walk.sessions[placement["cohort_id"]]):
                by_date.setdefault(session["local_date"], []).append((client, index, session))
    for _, seats in sorted(by_date.items()):
        ends = max(datetime.fromisoformat(session["ends_at"]) for _, _, session in seats)
        yield ends + AFTER, seats


def evenings(since: datetime, until: datetime) -> Iterator[datetime]:
    """When somebody on duty calls on the days before a day with sessions."""
    for days_before in range((until.date() - since.date()).days - 1, 0, -1):
        yield until - timedelta(days=days_before) + EVENING


async def live_through(walk: Walk) -> None:
    """Let the days of the curriculum happen, one after the other."""
    slots = len(walk.region.slots)
    for moment, seats in list(days(walk)):
        for evening in evenings(present(walk.services.clock_file), moment):
            walk.rest = await advance(walk.services, evening, rest=walk.rest)
            await take_charge(walk)
        walk.rest = await advance(walk.services, moment, rest=walk.rest)
        index = seats[0][1]
        if index % slots == 0:
            await measure(walk, index // slots)
            walk.rest = await settled(walk.services)
        await together(
            (seat for seat in seats if seat[0].number not in walk.left),
            lambda seat: record(walk, *seat),
        )
        if index == 0:
            await try_faults(walk)
        walk.rest = await settled(walk.services)
        await decide(walk)
        await take_charge(walk)
        walk.on_step()


async def record(walk: Walk, client: ClientPlan, index: int, session: dict[str, Any]) -> None:
    """Record at the front desk what became of a client's seat."""
    made = await walk.services.create(
        "scheduling",
        f"/sessions/{session['id']}/attendance",
        walk.who("front_desk", client),
        attendance_of(walk.id_of(client), client.sessions[index], session),
        key=walk.key("attendance", client.number, index),
        trace=walk.traces[client.number],
    )
    walk.attendances.setdefault(client.number, []).append(made)


def attendance_of(client_id: str, plan: SessionPlan, session: dict[str, Any]) -> dict[str, Any]:
    """The body of a record of attendance."""
    body: dict[str, Any] = {"client_id": client_id, "status": plan.status}
    if plan.minutes is not None:
        arrived = datetime.fromisoformat(session["starts_at"])
        body["checked_in_at"] = arrived.isoformat()
        body["checked_out_at"] = (arrived + timedelta(minutes=plan.minutes)).isoformat()
    return body


async def measure(walk: Walk, week: int) -> None:
    """Enter the answers of a week, counted from 0, for everybody who gave any."""

    async def one(client: ClientPlan) -> None:
        taken = client.follow_ups[week] if week < len(client.follow_ups) else ()
        if taken:
            await screen(walk, client, "follow_up", taken, week=week + 1)
            await acknowledge(walk, client)

    await together(
        (
            c
            for c in walk.region.clients
            if c.number in walk.placements and c.number not in walk.left
        ),
        one,
    )


async def decide(walk: Walk) -> None:
    """Let clinical leads decide on the recommendations for those who are to step down."""
    for client in walk.region.playing(Part.STEPS_DOWN):
        if client.number in walk.left:
            continue
        lead = walk.who("clinical_lead", client)
        found = await walk.services.all(
            "outcomes",
            "/recommendations",
            lead,
            client_id=walk.id_of(client),
            kind="step_down",
            state="open",
        )
        for recommendation in found:
            walk.recommendations[client.number] = await walk.services.decide(
                "outcomes",
                f"/recommendations/{recommendation['id']}/decision",
                lead,
                {"decision": "accept", "reason": "agrees_with_recommendation"},
                key=walk.key("decision", client.number),
                version=recommendation["version"],
                trace=walk.traces[client.number],
            )
            walk.left.add(client.number)
            walk.rest = await settled(walk.services)
