"""The story in words. Every sentence is made from answers of the services."""

from collections import Counter
from datetime import datetime
from zoneinfo import ZoneInfo

from rich.console import Console
from rich.table import Table

from stepwell.region.found import Client, Found
from stepwell.region.plan import Part
from stepwell.region.promises import OUTREACH
from stepwell.region.walk import Walk

TITLES = {"phq-9": "PHQ-9", "gad-7": "GAD-7", "audit-c": "AUDIT-C", "dast-10": "DAST-10"}
WORDS = {"no_show": "did not come", "late_cancel": "cancelled late", "excused_absence": "excused"}


def narrate(console: Console, walk: Walk, clients: dict[int, Client]) -> None:
    """Print what happened to whom."""
    console.print()
    console.print(f"[bold]What happened in run {walk.region.run}[/]")
    _clinics(console, walk)
    for part, tell in (
        (Part.STEPS_DOWN, _stepped_down),
        (Part.DUAL_DIAGNOSIS, _dual_diagnosis),
        (Part.NEEDS_MORE, _needs_more),
    ):
        for plan in walk.region.playing(part):
            console.print()
            tell(console, walk, clients[plan.number])
    console.print()
    console.print(_everybody(walk, clients))
    _counts(console, walk, clients)


def _clinics(console: Console, walk: Walk) -> None:
    for site in walk.sites.values():
        cohorts = [c for c in walk.cohorts if c["site_id"] == site["id"]]
        names = ", ".join(sorted(c["name"].partition(", ")[2] for c in cohorts))
        console.print(f"{site['name']} ({site['time_zone']}) opened cohorts: {names}.")
    sessions = [s for found in walk.sessions.values() for s in found]
    if sessions:
        days = sorted(s["local_date"] for s in sessions)
        week = [s for s in walk.sessions[walk.cohorts[0]["id"]] if s["week"] == sessions[0]["week"]]
        hours = sum(s["scheduled_minutes"] for s in week) / 60
        console.print(
            f"{len(sessions)} sessions from {_day(days[0])} to {_day(days[-1])}, "
            f"{hours:g} hours a week without breaks."
        )


def _arrival(client: Client) -> list[str]:
    """The sentences from the referral to the level of care."""
    source = {"self": "came by themselves", "other": "was referred"}.get(
        client.referral["source"], f"was referred by {client.referral['source']}"
    )
    lines = [f"{_when(client.referral['received_at'], client)} {source} to {client.site['name']}."]
    if client.screenings:
        lines.append(f"Screening at intake: {_scores(client.screenings[0])}.")
    for determination in client.determinations:
        lines.append(
            f"Level of care by {determination['policy']['id']} "
            f"{determination['policy']['version']}: {determination['recommended_level']}."
        )
    return lines


def _seat(walk: Walk, client: Client) -> list[str]:
    names = {cohort["id"]: cohort["name"] for cohort in walk.cohorts}
    return [
        f"Enrolled, and placed in {names.get(p['cohort_id'], 'an earlier cohort')} "
        f"({p['track'].replace('_', ' ')}): {'; '.join(_criterion(c) for c in p['criteria'])}."
        for p in client.placements
    ]


def _presence(client: Client) -> list[str]:
    lines = [f"Came to {client.attended} of {len(client.attendances)} sessions."]
    outreach = {message["session_id"]: message for message in client.delivered(OUTREACH)}
    for one in client.attendances:
        if message := outreach.get(one["session_id"]):
            lines.append(
                f"{_when(one['recorded_at'], client)} {WORDS[one['status']]}; a message went out "
                f"by {message['channel']} at {_clock(message['ended_at'], client)}."
            )
    reminders = len(client.delivered("session_reminder"))
    cancelled = sum(m["state"] == "cancelled" for m in client.messages)
    lines.append(f"{reminders} reminders were delivered, {cancelled} messages were cancelled.")
    return lines


def _stepped_down(console: Console, walk: Walk, client: Client) -> None:
    lines = [*_arrival(client), *_seat(walk, client), *_presence(client)]
    lines += [
        f"{_when(screening['completed_at'], client)} measured again: {_scores(screening)}."
        for screening in client.screenings[1:]
    ]
    for recommendation in client.recommendations:
        lines.append(
            f"{_when(recommendation['recommended_at'], client)} a step-down from "
            f"{recommendation['from_level']} to {recommendation['to_level']} was recommended "
            f"({recommendation['policy']['id']} {recommendation['policy']['version']}), because"
        )
    _paragraph(console, client, lines)
    for recommendation in client.recommendations:
        console.print(_criteria(recommendation["criteria"]))
        if recommendation.get("decided_at"):
            reason = recommendation["reason"].replace("_", " ")
            console.print(
                f"  {_when(recommendation['decided_at'], client)} a clinical lead decided: "
                f"{recommendation['state']} ({reason})."
            )
    for enrolment in client.enrolments:
        if enrolment["ended_at"]:
            console.print(
                f"  {_when(enrolment['ended_at'], client)} the enrolment ended as "
                f"{enrolment['state'].replace('_', ' ')}."
            )


