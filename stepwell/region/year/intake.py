"""What staff do for a client in intake: from the referral to the end of a stay, and merges."""

from datetime import date
from random import Random
from typing import Any

from stepwell.region.answers import GAD_7, PHQ_9, SAFETY_ITEM, spread
from stepwell.region.arrivals import EDITION, EVIDENCE, INSTRUMENT_VERSION
from stepwell.region.duty import ACTION
from stepwell.region.year.plan import Happening
from stepwell.region.year.walk import YearWalk

RATINGS = (0, 0, 1, 2, 2, 1)
"""A counselor's ratings that ask for an intensive outpatient program, by the third edition."""
INCOME = {"household_size": 2, "yearly_income_cents": 3_400_000}
END_OF_TREATMENT = {"kind": "event", "event": "end_of_treatment"}
FURTHER = {"source": "physician"}


async def refer(walk: YearWalk, happening: Happening) -> None:
    """Receive a person at the front desk, for the first time or again."""
    assert happening.client is not None
    plan = walk.year.client(happening.client)
    desk, key = walk.at(happening.client, "front_desk"), walk.key(happening)
    if known := walk.clients.get(happening.client):
        made = await walk.services.create(
            "intake", f"/clients/{known}/referrals", desk, FURTHER, key=key
        )
    else:
        body = {
            "site_id": walk.sites[plan.site]["id"],
            "source": "self",
            "person": {
                "given_name": plan.given_name,
                "family_name": "Example",
                "birth_date": plan.birth_date.isoformat(),
            },
            "contact": {"channel": plan.channel, "email": plan.email},
        }
        made = await walk.services.create("intake", "/referrals", desk, body, key=key)
        walk.clients[happening.client] = made["client_id"]
    walk.referrals[happening.client] = made["id"]


async def screen(walk: YearWalk, happening: Happening) -> None:
    """Enter answers to PHQ-9 and GAD-7; a counselor takes charge of a risk at once, if it
    is seen."""
    assert happening.client is not None
    path = f"/clients/{walk.clients[happening.client]}"
    counselor = walk.at(happening.client, "counselor")
    details = happening.details
    body = {"occasion": details["occasion"], "responses": _responses(walk.year.seed, happening)}
    await walk.services.create(
        "intake", f"{path}/screenings", counselor, body, key=walk.key(happening)
    )
    if not details["item9"] or not details.get("seen", True):
        return
    for flag in await walk.services.all("intake", f"{path}/risk-flags", counselor, state="open"):
        await walk.services.decide(
            "intake",
            f"/risk-flags/{flag['id']}/acknowledgement",
            counselor,
            {"action": ACTION},
            key=walk.key(happening, flag["id"]),
            version=flag["version"],
        )


def _responses(seed: int, happening: Happening) -> list[dict[str, Any]]:
    rng = Random(f"{seed}/{happening.client}/{happening.on}")  # noqa: S311 - simulated, not secret
    phq9, gad7 = happening.details["totals"]
    found = []
    if phq9 is not None:
        answers = list(spread(PHQ_9, phq9, rng, without=(SAFETY_ITEM,)))
        answers[SAFETY_ITEM] = happening.details["item9"]
        found.append(_response("phq-9", answers))
    if gad7 is not None:
        found.append(_response("gad-7", list(spread(GAD_7, gad7, rng))))
    return found


def _response(instrument: str, answers: list[int | None]) -> dict[str, Any]:
    return {"instrument": instrument, "version": INSTRUMENT_VERSION, "answers": answers}


async def contact_consent(walk: YearWalk, happening: Happening) -> None:
    """Enter how the client may be reached."""
    assert happening.client is not None
    until: date | None = happening.details["until"]
    expiry = {"kind": "date", "on": until.isoformat()} if until else END_OF_TREATMENT
    more = {"channels": dict(happening.details["channels"]), "expiry": expiry}
    made = await _sign(walk, happening, "contact_channels", **more)
    walk.permissions[happening.client] = made["id"]


