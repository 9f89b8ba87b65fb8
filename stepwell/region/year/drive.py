"""A year driven through the public APIs with the test clock, day by day.

Each morning what is left of the day before is written down, then the day's events happen, client by
client side by side, then clinical leads decide. The clock stops wherever something is due, so that
every message and alarm has its own instant.
"""

from collections.abc import Awaitable, Callable
from datetime import UTC, date, datetime, timedelta

from stepwell.region.api import Services, Who
from stepwell.region.settle import advance, settled
from stepwell.region.walk import together
from stepwell.region.year import attendance, intake, risks
from stepwell.region.year.opening import open_sites, plan_term
from stepwell.region.year.plan import Happening, Kind, Year
from stepwell.region.year.walk import Answer, YearWalk

OTHERWISE = ("decline", "defer", "accept", "leave_open")
"""What clinical leads do with any other recommendation, by clients' numbers in turn."""
DEFERRED = timedelta(days=6)
AFTER = timedelta(minutes=10)
"""From the end of a day's last session until it is written down the same evening."""
WHO_SEES = Who("clinical_lead")
SAID: tuple[tuple[str, Answer] | None, ...] = (
    ("answers", {"answers": {"substance_use": "none"}}),
    ("closing", {"outcome": "declined"}),
    None,
    ("answers", {"answers": {"substance_use": "some"}}),
    None,
)
"""What comes of asking former clients, by their numbers in turn."""

Look = Callable[[YearWalk, date], Awaitable[None]]
DO: dict[Kind, Callable[[YearWalk, Happening], Awaitable[None]]] = {
    "refer": intake.refer,
    "screen": intake.screen,
    "contact_consent": intake.contact_consent,
    "revoke_contact": intake.revoke_contact,
    "end_referral": intake.end_referral,
    "cover": intake.cover,
    "grant": intake.cover,
    "admit": intake.admit,
    "hold": intake.hold,
    "resume": intake.resume,
    "discharge": intake.discharge,
    "state_zone": intake.state_zone,
    "merge": intake.merge,
    "undo_merge": intake.undo_merge,
    "record_late": attendance.record_late,
    "correct": attendance.correct,
    "report_use": risks.report_use,
    "take_charge": risks.take_charge,
    "cancel_day": attendance.cancel_day,
    "cancel_session": attendance.cancel_session,
}


async def live_year(services: Services, year: Year, look: Look, look_at_board: Look) -> YearWalk:
    """Let a year happen; `look` is called, with everything at rest, on the mornings to be looked
    at, and `look_at_board` on the evenings.

    The test clock stands before the year. What the services answered is returned.

    Raises:
        Problem: a service refused what it should have done, or the system did not come to rest.
    """
    walk = YearWalk(services, year)
    await open_sites(walk)
    await settled(services)
    days = {one.on for one in year.happenings} | set(year.looked_at)
    days |= {term.planned_on for term in year.terms}
    last = max(days)
    day = min(days)
    while day <= last:
        meets = [day - timedelta(days=1) in walk.sessions, day in walk.sessions]
        if day in days or any(meets):
            await _morning(walk, day)
        if day in year.looked_at:
            await look(walk, day)
        await _evening(walk, day)
        if day in year.boards_at:
            await look_at_board(walk, day)
        day += timedelta(days=1)
    return walk


async def _morning(walk: YearWalk, day: date) -> None:
    yesterday = [
        one
        for one in walk.sessions.get(day - timedelta(days=1), [])
        if walk.year.sites[one[0]].records == "next_morning"
    ]
    happenings = walk.year.on(day)
    terms = [term for term in walk.year.terms if term.planned_on == day]
    if not (yesterday or happenings or terms or day in walk.year.looked_at):
        return
    await _until(walk, datetime.combine(day, walk.year.morning, UTC))
    if yesterday:
        await attendance.record_sessions(walk, yesterday)
        walk.rest = await settled(walk.services)
    for term in terms:
        await plan_term(walk, term)
        walk.rest = await settled(walk.services)
    for part in happenings:
        await _happen(walk, part)
        walk.rest = await settled(walk.services)
    await _decide(walk)
    await _ask_former_clients(walk)


async def _evening(walk: YearWalk, day: date) -> None:
    tonight = [
        one
        for one in walk.sessions.get(day, [])
        if walk.year.sites[one[0]].records == "same_evening"
    ]
    if tonight:
        await _until(walk, max(_end(session) for _, session in tonight) + AFTER)
        await attendance.record_sessions(walk, tonight)
        walk.rest = await settled(walk.services)


async def _until(walk: YearWalk, instant: datetime) -> None:
    walk.rest = await advance(walk.services, instant, rest=walk.rest)


async def _happen(walk: YearWalk, happenings: list[Happening]) -> None:
    """What happens to one client happens in order, and side by side for all."""
    by_client: dict[object, list[Happening]] = {}
    for one in happenings:
        by_client.setdefault((one.client, one.site), []).append(one)

    async def live(some: list[Happening]) -> None:
        for one in some:
            await DO[one.kind](walk, one)

    await together(by_client.values(), live)


async def _decide(walk: YearWalk) -> None:
    """Let clinical leads decide on what was recommended, each client's as the plan says."""
    found = await walk.services.all("outcomes", "/recommendations", WHO_SEES, state="open")

    async def one(recommendation: Answer) -> None:
        number = walk.number_of(recommendation["client_id"])
        if recommendation["kind"] == "step_down":
            answer = walk.year.client(number).on_recommendation
            declines = answer == "decline_once" and number not in walk.declined
            walk.declined.add(number)
            decision = "decline" if declines else answer.removesuffix("_once")
        else:
            decision = OTHERWISE[number % len(OTHERWISE)]
        if decision == "leave_open":
            return
        agrees = decision == "accept"
        body = {
            "decision": decision,
            "reason": "agrees_with_recommendation" if agrees else "client_preference",
        }
        if decision == "defer":
            later = walk.today(walk.year.client(number).site) + DEFERRED
            body["until"] = later.isoformat()
        await walk.services.decide(
            "outcomes",
            f"/recommendations/{recommendation['id']}/decision",
            walk.at(number, "clinical_lead"),
            body,
            key=f"{recommendation['id']}/decision",
            version=recommendation["version"],
        )

    await together(found, one)
    if found:
        walk.rest = await settled(walk.services)


async def _ask_former_clients(walk: YearWalk) -> None:
    """Let staff ask whoever a survey is due of: some answer, some do not want to, some are out of
    reach."""
    for due in await walk.services.all("outcomes", "/follow-ups", WHO_SEES, state="due"):
        number = walk.number_of(due["client_id"])
        said = SAID[number % len(SAID)]
        if said is None:
            continue
        ending, body = said
        walk.surveys[due["id"]] = said
        await walk.services.decide(
            "outcomes",
            f"/follow-ups/{due['id']}/{ending}",
            walk.at(number, "counselor"),
            body,
            key=f"{due['id']}/{ending}",
            version=due["version"],
        )


def _end(session: Answer) -> datetime:
    return datetime.fromisoformat(session["ends_at"])