def _dual_diagnosis(console: Console, walk: Walk, client: Client) -> None:
    _paragraph(console, client, [*_arrival(client), *_seat(walk, client), *_presence(client)])


def _needs_more(console: Console, walk: Walk, client: Client) -> None:
    lines = _arrival(client)
    for determination in client.determinations:
        needs = [c for c in determination["criteria"] if not c["met"] and "dimension" in c["name"]]
        lines += [f"What this program does not cover: {_criterion(c)}." for c in needs]
    lines.append(f"Enrolments: {len(client.enrolments)}.")
    _paragraph(console, client, lines)


def _paragraph(console: Console, client: Client, lines: list[str]) -> None:
    console.print(f"[bold]{client.label}[/]")
    for line in lines:
        console.print(f"  {line}")


def _criteria(criteria: list[Found]) -> Table:
    table = Table(box=None, padding=(0, 1, 0, 3))
    for heading in ("criterion", "found", "required", ""):
        table.add_column(heading)
    for one in criteria:
        table.add_row(
            one["name"].replace("_", " "),
            one["observed"],
            one["required"],
            "[green]met[/]" if one["met"] else "[red]not met[/]",
        )
    return table


def _everybody(walk: Walk, clients: dict[int, Client]) -> Table:
    names = {cohort["id"]: cohort["name"] for cohort in walk.cohorts}
    table = Table(title="Everybody", title_justify="left")
    for heading in ("client", "clinic", "level", "seat", "sessions", "PHQ-9", "GAD-7", "now"):
        table.add_column(heading)
    for client in clients.values():
        levels = [str(d["recommended_level"]) for d in client.determinations]
        seats = [names.get(p["cohort_id"], "earlier cohort") for p in client.placements]
        waiting = any(r["state"] == "open" for r in client.recommendations)
        states = [e["state"].replace("_", " ") for e in client.enrolments] or ["not enrolled"]
        table.add_row(
            client.label,
            client.site["name"],
            levels[-1] if levels else "-",
            seats[-1].partition(", ")[2] if seats else "-",
            f"{client.attended}/{len(client.attendances)}" if client.attendances else "-",
            _course(client.totals("phq-9")),
            _course(client.totals("gad-7")),
            f"{states[-1]}, step-down to decide" if waiting else states[-1],
        )
    return table


def _counts(console: Console, walk: Walk, clients: dict[int, Client]) -> None:
    messages = Counter((m["kind"], m["state"]) for c in clients.values() for m in c.messages)
    for (kind, state), count in sorted(messages.items()):
        console.print(f"{kind.replace('_', ' ')}: {count} {state}")
    if walk.refusals.sent:
        console.print(
            f"{walk.refusals.sent} faulty requests were sent on purpose, "
            f"{sum(walk.refusals.refused.values())} were refused:"
        )
        for (kind, problem), count in sorted(walk.refusals.refused.items()):
            console.print(f"  {count} of {kind}: {problem}")


def _scores(screening: Found) -> str:
    return ", ".join(
        f"{TITLES.get(one['instrument'], one['instrument'])} "
        + ("without a total" if one["total"] is None else str(one["total"]))
        + (f" ({one['band']})" if one["band"] else "")
        for one in sorted(
            screening["results"], key=lambda one: list(TITLES).index(one["instrument"])
        )
    )


def _criterion(one: Found) -> str:
    return f"{one['name'].replace('_', ' ')} {one['observed']} (asked for: {one['required']})"


def _course(totals: list[int]) -> str:
    return " → ".join(str(total) for total in totals) or "-"


def _when(instant: str, client: Client) -> str:
    """The day at the client's site."""
    return _day(_local(instant, client).date().isoformat())


def _clock(instant: str, client: Client) -> str:
    return f"{_local(instant, client):%H:%M} local time"


def _local(instant: str, client: Client) -> datetime:
    return datetime.fromisoformat(instant).astimezone(ZoneInfo(client.site["time_zone"]))


def _day(date: str) -> str:
    return f"{datetime.fromisoformat(date):%a %d %b %Y}"
