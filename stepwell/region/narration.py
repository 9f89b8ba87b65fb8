"""The story in words. Every sentence is made from answers of the services."""

from collections.abc import Iterator
from datetime import datetime
from enum import IntEnum, auto

from rich.console import Console
from rich.padding import Padding

from stepwell.region import tables
from stepwell.region.found import Client, Found
from stepwell.region.plan import Part
from stepwell.region.promises import OUTREACH
from stepwell.region.walk import Walk
from stepwell.region.words import MISSES, day, full_date, local, referred, scores, spaced


class Rank(IntEnum):
    """The order of what happened at the same instant of the test clock."""

    REFERRED = auto()
    SCREENED = auto()
    AT_RISK = auto()
    SEEN_TO = auto()
    RATED = auto()
    SIGNED = auto()
    REDIRECTED = auto()
    ENROLLED = auto()
    PLACED = auto()
    MISSED = auto()
    MEASURED = auto()
    RECOMMENDED = auto()
    DECIDED = auto()
    ENDED = auto()
    LEFT = auto()
    CANCELLED = auto()


Moment = tuple[str, Rank, str, list[Found]]
"""When (RFC 3339), the order within the instant, what, and the criteria that explain it."""

TOLD = (Part.STEPS_DOWN, Part.DUAL_DIAGNOSIS, Part.NEEDS_MORE)


def narrate(console: Console, walk: Walk, clients: dict[int, Client]) -> None:
    """Print what happened to whom: three clients at length, everybody in a table."""
    console.print()
    _clinics(console, walk)
    for part in TOLD:
        for plan in walk.region.playing(part):
            _way(console, walk, clients[plan.number])
    console.print()
    console.print(tables.everybody(walk, clients))
    console.print()
    tables.counts(console, walk, clients)


def _clinics(console: Console, walk: Walk) -> None:
    sessions = [session for found in walk.sessions.values() for session in found]
    days = sorted(session["local_date"] for session in sessions)
    console.print(
        f"[bold]What happened, run {walk.region.run}[/]: {len(sessions)} sessions from "
        f"{full_date(days[0])} to {full_date(days[-1])}"
    )
    for _, site in sorted(walk.sites.items()):
        cohorts = [c for c in walk.cohorts if c["site_id"] == site["id"]]
        names = ", ".join(sorted(c["name"].partition(", ")[2] for c in cohorts))
        hours = sorted({_weekly_hours(walk.sessions[c["id"]]) for c in cohorts})
        console.print(
            f"  {site['name']} in {site['time_zone']}: cohorts {names}; "
            f"{' or '.join(f'{h:g}' for h in hours)} hours a week without breaks"
        )
    for number, found in sorted(walk.days.items()):
        site = walk.sites[number]["name"]
        rooms = ", ".join(sorted(one["room"]["name"] for one in found["sessions"]))
        came = sum(one["checked_in"] for one in found["sessions"])
        expected = sum(len(one["clients"]) for one in found["sessions"])
        console.print(
            f"  {full_date(found['day'])} at {site}: {len(found['sessions'])} sessions in {rooms}; "
            f"{came} of {expected} clients came"
        )
    for number, board in sorted(walk.boards.items()):
        told = {name: figure["value"] or 0 for name, figure in board.items()}
        console.print(
            f"  The board of {walk.sites[number]['name']} in the end: {told['census']:g} in the "
            f"program, {told['seats_free']:g} of {told['capacity']:g} seats free, "
            f"{told['waiting']:g} waiting, {told['hours_short']:g} weeks short of hours, "
            f"recommendations to decide: {told['recommendations_open']:g}"
        )
    for number, weeks in sorted(walk.weeks.items()):
        enough = sum(one["attended_minutes"] >= one["minimum_minutes"] for one in weeks)
        console.print(
            f"  The first week at {walk.sites[number]['name']}: {enough} of {len(weeks)} clients "
            "came to the hours of their level"
        )


def _weekly_hours(sessions: list[Found]) -> float:
    first = [one for one in sessions if one["week"] == sessions[0]["week"]]
    return float(sum(one["scheduled_minutes"] for one in first)) / 60


def _way(console: Console, walk: Walk, client: Client) -> None:
    """One client's way, in the order of time."""
    console.print()
    console.print(f"[bold]{client.label}[/] at {client.site['name']}")
    moments = sorted(
        (
            *_intake(client),
            *_risks(client),
            *_placing(walk, client),
            *_course(client),
            *_measured(client),
            *_stepping_down(client),
        ),
        key=lambda moment: (datetime.fromisoformat(moment[0]), moment[1]),
    )
    for at, _, what, reasons in moments:
        console.print(Padding(f"[dim]{day(at, client.site)}[/]  {what}", (0, 0, 0, 2)))
        if reasons:
            console.print(Padding(tables.criteria(reasons), (0, 0, 0, 14)))
    if client.attendances:
        reminded = len(client.delivered("session_reminder"))
        console.print(
            f"  In all came to {client.attended} of {len(client.attendances)} sessions; "
            f"{reminded} reminders were delivered."
        )
    for granted in client.authorizations:
        alarms = ", ".join(spaced(alarm) for alarm in granted["alarms"])
        console.print(
            f"  The payer authorized {granted['units_granted']} days, of which "
            f"{granted['units_used']} are used"
            f"{f'; it runs out by {alarms}' if alarms else ''}."
        )


