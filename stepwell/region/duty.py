"""Staff on duty: whom a site tells of what nobody has seen to, and who takes charge of it."""

from typing import Any

from stepwell.region.api import Who
from stepwell.region.plan import ClientPlan
from stepwell.region.settle import settled
from stepwell.region.walk import Walk, together

ON_DUTY = "duty-{site}@example.test"
LEAD = "lead-{site}@example.test"
REGIONAL_LEAD = "regional-lead@example.test"
ACTION = "same_day_assessment"
CALLS = ("missed_session_task", "disengagement_alert")
"""Tasks of staff that are done by a call; weeks short of hours are made up for by coming."""


async def name_contacts(walk: Walk) -> None:
    """Say whom each site tells of a risk that nobody has seen to, unless it said so before."""

    async def one(number: int) -> None:
        site = walk.sites[number]
        who = walk.manager(number)
        path = f"/sites/{site['id']}/escalation-contacts"
        known = await walk.services.get("notifications", path, who)
        if known["steps"]:
            return
        lead = {"addresses": [LEAD.format(site=number + 1)]}
        region = {"addresses": [REGIONAL_LEAD]}
        body = {"on_duty": [ON_DUTY.format(site=number + 1)], "steps": [lead, lead, region]}
        await walk.services.replace("notifications", path, who, body, version=known["version"])

    await together(walk.sites, one)


async def acknowledge(walk: Walk, client: ClientPlan) -> None:
    """Let a counselor take charge of every open risk flag of a client."""
    counselor = walk.who("counselor", client)
    path = f"/clients/{walk.id_of(client)}/risk-flags"
    for flag in await walk.services.all("intake", path, counselor, state="open"):
        await walk.services.decide(
            "intake",
            f"/risk-flags/{flag['id']}/acknowledgement",
            counselor,
            {"action": ACTION} if flag["kind"] == "suicide_risk" else {"action": flag_action(flag)},
            key=walk.key("flag", flag["id"], flag["version"]),
            version=flag["version"],
            trace=walk.traces[client.number],
        )


async def take_charge(walk: Walk) -> None:
    """Let each site see to what is to be done by now: the clinical lead to the risks that came out
    of treatment, a counselor to whom somebody has to call."""

    async def one(number: int) -> None:
        site = walk.sites[number]["id"]
        lead, counselor = Who("clinical_lead", site), Who("counselor", site)
        risks = await walk.services.all("outcomes", "/risks", lead, state="raised")
        path = f"/sites/{site}/staff-tasks"
        tasks = await walk.services.all("notifications", path, counselor)
        seen_to = [
            ("outcomes", "risks", risk, lead, {"action": "client_reached"})
            for risk in risks
            if risk["origin"] == "outcomes"
        ]
        seen_to += [
            ("notifications", "staff-tasks", task, counselor, {})
            for task in tasks
            if task["kind"] in CALLS
        ]
        for service, what, found, who, body in seen_to:
            await walk.services.decide(
                service,
                f"/{what}/{found['id']}/acknowledgement",
                who,
                body,
                key=walk.key(what, found["id"], found["version"]),
                version=found["version"],
            )
            walk.rest = None

    await together(walk.sites, one)
    walk.rest = walk.rest or await settled(walk.services)


def flag_action(flag: dict[str, Any]) -> str:
    """What a clinician does about other risks than suicide."""
    return {
        "withdrawal_risk": "medical_evaluation",
        "pregnancy": "prenatal_care_referral",
        "recent_overdose": "naloxone_given",
        "harm_to_others": "safety_of_others_assessed",
    }[flag["kind"]]
