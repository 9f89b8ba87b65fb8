"""From referral to a seat: each client's first days, in order for each and side by side for all."""

from datetime import timedelta
from typing import Any

from stepwell.region.admission import agree, fits, redirect, sign
from stepwell.region.duty import acknowledge
from stepwell.region.plan import ClientPlan, Measured
from stepwell.region.settle import advance, present, settled
from stepwell.region.walk import Walk, together
from stepwell.runtime.problem import CHECK_FAILED, Problem

BETWEEN = timedelta(hours=1)
"""Between one step of an arrival and the next."""
INSTRUMENT_VERSION = "1.0"
EVIDENCE = "As told and seen in the intake interview."
EDITION = "3"
"""Of the dimensions that the plan's ratings are about."""


async def arrive(walk: Walk) -> None:
    """Refer, screen, rate and enrol all clients; then wait until everybody has a seat.

    An hour lies between two steps: who shows a risk at the screening is seen to after the rating
    only, so that staff are told meanwhile.
    """

    async def referral(client: ClientPlan) -> None:
        await refer(walk, client)

    async def intake(client: ClientPlan) -> None:
        await screen(walk, client, "intake", client.intake, week=0)

    async def level(client: ClientPlan) -> None:
        await acknowledge(walk, client)
        await determine(walk, client)
        await sign(walk, client)

    async def admission(client: ClientPlan) -> None:
        if fits(client):
            await agree(walk, client)
            await enrol(walk, client)
        else:
            await redirect(walk, client)

    for step in (referral, intake, level, admission):
        if walk.referrals:
            await advance(walk.services, present(walk.services.clock_file) + BETWEEN)
        await together(walk.region.clients, step)
        walk.on_step()
    walk.rest = await settled(walk.services)
    await together(
        (client for client in walk.region.clients if client.number in walk.enrolments),
        lambda client: find_seat(walk, client),
    )
    walk.on_step()


def referral_of(walk: Walk, client: ClientPlan) -> dict[str, Any]:
    """The body of the client's referral."""
    return {
        "site_id": walk.sites[client.site]["id"],
        "source": client.source,
        "person": {
            "given_name": client.given_name,
            "family_name": client.family_name,
            "birth_date": client.birth_date.isoformat(),
            "gender": client.gender,
            "sex_at_birth": client.sex_at_birth,
        },
        "contact": {
            "channel": client.channel,
            "email": client.email,
            "phone": client.phone,
            "preferred": client.preferred,
        },
    }


async def refer(walk: Walk, client: ClientPlan) -> None:
    """Receive the referral at the front desk."""
    walk.referrals[client.number] = await walk.services.create(
        "intake",
        "/referrals",
        walk.who("front_desk", client),
        referral_of(walk, client),
        key=walk.key("referral", client.number),
        trace=walk.traces[client.number],
    )


def screening_of(occasion: str, taken: tuple[Measured, ...]) -> dict[str, Any]:
    """The body of a screening with these answers."""
    return {
        "occasion": occasion,
        "responses": [
            {
                "instrument": measured.instrument,
                "version": INSTRUMENT_VERSION,
                "language": "en",
                "mode": "interviewer",
                "answers": list(measured.answers),
            }
            for measured in taken
        ],
    }


async def screen(
    walk: Walk, client: ClientPlan, occasion: str, taken: tuple[Measured, ...], *, week: int
) -> None:
    """Enter a client's answers as a counselor."""
    made = await walk.services.create(
        "intake",
        f"/clients/{walk.id_of(client)}/screenings",
        walk.who("counselor", client),
        screening_of(occasion, taken),
        key=walk.key("screening", client.number, week),
        trace=walk.traces[client.number],
    )
    walk.screenings.setdefault(client.number, []).append(made)


async def determine(walk: Walk, client: ClientPlan) -> None:
    """Rate a client's dimensions as a clinical lead."""
    walk.determinations[client.number] = await walk.services.create(
        "intake",
        f"/clients/{walk.id_of(client)}/level-of-care-determinations",
        walk.who("clinical_lead", client),
        {
            "edition": EDITION,
            "ratings": {
                str(n + 1): {"rating": rating, "evidence": EVIDENCE}
                for n, rating in enumerate(client.ratings)
            },
        },
        key=walk.key("determination", client.number),
        trace=walk.traces[client.number],
    )


async def enrol(walk: Walk, client: ClientPlan) -> None:
    """Admit a client to the program."""
    walk.enrolments[client.number] = await walk.services.create(
        "intake",
        f"/clients/{walk.id_of(client)}/enrolments",
        walk.who("site_manager", client),
        {"determination_id": walk.determinations[client.number]["id"]},
        key=walk.key("enrolment", client.number),
        trace=walk.traces[client.number],
    )


async def find_seat(walk: Walk, client: ClientPlan) -> None:
    """Read where the client was placed; nowhere when there was no seat.

    Raises:
        Problem: in a cohort that this run did not open, so that its weeks are not known here.
    """
    found = await walk.services.all(
        "scheduling",
        "/placements",
        walk.who("site_manager", client),
        client_id=walk.id_of(client),
    )
    if not found:
        return
    if found[0]["cohort_id"] not in walk.sessions:
        raise Problem(
            f"{client.label} got a seat in a cohort of somebody else at "
            f"{walk.sites[client.site]['name']}: the story needs its clinics for itself "
            "(`make reset` begins anew).",
            exit_code=CHECK_FAILED,
        )
    walk.placements[client.number] = found[0]