def _intake(client: Client) -> Iterator[Moment]:
    yield (
        client.referral["received_at"],
        Rank.REFERRED,
        f"{referred(client.referral['source'])}.",
        [],
    )
    for screening in client.screenings:
        again = "" if screening["occasion"] == "intake" else " again"
        told = f"was screened{again}: {scores(screening)}."
        yield screening["completed_at"], Rank.SCREENED, told, []
    for found in client.determinations:
        lacking = [c for c in found["criteria"] if not c["met"] and c["name"] != "dual_diagnosis"]
        level = found["recommended_level"] or "an evaluation first"
        both = ", with a dual diagnosis" if found["dual_diagnosis"] else ""
        refused = "" if client.enrolments else " Not enrolled here, because:"
        told = f"was found to need level {level}{both} (policy {_policy(found)}).{refused}"
        yield found["determined_at"], Rank.RATED, told, [] if client.enrolments else lacking
        if signed := found["signature"]:
            told = f"a clinician signed level {signed['final_level']}."
            yield signed["signed_at"], Rank.SIGNED, told, []
    if client.referral["state"] == "redirected":
        told = f"the referral was redirected: {spaced(client.referral['reason'])}."
        yield client.referral["changed_at"], Rank.REDIRECTED, told, []
    for enrolment in client.enrolments:
        payer = "with a payer's authorization" if client.authorizations else "paying by income"
        told = f"consented and was enrolled at level {enrolment['level_of_care']}, {payer}."
        yield enrolment["enrolled_at"], Rank.ENROLLED, told, []
        if enrolment["ended_at"]:
            yield enrolment["ended_at"], Rank.ENDED, f"is {spaced(enrolment['state'])}.", []


def _risks(client: Client) -> Iterator[Moment]:
    for flag in client.flags:
        told = f"{spaced(flag['kind'])} ({flag['severity']}) was flagged at once"
        if flag["step"]:
            told += f"; nobody had seen to it in time, so {flag['step']} times staff were told"
        yield flag["raised_at"], Rank.AT_RISK, f"{told}.", []
        if flag["acknowledged_at"]:
            told = f"a counselor took charge: {spaced(flag['action'])}."
            yield flag["acknowledged_at"], Rank.SEEN_TO, told, []


def _placing(walk: Walk, client: Client) -> Iterator[Moment]:
    names = {cohort["id"]: cohort["name"] for cohort in walk.cohorts}
    for placement in client.placements:
        reasons = spaced("; ".join(c["observed"] for c in placement["criteria"]))
        name = names.get(placement["cohort_id"], "another cohort")
        yield placement["placed_at"], Rank.PLACED, f"got a seat in “{name}”: {reasons}.", []
        if placement["ended_at"]:
            told = f"left the seat: {spaced(placement['end_reason'])}."
            yield placement["ended_at"], Rank.LEFT, told, []


def _course(client: Client) -> Iterator[Moment]:
    outreach = {message["session_id"]: message for message in client.delivered(OUTREACH)}
    for one in client.attendances:
        if one["status"] in MISSES:
            told = MISSES[one["status"]]
            if message := outreach.get(one["session_id"]):
                at = local(message["ended_at"], client.site)
                told += f"; a message went out by {message['channel']} at {at:%H:%M}"
            yield one["recorded_at"], Rank.MISSED, f"{told}.", []
    cancelled = [m for m in client.messages if m["state"] == "cancelled"]
    if cancelled:
        told = f"{len(cancelled)} planned messages were cancelled."
        yield cancelled[-1]["ended_at"], Rank.CANCELLED, told, []


def _measured(client: Client) -> Iterator[Moment]:
    for one in client.measures:
        if one["latest"] is not None and one["latest"]["reliable"] not in (None, "none"):
            first, last = one["baseline"]["value"], one["points"][-1]["value"]
            told = (
                f"{one['title']} went from {first} to {last}: {spaced(one['latest']['outcome'])} "
                f"(a reliable change is {one['reliable_change']['value']:g} points), "
                f"{'on track' if one['on_track'] else 'not on track'}."
            )
            at = client.screenings[-1]["completed_at"]
            yield at, Rank.MEASURED, told, one["rules"]


def _stepping_down(client: Client) -> Iterator[Moment]:
    for found in client.recommendations:
        way = spaced(found["kind"])
        where = f"{way} from {found['from_level']} to {found['to_level']}"
        if found["kind"] == "extend":
            where = f"stay longer at {found['from_level']}"
        told = f"was recommended to {where} (policy {_policy(found)}), because"
        met = [one for one in found["criteria"] if one["met"]]
        yield found["recommended_at"], Rank.RECOMMENDED, told, met
        if found["withdrawn_at"]:
            told = f"the recommendation to {where} was withdrawn, as it held no more."
            yield found["withdrawn_at"], Rank.DECIDED, told, []
        if found["decided_at"]:
            told = f"the recommendation was {found['state']}: {spaced(found['reason'])}."
            yield found["decided_at"], Rank.DECIDED, told, []


def _policy(found: Found) -> str:
    return f"{found['policy']['id']}, version {found['policy']['version']}"
