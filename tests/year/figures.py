"""What the services answer about a year, read over HTTP with everything at rest."""

from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from functools import partial
from typing import Any

import asyncpg

from shared.settings import SERVICES
from stepwell.region.api import Refused, Services, Who
from stepwell.region.settle import present
from stepwell.region.walk import EVERYWHERE, together
from stepwell.region.year.walk import YearWalk
from tests.year.ledger.hours import Week, week_of

COUNSELOR = Who("counselor")
DESK = Who("front_desk")
SLICES = {
    "census": "level_of_care",
    "referrals": "site",
    "days_to_first_service": "month",
    "initiation": "region",
    "engagement": "month",
    "attendance": "month",
    "retention": "gender_group",
    "ends": "age_band",
    "retained_30": "dual_diagnosis",
    "retained_90": "month",
    "active_30": "cohort",
    "completion": "age_band",
    "discharges": "cohort",
    "discharge_reasons": "level_of_care",
    "returned_90": "site",
    "phq_9_change": "region",
    "gad_7_change": "month",
    "follow_up_90": "site",
    "use_at_90_days": "cohort",
}
"""Program measures, each with the groups by which it is read."""
CURVES = ("days_to_first_service", "retention", "retention_of_those_present", "ends")
Found = dict[str, Any]
JOURNAL = "SELECT stream, key, sequence, type, occurred_at, payload FROM platform.journal"


@dataclass
class OfClient:
    """What is answered about one client."""

    id: str
    site: str
    progress: Found | None = None
    """None for somebody who was never in the program."""
    course: Found | None = None
    """None as for progress."""
    open_measures: list[Found] = field(default_factory=list)
    enrolments: list[Found] = field(default_factory=list)
    authorizations: list[Found] = field(default_factory=list)
    service_days: list[Found] = field(default_factory=list)
    messages: list[Found] = field(default_factory=list)
    attendance: Found = field(default_factory=dict)
    hours: dict[Week, Found] = field(default_factory=dict)
    disengagement: Found | None = None


@dataclass
class Checkpoint:
    """The services' answers at one instant, and the journals as they were then."""

    now: datetime
    journal: list[Found]
    policies: list[Found]
    measures: Found
    """Their policy."""
    access: Found
    census: Found
    clients: list[OfClient]
    board: Found
    follow_ups: list[Found]
    said: dict[str, tuple[str, Any]]
    """What staff entered of surveys, by their ids."""
    disengagement: Found
    """Its policy."""
    counted: dict[str, list[Found]]
    """Who counts in each program measure, in its groups."""
    figures: dict[str, Found]
    """What each program measure comes to."""
    risks: list[Found]
    risk_figures: Found
    reports: list[Found]
    """What staff entered of use, as it was answered."""
    recommendations: list[Found]
    weeks: dict[tuple[str, Week], list[Found]]
    """Of each site and week the hours of those with a seat."""
    evenings: list[Found] = field(default_factory=list)
    """Of some days the board after the sessions, and the journals as they were then."""