async def _sign(walk: YearWalk, happening: Happening, form: str, **more: Any) -> Any:
    assert happening.client is not None
    text = walk.consent_texts[form]
    body = {
        "form": form,
        "form_version": text["version"],
        "language": "en",
        "text_digest": text["digest"],
        "statements_shown": [b["element"] for b in text["blocks"] if b["element"] is not None],
        "signature": {
            "signed_by": "client",
            "method": "paper_on_file",
            "signed_on": walk.today(walk.year.client(happening.client).site).isoformat(),
        },
    }
    return await walk.services.create(
        "intake",
        f"/clients/{walk.clients[happening.client]}/consents",
        walk.at(happening.client, "front_desk"),
        body | more,
        key=walk.key(happening, form),
    )


async def revoke_contact(walk: YearWalk, happening: Happening) -> None:
    """Take down that the client wants no more messages."""
    assert happening.client is not None
    desk = walk.at(happening.client, "front_desk")
    path = f"/clients/{walk.clients[happening.client]}/consents"
    consent = walk.permissions[happening.client]
    (known,) = (
        one for one in await walk.services.all("intake", path, desk) if one["id"] == consent
    )
    await walk.services.decide(
        "intake",
        f"/consents/{consent}/revocation",
        desk,
        {"how": "oral_recorded"},
        key=walk.key(happening),
        version=known["version"],
    )


async def end_referral(walk: YearWalk, happening: Happening) -> None:
    """Say what became of somebody who does not enter the program."""
    assert happening.client is not None
    desk = walk.at(happening.client, "front_desk")
    path = f"/referrals/{walk.referrals[happening.client]}"
    known = await walk.services.get("intake", path, desk)
    await walk.services.decide(
        "intake",
        f"{path}/state",
        desk,
        dict(happening.details),
        key=walk.key(happening),
        version=known["version"],
    )


async def cover(walk: YearWalk, happening: Happening) -> None:
    """Enter who pays, and what a payer has granted."""
    assert happening.client is not None
    desk, path = (
        walk.at(happening.client, "front_desk"),
        f"/clients/{walk.clients[happening.client]}",
    )
    today = walk.today(walk.year.client(happening.client).site)
    pays: bool | None = happening.details.get("cover")
    if pays is True:
        body: dict[str, Any] = {
            "kind": "commercial",
            "payer": "commercial",
            "member_id": f"Y{walk.year.seed:02}{happening.client:04}",
            "effective_from": f"{today.year}-01-01",
        }
        made = await walk.services.create(
            "intake", f"{path}/coverages", desk, body, key=walk.key(happening, "coverage")
        )
        walk.coverages[happening.client] = made["id"]
    elif pays is False:
        body = INCOME | {"signed_on": today.isoformat()}
        await walk.services.create(
            "intake", f"{path}/self-pay-agreements", desk, body, key=walk.key(happening, "self")
        )
    for nth, one in enumerate(happening.details.get("grants", ())):
        body = {
            "number": f"A{walk.year.seed:02}{happening.client:04}-{happening.on:%m%d}-{nth}",
            "code": one["code"],
            "units_granted": one["units"],
            "valid_from": one["first"].isoformat(),
            "valid_until": one["last"].isoformat(),
        }
        path_of_grants = f"/coverages/{walk.coverages[happening.client]}/authorizations"
        await walk.services.create(
            "intake", path_of_grants, desk, body, key=walk.key(happening, nth)
        )


