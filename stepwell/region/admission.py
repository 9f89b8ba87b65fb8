"""Between the rating and the seat: what is signed, consented to and paid for."""

from datetime import date, timedelta
from typing import Any

from stepwell.region.plan import ClientPlan, Need
from stepwell.region.settle import present
from stepwell.region.walk import EVERYWHERE, Walk
from stepwell.region.words import local

TREATMENT = "treatment"
CONTACT = "contact_channels"
ALL_CHANNELS = {
    "ways": ["email", "sms", "voice"],
    "uses": ["appointments", "missed_sessions", "program_news"],
}
END_OF_TREATMENT = {"kind": "event", "event": "end_of_treatment"}
AUTHORIZED_UNITS = 10
"""Days that the payer grants: few enough that they run out within the weeks of a story."""
AUTHORIZED_DAYS = 60
SELF_PAY = {"household_size": 2, "yearly_income_cents": 3_400_000}


async def sign(walk: Walk, client: ClientPlan) -> None:
    """Let a clinician sign the level that was recommended."""
    found = walk.determinations[client.number]
    walk.determinations[client.number] = await walk.services.decide(
        "intake",
        f"/level-of-care-determinations/{found['id']}/signature",
        walk.who("clinical_lead", client),
        {},
        key=walk.key("signature", client.number),
        version=found["version"],
        trace=walk.traces[client.number],
    )


async def redirect(walk: Walk, client: ClientPlan) -> None:
    """Tell where somebody goes for whom the program is not enough."""
    desk = walk.who("front_desk", client)
    referral = walk.referrals[client.number]["id"]
    known = await walk.services.get("intake", f"/referrals/{referral}", desk)
    walk.referrals[client.number] = await walk.services.decide(
        "intake",
        f"/referrals/{referral}/state",
        desk,
        {"state": "redirected", "reason": "higher_level_needed"},
        key=walk.key("redirection", client.number),
        version=known["version"],
        trace=walk.traces[client.number],
    )


async def agree(walk: Walk, client: ClientPlan) -> None:
    """Enter the consents to treatment and to be reached, and who pays: a payer for every other
    client, else the client by the sliding scale."""
    desk = walk.who("front_desk", client)
    path = f"/clients/{walk.id_of(client)}"
    today = today_of(walk, client)
    trace = walk.traces[client.number]

    async def create(what: str, body: dict[str, Any], *more: str) -> Any:
        key = walk.key(what.rpartition("/")[2], *more, client.number)
        return await walk.services.create("intake", what, desk, body, key=key, trace=trace)

    await create(f"{path}/consents", await consent(walk, TREATMENT, today))
    reached = await consent(walk, CONTACT, today) | {"channels": ALL_CHANNELS}
    await create(f"{path}/consents", reached, CONTACT)
    if client.number % 2 == 0:
        await create(f"{path}/self-pay-agreements", SELF_PAY | {"signed_on": today.isoformat()})
        return
    coverage = await create(
        f"{path}/coverages",
        {
            "kind": "commercial",
            "payer": "commercial",
            "member_id": f"M{walk.region.run:03}{client.number:04}",
            "effective_from": f"{today.year}-01-01",
        },
    )
    walk.authorizations[client.number] = await create(
        f"/coverages/{coverage['id']}/authorizations",
        {
            "number": f"A{walk.region.run:03}{client.number:04}",
            "code": "H0015",
            "units_granted": AUTHORIZED_UNITS,
            "valid_from": today.isoformat(),
            "valid_until": (today + timedelta(days=AUTHORIZED_DAYS)).isoformat(),
        },
    )


async def consent(walk: Walk, form: str, today: date) -> dict[str, Any]:
    """The body of a consent until the end of treatment, with the text that intake shows for it."""
    walk.forms = walk.forms or await walk.services.get("intake", "/consent-forms", EVERYWHERE)
    (text,) = (
        one
        for one in walk.forms
        if (one["form"], one["language"], one["withdrawn_on"]) == (form, "en", None)
    )
    return {
        "form": form,
        "form_version": text["version"],
        "language": "en",
        "text_digest": text["digest"],
        "statements_shown": [one["element"] for one in text["blocks"] if one["element"]],
        "expiry": END_OF_TREATMENT,
        "signature": {
            "signed_by": "client",
            "method": "paper_on_file",
            "signed_on": today.isoformat(),
        },
    }


def today_of(walk: Walk, client: ClientPlan) -> date:
    """Today's date at the client's site."""
    now = present(walk.services.clock_file)
    return local(now.isoformat(), walk.sites[client.site]).date()


def fits(client: ClientPlan) -> bool:
    """Whether the program is what the client needs."""
    return client.need is Need.INTENSIVE_OUTPATIENT