async def look(walk: YearWalk, environment: dict[str, str], since: date, today: date) -> Checkpoint:
    """Read every figure; the hours of the weeks from one day to another."""
    clients = [
        OfClient(walk.clients[plan.number], walk.sites[plan.site]["id"])
        for plan in walk.year.clients
        if plan.number in walk.clients
    ]
    met = {week_of(day) for day in walk.sessions if since <= day <= today + timedelta(days=7)}
    await together(clients, lambda client: _read(walk.services, client, sorted(met)))
    period: Found = {"from": f"{today.year}-01-01", "until": f"{today.year + 1}-01-01"}
    outcomes = partial(walk.services.get, "outcomes")
    listed = partial(walk.services.all, "outcomes")
    measures = {*SLICES, *CURVES}
    return Checkpoint(
        now=present(walk.services.clock_file),
        journal=await _journals(environment),
        policies=await walk.services.get("outcomes", "/recommendation-policies", COUNSELOR),
        measures=await walk.services.get("outcomes", "/measure-policy", COUNSELOR),
        access=await walk.services.get(
            "intake",
            "/access-times",
            EVERYWHERE,
            **period,
        ),
        census=await walk.services.get("intake", "/census", EVERYWHERE),
        clients=clients,
        board=await outcomes("/board", COUNSELOR),
        follow_ups=await listed("/follow-ups", COUNSELOR),
        said=dict(walk.surveys),
        disengagement=await outcomes("/disengagement-policy", COUNSELOR),
        counted={
            name: await listed(f"/program-measures/{name}/cases", COUNSELOR, by=by, **period)
            for name, by in SLICES.items()
        },
        figures={
            name: await outcomes(f"/program-measures/{name}", COUNSELOR, **period)
            for name in sorted(measures)
        },
        risks=await listed("/risks", COUNSELOR),
        risk_figures=await outcomes(
            "/risk-figures",
            COUNSELOR,
            first_day=f"{today.year}-01-01",
            last_day=str(today),
        ),
        reports=list(walk.reports),
        recommendations=await listed("/recommendations", COUNSELOR),
        weeks={
            (site["id"], week): await walk.services.all(
                "scheduling",
                "/weekly-hours",
                COUNSELOR,
                site_id=site["id"],
                week="{}-W{:02}".format(*week),
            )
            for site in walk.sites.values()
            for week in sorted(met)
        },
    )


async def look_at_board(walk: YearWalk, environment: dict[str, str]) -> Found:
    """Read the board alone."""
    return {
        "now": present(walk.services.clock_file),
        "journal": await _journals(environment),
        "board": await walk.services.get("outcomes", "/board", COUNSELOR),
    }


async def _read(services: Services, client: OfClient, weeks: list[Week]) -> None:
    path = f"/clients/{client.id}"
    client.progress = await _if_any(services, "outcomes", f"{path}/progress")
    client.course = await _if_any(services, "outcomes", f"{path}/measures")
    client.disengagement = await _if_any(services, "outcomes", f"{path}/disengagement")
    client.open_measures = await services.all(
        "outcomes", "/measures", COUNSELOR, client_id=client.id
    )
    client.enrolments = await services.all("intake", f"{path}/enrolments", COUNSELOR)
    client.authorizations = await services.all("intake", f"{path}/authorizations", DESK)
    client.service_days = await services.all("intake", f"{path}/service-days", DESK)
    client.messages = await services.all(
        "notifications", "/notifications", COUNSELOR, client_id=client.id
    )
    client.attendance = await services.get("scheduling", f"{path}/attendance-summary", COUNSELOR)
    for year, week in _around(client.enrolments, weeks):
        found = await _if_any(
            services, "scheduling", f"{path}/weekly-hours", week=f"{year}-W{week:02}"
        )
        if found is None:
            return
        client.hours[year, week] = found


def _around(enrolments: list[Found], weeks: list[Week]) -> list[Week]:
    """The weeks of a client's stays, the one before and the one after; and one, whatever they are,
    of somebody who was never in the program."""
    spans = [
        (
            week_of(datetime.fromisoformat(stay["enrolled_at"]).date() - timedelta(weeks=1)),
            week_of(
                datetime.fromisoformat(stay["ended_at"] or "2027-01-01T00:00:00Z").date()
                + timedelta(weeks=1)
            ),
        )
        for stay in enrolments
    ]
    return [w for w in weeks if any(first <= w <= last for first, last in spans)] or weeks[:1]


async def _if_any(services: Services, service: str, path: str, **params: Any) -> Found | None:
    try:
        found: Found = await services.get(service, path, COUNSELOR, **params)
    except Refused as refused:
        if refused.answer.status == 404:
            return None
        raise
    return found


async def _journals(environment: dict[str, str]) -> list[Found]:
    rows: list[Found] = []
    for service in SERVICES:
        connection = await asyncpg.connect(environment[f"DATABASE_URL_{service.upper()}"])
        try:
            rows += [dict(row) for row in await connection.fetch(JOURNAL)]
        finally:
            await connection.close()
    return rows