async def admit(walk: YearWalk, happening: Happening) -> None:
    """Rate the client, sign the level, and enrol with consent and coverage."""
    assert happening.client is not None
    path = f"/clients/{walk.clients[happening.client]}"
    lead = walk.at(happening.client, "clinical_lead")
    ratings = {str(n): {"rating": r, "evidence": EVIDENCE} for n, r in enumerate(RATINGS, 1)}
    found = await walk.services.create(
        "intake",
        f"{path}/level-of-care-determinations",
        lead,
        {"edition": EDITION, "ratings": ratings},
        key=walk.key(happening, "level"),
    )
    await walk.services.decide(
        "intake",
        f"/level-of-care-determinations/{found['id']}/signature",
        lead,
        {},
        key=walk.key(happening, "signature"),
        version=found["version"],
    )
    await _sign(walk, happening, "treatment", expiry=END_OF_TREATMENT)
    await cover(walk, happening)
    made = await walk.services.create(
        "intake",
        f"{path}/enrolments",
        walk.at(happening.client, "site_manager"),
        {"determination_id": found["id"]},
        key=walk.key(happening, "enrolment"),
    )
    walk.enrolments[happening.client] = made["id"]


async def _change_stay(
    walk: YearWalk, happening: Happening, what: str, body: dict[str, Any], *, only: str = ""
) -> bool:
    """Whether the client's stay was changed; one that has ended, or is not `only`, is left."""
    assert happening.client is not None
    manager = walk.at(happening.client, "site_manager")
    path = f"/enrolments/{walk.enrolments[happening.client]}"
    known = await walk.services.get("intake", path, manager)
    if known["ended_at"] is not None or (only and known["state"] != only):
        return False
    await walk.services.decide(
        "intake",
        f"{path}/{what}",
        manager,
        body,
        key=walk.key(happening),
        version=known["version"],
    )
    return True


async def hold(walk: YearWalk, happening: Happening) -> None:
    """Let a stay pause."""
    assert happening.client is not None
    body = {"reason": happening.details["reason"]}
    if await _change_stay(walk, happening, "hold", body) and not happening.details["comes"]:
        walk.away.add(happening.client)


async def resume(walk: YearWalk, happening: Happening) -> None:
    """Let a stay go on."""
    assert happening.client is not None
    await _change_stay(walk, happening, "resumption", {}, only="on_hold")
    walk.away.discard(happening.client)


async def discharge(walk: YearWalk, happening: Happening) -> None:
    """End a stay, unless it has ended by a step-down."""
    await _change_stay(walk, happening, "discharge", {"reason": happening.details["reason"]})


async def state_zone(walk: YearWalk, happening: Happening) -> None:
    """Note the zone in which the client reads the clock."""
    assert happening.client is not None
    desk = walk.at(happening.client, "front_desk")
    path = f"/clients/{walk.clients[happening.client]}/contact"
    known = await walk.services.get("intake", path, desk)
    body = {name: known[name] for name in ("channel", "email", "phone")}
    body["time_zone"] = happening.details["zone"]
    await walk.services.replace("intake", path, desk, body, version=known["version"])


async def merge(walk: YearWalk, happening: Happening) -> None:
    """Find out that two clients are one person."""
    assert happening.client is not None
    pair = (happening.details["survivor"], happening.details["merged"])
    made = await walk.services.create(
        "intake",
        "/client-merges",
        walk.at(happening.client, "site_manager"),
        {
            "survivor_id": walk.clients[pair[0]],
            "merged_id": walk.clients[pair[1]],
            "reason": "Same papers shown.",
        },
        key=walk.key(happening),
    )
    walk.merges[pair] = made["id"]


async def undo_merge(walk: YearWalk, happening: Happening) -> None:
    """Find out that a merge was a mistake."""
    assert happening.client is not None
    manager = walk.at(happening.client, "site_manager")
    pair = (happening.details["survivor"], happening.details["merged"])
    path = f"/client-merges/{walk.merges[pair]}"
    known = await walk.services.get("intake", path, manager)
    await walk.services.decide(
        "intake",
        f"{path}/undo",
        manager,
        {"reason": "Two people after all."},
        key=walk.key(happening),
        version=known["version"],
    )
